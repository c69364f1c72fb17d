"""A state machine that drives a fake FlyteAdmin, and a small model that says what it must answer.

Hypothesis makes up programs: creates, events, terminates, relaunches, signals, waits. After each
step the server is compared with the model. Derive from it to let rules of your own (your client,
your sweeper) take part in such programs; what they break, the invariants find.

Ignorant of the rules as the server has them: the model knows those of phases (catalogue §9.1,
§8.10, §17) once more, in its own words, and nothing else.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import grpc
from flyteidl.admin import common_pb2, event_pb2, execution_pb2, signal_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from flyteidl.event import event_pb2 as events_pb2
from flyteidl.service import admin_pb2_grpc, signal_pb2_grpc
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from flyte_testkit.laws._backend import backend
from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.transports import Transport

__all__ = ["FlyteAdminMachine", "ModelExecution", "event_refusal"]

Phase = core_execution_pb2.WorkflowExecution.Phase

_PHASES: Final = tuple(Phase.keys())


def event_refusal(current: str, coming: str) -> str | None:
    """Return the code with which FlyteAdmin refuses an event, or None if it takes it.

    Args:
        current: The phase of the execution, by name.
        coming: The phase of the event.

    Example:
        >>> event_refusal("RUNNING", "SUCCEEDED") is None
        True
        >>> event_refusal("SUCCEEDED", "FAILED"), event_refusal("RUNNING", "RUNNING")
        ('FAILED_PRECONDITION', 'ALREADY_EXISTS')
    """
    if coming == current != "QUEUED":
        return "ALREADY_EXISTS"
    if current in OUTCOMES or (current, coming) == ("RUNNING", "QUEUED"):
        return "FAILED_PRECONDITION"
    if current == "ABORTING" and coming not in OUTCOMES:
        return "FAILED_PRECONDITION"
    return None


@dataclass
class ModelExecution:
    """What the model knows of an execution.

    Attributes:
        phase: Its phase, by name.
        cause: Why it was terminated, if it was.
        signals: The signals it has, by their ids; None as long as one is not set.
    """

    phase: str
    cause: str | None
    signals: dict[str, bool | None]


class FlyteAdminMachine(RuleBasedStateMachine):
    """Programs of creates, events, terminates, relaunches, signals and waits on one server.

    Run it as it is, or derive from it and add rules; name the ``TestCase`` for pytest to find it::

        class OurMachine(laws.FlyteAdminMachine):
            @rule(execution=laws.FlyteAdminMachine.executions)
            def sweep(self, execution):
                our_sweeper(self.admin.endpoint)
                ...  # and tell self.model what should have happened

        TestOurMachine = OurMachine.TestCase

    Executions play no scripts: what happens to them are the events of the program. Time follows the
    server's clock, so rules may sleep.

    Attributes:
        admin: The fake FlyteAdmin of this program.
        model: What should be true of each execution, by name.
        launch_plan: What is launched.
        transport: How calls travel: ``"direct"``, without a socket, or ``"tcp"``.
    """

    executions: ClassVar[Bundle[str]] = Bundle("executions")
    launch_plan: ClassVar[str] = "nightly"
    transport: ClassVar[Transport] = "direct"

    def __init__(self) -> None:
        super().__init__()
        self._serving = ExitStack()
        opened = backend(strict=False, transport=self.transport)
        self.admin: FakeFlyteAdmin = self._serving.enter_context(opened)
        self.admin.register(self.launch_plan)
        self.model: dict[str, ModelExecution] = {}
        channel = self._serving.enter_context(self.admin.channel())
        self._stub: Any = admin_pb2_grpc.AdminServiceStub(channel)  # type: ignore[no-untyped-call]
        self._signals: Any = signal_pb2_grpc.SignalServiceStub(channel)  # type: ignore[no-untyped-call]

    def teardown(self) -> None:
        """Stop the server."""
        self._serving.close()

    def id_of(self, execution: str) -> identifier_pb2.WorkflowExecutionIdentifier:
        """Return the identifier of an execution."""
        return identifier_pb2.WorkflowExecutionIdentifier(
            project=self.admin.project, domain=self.admin.domain, name=execution
        )

    def call(self, rpc: str, request: Message) -> Message | str:
        """Make a call, and return its reply or the code with which it is refused."""
        stub = self._signals if rpc.endswith("Signal") else self._stub
        try:
            reply: Message = getattr(stub, rpc)(request, timeout=60)
        except grpc.RpcError as error:
            return str(error.code().name)
        return reply

    @rule(target=executions, number=st.integers(0, 3))
    def create(self, number: int) -> Any:
        """Create an execution; a name that is taken is refused."""
        name = f"run{number}"
        request = execution_pb2.ExecutionCreateRequest(
            project=self.admin.project,
            domain=self.admin.domain,
            name=name,
            spec=execution_pb2.ExecutionSpec(
                launch_plan=identifier_pb2.Identifier(
                    resource_type=identifier_pb2.LAUNCH_PLAN,
                    project=self.admin.project,
                    domain=self.admin.domain,
                    name=self.launch_plan,
                    version="v1",
                ),
                metadata=execution_pb2.ExecutionMetadata(),
            ),
        )
        reply = self.call("CreateExecution", request)
        if name in self.model:
            self._agree(reply, "ALREADY_EXISTS", f"create {name}")
            return multiple()
        self._agree(reply, None, f"create {name}")
        self.model[name] = ModelExecution("UNDEFINED", None, {})
        return name

    @rule(execution=executions, phase=st.sampled_from(_PHASES))
    def event(self, execution: str, phase: str) -> None:
        """Send an event, as an engine would; the model says whether it is taken."""
        told = self.model[execution]
        event = events_pb2.WorkflowExecutionEvent(
            execution_id=self.id_of(execution), producer_id="propeller", phase=phase
        )
        event.occurred_at.FromDatetime(self.admin.clock.now())
        if phase == "FAILED":
            event.error.code, event.error.message = "USER:Unknown", "the model says so"
        reply = self.call(
            "CreateWorkflowEvent",
            event_pb2.WorkflowExecutionEventRequest(request_id="-", event=event),
        )
        refusal = event_refusal(told.phase, phase)
        self._agree(reply, refusal, f"event {phase} for {execution}, which is {told.phase}")
        if refusal is None:
            told.phase = phase

    @rule(execution=executions, cause=st.sampled_from(["stop it", "too dear", ""]))
    def terminate(self, execution: str, cause: str) -> None:
        """Terminate an execution: it is ABORTING until an engine says that it has ended."""
        told = self.model[execution]
        request = execution_pb2.ExecutionTerminateRequest(id=self.id_of(execution), cause=cause)
        reply = self.call("TerminateExecution", request)
        refusal = "FAILED_PRECONDITION" if told.phase in OUTCOMES else None
        self._agree(reply, refusal, f"terminate {execution}, which is {told.phase}")
        if refusal is None:
            told.phase, told.cause = "ABORTING", cause

    @rule(target=executions, execution=executions, number=st.integers(0, 3))
    def relaunch(self, execution: str, number: int) -> Any:
        """Launch an execution again: the new one begins at the beginning, whatever the old is."""
        name = f"again{number}"
        reply = self.call(
            "RelaunchExecution",
            execution_pb2.ExecutionRelaunchRequest(id=self.id_of(execution), name=name),
        )
        if name in self.model:
            self._agree(reply, "ALREADY_EXISTS", f"relaunch {execution} as {name}")
            return multiple()
        self._agree(reply, None, f"relaunch {execution} as {name}")
        self.model[name] = ModelExecution("UNDEFINED", None, {})
        return name

    @rule(execution=executions, signal=st.sampled_from(["approve", "sign"]))
    def expect_signal(self, execution: str, signal: str) -> None:
        """Ask for a boolean signal, as an engine does at a gate; twice is once."""
        reply = self.call(
            "GetOrCreateSignal",
            signal_pb2.SignalGetOrCreateRequest(
                id=self._signal(execution, signal),
                type=types_pb2.LiteralType(simple=types_pb2.BOOLEAN),
            ),
        )
        self._agree(reply, None, f"expect {signal} of {execution}")
        value = self.model[execution].signals.setdefault(signal, None)
        assert isinstance(reply, signal_pb2.Signal)  # noqa: S101  the model's claim
        assert reply.HasField("value") is (value is not None), f"{signal} of {execution}: {reply}"  # noqa: S101  likewise

    @rule(execution=executions, signal=st.sampled_from(["approve", "sign"]), value=st.booleans())
    def set_signal(self, execution: str, signal: str, value: bool) -> None:  # noqa: FBT001  drawn
        """Set a signal; one that nobody asked for is refused."""
        request = signal_pb2.SignalSetRequest(id=self._signal(execution, signal))
        request.value.CopyFrom(
            literals_pb2.Literal(
                scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(boolean=value))
            )
        )
        known = self.model[execution].signals
        refusal = None if signal in known else "INVALID_ARGUMENT"
        self._agree(self.call("SetSignal", request), refusal, f"set {signal} of {execution}")
        if refusal is None:
            known[signal] = value

    @rule(seconds=st.integers(1, 3600))
    def wait(self, seconds: int) -> None:
        """Let time pass: it changes nothing."""
        self.admin.clock.advance(seconds)

    @invariant()
    def server_and_model_agree(self) -> None:
        """The server shows each execution, and no other, as the model has it."""
        request = common_pb2.ResourceListRequest(
            id=common_pb2.NamedEntityIdentifier(
                project=self.admin.project, domain=self.admin.domain
            ),
            limit=100,
        )
        listed: Any = self.call("ListExecutions", request)
        shown = {each.id.name: each.closure for each in listed.executions}
        phases = {name: Phase.Name(closure.phase) for name, closure in shown.items()}
        expected = {name: told.phase for name, told in self.model.items()}
        assert phases == expected, f"the server shows {phases}, the model {expected}"  # noqa: S101  this is the test
        for name, told in self.model.items():
            if told.phase == "ABORTED" and told.cause is not None:
                cause = shown[name].abort_metadata.cause
                assert cause == told.cause, f"{name} was aborted for {cause!r}"  # noqa: S101  likewise

    def _signal(self, execution: str, signal: str) -> identifier_pb2.SignalIdentifier:
        return identifier_pb2.SignalIdentifier(signal_id=signal, execution_id=self.id_of(execution))

    def _agree(self, reply: Message | str, refusal: str | None, what: str) -> None:
        """Compare an answer with the model's."""
        answer = reply if isinstance(reply, str) else None
        assert answer == refusal, f"{what}: the server says {answer}, the model {refusal}"  # noqa: S101  this is the test
