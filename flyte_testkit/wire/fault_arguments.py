"""What faults are written with: codes, lengths of time, windows, replies; refused in words.

Ignorant of faults.
"""

from __future__ import annotations

import math
from datetime import timedelta
from numbers import Real
from typing import TYPE_CHECKING, cast, get_args

import grpc
from google.protobuf.message import Message

from flyte_testkit.admin.errors import Code
from flyte_testkit.errors import RouteError, close_names

if TYPE_CHECKING:
    from typing import TypeGuard

__all__ = ["CODES", "code", "reply", "seconds", "text", "window"]

CODES = frozenset(get_args(Code))
_LONGEST = timedelta.max.total_seconds() / 1000
"""The longest delay in seconds, some thousand years: beyond it no date can be told."""


def code(given: object, what: str) -> Code:
    """Return the name of a status code that was given as its name or as gRPC's own value.

    Raises:
        RouteError: It is none, or OK.

    Example:
        >>> code(grpc.StatusCode.UNAVAILABLE, "on().fails_with")
        'UNAVAILABLE'
    """
    name = given.name if isinstance(given, grpc.StatusCode) else given
    if isinstance(name, str) and name in CODES:
        return cast("Code", name)
    if name == "OK":
        raise RouteError(
            f"{what}({given!r}): OK is no failure. To answer something else, use .answers(message)."
        )
    meant = ""
    if isinstance(given, int) and not isinstance(given, bool):
        by_number = {each.value[0]: each.name for each in grpc.StatusCode}
        meant = f" Did you mean {by_number[given]!r}?" if given in by_number else ""
    elif isinstance(given, str):
        meant = close_names(given.upper().rpartition(".")[2], CODES)
    raise RouteError(f"{what}({given!r}): {given!r} is no gRPC status code.{meant}")


def text(given: object, what: str) -> str:
    """Return a text.

    Raises:
        RouteError: It is none.
    """
    if not isinstance(given, str):
        raise RouteError(f"{what}: a text is wanted, and {given!r} is none.")
    return given


def seconds(given: object, what: str) -> float:
    """Return a length of time in seconds.

    Raises:
        RouteError: It is negative or endless, or no length at all.
    """
    length = _length(given)
    if length is None:
        raise RouteError(
            f"{what}({given!r}): a length is a number of seconds, such as 0.5, or a timedelta."
        )
    if not length >= 0:
        raise RouteError(f"{what}({given!r}): a call cannot be answered before it came.")
    if length > _LONGEST:
        raise RouteError(
            f"{what}({given!r}) would never be over. Let calls wait for ever with .hangs()."
        )
    return length


def window(start: object, end: object, name: str) -> tuple[float, float]:
    """Return a window in seconds since the clock's start.

    Raises:
        RouteError: It is empty, begins before the clock, or is no window at all.
    """
    told = f"{name}.between({start!r}, {end!r})"
    first, last = _length(start), _length(end)
    if first is None or last is None or math.isnan(first) or math.isnan(last):
        raise RouteError(
            f"{told}: a window is told in seconds since the clock's start, such as "
            "between(60, 120), or in timedeltas."
        )
    if first < 0:
        raise RouteError(f"{told} begins before the clock does, at 0 s.")
    if not first < last:
        raise RouteError(f"{told} ends before it begins.")
    return first, last


def reply(given: object, expected: type[Message] | None, name: str) -> Message:
    """Return a reply of an RPC.

    Raises:
        RouteError: It is of another kind, or the route stands for every RPC.
    """
    if expected is None:
        raise RouteError(
            f"{name} stands for every RPC, and each has replies of its own.\n"
            'Name the RPC whose answer it is: on("GetExecution").answers(…).'
        )
    if not isinstance(given, expected):
        if isinstance(given, type):
            had = f"the class {given.__name__}: give it a message"
        elif isinstance(given, Message):
            had = type(given).__name__
        else:
            had = repr(given)
        raise RouteError(f"{name} replies {expected.__name__}, not {had}.")
    return given


def _length(given: object) -> float | None:
    if isinstance(given, timedelta):
        return given.total_seconds()
    return float(given) if _is_number(given) else None


def _is_number(given: object) -> TypeGuard[Real]:
    return isinstance(given, Real) and not isinstance(given, bool)
