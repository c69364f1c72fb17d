"""Hopeless waits: what is one, what is none, and who is told of it, wherever it happens."""

# ruff: noqa: BLE001, E722, PT017, PT031, S110, SIM105, SIM117  it is swallowed on purpose, in nested worlds

import _thread
import logging
import queue
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from multiprocessing.pool import ThreadPool

import pytest

from flyte_testkit import HopelessWait, VirtualClock, queued, running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.client.exceptions import FlyteTimeout
from flyte_testkit.clock import _watch
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

START = _thread.start_new_thread  # that of before the world: such a thread takes no part


@pytest.fixture
def clock(flyte_clock):
    flyte_clock.idle_sleeps = 100
    return flyte_clock


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(_watch, "_SILENCE", 0.05)  # real seconds of silence


def sleeps_for_ever(seconds=1):
    while True:
        time.sleep(seconds)


def reason(clock):
    """Why the clock gave up; the test knows of it."""
    return str(clock.forgive())


# What is none


def until_monotonic(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(1)


def until_perf_counter(seconds):
    end = time.perf_counter_ns() + seconds * 10**9
    while time.perf_counter_ns() < end:
        time.sleep(1)


def until_time(seconds):
    began = time.time()
    while time.time() - began < seconds:
        time.sleep(1)


def until_datetime(seconds):
    end = datetime.now() + timedelta(seconds=seconds)
    while datetime.now() < end:
        time.sleep(1)


LOOPS = [until_monotonic, until_perf_counter, until_time, until_datetime]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_that_looks_at_the_time_may_have_a_time_out(loop, clock):
    loop(1000)
    assert clock.elapsed == pytest.approx(1000, abs=1)


@pytest.mark.parametrize("loop", LOOPS)
def test_also_in_a_thread(loop, clock):
    thread = threading.Thread(target=loop, args=(1000,))
    thread.start()
    thread.join()
    assert clock.elapsed == pytest.approx(1000, abs=1)


def test_a_wait_of_our_client_with_a_timeout_ends_at_its_timeout(clock, flyte_admin, flyte_client):
    flyte_admin.add_execution("run", running().never_ends())
    run = flyte_client.fetch_execution(name="run")
    with pytest.raises(FlyteTimeout):
        flyte_client.wait(run, timeout=300, poll_interval=1)
    assert clock.elapsed == 300


def test_a_wait_of_flytekit_with_a_timeout_ends_at_its_timeout(clock, flyte_admin):
    exceptions = pytest.importorskip("flytekit.exceptions.user")
    flyte_admin.add_execution("run", running().never_ends())
    remote = flyte_admin.remote()
    run = remote.fetch_execution(name="run")
    with pytest.raises(exceptions.FlyteTimeout):
        remote.wait(run, timeout=300, poll_interval=1, sync_nodes=False)
    assert clock.elapsed == pytest.approx(300, abs=1)


def test_a_poller_beside_a_test_that_has_something_else_to_do(clock):
    stop = threading.Event()

    def poll():
        while not stop.is_set():
            time.sleep(20)

    poller = threading.Thread(target=poll)
    poller.start()
    for _ in range(90):
        time.sleep(3600)
    stop.set()
    poller.join()
    assert clock.elapsed == 90 * 3600
    assert clock.elapsed / 20 > 5 * clock.idle_sleeps  # more than anybody may sleep in vain


def test_a_poller_beside_a_thread_that_has_something_to_do(clock):
    threading.Thread(target=sleeps_for_ever, daemon=True).start()
    worker = threading.Thread(target=lambda: [time.sleep(600) for _ in range(90)])
    worker.start()
    worker.join()
    assert clock.elapsed == 90 * 600


def test_one_long_wait_beside_a_poller(clock):
    threading.Thread(target=sleeps_for_ever, daemon=True).start()
    assert not threading.Event().wait(86_400)
    assert clock.elapsed == 86_400


def test_threads_that_start_one_after_the_other(clock):
    for _ in range(5):
        thread = threading.Thread(target=lambda: [time.sleep(1) for _ in range(90)])
        thread.start()
        while thread.is_alive():
            time.sleep(10)
    assert clock.elapsed == pytest.approx(450, abs=50)


# What is one


@pytest.mark.parametrize(
    "waits",
    [
        pytest.param(lambda: logging.getLogger("x").warning("still there"), id="a logger's"),
        pytest.param(lambda: queue.SimpleQueue().empty(), id="none"),
        pytest.param(lambda: threading.Event().wait(0.5), id="a wait's"),
        pytest.param(lambda: time.strftime("%H:%M"), id="only shown"),
    ],
)
def test_readings_that_say_nothing_about_a_time_out(waits, clock):
    with pytest.raises(HopelessWait, match="slept 100 times in a row"):
        while True:
            waits()
            time.sleep(1)


def test_polling_a_queue_for_ever(clock):
    jobs = queue.Queue()
    with pytest.raises(HopelessWait):
        while True:
            with pytest.raises(queue.Empty):
                jobs.get(timeout=5)


def test_a_daemon_that_beats_gives_no_hope_for_long(clock):
    threading.Thread(target=sleeps_for_ever, args=(60,), daemon=True).start()
    with pytest.raises(HopelessWait):
        sleeps_for_ever()
    assert clock.elapsed < 60 * 35


def test_two_that_wait_for_each_other_at_their_own_pace(clock):
    threading.Thread(target=sleeps_for_ever, args=(7,)).start()
    with pytest.raises(HopelessWait):
        sleeps_for_ever()
    assert clock.elapsed == 700


@pytest.mark.parametrize(
    "wait",
    [
        pytest.param(lambda: threading.Event().wait(), id="event"),
        pytest.param(lambda: queue.Queue().get(), id="queue"),
        pytest.param(lambda: threading.Semaphore(0).acquire(), id="semaphore"),
    ],
)
def test_a_script_that_ends_and_changes_nothing(wait, clock, flyte_admin):
    flyte_admin.add_execution("a", queued(60).running(600).succeeds())
    flyte_admin.add_execution("b", running(3600).fails("boom"))
    with pytest.raises(HopelessWait, match="every thread waits without a timeout") as caught:
        wait()
    assert clock.elapsed == 3600
    assert "'MainThread' waits since 0 s, without a timeout, at tests/test_hopeless.py:" in str(
        caught.value
    )


def test_a_script_that_outlasts_the_limit_and_changes_nothing(clock, flyte_admin):
    clock.limit = 100
    flyte_admin.add_execution("a", running(3600).succeeds())
    with pytest.raises(HopelessWait, match="limit of 100 s"):
        threading.Event().wait()


def test_silence_that_a_stranger_ends_who_works_for_real(clock):
    done = threading.Event()

    def work():
        while time.thread_time() < 0.4:  # real seconds of work, on however busy a machine
            pass
        done.set()

    START(work, ())
    assert done.wait()


def test_silence_that_a_callback_ends(clock, flyte_admin):
    flyte_admin.add_execution("a", running(60).succeeds())
    done = threading.Event()
    clock.call_later(3600, done.set)
    assert done.wait()
    assert clock.elapsed == 3600


# What is said


def test_it_says_who_waits_since_when_and_where(clock):
    def worker():
        threading.Event().wait()

    time.sleep(5)
    threading.Thread(target=worker, name="worker").start()
    with pytest.raises(HopelessWait) as caught:
        sleeps_for_ever()
    assert [line.rpartition(":")[0] for line in str(caught.value).splitlines()[1:3]] == [
        "  'MainThread' has slept 100 times since 0 s, at tests/test_hopeless.py",
        "  'worker' waits since 5 s, without a timeout, at tests/test_hopeless.py",
    ]
    assert str(caught.value).splitlines()[2].endswith(", in worker")


def test_many_threads_are_not_told_one_by_one(clock):
    for _ in range(20):
        threading.Thread(target=threading.Event().wait).start()
    with pytest.raises(HopelessWait, match="  and 13 more"):
        sleeps_for_ever()


# Who is told


def in_a_thread():
    thread = threading.Thread(target=sleeps_for_ever)
    thread.start()
    thread.join()


def in_a_thread_of_a_thread():
    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()


def in_a_pool():
    with ThreadPoolExecutor() as pool:
        pool.submit(sleeps_for_ever)


def swallowed():
    try:
        sleeps_for_ever()
    except:
        pass


def swallowed_in_a_pool():
    with ThreadPoolExecutor() as pool:
        pool.submit(swallowed)


UNSEEN = [in_a_thread, in_a_thread_of_a_thread, in_a_pool, swallowed, swallowed_in_a_pool]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_leaving_a_world_tells_of_it(unseen):
    clock = VirtualClock(idle_sleeps=50)
    with pytest.raises(HopelessWait, match="slept 50 times"), governed_by(clock):
        unseen()


@pytest.mark.parametrize("unseen", UNSEEN)
def test_leaving_a_server_tells_of_it(unseen):
    clock = VirtualClock(idle_sleeps=50)
    with governed_by(clock), pytest.raises(HopelessWait, match="slept 50 times"):
        with FakeFlyteAdmin():
            unseen()


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_is_forgiven_is_not_told(unseen, clock):
    try:
        unseen()
    except BaseException as error:
        assert isinstance(error, HopelessWait)
    assert "nothing is scheduled" in reason(clock)


def test_a_worker_of_a_thread_pool(clock):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ThreadPool(1) as pool, pytest.raises(HopelessWait):
            pool.apply(sleeps_for_ever)


def test_the_same_words_are_told_again_if_they_are_said_again(clock):
    clock.give_up("enough")
    assert clock.forgive() is not None
    clock._hope.lost = None
    clock.give_up("enough")
    assert "enough" in str(clock.unheard())


def test_a_job_whose_result_is_asked_for_by_name(clock):
    with ThreadPoolExecutor() as pool, pytest.raises(HopelessWait):
        pool.submit(sleeps_for_ever).result()


# Servers in a world


def test_a_second_server_takes_the_clock_of_the_world(flyte_admin):
    with FakeFlyteAdmin() as other:
        assert other.clock is flyte_admin.clock
    with FakeFlyteAdmin(clock=VirtualClock()) as third:
        assert third.clock is not flyte_admin.clock


def test_a_server_with_another_clock_is_told_of_once_a_wait_is_in_vain(clock):
    with (
        FakeFlyteAdmin(clock=VirtualClock()) as other,
        warnings.catch_warnings(record=True) as told,
    ):
        warnings.simplefilter("always")
        other.add_execution("run", running(60).succeeds())
        config = Config.for_endpoint(other.endpoint, insecure=True)
        with FlyteRemote(config, other.project, other.domain) as client:
            run = client.fetch_execution(name="run")
            assert not told
            with pytest.raises(FlyteTimeout):
                client.wait(run, timeout=300)
            assert len(told) == 1
            assert "Give it none, and it takes the world's." in str(told[0].message)
            with pytest.raises(HopelessWait, match="has a clock of its own, and that stands still"):
                sleeps_for_ever()


def test_one_that_is_moved_by_hand_is_not_told_of(clock):
    with FakeFlyteAdmin(clock=VirtualClock()) as other:
        run = other.add_execution("run", running(60).succeeds())
        time.sleep(30)
        other.clock.advance(60)
        assert run.phase == "SUCCEEDED"


def test_without_a_world_each_server_has_a_clock_of_its_own():
    assert FakeFlyteAdmin().clock is not FakeFlyteAdmin().clock


# Threads that outlive their world


def test_a_poller_that_nobody_stops_ends_quietly_with_its_world():
    cleared_up = []

    def poll():
        try:
            sleeps_for_ever(2)
        finally:
            cleared_up.append(True)

    with governed_by(VirtualClock()):
        poller = threading.Thread(target=poll, daemon=True)
        poller.start()
        time.sleep(60)
    poller.join(10)
    assert (poller.is_alive(), cleared_up) == (False, [True])


def test_one_that_is_no_daemon_is_told_of():
    poller = threading.Thread(target=sleeps_for_ever, name="poller")
    place = r"'poller' at tests/test_hopeless.py:\d+, in sleeps_for_ever"
    with pytest.warns(RuntimeWarning, match=place), governed_by(VirtualClock()):
        poller.start()
        time.sleep(60)
    poller.join(10)
    assert not poller.is_alive()


def test_a_job_that_outlives_its_world_leaves_its_worker_to_the_next():
    with ThreadPoolExecutor(1) as pool:
        with governed_by(VirtualClock()):
            left = pool.submit(sleeps_for_ever)
            time.sleep(60)
        assert isinstance(left.exception(10), SystemExit)
        with governed_by(VirtualClock()) as world:
            pool.submit(time.sleep, 30).result()
            assert world.clock.elapsed == 30


def test_a_worker_that_waits_for_jobs_lives_on():
    jobs, done = queue.Queue(), queue.Queue()

    def work():
        while (job := jobs.get()) is not None:
            time.sleep(job)
            done.put(job)

    worker = threading.Thread(target=work, daemon=True)
    with governed_by(VirtualClock()):
        worker.start()
        time.sleep(60)
    with governed_by(VirtualClock()) as world:
        jobs.put(30)
        assert done.get(timeout=60) == 30
        assert world.clock.elapsed == 30
        jobs.put(None)
        worker.join()


def test_a_timer_that_nobody_cancels_ends_too():
    with pytest.warns(RuntimeWarning, match=r"'Thread-.*' at .*threading.py:\d+"):
        with governed_by(VirtualClock()):
            timer = threading.Timer(3600, pytest.fail)
            timer.start()
            time.sleep(60)
    timer.join(10)
    assert not timer.is_alive()


def test_a_clock_can_be_moved_after_its_world_was_left():
    with governed_by(VirtualClock()) as world:
        idle = queue.Queue()
        threading.Thread(target=idle.get, daemon=True).start()
        time.sleep(60)
    world.clock.advance(60)
    world.clock.sleep(60)
    idle.put(None)
    assert world.clock.elapsed == 180


def test_no_warning_is_left_for_anybody_else(clock):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        in_a_thread()
    reason(clock)
