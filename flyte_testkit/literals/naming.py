"""What types are called: by Python for messages, by flytekit inside unions.

Ignorant of literals: only types have names here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import typing
from typing import Any

from flyteidl.core import types_pb2

from flyte_testkit.references import tag_of_reference

__all__ = ["SIMPLE_TYPES", "describe", "tag_of", "underlying"]

SIMPLE_TYPES: tuple[tuple[type, types_pb2.SimpleType, str], ...] = (
    (bool, types_pb2.BOOLEAN, "bool"),
    (int, types_pb2.INTEGER, "int"),
    (float, types_pb2.FLOAT, "float"),
    (str, types_pb2.STRING, "str"),
    (dt.datetime, types_pb2.DATETIME, "datetime"),
    (dt.date, types_pb2.DATETIME, "date"),
    (dt.timedelta, types_pb2.DURATION, "timedelta"),
    (type(None), types_pb2.NONE, "none"),
)
"""Python's class, Flyte's type and flytekit's tag; in this order, as a bool is an int too."""

_PYTHON_NAMES = {
    types_pb2.NONE: "None",
    types_pb2.INTEGER: "int",
    types_pb2.FLOAT: "float",
    types_pb2.STRING: "str",
    types_pb2.BOOLEAN: "bool",
    types_pb2.DATETIME: "datetime",
    types_pb2.DURATION: "timedelta",
    types_pb2.STRUCT: "dict",
    types_pb2.BINARY: "bytes",
    types_pb2.ERROR: "error",
}


def describe(declared: types_pb2.LiteralType) -> str:
    """Return the type as a Python annotation would put it, for messages.

    Example:
        >>> from flyte_testkit.literals import literal_type
        >>> describe(literal_type(dict[str, list[int]]))
        'dict[str, list[int]]'
    """
    kind = declared.WhichOneof("type")
    if kind == "simple":
        title = declared.metadata.fields["title"].string_value if declared.metadata.fields else ""
        name = "date" if declared.structure.tag == "date" else title
        return name or _PYTHON_NAMES[declared.simple]
    if kind == "collection_type":
        return f"list[{describe(declared.collection_type)}]"
    if kind == "map_value_type":
        return f"dict[str, {describe(declared.map_value_type)}]"
    if kind == "union_type":
        return " | ".join(describe(variant) for variant in declared.union_type.variants)
    if kind == "enum_type":
        return f"an enum of {', '.join(map(repr, declared.enum_type.values))}"
    if kind == "blob":
        return _blob(declared.blob)
    others = {"schema": "a schema", "structured_dataset_type": "a structured dataset"}
    return others.get(str(kind), "of no type")


def _blob(blob: types_pb2.BlobType) -> str:
    if blob.format == "PythonPickle":
        return "FlytePickle"
    several = blob.dimensionality == types_pb2.BlobType.MULTIPART
    name = "FlyteDirectory" if several else "FlyteFile"
    return f"{name}[{blob.format!r}]" if blob.format else name


def tag_of(python_type: object) -> str:
    """Return the name that flytekit gives a variant of a union, or nothing where it gives none."""
    python_type = underlying(python_type)
    origin = typing.get_origin(python_type)
    if origin is typing.Literal:
        return "LiteralTypeTransformer"
    cls = origin or python_type
    if not isinstance(cls, type):
        return ""
    if issubclass(cls, enum.Enum):
        return "DefaultEnumTransformer"
    for known, _, tag in SIMPLE_TYPES:
        if issubclass(cls, known):
            return tag
    if issubclass(cls, (list, tuple)):
        return "Typed List"
    if issubclass(cls, dict):
        return "Typed Dict"
    if (reference := tag_of_reference(cls)) is not None:  # before dataclasses: a FlyteFile is one
        return reference
    if dataclasses.is_dataclass(cls):
        return "Object-Dataclass-Transformer"
    return "Pydantic Transformer" if hasattr(cls, "model_json_schema") else ""


def underlying(python_type: object) -> Any:
    """Return the annotation without ``Annotated`` and ``NewType``, and None as its class."""
    if python_type is None:
        return type(None)
    if typing.get_origin(python_type) is typing.Annotated:
        return underlying(typing.get_args(python_type)[0])
    if hasattr(python_type, "__supertype__"):
        return underlying(python_type.__supertype__)
    return python_type
