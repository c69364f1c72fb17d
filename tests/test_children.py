"""Nodes that launch launch plans, as tests write them and as both clients see them."""

import pytest

from flyte_testkit import failures, nodes, polls, render, running, undefined
from flyte_testkit.errors import (
    FlyteTestkitError,
    HopelessWait,
    RegistrationError,
    RouteError,
    TimelineError,
    UnexpectedUse,
)
from flyte_testkit.server import FakeFlyteAdmin

pytestmark = pytest.mark.flyte(transport="direct")

TRAINS = nodes.workflow(
    extract=nodes.task(running(60).succeeds(rows=1000)),
    train=nodes.launch_plan(of="training"),
    report=nodes.task(running(5).succeeds(), inputs={"auc": nodes.promise("train.auc")}),
)
CHILD_ONLY = nodes.workflow(train=nodes.launch_plan(of="training"))


@pytest.fixture
def admin():
    with FakeFlyteAdmin(strict=False) as admin:
        yield admin


def run(remote, name="etl", *, wait=True, **inputs):
    plan = remote.fetch_launch_plan(name=name)
    return remote.execute(plan, inputs=inputs, wait=wait)


def lives(admin):
    """Every execution by its name, with its phases and when it came into each."""
    begun = admin.clock.now().timestamp() - admin.clock.elapsed
    return {
        row.execution_name: [(c.phase, c.at.timestamp() - begun) for c in changes]
        for row, changes, _ in admin._backend.lives()
    }


def ends(admin):
    return {name: changes[-1] for name, changes in lives(admin).items()}


def told(call, *args, **kwargs):
    with pytest.raises(FlyteTestkitError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_a_child_is_a_launch_as_any_other(flyte_admin, remote):
    training = flyte_admin.on_launch("training").plays(running(600).succeeds(auc=0.9))
    etl = flyte_admin.on_launch("etl").plays(TRAINS)

    execution = run(remote)

    assert execution.error is None
    (child,) = training.launches
    (parent,) = etl.launches
    metadata = child.spec.metadata
    assert metadata.mode == metadata.CHILD_WORKFLOW
    assert metadata.nesting == 1
    assert metadata.parent_node_execution.node_id == "n1"
    assert metadata.parent_node_execution.execution_id == parent.id
    assert child.spec.labels.values["execution-id"] == parent.id.name
    assert child.spec.labels.values["workflow-name"] == "etl"
    assert [parent.nodes[name].phase for name in parent.nodes] == ["SUCCEEDED"] * 3
    assert parent.nodes["train"].outputs == {"auc": 0.9}
    assert parent.nodes["report"].inputs == {"auc": 0.9}
    assert ends(flyte_admin)[child.id.name] == ("SUCCEEDED", 660)
    assert ends(flyte_admin)[parent.id.name] == ("SUCCEEDED", 665)


def test_its_node_says_what_it_does(flyte_admin, remote):
    train = nodes.launch_plan(running(600).fails(failures.oom_killed()), of="training")
    flyte_admin.on_launch("etl").plays(nodes.workflow(train=train))

    execution = run(remote)

    assert execution.error.code == "RetriesExhausted|OOMKilled"
    assert [launch.spec.launch_plan.name for launch in flyte_admin.launches] == ["etl", "training"]


def test_a_tree_below_a_tree_below_a_tree(flyte_admin, remote):
    fit = nodes.workflow(fit=nodes.task(running(60).fails("nan")))
    middle = nodes.workflow(fit=nodes.launch_plan(fit, of="fit"))
    flyte_admin.on_launch("etl").plays(
        nodes.workflow(train=nodes.launch_plan(middle, of="training"))
    )

    execution = run(remote)

    assert execution.error.message == "nan"
    grandchild = flyte_admin.launches[2]
    assert grandchild.spec.metadata.nesting == 2
    assert {phase for phase, _ in ends(flyte_admin).values()} == {"FAILED"}
    assert {at for _, at in ends(flyte_admin).values()} == {60}


def test_a_failure_is_passed_on_as_it_is(flyte_admin, remote):
    flyte_admin.on_launch("training").plays(
        nodes.workflow(fit=nodes.task(running(60).fails(failures.oom_killed())))
    )
    etl = flyte_admin.on_launch("etl").plays(CHILD_ONLY)

    run(remote)

    (launch,) = etl.launches
    child = flyte_admin.launches[1].closure.error
    assert launch.closure.error == child
    assert launch.nodes["train"].closure.error == child


def test_a_child_that_somebody_stops_fails_its_parent(flyte_admin, remote):
    flyte_admin.on_launch("training").plays(running(600).succeeds())
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)
    run(remote, wait=False)
    flyte_admin.clock.advance(10)
    list(flyte_admin._backend.lives())
    parent, child = flyte_admin.launches

    flyte_admin.terminate(child.id.name, cause="enough")
    flyte_admin.clock.advance(10)

    error = parent.closure.error
    assert error.code == "RemoteChildWorkflowExecutionFailed"
    assert f"launchplan [{child.id.name}] aborted" in error.message
    assert ends(flyte_admin)[parent.id.name] == ("FAILED", 10.5)


def test_who_stops_the_parent_stops_the_child_which_ends_a_moment_later(flyte_admin, remote):
    flyte_admin.on_launch("training").plays(running(600).succeeds())
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)
    run(remote, wait=False)
    flyte_admin.clock.advance(10)
    list(flyte_admin._backend.lives())
    parent, child = flyte_admin.launches

    flyte_admin.terminate(parent.id.name, cause="enough")
    flyte_admin.clock.advance(10)

    assert parent.phase == "ABORTED"
    assert child.phase == "ABORTED"
    assert child.closure.abort_metadata.cause == (
        f"cascading abort as parent execution id [{parent.id.name}] aborted,"
        " reason [Workflow aborted.]"
    )
    assert ends(flyte_admin) == {
        parent.id.name: ("ABORTED", 10.5),
        child.id.name: ("ABORTED", 11),
    }


def test_a_failure_beside_it_stops_a_child(flyte_admin, remote):
    flyte_admin.on_launch("training").plays(running(600).succeeds())
    flyte_admin.on_launch("etl").plays(
        nodes.workflow(
            train=nodes.launch_plan(of="training"),
            fit=nodes.task(running(60).fails("nan"), after=()),
        )
    )

    run(remote)
    flyte_admin.clock.advance(1)

    parent, child = flyte_admin.launches
    assert parent.failing.path == "fit"
    assert parent.nodes["train"].phase == "ABORTED"
    assert "Some node execution failed, auto-abort." in (child.closure.abort_metadata.cause)
    assert ends(flyte_admin)[child.id.name] == ("ABORTED", 60.5)


def test_two_children_that_end_at_one_instant_are_both_heard(flyte_admin, remote):
    twice = running(60).fails("nan"), running(60).succeeds()
    flyte_admin.on_launch("training").plays(*twice)
    flyte_admin.on_launch("etl").plays(
        nodes.workflow(
            one=nodes.launch_plan(of="training"), two=nodes.launch_plan(of="training", after=())
        )
    )

    run(remote)

    (parent, *_) = flyte_admin.launches
    assert parent.nodes["one"].phase == "FAILED"
    assert parent.nodes["two"].phase == "SUCCEEDED"


def test_a_child_that_was_never_scripted_fails_the_test_and_its_parent():
    unscripted = "'training' was launched, but nothing is scripted for it"
    with pytest.raises(UnexpectedUse, match=unscripted), FakeFlyteAdmin() as strict:
        strict.register("training")
        launch = strict.add_execution("run", CHILD_ONLY, launch_plan="etl")
        assert launch.phase == "FAILED"
        assert unscripted in launch.nodes["train"].error.message


def test_a_child_plan_that_does_not_exist_is_told(admin):
    admin.register("training")
    plant = admin.on_launch("etl").plays

    problem = told(plant, nodes.workflow(train=nodes.launch_plan(of="trainign")))
    assert "'trainign', which is neither registered nor scripted" in problem
    assert "'training'" in problem
    assert "on_launch('trainign').plays(…)" in problem
    with pytest.raises(TimelineError, match="but which"):
        plant(nodes.workflow(train=nodes.launch_plan()))
    with pytest.raises(RouteError):
        admin.register("etl", nodes.workflow(train=nodes.launch_plan(of="other")))


def test_an_execution_of_the_childs_name_is_adopted(flyte_admin, remote):
    flyte_admin.register("training", outputs={"auc": float})
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)
    plan = remote.fetch_launch_plan(name="etl")
    flyte_admin.add_execution("run-n0-0", running(30).succeeds(auc=0.5), launch_plan="training")

    remote.execute(plan, inputs={}, execution_name="run", wait=True)

    assert flyte_admin.launches[0].nodes["train"].outputs == {"auc": 0.5}
    assert flyte_admin.clock.elapsed == 30


def test_one_that_has_ended_already_is_adopted_too(flyte_admin, remote):
    flyte_admin.register("training", outputs={"auc": float})
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)
    plan = remote.fetch_launch_plan(name="etl")
    flyte_admin.add_execution("run-n0-0", running(30).succeeds(auc=0.5), launch_plan="training")
    flyte_admin.clock.advance(100)

    remote.execute(plan, inputs={}, execution_name="run", wait=True)

    assert flyte_admin.launches[0].phase == "SUCCEEDED"
    assert flyte_admin.clock.elapsed == 100


def test_a_launch_that_is_added_is_the_parents_own(flyte_admin):
    flyte_admin.on_launch("training").plays(running(600).succeeds())
    launch = flyte_admin.add_execution("run", CHILD_ONLY, launch_plan="etl")

    assert launch.id.name == "run"
    assert launch.nodes["train"].phase == "RUNNING"


def test_a_child_waits_for_looks_at_itself(flyte_admin, remote):
    flyte_admin.on_launch("training").plays(running(polls(3)).succeeds())
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)
    execution = run(remote, wait=False)
    remote.sync_execution(execution)
    (_, child) = flyte_admin.launches

    for _ in range(5):
        remote.sync_execution(remote.fetch_execution(name=child.id.name))

    assert remote.fetch_execution(name=execution.id.name).is_done


def test_a_child_that_never_ends_is_found_to_be_hopeless(flyte_admin, remote):
    flyte_admin.on_launch("training").plays(undefined(5).running().never_ends())
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)

    with pytest.raises(HopelessWait, match="never_ends"):
        run(remote)


def test_nobody_need_look_meanwhile(flyte_admin, remote):
    hours = 7200
    flyte_admin.on_launch("training").plays(running(hours).succeeds())
    flyte_admin.on_launch("etl").plays(
        nodes.workflow(
            first=nodes.task(running(hours).succeeds()),
            train=nodes.launch_plan(of="training"),
            last=nodes.task(running(hours).succeeds()),
        )
    )
    execution = run(remote, wait=False)
    flyte_admin.clock.advance(4 * hours)

    assert remote.fetch_execution(name=execution.id.name).is_done
    assert sorted(ends(flyte_admin).values()) == [
        ("SUCCEEDED", 2 * hours),
        ("SUCCEEDED", 3 * hours),
    ]


def test_a_picture_shows_what_nobody_has_looked_at(flyte_admin, remote):
    flyte_admin.on_launch("training").plays(running(60).succeeds())
    flyte_admin.on_launch("etl").plays(
        nodes.workflow(
            train=nodes.launch_plan(of="training"), last=nodes.task(running(5).succeeds())
        )
    )
    flyte_admin.add_execution("nightly", running(50).succeeds())
    run(remote, wait=False)
    flyte_admin.clock.advance(100)

    glances = flyte_admin._backend.glances()

    assert [glance.changes[-1].phase for glance in glances] == ["SUCCEEDED"] * 3
    phases = [change.phase for glance in glances for change in glance.changes]
    assert phases.count("SUCCEEDED") == phases.count("RUNNING") == 3


def test_nodes_of_the_child_are_read_below_the_node_that_launched_it(flyte_admin, remote):
    fit = nodes.task(running(60).fails("nan"))
    flyte_admin.on_launch("training").plays(nodes.workflow(fit=fit))
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)

    run(remote)

    parent, child = flyte_admin.launches
    train = parent.nodes["train"]
    assert train.execution.id == child.id
    assert train.execution.closure.error.message == "nan"
    assert list(train.nodes) == ["fit"]
    assert parent.nodes["train.fit"].error.message == "nan"
    assert parent.failing.path == "train.fit"
    assert child.failing.path == "fit"
    assert train.nodes["fit"].execution is None


def test_ids_of_the_childs_nodes_are_its_own(flyte_admin, remote):
    fit = {f"fit_{n}": nodes.task() for n in range(3)}
    flyte_admin.on_launch("training").plays(nodes.workflow(**fit))
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)

    run(remote)

    assert flyte_admin.launches[0].nodes["n0"].name == "train"
    with pytest.raises(KeyError, match="there is no node 'n2'"):
        flyte_admin.launches[0].nodes["n2"]


def test_a_child_that_failed_without_nodes_is_blamed_on_its_node(flyte_admin, remote):
    flyte_admin.register("training")
    flyte_admin.on_launch("training").plays(running(60).fails("nan"))
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)

    run(remote)

    assert flyte_admin.launches[0].failing.path == "train"
    assert len(flyte_admin.launches[0].nodes["train"].nodes) == 0


def test_the_report_names_the_child(flyte_admin, remote):
    flyte_admin.on_launch("training").plays(running(60).fails("nan"))
    flyte_admin.on_launch("etl").plays(CHILD_ONLY)

    run(remote)

    _, child = flyte_admin.launches
    assert f"launched {child.id.name}" in render.text(flyte_admin)


def test_what_a_node_gives_to_its_child_is_learnt(flyte_admin, remote):
    day = {"day": nodes.promise("extract.day"), "rows": 9}
    flyte_admin.on_launch("etl").plays(
        nodes.workflow(
            extract=nodes.task(running(60).succeeds(day="monday")),
            train=nodes.launch_plan(running(60).succeeds(), of="training", inputs=day),
        )
    )

    run(remote)

    parent, child = flyte_admin.launches
    assert child.inputs == parent.nodes["train"].inputs == {"day": "monday", "rows": 9}


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, "'etl.train' launches 'training', which needs 'day'.\nWrite nodes.launch_plan("),
        (
            {"dya": "monday"},
            "'training', which takes no 'dya'. Did you mean 'day'?\nIt takes 'day'",
        ),
        ({"day": 3}, "'training', which takes 'day': the value is declared str, but 3 is an int"),
    ],
)
def test_inputs_that_a_child_does_not_take_are_told(admin, inputs, told):
    admin.register("training", inputs={"day": str})

    with pytest.raises(RegistrationError) as caught:
        admin.on_launch("etl").plays(
            nodes.workflow(train=nodes.launch_plan(of="training", inputs=inputs))
        )
    assert told in str(caught.value)


def test_scripts_agree_about_what_a_node_launches(admin):
    for name in ("training", "testing"):
        admin.register(name)
    admin.on_launch("etl").plays(CHILD_ONLY, CHILD_ONLY)

    with pytest.raises(TimelineError, match="what 'train' of 'etl' launches: 'training' and 't"):
        admin.on_launch("etl").plays(nodes.workflow(train=nodes.launch_plan(of="testing")))
    with pytest.raises(TimelineError, match=r"it is nodes\.launch_plan\(…\) and nodes\.task"):
        admin.on_launch("etl").plays(nodes.workflow(train=nodes.task()))


def test_a_definition_names_launch_plans_and_scripts_say_what_they_do(admin):
    admin.register("training", outputs={"auc": float})
    admin.register("etl", CHILD_ONLY)

    launch = admin.add_execution(
        "run",
        nodes.where(train=nodes.launch_plan(running(6).succeeds(auc=0.1))),
        launch_plan="etl",
    )
    admin.clock.advance(6)

    assert launch.nodes["train"].outputs == {"auc": 0.1}
    with pytest.raises(RegistrationError, match=r"nodes\.launch_plan\(of='training'\) here"):
        admin.register(
            "other",
            nodes.workflow(train=nodes.launch_plan(running(6).succeeds(), of="training")),
        )


def test_an_arm_may_launch(admin):
    fails = nodes.launch_plan(running(3).fails("nan"), of="training")
    launch = admin.add_execution(
        "run", nodes.workflow(check=nodes.branch(retrain=fails)), launch_plan="etl"
    )
    admin.clock.advance(3)

    assert launch.nodes["check.retrain"].phase == "FAILED"
    assert launch.failing.path == "check.retrain.training"  # the one task of what it launched
    assert launch.phase == "FAILED"


def test_many_children_are_told_apart(admin):
    made = {
        f"fit_{n}": nodes.launch_plan(running(n + 1).succeeds(n=n), of="fit", after=())
        for n in range(20)
    }
    launch = admin.add_execution("run", nodes.workflow(**made), launch_plan="etl")
    admin.clock.advance(20)

    assert launch.phase == "SUCCEEDED"
    assert [run.outputs["n"] for run in launch.nodes.values()] == list(range(20))
    assert len({run.execution.id.name for run in launch.nodes.values()}) == 20
