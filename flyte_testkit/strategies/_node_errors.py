"""Errors of nodes as messages; an engine's words for them are :mod:`flyte_testkit.propeller`'s.

Ignorant of which nodes there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyteidl.core import execution_pb2 as core

from flyte_testkit.propeller import wording
from flyte_testkit.propeller.wording import Worded

if TYPE_CHECKING:
    from flyte_testkit.failures import ErrorKind

__all__ = ["aborted", "item_error", "node_error", "recoverable", "rejected", "timed_out"]


def rejected() -> core.ExecutionError:
    """Return what a gate says that was refused."""
    return _message(wording.approval_refused())


def aborted(reason: str) -> core.ExecutionError:
    """Return the error of a node that was stopped; it has no kind."""
    return _message(wording.node_aborted(reason))


def timed_out() -> core.ExecutionError:
    """Return what stands above a node that is TIMED_OUT, which has no error itself."""
    return _message(wording.node_timed_out())


def recoverable() -> core.ExecutionError:
    """Return what an attempt says that is tried again."""
    return core.ExecutionError(code="USER:Recoverable", message="try again", kind="USER")


def item_error(error: core.ExecutionError) -> core.ExecutionError:
    """Return what a map says of its first item's failure."""
    return _message(wording.item_failed(0, error.message))


def node_error(
    failing: core.ExecutionError | None, retries: int, *, is_map: bool
) -> core.ExecutionError | None:
    """Return what a node says of its last attempt's failure."""
    if failing is None:
        return None
    last = Worded(failing.message, failing.code, _KIND_NAMES[failing.kind])
    worded = wording.node_error(last, retries, is_map=is_map)
    return failing if worded is last else _message(worded)


def _message(worded: Worded) -> core.ExecutionError:
    return core.ExecutionError(code=worded.code, message=worded.message, kind=worded.kind)


_KIND_NAMES: Final[dict[int, ErrorKind]] = {0: "UNKNOWN", 1: "USER", 2: "SYSTEM"}
