"""Plain values of declared types, for outputs that no test scripted: zeros, and what is like them.

They are such that consumers take them: a list is as long as the largest index that is asked of it,
a dict has the keys. Ignorant of graphs.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from flyteidl.core import literals_pb2, types_pb2

from flyte_testkit import literals
from flyte_testkit.flow._content import URI, chosen, content, texts
from flyte_testkit.flow._demand import Demand
from flyte_testkit.literals.dataclass_types import is_msgpack
from flyte_testkit.literals.scalars import reference_literal, simple_literal, text_literal

__all__ = ["plain"]

_SIMPLE: Final[dict[int, Any]] = {
    types_pb2.NONE: None,
    types_pb2.INTEGER: 0,
    types_pb2.FLOAT: 0.0,
    types_pb2.STRING: "",
    types_pb2.BOOLEAN: False,
    types_pb2.DATETIME: dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
    types_pb2.DURATION: dt.timedelta(0),
    types_pb2.BINARY: b"",
}
_REFERENCES: Final = {"blob", "schema", "structured_dataset_type"}


def plain(declared: types_pb2.LiteralType, demand: Demand | None = None) -> literals_pb2.Literal:
    """Return a plain value of a type that has the parts that are asked of it.

    Example:
        >>> from flyte_testkit import literals
        >>> paths = literals.literal_type(list[str])
        >>> literals.python_value(plain(paths, Demand.of(path=(1,))))
        ['', '']
    """
    demand = Demand() if demand is None else demand
    kind = str(declared.WhichOneof("type"))
    if kind == "collection_type":
        parts = [plain(declared.collection_type, one) for one in demand.elements]
        return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=parts))
    if kind == "map_value_type":
        entries = {key: plain(declared.map_value_type, demand.part(key)) for key in demand.keys}
        return literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=entries))
    if kind == "union_type" and declared.union_type.variants:
        variant = declared.union_type.variants[chosen(declared.union_type.variants, demand)]
        union = literals_pb2.Union(value=plain(variant, demand), type=variant)
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=union))
    if kind in _REFERENCES:
        return reference_literal(URI, declared)
    return _atom(declared, demand)


def _atom(declared: types_pb2.LiteralType, demand: Demand) -> literals_pb2.Literal:
    if choices := texts(declared, demand):
        return text_literal(choices[0])
    if not declared.HasField("simple"):
        return literals_pb2.Literal()
    if declared.simple == types_pb2.STRUCT:
        held = content(declared, demand)
        made = simple_literal(held if is_msgpack(declared) else _json(held), declared)
        return made or literals_pb2.Literal()
    if declared.simple == types_pb2.ERROR:
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(error=types_pb2.Error()))
    return literals.literal(_SIMPLE.get(declared.simple), declared)


def _json(held: Any) -> Any:
    """Return content as a Struct can hold it, which knows no bytes."""
    if isinstance(held, dict):
        return {key: _json(one) for key, one in held.items()}
    if isinstance(held, list):
        return [_json(one) for one in held]
    return held.decode() if isinstance(held, bytes) else held
