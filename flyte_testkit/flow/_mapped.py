"""What is mapped over, and what an item of a map gives.

Ignorant of graphs, and of who runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import interface_pb2, literals_pb2, types_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.core import workflow_pb2

__all__ = ["NOTHING", "of_an_item", "sizes"]

NOTHING = literals_pb2.Literal(scalar=literals_pb2.Scalar(none_type=literals_pb2.Void()))
"""What an item gives that has failed."""


def sizes(array: workflow_pb2.ArrayNode, inputs: literals_pb2.LiteralMap) -> dict[str, int]:
    """Return how long the lists are that are mapped over, by name: those that are not bound.

    Args:
        array: The map.
        inputs: What it is given.

    Example:
        >>> from flyte_testkit import literals
        >>> from flyteidl.core.workflow_pb2 import ArrayNode
        >>> sizes(ArrayNode(bound_inputs=["ks"]), literals.literal_map({"xs": [1, 2], "ks": [3]}))
        {'xs': 2}
    """
    bound = set(array.bound_inputs)
    return {
        name: len(literal.collection.literals)
        for name, literal in sorted(inputs.literals.items())
        if literal.HasField("collection") and name not in bound
    }


def of_an_item(
    declared: interface_pb2.VariableMap, values: Mapping[str, object] | None = None
) -> interface_pb2.VariableMap:
    """Return the outputs of an item of a map that has these outputs.

    Where items may fail a map declares that elements may be None. What an item gives that has not
    failed is no union, as in life; None itself cannot be told from any other.

    Args:
        declared: The outputs of the map, which are lists.
        values: What the item gives.
    """
    found, given = interface_pb2.VariableMap(), values or {}
    for name, variable in declared.variables.items():
        element = variable.type.collection_type
        is_none = name in given and given[name] is None
        found.variables[name].type.CopyFrom(element if is_none else _sure(element))
    return found


def _sure(kind: types_pb2.LiteralType) -> types_pb2.LiteralType:
    """Return what a type is beside None."""
    if not kind.HasField("union_type"):
        return kind
    variants = [one for one in kind.union_type.variants if one.simple != types_pb2.NONE]
    if len(variants) == 1 and len(kind.union_type.variants) == 2:
        return variants[0]
    return kind
