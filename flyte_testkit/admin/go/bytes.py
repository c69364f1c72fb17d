"""Messages as Go serializes them, for the few places where FlyteAdmin shows or compares the bytes.

Go writes the members of oneofs after all other fields, Python every field by its number.

Ignorant of what the messages are.
"""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

__all__ = ["go_bytes", "varint"]

_LENGTH_DELIMITED = 2


def go_bytes(message: Message) -> bytes:
    """Serialize a message in Go's order of fields, entries of maps by their keys.

    Example:
        >>> from flyteidl.core import types_pb2
        >>> annotated = types_pb2.LiteralType(simple=types_pb2.INTEGER)
        >>> annotated.metadata.SetInParent()
        >>> list(go_bytes(annotated))
        [50, 0, 8, 1]
    """
    descriptors = [descriptor for descriptor, _ in message.ListFields()]
    descriptors.sort(key=lambda field: (field.containing_oneof is not None, field.number))
    return b"".join(_field(message, descriptor) for descriptor in descriptors)


def varint(number: int) -> bytes:
    """Write a number that is not negative as protobuf does, seven bits a byte."""
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*data, number])


def _field(message: Message, descriptor: FieldDescriptor) -> bytes:
    is_map = descriptor.message_type is not None and descriptor.message_type.GetOptions().map_entry
    if descriptor.type != FieldDescriptor.TYPE_MESSAGE or is_map:
        alone = type(message)()
        alone.MergeFrom(message)
        for other, _ in message.ListFields():
            if other.number != descriptor.number:
                alone.ClearField(other.name)
        return alone.SerializeToString(deterministic=True)
    value = getattr(message, descriptor.name)
    tag = varint(descriptor.number << 3 | _LENGTH_DELIMITED)
    inside = map(go_bytes, [value] if isinstance(value, Message) else value)
    return b"".join(tag + varint(len(data)) + data for data in inside)
