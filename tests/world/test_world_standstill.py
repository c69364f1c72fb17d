from __future__ import annotations

import _thread
import contextlib
import itertools
import os
import queue
import select
import threading
import time
import warnings

import pytest

from flyte_testkit.clock import _court, _watch
from flyte_testkit.errors import HopelessWait
from flyte_testkit.world import governed_by

START = _thread.start_new_thread  # that of before the world: such a thread takes no part


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(_watch, "_STANDSTILL", 0.1)
    monkeypatch.setattr(_court, "_TRAPPED", 0.3)


def test_a_lock_that_nobody_can_see_into_is_told_and_then_ended(clock):
    hidden = (queue.Queue().mutex,)  # one of those that stay what they are, where nobody looks
    ends = []

    def holder():
        with hidden[0]:
            try:
                time.sleep(10)
            except HopelessWait as error:
                ends.append(str(error))

    def wanting():
        with contextlib.suppress(HopelessWait), hidden[0]:  # it is told, too, once it has the lock
            pass

    threads = [threading.Thread(target=holder), threading.Thread(target=wanting, name="wanting")]
    with (  # noqa: PT031  both warn and break
        pytest.warns(RuntimeWarning, match="has stood still at 0 s") as told,
        contextlib.suppress(HopelessWait),
        governed_by(clock),
    ):
        for thread in threads:
            thread.start()
        threads[0].join()
    for thread in threads:
        thread.join(10)
    text = str(told[0].message)
    assert "the thread 'wanting' blocks in" in text
    assert "in wanting: with" in text
    assert "Make it inside" in text
    assert clock.broken is not None
    assert ends[0].startswith("time has stood still at 0 s for")


def test_what_blocks_for_real_is_told_and_never_ended(clock, governed):
    reading, writing = os.pipe()
    sleeper = threading.Thread(target=time.sleep, args=(60,))
    sleeper.start()
    with pytest.warns(RuntimeWarning, match="os.read") as told:  # noqa: PT031  it comes meanwhile

        def write_once_it_is_told():
            for _ in range(400):
                if told:
                    break
                select.select([], [], [], 0.05)
            select.select([], [], [], 0.5)  # long enough for a trap
            os.write(writing, b"x")

        START(write_once_it_is_told, ())
        assert os.read(reading, 1) == b"x"
    assert "counts as running" in str(told[0].message)
    sleeper.join()
    assert (clock.broken, clock.elapsed) == (None, 60)
    assert len(told) == 1


def test_nothing_is_told_if_nobody_waits_for_time(clock, governed):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reading, writing = os.pipe()
        waiter = threading.Thread(target=threading.Event().wait, daemon=True)
        waiter.start()
        START(lambda: (select.select([], [], [], 0.4), os.write(writing, b"x")), ())
        os.read(reading, 1)
    assert clock.broken is None


class Stands:
    """A mover in which somebody runs while another waits for time to pass."""

    turns, us, runs, over = 1, 0, (None,), False

    class agenda:  # noqa: N801  a namespace
        first = staticmethod(object)


def test_a_pause_of_the_whole_process_is_no_standstill(monkeypatch):
    paused = itertools.count(0, 60)
    monkeypatch.setattr(time, "monotonic", lambda: next(paused))
    monkeypatch.setattr(_watch, "_real_monotonic", time.monotonic, raising=False)
    standstill = _watch._Standstill()
    assert [standstill.look(Stands) for _ in range(4)] == [0, 0, 0, 0]
    assert any(standstill.look(Stands) for _ in range(4))  # once looks add up, it is one
