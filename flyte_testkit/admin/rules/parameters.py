"""Parameters: the inputs that launch plans declare, with or without a default (§2).

Ignorant of the workflow that they are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import types_pb2

from flyte_testkit.admin.errors import invalid_argument, missing
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.rules.castability import castable, print_type, type_of
from flyte_testkit.admin.rules.validation import datetime_range

if TYPE_CHECKING:
    from flyteidl.core import interface_pb2

__all__ = ["parameter_map"]


def parameter_map(parameters: interface_pb2.ParameterMap | None, field: str) -> None:
    """Check that no parameter is an artifact, and each has a type and a default, or is required.

    Raises:
        AdminError: A parameter is incomplete or its default is of another type.
    """
    if parameters is None:
        return
    for name, parameter in sorted(parameters.parameters.items()):
        if parameter.HasField("artifact_query"):
            raise invalid_argument(f"artifact mode not enabled but query found {field} {name}")
    for name, parameter in sorted(parameters.parameters.items()):
        _parameter(parameter, name, field)
        is_datetime = parameter.var.type.simple == types_pb2.DATETIME
        if is_datetime and parameter.HasField("default"):
            datetime_range(parameter.default.scalar.primitive.datetime)
            return


def _parameter(parameter: interface_pb2.Parameter, name: str, field: str) -> None:
    if not name:
        raise missing(f"key in {field}")
    if not parameter.var.HasField("type"):
        raise invalid_argument(
            f"The Variable component of the Parameter {name} in {field} "
            "either is missing, or has a missing Type"
        )
    if not parameter.HasField("default"):
        if not parameter.required:
            raise invalid_argument(
                f"Invalid variable {name} in {field} - variable has neither default, "
                "nor is required. One must be specified"
            )
        return
    found = type_of(parameter.default, name)
    if not castable(found, parameter.var.type):
        raise invalid_argument(
            f"Type mismatch for Parameter {name} in {field} has type "
            f"{prototext(parameter.var.type)}, expected {print_type(found)}"
        )
