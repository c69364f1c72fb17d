"""From a literal to a Python value, in two steps: what the literal says, then the type asked for.

``plain`` reads a literal by itself; ``shape`` fits a plain value to a Python type; ``guess`` finds
the Python type that an interface declares. Types are read as flytekit reads them: an integer that
is asked for as ``float`` becomes one, text never becomes a number. Dataclasses come from a Struct
or from MessagePack alike. Files, directories and tables stay references (``models.Blob``, …).

This module is ignorant of how literals travel.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import types
import typing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flyteidl.core import literals_pb2, types_pb2

from flyte_testkit.client._data import read_url
from flyte_testkit.client._model import wrap
from flyte_testkit.client._schema import class_of
from flyte_testkit.client.exceptions import TypeTransformerFailedError
from flyte_testkit.errors import shown
from flyte_testkit.literals.scalars import scalar_value

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["guess", "plain", "shape"]

_SIMPLE: dict[int, Any] = {
    types_pb2.NONE: type(None),
    types_pb2.INTEGER: int,
    types_pb2.FLOAT: float,
    types_pb2.STRING: str,
    types_pb2.BOOLEAN: bool,
    types_pb2.DATETIME: datetime,
    types_pb2.DURATION: timedelta,
}
_REFERENCES = ("blob", "schema", "structured_dataset", "error")  # models, not values


def guess(literal_type: types_pb2.LiteralType) -> Any:
    """Return the Python type that a Flyte type stands for; ``Any`` where nothing is known.

    Example:
        >>> guess(types_pb2.LiteralType(collection_type={"simple": types_pb2.INTEGER}))
        list[int]
    """
    kind = literal_type.WhichOneof("type")
    if kind == "simple":
        if literal_type.simple == types_pb2.STRUCT and literal_type.HasField("metadata"):
            return class_of(wrap(literal_type.metadata)) or Any
        return _SIMPLE.get(literal_type.simple, Any)
    if kind == "collection_type":
        return list[guess(literal_type.collection_type)]  # type: ignore[misc]  # built, not written
    if kind == "map_value_type":
        return dict[str, guess(literal_type.map_value_type)]  # type: ignore[misc]  # likewise
    if kind == "enum_type":
        return _enum_of(list(literal_type.enum_type.values))
    if kind == "union_type" and literal_type.union_type.variants:
        variants = tuple(guess(one) for one in literal_type.union_type.variants)
        return typing.Union[variants]  # noqa: UP007  built, not written
    return Any


def _enum_of(values: list[str]) -> Any:
    """Return an enum of these values, its members named by them where Python allows it."""
    try:
        return enum.Enum("DynamicEnum", {value: value for value in values})
    except ValueError:  # names such as _D_ and mro are Python's own
        return enum.Enum("DynamicEnum", {f"value_{n}": value for n, value in enumerate(values)})


def plain(literal: literals_pb2.Literal, fetch: Callable[[str], bytes] = read_url) -> Any:
    """Return what a literal says, without being told its type.

    Args:
        literal: The literal.
        fetch: What reads a literal that was offloaded, from its URL.

    Raises:
        FlyteAssertion: It was offloaded and cannot be read from there.
        TypeTransformerFailedError: It is of a kind that this client cannot read.
        ValueError: Python has no value for it.
    """
    kind = literal.WhichOneof("value")
    if kind == "collection":
        return [plain(item, fetch) for item in literal.collection.literals]
    if kind == "map":
        return {key: plain(item, fetch) for key, item in literal.map.literals.items()}
    if kind == "offloaded_metadata":
        stored = fetch(literal.offloaded_metadata.uri)
        return plain(literals_pb2.Literal.FromString(stored), fetch)
    return _scalar(literal.scalar, fetch)


def _scalar(scalar: literals_pb2.Scalar, fetch: Callable[[str], bytes]) -> Any:
    kind = scalar.WhichOneof("value")
    if kind == "union":
        return plain(scalar.union.value, fetch)
    if kind in _REFERENCES:
        return wrap(getattr(scalar, kind))
    if kind == "binary" and scalar.binary.tag != "msgpack":
        raise TypeTransformerFailedError(
            f"A binary literal with the tag {scalar.binary.tag!r} cannot be read here: only "
            "'msgpack' can. Its bytes are in .literals[key].scalar.binary.value."
        )
    return scalar_value(scalar)


def shape(value: Any, as_type: Any) -> Any:
    """Return a plain value as an instance of a Python type.

    Raises:
        TypeTransformerFailedError: It is not one, and does not stand for one.

    Example:
        >>> shape([1, 2], list[float])
        [1.0, 2.0]
    """
    origin = typing.get_origin(as_type)
    if as_type is Any or as_type is None:
        return value
    if origin is typing.Annotated:
        return shape(value, as_type.__origin__)
    if origin in (typing.Union, types.UnionType):
        return _one_of(value, typing.get_args(as_type))
    if origin in (list, tuple, set, dict):
        return _container(value, origin, typing.get_args(as_type))
    if not isinstance(as_type, type):
        raise _misfit(value, as_type)
    if issubclass(as_type, enum.Enum):
        try:
            return as_type(value)
        except ValueError:
            raise _misfit(value, as_type) from None
    if dataclasses.is_dataclass(as_type) and isinstance(value, dict):
        return _dataclass(value, as_type)
    if isinstance(value, dict) and hasattr(as_type, "model_validate"):  # a pydantic model
        return as_type.model_validate(value)
    return _simple(value, as_type)


def _simple(value: Any, as_type: type) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if as_type in (int, float) and number:
        return as_type(value)
    if as_type is timedelta and number:  # as dataclasses store it
        return timedelta(seconds=value)
    if as_type == date and isinstance(value, datetime):  # by ==: a clock has classes of its own
        return value.date()
    if as_type in (datetime, date) and isinstance(value, str):
        try:
            return as_type.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            raise _misfit(value, as_type) from None
    exact = as_type in (int, bool, str, date)  # a bool is no int, a datetime no date
    same = type(value) == as_type  # noqa: E721  by ==, as above
    if same if exact else isinstance(value, as_type):
        return value
    raise _misfit(value, as_type)


def _one_of(value: object, variants: tuple[object, ...]) -> Any:
    """Fit a value to the variant it is an instance of already, else to the first it fits."""
    for variant in sorted(variants, key=lambda one: type(value) != one):  # noqa: E721  by ==, as below
        with contextlib.suppress(TypeTransformerFailedError):
            return shape(value, variant)
    raise _misfit(value, typing.Union[variants])  # noqa: UP007  built, not written


def _container(value: object, origin: type, args: tuple[object, ...]) -> Any:
    if origin is dict:
        if not isinstance(value, dict):
            raise _misfit(value, dict)
        key_type, item_type = args
        return {_key(key, key_type): shape(item, item_type) for key, item in value.items()}
    if not isinstance(value, list):
        raise _misfit(value, origin)
    if origin is tuple and args[1:] != (Ellipsis,):
        return tuple(shape(item, one) for item, one in zip(value, args, strict=True))
    return origin(shape(item, args[0]) for item in value)


def _key(key: object, key_type: object) -> Any:
    """Keys of a Struct and of JSON are text, whatever they were."""
    return int(key) if key_type is int and isinstance(key, str) else shape(key, key_type)


def _dataclass(value: dict[str, Any], as_type: type) -> Any:
    hints = typing.get_type_hints(as_type, include_extras=True)
    known = [field.name for field in dataclasses.fields(as_type) if field.init]
    try:
        return as_type(**{name: shape(value[name], hints[name]) for name in known if name in value})
    except TypeTransformerFailedError:
        raise
    except TypeError as error:  # a field without default that the value lacks
        raise TypeTransformerFailedError(
            f"{shown(value)} does not make a {as_type.__name__}: {error}"
        ) from error


def _misfit(value: object, as_type: object) -> TypeTransformerFailedError:
    wanted = getattr(as_type, "__name__", None) if isinstance(as_type, type) else None
    allowed = ""
    if isinstance(as_type, type) and issubclass(as_type, enum.Enum):
        allowed = f" Its values are {shown([member.value for member in as_type])}."
    return TypeTransformerFailedError(
        f"{shown(value)} ({type(value).__name__}) cannot be read as {wanted or as_type}.{allowed}"
    )
