"""What is bound: values and promises as the bindings of a node, and their types.

Ignorant of which nodes there are, but for what they give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyteidl.core import literals_pb2, types_pb2

from flyte_testkit import literals
from flyte_testkit.graphs.kinds import Types, type_of
from flyte_testkit.nodes import Promise
from flyte_testkit.nodes._names import same
from flyte_testkit.nodes.facts import promised

if TYPE_CHECKING:
    from flyte_testkit.graphs.drawn import Graph, Part

__all__ = ["Types", "bound", "constant", "promised_outputs", "type_of"]


def promised_outputs(graph: Graph) -> dict[str, set[str]]:
    """Return which outputs of each node are promised to others, or to the whole."""
    found: dict[str, set[str]] = {}
    parts = [*graph.parts.values(), *([graph.failure_node[1]] if graph.failure_node else ())]
    values = [value for part in parts for value in _inputs(part)]
    for promise in promised([*values, *(graph.outputs or {}).values()]):
        found.setdefault(same(promise.node), set()).add(promise.output)
    return found


def bound(
    variable: str, value: object, kind: types_pb2.LiteralType, ids: Mapping[str, str]
) -> literals_pb2.Binding:
    """Return the binding of a variable.

    Args:
        variable: Its name.
        value: What it is bound to: a value, a promise, or a list or mapping with promises in it.
        kind: Its type.
        ids: The ids of the nodes by their names, spelled with ``-``.
    """
    return literals_pb2.Binding(var=variable, binding=_data(value, kind, ids))


def constant(variable: str, value: literals_pb2.Literal) -> literals_pb2.Binding:
    """Return the binding of a variable to a literal."""
    return literals_pb2.Binding(var=variable, binding=_constant(value))


def _data(
    value: object, kind: types_pb2.LiteralType, ids: Mapping[str, str]
) -> literals_pb2.BindingData:
    if isinstance(value, Promise):
        path = [
            types_pb2.PromiseAttribute(int_value=part)
            if isinstance(part, int)
            else types_pb2.PromiseAttribute(string_value=part)
            for part in value.path
        ]
        reference = types_pb2.OutputReference(
            node_id=ids[same(value.node)], var=value.output, attr_path=path
        )
        return literals_pb2.BindingData(promise=reference)
    if not any(promised(value)):
        return _constant(literals.literal(value, kind))
    if isinstance(value, Mapping):
        inner = {key: _data(one, kind.map_value_type, ids) for key, one in value.items()}
        return literals_pb2.BindingData(map=literals_pb2.BindingDataMap(bindings=inner))
    assert isinstance(value, (list, tuple))  # noqa: S101  nothing else holds promises
    elements = [_data(one, kind.collection_type, ids) for one in value]
    return literals_pb2.BindingData(
        collection=literals_pb2.BindingDataCollection(bindings=elements)
    )


def _constant(literal: literals_pb2.Literal) -> literals_pb2.BindingData:
    kind = literal.WhichOneof("value")
    if kind == "collection":
        elements = [_constant(one) for one in literal.collection.literals]
        return literals_pb2.BindingData(
            collection=literals_pb2.BindingDataCollection(bindings=elements)
        )
    if kind == "map":
        entries = {key: _constant(one) for key, one in literal.map.literals.items()}
        return literals_pb2.BindingData(map=literals_pb2.BindingDataMap(bindings=entries))
    return literals_pb2.BindingData(scalar=literal.scalar)


def _inputs(part: Part) -> list[object]:
    """Return what a node is given by those beside it; an arm is given it as its branch is."""
    if part.word == "nodes.branch" and part.inside is not None:
        return [value for arm in part.inside.parts.values() for value in _inputs(arm)]
    return list(part.inputs.values())
