"""The outputs of a node or a run: what a test scripted, or else plain values.

Ignorant of graphs: what is declared, and what is asked for, comes with the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import literals_pb2

from flyte_testkit import literals
from flyte_testkit.errors import RegistrationError, close_names
from flyte_testkit.flow._plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.core import interface_pb2

    from flyte_testkit.flow._demand import Demand

__all__ = ["check_outputs", "made_outputs", "outputs"]


def outputs(
    values: Mapping[str, object] | None,
    declared: interface_pb2.VariableMap,
    demanded: Mapping[str, Demand] | None = None,
    *,
    name: str,
) -> literals_pb2.LiteralMap:
    """Return what a node or a run gives.

    Args:
        values: What a test scripted; nothing at all stands for plain values.
        declared: The outputs that it has.
        demanded: What consumers ask of them.
        name: Who gives them, for messages.

    Raises:
        RegistrationError: A scripted output is unknown or of a wrong type, or one is missing.

    Example:
        >>> declared = literals.variable_map({"auc": float, "paths": list[str]})
        >>> sorted(literals.python_values(outputs(None, declared, name="fit")).items())
        [('auc', 0.0), ('paths', [])]
    """
    if not values:
        asked = demanded or {}
        made = {key: plain(one.type, asked.get(key)) for key, one in declared.variables.items()}
        return literals_pb2.LiteralMap(literals=made)
    return check_outputs(name, values, declared)


def check_outputs(
    name: str, values: Mapping[str, object], declared: interface_pb2.VariableMap
) -> literals_pb2.LiteralMap:
    """Return outputs as :func:`made_outputs` does, once all of them are known.

    Raises:
        RegistrationError: An output is unknown, of a wrong type or missing; it says which, and what
            is declared.
    """
    known = declared.variables
    for key in values:
        if key not in known:
            raise RegistrationError(
                f"a script of {name!r} succeeds with an output {key!r}. {_truth(name, declared)}"
                f"{close_names(key, known)}\nScript what is declared, or declare it."
            )
    return made_outputs(name, values, declared)


def made_outputs(
    name: str, values: Mapping[str, object], declared: interface_pb2.VariableMap
) -> literals_pb2.LiteralMap:
    """Return outputs as a run makes them that has all that is declared, and nothing else.

    Raises:
        RegistrationError: An output is unknown, missing or of a wrong type.
    """
    types = {key: variable.type for key, variable in declared.variables.items()}
    made = literals.literal_map(values, types, of="output")
    if missing := sorted(set(types) - set(values)):
        raise RegistrationError(
            f"a script of {name!r} succeeds without {', '.join(map(repr, missing))}. "
            f"{_truth(name, declared)}\n"
            f"A run that succeeds has made all of them: .succeeds({missing[0]}=…)."
        )
    return made


def _truth(name: str, declared: interface_pb2.VariableMap) -> str:
    told = sorted(declared.variables.items())
    interface = ", ".join(f"{key}: {literals.describe(found.type)}" for key, found in told)
    return f"{name!r} declares {f'the outputs {interface}' if interface else 'no outputs'}."
