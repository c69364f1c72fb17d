"""Several performances side by side, which their owner starts, and stops if one of them fails.

The owner drives them with ``yield from nursery.run(at)``. Members may join while they run, as a
node joins once its upstream nodes have ended. After a failure all that is due at its instant still
happens, nothing begins any more, then the failure is raised, and the others are left as they are:
what is said before they stop, and how, is the owner's affair. With
``yield from nursery.stop(error, at)`` it throws an error into each of them, in the order in which
they joined, and lets them clean up.

Ignorant of what is performed.
"""

from __future__ import annotations

import heapq
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from flyte_testkit.engine.performance import Act, Until, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flyte_testkit.engine.performance import Looks, Performance, Signalled

__all__ = ["AnyOf", "Nursery"]


_NEVER = datetime.min.replace(tzinfo=timezone.utc)

_BY_TIME = frozenset({Wait, Until})
"""The waits that only time ends, or nothing: nobody need ask them."""


class _Member:
    """One performance, by the order in which it joined, and what it waits for."""

    __slots__ = ("ended", "failed", "order", "performance", "wait")

    def __init__(
        self,
        order: int,
        performance: Performance[Any],
        ended: Callable[[Any, datetime], object] | None,
        failed: Callable[[Exception, datetime], object] | None,
    ) -> None:
        self.order = order
        self.performance = performance
        self.ended = ended
        self.failed = failed
        self.wait = Wait()


class Nursery:
    """Performances that go on side by side in virtual time.

    Args:
        patient: Whether a failure is raised only when all members have ended by themselves, those
            that join later included.

    Attributes:
        at: How late it was when one of them went on last.

    Example:
        >>> from datetime import datetime, timedelta, timezone
        >>> noon = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
        >>> def nap(minutes):
        ...     yield Until(noon + timedelta(minutes=minutes))
        ...     return minutes
        >>> naps = []
        >>> nursery = Nursery()
        >>> for minutes in (20, 10):
        ...     nursery.start(nap(minutes), lambda result, at: naps.append(result))
        >>> performance = nursery.run(noon)
        >>> wait = next(performance)
        >>> wait = performance.send(wait.at)
        >>> naps, f"{wait.at:%H:%M}"
        ([10], '12:20')
    """

    def __init__(self, *, patient: bool = False) -> None:
        self._patient = patient
        self._failure: Exception | None = None
        self._members: dict[int, _Member] = {}
        self._fresh: list[_Member] = []
        self._agenda: list[tuple[datetime, int, _Member, Wait]] = []  # and waits that are over
        self._asked: dict[int, _Member] = {}  # those that wait for more than a time
        self._count = self._waits = 0
        self.at: datetime = _NEVER

    def __len__(self) -> int:
        return len(self._members)

    def start(
        self,
        performance: Performance[Any],
        ended: Callable[[Any, datetime], object] | None = None,
        failed: Callable[[Exception, datetime], object] | None = None,
    ) -> None:
        """Let a performance join; it begins in its turn, at the instant that goes on.

        Args:
            performance: What it does.
            ended: Told of its result, and of the time, once it has ended well; may start others.
            failed: Told of what it raised, and of the time, once it has failed; likewise.
        """
        self._count += 1
        member = _Member(self._count, performance, ended, failed)
        self._members[member.order] = member
        self._fresh.append(member)

    def run(self, at: datetime) -> Performance[datetime]:
        """Perform until every member has ended, or one has failed and its instant is over.

        Returns:
            When that was.

        Raises:
            Exception: What the first member that failed raised; the others are still there.
        """
        at = yield from self._run(at, None)
        self._raise_failure()
        return at

    def stop(self, error: Exception, at: datetime) -> Performance[datetime]:
        """Throw an error into every member and let all of them clean up, side by side.

        A member says that it has stopped by ending, or by raising this very error.

        Returns:
            When the last of them had stopped.

        Raises:
            Exception: What a member raised instead.
        """
        self._failure = None
        self._fresh.clear()  # an error that is thrown into what has not begun ends it
        for member in list(self._members.values()):
            member.ended = member.failed = None
            at = yield from self._go_on(member, at, member.performance.throw, error, error)
        at = yield from self._run(at, error)
        self._raise_failure()
        return at

    def _raise_failure(self) -> None:
        """Raise what the first member that failed raised, and keep no hold of it: it holds us."""
        failure, self._failure = self._failure, None
        if failure is not None:
            try:
                raise failure
            finally:
                del failure

    def _run(self, at: datetime, stopping: Exception | None) -> Performance[datetime]:
        try:
            while self._members:
                impatient = self._failure is not None and not self._patient and stopping is None
                if self._fresh and not impatient:
                    member = self._fresh.pop(0)
                    at = yield from self._go_on(member, at, member.performance.send, None)
                    continue
                wait = self._wait()
                if not wait.is_over(at):
                    if impatient:
                        break
                    at = yield wait
                for member in self._over(at):
                    at = yield from self._go_on(member, at, member.performance.send, at, stopping)
        except GeneratorExit:  # nobody goes on, and members and failures hold who owns them
            for held in (self._members, self._fresh, self._agenda, self._asked):
                held.clear()
            self._failure = None
            raise
        return at

    def _go_on(
        self,
        member: _Member,
        at: datetime,
        step: Callable[[Any], Act | Wait],
        value: object,
        stopping: Exception | None = None,
    ) -> Performance[datetime]:
        """Let a member perform until it waits or has ended; return how late it is then."""
        self._asked.pop(member.order, None)
        try:
            told = step(value)
            while isinstance(told, Act):
                at = yield told
                told = member.performance.send(at)
        except StopIteration as end:
            del self._members[member.order]
            if member.ended is not None:
                member.ended(end.value, at)
        except Exception as failure:  # noqa: BLE001  whatever a member raises is its failure
            del self._members[member.order]
            if failure is stopping:  # thrown a thousand times, its traceback would grow each time
                failure.with_traceback(None)
            else:
                self._failure = self._failure or failure
                if member.failed is not None:
                    member.failed(failure, at)
        else:
            member.wait = told
            if told.at is not None:
                self._waits += 1  # of one instant, who has waited longer goes first: in rounds
                heapq.heappush(self._agenda, (told.at, self._waits, member, told))
            if type(told) not in _BY_TIME:
                self._asked[member.order] = member
        self.at = at
        return at

    def _wait(self) -> Wait:
        """Return what all of them wait for: that one of them may go on."""
        first = self._first()
        at = first.wait.at if first else None
        if not self._asked:
            return Wait(at)
        return AnyOf(at, [member.wait for member in self._asked.values()])

    def _over(self, at: datetime) -> Iterator[_Member]:
        """Yield whose wait is over: first in time, of one instant in the order of joining."""
        while (first := self._first()) is not None and self._agenda[0][0] <= at:
            heapq.heappop(self._agenda)
            yield first
        for member in list(self._asked.values()):
            if member.wait.is_over(at):
                yield member

    def _first(self) -> _Member | None:
        """Return whose time comes first."""
        while self._agenda:
            _, _, member, wait = self._agenda[0]
            if member.wait is wait and member.order in self._members:
                return member
            heapq.heappop(self._agenda)
        return None


class AnyOf(Wait):
    """Over once one of several waits is, of which one is the first in time."""

    __slots__ = ("_others",)

    def __init__(self, first: datetime | None, others: list[Wait]) -> None:
        super().__init__(first)
        self._others = others

    def is_over(self, now: datetime) -> bool:
        """Ask the others."""
        return super().is_over(now) or any(wait.is_over(now) for wait in self._others)

    def looks(self) -> Iterator[Looks]:
        """Yield the looks that they wait for."""
        for wait in self._others:
            yield from wait.looks()

    def signals(self) -> Iterator[Signalled]:
        """Yield the signals that they wait for."""
        for wait in self._others:
            yield from wait.signals()
