"""When something came too late or too early: said once, for a law and for the test that it prints.

A law that spared what its printed test accuses, or the other way round, would be no help; so both
take their number from here. Ignorant of what is bounded, and why.
"""

from __future__ import annotations

__all__ = ["BLUR", "LINGERS", "SLACK", "is_early", "is_late", "no_earlier_than", "no_later_than"]

SLACK = 0.1
"""Seconds that rounding may cost."""

BLUR = 1.0
"""Seconds that a call may last beyond its deadline, which gRPC rounds up on its way."""

LINGERS = 4
"""For so many poll intervals it is watched whether code that is done still calls."""


def is_late(at: float, latest: float) -> bool:
    """Whether an instant, in seconds, is later than this one, and not by rounding alone.

    Example:
        >>> is_late(11.1, 11), is_late(11.100001, 11)
        (False, True)
    """
    return at > _upper(latest)


def no_later_than(latest: float) -> str:
    """Return, as code, the check that it is not later than that now.

    Example:
        >>> no_later_than(11)
        'assert flyte_admin.clock.elapsed <= 11.1'
    """
    return f"assert flyte_admin.clock.elapsed <= {_upper(latest)!r}"


def is_early(at: float, earliest: float) -> bool:
    """Whether an instant, in seconds, is earlier than this one, and not by rounding alone."""
    return at < _lower(earliest)


def no_earlier_than(earliest: float) -> str:
    """Return, as code, the check that it is not earlier than that now."""
    return f"assert flyte_admin.clock.elapsed >= {_lower(earliest)!r}"


def _upper(latest: float) -> float:
    return round(latest + SLACK, 6)  # the clock counts whole microseconds


def _lower(earliest: float) -> float:
    return round(earliest - SLACK, 6)
