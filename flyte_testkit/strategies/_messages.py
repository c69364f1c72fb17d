"""Any protobuf message at all, from its descriptor.

Ignorant of Flyte, but for a list of fields that its clients cannot read: only what protobuf itself
promises holds, and that times and spans can be read by Python. For messages in which things agree
there are strategies of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from google.protobuf import any_pb2, duration_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit.errors import suggests_keywords
from flyte_testkit.strategies._arguments import at_least, check_bool
from flyte_testkit.strategies._descriptors import class_of, entry_of, is_map, is_repeated
from flyte_testkit.strategies._readable import READABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.descriptor import Descriptor

__all__ = ["messages"]

MessageT = TypeVar("MessageT", bound=Message)

_MOST: Final = 2  # elements of a repeated field or a map
_YEAR_1, _YEAR_9999 = -62_135_596_800, 253_402_300_799
_LONGEST: Final = 315_576_000_000
_NANOS: Final = 999_999_999


@suggests_keywords
def messages(
    cls: type[MessageT], *, max_depth: int = 3, legal: bool = True
) -> st.SearchStrategy[MessageT]:
    """Generate any message of a class: flyteidl's, or any other of protobuf.

    Each field is there or not, each choice has one of its members or none, enums have numbers that
    they know, texts can be encoded, floats are never NaN (which equals nothing, itself included),
    and times are between the years 1 and 9999, so that Python can read them. Nothing else is
    promised: a name may be empty, and an execution have ended before it began.

    Shrinks to the empty message, and within it to few fields with small values.

    Args:
        cls: The class of the messages.
        max_depth: How many messages may stand one inside another below the outermost; literals and
            workflows would nest for ever.
        legal: Whether five fields are left out, or filled with care, that FlyteAdmin never sends or
            that flytekit cannot read and write back: outputs inside ``closure.outputs`` and
            ``closure.output_data``, errors as literals, pod templates of task nodes, and the
            ``env_var`` of secrets.

    Raises:
        InvalidArgument: It is no class of messages, or the depth is no depth.

    Example:
        >>> from flyte_testkit.strategies import as_code
        >>> from flyteidl.core import literals_pb2
        >>> from hypothesis import find
        >>> nested = find(messages(literals_pb2.Literal), lambda message: message.HasField("map"))
        >>> print(as_code(nested))
        flyteidl.core.literals_pb2.Literal(map={})
    """
    if not (isinstance(cls, type) and issubclass(cls, Message) and hasattr(cls, "DESCRIPTOR")):
        known = type(cls) if isinstance(cls, Message) else None
        advice = f"messages({known.__name__})" if known else "messages(execution_pb2.Execution)"
        raise InvalidArgument(
            f"messages({cls!r}): that is no class of protobuf messages. Write {advice}."
        )
    at_least("messages", "max_depth", max_depth, 0)
    check_bool("messages", "legal", legal)
    descriptor: Any = cls.DESCRIPTOR  # upb has a Descriptor of its own, which its stubs tell apart
    return _Builder(READABLE if legal else {}).of(descriptor, max_depth)


class _Builder:
    """Makes the strategy of each kind of message once for each depth, however often it is used.

    Args:
        fields: What is drawn for some fields, by their full names; nothing for those left out.
    """

    def __init__(self, fields: Mapping[str, st.SearchStrategy[object] | None]) -> None:
        self._fields = fields
        self._made: dict[tuple[str, int], st.SearchStrategy[Any]] = {}

    def of(self, descriptor: Descriptor, depth: int) -> st.SearchStrategy[Any]:
        """Return the strategy of a kind of message that may nest so deep."""
        key = (descriptor.full_name, depth)
        if key not in self._made:
            special = _SPECIAL.get(descriptor.full_name)
            self._made[key] = special(depth) if special else self._plain(descriptor, depth)
        return self._made[key]

    def _plain(self, descriptor: Descriptor, depth: int) -> st.SearchStrategy[Any]:
        choices: dict[str, list[st.SearchStrategy[Any]]] = {}
        for field in descriptor.fields:
            given = self._fields.get(field.full_name, ...)
            values = self._field(field, depth) if given is ... else given
            if values is not None:
                choice = (field.containing_oneof or field).full_name
                named = st.tuples(st.just(field.name), values)
                choices.setdefault(choice, [_ABSENT]).append(named)
        return _filled(class_of(descriptor), tuple(map(st.one_of, choices.values())))

    def _field(self, field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any] | None:
        if is_map(field):
            inner = entry_of(field)
            values = self._single(inner["value"], depth)
            keys = self._single(inner["key"], depth)
            if values is None or keys is None:
                return None
            return st.dictionaries(keys, values, max_size=_MOST)
        values = self._single(field, depth)
        if values is not None and is_repeated(field):
            return st.lists(values, max_size=_MOST)
        return values

    def _single(self, field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any] | None:
        if field.message_type is not None:
            return self.of(field.message_type, depth - 1) if depth > 0 else None
        if field.enum_type is not None:
            return st.sampled_from(sorted(field.enum_type.values_by_number))
        return _SCALARS[field.cpp_type] if field.type != FieldDescriptor.TYPE_BYTES else _BYTES


@st.composite
def _filled(
    draw: st.DrawFn,
    cls: type[Message],
    choices: tuple[st.SearchStrategy[tuple[str, Any] | None], ...],
) -> Message:
    # A choice, absence included, is drawn at once, so that it can be shrunk away at once.
    chosen = map(draw, choices)
    return cls(**dict(pair for pair in chosen if pair))


@st.composite
def _timestamps(draw: st.DrawFn) -> timestamp_pb2.Timestamp:
    return timestamp_pb2.Timestamp(
        seconds=draw(st.integers(_YEAR_1, _YEAR_9999)), nanos=draw(st.integers(0, _NANOS))
    )


@st.composite
def _durations(draw: st.DrawFn) -> duration_pb2.Duration:
    seconds, nanos = draw(st.integers(0, _LONGEST - 1)), draw(st.integers(0, _NANOS))
    sign = draw(st.sampled_from((1, -1)))
    return duration_pb2.Duration(seconds=sign * seconds, nanos=sign * nanos)


@st.composite
def _anys(draw: st.DrawFn) -> any_pb2.Any:
    """Draw what can be unpacked: JSON has no other way to write an Any."""
    packed = any_pb2.Any()
    if draw(st.booleans()):
        packed.Pack(draw(_durations()))
    return packed


@st.composite
def _structs(draw: st.DrawFn, depth: int) -> struct_pb2.Struct:
    values = _json_values(depth - 1)
    return struct_pb2.Struct(
        fields=draw(st.dictionaries(_TEXTS, values, max_size=_MOST)) if depth > 0 else {}
    )


@st.composite
def _json_lists(draw: st.DrawFn, depth: int) -> struct_pb2.ListValue:
    values = _json_values(depth - 1)
    return struct_pb2.ListValue(values=draw(st.lists(values, max_size=_MOST)) if depth > 0 else [])


@st.composite
def _json_values(draw: st.DrawFn, depth: int) -> struct_pb2.Value:
    """Draw a value of JSON, which is never without content."""
    members = list(_JSON)
    if depth > 0:
        inner = depth - 1
        members += [("struct_value", _structs(inner)), ("list_value", _json_lists(inner))]
    name, strategy = draw(st.sampled_from(members))
    return struct_pb2.Value(**{name: draw(strategy)})


_ABSENT: Final = st.none()
_TEXTS: Final = st.text(max_size=12)
_BYTES: Final = st.binary(max_size=12)
_FLOATS: Final = st.floats(allow_nan=False)
_SCALARS: Final[dict[int, st.SearchStrategy[Any]]] = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: _FLOATS,
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(allow_nan=False, width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_STRING: _TEXTS,
}
_JSON: Final[tuple[tuple[str, st.SearchStrategy[Any]], ...]] = (
    ("null_value", st.just(0)),
    ("bool_value", st.booleans()),
    ("number_value", st.floats(allow_nan=False, allow_infinity=False)),
    ("string_value", _TEXTS),
)
_SPECIAL: Final[dict[str, Callable[[int], st.SearchStrategy[Any]]]] = {
    "google.protobuf.Any": lambda _: _anys(),
    "google.protobuf.Timestamp": lambda _: _timestamps(),
    "google.protobuf.Duration": lambda _: _durations(),
    "google.protobuf.Struct": _structs,
    "google.protobuf.ListValue": _json_lists,
    "google.protobuf.Value": _json_values,
}
