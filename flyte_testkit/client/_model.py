"""``Model``: a typed, immutable view of one protobuf message that loses nothing.

A model holds the message it was built from and reads it through properties, so ``to_flyte_idl``
gives back every field, those included that no property shows and those of a newer server. A
subclass is a list of names and types, in the order of flytekit's positional arguments::

    class AbortMetadata(Model[execution_pb2.AbortMetadata]):
        cause: str
        principal: str

What a property returns follows from the message's own description and one mark of the annotation:
a message that is not set reads ``None`` where the type says ``| None``, and as an empty one where
it does not. Timestamps are aware datetimes in UTC, durations ``timedelta``, repeated fields
tuples, maps read-only mappings.

This module is ignorant of which messages exist.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Mapping
from textwrap import shorten
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args

from google.protobuf.message import Message

from flyte_testkit.errors import close_names, cut
from flyte_testkit.literals.spans import moment_of, span_of
from flyte_testkit.literals.structs import dict_of

if TYPE_CHECKING:
    import sys

    from google.protobuf.descriptor import FieldDescriptor

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

__all__ = ["Model", "message_of", "view", "wrap"]

M = TypeVar("M", bound=Message)
ModelT = TypeVar("ModelT", bound="Model[Any]")

_LONGEST = 20_000
"""Letters that a ``repr`` may have: outputs may be megabytes, and a failed assertion prints it."""

_models: dict[str, type[Model[Any]]] = {}  # by full name of the message; filled by class statements


class Model(Generic[M]):
    """One message, read through typed properties. Equal by value, hashable, immutable."""

    _pb: M
    _message: ClassVar[type[Message]]
    _fields: ClassVar[Mapping[str, FieldDescriptor]]  # by the model's name for them
    _renamed: ClassVar[Mapping[str, str]] = {}  # flytekit's name to the message's, if they differ

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        message = next((get_args(base)[0] for base in cls.__dict__.get("__orig_bases__", ())), None)
        if not (isinstance(message, type) and issubclass(message, Message)):
            return  # a subclass of a model: the same fields, more behavior
        cls._message = message
        fields: Mapping[str, Any] = message.DESCRIPTOR.fields_by_name
        cls._fields = {
            name: fields[cls._renamed.get(name, name)]
            for name in cls.__annotations__
            if not name.startswith("_")
        }
        for name, field in cls._fields.items():
            optional = str(cls.__annotations__[name]).endswith("| None")
            setattr(cls, name, property(_reader(field, optional=optional)))
        _models[message.DESCRIPTOR.full_name] = cls
        _wrapper.cache_clear()

    def __init__(self, *args: object, **fields: object) -> None:
        """Build the message from values: models, messages, or plain Python.

        Raises:
            TypeError: A name that is no field, or more positional values than fields.
        """
        cls = type(self)
        if len(args) > len(cls._fields):
            raise TypeError(
                f"{cls.__name__} takes {len(cls._fields)} values, got {len(args)}: "
                f"its fields are {', '.join(cls._fields)}."
            )
        given = {**dict(zip(cls._fields, args)), **fields}  # noqa: B905  fewer is allowed
        for name in given:
            if name not in cls._fields:
                raise TypeError(
                    f"{cls.__name__} has no field {name!r}.{close_names(name, cls._fields)}"
                )
        values = {cls._fields[name].name: _plain(value) for name, value in given.items()}
        self.__dict__["_pb"] = cls._message(**values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"{type(self).__name__} is immutable, so {name!r} cannot be set. Build another from "
            "a changed message with from_flyte_idl()."
        )

    @classmethod
    def from_flyte_idl(cls, pb: M) -> Self:
        """Build a model from a message, keeping all of it (a copy: the message stays yours)."""
        if not isinstance(pb, cls._message):
            raise TypeError(
                f"{cls.__name__} is built from a {cls._message.DESCRIPTOR.full_name}, "
                f"got {type(pb).__name__}."
            )
        return cls._view(_copied(pb))

    @classmethod
    def _view(cls, pb: Message) -> Self:
        """Look at a message that nobody will change, without copying it."""
        self = object.__new__(cls)
        self.__dict__["_pb"] = pb
        return self

    def to_flyte_idl(self) -> M:
        """Return the message, every field of it, as a copy."""
        return _copied(self._pb)

    def serialize_to_string(self) -> bytes:
        """Return the message as bytes (flytekit annotates ``str`` and returns bytes too)."""
        return self._pb.SerializeToString()

    @property
    def is_empty(self) -> bool:
        """Whether the message has no field set."""
        return self._pb.ByteSize() == 0

    def short_string(self) -> str:
        """Return the message as an indented text, long values shortened."""
        return f"Flyte Serialized object ({type(self).__name__}):\n{_outline(self._pb, 2)}".rstrip(
            "\n"
        )

    def __str__(self) -> str:
        return self.short_string()

    def __repr__(self) -> str:
        return cut(str(self._pb), _LONGEST)

    def _repr_html_(self) -> str:
        outline = _outline(self._pb, 0).rstrip("\n")
        return f"<h4>{type(self).__name__}</h4><pre>{html.escape(outline)}</pre>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and bool(self._pb == other._pb)

    def __hash__(self) -> int:
        return hash(self._pb.SerializeToString(deterministic=True))


def view(kind: type[ModelT], message: Message) -> ModelT:
    """Return a model of a message that nobody will change: it is not copied."""
    return kind._view(message)  # noqa: SLF001  our own class


def message_of(model: Model[M]) -> M:
    """Return the message that a model holds, to be read: nobody may change it."""
    return model._pb  # noqa: SLF001  our own class


def wrap(message: Message) -> Any:
    """Return a message as its model, or as plain Python for the well-known types."""
    return _wrapper(type(message))(message)  # type: ignore[arg-type]  # mypy asks messages for a hash


@functools.lru_cache(maxsize=1024)
def _wrapper(kind: Any) -> Callable[[Any], Any]:
    """Return what makes a model, or plain Python, of the messages of that class."""
    name = kind.DESCRIPTOR.full_name
    model = _models.get(name)
    if name in _WELL_KNOWN:
        return _WELL_KNOWN[name]
    return _copied if model is None else model._view  # noqa: SLF001  our own class


def _copied(message: M) -> M:
    """Return a copy: nothing that can be changed leaves a model."""
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


_WELL_KNOWN: dict[str, Callable[[Any], Any]] = {
    "google.protobuf.Timestamp": moment_of,
    "google.protobuf.Duration": span_of,
    "google.protobuf.Struct": dict_of,
    "google.protobuf.BoolValue": lambda pb: pb.value,
}


def _reader(field: FieldDescriptor, *, optional: bool) -> Callable[[Any], Any]:
    """Return what reads that field of a model."""
    name = field.name
    entry = field.message_type
    repeated = _is_repeated(field)
    if repeated and entry is not None and entry.GetOptions().map_entry:
        if entry.fields_by_name["value"].message_type is not None:
            return lambda self: MappingProxyType(
                {key: wrap(value) for key, value in getattr(self._pb, name).items()}
            )
        return lambda self: MappingProxyType(dict(getattr(self._pb, name)))
    if repeated:
        if entry is not None:
            return lambda self: tuple(wrap(item) for item in getattr(self._pb, name))
        return lambda self: tuple(getattr(self._pb, name))
    if entry is not None:
        if optional:
            return lambda self: wrap(getattr(self._pb, name)) if self._pb.HasField(name) else None
        return lambda self: wrap(getattr(self._pb, name))
    if optional:
        return lambda self: getattr(self._pb, name) if self._pb.HasField(name) else None
    return lambda self: getattr(self._pb, name)


def _is_repeated(field: FieldDescriptor) -> bool:
    told: Any = field  # protobuf 6 has is_repeated, its elders a label
    return bool(told.is_repeated if hasattr(told, "is_repeated") else told.label == 3)


def _plain(value: object) -> Any:
    """Return a value as a message's constructor takes it."""
    if isinstance(value, Model):
        return value._pb  # noqa: SLF001  our own class
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _outline(message: Message, indent: int) -> str:
    """Write the fields that are set, one a line, nested ones indented, values shortened."""
    lines = []
    for field, value in message.ListFields():
        margin = " " * indent
        if isinstance(value, Message):
            inner = _outline(value, indent + 2)
            if inner:
                lines.append(f"{margin}{field.name}:\n{inner}")
        elif text := shorten(str(value).strip(), width=80):
            lines.append(f"{margin}{field.name}: {text}\n")
    return "".join(lines)
