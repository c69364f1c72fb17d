"""One launch, as those who script it and assert on it see it. Ignorant of routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.core.execution_pb2 import WorkflowExecution

from flyte_testkit import literals
from flyte_testkit.admin.database import enums
from flyte_testkit.admin.executions.execution_requests import looks_generated
from flyte_testkit.inside import NodeRuns, Reader, failing

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from flyteidl.admin import execution_pb2
    from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, types_pb2
    from google.protobuf.message import Message

    from flyte_testkit.inside import NodeRun
    from flyte_testkit.nodes import Where, Workflow
    from flyte_testkit.timeline import Timeline

__all__ = ["Launch"]


class Launch:
    """One launch that a route answered.

    Attributes:
        id: The execution's identifier.
        inputs: The inputs as Python values, defaults and fixed ones of the launch plan included.
        spec: The spec as FlyteAdmin stored it.
        script: The timeline it plays, or the tree; None while a script function is still being
            asked.
    """

    def __init__(
        self,
        read: Callable[[], execution_pb2.Execution],
        first: execution_pb2.Execution,
        inputs: literals_pb2.LiteralMap,
        declared: interface_pb2.VariableMap | None = None,
        ask: Callable[[str, Message], Any] | None = None,
    ) -> None:
        self._read = read
        self._reader = Reader(first.id, ask)
        self._sent = inputs
        self._declared = {} if declared is None else declared.variables
        self._forms: dict[str, tuple[Hashable, bytes]] = {}
        self.id: identifier_pb2.WorkflowExecutionIdentifier = first.id
        self.spec: execution_pb2.ExecutionSpec = first.spec
        self.inputs: Mapping[str, Any] = literals.python_values(inputs)
        self.script: Timeline | Workflow | Where | None = None

    @property
    def closure(self) -> execution_pb2.ExecutionClosure:
        """The closure as a client would read it now."""
        return self._read().closure

    @property
    def phase(self) -> str:
        """The phase as a client would read it now, by name."""
        return enums.column(WorkflowExecution.Phase, self.closure.phase)

    @property
    def nodes(self) -> NodeRuns:
        """What happens inside, by name, as a client would read it now.

        ``launch.nodes["train"]`` is the node that the workflow calls so, or whose id it is; ``_``
        stands for ``-``, and ``launch.nodes["train.fit"]`` is inside of it. Each has ``phase``,
        ``attempts``, ``inputs``, ``outputs``, ``error`` and ``nodes``.

        Raises:
            NoSuchNode: It is asked for a node that is not there (yet).

        Example:
            >>> from flyte_testkit import running
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin() as admin:
            ...     launch = admin.add_execution("train", running(600).succeeds())
            ...     admin.clock.advance(600)
            ...     launch.nodes["end-node"].phase
            'SUCCEEDED'
        """
        return NodeRuns(self._reader)

    @property
    def failing(self) -> NodeRun | None:
        """The innermost node that made it fail, as a client would read it now; None if none did.

        Of several nodes that failed it is the one whose error the execution carries; it may be
        inside of a node that runs still. What it is called from the top is its ``path``:
        ``"train.fit"``.
        """
        return failing(self._reader)

    def sent(self, name: str) -> tuple[Hashable, bytes]:
        """Return what was sent as an input, in a form that compares, and the type's bytes."""
        if name not in self._forms:
            kind = self.type_of(name)
            told = b"" if kind is None else kind.SerializeToString(deterministic=True)
            self._forms[name] = (literals.form(self._sent.literals.get(name)), told)
        return self._forms[name]

    def type_of(self, name: str) -> types_pb2.LiteralType | None:
        """Return the type that an input is declared to have; None if there is no such input."""
        return self._declared[name].type if name in self._declared else None

    def request(self) -> Hashable:
        """Return what tells a repeat of the same call from another launch.

        Each repeat of a call that names nothing gets a name of its own from FlyteAdmin.
        """
        plan = self.spec.launch_plan
        name = "" if looks_generated(self.id.name) else self.id.name
        asked = (plan.project, plan.domain, plan.name, plan.version, name)
        return (*asked, self._sent.SerializeToString(deterministic=True))

    def __repr__(self) -> str:
        return f"<Launch of {self.spec.launch_plan.name!r} as {self.id.name!r}: {self.phase}>"
