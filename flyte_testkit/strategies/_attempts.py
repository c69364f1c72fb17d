"""What the attempts of tasks do, one after another, as scripts: legal by construction.

Ignorant of nodes, and of who plays them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from hypothesis import strategies as st

from flyte_testkit import failures as named
from flyte_testkit import nodes
from flyte_testkit.failures import Failure
from flyte_testkit.nodes.retries import NOT_OF_TASKS, least_retries
from flyte_testkit.propeller.wording import SYSTEM_RETRIES
from flyte_testkit.strategies._drawing import EITHER, RARELY, whole_numbers
from flyte_testkit.strategies._errors import TEXTS, failures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.timeline import Attempt, OpenAttempt

__all__ = [
    "OUTPUTS",
    "PLAIN",
    "Fate",
    "attempts",
    "bad",
    "opened",
    "seconds",
    "settled",
    "spare_retries",
]

Fate: TypeAlias = Literal["SUCCEEDED", "FAILED"] | None
"""What comes of something; None: it never ends."""

_SECOND: Final = 1000
_NUMBERED: Final = re.compile(r"\[\d+\]: ")


def opened(draw: st.DrawFn, milliseconds: int, most: int) -> OpenAttempt:
    """Draw the phases of an attempt before it ends.

    Args:
        draw: What draws.
        milliseconds: How long they may take together.
        most: How many there may be.
    """
    phases: tuple[str, ...] = draw(_PHASES)[:most]
    story = nodes.immediately
    for phase in phases:
        lasts = seconds(draw, milliseconds // len(phases))
        if phase == "running":
            story = story.running(lasts)
        else:
            reason = draw(TEXTS) if phase.endswith(_SAYS_WHY) else ""
            story = getattr(story, phase.removesuffix(_SAYS_WHY))(lasts, reason=reason)
    return story


def seconds(draw: st.DrawFn, milliseconds: int) -> float:
    """Draw how long something lasts, in seconds: often a round number, or as long as it may."""
    lasts = draw(_LENGTHS)
    if lasts is None:
        return draw(whole_numbers(0, milliseconds)) / _SECOND
    return min(lasts, milliseconds / _SECOND)


def attempts(
    draw: st.DrawFn,
    fate: Fate,
    milliseconds: int,
    most: int,
    outputs: Mapping[str, object],
) -> list[Attempt]:
    """Draw all attempts of a task that comes to this end.

    Args:
        draw: What draws.
        fate: What comes of the task.
        milliseconds: How long they may take together.
        most: How many phases each of them may have.
        outputs: What the last one gives if it succeeds; nothing if it does not.
    """
    again = draw(_AGAIN)
    if again is None:
        return [nodes.immediately.succeeds(outputs)] if outputs else [*PLAIN[fate].attempts]
    each = milliseconds // (len(again) + SYSTEM_RETRIES + 1)
    made = [_ended(opened(draw, each, most), failure) for failure in again]
    last = opened(draw, each, most)
    if fate == "SUCCEEDED":
        return [*made, last.succeeds(outputs)]
    if fate is None:
        if draw(EITHER) and last.steps:
            last = _endless(last)
        return [*made, last.never_ends()]
    failure = bad(draw)
    if failure.budget == "system":  # of these the engine forgives three
        spent = sum(one is not None and one.budget == "system" for one in again)
        return [*made, *[last.fails(failure)] * (SYSTEM_RETRIES + 1 - spent)]
    if draw(RARELY):
        return [*made, last.times_out()]
    return [*made, last.fails(failure)]


def bad(draw: st.DrawFn) -> Failure:
    """Draw why an attempt fails: what no task reports becomes an ordinary exception."""
    failure: Failure = draw(_FAILURES)
    if failure.of_task.code in NOT_OF_TASKS or _NUMBERED.match(failure.of_task.message):
        return Failure("it fails")
    return failure


def settled(made: list[Attempt], retries: int) -> list[Attempt]:
    """Return attempts of which the last is the last, if the task may try again so often."""
    *others, last = made
    failure = getattr(last.ending, "failure", None)
    is_late = last.ending.phase == "TIMED_OUT" and all(
        one.ending.phase != "TIMED_OUT" for one in others
    )
    uses_up = is_late or (failure is not None and failure.budget == "user")
    if uses_up and least_retries(tuple(made)) < retries:
        return [*others, nodes.OpenAttempt(last.steps).fails("it fails")]
    return made


def spare_retries(draw: st.DrawFn, made: list[Attempt]) -> int | None:
    """Draw what a task says of its retries that makes these attempts."""
    retries, needed = draw(_SPARE), least_retries(tuple(made))
    if retries is None:
        return None
    ending = made[-1].ending
    failure = getattr(ending, "failure", None)
    used_up = ending.phase == "TIMED_OUT" or (failure is not None and failure.budget == "user")
    return needed if used_up else needed + retries


def _ended(story: OpenAttempt, failure: Failure | None) -> Attempt:
    return story.times_out() if failure is None else story.fails(failure)


def _endless(story: OpenAttempt) -> OpenAttempt:
    """Let the last phase have no duration."""
    *steps, last = story.steps
    return nodes.OpenAttempt((*steps, replace(last, duration=None)))


_SAYS_WHY: Final = ", because"
"""What stands behind a phase that gives a reason: to draw that as well would be one more choice."""
_PHASES: Final[st.SearchStrategy[tuple[str, ...]]] = st.sampled_from(
    (
        (),
        ("running",),
        ("running",),
        ("queued",),
        ("waiting", "running"),
        ("queued", "running"),
        ("initializing", "running"),
        ("queued, because", "initializing"),
        ("waiting, because",),
        ("queued", "initializing, because", "running"),
        ("waiting, because", "queued, because", "initializing", "running"),
    )
)
_LENGTHS: Final = st.sampled_from((0, 1, 5, 10, 30, 60, 600, None))
_AGAIN: Final[st.SearchStrategy[tuple[Failure | None, ...] | None]] = st.sampled_from(
    (
        *[None] * 5,
        *[()] * 3,
        (named.recoverable(),),
        (named.preempted(),),
        (named.oom_killed(),),
        (None,),
        (named.process_died(), named.oom_killed()),
        (named.pod_deleted(), named.pod_deleted()),
        (named.outputs_not_found(), None, named.recoverable("not yet")),
        (named.preempted(),) * SYSTEM_RETRIES,
    )
)
"""Why attempts fail that are followed by another one; None for why: they take too long.

None for all: there is one attempt, the plainest.
"""
PLAIN: Final[Mapping[Fate, nodes.Task]] = {
    "SUCCEEDED": nodes.task(nodes.immediately.succeeds()),
    "FAILED": nodes.task(nodes.immediately.fails("it fails")),
    None: nodes.task(nodes.running().never_ends()),
}
"""The plainest task that comes to each end."""
_SPARE: Final = st.sampled_from((None, None, None, 0, 2))
_FAILURES: Final = failures()
OUTPUTS: Final[st.SearchStrategy[Mapping[str, object]]] = st.sampled_from(
    ({}, {}, {"o0": 0.5}, {"rows": 9}, {"name": "x", "is_good": True}, {"xs": [0.5, 1.5]})
)
"""What something gives, by name."""
