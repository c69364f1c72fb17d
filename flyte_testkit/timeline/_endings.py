"""How endings are written: what ``.succeeds(…)``, ``.fails(…)`` and ``.times_out(…)`` take.

Ignorant of what ends so: an execution, or an attempt of a task.
"""

from __future__ import annotations

from dataclasses import replace
from types import MethodType
from typing import TYPE_CHECKING, Any

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.failures import BUILDERS, USER_ERROR, Failure
from flyte_testkit.failures._failure import code_text
from flyte_testkit.timeline._parts import Fails, Succeeds

if TYPE_CHECKING:
    import enum
    from collections.abc import Mapping

    from flyte_testkit.failures import ErrorKind

__all__ = ["fails", "refuse_open", "succeeds", "told"]


def refuse_open(value: Any, opened: type, what: str) -> None:
    """Refuse what has no ending, and what was not called that would end or prolong it.

    Args:
        value: What somebody wrote.
        opened: The type of what has no ending: an ``OpenTimeline``, or an ``OpenAttempt``.
        what: Where it stands, for the error.

    Raises:
        TimelineError: It is so.
    """
    if isinstance(value, opened):
        endless = value.steps and value.steps[-1].duration is None  # type: ignore[attr-defined]  # both have steps
        words = ".never_ends()" if endless else ".succeeds(), .fails(message) or .never_ends()"
        raise TimelineError(f"{what}: {shown(value)} has no ending.\nEnd it with {words}.")
    if isinstance(value, MethodType) and isinstance(value.__self__, opened):
        call = f"{shown(value.__self__)}.{value.__name__}"
        raise TimelineError(f"{what}: {call} is not called yet.\nWrite {call}(…).")


def succeeds(mapping: Mapping[str, object] | None, outputs: Mapping[str, object]) -> Succeeds:
    """Return a success with outputs by mapping and by keyword.

    Raises:
        TimelineError: An output is given twice, or has no name.
    """
    named = Succeeds({} if mapping is None else mapping).outputs
    if twice := sorted(named.keys() & outputs.keys()):
        raise TimelineError(
            f".succeeds({shown(dict(named))}, …) gives {', '.join(map(repr, twice))} twice:"
            " in the mapping and by keyword.\nLeave one of them out."
        )
    return Succeeds({**named, **outputs})


def fails(failure: str | Failure, code: str | enum.Enum | None, kind: ErrorKind | None) -> Fails:
    """Return a failure's end, with another code or kind if one is given."""
    failed = told(failure, "fails")
    if code is not None:
        failed = replace(failed, code=code_text(code))
    if kind is not None:
        failed = replace(failed, kind=kind)
    return Fails(failed)


def told(failure: object, method: str, code: str = USER_ERROR) -> Failure:
    """Return the failure that somebody wrote, as a message or as one.

    Raises:
        TimelineError: It is neither.
    """
    if isinstance(failure, Failure):
        return failure
    if isinstance(failure, str):
        return Failure(failure, code=code)
    text = str(failure) if isinstance(failure, BaseException) else "out of disk"
    write = shown(text)
    if (name := getattr(failure, "__name__", "")) and BUILDERS.get(name) is failure:
        write = f"failures.{name}()"  # somebody forgot to call it
    raise TimelineError(
        f".{method}({shown(failure)}): a failure is a message, or one of flyte_testkit.failures."
        f"\nWrite .{method}({write})."
    )
