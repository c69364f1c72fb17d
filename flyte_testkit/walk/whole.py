"""An execution that has nodes, from its beginning to its end.

Order follows the recorded runs of a real flytepropeller: at the top FAILING comes before the other
nodes are stopped, then the failure node runs, then FAILED tells why; ABORTED tells nothing.

Ignorant of kinds of nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from flyteidl.core import literals_pb2
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

from flyte_testkit.engine.engine import Played
from flyte_testkit.engine.performance import Looks, Terminated, Until
from flyte_testkit.engine.rehearsal import Rehearsal, rehearse
from flyte_testkit.engine.stage import Stage
from flyte_testkit.nodes import Array
from flyte_testkit.propeller import wording
from flyte_testkit.timeline import Polls
from flyte_testkit.walk.company import Company
from flyte_testkit.walk.failing import NodeFailed, Stopped
from flyte_testkit.walk.kinds import UnplayableError, play, unplayable
from flyte_testkit.walk.scope import Scope

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
    """

    cast: Cast
    inputs: literals_pb2.LiteralMap
    outputs: literals_pb2.LiteralMap = field(default_factory=literals_pb2.LiteralMap, init=False)

    @property
    def script(self) -> object:  # type: ignore[override]  # nobody sets it
        """What was written."""
        return self.cast.script

    def perform(self, stage: Stage, at: datetime) -> Performance[None]:
        """Walk through it."""
        return perform(self.cast, stage, at)

    def unplayable(self) -> str:
        """Return why it cannot be played yet; empty if it can.

        Nodes of kinds that nobody plays do no harm where they are never reached, as far as that can
        be known: what waits for looks, or for another execution, may go on to them.

        Raises:
            TimelineError: A map is reached that has not as many items as its script says.
        """
        problem = unplayable(self.cast.closure)
        counts = any(
            isinstance(node, Array) and (node.but or node.size is not None)
            for node in self.cast.nodes.values()
        )
        if not problem and not counts:
            return ""
        stage = _stage(self.inputs)
        performance = self.perform(stage, _ANY_TIME)
        try:
            found = rehearse(performance, next(performance))
            while found.waits_for_looks and not problem:
                found = _seen(performance, found, stage.audience)
        except UnplayableError:
            return problem
        return problem if found.waits_for_others else ""


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
    cast: Cast, inputs: literals_pb2.LiteralMap
) -> Iterator[tuple[Site, literals_pb2.LiteralMap]]:
    """Yield the nodes that a run will reach if nobody stops it, each with what it is given.

    What waits for looks is looked at. It ends where a node is reached that nobody plays.

    Args:
        cast: Who plays what.
        inputs: What it runs with.
    """
    found: list[tuple[Site, literals_pb2.LiteralMap]] = []

    def noted(
        site: Site, given: literals_pb2.LiteralMap, around: Scope, at: datetime
    ) -> Performance[literals_pb2.LiteralMap]:
        found.append((site, given))
        return play(site, given, around, at)

    stage = _stage(inputs)
    performance = perform(cast, stage, _ANY_TIME, noted)
    try:
        rehearsal = rehearse(performance, next(performance))
        while rehearsal.waits_for_looks:
            rehearsal = _seen(performance, rehearsal, stage.audience)
    except UnplayableError:
        pass
    yield from found


def perform(cast: Cast, stage: Stage, at: datetime, play: Play = play) -> Performance[None]:
    """Walk through a compiled workflow from an instant on.

    Args:
        cast: Who plays what.
        stage: Who plays it.
        at: When it begins.
        play: What plays a node, whatever its kind.
    """
    company = Company(cast, stage, play)
    scope = Scope(company, cast.closure.primary, (), stage.inputs, company.at_top)
    try:
        at = yield from _begins(cast, stage, at)
        yield from _walks(scope, stage, at)
    except Terminated as terminated:
        at = terminated.at
        yield from scope.stop(Stopped(at, wording.WORKFLOW_ABORTED))
        yield stage.workflow_event(at, "ABORTED")


def _stage(inputs: literals_pb2.LiteralMap) -> Stage:
    """Return a stage for a rehearsal."""
    return Stage(WorkflowExecutionIdentifier(), "", inputs, literals_pb2.LiteralMap())


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


def _walks(scope: Scope, stage: Stage, at: datetime) -> Performance[None]:
    yield from stage.start(at)
    try:
        at = yield from scope.run(at)
        outputs = yield from scope.outputs(at)
        if stage.pace.round:
            at = yield Until(at + stage.pace.round)
    except NodeFailed as failure:
        at = scope.now
        yield stage.workflow_event(at, "FAILING", error=failure.error)
        yield from scope.stop(Stopped(at, wording.NODE_FAILED))
        error, at = yield from scope.failure_node(failure.error, at)
        yield stage.workflow_event(at, "FAILED", error=error)
        return
    stage = replace(stage, outputs=outputs)
    yield from stage.wind_up(at)
    yield stage.success(at)
