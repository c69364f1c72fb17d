"""Structs: JSON but for its numbers."""

from __future__ import annotations

import math

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from flyte_testkit import msgpack
from flyte_testkit.literals.structs import dict_of, packed, plain, struct_of

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), JSON))
def test_a_struct_is_written_and_read_as_protobuf_does_it(content):
    struct = struct_of(content)
    assert struct == json_format.ParseDict(content, struct_pb2.Struct())
    assert dict_of(struct) == content == json_format.MessageToDict(struct)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_numbers_that_are_no_json_come_back(number):
    read = dict_of(struct_of({"a": [{"b": number}]}))
    assert repr(read) == repr({"a": [{"b": number}]})


def test_a_value_without_a_kind_is_none():
    struct = struct_pb2.Struct()
    struct.fields["a"].SetInParent()
    assert dict_of(struct) == {"a": None}


def test_true_stays_true_and_one_becomes_a_float():
    read = dict_of(struct_of({"a": True, "b": 1}))
    assert [type(value) for value in (read["a"], read["b"])] == [bool, float]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({1: 2}, "its key 1 is no text"),
        ({"a": {None: 2}}, "its key None is no text"),
        ({"a": [b"x"]}, "b'x' is a bytes, which a Struct cannot hold"),
        ({"a": object}, "which a Struct cannot hold"),
    ],
)
def test_what_is_no_json_is_refused(content, why):
    with pytest.raises(TypeError, match=why):
        struct_of(content)


def test_an_integer_larger_than_any_float_is_refused():
    with pytest.raises(OverflowError):
        struct_of({"a": 10**400})


def test_what_msgpack_holds_says_so():
    binary = packed({"a": math.inf})
    assert (binary.tag, msgpack.unpack(binary.value)) == ("msgpack", {"a": math.inf})


def test_whoever_asks_says_what_to_make_of_the_rest():
    with pytest.raises(TypeError, match="which a dict of Flyte cannot hold"):
        plain({"a": {1}})
    assert plain({"a": [{1}]}, list) == {"a": [[1]]}
