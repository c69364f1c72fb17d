"""What the laws of launching are tested with, one run of the code under test, and what it left.

What counts is what the server has in the end, whatever the client was told. Ignorant of
which of it breaks a law.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from flyte_testkit.laws._stories import HOPELESS
from flyte_testkit.laws._watching import ENDED, Attempt, attempt, named, remote_of, stage
from flyte_testkit.strategies._faults import PlannedFault
from flyte_testkit.timeline import Succeeds, Timeline, running

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.laws._launching import LaunchingLaws
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call

    Draw = Callable[..., Any]

__all__ = [
    "LaunchStory",
    "Launched",
    "at_peace",
    "away",
    "lost_replies",
    "refusals",
    "run_launch",
    "run_launches",
    "severed",
]

_STOPPED = ENDED | {"ABORTING"}


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
        phases: The phase of each execution that there was then, by name.
        calls: The calls of the launch.
        limit: When it would have been stopped.
    """

    admin: FakeFlyteAdmin
    ended: Attempt
    at: float
    phases: dict[str, str]
    calls: tuple[Call, ...]
    limit: float

    @property
    def name(self) -> str | None:
        """The execution that the code says it launched, if it says so."""
        return named(self.ended.returned)

    @property
    def orphans(self) -> list[str]:
        """The executions that go on, and of which the caller does not know."""
        running_on = [name for name, phase in self.phases.items() if phase not in _STOPPED]
        if self.ended.raised is None:
            known = self.name if self.name is not None else next(reversed(self.phases), None)
            return [name for name in running_on if name != known]
        told = _chain(self.ended.raised)
        return [name for name in running_on if name not in told]


@st.composite
def at_peace(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate executions that succeed, and nothing that goes wrong."""
    return LaunchStory(_timeline(draw, suite))


@st.composite
def lost_replies(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate launches that the server sees and whose answers are lost."""
    times = draw(st.integers(1, 8))
    fault = PlannedFault("CreateExecution", "loses_reply", times=times)
    return LaunchStory(_timeline(draw, suite), (fault,))


@st.composite
def severed(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate servers that do what they are asked for and then tell nothing, or no good news."""
    lost = PlannedFault("CreateExecution", "loses_reply", times=draw(st.integers(1, 8)))
    code = draw(st.sampled_from(("UNAVAILABLE", *HOPELESS[1:])))
    blind = PlannedFault("GetExecution", "fails_with", code, between=(0, 10**6))
    faults = draw(st.sampled_from([(lost,), (blind,), (lost, blind)]))
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
def refusals(draw: Draw, suite: type[LaunchingLaws]) -> LaunchStory:
    """Generate servers that refuse every launch, for a reason that no patience heals."""
    code = draw(st.sampled_from(("PERMISSION_DENIED", "UNAUTHENTICATED", "INVALID_ARGUMENT")))
    fault = PlannedFault("CreateExecution", "fails_with", code, between=(0, 10**6))
    return LaunchStory(_timeline(draw, suite), (fault,))


def run_launch(suite: LaunchingLaws, story: LaunchStory) -> Launched:
    """Call the code under test once, and tell what it left.

    Raises:
        UnexpectedUse: It did what no script foresaw.
    """
    limit = (story.timeline.seconds or 0) + suite.grace
    with stage(limit) as admin, remote_of(admin, suite.client) as remote:
        suite.prepare(admin)
        admin.on_launch(suite.launch_plan).always_plays(story.timeline)
        for fault in story.faults:
            fault.plant(admin)
        ended = attempt(admin, suite.launch, remote)
        phases = {row.execution_name: row.phase for row, _, _ in admin.lives()}
        return Launched(admin, ended, admin.clock.elapsed, phases, tuple(admin.calls), limit)


def run_launches(
    suite: LaunchingLaws, story: LaunchStory, size: int
) -> tuple[Launched, list[Attempt]]:
    """Call the code under test in several threads at once, on one remote.

    Returns:
        What was left by all together, and how each call ended.
    """
    limit = (story.timeline.seconds or 0) + suite.grace
    with stage(limit, crowd=size) as admin, remote_of(admin, suite.client) as remote:
        suite.prepare(admin)
        admin.on_launch(suite.launch_plan).always_plays(story.timeline)
        admin.on().delays(0.2)

        def one(number: int) -> Attempt:
            admin.clock.sleep(0.3 * number**2)  # never two at once, so the order is the same
            return attempt(admin, suite.launch, remote)

        with ThreadPoolExecutor(size) as pool:
            ended = list(pool.map(one, range(size)))
        phases = {row.execution_name: row.phase for row, _, _ in admin.lives()}
        at, calls = admin.clock.elapsed, tuple(admin.calls)
        return Launched(admin, ended[0], at, phases, calls, limit), ended


def names(attempts: list[Attempt]) -> list[str | None]:
    """Return the executions that each call says it launched."""
    return [named(ended.returned) for ended in attempts]


def _timeline(draw: Draw, suite: type[LaunchingLaws]) -> Timeline:
    seconds = draw(st.integers(0, 3 * math.ceil(suite.poll_interval)))
    return running(seconds).succeeds(dict(suite.outputs))


def _long_step(suite: type[LaunchingLaws]) -> Any:
    """Return a step that is not over when a launch that failed is looked at."""
    return running(1000 * math.ceil(suite.poll_interval)).steps[0]


def _chain(error: BaseException | None) -> str:
    """Return all that an error says, with what it was raised from."""
    told: list[str] = []
    while error is not None and len(told) < 10:
        told.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(told)
