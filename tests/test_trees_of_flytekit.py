"""Trees say what is unusual about workflows and tasks that flytekit registered."""

import pytest

from flyte_testkit import failures, nodes, polls, running
from flyte_testkit.errors import RegistrationError, RouteError, TimelineError
from flyte_testkit.server import FakeFlyteAdmin

flytekit = pytest.importorskip("flytekit")

from flytekit import conditional, task, workflow

pytestmark = pytest.mark.flyte(transport="direct")


@task
def clean(rows: int): ...


@task(retries=1)
def fit(rows: int) -> float:
    return float(rows)


@task
def skip(rows: int) -> float:
    return float(rows)


@workflow(on_failure=clean)
def training(rows: int) -> float:
    fit(rows=rows)
    return conditional("check").if_(rows > 10).then(fit(rows=rows)).else_().then(skip(rows=rows))


@workflow
def choosing(rows: int) -> float:
    made = fit(rows=rows)
    return conditional("check").if_(made > 0.5).then(fit(rows=rows)).else_().then(skip(rows=rows))


@workflow
def nested(rows: int) -> float:
    return choosing(rows=rows)


@pytest.fixture(autouse=True)
def _registered(flyte_admin):
    flyte_admin.register(training)
    flyte_admin.register(fit)


def run(remote, name, **inputs):
    plan = remote.fetch_launch_plan(name=name)
    return remote.execute(plan, inputs=inputs, wait=True)


def test_where_says_what_is_unusual(flyte_admin, flyte_remote):
    flyte_admin.on_launch(training).plays(
        nodes.where(check=nodes.branch(fit=nodes.task(running(9).fails("nan"))))
    )
    error = run(flyte_remote, training.name, rows=50).error
    assert error.message == "nan"


def test_an_arm_that_is_not_taken_is_refused_at_launch():
    with FakeFlyteAdmin(strict=False) as admin:
        admin.register(training)
        admin.on_launch(training).plays(
            nodes.where(check=nodes.branch(skip=nodes.task(running(9).fails("nan"))))
        )
        with pytest.raises(Exception, match="does not take n1-n1 'skip'") as caught:
            run(admin.remote(), training.name, rows=50)
        assert "rows = 50" in str(caught.value)


def chooses(auc, played):
    given = nodes.task(played.succeeds(o0=auc))
    skipped = nodes.branch(skip=nodes.task(running(9).fails("nan")))
    return nodes.where(n0=given, check=skipped)


@pytest.mark.parametrize("played", [running(60), running(polls(3)), nodes.immediately])
def test_an_arm_is_refused_by_what_the_nodes_before_it_are_scripted_to_give(played):
    with FakeFlyteAdmin(strict=False) as admin:
        admin.register(choosing)
        choices = admin.on_launch(choosing).plays(chooses(0.9, played))
        with pytest.raises(Exception, match=r"does not take n1-n1 'skip'") as caught:
            run(admin.remote(), choosing.name, rows=50)
        assert "n0.o0 > 0.5, else; n0.o0 = 0.9" in str(caught.value)
        assert "Script that one: fit=…, or script what 'n0' shall give." in str(caught.value)
        assert list(choices.launches) == []


def test_an_arm_inside_of_a_sub_workflow_is_refused_by_what_stands_beside_it():
    with FakeFlyteAdmin(strict=False) as admin:
        admin.register(nested)
        inner = dict(chooses(0.9, running(60)).nodes)
        admin.on_launch(nested).plays(nodes.where(choosing=nodes.subworkflow(inner)))
        with pytest.raises(Exception, match=r"'check' \(n1\) of 'choosing' \(n0\) of"):
            run(admin.remote(), nested.name, rows=50)


def test_an_arm_that_scripted_outputs_take_passes(flyte_admin, flyte_remote):
    flyte_admin.register(choosing)
    flyte_admin.on_launch(choosing).plays(chooses(0.1, running(polls(1))))
    assert run(flyte_remote, choosing.name, rows=50).error.message == "nan"


def test_an_arm_that_is_never_reached_is_no_matter(flyte_admin, flyte_remote):
    flyte_admin.register(choosing)
    script = nodes.where(
        n0=nodes.task(running(9).fails("nan")), check=nodes.branch(skip=nodes.task())
    )
    flyte_admin.on_launch(choosing).plays(script)
    assert run(flyte_remote, choosing.name, rows=50).error.message == "nan"


def test_a_task_that_is_launched_alone_plays_a_tree(flyte_admin, flyte_remote):
    script = nodes.where(fit=nodes.task(running(9).succeeds(o0=0.5)))
    flyte_admin.on_launch(fit).plays(script)
    task = flyte_remote.fetch_task(name=fit.name)
    assert flyte_remote.execute(task, inputs={"rows": 3}, wait=True).outputs["o0"] == 0.5


def test_a_task_is_held_against_a_tree_before_it_was_ever_launched(flyte_admin):
    again = running(9).fails(failures.recoverable())
    script = nodes.where(fit=nodes.task(again, again, running(9).succeeds()))
    with pytest.raises(TimelineError, match="failure too many for retries=1"):
        flyte_admin.on_launch(fit).plays(script)


def test_an_entity_comes_without_a_tree(flyte_admin):
    with pytest.raises(RegistrationError, match="has nodes of its own"):
        flyte_admin.register(training, nodes.workflow(a=nodes.task()))


def test_a_tree_of_nodes_is_refused_there(flyte_admin):
    with pytest.raises(RouteError, match=r"Say what is unusual about them: nodes.where"):
        flyte_admin.on_launch(training).plays(nodes.workflow(fit=nodes.task()))
