"""Plain values of declared types, for outputs that no test scripted: zeros, and what is like them.

Ignorant of graphs.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from flyteidl.core import literals_pb2, types_pb2

from flyte_testkit import literals
from flyte_testkit.literals.scalars import reference_literal

__all__ = ["plain"]

_URI: Final = "s3://my-s3-bucket/data/plain"
_SIMPLE: Final = {
    types_pb2.NONE: None,
    types_pb2.INTEGER: 0,
    types_pb2.FLOAT: 0.0,
    types_pb2.STRING: "",
    types_pb2.BOOLEAN: False,
    types_pb2.DATETIME: dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
    types_pb2.DURATION: dt.timedelta(0),
    types_pb2.BINARY: b"",
    types_pb2.STRUCT: {},
}


def plain(declared: types_pb2.LiteralType) -> literals_pb2.Literal:
    """Return a plain value of a type."""
    kind = declared.WhichOneof("type")
    if kind == "simple" and declared.simple in _SIMPLE:
        return literals.literal(_SIMPLE[declared.simple], declared)
    if kind == "collection_type":
        return literals_pb2.Literal(collection=literals_pb2.LiteralCollection())
    if kind == "map_value_type":
        return literals_pb2.Literal(map=literals_pb2.LiteralMap())
    if kind == "enum_type":
        return literals.literal(next(iter(declared.enum_type.values), ""), declared)
    if kind == "union_type":
        variant = declared.union_type.variants[0]
        union = literals_pb2.Union(value=plain(variant), type=variant)
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=union))
    return reference_literal(_URI, declared)
