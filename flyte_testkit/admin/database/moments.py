"""Points in time as PostgreSQL reads them: what a filter on a column of times may say (§3.1).

It reads ISO 8601 in PostgreSQL's many spellings, dates with names of months, and the words
(``today``, ``infinity`` …). Zones are UTC or numbers: a name of a zone is no time here.

Ignorant of columns and filters.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from fractions import Fraction

from flyte_testkit.admin.errors import AdminError, database_error

__all__ = ["LATEST", "timestamp"]

#: ``infinity``, and every year that Python's datetimes do not reach.
LATEST = datetime.max.replace(tzinfo=timezone.utc)
_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*"
_DATES = (
    r"(?P<y>\d{3,6})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})",
    r"(?P<y>\d{2,9})(?P<m>\d\d)(?P<d>\d\d)",
    r"(?P<m>\d{1,2})(?P<sep>[-/])(?P<d>\d{1,2})(?P=sep)(?P<y>\d{4,6})",
    rf"(?P<y>\d{{4}})-{_MONTH}-(?P<d>\d{{1,2}})",
    rf"{_MONTH}\s+(?P<d>\d{{1,2}}),?\s+(?P<y>\d{{4}})",
    rf"(?P<d>\d{{1,2}})[-\s]{_MONTH}[-\s](?P<y>\d{{4}})",
    r"(?P<word>now|today|tomorrow|yesterday|epoch|infinity|-infinity)",
)
_TIME = (
    r"(?:(?:[\s_]*t|[\s_]+)"
    r"(?:(?P<h>\d{1,2}):(?P<min>\d{1,2})(?::(?P<s>\d{1,2})(?P<f>\.\d*)?)?\s*(?P<half>[ap]m)?"
    r"|(?P<h2>\d\d)(?P<min2>\d\d)(?P<s2>\d\d)(?P<f2>\.\d*)?))?"
)
_ZONE = r"(?:\s*(?:(?P<utc>z|utc|gmt)|(?P<sign>[-+])(?P<zh>\d\d?)(?::?(?P<zm>\d\d))?))?"
_FORMS = tuple(re.compile(rf"\s*{date}{_TIME}{_ZONE}\s*", re.ASCII) for date in _DATES)


def timestamp(text: str, now: datetime) -> datetime:
    """Return the point in time that a text means.

    Args:
        text: What the client wrote; a time without a zone is in UTC.
        now: What ``now``, ``today`` and their like are reckoned from.

    Raises:
        AdminError: PostgreSQL refuses the text.

    Example:
        >>> timestamp("2031-01-01 00:00:10.5", now=_EPOCH).isoformat()
        '2031-01-01T00:00:10.500000+00:00'
    """
    for form in _FORMS:
        found = form.fullmatch(text.lower())
        if found is not None:
            day = _day(found, text, now)
            return _moved(day, _time_of_day(found, text) + _offset(found, text))
    if re.fullmatch(r"\s*[0-9]{14,}\s*", text):  # nanoseconds, say: PostgreSQL sees a date
        raise _out_of_range(text)
    raise database_error(f'invalid input syntax for type timestamp with time zone: "{text}"')


def _out_of_range(text: str) -> AdminError:
    return database_error(f'date/time field value out of range: "{text}"')


def _moved(day: datetime, difference: timedelta) -> datetime:
    if day in (LATEST, _EARLIEST):
        return day
    try:
        return day + difference
    except OverflowError:
        return LATEST if difference > timedelta(0) else _EARLIEST


def _day(found: re.Match[str], text: str, now: datetime) -> datetime:
    """Return the midnight (or the word's own time) that the first part of the text means."""
    parts = found.groupdict()
    if "word" in parts:
        return _word(parts["word"], now)
    year, day = int(parts["y"]), int(parts["d"])
    month = _MONTHS.index(parts["month"]) + 1 if "month" in parts else int(parts["m"])
    if len(parts["y"]) == 2:
        year += 2000 if year < 70 else 1900
    if year > 9999 and 1 <= month <= 12 and 1 <= day <= 31:
        if year > 294276:
            raise database_error(f'timestamp out of range: "{text}"')
        return LATEST
    try:
        return datetime(year, month, day, tzinfo=timezone.utc)
    except ValueError:
        raise _out_of_range(text) from None


def _word(word: str, now: datetime) -> datetime:
    fixed = {"epoch": _EPOCH, "infinity": LATEST, "-infinity": _EARLIEST}
    if word in fixed:
        return fixed[word]
    if word == "now":
        return now
    today = now.astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days={"yesterday": -1, "today": 0, "tomorrow": 1}[word])


def _time_of_day(found: re.Match[str], text: str) -> timedelta:
    hour, minute, second = (
        int(found[name] or found[f"{name}2"] or 0) for name in ("h", "min", "s")
    )
    digits = ((found["f"] or found["f2"]) or ".")[1:20]  # far more than there are microseconds
    microseconds = round(Fraction(int(digits or "0"), 10 ** len(digits)) * 10**6)
    if found["half"]:
        if hour > 12:
            raise _out_of_range(text)
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    time = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microseconds)
    if minute > 59 or second > 60 or time > timedelta(hours=24):
        raise _out_of_range(text)
    return time


def _offset(found: re.Match[str], text: str) -> timedelta:
    """Return what to add to a time of the text's zone to have it in UTC."""
    if found["sign"] is None:
        return timedelta(0)
    hours, minutes = int(found["zh"]), int(found["zm"] or 0)
    if hours > 15 or minutes > 59:
        raise database_error(f'time zone displacement out of range: "{text}"')
    difference = timedelta(hours=hours, minutes=minutes)
    return difference if found["sign"] == "-" else -difference
