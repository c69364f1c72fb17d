"""What an execution runs with: the caller's inputs, the launch plan's defaults and fixed ones.

They are compared twice: with what the launch plan expects before anything else happens, and with
the workflow's own interface when the engine's object is built (§8.2). Ignorant of everything else
about an execution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import literals_pb2

from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.errors import invalid_argument
from flyte_testkit.admin.rules.castability import castable, print_type, type_of

if TYPE_CHECKING:
    from flyteidl.core import interface_pb2

__all__ = ["check_interface", "merged"]

_START_NODE = "start-node"


def merged(
    given: literals_pb2.LiteralMap,
    expected: interface_pb2.ParameterMap,
    fixed: literals_pb2.LiteralMap,
) -> literals_pb2.LiteralMap:
    """Return the inputs of an execution, after comparing the caller's with what is expected.

    Unknown names are refused before anything is compared; among several of a kind the first by
    name is reported, where FlyteAdmin picks one at random.

    Raises:
        AdminError: An input is unknown, missing, of another type, or fixed by the launch plan.
    """
    inputs = literals_pb2.LiteralMap(literals=given.literals)
    for name in sorted(given.literals):
        if name not in expected.parameters:
            raise invalid_argument(f"invalid input {name}")
    for name in sorted(expected.parameters):
        parameter = expected.parameters[name]
        if name not in given.literals:
            if parameter.required:
                raise invalid_argument(f"expected_inputs {name} missing")
            inputs.literals[name].CopyFrom(parameter.default)
            continue
        found = type_of(given.literals[name], name)
        declared = parameter.var.type
        if not castable(found, declared):
            raise invalid_argument(
                f"invalid {name} input wrong type. Expected {print_type(declared)}, "
                f"but got {print_type(found)}"
            )
    for name in sorted(fixed.literals):
        if name in inputs.literals:
            raise invalid_argument(f"fixed_inputs {name} cannot be overridden")
        inputs.literals[name].CopyFrom(fixed.literals[name])
    return inputs


def check_interface(
    inputs: literals_pb2.LiteralMap, interface: interface_pb2.TypedInterface
) -> None:
    """Compare the inputs with the workflow's, as is done when the engine's object is built.

    Raises:
        CompileErrors: An input is unknown to the workflow, of another type, or missing.
    """
    if not interface.HasField("inputs"):
        return
    declared = interface.inputs.variables
    errors = CompileErrors()
    bound = set()
    for name, literal in inputs.literals.items():
        if name not in declared:
            errors.add(
                "VariableNameNotFound", _START_NODE, f"Variable [{name}] not found on node []."
            )
            continue
        found = type_of(literal, name)
        if not castable(found, declared[name].type):
            errors.add(
                "MismatchingTypes",
                _START_NODE,
                f"Variable [{name}] (type [{print_type(declared[name].type)}]) doesn't match "
                f"expected type [{print_type(found)}].",
            )
            continue
        bound.add(name)
    for name in declared:
        if name not in bound:
            errors.add("ParameterNotBound", _START_NODE, f"Parameter not bound [{name}].")
    errors.raise_if_any()
