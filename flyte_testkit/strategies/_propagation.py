"""How errors are worded on their way from an attempt to its node.

An engine counts the attempts and wraps the last error; a map names the item (catalogue section
21.3). Above the node nothing changes any more. Ignorant of Hypothesis.
"""

from __future__ import annotations

from typing import Final

from flyteidl.core import execution_pb2 as core

from flyte_testkit.failures import (
    ErrorKind,
    Failure,
    approval_refused,
    node_aborted,
    node_timed_out,
    retries_exhausted,
)
from flyte_testkit.strategies._errors import error_message

__all__ = ["aborted", "item_error", "node_error", "recoverable", "rejected", "timed_out"]


def rejected() -> core.ExecutionError:
    """Return what a gate says that was refused."""
    return error_message(approval_refused(), "")


def aborted(reason: str) -> core.ExecutionError:
    """Return the error of a node that was stopped; it has no kind."""
    return error_message(node_aborted(reason=reason), "")


def timed_out() -> core.ExecutionError:
    """Return what stands above a node that is TIMED_OUT, which has no error itself."""
    return error_message(node_timed_out(), "")


def recoverable() -> core.ExecutionError:
    """Return what an attempt says that is tried again."""
    return core.ExecutionError(code="USER:Recoverable", message="try again", kind="USER")


def item_error(error: core.ExecutionError) -> core.ExecutionError:
    """Return what a map says of its first item's failure: no code, no kind."""
    return core.ExecutionError(message=f"[0]: {error.message}\n", kind="UNKNOWN")


def node_error(
    failing: core.ExecutionError | None, retries: int, *, is_map: bool
) -> core.ExecutionError | None:
    """Return what a node says of its last attempt's failure."""
    if failing is None:
        return None
    if is_map:
        return item_error(failing)
    if not retries:
        return failing
    last = Failure(failing.message, code=failing.code, kind=_KIND_NAMES[failing.kind])
    return error_message(retries_exhausted(last=last, attempts=retries + 1), "{pod}")


_KIND_NAMES: Final[dict[int, ErrorKind]] = {0: "UNKNOWN", 1: "USER", 2: "SYSTEM"}
