"""The agenda of all performances: which of them goes on, and when.

Runs act only when they are told the time, all that is due at its own time and in order. A run that
waits for looks stands in no agenda: it goes on when it is told of the last of them. As long as none
of them concerns another one, each goes on only when somebody asks for it, or for all: of forty
executions a client may look at one. Ignorant of what is performed and of FlyteAdmin: acts are
handed to whoever sends them.
"""

from __future__ import annotations

import heapq
import sys
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final, TypeAlias

from flyte_testkit.engine.performance import PATIENCE, Act, Terminated, Until, Wait
from flyte_testkit.propeller.pace import ABORTING_TAKES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime, timedelta

    from flyteidl.core.literals_pb2 import Literal

    from flyte_testkit.engine.performance import Audience, Looks, Performance

__all__ = ["Run", "Runs"]


@dataclass(eq=False)
class Run:
    """One execution whose engine performs.

    Attributes:
        performance: What it does.
        audience: Who looks at it.
        order: Who goes first at one instant.
        created: When it joined the others, which may be long after it began.
        to_come: Says when it will go on by itself, as far as that is known; None if its waits do.
        wait: What it waits for; None while it acts, and once it has ended.
        deaf: How long it takes until it hears that it was terminated.
        goes_on: Whether it does until then what it would do anyway.
        aborting: Whether it was terminated.
        refusals: The acts that were not taken, each with the reason.
    """

    performance: Performance[None]
    audience: Audience
    order: int
    created: datetime
    to_come: Callable[[], Iterable[datetime]] | None = None
    deaf: timedelta = ABORTING_TAKES
    goes_on: bool = False
    wait: Wait | None = None
    aborting: bool = False
    refusals: list[tuple[Act, Exception]] = field(default_factory=list)
    begun: bool = False

    @property
    def looks(self) -> Looks | None:
        """The looks that it waits for; None if it waits for none."""
        return next(self.wait.looks(), None) if self.wait is not None else None

    @property
    def signals(self) -> list[str]:
        """The ids of the signals that it waits for, each once."""
        waits = () if self.wait is None else self.wait.signals()
        return list(dict.fromkeys(wait.signal for wait in waits))


_LAST: Final = sys.maxsize
"""The turn of who heard of something that happened at that instant."""

_Entry: TypeAlias = "tuple[datetime, int, int, Run, Wait | None]"


class Runs:
    """All runs of one engine.

    Args:
        send: Sends an act; returns why it was not taken, or None.
        now: Tells the time.
    """

    def __init__(
        self, send: Callable[[Act], Exception | None], now: Callable[[], datetime]
    ) -> None:
        self._send = send
        self._now = now
        self._numbers = count()
        # When, which run, in which turn, and what it has waited for then: None is a termination.
        self._agenda: list[_Entry] = []
        self._expected: dict[Run, datetime] = {}  # until when somebody is expected to look
        self._asking: dict[Run, None] = {}  # those that wait for more than a time
        self._at = self._now()  # how late it is for whoever goes on
        self._handed = self._at  # until when all is known to have happened, for whoever asks
        self._apart = True  # whether none of them concerns another
        self._aside: dict[Run, list[_Entry]] = {}  # what was due, and nobody has asked for it

    def begin(
        self,
        performance: Performance[None],
        audience: Audience,
        at: datetime,
        to_come: Callable[[], Iterable[datetime]] | None = None,
        *,
        later: tuple[datetime, ...] | None = None,
    ) -> Run:
        """Let a performance begin at an instant, when that is handed over.

        Args:
            performance: What it does.
            audience: Who looks at it.
            at: When it begins.
            to_come: Says when it will go on by itself, as far as that is known already: it may go
                on late, and is asked before that what is still to come.
            later: Likewise of what concerns no other, and whose waits say it from then on.
        """
        run = Run(performance, audience, next(self._numbers), self._now(), to_come)
        self._apart = self._apart and later is not None
        self._wait(run, Until(at, later or ()), at)
        return run

    def terminate(self, run: Run, now: datetime) -> None:
        """Let a run hear, a moment later, that it was terminated.

        Until then it does nothing, unless it goes on: FlyteAdmin takes any end of what is ABORTING,
        so that one could succeed yet. One that acts terminates itself, and one that has ended does
        not care.
        """
        if not run.aborting and run.wait is not None:
            self._enter(now + run.deaf, run, None)
            if run.begun and not run.goes_on:
                run.wait = Wait()
                self._expected.pop(run, None)
        run.aborting = run.audience.has_stopped = True

    def hand_over(self, now: datetime) -> None:
        """Let all that is due by now happen, each at its own time and in order."""
        self._handed = now
        for run in list(self._aside):
            self._bring_back(run)
        while self._agenda and self._agenda[0][0] <= now:
            at, _, _, run, wait = heapq.heappop(self._agenda)
            if _counts(run, wait):
                self._go_on(run, at, Terminated(at) if wait is None else None)

    def hand_over_to(self, asked: Collection[Run], now: datetime) -> None:
        """Let happen what somebody can see of it who asks for these runs alone."""
        if not self._apart:
            self.hand_over(now)
            return
        self._handed = now
        for run in asked:
            self._bring_back(run)
        while self._agenda and self._agenda[0][0] <= now:
            entry = at, _, _, run, wait = heapq.heappop(self._agenda)
            if not _counts(run, wait):
                continue
            if run in asked:
                self._go_on(run, at, Terminated(at) if wait is None else None)
            else:
                self._put_aside(entry)

    def reach(self, now: datetime) -> bool:
        """Take down how late it is for whoever asks; return whether anything is due by then."""
        self._handed = now
        return bool(self._aside or (self._agenda and self._agenda[0][0] <= now))

    def catch_up(self) -> None:
        """Let happen what has waited for somebody who asks."""
        if self._aside:
            self.hand_over(self._handed)

    def _put_aside(self, entry: _Entry) -> None:
        """Let what is due wait until somebody asks for it; what comes after it is in the agenda."""
        _, _, _, run, wait = entry
        known = self._aside.setdefault(run, [])
        if any(other[-1] is wait for other in known):
            return
        known.append(entry)
        for at in wait.later if isinstance(wait, Until) else ():
            self._enter(at, run, wait)

    def _bring_back(self, run: Run) -> None:
        for entry in self._aside.pop(run, ()):
            heapq.heappush(self._agenda, entry)

    def stirred(self) -> None:
        """Let all look whether they can go on who wait for what one has just done."""
        for run in list(self._asking):
            self.poke(run, self._at)

    def bring_up(self, run: Run, now: datetime) -> None:
        """Let all happen that is due by now in one run, whatever is due in others."""
        self._bring_back(run)
        while entries := [
            e for e in self._agenda if e[3] is run and e[0] <= now and _counts(run, e[4])
        ]:
            entry = at, _, _, _, wait = min(entries)
            self._agenda.remove(entry)
            heapq.heapify(self._agenda)
            self._go_on(run, at, Terminated(at) if wait is None else None)

    def looked_at(self, run: Run, now: datetime) -> None:
        """Count a look at a run; after the last one that it waits for, it goes on."""
        if type(run.wait) is Until or run.looks is None:
            self._expected.pop(run, None)
            return
        run.audience.seen += 1
        self._expected[run] = now + PATIENCE  # after the last, too: nobody saw what has changed
        if run.wait is not None and run.wait.is_over(now):
            self._go_on(run, now)

    def poke(self, run: Run, at: datetime) -> None:
        """Let a run look whether it can go on, after all else that happens at this instant."""
        if run.wait is not None and run.wait.is_over(at):
            heapq.heappush(self._agenda, (at, _LAST, next(self._numbers), run, run.wait))

    def signalled(self, run: Run, signal: str, value: Literal, now: datetime) -> None:
        """Let a run hear that a signal was set; if it waits for that, it goes on."""
        run.audience.hears(signal, value)
        if run.wait is not None and run.wait.is_over(now):
            self._go_on(run, now)

    def next_due(self) -> datetime | None:
        """Return when something will happen by itself; None if nothing will.

        What is due already has happened, for whoever looks. What waits for looks, or changed with
        the last one, counts as to come for an hour: after that nobody is expected to look any
        more, so that a loop which never looks is found to be endless.
        """
        now = self._now()
        for at, _, _, run, wait in self._agenda[:1]:  # a slice: nothing here is locked
            if at > now and _counts(run, wait):
                return at
        to_come = (at for at in self._instants(now) if at > now)
        expected = (until for until in list(self._expected.values()) if until > now)
        return min((*to_come, *expected), default=None)

    def unseen(self, now: datetime | None = None) -> set[Run]:
        """Return the runs that have gone on, for whoever will look, since somebody looked last."""
        now = self._now() if now is None else now
        return {run for at, run in self._entries() if at <= now}

    def _entries(self) -> list[tuple[datetime, Run]]:
        aside = [entry for entries in list(self._aside.values()) for entry in entries]
        entries = [*self._agenda, *aside]
        return [(at, run) for at, _, _, run, wait in entries if _counts(run, wait)]

    def _instants(self, now: datetime) -> Iterator[datetime]:
        """Yield when something will happen by itself; what is due knows what comes after it."""
        for at, _, _, run, wait in self._agenda.copy():
            if _counts(run, wait):
                yield at
                if run.to_come is not None and wait is not None and at <= now:
                    yield from run.to_come()
                elif isinstance(wait, Until) and at <= now:
                    yield from wait.later

    def _go_on(self, run: Run, at: datetime, thrown: Terminated | None = None) -> None:
        """Let a run perform until it waits for what is still to come."""
        run.wait = None
        self._asking.pop(run, None)
        self._at = at
        if thrown:
            self._expected.pop(run, None)
        perform = run.performance
        try:
            told = perform.throw(thrown) if thrown else perform.send(at if run.begun else None)  # type: ignore[arg-type]
            run.begun = True
            while isinstance(told, Act) or told.is_over(at):
                if isinstance(told, Act):
                    self._at = at = told.at
                    if (refusal := self._send(told)) is not None:
                        run.refusals.append((told, refusal))
                told = perform.send(at)
        except (StopIteration, Terminated):
            return
        self._wait(run, told, at)

    def _wait(self, run: Run, wait: Wait, at: datetime) -> None:
        run.wait = wait
        if type(wait) not in (Wait, Until):
            self._asking[run] = None
        if wait.at is not None:
            self._enter(wait.at, run, wait)
        if run.looks is not None:
            self._expected[run] = max(at, run.created) + PATIENCE

    def _enter(self, at: datetime, run: Run, wait: Wait | None) -> None:
        heapq.heappush(self._agenda, (at, run.order, next(self._numbers), run, wait))


def _counts(run: Run, wait: Wait | None) -> bool:
    """Whether an entry of the agenda still says something of its run."""
    return run.wait is not None if wait is None else run.wait is wait
