"""Watch many runs at once, and report each as it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from flytekit.exceptions.system import FlyteSystemUnavailableException
from flytekit.remote import FlyteRemote

from nightly.waiting import POLL, outcome

__all__ = ["watch"]


async def watch(
    remote: FlyteRemote, names: Sequence[str], report: Callable[[str, str], None], patience: float
) -> None:
    """Report how runs ended, in the order in which they do; ``UNKNOWN`` when patience is at an end.

    Calls are made in threads, for flytekit's block; between two looks the loop is free.
    """

    async def end_of(name: str) -> str:
        while (end := await asyncio.to_thread(_look, remote, name)) is None:
            await asyncio.sleep(POLL)
        return end

    async def told(name: str) -> None:
        try:
            end = await asyncio.wait_for(end_of(name), patience)
        except asyncio.TimeoutError:
            end = "UNKNOWN"
        report(name, end)

    await asyncio.gather(*map(told, names))


def _look(remote: FlyteRemote, name: str) -> str | None:
    """Return how a run ended; None if it has not, or if the server is away."""
    try:
        execution = remote.fetch_execution(name=name)
    except FlyteSystemUnavailableException:
        return None
    return outcome(execution) if execution.is_done else None
