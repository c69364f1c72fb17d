import threading

import pytest
from waiting_loops import POLL, RIGHT

from flyte_testkit.laws._crowds import complaint, latest_of, watch_crowd
from flyte_testkit.laws._stories import Crowd
from flyte_testkit.timeline import running

LATE_AND_EARLY = Crowd(
    (running(25).succeeds(), running(0).succeeds(), running().never_ends()),
    starts=(0.0, 0.37, 1.13),
    delay=0.0,
    timeouts=(60, 60, 20),
)


def told(wait, outputs=None, crowd=LATE_AND_EARLY):
    seen = watch_crowd(wait, outputs, crowd, client="testkit", grace=300)
    return complaint(crowd, seen, latest_of(crowd, POLL))


def test_waits_that_mind_their_own_business_are_fine():
    assert told(RIGHT, lambda remote, execution: remote.sync_execution(execution).outputs) == ""


def test_a_wait_that_keeps_another_is_found():
    one_for_all = threading.Lock()

    def in_turn(remote, execution, timeout):
        with one_for_all:
            return RIGHT(remote, execution, timeout)

    assert "another one kept it" in told(in_turn)


def test_a_deadline_that_all_share_is_found():
    budget = []

    def wait(remote, execution, timeout):
        budget.append(timeout)
        return RIGHT(remote, execution, max(budget))

    assert told(wait) == (
        "the wait for run10 was back at 61.13 s, and should have been by 31.23 s: another one kept "
        "it."
    )


def test_outputs_that_were_forgotten_are_not_its_own():
    assert told(RIGHT, lambda _remote, _execution: None) == (
        "reading the outputs of run returned None: they are not its own."
    )


def test_a_wait_that_should_have_given_up_is_found():
    def wait(remote, execution, timeout):
        try:
            return RIGHT(remote, execution, timeout)
        except TimeoutError:
            return False

    assert told(wait) == "the wait for run10 returned False, but that execution never ends."


@pytest.mark.parametrize("delay", [0.2, 0.5])
def test_calls_of_several_waits_never_come_at_one_instant(delay):
    crowd = Crowd(LATE_AND_EARLY.timelines, LATE_AND_EARLY.starts, delay, (60, 60, 20))
    seen = watch_crowd(RIGHT, None, crowd, client="testkit", grace=300)

    waits = [call for call in seen.admin.calls if call.rpc == "GetExecution" and call.at > 0]
    assert len({round(call.at, 3) for call in waits}) == len(waits)
