"""How errors are worded on their way from an attempt to its node.

An engine counts the attempts and wraps the last error; a map names the item (catalogue
section 21.3). Above the node nothing changes any more. Ignorant of Hypothesis.
"""

from __future__ import annotations

from flyteidl.core import execution_pb2 as core

__all__ = ["item_error", "node_error", "recoverable", "rejected"]


def rejected() -> core.ExecutionError:
    """Return what a gate says that was refused."""
    return core.ExecutionError(
        code="ReceivedRejectSignal",
        message="received a reject signal to disapprove the node input values",
        kind="USER",
    )


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
    kind = core.ExecutionError.ErrorKind.Name(failing.kind)
    tried = f"[{retries + 1}/{retries + 1}] currentAttempt done."
    return core.ExecutionError(
        code=f"RetriesExhausted|{failing.code}",
        message=f"{tried} Last Error: {kind}::{failing.message}",
        kind="USER",
    )
