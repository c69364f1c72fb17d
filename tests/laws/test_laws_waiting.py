import unittest
from unittest.mock import Mock

import pytest
from hypothesis import Phase, settings
from more_loops import terminates, terminates_all_of_its_plan
from waiting_loops import POLL, RIGHT

from flyte_testkit import laws
from flyte_testkit.errors import BrokenLaw

FEW = settings(derandomize=True, max_examples=6, database=None)
FIND = settings(
    derandomize=True, max_examples=200, database=None, phases=[Phase.explicit, Phase.generate]
)


def suite(loop, examples=FIND):
    class TestLoop(laws.WaitingLaws):
        client = "testkit"
        poll_interval = POLL
        survives = 25
        settings = examples

        def wait(self, remote, execution, timeout):
            return loop(remote, execution, timeout)

    return TestLoop()


class TestRightLoop(laws.WaitingLaws):
    settings = FEW
    client = "testkit"
    poll_interval = POLL
    survives = 25
    rpc_timeout = 1

    def wait(self, remote, execution, timeout):
        return RIGHT(remote, execution, timeout)

    def outputs(self, remote, execution):
        return remote.sync_execution(execution).outputs


def test_what_hangs_is_stopped_and_told_so():
    def wait(remote, execution, timeout):
        while not remote.sync_execution(execution).is_done:
            pass
        return execution.is_successful

    with pytest.raises(BrokenLaw) as broken:
        suite(wait).test_keeps_its_time_budget()

    assert "had to be stopped" in str(broken.value)


def test_an_answer_that_is_none_is_no_answer():
    def wait(remote, execution, timeout):
        RIGHT(remote, execution, timeout)

    with pytest.raises(BrokenLaw) as broken:
        suite(wait).test_ends_with_every_outcome()

    assert "returned None" in str(broken.value)
    assert "it should have returned" in str(broken.value)


def test_what_only_passes_for_an_error_may_be_told_of_by_one():
    def wait(remote, execution, timeout):
        raise RuntimeError("it failed", Mock(spec=ValueError("as a double says")))

    with pytest.raises(BrokenLaw, match="it should have returned True"):
        suite(wait, FEW).test_ends_with_every_outcome()


def test_a_wait_that_may_terminate_terminates_its_own_alone():
    class TestTerminates(laws.WaitingLaws):
        client = "testkit"
        poll_interval = POLL
        may_terminate = True
        settings = FEW

        def wait(self, remote, execution, timeout):
            return terminates(TimeoutError)(remote, execution, timeout)

    class TestTerminatesAll(TestTerminates):
        def wait(self, remote, execution, timeout):
            return terminates_all_of_its_plan(remote, execution, timeout)

    TestTerminates().test_touches_nobody_elses()
    with pytest.raises(unittest.SkipTest, match="may terminate what it waits for"):
        TestTerminates().test_never_terminates_what_it_waits_for()
    with pytest.raises(BrokenLaw, match="it has terminated 'run-"):
        TestTerminatesAll().test_touches_nobody_elses()


def test_outputs_of_another_execution_are_found():
    class TestOutputs(laws.WaitingLaws):
        client = "testkit"
        poll_interval = POLL
        settings = FIND

        def wait(self, remote, execution, timeout):
            return RIGHT(remote, execution, timeout)

        def outputs(self, _remote, _execution):
            return {"owner": "run"}

    with pytest.raises(
        BrokenLaw, match=r"outputs of run1 returned \{'owner': 'run'\}: they are not its own"
    ):
        TestOutputs().test_threads_do_not_mix_up_executions()
