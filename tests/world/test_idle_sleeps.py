"""Loops that sleep in vain are told so after a number of sleeps, whoever looks for them."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from flyte_testkit import HopelessWait

pytestmark = pytest.mark.flyte(idle_sleeps=50, limit=30_000)


def looks_in_a_pool():
    with ThreadPoolExecutor(1) as pool:
        while not pool.submit(int).result():
            time.sleep(30)


def looks_in_a_thread_each_time():
    found = []
    while not found:
        looking = threading.Thread(target=found.extend, args=([],))
        looking.start()
        looking.join()
        time.sleep(30)


async def looks():
    while not await asyncio.to_thread(int):
        await asyncio.sleep(30)


def looks_from_a_loop():
    asyncio.run(looks())


def several_look_from_a_loop():
    async def all_of_them():
        await asyncio.gather(*(looks() for _ in range(3)))

    asyncio.run(all_of_them())


@pytest.mark.parametrize(
    "waits",
    [
        looks_in_a_pool,
        looks_in_a_thread_each_time,
        looks_from_a_loop,
        several_look_from_a_loop,
    ],
)
def test_looks_that_are_handed_on_are_no_hope(flyte_clock, waits):
    with pytest.raises(HopelessWait, match="slept 50 times in a row"):
        waits()

    assert flyte_clock.elapsed < 10_000  # long before the clock's limit


def test_a_job_that_began_during_the_wait_may_end_it(flyte_clock):
    done = []

    def works():
        time.sleep(2000)
        done.append(True)

    with ThreadPoolExecutor(2) as pool:
        for second in range(2100):
            if done:
                break
            if second == 30:
                pool.submit(works)
            time.sleep(1)

    assert flyte_clock.elapsed == pytest.approx(2031, abs=1)


def test_who_was_there_before_is_waited_for(flyte_clock):
    done = threading.Event()

    def works():
        time.sleep(29_000)
        done.set()

    working = threading.Thread(target=works)
    working.start()
    while not done.is_set():
        time.sleep(30)
    working.join()

    assert flyte_clock.elapsed == pytest.approx(29_000, abs=30)
