"""Right loops and launchers keep every law; ``benchmarks/planted_bugs.py`` looks for longer."""

import pytest
from hypothesis import settings
from launchers import RIGHT_LAUNCHERS
from more_loops import RIGHT_LOOPS
from waiting_loops import POLL

from flyte_testkit import laws

FEW = settings(derandomize=True, max_examples=2, database=None)


def laws_of(suite):
    return sorted(name for name in dir(suite) if name.startswith("test_"))


@pytest.mark.parametrize("law", laws_of(laws.WaitingLaws))
@pytest.mark.parametrize("loop", RIGHT_LOOPS)
def test_a_right_loop_keeps(loop, law):
    class TestLoop(laws.WaitingLaws):
        client = "testkit"
        settings = FEW
        poll_interval = POLL
        survives = 25
        rpc_timeout = 1

        def wait(self, remote, execution, timeout):
            return RIGHT_LOOPS[loop](remote, execution, timeout)

    getattr(TestLoop(), law)()


@pytest.mark.parametrize("law", laws_of(laws.LaunchingLaws))
@pytest.mark.parametrize("launcher", RIGHT_LAUNCHERS)
def test_a_right_launcher_keeps(launcher, law):
    class TestLauncher(laws.LaunchingLaws):
        client = "testkit"
        settings = FEW

        def launch(self, remote):
            return RIGHT_LAUNCHERS[launcher](remote)

    if (launcher, law) == ("looks whose it is", "test_threads_launch_apart"):
        pytest.skip("it gives one name to all launches of a day, so they are one")
    getattr(TestLauncher(), law)()
