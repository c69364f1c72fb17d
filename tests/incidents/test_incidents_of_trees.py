"""What users met who read whole trees: late data, ends that are missing, what was not run again."""

import pytest

from flyte_testkit import failures, nodes, running
from tests.conftest import needs_flytekit
from tests.playing import launched, played

pytestmark = pytest.mark.flyte(transport="direct")

FIT = nodes.task(running(60).succeeds(auc=0.9))
BAD = nodes.task(running(60).fails("nan"))


def walk(node_executions, path=()):
    """Yield all nodes of a tree with their paths of unique ids, those of children included."""
    for key, node in node_executions.items():
        if not key.endswith(("start-node", "end-node")):
            yield (*path, key), node
            yield from walk(node.subworkflow_node_executions, (*path, key))
            for child in node.workflow_executions:
                yield from walk(child.node_executions, (*path, key))


def scripted(launch_nodes, path=()):
    """Yield the same paths as the test sees them."""
    for run in launch_nodes.values():
        yield (*path, run.id)
        yield from scripted(run.nodes, (*path, run.id))


DEEP = nodes.workflow(
    extract=FIT,
    train=nodes.subworkflow(
        fit=nodes.subworkflow(a=FIT, b=FIT), child=nodes.launch_plan(running(5).succeeds(), of="x")
    ),
    check=nodes.branch(retrain=FIT),
    tune=nodes.dynamic(running(2).yields([FIT] * 3)),
)


def test_a_sync_goes_down_to_the_last_leaf(flyte_admin, remote):
    execution, launch = played(flyte_admin, remote, DEEP)

    read = sorted(path for path, _ in walk(execution.node_executions))
    assert read == sorted(scripted(launch.nodes))
    assert len(read) == 13


@needs_flytekit
def test_all_nodes_of_a_launch_can_be_walked_by_name(flyte_admin, flyte_remote):
    def every(runs):
        for run in runs.values():
            yield run
            yield from every(run.nodes)

    _, launch = played(flyte_admin, flyte_remote, DEEP)

    told = {run.path: run.phase for run in every(launch.nodes)}
    assert list(told)[:6] == [
        "extract",
        "train",
        "train.fit",
        "train.fit.a",
        "train.fit.b",
        "train.child",
    ]
    assert set(told) >= {"check.retrain", "tune.dn0", "tune.dn2"}
    assert set(told.values()) == {"SUCCEEDED"}


def test_the_failure_of_a_child_does_not_end_the_sync_of_its_parent(flyte_admin, remote):
    child = nodes.launch_plan(running(30).fails("no disk"), of="training", after=())
    beside = nodes.task(running(10).succeeds(auc=0.9), after=())

    execution, launch = played(flyte_admin, remote, nodes.workflow(a=beside, b=child))

    assert execution.node_executions["n0"].outputs["auc"] == 0.9
    assert "no disk" in execution.node_executions["n1"].error.message
    (run,) = execution.node_executions["n1"].workflow_executions
    assert "no disk" in run.error.message
    assert launch.failing.path.startswith("b.")


# Data


def test_data_that_are_not_written_yet_are_no_error_and_come_later(flyte_admin, remote):
    late = [FIT] * 3 + [nodes.flawed(FIT, data_after=30)] + [FIT] * 6
    tree = nodes.workflow(tune=nodes.dynamic(running(20).yields(late)))

    execution, _ = played(flyte_admin, remote, tree, poll_interval=5)

    below = execution.node_executions["n0"].subworkflow_node_executions
    assert "auc" not in below["n0-0-dn3"].outputs
    assert below["n0-0-dn4"].outputs["auc"] == 0.9
    flyte_admin.clock.advance(30)
    remote.sync(execution, sync_nodes=True)
    below = execution.node_executions["n0"].subworkflow_node_executions
    assert below["n0-0-dn3"].outputs["auc"] == 0.9


@needs_flytekit
def test_a_node_without_data_is_skipped_by_flytekit_and_an_attempt_without_data_is_not(
    flyte_admin, flyte_remote, flyte_client
):
    """As users met it; a FlyteAdmin of today answers with nothing. Ours skips both."""
    flyte_admin.on_launch("etl").plays(nodes.workflow(fit=FIT))
    flyte_admin.on("GetNodeExecutionData").fails_with("NOT_FOUND", times=1)
    execution = flyte_remote.wait(launched(flyte_remote))
    assert execution.is_successful

    flyte_admin.on("GetTaskExecutionData").fails_with("NOT_FOUND", times=1)
    with pytest.raises(Exception, match=r"NotExist|NOT_FOUND|not exist"):
        flyte_remote.sync(execution, sync_nodes=True)

    ours = flyte_client.fetch_execution(name=execution.id.name)
    for rpc in ("GetNodeExecutionData", "GetTaskExecutionData"):
        flyte_admin.on(rpc).fails_with("NOT_FOUND", times=1)
        assert ours.sync(sync_nodes=True).node_executions["n0"].is_done
    assert flyte_remote.sync(execution, sync_nodes=True).node_executions["n0"].outputs["auc"] == 0.9


# Maps


def test_a_map_says_which_item_failed_and_in_which_attempt(flyte_admin, remote):
    lost, score = running(5).fails(failures.preempted()), running(60).succeeds()
    items = nodes.array(
        score, size=5, but={1: [lost, score], 3: running(30).fails("nan")}, min_success_ratio=0.8
    )

    execution, launch = played(flyte_admin, remote, nodes.workflow(fit=items))

    (attempt,) = execution.node_executions["n0"].task_executions
    resources = attempt.closure.metadata.external_resources
    assert sorted((each.index, each.retry_attempt) for each in resources) == [
        (0, 0),
        (1, 0),
        (1, 1),
        (2, 0),
        (3, 0),
        (4, 0),
    ]
    assert [item.phase for item in launch.nodes["fit"].items][3] == "FAILED"
    assert launch.nodes["fit"].items[1].attempts == 2


def test_items_that_failed_are_none_among_the_outputs(flyte_admin, remote):
    score = running(60).succeeds(auc=0.9)
    items = nodes.array(score, size=10, but={4: running(30).fails("nan")}, min_success_ratio=0.9)

    execution, _ = played(flyte_admin, remote, nodes.workflow(fit=items))

    outputs = execution.node_executions["n0"].outputs["auc"]
    assert execution.is_successful
    assert [index for index, value in enumerate(outputs) if value is None] == [4]


# Ends


def test_a_node_that_stays_running_does_not_keep_the_wait(flyte_admin, remote):
    stuck = nodes.flawed(nodes.task(running(600).succeeds(), after=()), stays="RUNNING")
    tree = nodes.workflow(a=stuck, b=nodes.task(running(60).fails("nan"), after=()))

    execution, launch = played(flyte_admin, remote, tree, poll_interval=10)

    assert "nan" in execution.error.message
    assert flyte_admin.clock.elapsed == 60
    node = execution.node_executions["n0"]
    assert (node.is_done, node.task_executions[0].is_done) == (False, False)
    assert launch.failing.path == "b"


def test_a_failure_says_where_it_was(flyte_admin, remote):
    """The leaf that the code under test names is held against the one that was scripted."""
    items = nodes.array(running(60).succeeds(), size=3, but={1: running(30).fails("nan")})
    tree = nodes.workflow(train=nodes.subworkflow(tune=nodes.dynamic(running(2).yields(fit=items))))

    execution, launch = played(flyte_admin, remote, tree)

    failed = [path for path, node in walk(execution.node_executions) if node.error is not None]
    assert max(failed, key=len)[-1] == launch.failing.id
    assert launch.failing.path == "train.tune.fit"
    assert [item.index for item in launch.failing.items if item.phase == "FAILED"] == [1]


# What is not run again


@needs_flytekit
def test_a_recovered_node_is_never_done_for_flytekit_and_is_for_ours(
    flyte_admin, flyte_remote, flyte_client
):
    broken = nodes.workflow(extract=FIT, train=BAD)
    flyte_admin.on_launch("etl").plays(broken, nodes.where(train=FIT))
    failed = flyte_remote.wait(launched(flyte_remote))
    name = flyte_remote.client.recover_execution(failed.id, "again").name

    execution = flyte_remote.wait(flyte_remote.fetch_execution(name=name))

    node = execution.node_executions["n0"]
    assert not node.is_done
    with pytest.raises(Exception, match="wait until the node execution has completed"):
        _ = node.error
    ours = flyte_client.wait(flyte_client.fetch_execution(name=name)).node_executions["n0"]
    assert ours.is_done
    assert ours.error is None
    assert ours.outputs["auc"] == 0.9


@needs_flytekit
def test_a_cache_hit_is_told_by_the_node_and_what_overwrites_is_sent(flyte_admin, flyte_remote):
    from flyteidl.core.catalog_pb2 import CACHE_HIT, CACHE_POPULATED
    from flytekit import Cache, task, workflow

    @task(cache=Cache(version="1.0"))
    def extract(day: str) -> int:
        return 0

    @workflow
    def etl(day: str) -> int:
        return extract(day=day)

    flyte_admin.register(etl)
    slow = nodes.where(extract=nodes.task(running(600).succeeds(o0=1000)))
    route = flyte_admin.on_launch(etl).plays(slow, slow, slow)
    plan = flyte_remote.fetch_launch_plan(name=etl.name)

    def status(**options):
        run = flyte_remote.execute(plan, inputs={"day": "monday"}, wait=True, **options)
        return run.node_executions["n0"].closure.task_node_metadata.cache_status

    found = [status(), status(), status(overwrite_cache=True)]

    assert found == [CACHE_POPULATED, CACHE_HIT, CACHE_POPULATED]
    assert [len(one.nodes["extract"].attempts) for one in route.launches] == [1, 0, 1]
    assert [one.spec.overwrite_cache for one in route.launches] == [False, False, True]
