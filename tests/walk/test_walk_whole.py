"""Executions that have nodes: how they begin, in which order nodes run, and how they end."""

from datetime import timedelta

from templates import INTEGER, INTEGERS, Definitions, promise
from walking import walking

from flyte_testkit import nodes, polls, running, undefined


def several(*ids, after=None, **options):
    made = Definitions()
    template = made.workflow(*(made.task(id_, after=(after or {}).get(id_, ())) for id_ in ids))
    return walking(made, template, **options)


def test_it_is_what_its_beginning_says_before_it_runs():
    script = nodes.where(undefined(30).queued(5))
    with several("n0", script=script) as walk:
        assert walk.after(29) == []
        assert walk.after(1) == ["W QUEUED 30"]
        assert walk.after(5)[1:3] == ["W RUNNING 35", "N start-node SUCCEEDED 35"]
        assert walk.phase == "SUCCEEDED"


def test_it_may_begin_after_looks():
    with several("n0", script=nodes.where(undefined(polls(2)))) as walk:
        assert walk.after(5) == []
        assert walk.after(5)[0] == "W RUNNING 10"


def test_terminated_before_it_runs_it_says_nothing_else():
    with several("n0", script=nodes.where(undefined(30))) as walk:
        walk.stop()
        assert walk.after(60) == ["W ABORTED 0.5"]
        assert walk.phase == "ABORTED"


def test_all_of_a_level_are_queued_before_the_first_of_them_starts():
    with several("n0", "n1", script=nodes.where().others(running(60).succeeds())) as walk:
        assert walk.after(10)[2:] == [
            "N n0 QUEUED 0",
            "N n1 QUEUED 0",
            "T n0#0 QUEUED 0",
            "N n0 RUNNING 0",
            "T n0#0 INITIALIZING 0",
            "T n0#0 RUNNING 0",
            "T n1#0 QUEUED 0",
            "N n1 RUNNING 0",
            "T n1#0 INITIALIZING 0",
            "T n1#0 RUNNING 0",
        ]


def test_a_node_begins_when_the_last_of_those_before_it_has_ended():
    played = {
        "n0": nodes.task(running(10).succeeds()),
        "n1": nodes.task(running(30).succeeds()),
    }
    with several("n0", "n1", "n2", after={"n2": ["n0", "n1"]}, played=played) as walk:
        walk.after(99)
        assert walk.told("n2")[0] == "N n2 QUEUED 30"


def test_outputs_and_inputs_flow_along_the_promises():
    made = Definitions()
    template = made.workflow(
        made.task("n0", reads={"x": promise("", var="a")}),
        made.task("n1", reads={"y": "n0"}),
        takes={"a": INTEGER},
        total="n1",
    )
    played = {
        "n0": nodes.task(running(1).succeeds(o0=5)),
        "n1": nodes.task(running(1).succeeds(o0=6)),
    }
    with walking(made, template, played, inputs={"a": 4}) as walk:
        walk.after(9)
        assert walk.data("n0") == ({"x": 4}, {"o0": 5})
        assert walk.data("n1") == ({"y": 5}, {"o0": 6})
        assert walk.outputs == {"total": 6}


def test_scripted_outputs_stand_for_what_the_end_node_is_bound_to():
    made = Definitions()
    template = made.workflow(made.task("n0"), made.task("n1"), one="n0", two="n1")
    outputs = {(): {"two": 22}}
    with walking(made, template, outputs=outputs) as walk:
        walk.after(0)
        assert walk.outputs == {"one": 0, "two": 22}
        assert walk.data("end-node")[0] == {"one": 0, "two": 22}


def test_terminated_it_hears_of_it_a_moment_later_and_stops_all_its_nodes():
    with several("n0", "n1", script=nodes.where().others(running(60).succeeds())) as walk:
        walk.after(10)
        walk.stop()
        assert (walk.phase, walk.engine.next_due()) == (
            "ABORTING",
            walk.clock.now() + timedelta(seconds=0.5),
        )
        assert walk.after(99)[-5:] == [
            "T n0#0 ABORTED 10.5",
            "N n0 ABORTED 10.5",
            "T n1#0 ABORTED 10.5",
            "N n1 ABORTED 10.5",
            "W ABORTED 10.5",
        ]
        event = walk.events("n0")[-1]
        assert (event.event_version, event.spec_node_id, event.node_name) == (0, "", "")
        assert event.target_entity.name == "flows.n0.0"
        assert walk.engine.next_due() is None


def test_terminated_twice_it_stops_once():
    with several("n0", script=nodes.where().others(running(60).succeeds())) as walk:
        walk.after(10)
        walk.stop()
        walk.stop()
        assert walk.told("W") == ["W RUNNING 0"]
        assert [line for line in walk.after(99) if line.startswith("W")][1:] == ["W ABORTED 10.5"]


def test_what_is_to_come_is_known_however_late_somebody_looks():
    played = {"n0": nodes.task(running(10).succeeds()), "n1": nodes.task(running(30).succeeds())}
    with several("n0", "n1", "n2", after={"n2": ["n0"]}, played=played) as walk:
        began, due = walk.began, []
        while (at := walk.engine.next_due()) is not None:
            due.append((at - began).total_seconds())
            walk.clock.advance(due[-1] - (walk.clock.now() - began).total_seconds())
        assert due == [10, 30]  # nobody has looked, so nothing was sent
        assert walk.acts == []
        assert walk.after(0)[-1] == "W SUCCEEDED 30"


def test_what_is_to_come_is_known_in_the_midst_of_it():
    script = nodes.where().others(running(10).succeeds())
    with several("n0", "n1", "n2", after={"n1": "n0", "n2": "n1"}, script=script) as walk:
        walk.after(15)
        walk.clock.advance(10)  # n1 has ended, and nobody has looked
        assert walk.engine.next_due() == walk.began + timedelta(seconds=30)
        sent = len(walk.acts)
        assert sent == len(walk.lines())


def test_after_looks_what_is_to_come_is_counted_from_them():
    played = {
        "n0": nodes.task(running(polls(1)).succeeds()),
        "n1": nodes.task(running(10).succeeds()),
        "n2": nodes.task(running(10).succeeds()),
    }
    with several("n0", "n1", "n2", after={"n1": "n0", "n2": "n1"}, played=played) as walk:
        walk.after(100)
        walk.after(1)  # the look is there
        walk.clock.advance(12)
        assert "N n1 QUEUED 100" in walk.lines()
        assert walk.engine.next_due() == walk.began + timedelta(seconds=120)


def test_a_look_is_awaited_for_an_hour():
    with several("n0", script=nodes.where().others(running(polls(2)).succeeds())) as walk:
        assert walk.engine.next_due() == walk.began + timedelta(hours=1)
        walk.after(5)
        assert walk.engine.next_due() == walk.clock.now() + timedelta(hours=1)


def test_the_story_shows_the_script():
    script = nodes.where().others(running(60).succeeds())
    with several("n0", script=script) as walk:
        walk.after(1)
        assert repr(script) in walk.engine.story()


def test_times_never_go_back_in_the_order_of_sending():
    played = {f"n{n}": nodes.task(running(n * 7 % 5).succeeds()) for n in range(9)}
    after = {f"n{n}": f"n{n // 2}" for n in range(2, 9)}
    with several(*(f"n{n}" for n in range(9)), after=after, played=played) as walk:
        walk.after(99)
        times = [act.at for act in walk.acts]
        assert times == sorted(times)
        assert walk.phase == "SUCCEEDED"


def test_scripted_outputs_need_nothing_of_what_they_stand_for():
    made = Definitions()
    template = made.workflow(made.task("n0", gives={"o0": INTEGERS}), o0=promise("n0", path=[2]))
    played = {"n0": nodes.task(running(5).succeeds(o0=[1]))}
    with walking(made, template, played, outputs={(): {"o0": 7}}) as walk:
        walk.after(9)
        assert walk.outputs == {"o0": 7}
