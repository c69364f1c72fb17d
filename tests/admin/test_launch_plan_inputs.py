from __future__ import annotations

import pytest
from builders import integer, literals
from definition_builders import DATETIME, INT, TEXT, interface, union_of
from flyteidl.admin import launch_plan_pb2, schedule_pb2
from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from flyte_testkit.admin.definitions.launch_plan_inputs import (
    check_schedule,
    expected_inputs,
    schedule_type,
)
from flyte_testkit.admin.errors import AdminError


def required(kind, description=""):
    return interface_pb2.Parameter(
        var=interface_pb2.Variable(type=kind, description=description), required=True
    )


def defaulted(kind, default=None):
    return interface_pb2.Parameter(
        var=interface_pb2.Variable(type=kind), default=default or integer(1)
    )


def spec(defaults=None, fixed=None):
    return launch_plan_pb2.LaunchPlanSpec(
        default_inputs=interface_pb2.ParameterMap(parameters=defaults or {}),
        fixed_inputs=literals(**(fixed or {})),
    )


def message_of(call, *arguments):
    with pytest.raises(AdminError) as refusal:
        call(*arguments)
    assert refusal.value.code == "INVALID_ARGUMENT"
    return refusal.value.message


def test_what_is_neither_default_nor_fixed_is_required():
    workflow = interface({"a": INT, "b": INT, "c": TEXT})
    workflow.inputs.variables["c"].description = "words"
    found = expected_inputs(spec({"a": defaulted(INT)}, {"b": 2}), workflow)
    assert dict(found.parameters) == {"a": defaulted(INT), "c": required(TEXT, "words")}


def test_an_input_may_be_both_default_and_fixed():
    found = expected_inputs(spec({"a": defaulted(INT)}, {"a": 2}), interface({"a": INT}))
    assert dict(found.parameters) == {"a": defaulted(INT)}


def test_a_launch_plan_may_require_an_input_itself():
    found = expected_inputs(spec({"a": required(INT)}), interface({"a": INT}))
    assert dict(found.parameters) == {"a": required(INT)}


def test_a_launch_plan_may_narrow_and_widen_types():
    csv, any_blob = (
        types_pb2.LiteralType(blob=types_pb2.BlobType(format=name)) for name in ("csv", "")
    )
    declared = spec({"u": required(INT), "b": required(any_blob)})
    expected_inputs(declared, interface({"u": union_of(INT, TEXT), "b": csv}))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (spec({"a": defaulted(INT), "b": defaulted(INT)}), "default"),
        (spec({}, {"a": 1, "b": 2}), "fixed"),
    ],
)
def test_a_workflow_without_inputs_takes_none(given, kind):
    assert message_of(expected_inputs, given, interface_pb2.TypedInterface()) == (
        f"invalid launch plan {kind} inputs, expected none but found 2"
    )


def test_looks_at_defaults_before_fixed_inputs():
    given = spec({"r": defaulted(INT)}, {"q": 1})
    assert message_of(expected_inputs, given, interface({"x": INT})) == "unexpected default_input r"
    given.ClearField("default_inputs")
    assert message_of(expected_inputs, given, interface({"x": INT})) == "unexpected fixed_input q"


def test_says_the_declared_type_of_a_default_first():
    given = spec({"x": defaulted(INT)})
    assert message_of(expected_inputs, given, interface({"x": TEXT})) == (
        "invalid default_input wrong type x, expected simple:INTEGER, got simple:STRING instead"
    )


def test_says_the_type_of_the_workflow_first_for_a_fixed_input():
    given = spec({}, {"x": 1})
    assert message_of(expected_inputs, given, interface({"x": TEXT})) == (
        "invalid fixed_input wrong type x, expected simple:STRING, got simple:INTEGER instead"
    )


def test_refuses_a_fixed_input_without_a_type():
    hollow = literals_pb2.Literal(scalar=literals_pb2.Scalar())
    message = message_of(expected_inputs, spec({}, {"x": hollow}), interface({"x": TEXT}))
    assert message.startswith("Failed to validate literal type for [x] with err:")


# --- schedules

OPEN = interface_pb2.ParameterMap(parameters={"x": required(INT)})
TIMED = interface_pb2.ParameterMap(
    parameters={"t": required(DATETIME), "d": defaulted(INT)},
)


def cron(text="0 8 * * *", **fields):
    return schedule_pb2.Schedule(cron_schedule=schedule_pb2.CronSchedule(schedule=text), **fields)


def rate(**fields):
    return schedule_pb2.Schedule(rate=schedule_pb2.FixedRate(**fields))


@pytest.mark.parametrize(
    ("schedule", "kind"),
    [
        (schedule_pb2.Schedule(), "NONE"),
        (schedule_pb2.Schedule(kickoff_time_input_arg="t"), "NONE"),
        (schedule_pb2.Schedule(cron_expression=""), "NONE"),
        (schedule_pb2.Schedule(cron_expression="@daily"), "CRON"),
        (cron(""), "CRON"),
        (cron(), "CRON"),
        (rate(), "RATE"),
    ],
)
def test_knows_kinds_of_schedules(schedule, kind):
    assert schedule_type(schedule) == kind


@pytest.mark.parametrize("schedule", [cron("bad"), rate(), cron("")])
def test_a_schedule_leaves_no_input_open(schedule):
    assert message_of(check_schedule, schedule, OPEN) == (
        "Cannot create a launch plan with a schedule if there is an unbound required input. "
        "[x] is required"
    )


def test_what_is_no_schedule_may_leave_inputs_open():
    check_schedule(schedule_pb2.Schedule(kickoff_time_input_arg="nope"), OPEN)


def test_the_time_of_the_kickoff_may_be_an_open_input():
    check_schedule(cron(kickoff_time_input_arg="t"), TIMED)


def test_the_kickoff_goes_to_an_input_that_is_free():
    message = message_of(
        check_schedule, cron(kickoff_time_input_arg="nope"), interface_pb2.ParameterMap()
    )
    assert message == (
        "Cannot create a schedule with a KickoffTimeInputArg that does not point to a free input. "
        "[nope] is not free or does not exist."
    )


def test_the_kickoff_goes_to_an_input_that_is_a_datetime():
    expected = interface_pb2.ParameterMap(parameters={"d": defaulted(INT)})
    assert message_of(check_schedule, cron(kickoff_time_input_arg="d"), expected) == (
        "KickoffTimeInputArg must reference a datetime input. [d] is a [simple:INTEGER]"
    )


@pytest.mark.parametrize("schedule", [cron("bad"), schedule_pb2.Schedule(cron_expression="bad")])
def test_a_cron_expression_must_be_one(schedule):
    assert message_of(check_schedule, schedule, interface_pb2.ParameterMap()) == (
        "Invalid cron expression: expected exactly 5 fields, found 1: [bad]"
    )


def test_an_empty_cron_expression_and_any_rate_pass():
    nothing = interface_pb2.ParameterMap()
    check_schedule(cron(""), nothing)
    check_schedule(rate(value=0, unit=9), nothing)
