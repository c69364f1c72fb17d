"""Laws are the same over both transports: they find the same bugs, by the same shortest story."""

import os
import re

import grpc
import pytest
from broken_suites import Launching, Waiting
from hypothesis import settings
from hypothesis.errors import InvalidArgument
from launchers import MORE_LAUNCH_BUGS
from waiting_loops import BUGS

from flyte_testkit import laws
from flyte_testkit.errors import BrokenLaw

SHRINKS = settings(derandomize=True, max_examples=40, database=None)
WAITS = ["forgets_aborts", "counts_looks", "sets_no_deadline", "shares_its_state", "oversleeps"]


def broken(suite, law):
    """Return what a broken law tells, for both transports."""
    told = {}
    for travels in ("tcp", "direct"):
        made = type("Told", (suite,), {"transport": travels, "settings": SHRINKS})
        with pytest.raises(BrokenLaw) as caught:
            getattr(made(), law)()
        told[travels] = re.sub(r"nightly-[0-9a-f]{8}", "nightly-…", str(caught.value))
    return told


@pytest.mark.parametrize("bug", WAITS)
def test_a_bug_in_a_wait_is_told_alike(bug):
    loop, law = BUGS[bug]
    told = broken(type("Broken", (Waiting,), {"loop": loop}), law)

    assert told["direct"] == told["tcp"]


@pytest.mark.parametrize("bug", sorted(MORE_LAUNCH_BUGS)[:2])
def test_a_bug_in_a_launch_is_told_alike(bug):
    launcher, law = MORE_LAUNCH_BUGS[bug][:2]
    told = broken(type("Broken", (Launching,), {"launcher": launcher}), law)

    assert told["direct"] == told["tcp"]


def remote_channel():
    return grpc.insecure_channel(os.environ["FLYTE_PLATFORM_URL"])


@pytest.mark.parametrize("travels", ["tcp", "direct"])
def test_code_under_test_gets_the_transport_that_its_suite_names(travels):
    seen = []

    class TestLoop(laws.WaitingLaws):
        client = "testkit"
        transport = travels
        settings = settings(SHRINKS, max_examples=1)

        def wait(self, remote, execution, timeout):
            with remote_channel() as channel:
                seen.append(type(channel).__name__)
            return remote.wait(execution, timeout).is_successful

    TestLoop().test_ends_with_every_outcome()

    assert seen[0] == {"tcp": "Channel", "direct": "DirectChannel"}[travels]


def test_laws_need_no_socket_unless_told_otherwise():
    assert laws.WaitingLaws.transport == laws.LaunchingLaws.transport == "direct"
    assert laws.FlyteAdminMachine.transport == "direct"


@pytest.mark.parametrize("wrong", ["dirct", "TCP", None, True])
def test_a_transport_that_there_is_not_is_refused(wrong):
    with pytest.raises(InvalidArgument, match="calls travel by 'tcp' or by 'direct'"):

        class TestLoop(laws.WaitingLaws):
            transport = wrong


def test_a_name_that_is_nearly_right_is_refused():
    with pytest.raises(InvalidArgument, match="did you mean 'transport'"):

        class TestLoop(laws.WaitingLaws):
            transports = "tcp"


@pytest.mark.parametrize("travels", ["tcp", "direct"])
def test_the_machine_runs_over_it(travels):
    class Machine(laws.FlyteAdminMachine):
        transport = travels

    machine = Machine()
    try:
        machine.create(number=1)
        machine.event(execution="run1", phase="RUNNING")
        machine.server_and_model_agree()
        assert machine.admin.transport == travels
    finally:
        machine.teardown()
