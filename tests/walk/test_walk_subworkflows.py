"""Nodes that are workflows of their own."""

from templates import INTEGER, Definitions, promise
from walking import walking

from flyte_testkit import nodes, running


def nested(*inner, on_failure=None, more=(), **gives):
    """A workflow whose node ``n0`` is a workflow of other nodes."""
    made = Definitions()
    below = made.workflow(
        *(make(made) for make in inner),
        name="flows.below",
        on_failure=on_failure and on_failure(made),
        **gives,
    )
    top = made.workflow(made.sub("n0", below), *(make(made) for make in more))
    return made, top


def task(id_, **options):
    return lambda made: made.task(id_, **options)


def test_its_start_comes_before_it_runs_and_its_end_before_it_has_succeeded():
    made, top = nested(task("n0"), o0="n0")
    with walking(made, top, {"n0.n0": nodes.task(running(60).succeeds(o0=9))}) as walk:
        assert walk.after(60)[2:-4] == [
            "N n0 QUEUED 0",
            "N n0-0-start-node SUCCEEDED 0",
            "N n0 RUNNING 0",
            "N n0-0-n0 QUEUED 0",
            "T n0-0-n0#0 QUEUED 0",
            "N n0-0-n0 RUNNING 0",
            "T n0-0-n0#0 INITIALIZING 0",
            "T n0-0-n0#0 RUNNING 0",
            "T n0-0-n0#0 SUCCEEDED 60",
            "N n0-0-n0 SUCCEEDED 60",
            "N n0-0-end-node QUEUED 60",
            "N n0-0-end-node SUCCEEDED 60",
            "N n0 SUCCEEDED 60",
        ]
        assert walk.data("n0") == ({}, {"o0": 9})
        assert walk.refused == []


def test_what_is_below_says_where_it_is():
    made, top = nested(task("n0"))
    with walking(made, top) as walk:
        walk.after(0)
        assert {event.is_parent for event in walk.events("n0")} == {True}
        for who in ("n0-0-start-node", "n0-0-n0", "n0-0-end-node"):
            for event in walk.events(who):
                assert (event.parent_node_metadata.node_id, event.retry_group) == ("n0", "0")
        assert walk.events("n0-0-n0")[0].input_uri.endswith("/n0/data/0/n0/inputs.pb")


def test_one_without_outputs_has_no_address_of_outputs():
    made, top = nested(task("n0"))
    with walking(made, top) as walk:
        walk.after(0)
        assert walk.node("n0").closure.output_uri == ""
        assert walk.outputs == {}


def test_inputs_flow_in_and_outputs_flow_out():
    made = Definitions()
    below = made.workflow(
        made.task("n0", reads={"x": promise("", var="a")}),
        name="flows.below",
        takes={"a": INTEGER},
        o0="n0",
    )
    top = made.workflow(
        made.task("n0"),
        made.sub("n1", below, reads={"a": "n0"}),
        made.task("n2", reads={"y": "n1"}),
        o0="n2",
    )
    played = {
        "n0": nodes.task(running(1).succeeds(o0=3)),
        "n1.n0": nodes.task(running(1).succeeds(o0=4)),
    }
    with walking(made, top, played) as walk:
        walk.after(9)
        assert walk.data("n1") == ({"a": 3}, {"o0": 4})
        assert walk.data("n1-0-n0")[0] == {"x": 3}
        assert walk.data("n2")[0] == {"y": 4}


def test_scripted_outputs_stand_for_what_its_end_is_bound_to():
    made, top = nested(task("n0"), o0="n0", more=[task("n1", reads={"x": "n0"})])
    with walking(made, top, outputs={("n0",): {"o0": 77}}) as walk:
        walk.after(0)
        assert walk.data("n1")[0] == {"x": 77}


def test_one_that_is_used_twice_is_played_by_its_path():
    made = Definitions()
    below = made.workflow(made.task("n0"), name="flows.below")
    top = made.workflow(made.sub("n0", below), made.sub("n1", below))
    played = {"n1.n0": nodes.task(running(60).fails("no disk"))}
    with walking(made, top, played) as walk:
        walk.after(60)
        assert (walk.node("n0").closure.phase, walk.node("n1").closure.phase) == (3, 5)


def test_its_siblings_are_stopped_before_it_has_failed():
    made, top = nested(task("n0"), task("n1"))
    played = {
        "n0.n0": nodes.task(running(99).succeeds()),
        "n0.n1": nodes.task(running(60).fails("no disk")),
    }
    with walking(made, top, played) as walk:
        assert walk.after(60)[-7:] == [
            "T n0-0-n1#0 FAILED 60",
            "N n0-0-n1 FAILED 60",
            "T n0-0-n0#0 ABORTED 60",
            "N n0-0-n0 ABORTED 60",
            "N n0 FAILED 60",
            "W FAILING 60",
            "W FAILED 60",
        ]
        assert walk.events("n0-0-n0")[-1].error.message == "subworkflow failed"
        errors = [walk.events(who)[-1].error for who in ("n0-0-n1", "n0", "W")]
        assert errors[0] == errors[1] == errors[2]


def test_its_failure_node_runs_before_it_says_that_it_has_failed():
    made, top = nested(task("n0"), on_failure=task("fn0"))
    played = {
        "n0.n0": nodes.task(running(60).fails("no disk")),
        "n0.fn0": nodes.task(running(5).succeeds()),
    }
    with walking(made, top, played) as walk:
        walk.after(99)
        assert walk.told("n0-0-n0", "n0-0-fn0", "n0", "W")[-6:] == [
            "N n0-0-fn0 QUEUED 60",
            "N n0-0-fn0 RUNNING 60",
            "N n0-0-fn0 SUCCEEDED 65",
            "N n0 FAILED 65",
            "W FAILING 65",
            "W FAILED 65",
        ]
        assert walk.execution.closure.error.message == "no disk"


def test_stopped_it_is_told_of_after_what_is_inside():
    made, top = nested(task("n0"))
    with walking(made, top, {"n0.n0": nodes.task(running(60).succeeds())}) as walk:
        walk.after(10)
        walk.stop()
        assert walk.after(1)[-4:] == [
            "T n0-0-n0#0 ABORTED 10.5",
            "N n0-0-n0 ABORTED 10.5",
            "N n0 ABORTED 10.5",
            "W ABORTED 10.5",
        ]
        assert walk.refused == []


def test_a_failure_node_of_its_is_left_as_it_is_when_the_execution_is_stopped():
    made, top = nested(task("n0"), on_failure=task("fn0"))
    played = {
        "n0.n0": nodes.task(running(5).fails("no disk")),
        "n0.fn0": nodes.task(running(60).succeeds()),
    }
    with walking(made, top, played) as walk:
        walk.after(10)
        walk.stop()
        assert walk.after(1)[-2:] == ["N n0 ABORTED 10.5", "W ABORTED 10.5"]


def test_deep_ids_are_short():
    made = Definitions()
    template = made.workflow(made.task("n0"), name="flows.below0")
    for number in range(1, 4):
        template = made.workflow(made.sub("n0", template), name=f"flows.below{number}")
    with walking(made, template) as walk:
        walk.after(0)
        assert walk.phase == "SUCCEEDED"
        assert all(len(act.request.event.id.node_id) <= 20 for act in walk.acts if _is_node(act))


def _is_node(act):
    return act.rpc == "CreateNodeEvent"
