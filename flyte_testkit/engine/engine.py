"""Which execution plays which script, and what is due: the agenda of all executions.

The engine acts only when it is told the time, and only through FlyteAdmin's own RPCs. A request of
its that FlyteAdmin refuses is shrugged off, as flytepropeller does: somebody else was faster.

Ignorant of what a script sends and when (:mod:`~flyte_testkit.engine.scripts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flyte_testkit import literals
from flyte_testkit.admin.errors import AdminError, failed_precondition
from flyte_testkit.admin.executor import WorkflowExecutor
from flyte_testkit.engine.runs import Run, Runs
from flyte_testkit.engine.scripts import perform
from flyte_testkit.engine.stage import Stage
from flyte_testkit.errors import RegistrationError, TimelineError
from flyte_testkit.launches import Launch, Routes, UnscriptedLaunch
from flyte_testkit.propeller.places import root_of
from flyte_testkit.timeline import Succeeds
from flyte_testkit.timeline._parts import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flyteidl.admin import execution_pb2
    from flyteidl.core import literals_pb2
    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

    from flyte_testkit.admin.flyte_admin import FlyteAdmin
    from flyte_testkit.admin.rows import ExecutionRow, Key
    from flyte_testkit.engine.history import History
    from flyte_testkit.engine.performance import Act
    from flyte_testkit.surprises import Surprises
    from flyte_testkit.timeline import Timeline

__all__ = ["Engine"]


@dataclass(frozen=True)
class Play:
    """An execution's script, and the run that plays it."""

    script: Timeline
    run: Run

    def __str__(self) -> str:
        looks = self.run.looks
        return f"{self.script!r}  # polls so far: {looks}" if looks else repr(self.script)


class Engine(WorkflowExecutor):
    """Plays the scripts of all executions of one FlyteAdmin.

    Args:
        routes: Where the scripts of launches are planted.
        surprises: Told of launches that have no script.
        strict: Whether to refuse such launches; else they stay UNDEFINED.
    """

    def __init__(self, routes: Routes, surprises: Surprises, *, strict: bool) -> None:
        self.routes = routes
        self.surprises = surprises
        self.strict = strict
        self.admin: FlyteAdmin  # set once, by whoever joins the two
        self.look: Callable[[WorkflowExecutionIdentifier], execution_pb2.Execution]  # likewise
        self.history: History  # likewise
        self.now: Callable[[], datetime]  # likewise; for next_due alone
        self.last: Launch | None = None
        self.plays: dict[Key, Play] = {}
        self._runs = Runs(self._send, lambda: self.now())
        self._given: Timeline | None = None
        self._admitted: Timeline | None = None
        self._stage: Stage | None = None

    # What FlyteAdmin tells the engine.

    def admit(self, execution: ExecutionRow, inputs: literals_pb2.LiteralMap) -> None:
        """Find a script for a new execution, or refuse it.

        Raises:
            AdminError: FAILED_PRECONDITION, with help, when nothing is scripted for it.
        """
        self._admitted = self._stage = None
        if (
            execution.phase in OUTCOMES
        ):  # FlyteAdmin may create an execution that has failed already
            return
        try:
            self.last = launch = self._launch(execution, inputs)
            script = self._given or self.routes.claim(launch)
            self._stage = self._stage_of(execution, inputs, script)
        except UnscriptedLaunch as unscripted:
            if self.strict:
                self.surprises.add(str(unscripted))
                raise failed_precondition(str(unscripted)) from None
            return
        except (RegistrationError, TimelineError) as wrong:
            if self._given is not None:  # the test itself asked, and is told
                raise
            self.surprises.add(str(wrong))
            raise failed_precondition(str(wrong)) from wrong
        self._admitted = script

    def execute(self, execution: ExecutionRow, now: datetime) -> None:
        """Begin to play the script that the execution was admitted with."""
        if self._admitted is None or self._stage is None:
            return
        performance = perform(self._admitted, self._stage, now)
        run = self._runs.begin(performance, self._stage.audience, now)
        self.plays[execution.key] = Play(self._admitted, run)

    def abort(self, execution: ExecutionRow, now: datetime) -> None:
        """Let the execution's engine hear of it, which takes a moment; then it ends ABORTED."""
        if (play := self.plays.get(execution.key)) is not None:
            self._runs.terminate(play.run, now)

    # What others ask of the engine.

    def give(self, script: Timeline | None) -> None:
        """Let the next execution play this script, whatever the routes say; None ends that."""
        self._given = script

    def hand_over(self, now: datetime) -> None:
        """Send all that is due by now, each at its own time and in order."""
        self._runs.hand_over(now)

    def looked_at(self, key: Key, now: datetime) -> None:
        """Count a look at an execution; after the last one it waits for, its script goes on."""
        if (play := self.plays.get(key)) is not None:
            self._runs.looked_at(play.run, now)

    def next_due(self) -> datetime | None:
        """Return when something will happen by itself; None if nothing will."""
        return self._runs.next_due()

    def story(self) -> str:
        """Tell of every execution that has not ended: its phase, since when, and its script."""
        unseen = self._runs.unseen()
        lines = []
        for row in self.admin.store.executions:
            if row.phase not in OUTCOMES:
                play = self.plays.get(row.key)
                since = row.execution_updated_at.isoformat(sep=" ", timespec="seconds")
                known = f"is {row.phase} since {since}"
                if play is not None and play.run in unseen:
                    known = f"was {row.phase} when somebody looked last"
                lines.append(f"  {row.execution_name} {known}: {play or 'no script'}")
        return "\n".join(lines) or "  no execution is under way"

    def script_of(self, key: Key) -> str:
        """Return the script that an execution plays, as code; empty if it plays none."""
        play = self.plays.get(key)
        return str(play) if play is not None else ""

    def _send(self, act: Act) -> AdminError | None:
        self.admin.store.blobs.update(act.blobs)
        self.history.instant = act.at
        try:
            with self.admin.acting_as(act.principal):
                self.admin.answer(act.rpc, act.request, act.at)
        except AdminError as refusal:
            return refusal
        return None

    def _launch(self, execution: ExecutionRow, inputs: literals_pb2.LiteralMap) -> Launch:
        first = execution.message

        def read() -> execution_pb2.Execution:
            stored = self.admin.store.executions.get(*execution.key)
            return self.look(first.id) if stored else first

        return Launch(read, first, inputs)

    def _stage_of(
        self, execution: ExecutionRow, inputs: literals_pb2.LiteralMap, script: Timeline
    ) -> Stage:
        outputs = script.ending.outputs if isinstance(script.ending, Succeeds) else {}
        workflow_id = execution.message.closure.workflow_id
        workflow = self.admin.store.workflows.get(
            workflow_id.project, workflow_id.domain, workflow_id.name, workflow_id.version
        )
        declared = workflow.typed_interface.outputs.variables if workflow else {}
        types = {name: variable.type for name, variable in declared.items()}
        made = literals.literal_map(outputs, types or None, of="output")
        return Stage(execution.message.id, root_of(execution.message.id), inputs, made)
