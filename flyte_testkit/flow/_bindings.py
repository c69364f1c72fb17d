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

__all__ = ["START", "resolved", "split"]

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


def split(variable: str) -> tuple[str, int | None]:
    """Return the output that a promise means, and which element of it, as elder clients ask.

    Example:
        >>> split("o0"), split("[1].o0")
        (('o0', None), ('o0', 1))
    """
    indexed = _INDEXED.fullmatch(variable)
    return (indexed["name"], int(indexed["index"])) if indexed else (variable, None)


def _promised(
    promise: types_pb2.OutputReference,
    variable: str,
    given: Mapping[str, literals_pb2.LiteralMap],
) -> literals_pb2.Literal:
    upstream = promise.node_id or START
    outputs = given[upstream].literals if upstream in given else {}
    name, index = split(promise.var)
    if name not in outputs:
        raise UnresolvedError(upstream, variable, f"Failed to find [{upstream}].[{name}]")
    output = outputs[name]
    if index is not None:
        elements = output.collection.literals
        if index >= len(elements):
            cause = f"Failed to find [{upstream}[{index}].{name}]"
            raise UnresolvedError(upstream, variable, cause)
        output = elements[index]
    try:
        return follow(output, promise.attr_path)
    except MissingError as missing:
        raise UnresolvedError(upstream, variable, str(missing)) from None
