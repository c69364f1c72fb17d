"""What a node's inputs are, once the nodes before it have ended.

Ignorant of graphs: what the nodes gave comes as a mapping, and whether it is time to ask is for
whoever walks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flyteidl.core import literals_pb2

from flyte_testkit.flow._paths import MissingError, follow
from flyte_testkit.flow._wrong import UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flyteidl.core import types_pb2

__all__ = ["START", "resolved"]

START: Final = "start-node"

_INDEXED = re.compile(r"\[(?P<index>\d+)\]\.(?P<name>.*)", re.DOTALL)


def resolved(
    bindings: Sequence[literals_pb2.Binding], given: Mapping[str, literals_pb2.LiteralMap]
) -> literals_pb2.LiteralMap:
    """Return the inputs that bindings make of what the nodes before gave.

    Args:
        bindings: A node's inputs, or a workflow's outputs.
        given: The outputs of each node, by its id in this scope; ``"start-node"`` are the inputs of
            the scope, which promises of no node in particular mean, too.

    Raises:
        UnresolvedError: A promise asks for what is not there.

    Example:
        >>> from flyteidl.core import types_pb2
        >>> from flyte_testkit import literals
        >>> rows = types_pb2.OutputReference(node_id="n0", var="o0")
        >>> bound = literals_pb2.BindingData(promise=rows)
        >>> made = resolved(
        ...     [literals_pb2.Binding(var="rows", binding=bound)],
        ...     {"n0": literals.literal_map({"o0": 1000})},
        ... )
        >>> literals.python_values(made)
        {'rows': 1000}
    """
    found = {one.var: _resolved(one.binding, one.var, given) for one in bindings}
    return literals_pb2.LiteralMap(literals=found)


def _resolved(
    data: literals_pb2.BindingData, variable: str, given: Mapping[str, literals_pb2.LiteralMap]
) -> literals_pb2.Literal:
    kind = data.WhichOneof("value")
    if kind == "promise":
        return _promised(data.promise, variable, given)
    if kind == "scalar":
        return literals_pb2.Literal(scalar=data.scalar)
    if kind == "collection":
        elements = [_resolved(one, variable, given) for one in data.collection.bindings]
        return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=elements))
    if kind == "map":
        entries = {key: _resolved(one, variable, given) for key, one in data.map.bindings.items()}
        return literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=entries))
    return literals_pb2.Literal()


def _promised(
    promise: types_pb2.OutputReference,
    variable: str,
    given: Mapping[str, literals_pb2.LiteralMap],
) -> literals_pb2.Literal:
    upstream = promise.node_id or START
    outputs = given[upstream].literals if upstream in given else {}
    indexed = _INDEXED.fullmatch(promise.var)
    name = indexed["name"] if indexed else promise.var
    try:
        if name not in outputs:
            raise MissingError(f"Failed to find [{upstream}].[{name}]")
        output = outputs[name]
        if indexed:
            output = _element(upstream, name, output, int(indexed["index"]))
        return follow(output, promise.attr_path)
    except MissingError as missing:
        raise UnresolvedError(upstream, variable, str(missing)) from None


def _element(
    upstream: str, name: str, output: literals_pb2.Literal, index: int
) -> literals_pb2.Literal:
    """Return one element of a list, as elder clients ask for one: ``[1].o0``."""
    elements = output.collection.literals
    if index >= len(elements):
        raise MissingError(f"Failed to find [{upstream}[{index}].{name}]")
    return elements[index]
