from __future__ import annotations

import threading
import time
from unittest import mock

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import HopelessWait, running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by, patched_sleep

RUN = execution_pb2.WorkflowExecutionGetRequest(
    id=identifier_pb2.WorkflowExecutionIdentifier(
        project="flytesnacks", domain="development", name="run"
    )
)
SUCCEEDED = core.WorkflowExecution.SUCCEEDED


def no_sleep(_):
    pass


def test_nothing_is_patched_by_the_world_itself(governed):
    assert patched_sleep() is None


def test_a_mock_is_told_as_one(governed):
    with mock.patch("time.sleep"):
        assert patched_sleep() == (
            "time.sleep is patched by a mock (MagicMock), so nothing waits on the clock."
        )
    assert patched_sleep() is None


def test_a_function_is_told_by_its_name(governed, monkeypatch):
    monkeypatch.setattr(time, "sleep", no_sleep)
    assert patched_sleep() == (
        f"time.sleep is patched by {__name__}.no_sleep, so nothing waits on the clock."
    )


def test_an_object_is_told_by_its_type(governed, monkeypatch):
    monkeypatch.setattr(time, "sleep", object())
    assert "patched by a object" in patched_sleep()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("code_under_test.sleep", "code_under_test.sleep"),
        ("code_under_test.time", "code_under_test.time"),
    ],
)
def test_a_mock_in_a_module_is_found(clock, module_of, target, name):
    module_of("import time\nfrom time import sleep")
    with governed_by(clock):
        with mock.patch(target):
            assert patched_sleep().startswith(f"{name} is patched by a mock")
        assert patched_sleep() is None
    with mock.patch(target), governed_by(clock):
        assert patched_sleep().startswith(f"{name} is patched by a mock")


def test_outside_a_world_nothing_is_said():
    with mock.patch("time.sleep"):
        assert patched_sleep() is None


@pytest.mark.usefixtures("module_of")
def test_a_patch_from_before_stands_back_and_is_told_once(clock, recwarn):
    with mock.patch("time.sleep") as patched:
        for _ in range(2):
            with governed_by(clock):
                time.sleep(5)
        assert time.sleep is patched
    assert clock.elapsed == 10
    assert not patched.called
    [told] = recwarn
    assert str(told.message) == (
        "time.sleep was patched by a mock (MagicMock) when the world was entered. Under the world "
        "sleeping takes no time, so the patch is not needed, and is not called until the world is "
        "left. Drop the patch."
    )


def test_a_hopeless_wait_says_which_sleep_is_patched(clock):
    with FakeFlyteAdmin(clock=clock, transport="direct") as admin, governed_by(clock):
        admin.add_execution("run", running(60).succeeds())
        with admin.channel() as channel, mock.patch("time.sleep"):
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            with pytest.raises(HopelessWait) as caught:
                while stub.GetExecution(RUN).closure.phase != SUCCEEDED:
                    time.sleep(30)

    assert (
        "time.sleep is patched by a mock (MagicMock), so nothing waits on the clock. "
        "Drop the patch: sleeping takes no time here."
    ) in str(caught.value)


def test_a_hopeless_wait_does_not_blame_a_sleep_that_is_real(clock, soon_hopeless):
    with governed_by(clock), pytest.raises(HopelessWait) as caught:
        threading.Event().wait()

    assert "is patched by" not in str(caught.value)
