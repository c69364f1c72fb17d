"""The fake without pytest's fixtures: a ``unittest.TestCase`` that owns server, clock and world."""

import unittest

from flyte_testkit import failures, running
from flyte_testkit.client import FlyteRemote
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by


def how_it_ended(remote, name):
    """The code under test: waits for a run, and says in a word how it ended."""
    execution = remote.wait(remote.fetch_execution(name=name))
    if execution.is_successful:
        return "well"
    if execution.error is None:
        return f"stopped: {execution.closure.abort_metadata.cause}"
    return "out of memory" if "OOMKilled" in execution.error.code else "badly"


class HowItEnded(unittest.TestCase):
    def setUp(self):
        self.admin = self.enterContext_(FakeFlyteAdmin())
        self.enterContext_(governed_by(self.admin.clock))
        self.remote = self.enterContext_(
            FlyteRemote.for_endpoint(
                self.admin.endpoint,
                insecure=True,
                default_project=self.admin.project,
                default_domain=self.admin.domain,
            )
        )

    def enterContext_(self, context):  # noqa: N802  unittest has enterContext from Python 3.11 on
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def test_a_run_ends_well(self):
        self.admin.add_execution("train", running(36_000).succeeds(auc=0.91))

        self.assertEqual(how_it_ended(self.remote, "train"), "well")
        self.assertEqual(self.admin.clock.elapsed, 36_000)

    def test_a_run_out_of_memory_is_told_from_others(self):
        self.admin.add_execution("train", running(600).fails(failures.oom_killed()))

        self.assertEqual(how_it_ended(self.remote, "train"), "out of memory")

    def test_a_run_that_somebody_stopped_has_a_cause(self):
        self.admin.add_execution("train", running(600).aborts("too dear", principal="ann"))

        self.assertEqual(how_it_ended(self.remote, "train"), "stopped: too dear")


if __name__ == "__main__":
    unittest.main()
