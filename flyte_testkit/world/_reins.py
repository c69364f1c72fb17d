"""Whose time is virtual: the code under test lives on the clock, the machinery in real time.

A call is judged by its immediate caller. gRPC turns a timeout into a deadline in Python, runners
take times, ``subprocess`` waits for real processes: those must see real time, however deep in a
test they are called. Code under test that is *called by* such machinery (a job of a pool, the
target of a thread, a test function) is judged by itself and lives on the clock.

Ignorant of what is patched. This module holds the one thing that patches of a whole process need:
which world they belong to.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING

from flyte_testkit.world._ticks import Reins

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Reins", "caller", "held", "is_machinery", "starter"]

_MACHINERY = frozenset(
    {
        *("grpc", "grpc_status", "flyte_testkit", "freezegun", "time_machine"),
        *("pytest", "_pytest", "pluggy", "xdist", "execnet", "unittest", "hypothesis", "coverage"),
        *("pytest_timeout", "pytest_rerunfailures", "pytest_benchmark", "pytest_randomly"),
        *("pytest_asyncio", "anyio", "asyncio", "uvloop", "selectors", "subprocess"),
        *("threading", "queue", "concurrent.futures", "multiprocessing", "_strptime"),
        *("socket", "ssl", "socketserver", "faulthandler", "signal", "bdb", "pdb", "timeit"),
        # They wait for real input and output, in threads of their own, by timed waits.
        *("fsspec", "s3fs", "gcsfs", "adlfs", "tornado", "rich", "tqdm", "watchdog"),
    }
)
_CODE_UNDER_TEST = ("flyte_testkit.client",)  # a client waits as its users do

# They run others' functions: whoever they call in the end decides.
_RUNNERS = frozenset({"threading", "queue", "concurrent.futures.thread", "unittest.mock", "mock"})
_STARTERS = _RUNNERS | {"concurrent.futures._base"}


@functools.cache
def is_machinery(module: str) -> bool:
    """Whether a module keeps real time.

    Example:
        >>> is_machinery("grpc._channel"), is_machinery("grpc_retries")
        (True, False)
    """
    if _within(module, _CODE_UNDER_TEST):
        return False
    parts = module.split(".")
    return any(".".join(parts[:n]) in _MACHINERY for n in range(1, len(parts) + 1))


def _within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


held: list[Reins] = []  # of the one world that is entered, or empty


def caller(frame: FrameType | None) -> Reins | None:
    """Return the reins of the world if the code that this frame runs lives in it."""
    return _judge(frame, _RUNNERS)


def starter(frame: FrameType | None) -> Reins | None:
    """Return the reins of the world if a thread started by this frame will live in it."""
    return _judge(frame, _STARTERS)


def _judge(frame: FrameType | None, runners: frozenset[str]) -> Reins | None:
    if not held:
        return None
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module not in runners:
            return None if is_machinery(module) else held[-1]
        frame = frame.f_back
    # Nothing but a runner: a Timer, or a job that is itself a function of ``time``.
    reins = held[-1]
    return reins if reins.clock.takes_part(threading.current_thread()) else None
