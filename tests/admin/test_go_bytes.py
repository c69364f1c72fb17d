from __future__ import annotations

import pytest
from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from flyte_testkit.admin.go.bytes import go_bytes, varint


def test_members_of_oneofs_come_last():
    struct = types_pb2.LiteralType(simple=types_pb2.STRUCT)
    struct.metadata.update({"title": "A"})
    assert list(go_bytes(struct)) == [
        *(50, 14, 10, 12, 10, 5, 116, 105, 116, 108, 101, 18, 3, 26, 1, 65),
        *(8, 9),
    ]


def test_so_they_do_inside():
    inner = types_pb2.LiteralType(simple=types_pb2.INTEGER)
    inner.metadata.SetInParent()
    outer = types_pb2.LiteralType(collection_type=inner)
    assert list(go_bytes(outer)) == [26, 4, 50, 0, 8, 1]


@pytest.mark.parametrize(
    "message",
    [
        types_pb2.LiteralType(),
        types_pb2.LiteralType(enum_type=types_pb2.EnumType(values=["a", "b" * 200])),
        types_pb2.LiteralType(
            union_type=types_pb2.UnionType(
                variants=[
                    types_pb2.LiteralType(simple=types_pb2.INTEGER),
                    types_pb2.LiteralType(simple=types_pb2.STRING),
                ]
            )
        ),
        interface_pb2.VariableMap(
            variables={name: interface_pb2.Variable(description=name) for name in "ba"}
        ),
        literals_pb2.Literal(
            scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=-1))
        ),
    ],
)
def test_messages_whose_oneofs_stand_alone_look_the_same_in_python(message):
    assert go_bytes(message) == message.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    ("number", "data"), [(0, [0]), (127, [127]), (128, [128, 1]), (300, [172, 2])]
)
def test_numbers_take_seven_bits_a_byte(number, data):
    assert list(varint(number)) == data
