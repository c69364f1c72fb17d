"""Lives of executions as users told them: how they begin, and how they end."""

import pytest

from flyte_testkit import aborting, failures, nodes, running, undefined
from tests.conftest import needs_flytekit
from tests.playing import launched, played

pytestmark = pytest.mark.flyte(transport="direct")

HOUR, DAY = 3600, 86_400


def test_one_task_says_hello(flyte_admin, remote):
    hello = nodes.queued(1).initializing(3).running(5.9).succeeds(o0="hello")
    tree = nodes.workflow(undefined(1).queued(1), hello=nodes.task(hello))

    execution, launch = played(flyte_admin, remote, tree)

    assert execution.outputs["o0"] == "hello"
    assert launch.nodes["hello"].duration == 9.9


def test_success_without_outputs_is_no_abort(flyte_admin, remote):
    good, _ = played(flyte_admin, remote, nodes.workflow(hello=nodes.task(running(12).succeeds())))
    flyte_admin.on_launch("other").plays(running(12).aborts("superseded"))
    stopped = remote.wait(launched(remote, "other"))

    assert good.error is stopped.error is None
    assert dict(good.outputs) == {}
    assert (good.is_successful, stopped.is_successful) == (True, False)
    assert not getattr(good.closure.abort_metadata, "cause", "")
    assert stopped.closure.abort_metadata.cause == "superseded"


@needs_flytekit
def test_a_run_that_is_done_before_anybody_looks_has_outputs_once_it_is_synced(
    flyte_admin, flyte_remote
):
    flyte_admin.register("nightly", outputs={"o0": int})
    flyte_admin.add_execution("run", running(0).succeeds(o0=5), launch_plan="nightly")
    plan = flyte_remote.fetch_launch_plan(name="nightly")

    execution = flyte_remote.execute(plan, inputs={}, execution_name="run")

    assert execution.is_done
    assert execution.outputs is None
    assert flyte_remote.sync(execution).outputs["o0"] == 5


@pytest.mark.parametrize(
    "stuck",
    [undefined(1).queued().never_ends(), undefined().never_ends()],
    ids=["QUEUED", "UNDEFINED"],
)
def test_a_run_that_never_begins_is_given_up_on_in_time(flyte_admin, remote, stuck):
    flyte_admin.on_launch("etl").plays(stuck)
    execution = launched(remote)

    with pytest.raises(Exception, match="Timeout"):
        remote.wait(execution, timeout=DAY, poll_interval=HOUR)

    assert DAY <= flyte_admin.clock.elapsed <= DAY + HOUR
    looks = len(flyte_admin.on("GetExecution").calls)
    assert 24 <= looks <= 28  # no busy loop
    assert not execution.node_executions


def test_the_error_of_a_user_reaches_the_user(flyte_admin, remote):
    error = failures.user_error(message="no such column: 'day'")

    execution, launch = played(
        flyte_admin, remote, nodes.workflow(load=nodes.task(running(30).fails(error)))
    )

    assert "no such column: 'day'" in execution.error.message
    assert "Traceback" in execution.error.message
    told_by_the_node = execution.node_executions["n0"].error.message
    assert len(told_by_the_node.encode()) == 100  # nodes are listed, and errors in lists are cut
    assert execution.error.message.startswith(told_by_the_node)
    assert launch.nodes["load"].attempts[0].error.message == execution.error.message


def test_the_code_of_retries_that_are_used_up_is_wrapped(flyte_admin, remote):
    not_ready = failures.recoverable("NotReady: the partition is not there")
    tree = nodes.workflow(
        wait=nodes.task(running(120).fails(not_ready), running(173.58).fails(not_ready), retries=1)
    )

    execution, launch = played(flyte_admin, remote, tree, poll_interval=100)

    assert execution.error.code == "RetriesExhausted|USER:Recoverable"
    assert execution.error.code.rpartition("|")[2] == "USER:Recoverable"
    assert execution.error.message.startswith("[2/2] currentAttempt done.")
    assert "NotReady" in execution.error.message
    assert {each.error.code for each in launch.nodes["wait"].attempts} == {"USER:Recoverable"}
    assert launch.nodes["wait"].duration == 293.58


def test_out_of_memory_says_so(flyte_admin, remote):
    tree = nodes.workflow(fit=nodes.task(running(600).fails(failures.oom_killed())))

    execution, launch = played(flyte_admin, remote, tree)

    assert "OOMKilled" in execution.error.code
    assert launch.nodes["fit"].attempts[0].error.code == "OOMKilled"
    assert "137" in execution.error.message


def test_out_of_memory_in_a_child_process_only_shows_an_exit_code(flyte_admin, remote):
    died = running(600).fails(failures.process_died(exit_code=137))

    execution, launch = played(flyte_admin, remote, nodes.workflow(fit=nodes.task(*[died] * 4)))

    told = execution.error.message
    assert "OOM" not in execution.error.code + told
    assert "exit code (137)" in told
    assert "Reason [Error]. Message: " in told
    assert len(launch.nodes["fit"].attempts) == 4


def test_a_giant_error_that_nobody_hears_of_leaves_the_leaf_to_be_found(flyte_admin, remote):
    giant = nodes.task(running(38).fails("x" * 2_000_000))
    route = flyte_admin.on_launch("etl").plays(
        nodes.workflow(undefined(2), load=nodes.flawed(giant, unnoticed=True))
    )
    execution = launched(remote)

    with pytest.raises(Exception, match="Timeout"):
        remote.wait(execution, timeout=HOUR, poll_interval=1200)

    assert flyte_admin.clock.elapsed <= HOUR + 1200
    (launch,) = route.launches
    assert (launch.phase, launch.failing.path) == ("RUNNING", "load")


@needs_flytekit
def test_a_giant_error_is_whole_where_it_is_fetched_and_cut_where_it_is_listed(
    flyte_admin, flyte_remote
):
    from flytekit.exceptions.system import FlyteSystemException

    flyte_admin.add_execution("run", running(60).fails("x" * 2_000_000))
    flyte_admin.clock.advance(60)

    fetched = flyte_remote.sync(flyte_remote.fetch_execution(name="run"))
    (listed,) = flyte_remote.recent_executions()

    assert len(fetched.error.message) >= 2_000_000
    assert len(listed.closure.error.message.encode()) == 100
    flyte_admin.on("GetExecution").fails_with("RESOURCE_EXHAUSTED")
    with pytest.raises(FlyteSystemException):
        flyte_remote.sync(fetched)


def test_a_run_that_somebody_stops_tells_why_and_who(flyte_admin, remote):
    tree = nodes.workflow(fit=nodes.task(running(HOUR).succeeds()))

    execution, launch = played(
        flyte_admin, remote, tree.aborts("superseded", at=300, principal="alice")
    )

    assert execution.is_done
    assert not execution.is_successful
    assert execution.error is None
    told = execution.closure.abort_metadata
    assert (told.cause, told.principal) == ("superseded", "alice")
    assert launch.nodes["fit"].phase == "ABORTED"
    assert launch.failing is None


def test_a_termination_that_never_ends_is_given_up_on(flyte_admin, remote):
    tree = nodes.workflow(fit=nodes.task(running(HOUR).succeeds()))
    route = flyte_admin.on_launch("etl").plays(
        tree.on_terminate(aborting().never_ends()).aborts("superseded", at=300)
    )

    with pytest.raises(Exception, match="Timeout"):
        remote.wait(launched(remote), timeout=HOUR, poll_interval=600)

    assert route.launches[0].phase == "ABORTING"


def test_what_wins_against_its_termination_has_succeeded(flyte_admin, remote):
    tree = nodes.workflow(fit=nodes.task(running(61).succeeds(auc=0.9)))
    flyte_admin.on_launch("etl").plays(tree.on_terminate(aborting(3)))
    execution = launched(remote)
    flyte_admin.clock.advance(60)
    remote.terminate(execution, "too slow")
    assert flyte_admin.launches[0].phase == "ABORTING"

    execution = remote.wait(execution, poll_interval=1)

    assert flyte_admin.clock.elapsed == 61
    assert execution.is_successful
    assert execution.outputs["auc"] == 0.9


def test_a_termination_that_comes_too_late_is_refused(flyte_admin, remote):
    tree = nodes.workflow(fit=nodes.task(running(59.9).succeeds(auc=0.9)))
    flyte_admin.on_launch("etl").plays(tree)
    execution = launched(remote)
    flyte_admin.clock.advance(60)

    with pytest.raises(Exception, match="already terminated") as refused:
        remote.terminate(execution, "too slow")

    assert "FAILED_PRECONDITION" in str(refused.value)
    assert remote.wait(execution).outputs["auc"] == 0.9


@pytest.mark.parametrize("error", [None, failures.node_timed_out()], ids=["silent", "told"])
def test_a_run_that_is_out_of_time_may_have_no_error(flyte_admin, remote, error):
    story = running(DAY).times_out() if error is None else running(DAY).times_out(error)
    flyte_admin.on_launch("etl").plays(story)

    execution = remote.wait(launched(remote), poll_interval=HOUR)

    assert execution.is_done
    assert not execution.is_successful
    assert (execution.error is None) == (error is None)
