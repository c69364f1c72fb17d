"""Who waits, since when, and at which line of the code under test: for people who read why.

Of a thread that runs an event loop of asyncio, its tasks are told, too: they are who waits.

Ignorant of why it is asked.
"""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
import threading
from types import AsyncGeneratorType
from typing import TYPE_CHECKING

from flyte_testkit.clock._stacks import innermost, stack, undisturbed
from flyte_testkit.clock._tasks import tasks_in

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from flyte_testkit.clock._members import Member
    from flyte_testkit.clock._mover import Mover
    from flyte_testkit.clock._sleeper import Sleeper

__all__ = ["in_seconds", "place", "who_waits"]

_PYTHONS = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
_INSTALLED = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})
_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120  compared as texts
_SEVERAL = 8  # threads, or tasks, that are told of one by one


def who_waits(mover: Mover, start: int) -> list[str]:
    """Return lines for each thread that takes part: what it waits for, since when and where.

    Args:
        mover: Who knows all members; its lock must be held.
        start: When its clock began, in microseconds.
    """
    frames = innermost()
    frames[threading.get_ident()] = sys._getframe(1)  # noqa: SLF001  never one's own: a circle
    sleepers = {sleeper.who: sleeper for sleeper in mover.sleepers}
    told = []
    for member in mover.members:
        if member.thread is not None:
            doing = _doing(member, sleepers.get(member), start)
            ident = member.thread.ident or 0
            line = f"{member.thread.name!r} {doing} at {place(frames.get(ident))}"
            told.append("\n    ".join([line, *_tasks_of(ident)]))
    return _several(told, "more")


def _several(told: list[str], more: str) -> list[str]:
    left = len(told) - _SEVERAL
    return told if left <= 0 else [*told[:_SEVERAL], f"and {left} {more}"]


def _tasks_of(ident: int) -> list[str]:
    """Return a line for each task of the event loop that runs in a thread, if one does."""
    by_age = sorted(tasks_in(ident), key=lambda task: (len(task.get_name()), task.get_name()))
    lines = [f"task {task.get_name()!r} at {_place_of(task)}" for task in by_age]
    return _several(lines, "more tasks")


def _place_of(task: asyncio.Task[object]) -> str:
    """Return the innermost line of the code under test in which a task awaits something."""
    return _best(reversed(list(_awaiting(task.get_coro()))))


def _awaiting(it: object) -> Iterator[FrameType]:
    """Yield the frames of coroutines and generators that await each other, outermost first."""
    while it is not None:
        for kind in ("cr", "gi", "ag"):
            frame = undisturbed(getattr, it, f"{kind}_frame", None)
            if frame is not None:
                yield frame
                it = getattr(it, f"{kind}_{'yieldfrom' if kind == 'gi' else 'await'}", None)
                break
        else:  # a step of an asynchronous generator, which it does not name
            inner = gc.get_referents(it)
            it = next((one for one in inner if isinstance(one, AsyncGeneratorType)), None)


def _doing(member: Member, sleeper: Sleeper | None, start: int) -> str:
    def at(instant: int) -> str:
        return in_seconds((instant - start) / 1_000_000)

    if sleeper is not None and sleeper.endless:
        return f"waits since {at(sleeper.since)}, without a timeout,"
    if member.idle > 1:  # the sleep that it is in, or was about to begin, is one of them
        return f"has slept {member.idle - 1:,} times since {at(member.idle_since)},"
    if sleeper is not None:
        return f"waits from {at(sleeper.since)} to {at(sleeper.when)},"
    return "stands" if member.turn else "waits for its turn or an answer,"


def place(frame: FrameType | None) -> str:
    """Return the innermost line of the code under test, as ``"file:line, in function"``."""
    return _best(stack(frame))


def _best(frames: Iterable[FrameType]) -> str:
    """Return the first line of the code under test; else one of a library, or of Python."""
    found = installed = python = None
    for frame in frames:
        file = frame.f_code.co_filename
        if file.startswith(_INSTALLED):
            installed = installed or frame
        elif file.startswith(_PYTHONS):
            python = python or frame
        elif not file.startswith((_OURS, "<frozen")):
            found = frame
            break
    found = found or installed or python
    if found is None:
        return "a place that is not known"
    file = found.f_code.co_filename.removeprefix(os.getcwd() + os.sep)  # noqa: PTH109  as above
    return f"{file}:{found.f_lineno}, in {found.f_code.co_name}"


def in_seconds(length: float) -> str:
    """Return a length of time for people: all of its digits, and no exponent.

    Example:
        >>> in_seconds(2_592_000), in_seconds(0.5)
        ('2,592,000 s', '0.5 s')
    """
    return f"{length:,.6f}".rstrip("0").rstrip(".") + " s"
