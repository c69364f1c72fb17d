"""Nodes that launch launch plans in workflows that flytekit registered."""

import pytest

from flyte_testkit import failures, nodes, running
from flyte_testkit.errors import FlyteTestkitError, RegistrationError, RouteError, TimelineError

flytekit = pytest.importorskip("flytekit")

from flytekit import LaunchPlan, task, workflow

pytestmark = pytest.mark.flyte(transport="direct")


@task
def fit(rows: int) -> float:
    return float(rows)


@task
def report(auc: float) -> str:
    return str(auc)


@workflow
def training(rows: int) -> float:
    return fit(rows=rows)


training_plan = LaunchPlan.get_or_create(training, "nightly_training")


@workflow
def inner(rows: int) -> float:
    return training_plan(rows=rows)


@workflow
def etl(rows: int) -> str:
    return report(auc=training_plan(rows=rows))


@workflow
def deep(rows: int) -> float:
    return inner(rows=rows)


@pytest.fixture(autouse=True)
def _registered(flyte_admin):
    for entity in (training, training_plan, etl, deep):
        flyte_admin.register(entity)


def run(remote, entity, **inputs):
    plan = remote.fetch_launch_plan(name=entity.name)
    return remote.execute(plan, inputs=inputs, wait=True)


def test_a_child_does_what_its_route_says(flyte_admin, flyte_remote):
    child = flyte_admin.on_launch(training_plan).plays(
        nodes.where(fit=nodes.task(running(600).succeeds(o0=0.75)))
    )
    flyte_admin.on_launch(etl).plays(nodes.where())

    execution = run(flyte_remote, etl, rows=9)

    assert execution.error is None
    assert child.launches[0].inputs == {"rows": 9}
    assert execution.node_executions["n0"].outputs["o0"] == 0.75
    assert execution.node_executions["n1"].inputs["auc"] == 0.75
    children = execution.node_executions["n0"].workflow_executions
    assert [each.id.name for each in children] == [child.launches[0].id.name]


def test_or_what_its_node_says(flyte_admin, flyte_remote):
    script = nodes.where(fit=nodes.task(running(600).fails(failures.oom_killed())))
    flyte_admin.on_launch(etl).plays(nodes.where(training=nodes.launch_plan(script)))

    execution = run(flyte_remote, etl, rows=9)

    assert execution.error.code == "RetriesExhausted|OOMKilled"
    assert flyte_admin.launches[0].failing.name == "fit"
    assert flyte_admin.launches[0].failing.path == "training.fit"


def test_inside_of_a_sub_workflow(flyte_admin, flyte_remote):
    script = running(60).succeeds(o0=0.5)
    flyte_admin.on_launch(deep).plays(
        nodes.where(inner=nodes.subworkflow(training=nodes.launch_plan(script)))
    )

    assert run(flyte_remote, deep, rows=9).outputs["o0"] == 0.5
    (_, child) = flyte_admin.launches
    assert child.spec.metadata.parent_node_execution.node_id == "n0-0-n0"


def test_outputs_that_nobody_scripted_are_what_is_declared(flyte_admin, flyte_remote):
    flyte_admin.on_launch(training_plan).plays(nodes.where())
    flyte_admin.on_launch(etl).plays(nodes.where())

    assert isinstance(run(flyte_remote, etl, rows=9).outputs["o0"], str)


def test_what_does_not_fit_is_told_when_it_is_planted(flyte_admin):
    plant = flyte_admin.on_launch(etl).plays

    with pytest.raises(TimelineError, match="launches 'nightly_training'") as caught:
        plant(nodes.where(training=nodes.launch_plan(of="nightly")))
    assert "Write of='nightly_training'" in str(caught.value)
    with pytest.raises(TimelineError, match=r"is a launch plan of .*\n.*nodes\.launch_plan"):
        plant(nodes.where(training=nodes.task()))
    with pytest.raises(TimelineError, match="is a task of"):
        plant(nodes.where(report=nodes.launch_plan(running(6).succeeds())))
    with pytest.raises(RegistrationError, match="auc"):
        plant(nodes.where(training=nodes.launch_plan(running(6).succeeds(auc=1.0))))
    with pytest.raises(TimelineError, match="there is no node 'fitt'"):
        plant(nodes.where(training=nodes.launch_plan(nodes.where(fitt=nodes.task()))))
    with pytest.raises(RouteError, match="makes up the nodes"):
        plant(nodes.where(training=nodes.launch_plan(nodes.workflow(fit=nodes.task()))))
    with pytest.raises(FlyteTestkitError, match="inputs"):
        plant(nodes.where(training=nodes.launch_plan(inputs={"rows": 1})))
