"""A clock that nobody holds any more is gone at once: no part of it holds the whole."""

import asyncio
import inspect
import queue
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from flyteidl.admin.version_pb2 import GetVersionRequest
from flyteidl.service.admin_pb2_grpc import AdminServiceStub

from flyte_testkit import VirtualClock, fake_flyte, running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.errors import HopelessWait
from flyte_testkit.world import governed_by

pytestmark = pytest.mark.usefixtures("uncollected")


def waited_for(admin):
    admin.add_execution("run", running(60).succeeds())
    config = Config.for_endpoint(admin.endpoint, insecure=True)
    with FlyteRemote(config, admin.project, admin.domain) as remote:
        assert remote.wait(remote.fetch_execution(name="run"), 120).is_successful


def nothing(_):
    pass


def a_sleep(_):
    time.sleep(60)


def a_callback(clock):
    clock.call_later(30, print, end="")
    time.sleep(60)


def a_callback_that_is_due_later(clock):
    clock.call_later(90, print)
    time.sleep(60)


def callbacks_that_were_cancelled(clock):
    for handle in [clock.call_later(seconds, clock.stir) for seconds in (90, 60, 120)]:
        handle.cancel()


def threads(_):
    event = threading.Event()
    waiting = [threading.Thread(target=event.wait, args=(90,)) for _ in range(2)]
    for thread in waiting:
        thread.start()
    time.sleep(60)
    event.set()
    for thread in waiting:
        thread.join()


def a_pool(_):
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(time.sleep, [60, 30])) == [None, None]


def a_loop(_):
    async def sleeps():
        await asyncio.gather(asyncio.sleep(60), asyncio.to_thread(time.sleep, 30))

    asyncio.run(sleeps())


def a_hopeless_wait(clock):
    with pytest.raises(HopelessWait, match="longer than this clock's limit"):
        clock.sleep(1e8)
    clock.forgive()


def too_many_sleeps(clock):
    clock.idle_sleeps = 100
    with pytest.raises(HopelessWait, match="100 times in a row"):
        while True:
            time.sleep(1)
    clock.verify()


@pytest.mark.parametrize(
    "use",
    [
        *(nothing, a_sleep, a_callback, a_callback_that_is_due_later, a_pool, threads),
        *(callbacks_that_were_cancelled, a_loop, a_hopeless_wait, too_many_sleeps),
    ],
    ids=lambda use: use.__name__,
)
class TestAfter:
    def test_a_clock_goes_with_its_last_name(self, use):
        def lived():  # a world has read the names of who entered it
            clock = VirtualClock()
            with governed_by(clock):
                use(clock)
            return weakref.ref(clock)

        assert lived()() is None

    def test_so_does_the_server_that_it_was_of(self, use):
        def lived():
            with fake_flyte(clock=VirtualClock(idle_sleeps=100)) as admin:
                use(admin.clock)
                admin.clock.mend()
                waited_for(admin)
            return [weakref.ref(it) for it in (admin, admin._backend, admin.clock)]

        assert [it() for it in lived()] == [None, None, None]


def test_what_a_clock_judges_is_judged_though_nobody_names_it():
    clock = VirtualClock(limit=10)
    mover, sleeper = clock.mover, clock.sleeper(60)
    gone = weakref.ref(clock)
    del clock
    mover.park(sleeper)
    assert gone() is None
    assert "waits longer than this clock's limit of 10 s" in str(mover.hope.lost)


def test_a_call_in_which_somebody_stands_keeps_what_judges_it():
    clock = VirtualClock()
    calls = clock.mover.calls
    held = calls.hold("GetVersion")
    gone = weakref.ref(clock)
    del clock
    assert gone() is None
    assert calls.held == {held: held}
    calls.release(held)
    assert calls.held == {}


def test_an_answer_that_comes_after_the_deadline_keeps_no_clock():
    def lived():
        with fake_flyte(transport="direct") as admin, admin.channel() as channel:
            admin.on("GetVersion").delays(7)  # which is on the clock's agenda at the end
            with pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED") as refused:
                AdminServiceStub(channel).GetVersion(GetVersionRequest(), timeout=3)
            del refused
            assert admin.clock.elapsed == 3
            return weakref.ref(admin), weakref.ref(admin.clock)

    assert [it() for it in lived()] == [None, None]


@pytest.mark.parametrize("timeout", [1e7, 1e8], ids=["direct", "by-a-socket"])
def test_a_clock_that_gave_up_on_a_call_goes_as_well(timeout):
    def lived():
        with fake_flyte(transport="direct") as admin:
            admin.on("GetVersion").hangs()
            with admin.channel() as channel, pytest.raises(grpc.RpcError, match="clock's limit"):
                AdminServiceStub(channel).GetVersion(GetVersionRequest(), timeout=timeout)
            assert admin._host._listener.listens is (timeout == 1e8)  # gRPC's own idea of it
            admin.clock.forgive()
            return [weakref.ref(it) for it in (admin, admin._backend, admin.clock)]

    gone, pause = lived(), threading.Event()
    for _ in range(500):  # by a socket a thread gives up that nobody joins: it may be about to end
        if timeout == 1e8 and any(it() for it in gone):
            pause.wait(0.01)
    assert [it() for it in gone] == [None, None, None]


def naps(orders):
    for seconds in iter(orders.get, None):
        time.sleep(seconds)
        orders.task_done()


def test_a_thread_may_live_through_more_worlds_than_calls_may_be_nested():
    orders, usual = queue.Queue(), sys.getrecursionlimit()
    thread = threading.Thread(target=naps, args=(orders,))
    thread.start()
    for _ in range(400):
        with governed_by(VirtualClock()):
            orders.put(60)
            orders.join()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    orders.put(None)
    thread.join()  # an error in it would fail this test
    sys.setrecursionlimit(usual)
