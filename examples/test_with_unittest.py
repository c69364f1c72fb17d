"""The fake without pytest's fixtures: a ``unittest.TestCase`` and one door, ``fake_flyte``."""

import unittest

from flyte_testkit import failures, fake_flyte, running
from flyte_testkit.client import FlyteRemote


def how_it_ended(name):
    """The code under test: waits for a run, and says in a word how it ended.

    It finds its server in the environment, and sleeps half a minute between two looks.
    """
    with FlyteRemote.auto(default_project="flytesnacks", default_domain="development") as remote:
        execution = remote.wait(remote.fetch_execution(name=name))
    if execution.is_successful:
        return "well"
    if execution.error is None:
        return f"stopped: {execution.closure.abort_metadata.cause}"
    return "out of memory" if "OOMKilled" in execution.error.code else "badly"


class HowItEnded(unittest.TestCase):
    def setUp(self):
        flyte = fake_flyte()
        self.admin = flyte.__enter__()  # from Python 3.11 on: self.enterContext(fake_flyte())
        self.addCleanup(flyte.__exit__, None, None, None)

    def test_a_run_ends_well(self):
        self.admin.add_execution("train", running(36_000).succeeds(auc=0.91))

        self.assertEqual(how_it_ended("train"), "well")
        self.assertEqual(self.admin.clock.elapsed, 36_000)

    def test_a_run_out_of_memory_is_told_from_others(self):
        self.admin.add_execution("train", running(600).fails(failures.oom_killed()))

        self.assertEqual(how_it_ended("train"), "out of memory")

    def test_a_run_that_somebody_stopped_has_a_cause(self):
        self.admin.add_execution("train", running(600).aborts("too dear", principal="ann"))

        self.assertEqual(how_it_ended("train"), "stopped: too dear")


if __name__ == "__main__":
    unittest.main()
