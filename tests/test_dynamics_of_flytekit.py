"""Dynamic tasks of flytekit: what their scripts yield, and what clients read of it."""

import pytest

from flyte_testkit import failures, nodes, running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.errors import FlyteTestkitError, RegistrationError, TimelineError

flytekit = pytest.importorskip("flytekit")

from flytekit import dynamic, task, workflow

pytestmark = pytest.mark.flyte(transport="direct")


@task(retries=2)
def fit(n: int) -> float:
    return float(n)


@task
def best(scores: list[float]) -> float:
    return max(scores)


@dynamic(retries=1)
def tune(n: int) -> list[float]:
    return [fit(n=number) for number in range(n)]


@workflow
def search(n: int) -> float:
    return best(scores=tune(n=n))


@workflow
def nightly(n: int) -> float:
    return search(n=n)


FIT = nodes.task(running(60).succeeds(o0=0.9))


@pytest.fixture(autouse=True)
def _registered(flyte_admin):
    flyte_admin.register(fit)
    flyte_admin.register(nightly)
    flyte_admin.register(search)


def run(remote, of=search):
    plan = remote.fetch_launch_plan(name=of.name)
    return remote.execute(plan, inputs={"n": 3}, wait=True)


def where(*attempts):
    return nodes.where(tune=nodes.dynamic(*attempts))


def test_unscripted_it_is_a_task_that_yields_nothing(flyte_admin, flyte_remote):
    route = flyte_admin.on_launch(search).plays(nodes.where())
    assert run(flyte_remote).outputs["o0"] == 0.0
    assert len(route.launches[0].nodes["tune"].nodes) == 0


def test_what_its_nodes_give_is_what_it_gives(flyte_admin, flyte_remote):
    route = flyte_admin.on_launch(search).plays(where(running(20).yields([FIT] * 3)))
    execution = run(flyte_remote)
    (launch,) = route.launches
    assert launch.nodes["best"].inputs == {"scores": [0.9, 0.9, 0.9]}
    assert list(launch.nodes["tune"].nodes) == ["dn0", "dn1", "dn2"]
    below = execution.node_executions["n0"].subworkflow_node_executions
    assert below["n0-0-dn1"].outputs["o0"] == 0.9
    assert flyte_admin.clock.elapsed >= 80


def test_what_it_gives_can_be_said(flyte_admin, flyte_remote):
    said = [nodes.promise("dn1.o0"), 7.0]
    tree = where(running(20).yields([FIT] * 2).succeeds(o0=said))
    route = flyte_admin.on_launch(search).plays(tree)
    run(flyte_remote)
    assert route.launches[0].nodes["tune"].outputs == {"o0": [0.9, 7.0]}


def test_both_clients_read_what_was_yielded(flyte_admin, flyte_remote):
    bad = nodes.task(running(9).fails("nan"), of=fit.name)
    route = flyte_admin.on_launch(search).plays(where(running(20).yields([FIT, bad])))
    execution = run(flyte_remote)
    with FlyteRemote(Config.for_endpoint(flyte_admin.endpoint, insecure=True)) as ours:
        mine = ours.fetch_execution(
            project=execution.id.project, domain=execution.id.domain, name=execution.id.name
        )
        ours.sync_execution(mine, sync_nodes=True)
        for run_ in (execution, mine):
            below = run_.node_executions["n0"].subworkflow_node_executions
            assert below["n0-0-dn1"].closure.error.message == "nan"
            assert below["n0-0-dn0"].closure.error.message == "Dynamic workflow failed"
    assert route.launches[0].failing.id == "n0-0-dn1"


def test_a_child_may_be_of_a_registered_task(flyte_admin, flyte_remote):
    child = nodes.task(
        running(5).fails(failures.recoverable("no lock")),
        running(5).succeeds(o0=0.5),
        of=fit.name,
        inputs={"n": 7},
    )
    route = flyte_admin.on_launch(search).plays(where(running(20).yields([child] * 2)))
    run(flyte_remote)
    node = route.launches[0].nodes["tune.dn1"]
    assert (node.full_name, node.inputs, len(node.attempts)) == ("fit", {"n": 7}, 2)


def test_inputs_that_are_left_out_are_plain_values(flyte_admin, flyte_remote):
    child = nodes.task(of=fit.name)
    route = flyte_admin.on_launch(search).plays(where(running(20).yields(first=child)))
    run(flyte_remote)
    node = route.launches[0].nodes["tune.first"]
    assert (node.inputs, node.outputs) == ({"n": 0}, {"o0": 0.0})


def test_its_own_attempts_come_before_what_it_yields(flyte_admin, flyte_remote):
    lost = running(20).fails(failures.preempted())
    route = flyte_admin.on_launch(nightly).plays(
        nodes.where(
            search=nodes.subworkflow(
                tune=nodes.dynamic(
                    lost,
                    running(20).fails(failures.recoverable("no lock")),
                    running(20).yields(fit=FIT, report=nodes.task(after="fit")),
                )
            )
        )
    )
    run(flyte_remote, nightly)
    node = route.launches[0].nodes["search.tune.fit"]
    assert (node.id, node.retry_group) == ("n0-0-n0-2-dn0", "2")
    assert len(route.launches[0].nodes["search.tune"].attempts) == 3


def test_any_task_may_turn_out_to_be_dynamic(flyte_admin, flyte_remote):
    tree = nodes.where(best=nodes.dynamic(running(5).yields(fit=FIT)))
    route = flyte_admin.on_launch(search).plays(tree)
    assert run(flyte_remote).outputs["o0"] == 0.9
    assert route.launches[0].nodes["best.fit"].phase == "SUCCEEDED"


def test_what_it_yields_may_be_no_workflow(flyte_admin, flyte_remote):
    tree = where(running(20).fails(failures.futures_not_built()))
    flyte_admin.on_launch(search).plays(tree)
    assert run(flyte_remote).error.code == "DynamicWorkflowBuildFailed"


def test_a_made_up_workflow_may_be_dynamic_in_one_run_and_not_in_another(flyte_admin, flyte_remote):
    many = nodes.workflow(tune=nodes.dynamic(running(20).yields([FIT] * 2).succeeds(n=2)))
    none = nodes.workflow(tune=nodes.task(running(20).succeeds(n=0)))
    route = flyte_admin.on_launch("made-up").plays(many, none)
    plan = flyte_remote.fetch_launch_plan(name="made-up")
    found = [flyte_remote.execute(plan, inputs={}, wait=True).outputs["n"] for _ in range(2)]
    assert found == [2, 0]
    assert [len(launch.nodes["tune"].nodes) for launch in route.launches] == [2, 0]


def test_outputs_of_a_made_up_one_may_come_of_what_it_yields(flyte_admin, flyte_remote):
    inner = nodes.subworkflow(fit=FIT)
    fan_out = running(20).yields(a=FIT, b=inner, c=nodes.branch(yes=FIT))
    all_of_them = [nodes.promise(f"{name}.o0") for name in "abc"]
    route = flyte_admin.on_launch("made-up").plays(
        nodes.workflow(
            tune=nodes.dynamic(fan_out.succeeds(scores=all_of_them)),
            best=nodes.task(inputs={"first": nodes.promise("tune.scores[0]")}),
        )
    )
    plan = flyte_remote.fetch_launch_plan(name="made-up")
    flyte_remote.execute(plan, inputs={}, wait=True)
    (launch,) = route.launches
    assert launch.nodes["tune"].outputs == {"scores": [0.9, 0.9, 0.9]}
    assert launch.nodes["best"].inputs == {"first": 0.9}


def test_maps_and_launch_plans_may_be_yielded(flyte_admin, flyte_remote):
    flyte_admin.on_launch("training").always_plays(running(60).succeeds(auc=0.9))
    mapped = nodes.array(running(5).succeeds(score=1.0), size=3)
    own = nodes.launch_plan(running(30).succeeds(rows=1), of="extract")
    train = nodes.launch_plan(of="training")
    route = flyte_admin.on_launch("made-up").plays(
        nodes.workflow(tune=nodes.dynamic(running(20).yields([train, train, mapped, own])))
    )
    plan = flyte_remote.fetch_launch_plan(name="made-up")
    execution = flyte_remote.execute(plan, inputs={}, wait=True)
    (launch,) = route.launches
    assert launch.phase == "SUCCEEDED"
    assert launch.nodes["tune.dn1"].full_name == "training"
    assert launch.nodes["tune.dn2"].outputs == {"score": [1.0] * 3}
    assert [launch.nodes[f"tune.dn{n}"].outputs for n in (1, 3)] == [{"auc": 0.9}, {"rows": 1}]
    assert len(execution.node_executions["n0"].subworkflow_node_executions) == 6


def test_a_launch_plan_that_there_is_not_is_refused(flyte_admin):
    tree = where(running(20).yields([nodes.launch_plan(of="nope")]))
    with pytest.raises(RegistrationError, match="launches 'nope', which is neither registered"):
        flyte_admin.on_launch(search).plays(tree)


def test_a_definition_may_call_a_task_dynamic(flyte_admin, flyte_remote):
    flyte_admin.register("made-up", nodes.workflow(tune=nodes.dynamic(), best=nodes.task()))
    route = flyte_admin.on_launch("made-up").plays(where(running(20).yields([FIT] * 2)))
    plan = flyte_remote.fetch_launch_plan(name="made-up")
    flyte_remote.execute(plan, inputs={}, wait=True)
    assert len(route.launches[0].nodes["tune"].nodes) == 2


def test_a_definition_says_nothing_of_what_is_yielded(flyte_admin):
    with pytest.raises(RegistrationError, match="'tune' says what its attempts do"):
        flyte_admin.register("x", nodes.workflow(tune=nodes.dynamic(running(2).yields([FIT]))))


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (
            running(20).yields([nodes.task(of="nope")]),
            "is of='nope', but no task of this name is registered there",
        ),
        (
            running(20).yields([nodes.task(of=fit.name, inputs={"m": 1})]),
            "takes no such thing.\nIt takes 'n'.",
        ),
        (
            running(20).yields([nodes.task(of=fit.name, inputs={"n": "x"})]),
            "the value is declared int, but 'x' is a str",
        ),
        (
            running(20).yields([nodes.task(running(2).fails(failures.recoverable()), of=fit.name)]),
            "retries=2 are not used up",
        ),
        (
            running(20).yields([nodes.task(running(2).succeeds(x=3), of=fit.name)]),
            "declares the outputs o0: float",
        ),
        (running(20).yields([FIT]).succeeds(o1=3), "which is not declared"),
        (running(20).yields([FIT]).succeeds(o0=3), "is declared list[float], but 3 is an int"),
        (
            running(20).yields([FIT]).succeeds(o0=nodes.promise("dn0.o0")),
            "yields is no workflow: Collected Errors: 1",
        ),
    ],
)
def test_what_no_engine_could_build_is_refused_when_it_is_planted(flyte_admin, attempt, said):
    with pytest.raises((RegistrationError, TimelineError)) as refused:
        flyte_admin.on_launch(search).plays(where(attempt))
    assert said in str(refused.value)
    assert isinstance(refused.value, FlyteTestkitError)


def test_a_registered_task_says_itself_whether_it_is_dynamic(flyte_admin):
    with pytest.raises(TimelineError, match="which only a dynamic task does"):
        flyte_admin.on_launch(search).plays(nodes.where(tune=nodes.task(running(20).yields([FIT]))))
