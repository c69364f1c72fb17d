"""Whose time is virtual: the code under test lives on the clock, the machinery in real time.

A call is judged by its immediate caller. gRPC turns a timeout into a deadline in Python, runners
take times, ``subprocess`` waits for real processes: those must see real time, however deep in a
test they are called. Code under test that is *called by* such machinery (a job of a pool, the
target of a thread, a test function) is judged by itself and lives on the clock.

Ignorant of what is patched.
"""

from __future__ import annotations

import functools
import sys
import threading
from typing import TYPE_CHECKING, cast

from flyte_testkit.clock._governing import governors
from flyte_testkit.clock._stacks import stack
from flyte_testkit.world._ticks import Reins

if TYPE_CHECKING:
    from types import FrameType


__all__ = [
    "Reins",
    "caller",
    "dweller",
    "held",
    "is_machinery",
    "is_of_a_loop",
    "is_pool",
    "is_resident",
    "is_runner",
    "reader",
    "reins_held",
    "waits_for_ever",
]

_MACHINERY = frozenset(
    {
        *("grpc", "grpc_status", "flyte_testkit", "freezegun", "time_machine"),
        *("pytest", "_pytest", "pluggy", "xdist", "execnet", "unittest", "hypothesis", "coverage"),
        *("pytest_timeout", "pytest_rerunfailures", "pytest_benchmark", "pytest_randomly"),
        *("pytest_asyncio", "anyio", "asyncio", "selectors", "subprocess"),
        *("uvloop", "trio", "outcome", "sniffio"),
        *("threading", "queue", "concurrent.futures", "multiprocessing", "_strptime"),
        *("socket", "ssl", "socketserver", "faulthandler", "signal", "bdb", "pdb", "timeit"),
        # They wait for real input and output, in threads of their own, by timed waits.
        *("fsspec", "s3fs", "gcsfs", "adlfs", "tornado", "rich", "tqdm", "watchdog"),
    }
)
# A client waits as its users do; what a clock calls by itself somebody gave it to call.
_CODE_UNDER_TEST = ("flyte_testkit.client", "flyte_testkit.clock._schedule")

# They run others' functions: whoever they call in the end decides.
_RUNNERS = frozenset(
    {
        *("threading", "queue", "concurrent.futures.thread", "concurrent.futures._base"),
        *("multiprocessing.pool", "multiprocessing.dummy", "unittest.mock", "mock"),
        "flyte_testkit.clock._members",  # it begins threads
        *(
            f"{__package__}._{room}"
            for room in ("conditions", "locks", "looks", "pools", "threads")
        ),
        *("asyncio.base_events", "asyncio.runners", "asyncio.threads"),
        *("anyio._backends._asyncio", "anyio._core._eventloop"),
        *("anyio.from_thread", "anyio.to_thread"),
        *(f"{__package__}._{room}" for room in ("rpcs", "thread_pools", "older_locks")),
    }
)
_LOOP = "asyncio.events"  # it runs what an event loop has to run, whoever runs the loop
# They say by an argument that they will wait for ever, so there is no need to see it happen.
_CLIENTS = frozenset({"flytekit.remote.remote"})
_POOLS = frozenset({"concurrent.futures.thread", "multiprocessing.pool"})


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


held = cast("list[Reins]", governors)  # of the one world that is entered, or empty


def reins_held() -> Reins | None:
    """Return the reins of the world that is entered, if one is."""
    if not held:
        return None
    try:
        return held[-1]
    except IndexError:  # left meanwhile, by another thread
        return None


def caller(frame: FrameType | None) -> Reins | None:
    """Return the reins of the world if the code that this frame runs lives in it."""
    reins = reins_held()
    if reins is None:
        return None
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module == _LOOP:
            break
        if module not in _RUNNERS:
            return None if is_machinery(module) else reins
        frame = frame.f_back
    # Nothing but a runner: a Timer, or a job that is itself a function of ``time``.
    return reins if reins.clock.mover.members.here() is not None else None


def reader(frame: FrameType) -> Reins | None:
    """Do as ``caller`` for code that reads the time, and tell the clock if it wants to know.

    A loop that reads the time between its sleeps may have a time-out of its own. Readings that a
    runner needs for a wait, or a logger for its lines, say nothing about that.
    """
    reins = caller(frame)
    if reins is None:
        return None
    module = frame.f_globals.get("__name__")
    if module in _RUNNERS or module == "logging" or waits_for_ever(frame):
        reins.overlook()
    elif (readers := reins.clock.hope.readers) is not None:
        readers.add(threading.get_ident())
    return reins


def waits_for_ever(frame: FrameType) -> bool:
    """Whether this is the wait of an execution client that was given no timeout."""
    return (
        frame.f_code.co_name == "wait"
        and frame.f_globals.get("__name__") in _CLIENTS
        and frame.f_locals.get("timeout", frame) is None
    )


def dweller(frame: FrameType | None) -> Reins | None:
    """Do as ``caller``, also for what an event loop does by itself on behalf of a task."""
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module == _LOOP or not is_of_a_loop(module):
            break
        frame = frame.f_back
    return caller(frame)


def is_of_a_loop(module: str) -> bool:
    """Whether a module belongs to asyncio, or to what is built upon it."""
    return module.startswith(("asyncio.", "anyio."))


def is_runner(frame: FrameType) -> bool:
    """Whether a frame runs a module that runs others' functions."""
    return frame.f_globals.get("__name__") in _RUNNERS


def is_pool(frame: FrameType) -> bool:
    """Whether a frame runs a module that keeps a pool of threads."""
    module = frame.f_globals.get("__name__")
    if module == "multiprocessing.dummy" and frame.f_back is not None:  # its workers, or anybody's
        return is_pool(frame.f_back)
    return module in _POOLS


def is_resident(frame: FrameType | None = None) -> bool:
    """Whether a thread (this one, by default) was started by code under test.

    It takes part from its first wait to its end, then, also if it is older than the world. A worker
    of a pool does so only while it waits, for nobody would see what else it waits for; so does a
    thread of machinery.
    """
    frame = frame or sys._getframe(1)  # noqa: SLF001  where the thread began
    began = ""
    for step in stack(frame):
        module = step.f_globals.get("__name__") or ""
        if module != "threading":
            began = module
    return began not in _POOLS and not is_machinery(began)
