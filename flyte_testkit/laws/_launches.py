"""What the laws of launching are tested with, one run of the code under test, and what it left.

What counts is what the server has in the end, whatever the client was told. Ignorant of
which of it breaks a law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hypothesis import strategies as st

from flyte_testkit.laws._stories import FOR_EVER, HOPELESS
from flyte_testkit.laws._watching import (
    ENDED,
    Attempt,
    attempt,
    named,
    remote_of,
    side_by_side,
    stage,
)
from flyte_testkit.strategies._faults import PlannedFault
from flyte_testkit.timeline import Succeeds, Timeline, running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyte_testkit.admin.errors import Code
    from flyte_testkit.laws._launching import LaunchingLaws
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call
    from flyte_testkit.wire.names import Rpc

    Draw = Callable[..., Any]

__all__ = [
    "BYSTANDERS",
    "DELAY",
    "STARTS",
    "TURNS",
    "LaunchStory",
    "Launched",
    "at_peace",
    "away",
    "blips",
    "lost_replies",
    "names",
    "refusals",
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

_ALWAYS: Final = (0, FOR_EVER)

_TERMINATED = frozenset({"ABORTING", "ABORTED"})
_STOPPED = ENDED | _TERMINATED


@dataclass(frozen=True, repr=False)
class LaunchStory:
    """What happens to a launch.

    Attributes:
        timeline: What each execution that is launched does.
        faults: What goes wrong, planted before the launch.
    """

    timeline: Timeline
    faults: tuple[PlannedFault, ...] = ()

    def __repr__(self) -> str:
        faults = f", {self.faults!r}" if self.faults else ""
        return f"LaunchStory({self.timeline!r}{faults})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))


class Launched(NamedTuple):
    """What one launch left.

    Attributes:
        admin: The server, which answers no more.
        ended: How the call of the code under test ended.
        at: When, in seconds.
        phases: The phase of each execution that was launched, by name.
        calls: The calls of the launch.
        limit: When it would have been stopped.
        bystanders: The phase of each execution that was there before, by name.
    """

    admin: FakeFlyteAdmin
    ended: Attempt
    at: float
    phases: dict[str, str]
    calls: tuple[Call, ...]
    limit: float
    bystanders: dict[str, str]

    @property
    def name(self) -> str | None:
        """The execution that the code says it launched, if it says so."""
        return named(self.ended.returned)

    @property
    def known(self) -> str | None:
        """The execution that the caller knows of by the return; the latest if none is named."""
        if self.ended.raised is not None:
            return None
        return self.name if self.name is not None else next(reversed(self.phases), None)

    @property
    def dead(self) -> bool:
        """Whether what was returned had been terminated, as only the code can have done."""
        return self.phases.get(self.known or "") in _TERMINATED

    @property
    def orphans(self) -> list[str]:
        """The executions that go on, and of which the caller does not know."""
        running_on = [name for name, phase in self.phases.items() if phase not in _STOPPED]
        if self.ended.raised is None:
            return [name for name in running_on if name != self.known]
        told = _chain(self.ended.raised)
        return [name for name in running_on if name not in told]


@st.composite
def at_peace(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate executions that succeed, and nothing that goes wrong."""
    return LaunchStory(_timeline(draw, suite))


@st.composite
def lost_replies(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate launches that the server sees and whose answers are lost, or come too late."""
    return LaunchStory(_timeline(draw, suite), (_lost(draw),))


@st.composite
def severed(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate servers that launch and then tell nothing, or no good news, or terminate nothing."""
    lost = _lost(draw)
    code = draw(st.sampled_from(("UNAVAILABLE", *HOPELESS[1:])))
    blind = PlannedFault("GetExecution", "fails_with", code, between=_ALWAYS)
    deaf = PlannedFault("TerminateExecution", "fails_with", code, between=_ALWAYS)
    ways = [(lost,), (blind,), (lost, blind), (lost, deaf), (blind, deaf), (lost, blind, deaf)]
    faults = draw(st.sampled_from(ways))
    return LaunchStory(Timeline((_long_step(suite),), Succeeds(dict(suite.outputs))), faults)


@st.composite
def away(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate outages no longer than the code promises to survive, at the launch or later."""
    longest = suite.survives
    start = draw(st.sampled_from([0, *(n * suite.poll_interval for n in range(1, 3))]))
    length = draw(st.sampled_from(sorted({longest, longest / 2, min(1, longest)})))
    code = draw(st.sampled_from(suite.blip_codes))
    fault = PlannedFault(None, "fails_with", code, between=(start, start + length))
    return LaunchStory(_timeline(draw, suite), (fault,) if longest else ())


@st.composite
def blips(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate outages that the code promises to survive, or one answer that is lost in one."""
    story: LaunchStory = draw(away(suite))
    codes = [code for code in _LOSSES if (code or "UNAVAILABLE") in suite.blip_codes]
    if not codes or not draw(st.booleans()):
        return story
    return LaunchStory(story.timeline, (_lost(draw, codes, most=1),))


@st.composite
def refusals(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate servers that refuse every launch, or all there is, for what no patience heals."""
    code = draw(st.sampled_from(("PERMISSION_DENIED", "UNAUTHENTICATED", "INVALID_ARGUMENT")))
    rpc: Rpc | None = draw(st.sampled_from(("CreateExecution", None)))
    fault = PlannedFault(rpc, "fails_with", code, between=_ALWAYS)
    return LaunchStory(_timeline(draw, suite), (fault,))


def troubles(suite: type[LaunchingLaws]) -> st.SearchStrategy[LaunchStory]:
    """Generate launches that go well, and launches that go wrong in any way."""
    return st.one_of(at_peace(suite), refusals(suite), lost_replies(suite), severed(suite))


def run_launch(
    suite: LaunchingLaws, story: LaunchStory, bystanders: Sequence[str] = ()
) -> Launched:
    """Call the code under test once, and tell what it left.

    Args:
        suite: Whose code it is.
        story: What happens.
        bystanders: Executions that somebody else launched, and that run on.

    Raises:
        UnexpectedUse: It did what no script foresaw.
    """
    limit = (story.timeline.seconds or 0) + suite.grace
    with stage(limit) as admin, remote_of(admin, suite.client) as remote:
        suite.prepare(admin)
        admin.on_launch(suite.launch_plan, strict=False).always_plays(story.timeline)
        for name in bystanders:
            admin.add_execution(name, running().never_ends())
        for fault in story.faults:
            fault.plant(admin)
        ended = attempt(admin, suite.launch, remote)
        return _left(admin, ended, limit, bystanders)


def run_launches(suite: LaunchingLaws, story: LaunchStory) -> tuple[Launched, list[Attempt]]:
    """Call the code under test in several threads at once, on one remote, some times in each.

    Returns:
        What was left by all together, and how each call ended.
    """

    def turns(_: int) -> list[Attempt]:
        return [attempt(admin, suite.launch, remote) for _ in range(TURNS)]

    limit = TURNS * ((story.timeline.seconds or 0) + suite.grace)
    with stage(limit, crowd=len(STARTS)) as admin, remote_of(admin, suite.client) as remote:
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
    others = {name: phases.pop(name) for name in bystanders}
    return Launched(admin, ended, admin.clock.elapsed, phases, tuple(admin.calls), limit, others)


def _lost(draw: Draw, codes: Sequence[Code | None] = _LOSSES, *, most: int = 8) -> PlannedFault:
    code, times = draw(st.sampled_from(codes)), draw(st.integers(1, most))
    return PlannedFault("CreateExecution", "loses_reply", code, times=times)


def _timeline(draw: Draw, suite: type[LaunchingLaws]) -> Timeline:
    seconds = draw(st.integers(0, 3 * math.ceil(suite.poll_interval)))
    return running(seconds).succeeds(dict(suite.outputs))


def _long_step(suite: type[LaunchingLaws]) -> Any:
    """Return a step that is not over when a launch fails: it is longer than the suite's grace.

    It is not much longer, since code that never gives up goes on for as long as both together.
    """
    return running(math.ceil(30 * suite.poll_interval + 2 * suite.survives + 120)).steps[0]


def _chain(error: BaseException | None) -> str:
    """Return all that an error says, with what its traceback shows that it came of."""
    told: list[str] = []
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        told += [str(error), *getattr(error, "__notes__", ())]
        hidden = error.__suppress_context__  # raised from something, if only from None
        error = error.__cause__ if hidden else error.__context__
    return "\n".join(told)
