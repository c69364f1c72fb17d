"""The types of dataclasses, pydantic models and dicts: Structs that travel in msgpack.

A dataclass's type carries its schema, because flytekit rebuilds a class from it when it reads
outputs whose Python type it does not know, and the types of its fields, because bindings may pick
one. Ignorant of every other type: those of the fields are asked of whoever calls.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import enum
import types
import typing
from typing import TYPE_CHECKING, Any

from flyteidl.core import types_pb2

from flyte_testkit.errors import RegistrationError
from flyte_testkit.literals.structs import is_pydantic, plain, struct_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["dataclass_type", "is_msgpack", "is_record", "msgpack_struct"]

_Schema = dict[str, Any]

_FORMAT = {"cache-key-metadata": {"serialization-format": "msgpack"}}


def msgpack_struct() -> types_pb2.LiteralType:
    """Return the type of an untyped dict: a Struct that travels as msgpack."""
    declared = types_pb2.LiteralType(simple=types_pb2.STRUCT)
    declared.annotation.annotations.update(_FORMAT)
    return declared


def is_msgpack(declared: types_pb2.LiteralType) -> bool:
    """Say whether values of this Struct type travel as msgpack (flytekit 1.14 and later)."""
    return "cache-key-metadata" in declared.annotation.annotations.fields


def is_record(cls: type) -> bool:
    """Say whether a class is a dataclass or a model of pydantic."""
    return dataclasses.is_dataclass(cls) or is_pydantic(cls)


def dataclass_type(
    cls: type, literal_type: Callable[[object], types_pb2.LiteralType]
) -> types_pb2.LiteralType:
    """Return the type of a dataclass or a model; fields whose type Flyte has not are left out.

    Raises:
        RegistrationError: The class contains itself.
    """
    declared = msgpack_struct()
    fields: dict[str, object] = {}
    try:
        if is_pydantic(cls):
            model: Any = cls
            declared.metadata.CopyFrom(struct_of(model.model_json_schema()))
            fields = {name: field.annotation for name, field in model.model_fields.items()}
        else:
            hints = typing.get_type_hints(cls, include_extras=True)
            fields = {field.name: hints[field.name] for field in dataclasses.fields(cls)}
            declared.metadata.CopyFrom(struct_of(_object(cls)))
    except (_Inexpressible, TypeError, OverflowError):  # flytekit too goes on without a schema then
        declared.ClearField("metadata")
    except RecursionError:
        raise RegistrationError(
            f"{cls.__name__} contains itself, which no type of Flyte can say: declare it dict."
        ) from None
    declared.structure.SetInParent()
    for name, annotation in fields.items():
        try:
            declared.structure.dataclass_type[name].CopyFrom(literal_type(annotation))
        except RegistrationError:
            declared.structure.dataclass_type.pop(name, None)
    return declared


class _Inexpressible(Exception):  # noqa: N818  never seen outside this module
    """A field's type has no schema here."""


_SCHEMAS: tuple[tuple[type, dict[str, str]], ...] = (  # a bool is an int, a datetime is a date
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (str, {"type": "string"}),
    (bytes, {"type": "string", "format": "base64"}),
    (dt.datetime, {"type": "string", "format": "date-time"}),
    (dt.date, {"type": "string", "format": "date"}),
    (dt.timedelta, {"type": "number", "format": "time-delta"}),
    (type(None), {"type": "null"}),
)


def _object(cls: type) -> _Schema:
    hints = typing.get_type_hints(cls, include_extras=True)
    schema: _Schema = {"type": "object", "title": cls.__name__}
    properties: _Schema = {}
    required = []
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        properties[field.name] = _schema(hints[field.name])
        if field.default is not dataclasses.MISSING:
            properties[field.name]["default"] = _default(field.default)
        elif field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    if properties:
        schema["properties"] = properties
    schema["additionalProperties"] = False
    if required:
        schema["required"] = required
    return schema


def _default(value: object) -> Any:
    made = plain(value)
    return base64.encodebytes(made).decode() if isinstance(made, bytes) else made


def _schema(python_type: object) -> _Schema:
    origin, arguments = typing.get_origin(python_type), typing.get_args(python_type)
    if python_type is Any:
        return {}
    if origin is typing.Annotated:
        return _schema(arguments[0])
    if origin is typing.Literal:
        values = [plain(choice) for choice in arguments]
        return {"const": values[0]} if len(values) == 1 else {"enum": values}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_schema(argument) for argument in arguments]}
    if origin is list or python_type is list:
        items = _schema(arguments[0]) if arguments else {}
        return {"type": "array", **({"items": items} if items else {})}
    if origin is dict or python_type is dict:
        return _mapping(*(arguments or (Any, Any)))
    if hasattr(python_type, "__supertype__"):
        return _schema(python_type.__supertype__)
    if isinstance(python_type, type):
        return _class_schema(python_type)
    raise _Inexpressible


def _mapping(key_type: object, value_type: object) -> _Schema:
    keys, values = _schema(key_type), _schema(value_type)
    return {
        "type": "object",
        **({"additionalProperties": values} if values else {}),
        **({"propertyNames": keys} if keys else {}),
    }


def _class_schema(cls: type) -> _Schema:
    if issubclass(cls, enum.Enum):
        return {"enum": [member.value for member in cls]}
    if dataclasses.is_dataclass(cls):
        return _object(cls)
    for known, schema in _SCHEMAS:
        if issubclass(cls, known):
            return dict(schema)
    raise _Inexpressible
