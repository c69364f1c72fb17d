"""Who takes part in virtual time, and the hooks by which a thread's start and end are known.

A *member* is a thread, or a job of a pool before a worker has picked it up. It has one seat, a
lock, on which its thread blocks until it has the turn. A *guest* takes part only while it stands in
a call of the clock: nobody would notice its end, or its other waits.

Ignorant of time, and of whose turn it is.
"""

from __future__ import annotations

import _thread
import contextlib
import itertools
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from flyte_testkit.errors import HopelessWait

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator

__all__ = ["Member", "Members", "WorldIsOver", "hook_end", "hook_start", "leave_world"]

_get_ident = _thread.get_ident
_current_thread = threading.current_thread

# From 3.11 on a thread calls its own method when it has nothing left to do.
_ENDS_BY_METHOD = "_delete" in threading.Thread._bootstrap_inner.__code__.co_names  # type: ignore[attr-defined]  # noqa: SLF001  there is no public hook


class Seat(Protocol):
    """What a member blocks on: a lock, or what acts as one."""

    def locked(self) -> bool:
        """Whether it is not poked."""

    def release(self) -> None:
        """Make whoever blocks here look up."""

    def acquire(self) -> object:
        """Block until released."""


class WorldIsOver(SystemExit):
    """Ends what still waits with a time-out when its world is left."""


def leave_world() -> None:
    """End the calling thread, or the job that it does."""
    raise WorldIsOver


class Member:
    """One that takes part.

    Attributes:
        thread: The thread that it is; ``None`` as long as no worker has picked the job up.
        order: How many joined before: the order in which those of one instant wake.
        guest: Whether it takes part only while it stands in a call of the clock.
        turn: Whether it runs.
        queued: Whether it is ready to run, and stands in the queue.
        sleeping: Whether it sleeps on the clock.
        interruptions: What it does as soon as it has the turn again, before it looks at its sleep.
        idle: Sleeps in a row with nothing scheduled.
        idle_since: When the first of them began, in microseconds.
        idle_order: Who was the latest to join by then.
        has_news: Whether somebody who joined since then has left, or released it.
        spared: Whether it was let go on once because of that.
        hooked: Whether its thread's end will be noticed by itself.
        is_job: Whether it is a job of a pool, whose worker outlives it.
        is_native: Whether it began in this world, and so may end with it.
    """

    __slots__ = (
        *("_seat", "guest", "has_news", "hooked", "idle", "idle_order", "idle_since", "spared"),
        *("interruptions", "is_job", "is_native", "order"),
        *("queued", "sleeping", "thread", "turn"),
    )

    def __init__(
        self, thread: threading.Thread | None, order: int, *, guest: bool = False, hooked: bool
    ) -> None:
        self.thread = thread
        self.order = order
        self.guest = guest
        self.hooked = hooked
        self.turn = self.queued = self.sleeping = False
        self.is_job = thread is None
        self.is_native = thread is None or thread.ident is None
        self.interruptions: deque[Callable[[], object]] | None = None
        self.idle = self.idle_since = self.idle_order = 0
        self.has_news = self.spared = False
        self._seat: Seat = _thread.allocate_lock()
        self._seat.acquire()

    def hear_of(self, gone: Member) -> None:
        """Somebody has left: this may be what it waits for."""
        if self.sat_idle_before(gone):
            self.has_news = True
        else:
            self.idle = 0

    def sat_idle_before(self, other: Member) -> bool:
        """Whether another joined after this one began to sit idle.

        It is rather part of the waiting then, as a look that is handed to a pool, than its end.
        """
        return self.idle > 0 and other.order > self.idle_order

    def poke(self) -> None:
        """Make it look up; only with the mover's lock held."""
        if self._seat.locked():
            self._seat.release()

    def doze(self) -> None:
        """Block the calling thread, which is this member, until it is poked."""
        self._seat.acquire()

    def change_seat(self, seat: Seat) -> Seat:
        """Block on something else from now on; only with the mover's lock held. Returns the old."""
        before, self._seat = self._seat, seat
        return before

    @property
    def ended(self) -> bool:
        """Whether its thread is over; what has no thread yet, or one not yet started, is not."""
        thread = self.thread
        return thread is not None and thread.ident is not None and not thread.is_alive()


class Members:
    """The members, by thread; only with the mover's lock held, except for ``here``."""

    __slots__ = ("_by_ident", "_orders", "_waiting_for_a_thread", "newest")

    def __init__(self) -> None:
        self._by_ident: dict[int, Member] = {}
        self._waiting_for_a_thread: dict[Member, None] = {}
        self._orders = itertools.count()
        self.newest = 0

    def __len__(self) -> int:
        return len(self._by_ident) + len(self._waiting_for_a_thread)

    def __iter__(self) -> Iterator[Member]:
        return itertools.chain(list(self._by_ident.values()), list(self._waiting_for_a_thread))

    def here(self) -> Member | None:
        """Return the member that the calling thread is, if it is one."""
        found = self._by_ident.get(_get_ident())
        return found if found and found.thread is _current_thread() else None

    def of(self, thread: threading.Thread) -> Member | None:
        """Return the member that a thread is, or will be once it has started."""
        found = None if thread.ident is None else self._by_ident.get(thread.ident)
        if found is not None and found.thread is thread:
            return found
        return next((m for m in self._waiting_for_a_thread if m.thread is thread), None)

    def add(
        self, thread: threading.Thread | None, *, guest: bool = False, hooked: bool = True
    ) -> Member:
        """Let one more take part."""
        self.newest = next(self._orders)
        member = Member(thread, self.newest, guest=guest, hooked=hooked)
        if thread is None or thread.ident is None:
            self._waiting_for_a_thread[member] = None
        else:
            self._by_ident[thread.ident] = member
        return member

    def seat(self, member: Member) -> Member | None:
        """Let the calling thread be a member; returns which one it was before."""
        before = self.here()
        self._waiting_for_a_thread.pop(member, None)
        member.thread = _current_thread()
        self._by_ident[_get_ident()] = member
        return before

    def unseat(self, before: Member | None) -> None:
        """Let the calling thread be the member again that it was before, or none."""
        if before is None:
            self._by_ident.pop(_get_ident(), None)
        else:
            self._by_ident[_get_ident()] = before

    def remove(self, member: Member) -> None:
        """Let it take no more part."""
        self._waiting_for_a_thread.pop(member, None)
        ident = member.thread.ident if member.thread is not None else None
        if ident is not None and self._by_ident.get(ident) is member:
            del self._by_ident[ident]


def hook_start(
    thread: threading.Thread, begin: Callable[[], object], end: Callable[[], object]
) -> Callable[[], None]:
    """Call functions when a thread that is not started yet begins and has ended.

    ``begin`` is called when the thread counts as started, ``end`` when it has nothing left to do.
    Both happen in the thread, and once. Returns what takes the hooks out again.
    """
    space = vars(thread)
    own_run, run = space.get("run"), thread.run
    inner: Callable[[], object] = thread._bootstrap_inner  # type: ignore[attr-defined]  # noqa: SLF001  there is no public hook

    def unhook() -> None:
        space.pop("_bootstrap_inner", None)
        if own_run is not None:
            space["run"] = own_run
        else:
            space.pop("run", None)

    def run_in_turn() -> None:
        unhook()
        begin()
        try:  # noqa: SIM105  ``suppress`` would ask the error by its name, and it would be heard
            run()
        except (HopelessWait, WorldIsOver):  # the clock tells of it; a thread has nobody to
            pass

    def bootstrap_inner() -> None:
        try:
            inner()
        finally:
            end()

    thread.run = run_in_turn  # type: ignore[method-assign]
    thread._bootstrap_inner = bootstrap_inner  # type: ignore[attr-defined]  # noqa: SLF001  see above
    return unhook


def hook_end(thread: threading.Thread, end: Callable[[threading.Thread], object]) -> bool:
    """Call a method when a running thread has nothing left to do; say whether that is possible.

    It is not for threads that Python did not start, and on 3.10. The main thread outlives all. The
    thread does not hold whose method it is: it may live through thousands of worlds.
    """
    if thread is threading.main_thread():
        return True
    stranger = isinstance(thread, threading._DummyThread)  # noqa: SLF001  no other way to tell
    if not _ENDS_BY_METHOD or stranger:
        return False
    known = vars(thread).get("_delete")
    if not isinstance(known, _Ends):
        known = thread._delete = _Ends(thread)  # type: ignore[attr-defined]  # noqa: SLF001  see above
    known.add(end)
    return True


class _Ends:
    """What happens once a thread has nothing left to do: in the place of its ``_delete``."""

    def __init__(self, thread: threading.Thread) -> None:
        self._thread = thread
        self._delete: Callable[[], object] = thread._delete  # type: ignore[attr-defined]  # noqa: SLF001  see above
        self._ends: list[weakref.WeakMethod[Callable[[threading.Thread], object]]] = []

    def add(self, end: Callable[[threading.Thread], object]) -> None:
        """Call this method as well, if there is somebody left whose it is."""
        self._ends = [known for known in self._ends if known() is not None]
        self._ends.append(weakref.WeakMethod(end))

    def __call__(self) -> None:
        vars(self._thread).pop("_delete", None)
        with contextlib.ExitStack() as stack:
            stack.callback(self._delete)
            for known in self._ends:  # the last one is called first
                if (end := known()) is not None:
                    stack.callback(end, self._thread)
