from __future__ import annotations

import pytest
from builders import literals
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from google.protobuf import any_pb2, struct_pb2

from flyte_testkit.admin.go.prototext import prototext


def test_prints_fields_with_one_blank_between_and_none_after_the_colon():
    id_ = identifier_pb2.Identifier(resource_type=identifier_pb2.TASK, project="p", domain="d")
    assert prototext(id_) == 'resource_type:TASK project:"p" domain:"d"'


def test_prints_messages_inside_in_braces():
    scalar = literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=3))
    assert prototext(scalar) == "primitive:{integer:3}"


def test_leaves_out_what_is_at_its_default_but_not_in_a_oneof():
    assert prototext(identifier_pb2.Identifier()) == ""
    assert prototext(types_pb2.LiteralType(simple=types_pb2.NONE)) == "simple:NONE"


def test_prints_a_message_that_is_nil():
    assert prototext(None) == "<nil>"


def test_prints_the_number_of_an_enum_without_a_name():
    assert prototext(identifier_pb2.Identifier(resource_type=17)) == "resource_type:17"


def test_follows_the_order_of_declaration_not_of_numbers():
    kind = types_pb2.LiteralType(
        union_type=types_pb2.UnionType(), structure=types_pb2.TypeStructure(tag="t")
    )
    kind.metadata.SetInParent()
    assert prototext(kind) == 'union_type:{} metadata:{} structure:{tag:"t"}'


def test_prints_maps_by_key():
    assert prototext(literals(b=2, a=1)) == (
        'literals:{key:"a" value:{scalar:{primitive:{integer:1}}}} '
        'literals:{key:"b" value:{scalar:{primitive:{integer:2}}}}'
    )


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('say "hi"', r"say \"hi\""),
        ("a\\b", r"a\\b"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("\x01\x1f", r"\x01\x1f"),
        ("\x7f", r"\x7f"),
        ("\x85", r"\u0085"),
        ("it's é ☃", "it's é ☃"),
    ],
)
def test_escapes_texts_as_go_does(text, printed):
    assert prototext(identifier_pb2.Identifier(name=text)) == f'name:"{printed}"'


def test_prints_bytes_that_are_text_as_text_and_others_as_escapes():
    binary = literals_pb2.Binary(value=b"\x81\xa1a\xc3\xa9")
    assert prototext(binary) == r'value:"\x81\xa1aé"'


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        (1.0, "1"),
        (0.5, "0.5"),
        (123456.5, "123456.5"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.5e300, "-2.5e+300"),
        (0.0, "0"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "nan"),
    ],
)
def test_prints_floats_as_go_does(number, printed):
    assert prototext(literals_pb2.Primitive(float_value=number)) == f"float_value:{printed}"


def test_prints_booleans_in_lower_case():
    assert prototext(literals_pb2.Primitive(boolean=True)) == "boolean:true"
    assert prototext(literals_pb2.Primitive(boolean=False)) == "boolean:false"


def test_opens_what_is_packed_if_its_type_is_known():
    packed = any_pb2.Any()
    packed.Pack(identifier_pb2.Identifier(project="p"))
    assert prototext(packed) == ('[type.googleapis.com/flyteidl.core.Identifier]:{project:"p"}')
    assert prototext(any_pb2.Any(type_url="x/y", value=b"1")) == 'type_url:"x/y" value:"1"'


def test_prints_loose_values_whose_lists_are_messages():
    loose = struct_pb2.Struct()
    loose.update({"a": [1, "x"]})
    assert prototext(loose) == (
        'fields:{key:"a" value:{list_value:{values:{number_value:1} values:{string_value:"x"}}}}'
    )
