import pytest
from hypothesis import find, given, settings
from hypothesis.errors import InvalidArgument

from flyte_testkit import running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.strategies import PlannedFault, fault_plans


def planted(fault):
    with FakeFlyteAdmin() as admin:
        fault.plant(admin)
        return repr(admin.on(fault.rpc))


@given(plan=fault_plans(verbs=["fails_with", "loses_reply", "delays", "hangs"]))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_every_plan_can_be_planted_and_prints_as_the_code_that_plants_it(plan):
    flyte_admin = FakeFlyteAdmin()
    for fault in plan:
        fresh = FakeFlyteAdmin()
        fault.plant(fresh)
        eval(fault.as_code(), {"flyte_admin": flyte_admin})  # noqa: S307  our own code
        assert repr(fresh.on(fault.rpc)) in {
            repr(fresh.on(fault.rpc)),
            repr(flyte_admin.on(fault.rpc)),
        }
        assert eval(repr(fault), {"PlannedFault": PlannedFault}) == fault  # noqa: S307  likewise


@pytest.mark.parametrize(
    "code",
    [
        "flyte_admin.on('GetExecution').fails_with('UNAVAILABLE', times=4)",
        "flyte_admin.on('GetExecution').fails_with('NOT_FOUND', after=2)",
        "flyte_admin.on().fails_with('UNAVAILABLE').between(10, 20)",
        "flyte_admin.on('GetExecution').delays(5)",
        "flyte_admin.on('GetExecution').hangs(times=1)",
        "flyte_admin.on('CreateExecution').loses_reply(times=1)",
        "flyte_admin.on('CreateExecution').loses_reply(attempts=1)",
        "flyte_admin.on().hangs(times=2, after=1).between(10, 20)",
    ],
)
def test_what_is_planted_is_what_the_code_says(code):
    faults = {
        "fails_with('UNAVAILABLE', times=4)": PlannedFault(
            "GetExecution", "fails_with", code="UNAVAILABLE", times=4
        ),
        "fails_with('NOT_FOUND', after=2)": PlannedFault(
            "GetExecution", "fails_with", code="NOT_FOUND", after=2
        ),
        "fails_with('UNAVAILABLE').between(10, 20)": PlannedFault(
            None, "fails_with", code="UNAVAILABLE", between=(10, 20)
        ),
        "delays(5)": PlannedFault("GetExecution", "delays", seconds=5),
        "hangs(times=1)": PlannedFault("GetExecution", "hangs", times=1),
        "loses_reply(times=1)": PlannedFault("CreateExecution", "loses_reply", times=1),
        "loses_reply(attempts=1)": PlannedFault("CreateExecution", "loses_reply", attempts=1),
        "hangs(times=2, after=1).between(10, 20)": PlannedFault(
            None, "hangs", times=2, after=1, between=(10, 20)
        ),
    }
    fault = faults[code.split(").", 1)[1]]

    assert fault.as_code() == code
    assert code.split(".", 1)[1] in planted(fault)


def test_the_simplest_fault_strikes_the_first_call_of_what_is_named_first():
    simplest = find(fault_plans(rpcs=["CreateExecution", "GetExecution"]), bool)

    assert simplest == [PlannedFault("CreateExecution", "fails_with", "UNAVAILABLE", times=1)]


def test_a_plan_strikes_what_it_says(flyte_admin, flyte_client):
    PlannedFault("GetExecution", "fails_with", code="UNAVAILABLE", times=2).plant(flyte_admin)
    flyte_admin.add_execution("run", running(60).succeeds())

    flyte_client.fetch_execution(name="run")

    assert flyte_admin.on("GetExecution").struck == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rpcs": ["GetExecutoin"]}, "Did you mean"),
        ({"rpcs": "GetExecution"}, "Write rpcs=['GetExecution']"),
        ({"codes": ["OK"]}, "'OK' is none of"),
        ({"verbs": []}, "nothing to draw"),
        ({"max_faults": -1}, "at least 0"),
        ({"max_seconds": float("inf")}, "every fault ends some time"),
    ],
)
def test_bad_arguments_are_refused_when_a_plan_is_defined(arguments, message):
    with pytest.raises(InvalidArgument) as refused:
        fault_plans(**arguments)

    assert message in str(refused.value)
