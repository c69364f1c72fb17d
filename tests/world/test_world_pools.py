from __future__ import annotations

import os
import threading
import time
from concurrent import futures
from multiprocessing import TimeoutError as TimeIsUp
from multiprocessing.pool import Pool, ThreadPool

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import ClockError
from flyte_testkit.world import governed_by

REAL_SLEEP = time.sleep


@pytest.fixture(params=["younger", "older", "used in another world"])
def pool(request, clock):
    """Three workers; the world is entered, too."""
    if request.param == "younger":
        with governed_by(clock), futures.ThreadPoolExecutor(3) as pool:
            yield pool
        return
    with futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(REAL_SLEEP, [0.003] * 3))
        if request.param != "older":
            with governed_by(VirtualClock()):
                list(pool.map(time.sleep, [10] * 4))
        with governed_by(clock):
            yield pool


def test_jobs_take_as_long_as_the_longest(clock, pool):
    assert list(pool.map(lambda s: time.sleep(s) or clock.elapsed, [10, 20, 30])) == [10, 20, 30]


def test_no_more_jobs_run_than_there_are_workers(clock, pool):
    jobs = [pool.submit(lambda s: time.sleep(s) or clock.elapsed, s) for s in (10, 20, 30, 5, 5)]
    assert [job.result() for job in jobs] == [10, 20, 30, 15, 20]


def test_a_result_times_out_on_the_clock(clock, pool):
    job = pool.submit(time.sleep, 3600)
    with pytest.raises(futures.TimeoutError):
        job.result(60)
    with pytest.raises(futures.TimeoutError):
        job.exception(timeout=60)
    assert (clock.elapsed, job.done()) == (120, False)
    assert job.result(3600) is None
    assert clock.elapsed == 3600


def test_wait_and_as_completed_and_map_time_out_on_the_clock(clock, pool):
    jobs = [pool.submit(time.sleep, length) for length in (10, 20, 100)]
    done, _ = futures.wait(jobs, timeout=50, return_when=futures.FIRST_COMPLETED)
    assert (done, clock.elapsed) == ({jobs[0]}, 10)
    done, left = futures.wait(jobs, timeout=50)
    assert (len(done), left, clock.elapsed) == (2, {jobs[2]}, 60)
    with pytest.raises(futures.TimeoutError):
        list(futures.as_completed(jobs, timeout=30))
    assert clock.elapsed == pytest.approx(90, abs=0.001)
    with pytest.raises(futures.TimeoutError):
        list(pool.map(time.sleep, [1, 50], timeout=10))
    assert clock.elapsed == pytest.approx(100, abs=0.001)


def test_done_callbacks_belong_to_the_job(clock, pool):
    seen = []
    job = pool.submit(time.sleep, 10)
    job.add_done_callback(lambda _: (time.sleep(5), seen.append(clock.elapsed)))
    time.sleep(12)
    assert seen == []
    time.sleep(10)
    assert seen == [15]


def test_what_a_job_raises_comes_out_of_its_result(clock, pool):
    job = pool.submit(lambda: time.sleep(10) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        job.result()
    assert clock.elapsed == 10


def test_a_job_may_submit_another(clock, pool):
    outer = pool.submit(lambda: pool.submit(lambda: time.sleep(5) or clock.elapsed).result())
    assert outer.result(60) == 5


def test_a_cancelled_job_gives_its_place_up(clock, pool):
    busy = [pool.submit(time.sleep, 10) for _ in range(3)]
    jobs = [pool.submit(time.sleep, 1000), pool.submit(lambda: clock.elapsed)]
    time.sleep(1)
    assert jobs[0].cancel()
    assert jobs[1].result() == 10
    assert all(job.done() for job in busy[:1])


def test_shutdown_waits_on_the_clock(clock, governed):
    pool = futures.ThreadPoolExecutor(1)
    jobs = [pool.submit(time.sleep, 10) for _ in range(3)]
    pool.shutdown()
    assert (clock.elapsed, all(job.done() for job in jobs)) == (30, True)
    with pytest.raises(RuntimeError, match="shutdown"):
        pool.submit(int)
    time.sleep(5)
    assert clock.elapsed == 35


def test_shutdown_may_cancel_what_has_not_begun(clock, governed):
    pool = futures.ThreadPoolExecutor(1)
    jobs = [pool.submit(time.sleep, 10) for _ in range(4)]
    time.sleep(1)
    pool.shutdown(cancel_futures=True)
    assert [job.cancelled() for job in jobs] == [False, True, True, True]
    time.sleep(100)
    assert clock.elapsed == 110


def test_shutdown_need_not_wait(clock, governed):
    pool = futures.ThreadPoolExecutor(1)
    job = pool.submit(time.sleep, 10)
    pool.shutdown(wait=False)
    assert clock.elapsed == 0
    job.result()
    assert clock.elapsed == 10


@pytest.mark.parametrize("kind", ["plain", "wrapped"])
def test_an_initializer_is_part_of_the_first_job_of_each_worker(clock, governed, kind):
    begin = time.sleep if kind == "plain" else lambda length: time.sleep(length) or None
    with futures.ThreadPoolExecutor(2, initializer=begin, initargs=(3,)) as pool:
        ends = list(pool.map(lambda s: time.sleep(s) or clock.elapsed, [1, 2, 3]))
    assert ends == [4, 5, 7]


def test_an_initializer_that_fails_breaks_the_pool_as_in_life(clock, governed):
    def begin():
        time.sleep(1)
        raise ValueError

    with futures.ThreadPoolExecutor(2, initializer=begin) as pool:
        jobs = [pool.submit(time.sleep, 10) for _ in range(4)]
        for job in jobs:
            with pytest.raises(futures.BrokenExecutor):
                job.result()
    time.sleep(9)
    assert clock.elapsed == 10


def test_time_stands_while_a_pool_of_processes_works(clock, governed):
    beats = []

    def beat():
        for _ in range(3):
            time.sleep(1)
            beats.append(clock.elapsed)

    thread = threading.Thread(target=beat)
    with futures.ProcessPoolExecutor(1) as pool:
        thread.start()
        assert pool.submit(os.getpid).result(timeout=60) != os.getpid()
        assert beats == []
        done, _ = futures.wait([pool.submit(os.getpid)], timeout=1)
        assert len(done) == 1
    thread.join()
    assert (beats, clock.elapsed) == ([1, 2, 3], 3)


# multiprocessing.pool


@pytest.fixture(params=["younger", "older", "used in another world"])
def threads(request, clock):
    """The same of the other kind."""
    if request.param == "younger":
        with governed_by(clock), ThreadPool(3) as pool:
            yield pool
        return
    with ThreadPool(3) as pool:
        pool.map(REAL_SLEEP, [0.003] * 3)
        if request.param != "older":
            with governed_by(VirtualClock()):
                pool.map(time.sleep, [10] * 4)
        with governed_by(clock):
            yield pool


def slept(clock):
    return lambda length: time.sleep(length) or clock.elapsed


def test_map_has_as_many_workers_as_there_are(clock, threads):
    assert threads.map(slept(clock), [10, 20, 30, 5, 5], chunksize=1) == [10, 20, 30, 15, 20]


def test_a_chunk_is_one_job(clock, threads):
    assert threads.map(slept(clock), [10, 20, 30, 5, 5], chunksize=2) == [10, 30, 30, 35, 5]
    assert threads.map(slept(clock), []) == []
    assert len(threads.map(slept(clock), iter(range(30)))) == 30


def test_all_kinds_of_map_keep_their_order(clock, threads):
    lengths = [3, 1, 2]
    assert list(threads.imap(slept(clock), lengths)) == [3, 1, 2]
    assert list(threads.imap_unordered(slept(clock), lengths)) == [4, 5, 6]
    assert threads.starmap(lambda a, b: time.sleep(a) or b, [(1, "x"), (2, "y")]) == ["x", "y"]
    assert threads.map_async(slept(clock), lengths, chunksize=1).get() == [11, 9, 10]
    assert threads.starmap_async(pow, [(2, 3)]).get() == [8]
    assert clock.elapsed == 11


def test_an_async_result_times_out_on_the_clock(clock, threads):
    seen = []
    result = threads.apply_async(time.sleep, (60,), callback=lambda _: seen.append(clock.elapsed))
    with pytest.raises(TimeIsUp):
        result.get(5)
    result.wait(10)
    assert (clock.elapsed, result.ready()) == (15, False)
    result.wait()
    assert (clock.elapsed, seen, result.successful()) == (60, [60], True)


def test_an_imap_times_out_on_the_clock(clock, threads):
    results = threads.imap(slept(clock), [10, 20])
    with pytest.raises(TimeIsUp):
        results.next(timeout=5)
    assert (clock.elapsed, next(results), next(results)) == (5, 10, 20)


def test_what_a_call_raises_comes_out_of_its_result(clock, threads):
    seen = []
    result = threads.apply_async(
        lambda: time.sleep(10) or 1 / 0, error_callback=lambda _: seen.append(clock.elapsed)
    )
    with pytest.raises(ZeroDivisionError):
        result.get()
    with pytest.raises(ZeroDivisionError):
        threads.map(lambda number: 1 / number, [1, 0, 1])
    assert seen == [10]


def test_what_an_iterable_raises_comes_where_the_item_would(clock, threads):
    def items():
        yield 1
        raise KeyError

    results = threads.imap(slept(clock), items())
    assert next(results) == 1
    with pytest.raises(KeyError):
        next(results)


def test_join_waits_on_the_clock(clock, governed):
    pool = ThreadPool(2)
    for _ in range(5):
        pool.apply_async(time.sleep, (10,))
    pool.close()
    pool.join()
    assert clock.elapsed == 30


def test_terminate_forgets_what_has_not_begun(clock, governed):
    pool = ThreadPool(2)
    for _ in range(5):
        pool.apply_async(time.sleep, (10,))
    time.sleep(1)
    pool.terminate()
    time.sleep(100)
    assert clock.elapsed == 101


def test_pools_of_processes_keep_real_time(clock, governed):
    with Pool(1) as pool:
        assert pool.apply_async(os.getpid).get(timeout=60) != os.getpid()
        assert pool.map(abs, [-1, 2]) == [1, 2]
        assert list(pool.imap(abs, [-1])) == [1]
    assert clock.elapsed == 0


# Jobs of a ThreadPool that follow each other


def test_a_result_is_settled_before_the_next_job_of_a_thread_pool_begins(governed, together):
    for _ in range(50):
        seen = []
        with ThreadPool(1) as pool:

            def ask(pool=pool, seen=seen):
                pool.apply_async(seen.append, ["first"]).get(60)
                seen.append("settled")

            together(ask, lambda pool=pool, seen=seen: pool.apply(seen.append, ["second"]))
        assert seen == ["first", "settled", "second"]


def test_a_callback_that_waits_keeps_no_worker(clock, governed):
    ends = []
    with ThreadPool(1) as pool:
        done = pool.apply_async(time.sleep, (1,), callback=lambda _: time.sleep(10))
        pool.apply_async(lambda: (time.sleep(3), ends.append(clock.elapsed)))
        done.get()
        pool.close()
        pool.join()
    assert (ends, clock.elapsed) == ([4], 11)


def test_results_wait_for_a_callback_that_waits_and_time_goes_on(clock, governed):
    with ThreadPool(2) as pool:
        pool.apply_async(time.sleep, (1,), callback=lambda _: time.sleep(10))
        jobs = [pool.apply_async(time.sleep, (length,)) for length in (3, 2, 2)]
        jobs[0].get()
        assert clock.elapsed == 11  # one thread of the pool brings all results
        pool.close()
        pool.join()
    assert clock.elapsed == 11


def test_a_thread_pool_outlives_a_world_in_which_its_jobs_waited(clock):
    with ThreadPool(1) as pool:
        with governed_by(clock):
            left = pool.apply_async(time.sleep, (60,))
            time.sleep(1)
        with pytest.raises(ClockError, match="world was left"):
            left.get(10)
        assert pool.apply(abs, (-1,)) == 1
