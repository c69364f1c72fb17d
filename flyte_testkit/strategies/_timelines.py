"""Timelines: what executions will do, for a fake FlyteAdmin to play.

Ignorant of who plays them. Every value is made with the words of :mod:`flyte_testkit.timeline`, so
what a real FlyteAdmin would refuse cannot come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit import failures as named
from flyte_testkit.errors import suggests_keywords
from flyte_testkit.propeller.phases import ENDS_WITH, OUTCOMES
from flyte_testkit.strategies._arguments import at_least, check_bool, check_strategy, choose
from flyte_testkit.strategies._drawing import EITHER, RARELY, among, whole_numbers
from flyte_testkit.strategies._errors import STORABLE, failures
from flyte_testkit.timeline import (
    Outcome,
    Polls,
    Timeline,
    immediately,
    polls,
    queued,
    running,
    undefined,
)
from flyte_testkit.timeline._parts import StepPhase, refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flyte_testkit.timeline import Duration, OpenTimeline

__all__ = ["ENDINGS", "checked", "terminal_outcomes", "timelines"]

_RANK: Final[dict[StepPhase, int]] = {
    "UNDEFINED": 0,
    "QUEUED": 1,
    "RUNNING": 2,
    "SUCCEEDING": 3,
    "FAILING": 3,
    "ABORTING": 4,
}
_SECOND: Final = 1000
_POLLS: Final = (5, 10, 30, 60, 300)
_SIMPLE_FIRST: Final[tuple[StepPhase, ...]] = (
    "RUNNING",
    "UNDEFINED",
    "QUEUED",
    "SUCCEEDING",
    "FAILING",
    "ABORTING",
)
ENDINGS: Final[tuple[Outcome | None, ...]] = (*OUTCOMES, None)


@suggests_keywords
def timelines(
    *,
    max_seconds: float = 3600,
    max_steps: int = 4,
    outcomes: Collection[Outcome | None] = OUTCOMES,
    outputs: st.SearchStrategy[Mapping[str, object]] | None = None,
    any_order: bool = False,
    max_polls: int = 0,
) -> st.SearchStrategy[Timeline]:
    """Generate timelines: whole lives of executions, with an end.

    Their ends love what breaks wait loops: multiples of common poll intervals, a second before and
    after them, parts of a second, no time at all. Phases come in the order in which engines send
    them; QUEUED, which rare clients meet, may be among them.

    Shrinks to ``immediately.succeeds()``: fewer steps first, then RUNNING, then short and whole
    durations, then ordinary failures.

    Args:
        max_seconds: When the ending comes at the latest. A test waits that long on its clock.
        max_steps: The most phases before the ending.
        outcomes: Some of ``"SUCCEEDED"``, ``"FAILED"``, ``"ABORTED"``, ``"TIMED_OUT"`` and None,
            which stands for ``.never_ends()`` and is left out unless it is asked for: code that
            waits without a time limit has no answer to it.
        outputs: Draws the outputs of those that succeed, by name; none by default.
        any_order: Whether to draw all orders of phases that FlyteAdmin accepts, such as RUNNING
            after SUCCEEDING, or SUCCEEDED after ABORTING.
        max_polls: The most answers that a step may be held for, as with ``polls(3)``; by default
            steps last seconds only. The seconds of such a timeline are None.

    Raises:
        InvalidArgument: A bound is no bound, or an outcome does not exist.

    Example:
        >>> from hypothesis import find
        >>> find(timelines(), lambda timeline: True)
        immediately.succeeds()
        >>> find(timelines(), lambda timeline: timeline.seconds > 60)
        running(61).succeeds()
        >>> find(timelines(outcomes=["ABORTED"]), lambda timeline: timeline.steps)
        running(0).aborts('stop it')
    """
    return checked("timelines", max_seconds, max_steps, outcomes, outputs, any_order, max_polls)


def checked(
    call: str,
    max_seconds: float,
    max_steps: int,
    outcomes: Collection[Outcome | None],
    outputs: st.SearchStrategy[Mapping[str, object]] | None,
    any_order: bool,  # noqa: FBT001  a private function that passes on what it is given
    max_polls: int,
) -> st.SearchStrategy[Timeline]:
    """Check the arguments of a call, and generate timelines."""
    at_least(call, "max_seconds", max_seconds, 0, whole=False)
    at_least(call, "max_steps", max_steps, 0)
    at_least(call, "max_polls", max_polls, 0)
    check_bool(call, "any_order", any_order)
    chosen = choose(call, "outcomes", outcomes, ENDINGS)
    if max_seconds == float("inf"):
        raise InvalidArgument(
            f"{call}(max_seconds={max_seconds!r}): a timeline that ends, ends some time."
            "\nGive it a number; for those that do not end, add None to outcomes."
        )
    if max_steps == 0 and chosen == (None,):
        raise InvalidArgument(
            f"{call}(max_steps=0, outcomes={outcomes!r}): what never ends needs a phase to stay"
            " in.\nAllow a step, or another outcome."
        )
    if outputs is not None:
        check_strategy(call, "outputs", outputs, "st.just({'auc': 0.9})")
    held = st.just(None)
    if max_polls:
        held = st.one_of(st.none(), st.none(), st.integers(1, max_polls).map(polls))
    return _timelines(_ends(max_seconds), max_steps, chosen, outputs, any_order, held)


@st.composite
def _timelines(
    draw: st.DrawFn,
    ends: st.SearchStrategy[int],
    max_steps: int,
    outcomes: tuple[Outcome | None, ...],
    outputs: st.SearchStrategy[Mapping[str, Any]] | None,
    any_order: bool,  # noqa: FBT001  a private function with one caller
    held: st.SearchStrategy[Polls | None],
) -> Timeline:
    ending = draw(among(*outcomes))
    phases = _draw_phases(draw, max_steps, ending, any_order=any_order)
    story, left = immediately, draw(ends) if phases else 0
    for phase in phases[:-1]:
        seconds = draw(whole_numbers(0, left // _SECOND))
        story = _step(draw, story, phase, draw(held) or seconds, ending)
        left -= seconds * _SECOND
    if phases:
        forever = ending is None and draw(EITHER)
        last = draw(held) or left / _SECOND
        story = _step(draw, story, phases[-1], None if forever else last, ending)
    return _end(draw, story, ending, outputs)


def _draw_phases(
    draw: st.DrawFn, max_steps: int, ending: Outcome | None, *, any_order: bool
) -> list[StepPhase]:
    phases: list[StepPhase] = []
    least = 1 if ending is None else 0
    for _ in range(draw(whole_numbers(least, max(least, max_steps)))):
        fitting = [
            phase
            for phase in _SIMPLE_FIRST
            if not phases or refusal(phases[-1], phase) is None
            if any_order or _in_order(phases, phase, ending)
        ]
        if not fitting:
            break
        phases.append(draw(among(*fitting)))
    return phases


def _in_order(phases: list[StepPhase], phase: StepPhase, ending: Outcome | None) -> bool:
    forward = not phases or _RANK[phases[-1]] < _RANK[phase]
    return forward and ending in {None, ENDS_WITH.get(phase, ending)}


def _ends(max_seconds: float) -> st.SearchStrategy[int]:
    """Generate when the ending comes, in thousandths of a second.

    It is this sum that meets a poll or misses it, so it is drawn first, and then divided.
    """
    whole = int(max_seconds)
    near = [
        poll * times + off
        for poll in _POLLS
        for times in (1, 2)
        for off in (0, 1, -1)
        if poll * times + off <= whole
    ]
    seconds = st.one_of(
        st.integers(0, min(whole, 120)),
        st.sampled_from(near or [0]),
        st.sampled_from(near or [0]),
        st.integers(0, whole),
    ).map(lambda number: number * _SECOND)
    return st.one_of(seconds, st.integers(0, int(max_seconds * _SECOND)))


def _step(
    draw: st.DrawFn,
    story: OpenTimeline,
    phase: StepPhase,
    seconds: Duration | None,
    ending: Outcome | None,
) -> OpenTimeline:
    if phase == "FAILING":  # engines always say why: what it ends with, if it ends so
        told = ending != "FAILED" or draw(RARELY)
        return story.failing(seconds, draw(_FAILURES) if told else None)
    if phase == "ABORTING":
        return story.aborting(seconds, cause=draw(_CAUSES) if draw(RARELY) else "")
    words = {
        "UNDEFINED": story.undefined,
        "QUEUED": story.queued,
        "RUNNING": story.running,
        "SUCCEEDING": story.succeeding,
    }
    return words[phase](seconds)


def _end(
    draw: st.DrawFn,
    story: OpenTimeline,
    ending: Outcome | None,
    outputs: st.SearchStrategy[Mapping[str, Any]] | None,
) -> Timeline:
    if ending == "SUCCEEDED":
        return story.succeeds({} if outputs is None else draw(outputs))
    if ending == "FAILED":
        return story.fails(draw(_FAILURES))
    if ending == "ABORTED":
        return story.aborts(draw(_CAUSES), principal=draw(_PRINCIPALS))
    if ending == "TIMED_OUT":
        return story.times_out(draw(_FAILURES) if draw(RARELY) else None)
    return story.never_ends()


def terminal_outcomes() -> tuple[Timeline, ...]:
    """Return one timeline for every way in which an execution ends, for ``parametrize``.

    No property test needed: each is a life that clients have got wrong. ``ids=str`` gives the tests
    readable names::

        @pytest.mark.parametrize("timeline", terminal_outcomes(), ids=str)
        def test_tells_how_it_ended(timeline, flyte_admin, flyte_remote): ...

    Example:
        >>> for timeline in terminal_outcomes()[:3]:
        ...     print(timeline)
        RUNNING 1m -> SUCCEEDED
        SUCCEEDED
        UNDEFINED 2s -> RUNNING 1m -> SUCCEEDING 1s -> SUCCEEDED
    """
    return (
        running(60).succeeds(),
        immediately.succeeds(),
        undefined(2).running(60).succeeding(1).succeeds(),
        queued(5).running(60).succeeds(),
        running(60).fails("ValueError: no such column"),
        running(60).fails(named.oom_killed()),
        running(60).fails(named.retries_exhausted()),
        running(60).fails(named.timeout_expired()),
        running(60).fails(named.node_timed_out()),
        running(60).fails(named.map_item_failed()),
        running(60).fails(named.system_error()),
        running(60).fails("", code="", kind="UNKNOWN"),
        running(60).failing(30).fails("ValueError: no such column"),
        undefined(2).fails("no such service account", code="BadWorkflowSpecification"),
        running(60).aborts("too dear", principal="ann"),
        running(60).aborts(""),
        undefined(2).aborts("changed my mind"),
        running(60).aborting(30).aborts("too dear"),
        running(60).times_out(),
        running(60).times_out(named.node_timed_out()),
    )


_FAILURES: Final = failures()
_CAUSES: Final = st.one_of(st.just("stop it"), STORABLE)
_PRINCIPALS: Final = st.one_of(st.just(""), STORABLE)
