"""Threads older than the world, as far as they wait for somebody in it.

A thread of code under test that stands in ``Condition.wait`` when the world is entered (an idle
worker with a queue of its own, say) takes part: it runs as soon as it is notified. The same holds
for one that still waits on the clock of a world that is over.

Ignorant of how they came to wait.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock import Sleeper
from flyte_testkit.clock._stacks import innermost, undisturbed
from flyte_testkit.world._reins import held, is_machinery, is_resident

if TYPE_CHECKING:
    from flyte_testkit.clock._members import Member
    from flyte_testkit.clock._mover import Mover

__all__ = ["adopt_older", "forget_older", "wake_older"]

_waiting = threading.Condition.wait.__code__
_active_count = threading.active_count  # the world's own would count this as a look

_adopted: dict[int, tuple[Any, Member]] = {}  # the lock on which it waits, and who it is, by its id


def adopt_older(mover: Mover) -> None:
    """Let those take part that wait now."""
    if _active_count() == 1:
        return
    threads = {thread.ident: thread for thread in threading.enumerate()}
    for ident, frame in innermost().items():
        thread = threads.get(ident)
        if thread is None or frame.f_code is not _waiting or not is_resident(frame):
            continue
        if is_machinery(getattr(getattr(thread, "function", None), "__module__", None) or ""):
            continue  # a Timer that will call machinery: pytest-timeout's, say
        waiter = undisturbed(getattr, frame, "f_locals").get("waiter")
        if waiter is not None:
            _adopted[id(waiter)] = (waiter, mover.adopt(thread))


def forget_older() -> None:
    """Forget them: the world is over."""
    _adopted.clear()


def wake_older(waiter: Any) -> None:
    """Say that this waiter is about to be notified: the thread runs from now on."""
    if not held:
        return
    mover = held[-1].clock.mover
    if isinstance(waiter, Sleeper):
        if waiter.mover is not mover and not waiter.settled:
            mover.wake_older(waiter.who)
    elif _adopted:
        _, member = _adopted.pop(id(waiter), (None, None))
        if member is not None:
            mover.wake_older(member)
