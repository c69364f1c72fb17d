"""Which execution plays which script, and what is due: the agenda of all executions.

The engine acts only when it is told the time, and only through FlyteAdmin's own RPCs. A request of
its that FlyteAdmin refuses is shrugged off, as flytepropeller does: somebody else was faster.

A script whose step is held for polls waits in no agenda: it goes on when it is told of the last
look it waits for. Ignorant of nodes and tasks: what a step sends is worked out in
:mod:`~flyte_testkit.engine.expansion`.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from flyte_testkit import literals
from flyte_testkit.admin.blobs import CONTAINER
from flyte_testkit.admin.errors import AdminError, failed_precondition
from flyte_testkit.admin.executor import WorkflowExecutor
from flyte_testkit.engine.expansion import Act, Pause, Segment, Stage, abortion, expand
from flyte_testkit.errors import RegistrationError, TimelineError
from flyte_testkit.launches import Launch, Routes, UnscriptedLaunch
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
    from flyte_testkit.surprises import Surprises
    from flyte_testkit.timeline import Timeline

__all__ = ["ABORTING_TAKES", "PATIENCE", "Engine"]

ABORTING_TAKES = timedelta(seconds=0.5)
"""From TerminateExecution to ABORTED: up to 0.6 s in recorded runs, so clients do see ABORTING."""

PATIENCE = timedelta(hours=1)
"""How long, after the last look, a script that waits for looks counts as going to go on."""


@dataclass(eq=False)
class Run:
    """One execution that plays a script.

    Attributes:
        script: The script.
        stage: What all that it sends has in common.
        started: When it began.
        pause: What it waits for once everything in the agenda is sent.
        looks: How often somebody looked while it waited.
        cut: Whether what is left of it will never be sent.
        aborting: Whether it was terminated.
        refusals: What FlyteAdmin did not take.
    """

    script: Timeline
    stage: Stage
    started: datetime
    pause: Pause | None = None
    looks: int = 0
    cut: bool = False
    aborting: bool = False
    refusals: list[tuple[Act, AdminError]] = field(default_factory=list)


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
        self.runs: dict[Key, Run] = {}
        self._awaited: dict[Key, datetime] = {}  # until when somebody is expected to look
        self._agenda: list[tuple[datetime, int, Run, Act]] = []
        self._sequence = 0
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
        run = self.runs[execution.key] = Run(self._admitted, self._stage, now)
        self._play(run, execution.key, expand(run.script, run.stage, now))

    def abort(self, execution: ExecutionRow, now: datetime) -> None:
        """Cut what is left of the script; the execution ends ABORTED a moment later."""
        run = self.runs.get(execution.key)
        if run is None or run.aborting:  # nothing is played, or its own script terminates it
            return
        run.cut = True
        self._awaited.pop(execution.key, None)
        end = Run(run.script, run.stage, run.started, aborting=True)
        self.runs[execution.key] = end
        self._schedule(end, abortion(end.stage, now + ABORTING_TAKES))

    # What others ask of the engine.

    def give(self, script: Timeline | None) -> None:
        """Let the next execution play this script, whatever the routes say; None ends that."""
        self._given = script

    def hand_over(self, now: datetime) -> None:
        """Send all that is due by now, each at its own time and in order."""
        while self._agenda and self._agenda[0][0] <= now:
            _, _, run, act = heapq.heappop(self._agenda)
            if not run.cut:
                self._send(run, act)

    def looked_at(self, key: Key, now: datetime) -> None:
        """Count a look at an execution; after the last one it waits for, its script goes on."""
        run = self.runs.get(key)
        if run is None or run.pause is None:
            self._awaited.pop(key, None)
        elif now >= run.pause.since:
            run.looks += 1
            self._awaited[key] = now + PATIENCE  # also after the last one: nobody saw the change
            if run.looks == run.pause.polls:
                self._play(run, key, expand(run.script, run.stage, now, first=run.pause.then))
                self.hand_over(now)

    def next_due(self) -> datetime | None:
        """Return when something will happen by itself; None if nothing will.

        What is due already has happened, for whoever looks. What waits for looks, or changed with
        the last one, counts as to come for an hour: after that nobody is expected to look any
        more, so that a loop which never looks is found to be endless.
        """
        now = self.now()
        for at, _, run, _ in self._agenda[:1]:  # a slice: nothing here is locked
            if at > now and not run.cut:
                return at
        to_come = (at for at, _, run, _ in self._agenda.copy() if at > now and not run.cut)
        expected = (until for until in list(self._awaited.values()) if until > now)
        return min((*to_come, *expected), default=None)

    def story(self) -> str:
        """Tell of every execution that has not ended: its phase, since when, and its script."""
        now = self.now()
        unseen = {id(run) for at, _, run, _ in self._agenda.copy() if at <= now and not run.cut}
        lines = []
        for row in self.admin.store.executions:
            if row.phase not in OUTCOMES:
                script = self.script_of(row.key) or "no script"
                since = row.execution_updated_at.isoformat(sep=" ", timespec="seconds")
                known = f"is {row.phase} since {since}"
                if id(self.runs.get(row.key)) in unseen:
                    known = f"was {row.phase} when somebody looked last"
                lines.append(f"  {row.execution_name} {known}: {script}")
        return "\n".join(lines) or "  no execution is under way"

    def script_of(self, key: Key) -> str:
        """Return the script that an execution plays, as code; empty if it plays none."""
        run = self.runs.get(key)
        if run is None:
            return ""
        if run.pause is None:
            return repr(run.script)
        return f"{run.script!r}  # polls so far: {run.looks} of {run.pause.polls}"

    def _send(self, run: Run, act: Act) -> None:
        self.admin.store.blobs.update(act.blobs)
        self.history.instant = act.at
        run.aborting = run.aborting or act.rpc == "TerminateExecution"
        try:
            with self.admin.acting_as(act.principal):
                self.admin.answer(act.rpc, act.request, act.at)
        except AdminError as refusal:
            run.refusals.append((act, refusal))

    def _play(self, run: Run, key: Key, segment: Segment) -> None:
        run.pause, run.looks = segment.pause, 0
        if run.pause is not None:
            self._awaited[key] = max(run.pause.since, self.now()) + PATIENCE
        self._schedule(run, segment.acts)

    def _schedule(self, run: Run, acts: list[Act]) -> None:
        for act in acts:
            self._sequence += 1
            heapq.heappush(self._agenda, (act.at, self._sequence, run, act))

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
        project, domain, name = execution.key
        root = f"{CONTAINER}/metadata/propeller/{project}-{domain}-{name}"
        made = literals.literal_map(outputs, types or None, of="output")
        return Stage(execution.message.id, root, inputs, made)
