"""A plain timeline plays the one task of what is only known by its name."""

import inspect

import pytest
from flyteidl.admin import node_execution_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as core

from flyte_testkit import failures, nodes, queued, running, undefined
from flyte_testkit.nodes.retries import NOT_OF_TASKS
from flyte_testkit.server import FakeFlyteAdmin

ALL = [
    maker()
    for name in failures.__all__
    if inspect.isfunction(maker := getattr(failures, name)) and name not in {"Failure", "parse"}
]
NODE, TASK = core.NodeExecution.Phase.Name, core.TaskExecution.Phase.Name


@pytest.fixture
def admin():
    with FakeFlyteAdmin() as admin:
        yield admin


@pytest.fixture
def played(admin):
    """Play a script to its end; return the launch, its node and the attempts of that."""

    def played(script, seconds=3600):
        launch = admin.add_execution("run", script, launch_plan="etl")
        admin.clock.advance(seconds)
        return launch, *inside(admin, launch)

    return played


def inside(admin, launch):
    """The node n0 of a launch, None if there is none, and its attempts."""
    ask = admin._backend.answer
    request = node_execution_pb2.NodeExecutionListRequest(limit=100)
    request.workflow_execution_id.CopyFrom(launch.id)
    found = ask("ListNodeExecutions", request).node_executions
    node = next((node for node in found if node.id.node_id == "n0"), None)
    if node is None:
        return None, []
    request = task_execution_pb2.TaskExecutionListRequest(limit=100)
    request.node_execution_id.CopyFrom(node.id)
    tasks = ask("ListTaskExecutions", request).task_executions
    get = node_execution_pb2.NodeExecutionGetRequest(id=node.id)
    return ask("GetNodeExecution", get), sorted(tasks, key=lambda task: task.id.retry_attempt)


def words(error):
    return error.code, error.message, error.kind


@pytest.mark.parametrize("failure", ALL, ids=lambda failure: failure.call)
def test_a_run_that_failed_has_a_failed_node_with_its_error(played, failure):
    launch, node, attempts = played(running(60).fails(failure))

    assert launch.phase == "FAILED"
    assert launch.failing.id == "n0"
    if failure.code == failures.node_timed_out().code:
        assert NODE(node.closure.phase) == "TIMED_OUT"
    else:
        assert NODE(node.closure.phase) == "FAILED"
        assert words(node.closure.error) == words(launch.closure.error)
    assert len(attempts) == failure.attempts


@pytest.mark.parametrize("failure", ALL, ids=lambda failure: failure.call)
def test_its_attempts_show_the_face_that_a_task_shows(played, failure):
    launch, _, attempts = played(running(60).fails(failure))

    *before, last = attempts
    assert all(TASK(each.closure.phase) == "FAILED" for each in before)
    if failure.of_task.code in NOT_OF_TASKS:
        assert TASK(last.closure.phase) == "ABORTED"
        return
    assert TASK(last.closure.phase) == "FAILED"
    assert last.closure.error.code == failure.of_task.code
    assert last.closure.error.message in launch.closure.error.message


def test_it_lives_what_the_execution_lives(played):
    launch, node, (attempt,) = played(undefined(5).queued(5).running(60).succeeds(auc=0.9))

    assert (NODE(node.closure.phase), TASK(attempt.closure.phase)) == ("SUCCEEDED", "SUCCEEDED")
    begun = launch.closure.started_at
    assert node.closure.started_at == attempt.closure.started_at == begun
    assert node.closure.duration.seconds == attempt.closure.duration.seconds == 60
    assert launch.nodes["n0"].outputs == {"auc": 0.9}
    assert launch.failing is None


@pytest.mark.parametrize("seconds", [0, 30])
def test_until_then_it_runs(played, seconds):
    _, node, (attempt,) = played(running(60).succeeds(), seconds)

    assert (NODE(node.closure.phase), TASK(attempt.closure.phase)) == ("RUNNING", "RUNNING")


def test_before_the_execution_runs_there_is_none(played):
    _, node, attempts = played(queued(60).running(60).succeeds(), 30)

    assert (node, attempts) == (None, [])


def test_what_fails_before_it_runs_has_a_node_that_never_did(played):
    launch, node, attempts = played(undefined(5).fails("no quota"))

    assert NODE(node.closure.phase) == "FAILED"
    assert not node.closure.HasField("started_at")
    assert words(node.closure.error) == words(launch.closure.error)
    assert attempts == []


@pytest.mark.parametrize(
    ("script", "of_node", "of_task"),
    [
        (running(60).times_out(), "TIMED_OUT", "ABORTED"),
        (running(60).aborts("enough"), "ABORTED", "ABORTED"),
        (running(60).aborting(5).aborts("enough"), "ABORTED", "ABORTED"),
        (running(60).aborting(5).succeeds(), "SUCCEEDED", "SUCCEEDED"),
        (running(60).aborting(5).fails("no disk"), "FAILED", "FAILED"),
        (running(60).succeeding(5).succeeds(), "SUCCEEDED", "SUCCEEDED"),
        (running(60).failing(5).fails("no disk"), "FAILED", "FAILED"),
        (queued(60).succeeds(), "SUCCEEDED", "SUCCEEDED"),
    ],
    ids=repr,
)
def test_it_ends_as_the_execution_ends(played, script, of_node, of_task):
    _, node, (attempt,) = played(script)

    assert (NODE(node.closure.phase), TASK(attempt.closure.phase)) == (of_node, of_task)


def test_it_fails_as_soon_as_the_execution_is_failing(played):
    launch, node, _ = played(running(60).failing(60).fails("no disk"), 70)

    assert launch.phase == "FAILING"
    assert NODE(node.closure.phase) == "FAILED"


def test_it_is_stopped_when_the_execution_is_terminated(admin):
    launch = admin.add_execution("run", running(60).succeeds(), launch_plan="etl")
    admin.terminate(launch, "enough")
    admin.clock.advance(60)
    node, (attempt,) = inside(admin, launch)

    assert NODE(node.closure.phase) == "ABORTED"
    assert node.closure.error.message == "Workflow aborted."
    assert TASK(attempt.closure.phase) == "ABORTED"


def test_of_what_is_registered_a_timeline_says_nothing_of_the_inside(admin):
    admin.register("etl")
    launch = admin.add_execution("run", running(60).fails("no disk"), launch_plan="etl")
    admin.clock.advance(60)

    assert inside(admin, launch) == (None, [])
    assert launch.failing is None


def test_of_a_name_that_has_more_nodes_a_timeline_says_nothing_of_the_inside(admin):
    tree = nodes.workflow(a=nodes.task(), b=nodes.task())
    admin.add_execution("one", tree, launch_plan="etl")
    launch = admin.add_execution("run", running(60).fails("no disk"), launch_plan="etl")
    admin.clock.advance(60)

    assert inside(admin, launch) == (None, [])
