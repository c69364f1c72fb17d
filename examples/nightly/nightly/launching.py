"""Launch a day's run, once: whoever asks twice gets the same run."""

from __future__ import annotations

import time

from flytekit.exceptions.system import FlyteSystemUnavailableException
from flytekit.exceptions.user import FlyteEntityNotExistException
from flytekit.remote import FlyteRemote, FlyteWorkflowExecution

__all__ = ["NameTakenError", "launch"]

PLAN = "nightly.workflows.nightly"
PAUSE = 10  # seconds between two tries while the server is away


class NameTakenError(Exception):
    """An execution of this name was launched with other inputs."""


def launch(remote: FlyteRemote, day: str, patience: float = 60) -> FlyteWorkflowExecution:
    """Launch the run of a day, or find the one that was launched before.

    The day is in the name, so that a reply that got lost, or a second scheduler, costs no second
    run. It looks first: a launch under a taken name is refused, but by then FlyteAdmin has replaced
    the inputs that it keeps for the first run, and nobody could tell any more.

    Args:
        remote: Where to launch it.
        day: Such as ``2024-03-10``.
        patience: How long the server may be away, in seconds.
    """
    name, give_up = f"nightly-{day}", time.monotonic() + patience
    while True:
        try:
            execution = _found(remote, name) or remote.execute(
                remote.fetch_launch_plan(name=PLAN), inputs={"day": day}, execution_name=name
            )
            of = remote.sync_execution(execution, sync_nodes=False).inputs.get("day", str)
        except FlyteSystemUnavailableException:
            if time.monotonic() >= give_up:
                raise
            time.sleep(PAUSE)
            continue
        if of != day:
            raise NameTakenError(f"{name} was launched for {of}")
        return execution


def _found(remote: FlyteRemote, name: str) -> FlyteWorkflowExecution | None:
    try:
        return remote.fetch_execution(name=name)
    except FlyteEntityNotExistException:
        return None
