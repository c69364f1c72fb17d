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
from flyte_testkit.walk.setting import Memory, Setting

if TYPE_CHECKING:
    from flyte_testkit.engine.performance import Audience, Performance
    from flyte_testkit.walk.cast import Cast

__all__ = ["Walked", "perform"]

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

    def perform(self, stage: Stage, at: datetime) -> Performance[None]:
        """Walk through it."""
        memory = Memory(self.setting, self._answers, rehearses=stage.rehearses)
        return perform(self.cast, stage, at, memory, self.setting.most_at_once)

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
        stage = Stage(WorkflowExecutionIdentifier(), "", self.inputs, self.outputs, rehearses=True)
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


def perform(
    cast: Cast,
    stage: Stage,
    at: datetime,
    memory: Memory | None = None,
    most_at_once: int = 0,
) -> Performance[None]:
    """Walk through a compiled workflow from an instant on.

    Args:
        cast: Who plays what.
        stage: Who plays it.
        at: When it begins.
        memory: What it finds that it did not bring along; None for nothing.
        most_at_once: How many tasks and launch plans may run at once; 0 for any number.
    """
    memory = memory or Memory(Setting(), {}, rehearses=False)
    company = Company(cast, stage, play, memory, most_at_once)
    scope = Scope(company, cast.closure.primary, (), stage.inputs, company.at_top)
    try:
        at = yield from _begins(cast, stage, at)
        yield from _walks(scope, stage, at)
    except Terminated as terminated:
        at = terminated.at
        yield from scope.stop(Stopped(at, wording.WORKFLOW_ABORTED))
        yield stage.workflow_event(at, "ABORTED")


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
