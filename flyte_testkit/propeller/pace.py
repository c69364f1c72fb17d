"""How long an engine takes to do what takes it time by itself, from recorded runs.

By default it takes no time, so that a test's seconds are those that it scripted. A real engine goes
in rounds, looks at pods now and then, and at all the executions that nodes have launched once in
half a minute. Everything here is a function of names and times: each run is like the other.

Ignorant of who waits for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Final

__all__ = ["ABORTING_TAKES", "INSTANT", "PACES", "REALISTIC", "Pace"]

ABORTING_TAKES: Final = timedelta(seconds=0.5)
"""From TerminateExecution to ABORTED: up to 0.6 s in recorded runs, so clients do see ABORTING."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NOTHING: Final = timedelta()


@dataclass(frozen=True)
class Pace:
    """How long an engine takes.

    Attributes:
        begins: From the creation of an execution until it runs.
        round: From one look at a node to the next: nodes of a level are queued in one round, and
            begin in the next.
        notices: How long it takes at most until the end of a pod is noticed.
        children_every: How often it looks at the executions that nodes have launched, all of them
            at once; nothing: each as soon as it ends.
        children_from: The instant of one of these looks, whichever.
        in_whole_seconds: Whether pods tell their times in whole seconds, as Kubernetes does.
        seed: What chance is drawn from.
    """

    begins: timedelta = _NOTHING
    round: timedelta = _NOTHING
    notices: timedelta = _NOTHING
    children_every: timedelta = _NOTHING
    children_from: datetime = _EPOCH
    in_whole_seconds: bool = False
    seed: int = 0

    def seeded(self, seed: int) -> Pace:
        """Return this pace with its chances drawn from a seed.

        Example:
            >>> REALISTIC.seeded(1).children_from == REALISTIC.seeded(2).children_from
            False
            >>> INSTANT.seeded(1) == INSTANT.seeded(2)
            True
        """
        if not self.children_every and not self.notices:
            return self
        begin = self.children_every * _chance(f"{seed} children")
        return replace(self, seed=seed, children_from=_EPOCH + begin)

    def child_noticed(self, ended: datetime) -> datetime:
        """Return when it notices that an execution has ended that a node has launched.

        Example:
            >>> noon = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
            >>> pace = Pace(children_every=timedelta(seconds=30), children_from=noon)
            >>> f"{pace.child_noticed(noon + timedelta(seconds=31)):%H:%M:%S}"
            '12:01:00'
            >>> INSTANT.child_noticed(noon) == noon
            True
        """
        if not self.children_every:
            return ended
        looks = -((self.children_from - ended) // self.children_every)
        return self.children_from + looks * self.children_every

    def pod_noticed(self, pod: str, ended: datetime) -> datetime:
        """Return when it notices that a pod has ended."""
        return ended + self.notices * _chance(f"{self.seed} {pod}") if self.notices else ended

    def of_pod(self, at: datetime) -> datetime:
        """Return an instant as a pod tells it.

        Example:
            >>> at = datetime(2024, 1, 1, 12, 0, 1, 700_000, tzinfo=timezone.utc)
            >>> f"{REALISTIC.of_pod(at):%S.%f}", f"{INSTANT.of_pod(at):%S.%f}"
            ('01.000000', '01.700000')
        """
        return at.replace(microsecond=0) if self.in_whole_seconds else at


def _chance(of: str) -> float:
    """Return a number from 0 to 1, the same for a text each time."""
    digest = hashlib.blake2b(of.encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


INSTANT: Final = Pace()
"""What takes time is what is scripted, and nothing else."""

REALISTIC: Final = Pace(
    begins=timedelta(seconds=0.5),
    round=timedelta(seconds=0.1),
    notices=timedelta(seconds=2),
    children_every=timedelta(seconds=30),
    in_whole_seconds=True,
)
"""As a real engine with its default settings."""

PACES: Final = {"instant": INSTANT, "realistic": REALISTIC}
"""What paces are called."""
