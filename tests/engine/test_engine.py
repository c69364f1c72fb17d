"""Scripts that wait for looks: played over the wire, where looks are counted."""

import time
from importlib.util import find_spec

import grpc
import pytest
from flyteidl.admin import execution_pb2, launch_plan_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import HopelessWait, VirtualClock, polls, queued, running, undefined
from flyte_testkit.engine.runs import PATIENCE
from flyte_testkit.render import text
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by


def plan_of(admin, name):
    """The id of a launch plan that is known from scripts."""
    request = launch_plan_pb2.ActiveLaunchPlanRequest()
    request.id.project, request.id.domain, request.id.name = admin.project, admin.domain, name
    return admin._backend.answer("GetActiveLaunchPlan", request).id


needs_flytekit = pytest.mark.skipif(find_spec("flytekit") is None, reason="flytekit is optional")


@pytest.fixture
def admin():
    admin = FakeFlyteAdmin()
    with admin.serving():
        yield admin


@pytest.fixture
def look(admin):
    """Ask over the wire what an execution does."""
    with admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)

        def look(name="train"):
            request = execution_pb2.WorkflowExecutionGetRequest()
            request.id.project, request.id.domain = admin.project, admin.domain
            request.id.name = name
            closure = stub.GetExecution(request).closure
            return core.WorkflowExecution.Phase.Name(closure.phase)

        yield look


def test_a_step_is_held_for_so_many_looks_and_ends_at_that_instant(admin, look):
    train = admin.add_execution("train", running(polls(3)).succeeds(auc=0.91))
    admin.clock.advance(5)

    assert [look(), look(), look()] == ["RUNNING"] * 3
    assert train.phase == "SUCCEEDED"
    assert train.closure.updated_at.seconds - train.closure.started_at.seconds == 5
    assert look() == "SUCCEEDED"


def test_each_step_counts_its_own_looks(admin, look):
    admin.add_execution("train", undefined(polls(1)).running(polls(2)).failing(polls(1)).fails("x"))

    phases = [look() for _ in range(6)]

    assert phases == ["UNDEFINED", "RUNNING", "RUNNING", "FAILING", "FAILED", "FAILED"]


def test_looks_before_the_step_do_not_count(admin, look):
    admin.add_execution("train", running(60).succeeding(polls(2)).succeeds())

    assert [look(), look(), look()] == ["RUNNING"] * 3
    admin.clock.advance(60)
    assert [look(), look(), look()] == ["SUCCEEDING", "SUCCEEDING", "SUCCEEDED"]


def test_time_goes_on_after_the_looks(admin, look):
    admin.add_execution("train", running(polls(1)).failing(30).fails("x"))
    admin.clock.advance(100)

    assert [look(), look()] == ["RUNNING", "FAILING"]
    admin.clock.advance(29)
    assert look() == "FAILING"
    admin.clock.advance(1)
    assert look() == "FAILED"


def test_time_alone_moves_nothing(admin, look):
    admin.add_execution("train", running(polls(1)).succeeds())
    admin.clock.advance(86_400)

    assert look() == "RUNNING"


def test_looks_at_others_and_of_the_test_itself_do_not_count(admin, look):
    train = admin.add_execution("train", running(polls(1)).succeeds())
    admin.add_execution("other", running(60).succeeds())

    assert look("other") == "RUNNING"
    assert train.phase == train.phase == "RUNNING"
    assert look() == "RUNNING"
    assert train.phase == "SUCCEEDED"


def test_attempts_that_fail_or_whose_reply_is_lost_do_not_count(admin, look):
    train = admin.add_execution("train", running(polls(1)).succeeds())
    admin.on("GetExecution").fails_with("UNAVAILABLE", attempts=1).loses_reply(attempts=1)

    for _ in range(2):
        with pytest.raises(grpc.RpcError):
            look()
    assert train.phase == "RUNNING"
    assert look() == "RUNNING"
    assert train.phase == "SUCCEEDED"


def test_a_look_counts_when_it_is_answered(admin, look):
    train = admin.add_execution("train", running(polls(1)).succeeds())
    admin.on("GetExecution").delays(10, times=1)

    assert look() == "RUNNING"
    assert train.closure.updated_at.seconds - train.closure.started_at.seconds == 10


def test_an_abort_needs_no_looks(admin, look):
    admin.add_execution("train", running(polls(9)).succeeds())
    admin.terminate("train", "enough")

    assert look() == "ABORTING"
    admin.clock.advance(1)
    assert look() == "ABORTED"


def test_an_abort_is_not_overtaken_by_looks(admin, look):
    admin.add_execution("train", running(polls(1)).succeeds())
    admin.terminate("train", "enough")

    assert [look(), look()] == ["ABORTING", "ABORTING"]
    admin.clock.advance(1)
    assert look() == "ABORTED"


@pytest.mark.parametrize(
    "script",
    [
        running(60).succeeds(),
        running(60).fails("disk full"),
        running(60).times_out(),
        running(60).never_ends(),
        running(60).succeeding(0.25).succeeds(),
        queued(60).succeeds(),
        running(60).aborts("somebody else"),
    ],
    ids=repr,
)
def test_what_is_terminated_just_before_its_end_is_aborted_all_the_same(admin, script):
    train = admin.add_execution("train", script)
    admin.clock.advance(59.75)
    admin.terminate("train", "too dear", principal="ann")
    nodes = [row.node_id for row in admin._backend.store.node_executions]

    admin.clock.advance(0.25)
    assert train.phase == "ABORTING"
    admin.clock.advance(0.25)
    assert train.phase == "ABORTED"
    assert train.closure.abort_metadata.cause == "too dear"
    assert [row.node_id for row in admin._backend.store.node_executions] == nodes


def test_what_never_ends_can_be_terminated_after_its_last_step(admin):
    train = admin.add_execution("train", running(60).never_ends())
    admin.clock.advance(3600)
    admin.terminate("train", "enough")

    admin.clock.advance(0.5)

    assert train.phase == "ABORTED"


def test_nothing_is_to_come_of_what_stays_as_it_is(admin):
    admin.add_execution("train", running(60).never_ends())

    assert admin.clock.pending is False


@pytest.mark.parametrize(
    ("script", "known"),
    [
        (queued(5).running(7200).succeeds(), 7205),
        (queued(5).running(60).never_ends(), 5),
        (queued(5).running().never_ends(), 5),
        (queued(5).running(60).failing(polls(1)).fails("x"), 65 + PATIENCE.total_seconds()),
    ],
    ids=repr,
)
@pytest.mark.parametrize("launched", [False, True])
def test_what_nobody_looks_at_is_known_to_go_on(admin, script, known, launched):
    """Nothing is handed over meanwhile, so what is due has not happened yet."""
    if launched:
        request = execution_pb2.ExecutionCreateRequest(
            project=admin.project, domain=admin.domain, name="train"
        )
        admin.on_launch("train").plays(script)
        request.spec.launch_plan.CopyFrom(plan_of(admin, "train"))
        admin._backend.answer("CreateExecution", request)
    else:
        admin.add_execution("train", script)

    admin.clock.advance(known - 1)
    assert admin.clock.pending is True
    admin.clock.advance(1)
    assert admin.clock.pending is False
    _ = admin.most_at_once()  # hands over
    assert admin.clock.pending is False


def test_what_was_aborted_waits_for_no_looks_any_more(admin, look):
    train = admin.add_execution("train", running(polls(9)).succeeds())
    look()
    admin.terminate("train", "enough")
    admin.clock.advance(1)

    assert train.phase == "ABORTED"  # no look: the test itself asks
    assert admin.clock.pending is False
    assert "polls so far" not in text(admin)
    assert look() == "ABORTED"
    assert admin.clock.pending is False


def test_an_abort_may_take_looks(admin, look):
    admin.add_execution("train", running(60).aborting(polls(2)).aborts("enough"))
    admin.clock.advance(60)

    assert [look(), look(), look()] == ["ABORTING", "ABORTING", "ABORTED"]


def test_an_execution_of_the_past_waits_from_then_on(admin, look):
    an_hour_ago = admin.clock.now()
    admin.clock.advance(3600)
    admin.add_execution("train", running(60).failing(polls(1)).fails("x"), created_at=an_hour_ago)

    assert [look(), look()] == ["FAILING", "FAILED"]
    assert admin.clock.pending is False


def test_pictures_tell_how_many_looks_came(admin, look):
    admin.add_execution("train", running(polls(3)).succeeds())
    look()

    assert "running(polls(3)).succeeds()  # polls so far: 1 of 3" in text(admin)
    look(), look()
    assert "running(polls(3)).succeeds()\n" in text(admin)


# --- what the clock makes of it -------------------------------------------------------------------


def test_something_is_to_come_as_long_as_somebody_looks(admin, look):
    admin.add_execution("train", running(polls(2)).succeeds())
    assert admin.clock.pending
    look()
    admin.clock.advance(PATIENCE)
    assert not admin.clock.pending
    assert look() == "RUNNING"
    assert admin.clock.pending  # it has changed, and nobody has seen it
    assert look() == "SUCCEEDED"
    assert not admin.clock.pending


def test_what_is_overdue_is_nothing_to_come(admin):
    admin.add_execution("train", running(60).succeeds())
    assert admin.clock.pending
    admin.clock.advance(60)
    assert not admin.clock.pending


def test_what_comes_after_something_overdue_is_still_to_come(admin):
    admin.add_execution("short", running(60).succeeds())
    admin.add_execution("long", running(600).succeeds())
    admin.clock.advance(60)
    assert admin.clock.pending


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (running(polls(2)).succeeds(), "train is RUNNING since 2024-01-01 00:00:00+00:00: running"),
        (running(60).succeeds(), "train was RUNNING when somebody looked last: running(60)"),
    ],
    ids=["polls", "seconds"],
)
def test_a_loop_that_never_looks_is_told_that_it_is_endless(script, told):
    clock = VirtualClock(idle_sleeps=20)
    admin = FakeFlyteAdmin(clock=clock)
    with admin.serving(), governed_by(clock):
        train = admin.add_execution("train", script)
        assert train.phase == "RUNNING"
        with pytest.raises(HopelessWait) as caught:
            _sleep_for_ever()

    assert told in str(caught.value)
    assert clock.elapsed <= PATIENCE.total_seconds() + 60 * 21


def _sleep_for_ever():
    while True:
        time.sleep(60)


# --- how many looks flytekit spends ---------------------------------------------------------------


@needs_flytekit
def test_flytekit_spends_one_look_to_execute_and_one_a_round_to_wait(flyte_admin, flyte_remote):
    flyte_admin.on_launch("train").plays(running(polls(3)).succeeds(auc=0.91))
    train = flyte_remote.fetch_launch_plan(name="train")

    execution = flyte_remote.execute(train, inputs={})
    execution = flyte_remote.wait(execution, poll_interval=10)

    assert execution.outputs["auc"] == 0.91
    assert flyte_admin.clock.elapsed == 20  # looks at 0, 0 and 10; at 20 the end is seen


@needs_flytekit
def test_flytekit_spends_two_looks_to_fetch(flyte_admin, flyte_remote):
    flyte_admin.add_execution("train", running(polls(2)).succeeds())

    execution = flyte_remote.fetch_execution(name="train")

    assert not execution.is_done
    assert flyte_remote.sync_execution(execution).is_done


@needs_flytekit
def test_flytekit_waits_for_what_changed_with_its_last_look(flyte_admin, flyte_remote):
    flyte_admin.add_execution("train", running(10).failing(polls(1)).fails("x"))

    execution = flyte_remote.wait(flyte_remote.fetch_execution(name="train"))

    assert execution.error.message == "x"
    assert flyte_admin.clock.elapsed == 60
