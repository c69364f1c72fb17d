"""Gates and sleeps of workflows that flytekit registered: who releases them, and who cannot."""

from datetime import timedelta

import pytest

from flyte_testkit import client, failures, nodes, render, running
from flyte_testkit.errors import RegistrationError, TimelineError
from flyte_testkit.server import FakeFlyteAdmin

flytekit = pytest.importorskip("flytekit")

from flytekit import approve, conditional, sleep, task, wait_for_input, workflow

pytestmark = pytest.mark.flyte(transport="direct")

SUCCEEDED, FAILED, RUNNING = 4, 6, 2


@task
def fit(rows: int) -> float:
    return float(rows)


@task
def publish(auc: float, rate: float) -> float:
    return auc * rate


@workflow
def training(rows: int) -> float:
    auc = approve(fit(rows=rows), "go", timeout=timedelta(hours=1))
    rate = wait_for_input("rate", timeout=timedelta(minutes=10), expected_type=float)
    nap = sleep(timedelta(seconds=30))
    rate >> nap
    done = publish(auc=auc, rate=rate)
    nap >> done
    return done


@workflow
def napping():
    one = sleep(timedelta(seconds=30))
    two = sleep(timedelta(seconds=60))
    one >> two


@workflow
def napping_for_long():
    sleep(timedelta(hours=2))


@workflow
def checked(rows: int) -> float:
    auc = approve(fit(rows=rows), "go", timeout=timedelta(hours=1))
    return (
        conditional("check")
        .if_(auc > 0.5)
        .then(publish(auc=auc, rate=1.0))
        .else_()
        .then(fit(rows=rows))
    )


@pytest.fixture(autouse=True)
def _registered(flyte_admin):
    flyte_admin.register(training)
    flyte_admin.register(napping)
    flyte_admin.register(napping_for_long)
    flyte_admin.register(checked)


def launched(remote, admin, script, of=training, **inputs):
    admin.on_launch(of).plays(script)
    plan = remote.fetch_launch_plan(name=of.name)
    return remote.execute(plan, inputs=inputs)


def test_a_client_releases_what_waits_for_it(flyte_admin, flyte_remote):
    script = nodes.where(fit=nodes.task(running(60).succeeds(o0=0.8)))
    execution = launched(flyte_remote, flyte_admin, script, rows=9)
    name = execution.id.name
    flyte_admin.clock.advance(60)
    assert [signal.id.signal_id for signal in flyte_remote.list_signals(name)] == ["go", "rate"]
    flyte_remote.approve("go", name)
    flyte_remote.set_signal("rate", name, 0.5)
    done = flyte_remote.wait(execution)
    assert done.closure.phase == SUCCEEDED
    (launch,) = flyte_admin.launches
    assert launch.nodes["go"].outputs == {"o0": 0.8}
    assert launch.nodes["rate"].outputs == {"o0": 0.5}
    assert launch.nodes["publish"].inputs == {"auc": 0.8, "rate": 0.5}
    assert launch.nodes["sleep-gate"].duration == 30
    assert flyte_admin.clock.elapsed >= 90


def test_the_toolkits_own_client_refuses_an_approval(flyte_admin, flyte_remote):
    execution = launched(flyte_remote, flyte_admin, nodes.where(), rows=9)
    own = client.FlyteRemote(
        client.Config.for_endpoint(flyte_admin.endpoint, insecure=True),
        default_project="flytesnacks",
        default_domain="development",
    )
    own.reject("go", execution.id.name)
    done = flyte_remote.wait(execution)
    assert done.closure.phase == FAILED
    assert done.closure.error.code == "ReceivedRejectSignal"
    (launch,) = flyte_admin.launches
    assert launch.failing.path == "go"
    assert launch.nodes["rate"].phase == "ABORTED"


def test_a_signal_before_its_gate_is_refused_as_in_life(flyte_admin, flyte_remote):
    script = nodes.where(fit=nodes.task(running(60).succeeds()))
    execution = launched(flyte_remote, flyte_admin, script, rows=9)
    with pytest.raises(Exception, match="signal does not exist"):
        flyte_remote.approve("go", execution.id.name)
    flyte_admin.clock.advance(60)
    flyte_remote.approve("go", execution.id.name)


def test_scripts_release_gates(flyte_admin, flyte_remote):
    script = nodes.where(
        go=nodes.gate(running(100).succeeds()),
        rate=nodes.gate(running(200).succeeds(o0=0.25)),
    )
    execution = launched(flyte_remote, flyte_admin, script, rows=9)
    done = flyte_remote.wait(execution)
    assert done.closure.phase == SUCCEEDED
    (launch,) = flyte_admin.launches
    assert [launch.nodes[name].duration for name in ("go", "rate")] == [100, 200]
    signals = {each.id.signal_id: each for each in flyte_remote.list_signals(execution.id.name)}
    assert signals["go"].value.scalar.primitive.boolean is True
    assert signals["rate"].value.scalar.primitive.float_value == 0.25


def test_a_script_refuses_an_approval(flyte_admin, flyte_remote):
    refused = nodes.gate(running(100).fails(failures.approval_refused()))
    execution = launched(flyte_remote, flyte_admin, nodes.where(go=refused), rows=9)
    assert flyte_remote.wait(execution).closure.error.code == "ReceivedRejectSignal"
    (launch,) = flyte_admin.launches
    assert launch.nodes["go"].duration == 100


def test_a_gate_that_nobody_releases_fails_in_the_end(flyte_admin, flyte_remote):
    execution = launched(flyte_remote, flyte_admin, nodes.where(), rows=9)
    done = flyte_remote.wait(execution)
    assert done.closure.error.code == "RetriesExhausted|TimeoutExpired"
    assert "task execution timeout [10m0s] expired" in done.closure.error.message
    assert flyte_admin.clock.elapsed == 600
    (launch,) = flyte_admin.launches
    assert launch.nodes["rate"].phase == "FAILED"
    assert launch.failing.path == "rate"


def test_whoever_is_first_releases_a_gate(flyte_admin, flyte_remote):
    script = nodes.where(go=nodes.gate(running(100).fails(failures.approval_refused())))
    execution = launched(flyte_remote, flyte_admin, script, rows=9)
    flyte_admin.clock.advance(99)
    flyte_admin.approve(execution, "go")
    flyte_admin.set_signal(execution, "rate", 0.5)
    assert flyte_remote.wait(execution).closure.phase == SUCCEEDED


def test_whoever_waits_sees_what_is_released_meanwhile(flyte_admin, flyte_remote):
    execution = launched(flyte_remote, flyte_admin, nodes.where(), rows=9)
    clock = flyte_admin.clock
    begun = clock.now()
    clock.call_at(begun + timedelta(seconds=50), lambda: flyte_admin.approve(execution, "go"))
    clock.call_at(
        begun + timedelta(seconds=70), lambda: flyte_admin.set_signal(execution, "rate", 2.0)
    )
    assert flyte_remote.wait(execution).closure.phase == SUCCEEDED
    (launch,) = flyte_admin.launches
    assert launch.nodes["go"].duration == 50
    assert launch.nodes["rate"].duration == 70


def test_a_gate_is_synced_by_flytekit(flyte_admin, flyte_remote):
    execution = launched(flyte_remote, flyte_admin, nodes.where(), rows=9)
    synced = flyte_remote.sync_execution(execution, sync_nodes=True)
    assert synced.node_executions["n1"].closure.phase == RUNNING


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            nodes.where(go=nodes.gate(running(5).succeeds(o0=1))),
            r"'go' \(n1\) of '.*training' waits for an approval, which brings no value",
        ),
        (
            nodes.where(rate=nodes.gate(running(5).fails(failures.approval_refused()))),
            "waits for a signal, which brings a value; only an approval is refused",
        ),
        (
            nodes.where(go=nodes.gate(running(5000).succeeds())),
            "may wait 3600 s, so its time is up before that",
        ),
        (nodes.where(go=nodes.gate(running(5000).times_out())), "may wait 3600 s"),
        (nodes.where(sleep_gate=nodes.sleep(31)), "sleeps 30 s, as the registered workflow says"),
        (
            nodes.where(go=nodes.task(running(5).succeeds())),
            r"'go' is a gate of .*Write go=nodes.gate",
        ),
        (nodes.where(go=nodes.sleep(5)), r"'go' is a gate of"),
        (nodes.where(fit=nodes.gate()), r"'fit' is a task of"),
    ],
)
def test_what_a_registered_gate_does_not_do_is_refused(flyte_admin, script, words):
    with pytest.raises(TimelineError, match=f"(?s){words}"):
        flyte_admin.on_launch(training).plays(script)


def test_a_value_of_another_type_is_refused(flyte_admin):
    with pytest.raises(RegistrationError, match=r"'rate' \(n2\) of .* is declared float, but 'x'"):
        flyte_admin.on_launch(training).plays(
            nodes.where(rate=nodes.gate(running(5).succeeds(o0="x")))
        )


def test_sleeps_are_all_called_alike_so_they_go_by_their_ids(flyte_admin, flyte_remote):
    with pytest.raises(TimelineError, match=r"'sleep_gate' may be any of n0 .*sleep.*, n1"):
        flyte_admin.on_launch(napping).plays(nodes.where(sleep_gate=nodes.sleep(30)))
    script = nodes.where(n0=nodes.sleep(30), n1=nodes.sleep(60))
    execution = launched(flyte_remote, flyte_admin, script, of=napping)
    assert flyte_remote.wait(execution).closure.phase == SUCCEEDED
    assert flyte_admin.clock.elapsed == 90


def test_flytekit_gives_every_sleep_an_hour(flyte_admin, flyte_remote):
    script = nodes.where(sleep_gate=nodes.sleep(7200))
    execution = launched(flyte_remote, flyte_admin, script, of=napping_for_long)
    done = flyte_remote.wait(execution, poll_interval=timedelta(minutes=10))
    assert done.closure.error.code == "RetriesExhausted|TimeoutExpired"
    (launch,) = flyte_admin.launches
    assert launch.nodes["sleep-gate"].duration == 3600


def test_the_report_says_why_a_signal_was_refused(flyte_admin, flyte_remote):
    script = nodes.where(fit=nodes.task(running(60).succeeds()))
    name = launched(flyte_remote, flyte_admin, script, rows=9).id.name
    with pytest.raises(Exception, match="does not exist"):
        flyte_remote.approve("go", name)
    with pytest.raises(Exception, match="is not castable"):
        flyte_remote.set_signal("rate", name, "much")
    early, wrong = render.hints(flyte_admin)
    assert f"'go' in '{name}' at 0 s came too early, or is misspelt" in early
    assert "brought 'much', which is of another type than its gate waits for" in wrong


def test_an_arm_behind_a_gate_is_held_against_its_condition():
    with FakeFlyteAdmin(strict=False) as admin:
        admin.register(checked)
        arm = nodes.branch(publish=nodes.task(running(9).fails("no")))
        admin.on_launch(checked).plays(
            nodes.where(n0=nodes.task(running(5).succeeds(o0=0.2)), check=arm)
        )
        plan = admin.remote().fetch_launch_plan(name=checked.name)
        with pytest.raises(Exception, match="does not take n2-n0 'publish'"):
            admin.remote().execute(plan, inputs={"rows": 9})
