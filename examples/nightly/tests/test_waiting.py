import pytest

from flyte_testkit import laws
from flyte_testkit.strategies import terminal_outcomes
from nightly.waiting import wait


class TestWait(laws.WaitingLaws):
    poll_interval = 30
    survives = 300

    def wait(self, remote, execution, timeout):
        return wait(remote, execution, timeout) == "SUCCEEDED"


@pytest.mark.parametrize("timeline", terminal_outcomes(), ids=str)
def test_it_tells_how_a_run_ended(timeline, flyte_admin, flyte_remote):
    flyte_admin.add_execution("train", timeline)

    assert wait(flyte_remote, flyte_remote.fetch_execution(name="train"), 3600) == timeline.phase
