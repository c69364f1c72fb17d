"""Wait for a run, with a budget, whatever the server does meanwhile."""

from __future__ import annotations

import time

from flytekit.exceptions.system import FlyteSystemUnavailableException
from flytekit.models.core.execution import WorkflowExecutionPhase
from flytekit.remote import FlyteRemote, FlyteWorkflowExecution

__all__ = ["POLL", "outcome", "wait"]

POLL = 30  # seconds


def wait(remote: FlyteRemote, execution: FlyteWorkflowExecution, timeout: float) -> str:
    """Wait until a run is over; return its phase, such as ``SUCCEEDED`` or ``ABORTED``.

    A server that is away is waited for, too. After the last pause there is one more look.

    Raises:
        TimeoutError: The time is up, and it is not over.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            remote.sync_execution(execution, sync_nodes=False)
        except FlyteSystemUnavailableException:
            pass
        else:
            if execution.is_done:
                return outcome(execution)
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{execution.id.name} is not over after {timeout:g} s")
        time.sleep(min(POLL, left))


def outcome(execution: FlyteWorkflowExecution) -> str:
    """Return the name of a run's phase."""
    return WorkflowExecutionPhase.enum_to_string(execution.closure.phase)
