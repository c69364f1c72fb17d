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

from flyte_testkit.admin.blobs import CONTAINER
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.executor import Admission, WorkflowExecutor
from flyte_testkit.engine.expansion import Act, Pause, Segment, Stage, abortion, expand
from flyte_testkit.timeline._parts import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.admin.executor import Admit
    from flyte_testkit.admin.flyte_admin import FlyteAdmin
    from flyte_testkit.admin.rows import ExecutionRow, Key
    from flyte_testkit.timeline import Timeline

__all__ = ["ABORTING_TAKES", "PATIENCE", "Engine", "Scripted"]

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


@dataclass(frozen=True, eq=False)
class Scripted(Admission):
    """An execution will play a script.

    Attributes:
        script: The script.
        inputs: What the execution runs with.
        outputs: What it will have made if it succeeds.
    """

    script: Timeline
    inputs: literals_pb2.LiteralMap
    outputs: literals_pb2.LiteralMap


class Engine(WorkflowExecutor):
    """Plays the scripts of all executions of one FlyteAdmin.

    Args:
        ask: What admits a new execution: whoever knows the scripts, and words refusals.
    """

    def __init__(self, ask: Admit) -> None:
        self.ask = ask
        self.admin: FlyteAdmin  # set once, by whoever joins the two
        self.now: Callable[[], datetime]  # likewise; for next_due alone
        self.runs: dict[Key, Run] = {}
        self._awaited: dict[Key, datetime] = {}  # until when somebody is expected to look
        self._agenda: list[tuple[datetime, int, Run, Act]] = []
        self._sequence = 0

    # What FlyteAdmin tells the engine.

    def admit(self, execution: ExecutionRow, inputs: literals_pb2.LiteralMap) -> Admission:
        """Ask what a new execution will play.

        Raises:
            AdminError: FAILED_PRECONDITION, with help, when nothing is scripted for it.
        """
        return self.ask(execution, inputs)

    def execute(self, execution: ExecutionRow, admission: Admission, now: datetime) -> None:
        """Begin to play the script that the execution was admitted with."""
        if not isinstance(admission, Scripted):
            return
        project, domain, name = execution.key
        root = f"{CONTAINER}/metadata/propeller/{project}-{domain}-{name}"
        stage = Stage(execution.message.id, root, admission.inputs, admission.outputs)
        run = self.runs[execution.key] = Run(admission.script, stage, now)
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
