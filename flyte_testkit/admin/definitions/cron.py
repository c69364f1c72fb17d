"""Cron expressions, as the scheduler behind FlyteAdmin reads and refuses them (§7).

Five fields or a descriptor such as ``@daily`` or ``@every 1h30m``, perhaps after a time zone.
Ignorant of when anything fires: it only says whether an expression is one.
"""

from __future__ import annotations

import zoneinfo
from typing import NamedTuple

from flyte_testkit.admin.errors import internal
from flyte_testkit.admin.go.numbers import InvalidDurationError, atoi, atoi_problem, parse_duration

__all__ = ["InvalidCronError", "check_cron"]


class InvalidCronError(ValueError):
    """An expression is none; the message says why."""


class _Field(NamedTuple):
    """What one of the five fields may hold."""

    least: int
    most: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31),
    _Field(1, 12, _MONTHS),
    _Field(0, 6, _DAYS),
)
_DESCRIPTORS = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_EVERY = "@every "
_ZONES = ("TZ=", "CRON_TZ=")


def check_cron(expression: str) -> None:
    """Check that a schedule could be read.

    Raises:
        InvalidCronError: It could not.
        AdminError: INTERNAL, where the real server panics: a zone with nothing behind it.

    Example:
        >>> check_cron("0 8 * * mon-fri")
        >>> check_cron("0 8 * * 7")
        Traceback (most recent call last):
        flyte_testkit.admin.definitions.cron.InvalidCronError: end of range (7) above maximum (6): 7
    """
    text = _after_zone(expression)
    if text.startswith("@"):
        _check_descriptor(text)
        return
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise InvalidCronError(
            f"expected exactly {len(_FIELDS)} fields, found {len(parts)}: [{' '.join(parts)}]"
        )
    for part, field in zip(parts, _FIELDS, strict=True):
        for choice in filter(None, part.split(",")):
            _check_range(choice, field)


def _after_zone(expression: str) -> str:
    if not expression.startswith(_ZONES):
        return expression
    zone, blank, rest = expression.partition("=")[2].partition(" ")
    if not blank:
        raise internal("")  # the real reader looks for the blank after the zone and stumbles
    if zone.startswith(("/", "\\")) or ".." in zone.replace("\\", "/").split("/"):
        raise InvalidCronError(f"provided bad location {zone}: time: invalid location name")
    if zone not in {"", "UTC", "Local"}:
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidCronError(
                f"provided bad location {zone}: unknown time zone {zone}"
            ) from None
    return rest.strip()


def _check_descriptor(text: str) -> None:
    if text in _DESCRIPTORS:
        return
    if not text.startswith(_EVERY):
        raise InvalidCronError(f"unrecognized descriptor: {text}")
    try:
        parse_duration(text.removeprefix(_EVERY))
    except InvalidDurationError as error:
        raise InvalidCronError(f"failed to parse duration {text}: {error}") from None


def _check_range(choice: str, field: _Field) -> None:
    """Check one of the choices of a field, such as ``*``, ``5``, ``mon-fri`` or ``*/15``."""
    bounds, *steps = choice.split("/")
    ends = bounds.split("-")
    if ends[0] in {"*", "?"}:
        start, end = field.least, field.most
    else:
        start = _number(ends[0], field.names, field.least)
        if len(ends) > 2:
            raise InvalidCronError(f"too many hyphens: {choice}")
        end = _number(ends[1], field.names, field.least) if ends[1:] else start
    if len(steps) > 1:
        raise InvalidCronError(f"too many slashes: {choice}")
    step = _number(steps[0]) if steps else 1
    if steps and len(ends) == 1:
        end = field.most
    if start < field.least:
        raise InvalidCronError(
            f"beginning of range ({start}) below minimum ({field.least}): {choice}"
        )
    if end > field.most:
        raise InvalidCronError(f"end of range ({end}) above maximum ({field.most}): {choice}")
    if start > end:
        raise InvalidCronError(
            f"beginning of range ({start}) beyond end of range ({end}): {choice}"
        )
    if step == 0:
        raise InvalidCronError(f"step of range should be a positive number: {choice}")


def _number(text: str, names: tuple[str, ...] = (), first: int = 0) -> int:
    if text.lower() in names:
        return names.index(text.lower()) + first
    number = atoi(text)
    if number is None:
        raise InvalidCronError(f"failed to parse int from {text}: {atoi_problem(text)}")
    if number < 0:
        raise InvalidCronError(f"negative number ({number}) not allowed: {text}")
    return number
