import pytest

from flyte_testkit import running
from flyte_testkit.errors import FlyteTestkitError, RegistrationError
from flyte_testkit.server import FakeFlyteAdmin


@pytest.fixture
def admin():
    return FakeFlyteAdmin(strict=False)


@pytest.fixture
def registry(admin):
    return admin._registry


def outputs_of(admin, name):
    row = admin._backend.admin.store.launch_plans.get("flytesnacks", "development", name, "v1")
    return set(row.message.closure.expected_outputs.variables)


def test_what_is_scripted_needs_no_registration(admin):
    admin.on_launch("nightly").plays(running(1).succeeds(auc=0.9), running(1).succeeds(rows=[1]))

    assert outputs_of(admin, "nightly") == {"auc", "rows"}


def test_later_scripts_widen_what_was_inferred(admin):
    admin.on_launch("nightly").plays(running(1).succeeds(auc=0.9))
    admin.on_launch("nightly").plays(running(1).succeeds(rows=[1]))

    assert outputs_of(admin, "nightly") == {"auc", "rows"}


def test_registering_replaces_what_was_inferred(admin):
    admin.on_launch("nightly").plays(running(1).succeeds(auc=0.9))
    admin.register("nightly", inputs={"day": str}, outputs={"auc": float})

    assert outputs_of(admin, "nightly") == {"auc"}


def test_a_route_for_certain_inputs_knows_their_types(admin, registry):
    admin.on_launch("nightly", inputs={"day": "monday"}).plays(running(1).succeeds())

    assert set(registry.inputs_of("nightly", {"day": "x"}).literals) == {"day"}


def test_scripts_may_differ_in_what_one_type_can_hold(admin):
    admin.on_launch("nightly").plays(
        running(1).succeeds(x=1, y=None), running(1).succeeds(x=0.5, y="why")
    )

    assert outputs_of(admin, "nightly") == {"x", "y"}


def test_scripts_that_disagree_about_a_type_are_refused(admin):
    with pytest.raises(RegistrationError) as caught:
        admin.on_launch("nightly").plays(running(1).succeeds(x=1), running(1).succeeds(x="one"))

    assert str(caught.value) == (
        "the scripts of 'nightly' disagree about the output 'x': it is int and str.\n"
        "Say which it is: register('nightly', outputs={'x': …})."
    )


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"auk": 1.0}, "an output 'auk'. 'nightly' declares the outputs auc: float. Did you mean"),
        ({}, "a script of 'nightly' succeeds without 'auc'."),
        ({"auc": "high"}, "auc"),
    ],
)
def test_outputs_that_a_real_run_could_not_have_are_refused(admin, outputs, message):
    admin.register("nightly", outputs={"auc": float})

    with pytest.raises(RegistrationError) as caught:
        admin.on_launch("nightly").plays(running(1).succeeds(outputs))

    assert message in str(caught.value)


def test_a_version_is_registered_once(admin):
    admin.register("nightly", outputs={"auc": float})

    with pytest.raises(RegistrationError, match="different structure already exists"):
        admin.register("nightly", outputs={"auc": int})


def test_a_type_that_flyte_has_not_is_refused(admin):
    with pytest.raises(RegistrationError, match="'day'"):
        admin.register("nightly", inputs={"day": object()})


def test_inputs_of_an_added_execution_are_checked(admin):
    admin.register("nightly", inputs={"day": str})

    with pytest.raises(RegistrationError, match=r"'dya'.*Did you mean 'day'"):
        admin.add_execution(
            "e1", running(1).succeeds(), launch_plan="nightly", inputs={"dya": "monday"}
        )


def test_a_launch_plan_that_is_not_there_is_named(registry):
    with pytest.raises(FlyteTestkitError, match="there is no launch plan 'nightly' in flytesnacks"):
        registry.latest("nightly")


@pytest.mark.parametrize("inputs", [["day"], {1: int}, {None: str}])
def test_an_interface_that_is_no_mapping_of_names_is_refused(admin, inputs):
    with pytest.raises(RegistrationError, match="inputs are types by name"):
        admin.register("nightly", inputs=inputs)
