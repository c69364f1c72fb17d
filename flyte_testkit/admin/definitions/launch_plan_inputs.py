"""What a launch plan expects of those who launch it, and whether its schedule can give it (§7).

Ignorant of rows and identifiers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import interface_pb2, types_pb2

from flyte_testkit.admin.definitions.cron import InvalidCronError, check_cron
from flyte_testkit.admin.errors import invalid_argument
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.rules.castability import castable, print_type, type_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.admin import launch_plan_pb2, schedule_pb2
    from flyteidl.core import literals_pb2

__all__ = ["check_schedule", "expected_inputs", "schedule_type"]


def expected_inputs(
    spec: launch_plan_pb2.LaunchPlanSpec, workflow: interface_pb2.TypedInterface
) -> interface_pb2.ParameterMap:
    """Return the inputs that are left open: the declared ones, and the others as required.

    Raises:
        AdminError: The launch plan gives an input that the workflow does not have, or one of
            another type.
    """
    wanted = workflow.inputs.variables
    defaults, fixed = spec.default_inputs.parameters, spec.fixed_inputs.literals
    if not wanted:
        for kind, given in (("default", defaults), ("fixed", fixed)):
            if given:
                raise invalid_argument(
                    f"invalid launch plan {kind} inputs, expected none but found {len(given)}"
                )
    _check_defaults(defaults, wanted)
    _check_fixed(fixed, wanted)
    found = interface_pb2.ParameterMap()
    found.CopyFrom(spec.default_inputs)
    for name, variable in wanted.items():
        if name not in defaults and name not in fixed:
            parameter = found.parameters[name]
            parameter.required = True
            parameter.var.type.CopyFrom(variable.type)
            parameter.var.description = variable.description
    return found


def check_schedule(schedule: schedule_pb2.Schedule, expected: interface_pb2.ParameterMap) -> None:
    """Check that a schedule can be read and leaves no input open.

    What is no schedule, such as a kickoff argument alone, is not looked at.

    Raises:
        AdminError: An input would have no value, or the cron expression is none.
    """
    if schedule_type(schedule) == "NONE":
        return
    kickoff = schedule.kickoff_time_input_arg
    for name, parameter in sorted(expected.parameters.items()):
        if parameter.required and name != kickoff:
            raise invalid_argument(
                "Cannot create a launch plan with a schedule if there is an unbound required "
                f"input. [{name}] is required"
            )
    if kickoff:
        if kickoff not in expected.parameters:
            raise invalid_argument(
                "Cannot create a schedule with a KickoffTimeInputArg that does not point to a "
                f"free input. [{kickoff}] is not free or does not exist."
            )
        kind = expected.parameters[kickoff].var.type
        if kind.simple != types_pb2.DATETIME:
            raise invalid_argument(
                "KickoffTimeInputArg must reference a datetime input. "
                f"[{kickoff}] is a [{prototext(kind)}]"
            )
    expression = schedule.cron_expression or schedule.cron_schedule.schedule
    if expression:
        try:
            check_cron(expression)
        except InvalidCronError as error:
            raise invalid_argument(f"Invalid cron expression: {error}") from None


def schedule_type(schedule: schedule_pb2.Schedule) -> str:
    """Return what the database calls a schedule: ``CRON``, ``RATE`` or ``NONE``."""
    if schedule.HasField("rate"):
        return "RATE"
    if schedule.cron_expression or schedule.HasField("cron_schedule"):
        return "CRON"
    return "NONE"


def _check_defaults(
    defaults: Mapping[str, interface_pb2.Parameter], wanted: Mapping[str, interface_pb2.Variable]
) -> None:
    for name, parameter in sorted(defaults.items()):
        if name not in wanted:
            raise invalid_argument(f"unexpected default_input {name}")
        if not castable(parameter.var.type, wanted[name].type):
            raise invalid_argument(
                f"invalid default_input wrong type {name}, "
                f"expected {prototext(parameter.var.type)}, "
                f"got {prototext(wanted[name].type)} instead"
            )


def _check_fixed(
    fixed: Mapping[str, literals_pb2.Literal], wanted: Mapping[str, interface_pb2.Variable]
) -> None:
    for name, literal in sorted(fixed.items()):
        if name not in wanted:
            raise invalid_argument(f"unexpected fixed_input {name}")
        found = type_of(literal, name)
        if not castable(found, wanted[name].type):
            raise invalid_argument(
                f"invalid fixed_input wrong type {name}, "
                f"expected {prototext(wanted[name].type)}, got {print_type(found)} instead"
            )
