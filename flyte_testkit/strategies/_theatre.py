"""A tree of nodes is played in process, and every message that it leaves is kept.

It is launched and told of as anywhere, in its own time, but on a FlyteAdmin of its own and with
nobody who looks: so it takes milliseconds.

Ignorant of who draws trees, and of what is made of the messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.admin import execution_pb2, node_execution_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import literals_pb2, workflow_pb2
from flyteidl.core.compiler_pb2 import CompiledWorkflowClosure
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

from flyte_testkit import graphs
from flyte_testkit.admin.executions.execution_rows import Birth, execution_row
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.beside import Beside
from flyte_testkit.children import children
from flyte_testkit.engine import Engine
from flyte_testkit.engine.played import Scripted
from flyte_testkit.propeller.pace import REALISTIC
from flyte_testkit.settings import Settings
from flyte_testkit.strategies._definitions import LAUNCH_PLAN, WORKFLOW, registered
from flyte_testkit.timeline import Timeline
from flyte_testkit.walk import Old, Walked, lone_task
from flyte_testkit.weak import weakly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from google.protobuf.message import Message

    from flyte_testkit.admin.database import rows
    from flyte_testkit.admin.executions.executor import Admission
    from flyte_testkit.nodes import Workflow

__all__ = ["USUAL", "Change", "Manner", "Play"]

_LABEL: Final = re.compile("[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?")
_LATE: Final = workflow_pb2.WorkflowMetadata.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE


class Change(NamedTuple):
    """What an event has made of something.

    Attributes:
        what: ``execution``, ``node`` or ``task``.
        row: Its row from then on.
    """

    what: str
    row: Any


@dataclass(frozen=True)
class Manner:
    """How an execution is played, besides what its script says.

    Attributes:
        patient: Whether all goes on that can when a node has failed.
        recovers: Whether it recovers an execution of which all had succeeded.
        behind: How many seconds Kubernetes' clocks are behind the engine's.
    """

    patient: bool = False
    recovers: bool = False
    behind: int = 0


_AT_ONCE: Final = 25  # tasks, unless somebody says otherwise
USUAL: Final = Manner()


class Play:
    """An execution that plays a tree, from its creation on.

    Args:
        tree: The tree.
        of: What the execution is called.
        at: When it is created.
        manner: How it is played.
        begins: How long it takes until it runs.

    Attributes:
        changes: What has become of it and of all that is inside of it so far, event by event.
    """

    def __init__(
        self,
        tree: Workflow,
        of: WorkflowExecutionIdentifier,
        at: datetime,
        manner: Manner = USUAL,
        begins: timedelta = REALISTIC.begins,
    ) -> None:
        self.changes: list[Change] = []
        of = self._of = _labelled(of) if any(True for _ in children([tree])) else of
        self._at = at
        self._manner = manner
        self._store = registered(tree)
        admit = weakly(self._admit)
        self._engine = Engine(admit, weakly(self._now), weakly(self._told))
        self._engine.given = admit
        self._engine.pace = replace(REALISTIC, begins=begins)
        self._admin = _Late(executor=self._engine, store=self._store)
        self._admin.behind = manner.behind
        self._settings = Settings(self._store, weakly(self._engine.stirred))
        self._listen()
        self._launch(tree)
        self._is_new = True

    def _launch(self, tree: Workflow) -> None:
        """Create the execution as FlyteAdmin does that has found nothing wrong with the request."""
        of, workflow = self._of, self._store.workflows.get(*WORKFLOW)
        assert workflow is not None  # noqa: S101  it is registered
        spec = execution_pb2.ExecutionSpec(launch_plan=LAUNCH_PLAN, max_parallelism=_AT_ONCE)
        spec.metadata.system_metadata.namespace = f"{of.project}-{of.domain}"
        spec.security_context.run_as.SetInParent()
        birth = Birth(
            project=of.project,
            domain=of.domain,
            name=of.name,
            spec=spec,
            workflow=workflow.message.id,
            workflow_id=workflow.id,
            inputs_uri="",
            user_inputs_uri="",
        )
        row = self._store.executions.insert(execution_row(birth, self._at))
        admission = self._admit(row, literals_pb2.LiteralMap(), tree)
        self._engine.execute(row, admission, self._at)

    def goes_on(self) -> bool:
        """Play all that happens at the next instant; say whether there was anything."""
        if self._is_new:  # nobody need rehearse what is due at once
            self._is_new = False
            self._engine.hand_over(self._at)
            return True
        due = self._engine.next_due()
        if due is None:
            return False
        self._at = due
        self._engine.hand_over(due)
        return True

    def __iter__(self) -> Iterator[Change]:
        """Play all of it; yield change by change."""
        told = 0
        while True:
            while told < len(self.changes):
                yield self.changes[told]
                told += 1
            if not self.goes_on():
                return

    def _now(self) -> datetime:
        return self._at

    def _told(self) -> FlyteAdmin:
        return self._admin

    def _listen(self) -> None:
        noted = weakly(self._noted)
        self._admin.on_change(weakly(self._changed))
        self._store.node_executions.on_change = partial(noted, "node")
        self._store.task_executions.on_change = partial(noted, "task")

    def _changed(self, row: rows.ExecutionRow, at: datetime) -> None:
        self._noted("execution", row)
        self._engine.families.changed(row, at)

    def _noted(self, what: str, row: Any) -> None:
        if row.execution_name == self._of.name:
            self.changes.append(Change(what, row))

    def _admit(
        self,
        row: rows.ExecutionRow,
        inputs: literals_pb2.LiteralMap,
        script: Workflow | Timeline | None = None,
    ) -> Admission:
        """Admit the execution, or one that it launches."""
        id_ = row.message.closure.workflow_id
        workflow = self._store.workflows.get(id_.project, id_.domain, id_.name, id_.version)
        assert workflow is not None  # noqa: S101  it is registered
        assert script is not None  # noqa: S101  whoever launches one says what it does
        closure = workflow.message.closure.compiled_workflow
        if isinstance(script, Timeline):
            inside = partial(lone_task, closure)
            return Scripted(script, inputs, literals_pb2.LiteralMap(), inside)
        if self._manner.patient:
            closure = _patient(closure)
        cast = graphs.cast(closure, script, registered=Beside(self._store))
        setting = self._settings.of(row, cast)
        if self._manner.recovers:
            setting = replace(setting, old=lambda _: _OLD)
        return _Unrehearsed(cast, inputs, setting)


class _Unrehearsed(Walked):
    """Of which nobody asks what is to come: all that is due was played when somebody asks."""

    def later(self, at: datetime) -> tuple[datetime, ...]:  # noqa: ARG002  its waits tell it
        return ()


def _labelled(of: WorkflowExecutionIdentifier) -> WorkflowExecutionIdentifier:
    """Return the id of an execution that may launch others, of which it is a label."""
    if _LABEL.fullmatch(of.name):
        return of
    return WorkflowExecutionIdentifier(project=of.project, domain=of.domain, name="a")


class _Late(FlyteAdmin):
    """A FlyteAdmin that is told by Kubernetes whose clocks are so many seconds behind."""

    behind = 0

    def answer(self, rpc: str, request: Message, now: datetime) -> Message:
        """Answer."""
        if self.behind and rpc == "CreateTaskEvent":
            event = request.event  # type: ignore[attr-defined]
            if event.phase in _BY_KUBERNETES and event.HasField("reported_at"):
                event.occurred_at.seconds -= self.behind
        return super().answer(rpc, request, now)


def _patient(closure: CompiledWorkflowClosure) -> CompiledWorkflowClosure:
    """Return a workflow in which all goes on that can when a node has failed."""
    patient = CompiledWorkflowClosure()
    patient.CopyFrom(closure)
    patient.primary.template.metadata.on_failure = _LATE
    return patient


_BY_KUBERNETES: Final = frozenset(
    map(core.TaskExecution.Phase.Value, ("INITIALIZING", "RUNNING", "SUCCEEDED", "FAILED"))
)
_OLD: Final = Old("SUCCEEDED", node_execution_pb2.NodeExecutionClosure(), literals_pb2.LiteralMap())
