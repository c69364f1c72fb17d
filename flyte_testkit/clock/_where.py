"""Who waits, since when, and at which line of the code under test: for people who read why.

Ignorant of why it is asked.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from flyte_testkit.clock._members import Member
    from flyte_testkit.clock._mover import Mover
    from flyte_testkit.clock._sleeper import Sleeper

__all__ = ["in_seconds", "place", "who_waits"]

_PYTHONS = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
_INSTALLED = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})
_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120  compared as texts
_SEVERAL = 8  # threads that are told of one by one


def who_waits(mover: Mover, start: int, who: Member | None = None) -> list[str]:
    """Return a line for each thread that waits, or sleeps in vain.

    Args:
        mover: Who knows all members; its lock must be held.
        start: When its clock began, in microseconds.
        who: The member that is about to sleep once too often, if one is.
    """
    frames = sys._current_frames()  # noqa: SLF001  there is no other way to see a stack
    sleepers = {sleeper.who: sleeper for sleeper in mover.sleepers}
    lines = []
    for member in mover.members:
        thread = member.thread
        if thread is None or (member is not who and member.turn):
            continue
        known = _doing(member, sleepers.get(member), lambda at: in_seconds((at - start) / 1e6))
        lines.append(f"{thread.name!r} {known}{place(frames.get(thread.ident or 0))}")
    return lines if len(lines) <= _SEVERAL else [*lines[:_SEVERAL], f"and {len(lines) - _SEVERAL} more"]


def _doing(member: Member, sleeper: Sleeper | None, at: Callable[[int], str]) -> str:
    if sleeper is None:
        if member.idle:
            return f"has slept {member.idle:,} times since {at(member.idle_since)}"
        return "waits for an answer"
    if sleeper.endless:
        return f"waits since {at(sleeper.since)}, without a timeout"
    if member.idle > 1:
        return f"has slept {member.idle:,} times since {at(member.idle_since)}"
    return f"waits from {at(sleeper.since)} to {at(sleeper.when)}"


def place(frame: FrameType | None) -> str:
    """Return the innermost line of the code under test, as ``": file:line, in function"``."""
    found = fallback = None
    while frame is not None and found is None:
        file = frame.f_code.co_filename
        if not file.startswith((_OURS, *_INSTALLED, *_PYTHONS)) and not file.startswith("<frozen"):
            found = frame
        elif fallback is None and file.startswith(_INSTALLED):
            fallback = frame
        frame = frame.f_back
    found = found or fallback
    if found is None:
        return ""
    file = found.f_code.co_filename
    here = os.getcwd() + os.sep  # noqa: PTH109  compared as texts
    return f": {file.removeprefix(here)}:{found.f_lineno}, in {found.f_code.co_name}"


def in_seconds(length: float) -> str:
    """Return a length of time for people: all of its digits, and no exponent.

    Example:
        >>> in_seconds(2_592_000), in_seconds(0.5)
        ('2,592,000 s', '0.5 s')
    """
    return f"{length:,.6f}".rstrip("0").rstrip(".") + " s"
