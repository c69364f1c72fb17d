"""Recover a run, where that can help: what succeeded is kept, the rest runs anew."""

from __future__ import annotations

from flytekit.remote import FlyteRemote, FlyteWorkflowExecution

from nightly.reading import failure_of

__all__ = ["NotWorthIt", "recover"]

PASSING = ("Interrupted", "OOMKilled", "Evicted")  # another try may find another node


class NotWorthIt(Exception):  # noqa: N818  what it says is no error of this program
    """Another try would come to the same end."""


def recover(remote: FlyteRemote, name: str) -> FlyteWorkflowExecution:
    """Recover an execution that failed for a reason that passes.

    Raises:
        NotWorthIt: It did not fail, or for a reason that stays.
    """
    execution = remote.fetch_execution(name=name)
    remote.sync_execution(execution, sync_nodes=True)
    failure = failure_of(execution)
    if failure is None:
        raise NotWorthIt(f"{name} has no node that failed")
    if not failure.code.endswith(PASSING):
        raise NotWorthIt(f"{failure.where} would fail again: {failure.message}")
    recovered = remote.client.recover_execution(execution.id)
    return remote.fetch_execution(name=recovered.name)
