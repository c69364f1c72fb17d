"""What the laws of launching are tested with, and how the code under test is run.

What counts is what the server has in the end, whatever the client was told. Ignorant of
which of it breaks a law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from flyte_testkit.laws._launched import Launched
from flyte_testkit.laws._outage_stories import FOR_EVER, HOPELESS
from flyte_testkit.laws._rivals import Part, Rivals
from flyte_testkit.laws._stage import remote_of, side_by_side, stage
from flyte_testkit.laws._watching import Attempt, attempt, calls_after, named
from flyte_testkit.strategies._drawing import EITHER, among, whole_numbers
from flyte_testkit.strategies._faults import PlannedFault
from flyte_testkit.timeline import Succeeds, Timeline, immediately, running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyte_testkit.admin.errors import Code
    from flyte_testkit.laws._promises import LaunchPromises
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.names import Rpc

    Draw = Callable[..., Any]

__all__ = [
    "BYSTANDERS",
    "DELAY",
    "STARTS",
    "TURNS",
    "LaunchStory",
    "among_many",
    "at_peace",
    "away",
    "blips",
    "lost_replies",
    "names",
    "refusals",
    "rivalries",
    "run_launch",
    "run_launches",
    "severed",
    "troubles",
]

BYSTANDERS: Final = ("anns-training", "bobs-training")
"""Executions, and launch plans, that are no business of the code under test."""

DELAY: Final = 0.2
"""Seconds that each call takes where several threads launch, so that their calls interleave."""

# Apart by no multiple of a call's delay, nor of a pause in tenths of a second: calls of two threads
# that came at one instant would come in any order, and a law broken by chance is none to report.
STARTS: Final = (0, 0.37, 1.33)
"""When each of several threads launches, in seconds."""

TURNS: Final = 2
"""How often each of them launches, one launch after the other."""

_LOSSES: Final[tuple[Code | None, ...]] = (None, "DEADLINE_EXCEEDED")
"""What a client is told whose answer is lost; None is what a broken connection says."""

_FAILURES: Final[tuple[Code, ...]] = (
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "INTERNAL",
    "PERMISSION_DENIED",
)
"""What launches end with that never reach the server."""

_ALWAYS: Final = (0, FOR_EVER)


@dataclass(frozen=True, repr=False)
class LaunchStory:
    """What happens to a launch.

    Attributes:
        timeline: What each execution that is launched does.
        faults: What goes wrong, planted before the launch.
        rivals: What somebody else launches of the same launch plan, if anybody does.
    """

    timeline: Timeline
    faults: tuple[PlannedFault, ...] = ()
    rivals: Rivals | None = None

    def __repr__(self) -> str:
        faults = f", {self.faults!r}" if self.faults else ""
        rivals = f", rivals={self.rivals!r}" if self.rivals else ""
        return f"LaunchStory({self.timeline!r}{faults}{rivals})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))


@st.composite
def at_peace(draw: Draw, suite: type[LaunchPromises]) -> LaunchStory:
    """Generate executions that succeed, and nothing that goes wrong."""
    return LaunchStory(_timeline(draw, suite))


@st.composite
def lost_replies(draw: Draw, suite: type[LaunchPromises]) -> LaunchStory:
    """Generate launches that the server sees and whose answers are lost, or come too late."""
    return LaunchStory(_timeline(draw, suite), (_lost(draw),))


@st.composite
def severed(draw: Draw, suite: type[LaunchPromises]) -> LaunchStory:
    """Generate servers that launch and then tell nothing, or no good news, or terminate nothing."""
    lost = _lost(draw)
    code = draw(among("UNAVAILABLE", *HOPELESS[1:]))
    blind = PlannedFault("GetExecution", "fails_with", code, between=_ALWAYS)
    deaf = PlannedFault("TerminateExecution", "fails_with", code, between=_ALWAYS)
    ways = [(lost,), (blind,), (lost, blind), (lost, deaf), (blind, deaf), (lost, blind, deaf)]
    faults = draw(st.sampled_from(ways))
    return LaunchStory(Timeline((_long_step(suite),), Succeeds(dict(suite.outputs))), faults)


@st.composite
def away(draw: Draw, suite: type[LaunchPromises]) -> LaunchStory:
    """Generate outages no longer than the code promises to survive, at the launch or later."""
    longest = suite.survives
    start = draw(among(0, *(n * suite.poll_interval for n in range(1, 3))))
    length = draw(among(*sorted({longest, longest / 2, min(1, longest)})))
    code = draw(among(*suite.blip_codes))
    fault = PlannedFault(None, "fails_with", code, between=(start, start + length))
    return LaunchStory(_timeline(draw, suite), (fault,) if longest else ())


@st.composite
def blips(draw: Draw, suite: type[LaunchPromises]) -> LaunchStory:
    """Generate outages that the code promises to survive, or one answer that is lost in one."""
    story: LaunchStory = draw(away(suite))
    codes = [code for code in _LOSSES if (code or "UNAVAILABLE") in suite.blip_codes]
    if not codes or not draw(EITHER):
        return story
    return LaunchStory(story.timeline, (_lost(draw, codes, most=1),))


@st.composite
def refusals(draw: Draw, suite: type[LaunchPromises]) -> LaunchStory:
    """Generate servers that refuse every launch, or all there is, for what no patience heals."""
    code = draw(among("PERMISSION_DENIED", "UNAUTHENTICATED", "INVALID_ARGUMENT"))
    rpc: Rpc | None = draw(among("CreateExecution", None))
    fault = PlannedFault(rpc, "fails_with", code, between=_ALWAYS)
    return LaunchStory(_timeline(draw, suite), (fault,))


@st.composite
def troubles(draw: Draw, suite: type[LaunchPromises]) -> LaunchStory:
    """Generate launches that go well, and launches that go wrong in any way, some beside others."""
    ways = [at_peace(suite), refusals(suite), lost_replies(suite), severed(suite)]
    story: LaunchStory = draw(st.one_of(ways))
    return replace(story, rivals=Rivals(1)) if draw(EITHER) else story


@st.composite
def rivalries(draw: Draw, suite: type[LaunchPromises]) -> LaunchStory:
    """Generate launches beside others of the launch plan, most of which the server never sees."""
    code = draw(among(*_FAILURES))
    failing = PlannedFault("CreateExecution", "fails_with", code, between=_ALWAYS)
    faults = draw(st.sampled_from([(failing,), (_lost(draw),), ()]))
    rivals = draw(among(Rivals(1), Rivals(12), Rivals(0, taken=True)))
    return LaunchStory(_timeline(draw, suite), faults, rivals)


@st.composite
def among_many(draw: Draw, suite: type[LaunchPromises]) -> LaunchStory:
    """Generate launches whose answers are lost, among many others of the launch plan."""
    step = _long_step(suite)
    rivals = draw(among(Rivals(12), Rivals(12, later=True), Rivals(101)))
    timeline = Timeline((step,), Succeeds(dict(suite.outputs)))
    return LaunchStory(timeline, (_lost(draw, most=4),), rivals)


def run_launch(
    suite: LaunchPromises,
    story: LaunchStory,
    bystanders: Sequence[str] = (),
    *,
    afterwards: bool = False,
) -> Launched:
    """Call the code under test once, and tell what it left.

    Args:
        suite: Whose code it is.
        story: What happens.
        bystanders: Executions that somebody else launched, and that run on.
        afterwards: Whether to see who still calls when the execution is long over.

    Raises:
        UnexpectedUse: It did what no script foresaw.
    """
    rivals = story.rivals
    part = rehearse(suite, settled=rivals.taken) if rivals else None
    limit = (story.timeline.seconds or 0) + suite.grace
    staged = stage(limit, transport=suite.transport)
    with staged as admin, remote_of(admin, suite.client) as remote:
        suite.prepare(admin)
        admin.on_launch(suite.launch_plan, strict=False).always_plays(story.timeline)
        for name in bystanders:
            admin.add_execution(name, running().never_ends())
        if rivals and part:
            rivals.plant(admin, part)
            bystanders = [*bystanders, *rivals.names(part)]
        for fault in story.faults:
            fault.plant(admin)
        ended = attempt(admin, suite.launch, remote)
        left = _left(admin, ended, limit, bystanders)._replace(part=part)
        if afterwards and not ended.hung:
            admin.clock.advance(story.timeline.seconds or 0)
            left = left._replace(later=calls_after(admin, suite.poll_interval))
        return left


def rehearse(suite: LaunchPromises, *, settled: bool) -> Part | None:
    """Call the code under test while all is well, to see what it launches; None if nothing.

    Args:
        suite: Whose code it is.
        settled: Whether to find out if it always names the execution alike.
    """
    parts = []
    for seed in (1, 2) if settled else (1,):
        story = immediately.succeeds(dict(suite.outputs))
        with (
            stage(suite.grace, strict=False, transport=suite.transport) as admin,
            remote_of(admin, suite.client, seed=seed) as remote,
        ):
            suite.prepare(admin)
            admin.on_launch(suite.launch_plan, strict=False).always_plays(story)
            attempt(admin, suite.launch, remote)
            if not admin.launches:
                return None
            launch = admin.launches[0]
            asked = {getattr(call.request, "name", "") for call in admin.calls}
            name = launch.id.name if launch.id.name in asked else ""
            parts.append(Part(suite.launch_plan, launch.inputs, name, settled=settled))
    return parts[0]._replace(settled=settled and parts[0].name == parts[-1].name)


def run_launches(suite: LaunchPromises, story: LaunchStory) -> tuple[Launched, list[Attempt]]:
    """Call the code under test in several threads at once, on one remote, some times in each.

    Returns:
        What was left by all together, and how each call ended.
    """

    def turns(_: int) -> list[Attempt]:
        return [attempt(admin, suite.launch, remote) for _ in range(TURNS)]

    limit = TURNS * ((story.timeline.seconds or 0) + suite.grace)
    staged = stage(limit, crowd=len(STARTS), transport=suite.transport)
    with staged as admin, remote_of(admin, suite.client) as remote:
        suite.prepare(admin)
        admin.on_launch(suite.launch_plan, strict=False).always_plays(story.timeline)
        admin.on().delays(DELAY)
        ended = [each for thread in side_by_side(admin, STARTS, turns) for each in thread]
        return _left(admin, ended[0], limit), ended


def names(attempts: list[Attempt]) -> list[str | None]:
    """Return the executions that each call says it launched."""
    return [named(ended.returned) for ended in attempts]


def _left(
    admin: FakeFlyteAdmin, ended: Attempt, limit: float, bystanders: Sequence[str] = ()
) -> Launched:
    """Tell what is there after a launch, apart from what was there before."""
    phases = {row.execution_name: row.phase for row, _, _ in admin.lives()}
    others = {name: phases.pop(name) for name in bystanders if name in phases}
    return Launched(admin, ended, admin.clock.elapsed, phases, tuple(admin.calls), limit, others)


def _lost(draw: Draw, codes: Sequence[Code | None] = _LOSSES, *, most: int = 8) -> PlannedFault:
    code, attempts = draw(among(*codes)), draw(whole_numbers(1, most))
    return PlannedFault("CreateExecution", "loses_reply", code, attempts=attempts)


def _timeline(draw: Draw, suite: type[LaunchPromises]) -> Timeline:
    seconds = draw(whole_numbers(0, 3 * math.ceil(suite.poll_interval)))
    return running(seconds).succeeds(dict(suite.outputs))


def _long_step(suite: type[LaunchPromises]) -> Any:
    """Return a step that is not over when a launch fails: it is longer than the suite's grace.

    It is not much longer, since code that never gives up goes on for as long as both together.
    """
    return running(math.ceil(30 * suite.poll_interval + 2 * suite.survives + 120)).steps[0]
