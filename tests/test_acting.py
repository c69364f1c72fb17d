"""Verbs that release gates."""

import pytest

from flyte_testkit import HopelessWait, nodes, running
from flyte_testkit.errors import FlyteTestkitError, RegistrationError, RouteError

pytestmark = pytest.mark.flyte(transport="direct")

TREE = nodes.workflow(
    extract=nodes.task(running(60).succeeds()),
    go=nodes.gate(),
    rate=nodes.gate(signal=float),
)


@pytest.fixture
def train(flyte_admin):
    return flyte_admin.add_execution("train", TREE)


def test_they_take_a_name_a_launch_and_an_execution(flyte_admin, flyte_remote, train):
    flyte_admin.clock.advance(60)
    flyte_admin.approve("train", "go")
    flyte_admin.set_signal(flyte_remote.fetch_execution(name="train"), "rate", 1)
    assert train.phase == "SUCCEEDED"
    assert train.nodes["rate"].outputs == {"o0": 1.0}


def test_a_rejection_fails_the_gate(flyte_admin, train):
    flyte_admin.clock.advance(60)
    flyte_admin.reject(train, "go")
    assert train.phase == "FAILED"
    assert train.failing.error.code == "ReceivedRejectSignal"


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_gate_that_is_not_reached_is_not_released(flyte_admin, train, verb):
    with pytest.raises(FlyteTestkitError, match=r"no signal 'go' now.\nIt waits for none"):
        getattr(flyte_admin, verb)(train, "go")


def test_what_it_waits_for_is_named(flyte_admin, train):
    flyte_admin.clock.advance(60)
    with pytest.raises(FlyteTestkitError, match=r"It waits for 'go'. Did you mean 'go'?"):
        flyte_admin.approve(train, "goo")


def test_a_timeline_waits_at_no_gate(flyte_admin):
    launch = flyte_admin.add_execution("plain", running(60).succeeds())
    with pytest.raises(FlyteTestkitError, match="A timeline says nothing of gates"):
        flyte_admin.approve(launch, "go")


def test_an_execution_that_is_not_there_is_told(flyte_admin, train):
    with pytest.raises(
        FlyteTestkitError, match=r"no execution 'trian' .*Did you mean 'train'\?\nLaunch it"
    ):
        flyte_admin.approve("trian", "go")
    with pytest.raises(RouteError, match="None is no execution"):
        flyte_admin.approve(None, "go")


def test_nobody_waits_any_more_for_what_was_set(flyte_admin, train):
    flyte_admin.clock.advance(60)
    flyte_admin.approve(train, "go")
    with pytest.raises(FlyteTestkitError, match=r"was set already: True.\nIt waits for 'rate'"):
        flyte_admin.reject(train, "go")
    flyte_admin.set_signal(train, "rate", 0.5)
    with pytest.raises(FlyteTestkitError, match="has ended SUCCEEDED"):
        flyte_admin.set_signal(train, "rate", 0.5)


def test_a_value_is_of_the_type_that_is_waited_for(flyte_admin, train):
    flyte_admin.clock.advance(60)
    with pytest.raises(FlyteTestkitError, match="'go' waits for a value of type bool"):
        flyte_admin.set_signal(train, "go", "yes")
    flyte_admin.set_signal(train, "go", True)
    with pytest.raises(FlyteTestkitError, match=r"float, not for an approval.\nWrite set_s"):
        flyte_admin.approve(train, "rate")
    for value in ("x", None, True, [0.5]):
        with pytest.raises(FlyteTestkitError, match="'rate' waits for a value of type float"):
            flyte_admin.set_signal(train, "rate", value)


def test_a_signal_is_called_by_a_text(flyte_admin, train):
    with pytest.raises(FlyteTestkitError, match="a signal has an id, which is a text"):
        flyte_admin.approve(train, 3)


@pytest.mark.parametrize(
    ("gate", "verb"),
    [
        (nodes.gate(), r"approve\('deploy', 'go'\) or reject\(…\)"),
        (nodes.gate(signal=float), r"set_signal\('deploy', 'go', …\)"),
    ],
)
def test_a_hopeless_wait_names_the_gate_and_the_verbs(flyte_admin, flyte_remote, gate, verb):
    flyte_admin.add_execution("deploy", nodes.workflow(inner=nodes.subworkflow(go=gate)))
    with pytest.raises(HopelessWait, match=f"at the gate 'go' until .* the test: {verb}"):
        flyte_remote.wait(flyte_remote.fetch_execution(name="deploy"))


def test_two_gates_of_one_signal_open_together(flyte_admin):
    both = nodes.subworkflow(go=nodes.gate(), after=())
    later = nodes.subworkflow(nap=nodes.sleep(30), go=nodes.gate(), after=())
    launch = flyte_admin.add_execution("twice", nodes.workflow(a=both, b=both, c=later))
    flyte_admin.approve(launch, "go")
    flyte_admin.clock.advance(30)
    assert launch.phase == "SUCCEEDED"


def test_made_up_gates_have_values_of_their_types(flyte_admin):
    with pytest.raises(RegistrationError, match=r"'rate' of 'etl': .*is declared float, but 'x'"):
        flyte_admin.on_launch("etl").plays(
            nodes.workflow(rate=nodes.gate(running(5).succeeds(o0="x"), signal=float))
        )


def test_definitions_say_what_is_waited_for_and_scripts_what_comes(flyte_admin, flyte_remote):
    flyte_admin.register("etl", nodes.workflow(rate=nodes.gate(signal=float, timeout=60)))
    with pytest.raises(RegistrationError, match="'rate' says how the waiting ends"):
        flyte_admin.register("other", nodes.workflow(rate=nodes.gate(running(5).succeeds(o0=1))))
    flyte_admin.on_launch("etl").plays(nodes.where(rate=nodes.gate(running(5).succeeds(o0=0.5))))
    plan = flyte_remote.fetch_launch_plan(name="etl")
    done = flyte_remote.execute(plan, inputs={}, wait=True)
    assert done.outputs["o0"] == 0.5


def test_scripts_that_disagree_about_a_wait_are_refused(flyte_admin):
    flyte_admin.register("etl", nodes.workflow(nap=nodes.sleep(30)))
    with pytest.raises(FlyteTestkitError, match="disagree about 'nap' of 'etl': it waits 30 s and"):
        flyte_admin.on_launch("etl").plays(nodes.workflow(nap=nodes.sleep(60)))
