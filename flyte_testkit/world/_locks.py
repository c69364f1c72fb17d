"""What stands in for ``Lock``, ``RLock`` and ``SimpleQueue``: whoever waits for them, sleeps.

A lock is handed to the waiter that came first, before anybody else can take it. Only locks that
code under test makes are of this kind: those inside an ``Event`` or a ``Queue`` are never held
across a wait, and stay what they are.

They stand there from the first moment in which somebody asks for a world: a lock that a test makes
before it enters one may well be waited for inside. Outside of a world, installed packages get the
real ones.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import _thread
import contextlib
import functools
import queue
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._schedule import LONGEST
from flyte_testkit.world._bindings import is_installed
from flyte_testkit.world._looks import looked
from flyte_testkit.world._older_threads import wake_older
from flyte_testkit.world._reins import caller, held, is_machinery, is_runner

if TYPE_CHECKING:
    from types import FrameType

    from flyte_testkit.clock import Sleeper
    from flyte_testkit.world._reins import Reins

__all__ = ["FACTORIES", "REAL_LOCK", "REAL_QUEUE", "REAL_RLOCK", "Lock", "RLock", "SimpleQueue"]

REAL_LOCK: Any = threading.Lock
REAL_RLOCK: Any = threading.RLock
REAL_QUEUE: Any = queue.SimpleQueue
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_get_ident = threading.get_ident


def _made_by_code_under_test(frame: FrameType) -> bool:
    """Whether the code of this frame makes it for itself, or by making a ``Condition``."""
    if frame.f_code is threading.Condition.__init__.__code__ and frame.f_back is not None:
        frame = frame.f_back
    space = frame.f_globals
    if is_runner(frame) or is_machinery(space.get("__name__") or ""):
        return False
    return bool(held) or not is_installed(space)


class _Made(type):
    """Passes for the real thing, and makes the real thing unless code under test asks."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not _ours_of(cls) or _made_by_code_under_test(_frame(1)):
            return super().__call__(*args, **kwargs)
        return cls.__real__(*args, **kwargs)  # type: ignore[attr-defined]

    def __instancecheck__(cls, instance: object) -> bool:
        return super().__instancecheck__(instance) or (
            cls is _ours_of(cls) and isinstance(instance, cls.__kind__)  # type: ignore[attr-defined]
        )


@functools.lru_cache(maxsize=64)  # it holds classes, which may be made by a function
def _ours_of(cls: type) -> type | None:
    """Return the class of this module that a class is or builds on."""
    return next((base for base in cls.__mro__ if base.__module__ == __name__), None)


class Lock(metaclass=_Made):
    """A lock; its own state is a real one, so machinery may use it as it always did."""

    __slots__ = ("__weakref__", "_inner", "_line")
    __real__ = REAL_LOCK
    __kind__ = type(_thread.allocate_lock())

    def __init__(self, inner: Any = None) -> None:
        self._inner: Any = _thread.allocate_lock() if inner is None else inner
        self._line: deque[Sleeper] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002  as the real one
        """Take the lock, or wait for it on the clock."""
        if timeout != -1 and not (blocking and 0 <= timeout <= LONGEST):
            return bool(self._inner.acquire(blocking, timeout))  # which refuses it
        if self._inner.acquire(False):
            return True
        if blocking and timeout:
            return _wait_for(self, caller(_frame(1)), timeout)
        looked(_frame(1))
        return False

    def __enter__(self) -> bool:
        return self._inner.acquire(False) or _wait_for(self, caller(_frame(1)), -1)

    def release(self) -> None:
        """Release the lock, or hand it to who came first."""
        if self._line:
            _hand_on(self)
        else:
            self._inner.release()

    def __exit__(self, *_: object) -> None:
        self.release()

    def locked(self) -> bool:
        """Whether somebody has it."""
        looked(_frame(1))
        return bool(self._inner.locked())

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def _at_fork_reinit(self) -> None:
        self._inner._at_fork_reinit()  # noqa: SLF001  what it stands in for
        self._line.clear()

    def __repr__(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} threading.Lock at {id(self):#x}>"


class RLock(metaclass=_Made):
    """A lock that its owner may take again."""

    __slots__ = ("__weakref__", "_block", "_count", "_owner")
    __real__ = REAL_RLOCK
    __kind__ = type(_thread.RLock())

    def __init__(self) -> None:
        self._block: Lock = type.__call__(Lock)
        self._owner: int | None = None
        self._count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002  as the real one
        """Take the lock once more, or wait for it on the clock."""
        return self._take(_frame(1), blocking, timeout)

    def __enter__(self) -> bool:
        return self._take(_frame(1), True, -1)

    def _take(self, frame: FrameType, blocking: bool, timeout: float) -> bool:  # noqa: FBT001  as the real one
        me, block = _get_ident(), self._block
        if timeout != -1 and not (blocking and 0 <= timeout <= LONGEST):
            return block.acquire(blocking, timeout)  # which refuses it
        if self._owner == me:
            self._count += 1
            return True
        took = block._inner.acquire(False) or (  # noqa: SLF001  of this module
            blocking and timeout != 0 and _wait_for(block, caller(frame), timeout)
        )
        if took:
            self._owner, self._count = me, 1
        elif not (blocking and timeout):
            looked(frame)
        return took

    def release(self) -> None:
        """Release it once; whoever came first gets it after the last time."""
        if self._owner != _get_ident():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = None
            self._block.release()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _release_save(self) -> tuple[int, int | None]:
        state, self._count, self._owner = (self._count, self._owner), 0, None
        self._block.release()
        return state

    def _acquire_restore(self, state: tuple[int, int | None]) -> None:
        if not self._block._inner.acquire(False):  # noqa: SLF001  of this module
            _wait_for(self._block, caller(_frame(1)), -1)
        self._count, self._owner = state

    def _is_owned(self) -> bool:
        return self._owner == _get_ident()

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def _at_fork_reinit(self) -> None:
        self._block._at_fork_reinit()  # noqa: SLF001  of this module
        self._owner, self._count = None, 0

    def __repr__(self) -> str:
        state = "unlocked" if self._owner is None else "locked"
        return f"<{state} threading.RLock owner={self._owner} count={self._count}>"


class SimpleQueue(queue._PySimpleQueue, metaclass=_Made):  # type: ignore[misc, name-defined]  # noqa: SLF001  the standard library's own, in Python
    """The standard library's queue in Python: its waits are those of a ``Semaphore``."""

    __real__ = REAL_QUEUE
    __kind__ = REAL_QUEUE


def _wait_for(lock: Lock, reins: Reins | None, timeout: float) -> bool:
    """Wait until the lock is handed over, or in real time if the machinery asks."""
    inner, line = lock._inner, lock._line  # noqa: SLF001  of this module
    if reins is None:
        return bool(inner.acquire(True, timeout))
    clock = reins.clock
    with clock.mover.lock:
        if inner.acquire(False):
            return True
        sleeper = clock.sleeper(None if timeout < 0 else reins.landing(timeout))
        line.append(sleeper)
    handed = False
    try:
        handed = clock.park(sleeper)
    except BaseException:
        if sleeper.released:  # nobody will release what was handed to us
            _hand_on(lock)
        raise
    finally:
        if not handed:
            with clock.mover.lock, contextlib.suppress(ValueError):
                line.remove(sleeper)
    return handed


def _hand_on(lock: Lock) -> None:
    """Hand a lock over, and leave it locked; or release it if nobody waits any more."""
    line = lock._line  # noqa: SLF001  of this module
    while line:
        sleeper = line.popleft()
        wake_older(sleeper)
        if sleeper.release():
            return
    lock._inner.release()  # noqa: SLF001  of this module


FACTORIES: tuple[tuple[Any, str, Any, Any], ...] = (  # module, name, the real one, and ours
    (threading, "Lock", REAL_LOCK, Lock),
    (threading, "RLock", REAL_RLOCK, RLock),
    (queue, "SimpleQueue", REAL_QUEUE, SimpleQueue),
)
