"""How long the attempts of a node may take: what its definition says, if it says anything.

What never ends is stopped then, as anything is; a script of what ends later is refused elsewhere.

Ignorant of what is told of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flyte_testkit.admin.go import durations
from flyte_testkit.timeline import Attempt, NeverEnds, Polls, TaskStep, TimesOut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyteidl.core import workflow_pb2

__all__ = ["limit", "within"]


def limit(node: workflow_pb2.Node) -> float:
    """Return how many seconds an attempt of a node may take; 0 for any number.

    flytekit lets a node say what its task says; what a task says itself is not asked.
    """
    return durations.nanoseconds(node.metadata.timeout) / 1e9


def within(attempts: tuple[Attempt, ...], node: workflow_pb2.Node) -> tuple[Attempt, ...]:
    """Return attempts as an engine lets them be: one that would never end takes too long."""
    most = limit(node)
    return tuple(_within(one, most) for one in attempts) if most else attempts


def _within(attempt: Attempt, most: float) -> Attempt:
    counts_looks = any(isinstance(step.duration, Polls) for step in attempt.steps)
    if not isinstance(attempt.ending, NeverEnds) or counts_looks:
        return attempt
    return Attempt(tuple(_cut(attempt.steps or (TaskStep("QUEUED"),), most)), TimesOut())


def _cut(steps: tuple[TaskStep, ...], most: float) -> Iterator[TaskStep]:
    """Yield the steps until then; the last one lasts as long as there is time."""
    for step in steps:
        length = step.duration
        if step is steps[-1] or not isinstance(length, (int, float)) or length >= most:
            yield replace(step, duration=most)
            return
        yield step
        most -= length
