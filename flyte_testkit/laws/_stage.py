"""Where the code under test is run: a fresh server, a clock that ends, a remote, and threads.

Code that goes on long after it should have stopped, or that asks without ever waiting, is stopped.
Ignorant of what is run there, and of what it should have done.
"""

from __future__ import annotations

import threading
import time
import unittest
import warnings
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flyte_testkit import world
from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import HopelessWait
from flyte_testkit.laws._backend import backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from flyte_testkit.laws._backend import Client
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call
    from flyte_testkit.wire.transports import Transport

__all__ = ["remote_of", "side_by_side", "stage"]

ResultT = TypeVar("ResultT")

SPINNING = 200
"""So many calls at one instant, and the code asks without waiting."""


@contextmanager
def stage(
    limit: float,
    *,
    start: datetime | None = None,
    zone: str = "",
    crowd: int = 1,
    strict: bool = True,
    pace: str = "instant",
    transport: Transport = "direct",
) -> Iterator[FakeFlyteAdmin]:
    """Give a fresh server on which no run lasts for ever.

    Args:
        limit: How far its clock goes, in seconds.
        start: The clock's first instant.
        zone: The local time zone.
        crowd: How many threads will ask at once.
        strict: Whether what no script foresaw is an error.
        pace: How long the engine takes for what takes it time by itself.
        transport: How calls travel.
    """
    clock = VirtualClock(start, limit=limit)
    fresh = backend(clock=clock, strict=strict, pace=pace, transport=transport)
    with _hushed(), _zone(zone), fresh as admin:
        _stop_spinning(admin, clock, SPINNING * crowd)
        try:
            yield admin
        finally:
            _let_begin(admin)
            clock.forgive()  # what was hopeless, an attempt tells


def _let_begin(admin: FakeFlyteAdmin) -> None:
    """Let threads that have only been started come to where they wait, or end."""
    with suppress(HopelessWait):
        admin.clock.advance(0)


@contextmanager
def _hushed() -> Iterator[None]:
    """Let nobody else tell of threads whose wait was hopeless, or that an example leaves behind.

    The first an attempt tells, the second a law; and a world that is left ends such threads.
    """
    told = threading.excepthook

    def tell(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, HopelessWait):
            told(args)

    threading.excepthook = tell
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"\d+ thread\(s\) still waited", RuntimeWarning)
            yield
    finally:
        threading.excepthook = told


def _stop_spinning(admin: FakeFlyteAdmin, clock: VirtualClock, most: int) -> None:
    """Stop code that asks without waiting; the server's own guard takes two real seconds."""
    moves, count = -1, 0

    def counted(_: Call) -> None:
        nonlocal moves, count
        count = count + 1 if moves == clock.moves else 1
        moves = clock.moves
        if count > most and clock.broken is None:
            clock.interrupt(f"the code under test made {most} calls without waiting in between.")

    admin._journal.listeners.append(counted)  # noqa: SLF001  no business of those who write tests


@contextmanager
def remote_of(admin: FakeFlyteAdmin, client: Client, *, seed: int = 0) -> Iterator[Any]:
    """Give a fresh remote of the client that the code under test drives.

    Args:
        admin: The server.
        client: Which client.
        seed: What its chance is drawn from, where that can be chosen.
    """
    if client == "flytekit":
        yield admin.remote()
        return
    from flyte_testkit.client import Config, FlyteRemote  # noqa: PLC0415  only where it is asked for

    config = Config.for_endpoint(admin.endpoint, insecure=True)
    remote = FlyteRemote(config, admin.project, admin.domain, seed=seed)
    try:
        yield remote
    finally:
        _let_begin(admin)
        remote.close()


def side_by_side(
    admin: FakeFlyteAdmin, starts: Sequence[float], function: Callable[[int], ResultT]
) -> list[ResultT]:
    """Call a function in several threads, each from an instant of its own: the order is the same.

    Args:
        admin: Whose clock they live on.
        starts: When each begins, in seconds.
        function: Called with 0, 1, …
    """
    clock = cast("VirtualClock", admin.clock)  # the stage's own
    returned: dict[int, ResultT] = {}
    raised: dict[int, BaseException] = {}

    def one(number: int) -> None:
        try:
            clock.sleep(starts[number])
            returned[number] = function(number)
        except BaseException as error:  # noqa: BLE001  raised again below, in the test
            raised[number] = error

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(starts))]
    for thread in threads:
        clock.join(thread)  # one that this module starts takes no part by itself
        thread.start()
    for thread in threads:
        with suppress(HopelessWait):  # if the clock breaks, all of them end
            clock.join_thread(thread)
        thread.join()
    for number in sorted(raised):
        raise raised[number]
    return [returned[number] for number in range(len(starts))]


def _zone(zone: str) -> AbstractContextManager[None]:
    """Live in another time zone for a while, if a story names one."""
    if not zone:
        return nullcontext()
    if not hasattr(time, "tzset"):
        raise unittest.SkipTest("this platform cannot change the time zone of a process")
    return world.local_time(zone)
