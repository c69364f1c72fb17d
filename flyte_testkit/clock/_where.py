"""Who waits, since when, and at which line of the code under test: for people who read why.

Ignorant of why it is asked.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    from flyte_testkit.clock._members import Member
    from flyte_testkit.clock._mover import Mover
    from flyte_testkit.clock._sleeper import Sleeper

__all__ = ["in_seconds", "place", "who_waits"]

_PYTHONS = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
_INSTALLED = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})
_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120  compared as texts
_SEVERAL = 8  # threads that are told of one by one


def who_waits(mover: Mover, start: int) -> list[str]:
    """Return a line for each thread that takes part: what it waits for, since when and where.

    Args:
        mover: Who knows all members; its lock must be held.
        start: When its clock began, in microseconds.
    """
    frames = sys._current_frames()  # noqa: SLF001  there is no other way to see a stack
    sleepers = {sleeper.who: sleeper for sleeper in mover.sleepers}
    lines = []
    for member in mover.members:
        if member.thread is not None:
            doing = _doing(member, sleepers.get(member), start)
            frame = frames.get(member.thread.ident or 0)
            lines.append(f"{member.thread.name!r} {doing} at {place(frame)}")
    more = len(lines) - _SEVERAL
    return lines if more <= 0 else [*lines[:_SEVERAL], f"and {more} more"]


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
    installed = python = None
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_INSTALLED):
            installed = installed or frame
        elif file.startswith(_PYTHONS):
            python = python or frame
        elif not file.startswith((_OURS, "<frozen")):
            break
        frame = frame.f_back
    found = frame or installed or python
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
