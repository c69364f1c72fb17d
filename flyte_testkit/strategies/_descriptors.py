"""Fields of protobuf messages, alike under all versions of protobuf.

Ignorant of values: it tells a field's shape, not what is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import message_factory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

__all__ = ["class_of", "entry_of", "is_map", "is_repeated"]

_REPEATED = 3


def is_repeated(field: FieldDescriptor) -> bool:
    """Say whether a field holds many values; a map does."""
    told: Any = field  # protobuf 6 has is_repeated, its elders a label
    return bool(told.is_repeated if hasattr(told, "is_repeated") else told.label == _REPEATED)


def is_map(field: FieldDescriptor) -> bool:
    """Say whether a field is a map."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def entry_of(field: FieldDescriptor) -> Mapping[str, FieldDescriptor]:
    """Return the fields of a map's entries, ``key`` and ``value``."""
    entry: Any = field.message_type  # never None for a map
    fields: Mapping[str, FieldDescriptor] = entry.fields_by_name
    return fields


def class_of(descriptor: Descriptor) -> type[Message]:
    """Return the class of a kind of message."""
    return message_factory.GetMessageClass(descriptor)
