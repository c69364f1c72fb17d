"""What code does with flytekit's remote and with what is inside of executions, one by one.

Everything here is registered by flytekit, launched and read by its ``FlyteRemote``.
"""

import functools
from datetime import timedelta

import pytest

from flyte_testkit import failures, nodes, running

flytekit = pytest.importorskip("flytekit")

from flyteidl.admin import task_execution_pb2
from flyteidl.event import event_pb2
from flytekit import LaunchPlan, dynamic, map_task, task, workflow
from flytekit.exceptions.user import FlyteAssertion, FlyteTimeout

pytestmark = pytest.mark.flyte(transport="direct")

INTERRUPTIBLE = event_pb2.TaskExecutionMetadata.INTERRUPTIBLE
DEFAULT = event_pb2.TaskExecutionMetadata.DEFAULT


@task(retries=1)
def fit(rows: int, depth: int = 3) -> float:
    return float(rows)


@task
def total(scores: list[float]) -> float:
    return sum(scores)


@task(interruptible=True)
def cheap(rows: int) -> float:
    return float(rows)


@task(interruptible=False)
def safe(rows: int) -> float:
    return float(rows)


@workflow
def training(rows: int, depth: int = 3) -> float:
    return fit(rows=rows, depth=depth)


@workflow
def weekly(rows: int) -> float:
    return total(scores=[training(rows=rows, depth=1), training(rows=rows, depth=2)])


training_plan = LaunchPlan.get_or_create(
    training, "training_of_monday", default_inputs={"rows": 5}, fixed_inputs={"depth": 7}
)


@workflow
def family(rows: int) -> float:
    return total(scores=[training_plan(rows=rows), fit(rows=rows, depth=1)])


@workflow
def mapped(some: list[int]) -> float:
    return total(scores=map_task(functools.partial(fit, depth=2))(rows=some))


@dynamic
def fan_out(rows: int) -> float:
    return total(scores=map_task(fit)(rows=list(range(rows))))


@workflow
def fanning(rows: int) -> float:
    return fan_out(rows=rows)


@dynamic
def some_of_both(rows: int) -> float:
    return total(scores=[cheap(rows=rows), safe(rows=rows)])


@workflow(interruptible=True)
def on_spot_machines(rows: int) -> float:
    return total(scores=[training(rows=rows), safe(rows=rows), cheap(rows=rows)])


@workflow
def some_on_spot_machines(rows: int) -> float:
    overridden = fit(rows=rows).with_overrides(interruptible=True)
    fixed = cheap(rows=rows).with_overrides(interruptible=False)
    some_of_both(rows=rows)
    map_task(cheap)(rows=[1, 2])
    inside = on_spot_machines(rows=rows)
    return total(scores=[overridden, fixed, inside])


def register(flyte_admin, *entities):
    for entity in (fit, total, cheap, safe, *entities):
        flyte_admin.register(entity)


def launch(remote, entity, **inputs):
    return remote.execute(remote.fetch_launch_plan(name=entity.name), inputs=inputs)


def phase_of(remote, execution, node_id="n0"):
    """What a monitor shows of a node; None as long as it has not begun."""
    remote.sync_execution(execution, sync_nodes=True)
    node = execution.node_executions.get(node_id)
    return None if node is None else node.closure.phase


# Monitoring.


def test_monitoring_sees_a_run_proceed(flyte_admin, flyte_remote):
    register(flyte_admin, training)
    script = nodes.initializing(5).running(55).succeeds(o0=1.5)
    flyte_admin.on_launch(training).plays(nodes.where(fit=nodes.task(script)))
    execution = launch(flyte_remote, training, rows=9)
    seen = []

    while not execution.is_done:
        flyte_remote.sync_execution(execution, sync_nodes=True)
        tasks = [one for node in execution.node_executions.values() for one in node.task_executions]
        seen.append((execution.closure.phase, [one.closure.phase for one in tasks]))
        if not execution.is_done:
            with pytest.raises(FlyteAssertion, match="wait until the execution has completed"):
                _ = execution.outputs
        flyte_admin.clock.advance(20)

    running_, succeeded = 2, 4  # of executions
    task_of = {"INITIALIZING": 6, "RUNNING": 2, "SUCCEEDED": 3}
    assert seen == [
        (running_, [task_of["INITIALIZING"]]),
        (running_, [task_of["RUNNING"]]),
        (running_, [task_of["RUNNING"]]),
        (succeeded, [task_of["SUCCEEDED"]]),
    ]
    assert execution.outputs["o0"] == 1.5
    assert execution.closure.duration >= timedelta(seconds=60)


def test_monitoring_gives_up_in_time_and_finds_the_end_later(flyte_admin, flyte_remote):
    register(flyte_admin, training)
    flyte_admin.on_launch(training).plays(
        nodes.where(fit=nodes.task(running(600).succeeds(o0=1.5)))
    )
    execution = launch(flyte_remote, training, rows=9)

    with pytest.raises(FlyteTimeout):
        flyte_remote.wait(
            execution, timeout=timedelta(minutes=5), poll_interval=timedelta(minutes=1)
        )
    assert not execution.is_done
    flyte_remote.wait(execution, timeout=timedelta(minutes=6))

    assert execution.is_successful


# Node sync.


def test_node_sync_reads_each_node_and_its_attempts(flyte_admin, flyte_remote):
    register(flyte_admin, training)
    flyte_admin.on_launch(training).plays(
        nodes.where(
            fit=nodes.task(
                running(30).fails(failures.recoverable("no lock")), running(60).succeeds(o0=0.5)
            )
        )
    )

    execution = flyte_remote.wait(launch(flyte_remote, training, rows=9))

    assert set(execution.node_executions) == {"start-node", "n0", "end-node"}
    node = execution.node_executions["n0"]
    assert node.inputs == {"rows": 9, "depth": 3}
    assert node.outputs == {"o0": 0.5}
    attempts = sorted(node.task_executions, key=lambda one: one.id.retry_attempt)
    assert [one.closure.phase for one in attempts] == [5, 3]  # FAILED, SUCCEEDED
    assert "no lock" in attempts[0].error.message
    assert attempts[1].outputs["o0"] == 0.5


def test_node_sync_reads_nothing_of_nodes_that_have_not_begun(flyte_admin, flyte_remote):
    register(flyte_admin, weekly)
    flyte_admin.on_launch(weekly).plays(nodes.where().others(running(60).succeeds()))
    execution = launch(flyte_remote, weekly, rows=9)

    assert phase_of(flyte_remote, execution, "n0") == 2  # RUNNING
    assert phase_of(flyte_remote, execution, "n2") is None
    flyte_admin.clock.advance(70)
    assert phase_of(flyte_remote, execution, "n2") == 2


def test_without_node_sync_there_are_none(flyte_admin, flyte_remote):
    register(flyte_admin, training)
    flyte_admin.on_launch(training).plays(nodes.where())
    execution = launch(flyte_remote, training, rows=9)

    flyte_remote.sync_execution(execution, sync_nodes=False)

    assert execution.is_done
    assert not execution.node_executions


# Launch plans with arguments.


def test_a_launch_plan_with_arguments_brings_its_own_and_takes_others(flyte_admin, flyte_remote):
    register(flyte_admin, training, training_plan)
    route = flyte_admin.on_launch(training_plan).always_plays(nodes.where())

    flyte_remote.wait(launch(flyte_remote, training_plan))
    execution = flyte_remote.wait(launch(flyte_remote, training_plan, rows=8))

    assert [one.inputs for one in route.launches] == [
        {"rows": 5, "depth": 7},
        {"rows": 8, "depth": 7},
    ]
    assert execution.inputs == {"rows": 8, "depth": 7}
    assert route.launches[1].nodes["fit"].inputs == {"rows": 8, "depth": 7}


def test_fixed_arguments_of_a_launch_plan_are_refused(flyte_admin, flyte_remote):
    register(flyte_admin, training, training_plan)

    with pytest.raises(Exception, match="depth"):
        launch(flyte_remote, training_plan, depth=1)


# Sub-workflows.


def test_sub_workflows_are_read_each_with_its_own_nodes(flyte_admin, flyte_remote):
    register(flyte_admin, training, weekly)
    route = flyte_admin.on_launch(weekly).plays(
        nodes.where(
            n0=nodes.subworkflow(fit=nodes.task(running(60).succeeds(o0=0.5))),
            n1=nodes.subworkflow(fit=nodes.task(running(90).succeeds(o0=0.75))),
            total=nodes.task(running(5).succeeds(o0=1.25)),
        )
    )

    execution = flyte_remote.wait(launch(flyte_remote, weekly, rows=9))

    assert execution.outputs == {"o0": 1.25}
    for node_id, depth, score in (("n0", 1, 0.5), ("n1", 2, 0.75)):
        node = execution.node_executions[node_id]
        assert node.metadata.is_parent_node
        below = node.subworkflow_node_executions
        assert set(below) == {f"{node_id}-0-{one}" for one in ("start-node", "n0", "end-node")}
        assert below[f"{node_id}-0-n0"].inputs == {"rows": 9, "depth": depth}
        assert below[f"{node_id}-0-n0"].outputs == node.outputs == {"o0": score}
    assert route.launches[0].nodes["total"].inputs == {"scores": [0.5, 0.75]}


# Child workflows.


def test_child_workflows_are_executions_of_their_own(flyte_admin, flyte_remote):
    register(flyte_admin, training, training_plan, family)
    children = flyte_admin.on_launch(training_plan).plays(
        nodes.where(fit=nodes.task(running(600).succeeds(o0=0.75)))
    )
    flyte_admin.on_launch(family).plays(nodes.where(fit=nodes.task(running(5).succeeds(o0=0.5))))

    execution = flyte_remote.wait(launch(flyte_remote, family, rows=9))

    node = execution.node_executions["n0"]
    (child,) = node.workflow_executions
    assert child.id.name == children.launches[0].id.name
    assert child.spec.metadata.parent_node_execution.node_id == "n0"
    assert child.outputs == node.outputs == {"o0": 0.75}
    assert child.node_executions["n0"].inputs == {"rows": 9, "depth": 7}
    fetched = flyte_remote.sync(flyte_remote.fetch_execution(name=child.id.name), sync_nodes=True)
    assert fetched.inputs == {"rows": 9, "depth": 7}
    listed = [one.id.name for one in flyte_remote.recent_executions(limit=5)]
    assert set(listed) == {execution.id.name, child.id.name}


def test_child_workflows_that_fail_pass_their_error_on(flyte_admin, flyte_remote):
    register(flyte_admin, training, training_plan, family)
    flyte_admin.on_launch(training_plan).plays(
        nodes.where(fit=nodes.task(*[running(600).fails(failures.oom_killed())] * 2))
    )
    flyte_admin.on_launch(family).plays(nodes.where())

    execution = flyte_remote.wait(launch(flyte_remote, family, rows=9))

    (child,) = execution.node_executions["n0"].workflow_executions
    assert execution.error.code == child.error.code == "RetriesExhausted|OOMKilled"
    assert execution.error.message == child.error.message


# Maps.


def test_map_tasks_are_one_node_with_items(flyte_admin, flyte_remote):
    register(flyte_admin, mapped)
    bad = running(5).fails(failures.preempted())
    good = running(60).succeeds(o0=0.5)
    route = flyte_admin.on_launch(mapped).plays(
        nodes.where(fit=nodes.array(good, but={1: [bad, good]}))
    )

    execution = flyte_remote.wait(launch(flyte_remote, mapped, some=[7, 8, 9]))

    node = execution.node_executions["n0"]
    assert not node.metadata.is_parent_node
    assert node.outputs == {"o0": [0.5, 0.5, 0.5]}
    assert node.inputs == {"rows": [7, 8, 9], "depth": 2}
    (attempt,) = node.task_executions
    items = attempt.closure.metadata.external_resources
    assert [(item.index, item.retry_attempt) for item in items] == [(0, 0), (1, 0), (1, 1), (2, 0)]
    assert route.launches[0].nodes["total"].inputs == {"scores": [0.5, 0.5, 0.5]}


def test_a_map_of_a_launch_plan_is_refused_as_flyteadmin_refuses_it(flyte_admin):
    """It compares the lists with what the launch plan itself takes and gives, as recorded."""
    register(flyte_admin, training, training_plan)

    @workflow
    def sweep(some: list[int]) -> list[float]:
        return map_task(training_plan)(rows=some)

    with pytest.raises(Exception, match="MismatchingTypes") as refused:
        flyte_admin.register(sweep)

    assert "'training_of_monday.o0' has type [simple:FLOAT]" in str(refused.value)


def test_a_map_in_a_dynamic_task_is_read_below_it(flyte_admin, flyte_remote):
    register(flyte_admin, fanning)
    scores = nodes.array(running(60).succeeds(o0=0.5), size=3)
    best = nodes.task(
        running(5).succeeds(o0=1.5), of=total.name, inputs={"scores": nodes.promise("fit.o0")}
    )
    route = flyte_admin.on_launch(fanning).plays(
        nodes.where(fan_out=nodes.dynamic(running(20).yields(fit=scores, best=best)))
    )

    execution = flyte_remote.wait(launch(flyte_remote, fanning, rows=3))

    assert execution.outputs == {"o0": 1.5}
    node = execution.node_executions["n0"]
    below = node.subworkflow_node_executions
    assert below["n0-0-dn0"].outputs == {"o0": [0.5, 0.5, 0.5]}
    assert len(below["n0-0-dn0"].task_executions) == 1
    assert below["n0-0-dn1"].inputs == {"scores": [0.5, 0.5, 0.5]}
    assert [item.phase for item in route.launches[0].nodes["fan_out.fit"].items] == [
        "SUCCEEDED"
    ] * 3


# Interruptible ones.


def classes_of(remote, node):
    """The machines of a node's attempts, the first attempt first.

    flytekit knows which those are, but leaves the field out of its own classes.
    """
    found = []
    for one in sorted(node.task_executions, key=lambda one: one.id.retry_attempt):
        request = task_execution_pb2.TaskExecutionGetRequest(id=one.id.to_flyte_idl())
        answer = remote.client._stub.GetTaskExecution(request)
        found.append(answer.closure.metadata.instance_class)
    return found


def test_an_interruptible_workflow_is_so_where_its_tasks_say_nothing(flyte_admin, flyte_remote):
    register(flyte_admin, training, on_spot_machines)
    flyte_admin.on_launch(on_spot_machines).plays(nodes.where())

    execution = flyte_remote.wait(launch(flyte_remote, on_spot_machines, rows=9))

    read = execution.node_executions
    assert classes_of(flyte_remote, read["n0"].subworkflow_node_executions["n0-0-n0"]) == [
        INTERRUPTIBLE
    ]
    assert [classes_of(flyte_remote, read[one]) for one in ("n1", "n2", "n3")] == [
        [DEFAULT],  # its task says so
        [INTERRUPTIBLE],  # likewise
        [INTERRUPTIBLE],  # the whole says so
    ]


def test_nested_interruptible_is_what_each_task_says_or_the_outermost_workflow(
    flyte_admin, flyte_remote
):
    register(flyte_admin, training, some_on_spot_machines)
    both = {
        "cheap": nodes.task(of=cheap.name),
        "safe": nodes.task(of=safe.name),
        "fit": nodes.task(of=fit.name),
    }
    flyte_admin.on_launch(some_on_spot_machines).plays(
        nodes.where(some_of_both=nodes.dynamic(running(5).yields(**both)))
    )

    execution = flyte_remote.wait(launch(flyte_remote, some_on_spot_machines, rows=9))

    read = execution.node_executions
    assert classes_of(flyte_remote, read["n0"]) == [
        INTERRUPTIBLE
    ]  # the node overrides what its task says
    assert classes_of(flyte_remote, read["n1"]) == [DEFAULT]  # likewise
    yielded = read["n2"].subworkflow_node_executions
    assert {
        one: classes_of(flyte_remote, yielded[f"n2-0-{one}"]) for one in ("dn0", "dn1", "dn2")
    } == {
        "dn0": [INTERRUPTIBLE],
        "dn1": [DEFAULT],
        "dn2": [DEFAULT],
    }
    assert classes_of(flyte_remote, read["n3"]) == [
        DEFAULT
    ]  # a map says nothing of the machines of its items
    nested = read["n4"].subworkflow_node_executions  # interruptible itself, but not the outermost
    assert [classes_of(flyte_remote, nested[f"n4-0-{one}"]) for one in ("n1", "n2", "n3")] == [
        [DEFAULT],
        [INTERRUPTIBLE],
        [DEFAULT],
    ]


def test_an_interruptible_launch_is_so_with_its_children(flyte_admin, flyte_remote):
    register(flyte_admin, training, training_plan, family)
    flyte_admin.on_launch(training_plan).plays(nodes.where())
    flyte_admin.on_launch(family).plays(nodes.where())
    plan = flyte_remote.fetch_launch_plan(name=family.name)

    execution = flyte_remote.execute(plan, inputs={"rows": 9}, interruptible=True, wait=True)

    read = execution.node_executions
    (child,) = read["n0"].workflow_executions
    assert classes_of(flyte_remote, child.node_executions["n0"]) == [INTERRUPTIBLE]
    assert classes_of(flyte_remote, read["n1"]) == [INTERRUPTIBLE]


@pytest.mark.parametrize("said", [True, False, None])
def test_nested_interruptible_a_child_workflow_is_launched_as_its_parent_was(
    flyte_admin, flyte_remote, said
):
    register(flyte_admin, training, training_plan, family)
    flyte_admin.on_launch(training_plan).plays(nodes.where())
    flyte_admin.on_launch(family).plays(nodes.where())
    plan = flyte_remote.fetch_launch_plan(name=family.name)

    execution = flyte_remote.execute(plan, inputs={"rows": 9}, interruptible=said, wait=True)

    launched = execution.node_executions["n0"].closure.workflow_node_metadata.execution_id
    child = flyte_remote.fetch_execution(name=launched.name)
    assert (execution.spec.interruptible, child.spec.interruptible) == (said, said)


def test_the_very_last_attempt_of_an_interruptible_task_is_on_a_machine_that_stays(
    flyte_admin, flyte_remote
):
    register(flyte_admin, on_spot_machines)
    lost = running(60).fails(failures.preempted())
    flyte_admin.on_launch(on_spot_machines).plays(
        nodes.where(cheap=nodes.task(lost, lost, lost, running(60).succeeds(o0=1.0)))
    )

    execution = flyte_remote.wait(launch(flyte_remote, on_spot_machines, rows=9))

    found = classes_of(flyte_remote, execution.node_executions["n2"])
    assert found == [INTERRUPTIBLE, INTERRUPTIBLE, INTERRUPTIBLE, DEFAULT]


def test_a_task_that_is_launched_alone_is_interruptible_if_its_launch_says_so(
    flyte_admin, flyte_remote
):
    """The workflow that FlyteAdmin makes around it does not take over what its task says."""
    register(flyte_admin)
    flyte_admin.on_launch(cheap).always_plays(nodes.where())
    alone = flyte_remote.fetch_task(name=cheap.name)

    found = []
    for interruptible in (None, True):
        options = {} if interruptible is None else {"interruptible": interruptible}
        execution = flyte_remote.execute(alone, inputs={"rows": 9}, wait=True, **options)
        (node_id,) = set(execution.node_executions) - {"start-node", "end-node"}
        found += classes_of(flyte_remote, execution.node_executions[node_id])

    assert found == [DEFAULT, INTERRUPTIBLE]
