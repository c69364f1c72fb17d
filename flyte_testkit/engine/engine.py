"""Which execution plays which script: the engine as FlyteAdmin and the backend see it.

The engine acts only when it is told the time, and only through FlyteAdmin's own RPCs. A request of
its that FlyteAdmin refuses is shrugged off, as flytepropeller does: somebody else was faster.

Ignorant of what a script sends and when (:mod:`~flyte_testkit.engine.scripts`), and of how scripts
are found.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flyteidl.admin.execution_pb2 import ExecutionCreateRequest
from flyteidl.core import types_pb2

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.executions.execution_rows import spec_of_engine
from flyte_testkit.admin.executions.executor import WorkflowExecutor
from flyte_testkit.engine.families import Families
from flyte_testkit.engine.outline import outlined
from flyte_testkit.engine.played import Played
from flyte_testkit.engine.rehearsal import Rehearsed
from flyte_testkit.engine.runs import Run, Runs
from flyte_testkit.engine.stage import Stage
from flyte_testkit.propeller.pace import INSTANT
from flyte_testkit.propeller.phases import OUTCOMES
from flyte_testkit.propeller.places import root_of
from flyte_testkit.timeline import Polls, Timeline
from flyte_testkit.weak import weakly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.admin.database.rows import ExecutionRow, Key
    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.admin.executions.executor import Admission, Admit, Told
    from flyte_testkit.engine.performance import Act, Audience, Performance

__all__ = ["Engine"]


@dataclass(frozen=True)
class Play:
    """An execution's script, and the run that plays it.

    Attributes:
        script: What was written.
        run: What plays it.
        stage: The execution.
        begun: When it began.
    """

    script: object
    run: Run
    stage: Stage
    begun: datetime

    def __str__(self) -> str:
        looks = self.run.looks
        return f"{self.script!r}  # polls so far: {looks}" if looks else repr(self.script)


class Engine(WorkflowExecutor):
    """Plays the scripts of all executions of one FlyteAdmin.

    Args:
        ask: What admits a new execution: whoever knows the scripts, and words refusals.
        now: Tells the time, for what is still to come.
        admin: Gives the FlyteAdmin that is told of everything; which needs an engine to be made.
        still: Holds everything still meanwhile, if it can, and says whether it does: the clock asks
            for stories from any thread.

    Attributes:
        given: What admits a new execution whose script its parent says.
        families: Which execution launched which.
        pace: How long it takes for what takes it time by itself, in nodes.
        reach: Takes down how late it is for whoever asks; says whether anything is due by then.
    """

    def __init__(
        self,
        ask: Admit,
        now: Callable[[], datetime],
        admin: Callable[[], Told],
        *,
        still: Callable[[], AbstractContextManager[bool]] = lambda: nullcontext(True),
    ) -> None:
        self.ask = ask
        self.given: Callable[[ExecutionRow, literals_pb2.LiteralMap, Any], Admission] | None = None
        self.pace = INSTANT
        self._scripts: dict[Key, object] = {}  # of what is being launched
        self._still = still
        self._admin = admin
        self.plays: dict[Key, Play] = {}
        self._runs = Runs(weakly(self._send), now)
        self.reach = self._runs.reach
        self.families = Families(admin, weakly(self._audience), weakly(self._poke))

    # What FlyteAdmin tells the engine.

    def admit(self, execution: ExecutionRow, inputs: literals_pb2.LiteralMap) -> Admission:
        """Ask what a new execution will play.

        Raises:
            AdminError: FAILED_PRECONDITION, with help, when nothing is scripted for it.
        """
        script = self._scripts.get(execution.key)
        if script is None or self.given is None:
            return self.ask(execution, inputs)
        return self.given(execution, inputs, script)

    def execute(self, execution: ExecutionRow, admission: Admission, now: datetime) -> None:
        """Begin to play the script that the execution was admitted with."""
        if not isinstance(admission, Played):
            return
        id_ = execution.message.id
        stage = Stage(
            id_,
            root_of(id_),
            admission.inputs,
            admission.outputs,
            spec=spec_of_engine(execution),
            pace=self.pace,
        )

        def begin(audience: Audience) -> Performance[None]:
            rehearses = audience is not stage.audience
            return admission.perform(replace(stage, audience=audience, rehearses=rehearses), now)

        later = admission.later(now)
        if later is not None:
            performance = admission.perform(stage, now)
            run = self._runs.begin(performance, stage.audience, now, later=later)
        else:
            rehearsed = Rehearsed(begin, stage.audience)
            run = self._runs.begin(rehearsed.perform(), stage.audience, now, rehearsed.to_come)
        run.deaf, run.goes_on = admission.deaf, admission.goes_on
        self.plays[execution.key] = Play(admission.script, run, stage, now)

    def abort(self, execution: ExecutionRow, now: datetime) -> None:
        """Let the execution's engine hear of it, which takes a moment; then it ends ABORTED."""
        if (play := self.plays.get(execution.key)) is not None:
            self._runs.terminate(play.run, now)

    # What others ask of the engine.

    def hand_over(self, now: datetime) -> None:
        """Send all that is due by now, each at its own time and in order."""
        self._runs.hand_over(now)

    def hand_over_to(self, asked: Iterable[Key], now: datetime) -> None:
        """Send what somebody can see of it who asks for these executions alone."""
        plays = self.plays
        self._runs.hand_over_to([plays[key].run for key in asked if key in plays], now)

    def catch_up(self) -> None:
        """Send what was due when somebody asked last, and concerned somebody else."""
        self._runs.catch_up()

    def stirred(self) -> None:
        """Let those go on, once all that is due is sent, who wait for what has just happened."""
        self._runs.stirred()

    def looked_at(self, key: Key, now: datetime) -> None:
        """Count a look at an execution; after the last one it waits for, its script goes on."""
        if (play := self.plays.get(key)) is not None:
            self._runs.looked_at(play.run, now)

    def signalled(self, key: Key, signal: str, value: literals_pb2.Literal, now: datetime) -> None:
        """Let an execution hear that somebody has set a signal of its."""
        if (play := self.plays.get(key)) is not None:
            self._runs.signalled(play.run, signal, value, now)

    def counts(self, key: Key) -> bool:
        """Whether an execution waits for looks now."""
        play = self.plays.get(key)
        return play is not None and play.run.looks is not None

    def next_due(self) -> datetime | None:
        """Return when something will happen by itself; None if nothing will."""
        return self._runs.next_due()

    def story(self) -> str:
        """Tell of every execution that has not ended: its phase, since when, and its script."""
        lines = []
        with self._still() as is_still:
            if is_still:
                self.catch_up()
            unseen = self._runs.unseen()
            rows = list(self._admin().store.executions)  # at once: who stands still may be stuck
            for row in rows:
                if row.phase not in OUTCOMES:
                    play = self.plays.get(row.key)
                    since = row.execution_updated_at.isoformat(sep=" ", timespec="seconds")
                    known = f"is {row.phase} since {since}"
                    if play is not None and play.run in unseen:
                        known = f"was {row.phase} when somebody looked last"
                    lines.append(f"  {row.execution_name} {known}: {play or 'no script'}")
                    lines += [] if play is None else _waits_at_gates(row, play, self._admin().store)
        return "\n".join(lines) or "  no execution is under way"

    def glance(self, now: datetime) -> dict[Key, list[tuple[datetime, str]]]:
        """Tell which phases executions are in by now that nobody has looked at since then.

        They are not played: of ten thousand somebody wants to see a few. What cannot be told from
        its script is played, in its turn.

        Returns:
            The phases since their beginning, of those that were not played.
        """
        unseen = self._runs.unseen(now)
        for key, play in list(self.plays.items()):  # others may be launched meanwhile
            has_nodes = not isinstance(play.script, Timeline)
            if play.run in unseen and (has_nodes or key in self.families):
                self.bring_up(key, now)
        unseen, told = self._runs.unseen(now), {}  # fewer by now: these may have played all
        for key, play in self.plays.items():
            script = play.script
            if play.run not in unseen or not isinstance(script, Timeline):
                continue
            if play.run.aborting or _counts_looks(script):
                self._runs.bring_up(play.run, now)
            else:
                told[key] = list(outlined(script, play.stage, play.begun, now))
        return told

    def bring_up(self, key: Key, now: datetime) -> None:
        """Send all that is due by now of one execution, and of all if they are entangled."""
        if (play := self.plays.get(key)) is not None:
            if key not in self.families:
                self._runs.bring_up(play.run, now)
            if key in self.families:  # by now, perhaps
                self._runs.hand_over(now)

    def plays_nodes(self, key: Key) -> bool:
        """Whether an execution plays a script that says what happens inside of it."""
        play = self.plays.get(key)
        return play is not None and not isinstance(play.script, Timeline)

    def script_of(self, key: Key) -> str:
        """Return the script that an execution plays, as code; empty if it plays none."""
        play = self.plays.get(key)
        return str(play) if play is not None else ""

    def _send(self, act: Act) -> AdminError | None:
        admin = self._admin()
        admin.store.blobs.update(act.blobs)
        if not act.rpc:
            return None
        if isinstance(act.request, ExecutionCreateRequest):
            return self._launch(act.request, act)
        try:
            with admin.acting_as(act.principal):
                admin.answer(act.rpc, act.request, act.at)
        except AdminError as refusal:
            return refusal.with_traceback(None)  # it is kept, and its frames hold us
        return None

    def _launch(self, request: ExecutionCreateRequest, act: Act) -> AdminError | None:
        """Let an execution launch another, which may play what the launching one says."""
        key, refused = (request.project, request.domain, request.name), None
        asked = request
        if act.is_orphan:
            asked = ExecutionCreateRequest()
            asked.CopyFrom(request)
            asked.spec.metadata.ClearField("parent_node_execution")
        if act.script is not None:
            self._scripts[key] = act.script
        try:
            self._admin().answer(act.rpc, asked, act.at)
        except AdminError as refusal:
            refused = refusal.with_traceback(None)  # likewise
        self._scripts.pop(key, None)
        self.families.launched(request, refused)
        return refused

    def _audience(self, key: Key) -> Audience | None:
        play = self.plays.get(key)
        return None if play is None else play.stage.audience

    def _poke(self, key: Key, at: datetime) -> None:
        self._runs.poke(self.plays[key].run, at)


def _waits_at_gates(row: ExecutionRow, play: Play, store: Store) -> list[str]:
    """Tell of the signals that an execution waits for, and of the verbs that set them."""
    name, found = row.execution_name, []
    for signal in play.run.signals:
        known = store.signals.get(*row.key, signal)
        verbs = f"approve({name!r}, {signal!r}) or reject(…)"
        if known is not None and known.message.type.simple != types_pb2.BOOLEAN:
            verbs = f"set_signal({name!r}, {signal!r}, …)"
        found.append(
            f"    it waits at the gate {signal!r} until a client releases it, or the test: {verbs}"
        )
    return found


def _counts_looks(script: Timeline) -> bool:
    return any(isinstance(step.duration, Polls) for step in script.steps)
