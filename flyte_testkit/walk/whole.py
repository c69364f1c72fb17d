"""An execution that has nodes, from its beginning to its end.

Order follows the recorded runs of a real flytepropeller: at the top FAILING comes before the other
nodes are stopped, then the failure node runs, then FAILED tells why; ABORTED tells nothing.

Ignorant of kinds of nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import literals_pb2
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

from flyte_testkit.engine.performance import Looks, Terminated, Until, Wait
from flyte_testkit.engine.played import Played
from flyte_testkit.engine.rehearsal import Rehearsal, rehearse
from flyte_testkit.engine.stage import Stage
from flyte_testkit.nodes import Array
from flyte_testkit.propeller import wording
from flyte_testkit.propeller.pace import ABORTING_TAKES
from flyte_testkit.timeline import Polls
from flyte_testkit.timeline._parts import seconds_of
from flyte_testkit.walk.company import Company
from flyte_testkit.walk.failing import NodeFailed, Stopped
from flyte_testkit.walk.gates import waits_for_approval
from flyte_testkit.walk.kinds import UnplayableError, play, unplayable
from flyte_testkit.walk.late import lately
from flyte_testkit.walk.scope import Scope
from flyte_testkit.walk.setting import Memory, Setting
from flyte_testkit.walk.terminating import terminating

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyte_testkit.engine.performance import Audience, Performance
    from flyte_testkit.walk.cast import Cast
    from flyte_testkit.walk.company import Play
    from flyte_testkit.walk.site import Site

__all__ = ["Walked", "perform", "reached"]

_ANY_TIME: Final = datetime(2024, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, eq=False)
class Walked(Played):
    """An execution will play a compiled workflow.

    Attributes:
        cast: Who plays what.
        inputs: What the execution runs with.
        setting: What it meets that it did not bring along.
    """

    cast: Cast
    inputs: literals_pb2.LiteralMap
    setting: Setting = field(default_factory=Setting)
    outputs: literals_pb2.LiteralMap = field(default_factory=literals_pb2.LiteralMap, init=False)
    _answers: dict[tuple[str, str], Any] = field(default_factory=dict, init=False)

    @property
    def script(self) -> object:  # type: ignore[override]  # nobody sets it
        """What was written."""
        return self.cast.script

    @property
    def deaf(self) -> timedelta:
        """As long as the script says that the engine takes, else as in life."""
        return _deaf(self.cast)

    @property
    def goes_on(self) -> bool:
        """As in life: the nodes may win against whoever terminates."""
        return True

    def perform(self, stage: Stage, at: datetime) -> Performance[None]:
        """Walk through it."""
        memory = Memory(self.setting, self._answers, rehearses=stage.rehearses)
        return perform(self.cast, stage, at, memory, self.setting.most_at_once)

    def unplayable(self) -> str:
        """Return why it cannot be played yet; empty if it can.

        Nodes of kinds that nobody plays do no harm where they are never reached, as far as that can
        be known: what waits for looks, for a signal, or for another execution may go on to them.

        Raises:
            TimelineError: A map is reached that has not as many items as its script says, or a
                dynamic task that is recovered and had yielded otherwise.
        """
        problem = unplayable(self.cast.closure)
        counts = any(
            isinstance(node, Array) and (node.but or node.size is not None)
            for node in self.cast.nodes.values()
        )
        yields_again = self.setting.old is not None and self.cast.yielded
        if not problem and not counts and not yields_again:
            return ""
        stage = _stage(self.inputs)
        performance = self.perform(stage, _ANY_TIME)
        try:
            found = rehearse(performance, next(performance))
            while found.waits_for_looks and not problem:
                found = _seen(performance, found, stage.audience)
        except UnplayableError:
            return problem
        waits_at_a_gate = found.wait is not None and any(True for _ in found.wait.signals())
        return problem if found.waits_for_others or waits_at_a_gate else ""


def _seen(performance: Performance[None], found: Rehearsal, audience: Audience) -> Rehearsal:
    """Rehearse what comes once somebody has looked as often as is waited for."""
    assert found.wait is not None  # noqa: S101  it waits for looks
    assert found.at is not None  # noqa: S101  it has acted
    audience.seen += max(look.polls for look in found.wait.looks())
    try:
        return rehearse(performance, performance.send(found.at), found.at)
    except StopIteration:
        return Rehearsal([], found.at, None)


def reached(
    cast: Cast, inputs: literals_pb2.LiteralMap, setting: Setting | None = None
) -> Iterator[tuple[Site, literals_pb2.LiteralMap]]:
    """Yield the nodes that a run will reach if nobody stops it, each with what it is given.

    What waits for looks is looked at, and what waits for somebody's approval is approved. It ends
    where a node is reached that nobody plays.

    Args:
        cast: Who plays what.
        inputs: What it runs with.
        setting: What it meets that it did not bring along; None for nothing.
    """
    found: list[tuple[Site, literals_pb2.LiteralMap]] = []

    def noted(
        site: Site, given: literals_pb2.LiteralMap, around: Scope, at: datetime
    ) -> Performance[literals_pb2.LiteralMap]:
        found.append((site, given))
        if waits_for_approval(site, cast.nodes.get(site.path)):
            return _approved(given, at)
        return play(site, given, around, at)

    stage = _stage(inputs)
    memory = Memory(setting or Setting(), {}, rehearses=True)
    performance = perform(cast, stage, _ANY_TIME, memory, play=noted)
    try:
        rehearsal = rehearse(performance, next(performance))
        while rehearsal.waits_for_looks:
            rehearsal = _seen(performance, rehearsal, stage.audience)
    except UnplayableError:
        pass
    yield from found


def perform(
    cast: Cast,
    stage: Stage,
    at: datetime,
    memory: Memory | None = None,
    most_at_once: int = 0,
    play: Play = play,
) -> Performance[None]:
    """Walk through a compiled workflow from an instant on.

    Args:
        cast: Who plays what.
        stage: Who plays it.
        at: When it begins.
        memory: What it finds that it did not bring along; None for nothing.
        most_at_once: How many tasks and launch plans may run at once; 0 for any number.
        play: What plays a node, whatever its kind.
    """
    memory = memory or Memory(Setting(), {}, rehearses=stage.rehearses)
    company = Company(cast, stage, play, memory, most_at_once)
    performance = _performs(company, at)
    if (stop := cast.script.stop) is not None:
        stops_at = at + timedelta(seconds=stop.seconds)
        act = stage.termination(stops_at, stop.by.cause, stop.by.principal)
        performance = terminating(performance, act, _deaf(cast))
    if any(node.flaw is not None for node in cast.nodes.values()):
        performance = lately(performance, company.late)
    return performance


def _deaf(cast: Cast) -> timedelta:
    terminated = cast.script.terminated
    if terminated is None:
        return ABORTING_TAKES
    return timedelta(seconds=seconds_of(terminated.steps))


def _performs(company: Company, at: datetime) -> Performance[None]:
    cast, stage = company.cast, company.stage
    scope = Scope(company, cast.closure.primary, (), stage.inputs, company.at_top)
    try:
        at = yield from _begins(cast, stage, at)
        yield from _unless_stopped(stage)
        yield from _walks(scope, stage, at)
    except Terminated as terminated:
        at = terminated.at
        if cast.script.terminated is not None and cast.script.terminated.phase is None:
            yield Wait()  # it is stuck
        yield from scope.stop(Stopped(at, wording.WORKFLOW_ABORTED))
        yield stage.workflow_event(at, "ABORTED")


def _approved(given: literals_pb2.LiteralMap, at: datetime) -> Performance[literals_pb2.LiteralMap]:
    yield Until(at)
    return given


def _stage(inputs: literals_pb2.LiteralMap) -> Stage:
    """Return a stage for a rehearsal."""
    no_outputs = literals_pb2.LiteralMap()
    return Stage(WorkflowExecutionIdentifier(), "", inputs, no_outputs, rehearses=True)


def _begins(cast: Cast, stage: Stage, at: datetime) -> Performance[datetime]:
    """Do what comes before it runs."""
    steps = () if cast.script.beginning is None else cast.script.beginning.steps
    for number, step in enumerate(steps):
        if step.phase != "UNDEFINED" or number:  # FlyteAdmin creates executions UNDEFINED
            yield stage.workflow_event(at, step.phase)
        if isinstance(step.duration, Polls):
            at = yield Looks(stage.audience, step.duration.count)
        else:
            at = yield Until(at + timedelta(seconds=step.duration or 0))
    if not steps and stage.pace.begins:
        at = yield Until(at + stage.pace.begins)
    return at


def _unless_stopped(stage: Stage) -> Iterator[Wait]:
    """Come no further if somebody has terminated it: FlyteAdmin would not have it RUN or FAIL."""
    if stage.audience.has_stopped:
        yield Wait()


def _walks(scope: Scope, stage: Stage, at: datetime) -> Performance[None]:
    yield from stage.start(at)
    try:
        at = yield from scope.run(at)
        outputs = yield from scope.outputs(at)
        if stage.pace.round:
            at = yield Until(at + stage.pace.round)
    except NodeFailed as failure:
        at = scope.now
        yield from _unless_stopped(stage)
        yield stage.workflow_event(at, "FAILING", error=failure.error)
        yield from scope.stop(Stopped(at, wording.NODE_FAILED))
        error, at = yield from scope.failure_node(failure.error, at)
        yield stage.workflow_event(at, "FAILED", error=error)
        return
    stage = replace(stage, outputs=outputs)
    yield from stage.wind_up(at)
    yield stage.success(at)
