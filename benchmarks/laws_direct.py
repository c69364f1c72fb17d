"""A suite of laws without a socket, against the same suite over TCP, both with default settings.

The suite is about our own client's wait: a right one, so that every law runs all of its examples.
Both are run in turn, each once per round; the median ratio counts, and the median seconds.
"""

import logging
import statistics
import sys
import unittest

from hypothesis import settings
from measuring import seconds, verdict

from flyte_testkit import laws

ROUNDS = 3


def suite(travels):
    class TestOurs(laws.WaitingLaws):
        client = "testkit"
        transport = travels
        poll_interval = 30
        survives = 60
        settings = settings(derandomize=True, database=None)

        def wait(self, remote, execution, timeout):
            return remote.wait(execution, timeout).is_successful

    return TestOurs()


def running(made):
    def run():
        for name in sorted(name for name in dir(made) if name.startswith("test_")):
            try:
                getattr(made, name)()
            except unittest.SkipTest as skipped:
                print(f"  {name}: {skipped}")

    return run


def main():
    logging.disable()  # of waits that go on
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    direct, tcp = (running(suite(travels)) for travels in ("direct", "tcp"))
    took, ratios = [], []
    for number in range(rounds):
        if number % 2:  # neither is always first
            theirs, ours = seconds(tcp), seconds(direct)
        else:
            ours, theirs = seconds(direct), seconds(tcp)
        took.append(ours)
        ratios.append(ours / theirs)
        print(f"  {ours:6.2f} s against {theirs:6.2f} s: {ratios[-1]:.2f}")
    return verdict("a suite of laws, direct", statistics.median(took), 6, " s") | verdict(
        "a suite of laws, direct against TCP", statistics.median(ratios), 1 / 3
    )


if __name__ == "__main__":
    sys.exit(main())
