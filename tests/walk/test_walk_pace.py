"""At a realistic pace an engine takes its time; at the default one nothing takes any."""

from datetime import timedelta

import pytest

from flyte_testkit import VirtualClock, failures, fake_flyte, nodes, polls, running
from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.propeller.pace import INSTANT, REALISTIC
from flyte_testkit.server import FakeFlyteAdmin

TREE = nodes.workflow(
    extract=nodes.task(running(60).succeeds()),
    train=nodes.subworkflow(fit=nodes.task(running(60).fails(failures.oom_killed()))),
)
TWO = nodes.workflow(good=nodes.launch_plan(of="good"), bad=nodes.launch_plan(of="bad", after=()))


def played(pace, tree=TREE, *, seed=0, seconds=200, scripts=()):
    """Every event with its time of sending and its own, and the phases of executions."""
    heard = []
    with FakeFlyteAdmin(clock=VirtualClock(), strict=False, pace=pace, seed=seed) as fake:
        engine = fake._backend.engine
        send, begun = engine._runs._send, fake.clock.now()

        def hears(act):
            event = getattr(act.request, "event", None)
            if event is not None:
                own = event.occurred_at.ToDatetime(begun.tzinfo)
                heard.append((act.rpc[len("Create")], event.phase, act.at - begun, own - begun))
            return send(act)

        engine._runs._send = hears
        for name, script in scripts:
            fake.on_launch(name).plays(script)
        launch = fake.add_execution("run", tree, launch_plan="etl")
        fake.clock.advance(seconds)
        phase = launch.phase
    return heard, phase


def test_by_default_only_what_is_scripted_takes_time():
    heard, phase = played("instant")

    assert phase == "FAILED"
    assert {sent.total_seconds() for _, _, sent, _ in heard} == {0, 60, 120}
    assert all(sent == own for _, _, sent, own in heard)


def test_at_a_realistic_pace_it_goes_in_rounds_and_pods_tell_whole_seconds():
    heard, phase = played("realistic")
    of_tasks = [own.total_seconds() for who, _, _, own in heard if who == "T"]

    assert phase == "FAILED"
    assert heard[0][2] == timedelta(seconds=0.5)
    assert [sent for _, _, sent, _ in heard] == sorted(sent for _, _, sent, _ in heard)
    assert max(sent for _, _, sent, _ in heard) > timedelta(seconds=120.5)
    assert sum(own % 1 == 0 for own in of_tasks) >= 6
    assert all(own <= sent for _, _, sent, own in heard)


def test_each_run_is_like_the_other():
    assert played("realistic") == played("realistic")
    assert played("realistic", seed=1) != played("realistic", seed=2)


@pytest.mark.parametrize("seed", range(4))
def test_children_that_end_between_two_looks_are_noticed_together(seed):
    pace = REALISTIC.seeded(seed)
    with FakeFlyteAdmin(clock=VirtualClock(), strict=False, pace="realistic", seed=seed) as fake:
        fake.on_launch("good").plays(running(9).succeeds())
        fake.on_launch("bad").plays(running(10).fails("nan"))
        launch = fake.add_execution("run", TWO, launch_plan="etl")
        ended = fake.clock.now() + timedelta(seconds=11)
        fake.clock.advance(45)
        good, bad = launch.nodes["good"], launch.nodes["bad"]

        assert launch.phase == "FAILED"
        if pace.child_noticed(ended - timedelta(seconds=3)) == pace.child_noticed(ended):
            assert good.updated_at == bad.updated_at == pace.child_noticed(ended)
        assert bad.updated_at == pace.child_noticed(ended)


def test_an_end_is_noticed_within_half_a_minute():
    at = VirtualClock().now()
    noticed = {REALISTIC.seeded(seed).child_noticed(at) - at for seed in range(50)}

    assert all(timedelta() <= late < timedelta(seconds=30) for late in noticed)
    assert len(noticed) > 40
    assert INSTANT.seeded(3).child_noticed(at) == at


def test_a_wait_at_a_realistic_pace_comes_to_its_end():
    with fake_flyte(pace="realistic") as admin:
        admin.on_launch("training").plays(running(600).succeeds(auc=0.9))
        launch = admin.add_execution(
            "run", nodes.workflow(train=nodes.launch_plan(of="training")), launch_plan="etl"
        )
        due = admin._backend.engine.next_due()
        assert due is not None
        admin.clock.advance(631)
        assert launch.phase == "SUCCEEDED"
        assert admin._backend.engine.next_due() is None


def test_looks_are_counted_at_any_pace():
    with FakeFlyteAdmin(clock=VirtualClock(), strict=False, pace="realistic") as fake:
        tree = nodes.workflow(fit=nodes.task(running(polls(2)).succeeds()))
        launch = fake.add_execution("run", tree, launch_plan="etl")
        fake.clock.advance(1)
        for _ in range(3):
            fake._backend.looked_at(launch.id)
        fake.clock.advance(5)
        assert launch.phase == "SUCCEEDED"


@pytest.mark.parametrize("pace", ["realistc", None, True, 1, ["realistic"]])
def test_a_pace_that_there_is_not_is_told(pace):
    with pytest.raises(FlyteTestkitError, match="it is 'instant' or 'realistic'"):
        FakeFlyteAdmin(pace=pace)
