import queue
import threading
import time
import warnings

import pytest
from hypothesis import Phase, settings
from waiting_loops import POLL, RIGHT

from flyte_testkit import laws, running
from flyte_testkit.errors import BrokenLaw
from flyte_testkit.laws._stage import stage
from flyte_testkit.laws._stories import Story
from flyte_testkit.laws._watching import watch

FIND = settings(
    derandomize=True, max_examples=20, database=None, phases=[Phase.explicit, Phase.generate]
)
ENDS = Story(running(25).succeeds(), 60)


def watched(wait):
    return watch(wait, ENDS, client="testkit", grace=300, poll=POLL)


def starts(function, *, daemon=True):
    """A right wait that leaves a thread behind; returns also what has been started."""
    threads = []

    def wait(remote, execution, timeout):
        threads.append(threading.Thread(target=function, args=(remote, execution), daemon=daemon))
        threads[-1].start()
        return RIGHT(remote, execution, timeout)

    return wait, threads


def polls(remote, execution):
    while True:
        remote.sync_execution(execution)
        time.sleep(POLL)


@pytest.mark.parametrize("daemon", [True, False])
def test_a_thread_that_still_polls_is_seen_and_has_ended_when_the_example_is_over(daemon):
    wait, threads = starts(polls, daemon=daemon)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen = watched(wait)

    assert seen.returned is True
    assert [call.rpc for call in seen.later].count("GetExecution") == 4
    assert not threads[0].is_alive()


def test_later_examples_see_nothing_of_what_one_has_left_behind():
    wait, _ = starts(polls)
    before = watched(RIGHT)
    watched(wait)

    after = watched(RIGHT)

    assert [(call.rpc, call.at) for call in after.calls] == [
        (call.rpc, call.at) for call in before.calls
    ]
    assert after.later == ()


def test_a_thread_that_takes_a_look_more_before_it_stops_is_forgiven():
    stop = threading.Event()

    def looks_once_more(remote, execution):
        while not stop.is_set():
            time.sleep(POLL)
            remote.sync_execution(execution)

    wait, threads = starts(looks_once_more)

    def stops(remote, execution, timeout):
        try:
            return wait(remote, execution, timeout)
        finally:
            stop.set()

    assert watched(stops).later == ()
    assert not threads[0].is_alive()


def test_a_worker_that_waits_for_work_lives_on_in_later_examples():
    jobs, done = queue.Queue(), queue.Queue()

    def works():
        while (job := jobs.get()) is not None:
            done.put(RIGHT(*job))

    started = []

    def wait(remote, execution, timeout):
        if not started:
            started.append(threading.Thread(target=works, daemon=True))
            started[0].start()
        jobs.put((remote, execution, timeout))
        return done.get()

    assert [watched(wait).returned for _ in range(3)] == [True] * 3
    assert started[0].is_alive()
    jobs.put(None)


def test_what_a_thread_found_hopeless_is_told_by_the_law_alone():
    def for_ever(_remote, _execution):
        while True:
            time.sleep(3600)

    wait, threads = starts(for_ever)

    def hangs(remote, execution, timeout):
        wait(remote, execution, timeout)
        threads[-1].join()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert watched(hangs).hung


def test_a_thread_that_has_only_been_started_comes_to_where_it_waits():
    looks = []

    def looks_and_sleeps():
        looks.append("while its example lasts")
        time.sleep(POLL)

    thread = threading.Thread(target=looks_and_sleeps)
    with stage(300):
        thread.start()

    assert looks == ["while its example lasts"]
    assert not thread.is_alive()


class Polls(laws.WaitingLaws):
    settings = FIND
    client = "testkit"
    poll_interval = POLL

    def wait(self, remote, execution, timeout):
        threading.Thread(target=polls, args=(remote, execution), daemon=True).start()
        return RIGHT(remote, execution, timeout)


def test_it_is_told_by_name_and_other_laws_are_not_disturbed():
    with pytest.raises(BrokenLaw, match="leaves no thread behind that still polls") as broken:
        Polls().test_leaves_no_thread_behind_that_still_polls()

    assert "leaves a thread behind that still polls: GetExecution came at" in str(broken.value)
    Polls().test_says_success_only_of_success()
    Polls().test_keeps_its_time_budget()
    Polls().test_sees_the_end_within_one_poll()
