"""What the laws of waiting are tested with: an execution's life, a time budget, and faults.

Stories shrink towards ``immediately.succeeds()`` and no faults. They aim at where wait loops break:
at multiples of the poll interval and a moment before and after them, in timelines as in budgets and
outages. Ignorant of what the laws make of them.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from flyte_testkit.laws._others import NAMES, Others
from flyte_testkit.propeller.phases import OUTCOMES
from flyte_testkit.strategies import timelines
from flyte_testkit.strategies._drawing import EITHER, among, whole_numbers
from flyte_testkit.strategies._faults import PlannedFault
from flyte_testkit.timeline import Timeline, immediately, queued, running, undefined

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from flyte_testkit.laws._promises import Promises
    from flyte_testkit.timeline import Outcome

    Draw = Callable[..., Any]

__all__ = [
    "SUMMER_TIME",
    "Crowd",
    "Story",
    "among_many",
    "ample",
    "busy",
    "clock_changes",
    "crowds",
    "endings",
    "long_lives",
    "moments",
    "near_misses",
    "open_ends",
    "out_of_time",
    "partings",
    "phase_changes",
    "tight_budgets",
]

SUMMER_TIME: Final = "CET-1CEST,M3.5.0,M10.5.0/3"
"""A zone in words that need no table of zones: Central Europe's."""

_CHANGES: Final = (  # an hour is left out, and an hour comes twice
    datetime(2024, 3, 31, 1, tzinfo=timezone.utc),
    datetime(2024, 10, 27, 1, tzinfo=timezone.utc),
)

_CROWDS: Final = ((12, 0), (0, 12), (1, 1), (12, 12), (0, 12), (12, 0), (0, 101), (101, 0))
"""How many executions are older and newer: more than pages of ten hold, or of a hundred."""

_STARTS: Final = st.permutations([0.0, 0.37, 1.13])


@dataclass(frozen=True, repr=False)
class Story:
    """What happens to one wait.

    Attributes:
        timeline: What the execution does.
        timeout: The time budget that the wait is given, in seconds.
        faults: What goes wrong on the way, planted when the wait begins.
        start: The clock's first instant; None is the clock's own.
        zone: The local time zone, as the variable ``TZ`` has it; empty is the machine's.
        age: How long the execution has been there when the wait begins, in seconds.
        others: Executions of others, launched a second apart before and after it.
    """

    timeline: Timeline
    timeout: float
    faults: tuple[PlannedFault, ...] = ()
    start: datetime | None = None
    zone: str = ""
    age: float = 0
    others: Others | None = None

    @property
    def alone(self) -> Story:
        """The same without others."""
        return replace(self, others=None, age=self.age + (self.others.newer if self.others else 0))

    @property
    def ends_at(self) -> float:
        """When the execution ends, if it does, in seconds since the wait begins."""
        newer = self.others.newer if self.others else 0
        return (self.timeline.seconds or 0) - self.age - newer

    @property
    def succeeds(self) -> bool:
        """Whether the execution succeeds in the end."""
        return self.timeline.phase == "SUCCEEDED"

    def __repr__(self) -> str:
        told = [repr(self.timeline), f"timeout={self.timeout!r}"]
        told += [
            f"{name}={value!r}"
            for name in ("faults", "start", "zone", "age", "others")
            if (value := getattr(self, name))
        ]
        return f"Story({', '.join(told)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))


@dataclass(frozen=True)
class Crowd:
    """What happens to several waits at once, on one remote.

    Attributes:
        timelines: What the executions do.
        starts: When each wait begins, in seconds; never two at once.
        delay: How long each call takes, so that calls of several waits interleave.
        timeouts: The time budget of each wait.
    """

    timelines: tuple[Timeline, ...]
    starts: tuple[float, ...]
    delay: float
    timeouts: tuple[float, ...]


@st.composite
def endings(draw: Draw, suite: type[Promises]) -> Story:
    """Generate executions that end, with time to spare."""
    timeline = draw(lives(suite))
    return Story(timeline, ample(suite, timeline))


@st.composite
def open_ends(draw: Draw, suite: type[Promises]) -> Story:
    """Generate executions of which some never end, with some time."""
    timeline = draw(lives(suite, outcomes=(*OUTCOMES, None)))
    return Story(timeline, ample(suite, timeline))


@st.composite
def tight_budgets(draw: Draw, suite: type[Promises]) -> Story:
    """Generate executions that never end or end late, with less time than that."""
    timeouts, delays = _tight(suite.poll_interval)
    timeout, late = draw(timeouts), draw(delays)
    timeline = running().never_ends() if late is None else running(timeout + late).succeeds()
    return Story(timeline, timeout)


@st.composite
def out_of_time(draw: Draw, suite: type[Promises]) -> Story:
    """Generate executions that never end."""
    return Story(running().never_ends(), draw(moments(suite, least=1)))


@st.composite
def phase_changes(draw: Draw, suite: type[Promises]) -> Story:
    """Generate executions that change their phase while they are waited for, and never end."""
    poll = math.ceil(suite.poll_interval)
    first, second, third = (draw(among(poll, 1, 2 * poll)) for _ in range(3))
    two, three = first + second, first + second + third
    chosen = [
        lambda: (first, undefined(first).running()),
        lambda: (first, queued(first).running()),
        lambda: (two, undefined(first).queued(second).running()),
        lambda: (first, running(first).failing()),
        lambda: (first, running(first).aborting()),
        lambda: (first, running(first).succeeding()),
        lambda: (three, undefined(first).queued(second).running(third).failing()),
    ]
    changed, story = chosen[draw(among(*range(len(chosen))))]()
    return Story(story.never_ends(), changed + poll + draw(moments(suite, least=1)))


@st.composite
def among_many(draw: Draw, suite: type[Promises]) -> Story:
    """Generate executions among others of the same launch plan, that fare otherwise."""
    older, newer = draw(among(*_CROWDS))
    story, succeeds = running(newer + draw(moments(suite))), draw(EITHER)
    timeline = story.succeeds() if succeeds else story.fails("ValueError: no such column")
    otherwise = immediately.fails("not mine") if succeeds else immediately.succeeds()
    theirs = (otherwise, running().never_ends())[draw(among(0, 1))]
    others = Others(older, newer, theirs, draw(among(*NAMES)))
    return Story(timeline, ample(suite, timeline), others=others)


def partings(suite: type[Promises]) -> st.SearchStrategy[Story]:
    """Generate waits that end because the time is up, or because the execution has ended."""
    return st.one_of(out_of_time(suite), endings(suite))


@st.composite
def long_lives(draw: Draw, suite: type[Promises]) -> Story:
    """Generate executions of 120 polls, or of over an hour: few, since each costs so many calls."""
    poll = math.ceil(suite.poll_interval)
    long, hour = 120 * poll, min(max(120 * poll, 3700), 370 * poll)
    lives = [
        running(hour).succeeds(),
        queued(long).running(1).succeeds(),
        undefined(long).running(1).succeeds(),
        running(long).fails("disk full"),
    ]
    timeline = draw(st.sampled_from(lives))
    return Story(timeline, ample(suite, timeline))


@st.composite
def near_misses(draw: Draw, suite: type[Promises]) -> Story:
    """Generate executions that end shortly before the time is up; some have run for a while."""
    seconds = draw(moments(suite))
    margin = draw(among(1, 0.5, suite.poll_interval / 2, suite.poll_interval))
    age = draw(among(0, 0, 2 * math.ceil(suite.poll_interval), 3700))
    return Story(running(age + seconds).succeeds(), seconds + margin, age=age)


@st.composite
def clock_changes(draw: Draw, suite: type[Promises]) -> Story:
    """Generate waits during which the wall clock is put forward or back."""
    poll = math.ceil(suite.poll_interval)
    start = draw(among(*_CHANGES)) - timedelta(seconds=draw(whole_numbers(1, 2 * poll)))
    seconds = draw(_some_time(3 * poll))
    timeline = running().never_ends() if seconds is None else running(seconds).succeeds()
    return Story(timeline, 4 * poll, (), start, SUMMER_TIME)


@st.composite
def busy(draw: Draw, suite: type[Promises]) -> Story:
    """Generate long waits, some until the time is up, some with an outage that is survived."""
    poll = math.ceil(suite.poll_interval)
    polls, away = draw(whole_numbers(0, 12)), draw(EITHER)
    start = draw(among(0, 0, 1, 2)) * poll
    outage = PlannedFault(
        None, "fails_with", "UNAVAILABLE", between=(start, start + suite.survives)
    )
    faults = (outage,) if away and suite.survives else ()
    if draw(EITHER):
        ended = running(polls * poll).succeeds()
        return Story(ended, (polls + 3) * poll, faults)
    return Story(running().never_ends(), polls * poll + draw(among(1, poll)), faults)


@st.composite
def crowds(draw: Draw, suite: type[Promises]) -> Crowd:
    """Generate a few executions that are waited for at once; one may be given up."""
    poll = math.ceil(suite.poll_interval)
    lives: list[Timeline] = []
    timeouts: list[float] = []
    for _ in range(3):
        story = running(draw(whole_numbers(0, 2 * poll)))
        ends = draw(among("succeeds", "fails", "never"))
        if ends == "never" and not any(life.seconds is None for life in lives):
            lives.append(running().never_ends())
            timeouts.append(draw(among(poll, 2 * poll)))
            continue
        failing = ends == "fails"
        lives.append(story.fails("ValueError: no such column") if failing else story.succeeds())
        timeouts.append(ample(suite, lives[-1]) + 10)
    # Apart also where calls take a fifth or half of a second each, so that the order is the same.
    starts = tuple(draw(_STARTS))
    delay = draw(among(0.2, 0.5, 0.0))
    return Crowd(tuple(lives), starts, delay, tuple(timeouts))


def lives(
    suite: type[Promises],
    *,
    outcomes: Collection[Outcome | None] = OUTCOMES,
) -> st.SearchStrategy[Timeline]:
    """Generate timelines, three steps at most, around the moments when loops look."""
    return _lives(suite.poll_interval, tuple(outcomes))


@functools.lru_cache(typed=True)  # Hypothesis looks each new strategy over
def _lives(poll: float, outcomes: tuple[Outcome | None, ...]) -> st.SearchStrategy[Timeline]:
    longest = math.ceil(4 * poll) + 1
    outputs = st.sampled_from([{}, {"auc": 0.91}])
    drawn = timelines(max_seconds=longest, max_steps=3, outcomes=outcomes, outputs=outputs)
    around = st.builds(lambda seconds: running(seconds).succeeds(), _moments(poll, 0))
    return st.one_of(drawn, around)


def moments(suite: type[Promises], *, least: float = 0) -> st.SearchStrategy[Any]:
    """Generate seconds: multiples of the poll interval, moments beside them, and any."""
    return _moments(suite.poll_interval, least)


@functools.lru_cache(typed=True)  # likewise
def _moments(poll: float, least: float) -> st.SearchStrategy[Any]:
    near = {
        times * poll + off
        for times in range(4)
        for off in (0, 1, -1, 0.5, poll / 2)
        if times * poll + off >= least
    }
    return st.one_of(
        st.sampled_from(sorted(near)), st.integers(math.ceil(least), math.ceil(4 * poll))
    )


@functools.lru_cache(typed=True)  # likewise
def _tight(poll: float) -> tuple[st.SearchStrategy[Any], st.SearchStrategy[Any]]:
    """Generate little time, and how much later than that something ends; None is never."""
    some = _moments(poll, 1)
    return st.one_of(some, st.just(0)), st.one_of(st.none(), some)


@functools.lru_cache(typed=True)  # likewise
def _some_time(longest: int) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(0, longest))


def ample(suite: type[Promises], timeline: Timeline) -> int:
    """Return a time budget with which no final look is needed."""
    return math.ceil(timeline.seconds or 0) + 3 * math.ceil(suite.poll_interval)
