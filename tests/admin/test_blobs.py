from __future__ import annotations

import pytest
from builders import literals
from flyteidl.core import literals_pb2

from flyte_testkit.admin.database import blobs
from flyte_testkit.admin.errors import AdminError

PREFIX = "s3://my-s3-bucket/metadata"


def test_literals_read_back_from_where_they_were_put(store):
    uri = blobs.offload(store, literals(x=1), "p", "d", "e1", "inputs")

    assert uri == f"{PREFIX}/p/d/e1/inputs"
    assert blobs.read_literals(store, uri) == literals(x=1)


@pytest.mark.parametrize(
    ("part", "escaped"),
    [
        ("a b", "a%20b"),
        ("Ü", "%C3%9C"),
        ("a%20b", "a%20b"),
        ("it's", "it's"),
        ("it's mine", "it%27s%20mine"),
        ("a b-_.~$&+,:;=@c", "a%20b-_.~$&+,:;=@c"),
        ("a+b:c@d;e", "a+b:c@d;e"),
        ("/a", "a"),
        ("a/", "a"),
        ("", ""),
        ("a/./b", "a/b"),
    ],
)
def test_parts_are_escaped_as_a_path(part, escaped):
    assert blobs.reference("metadata", "p", part, "inputs") == f"{PREFIX}/p/{escaped}/inputs"


def test_a_part_may_climb_but_not_out_of_the_container():
    assert blobs.reference("metadata", "p", "../x", "inputs") == f"{PREFIX}/x/inputs"
    assert blobs.reference("metadata", "../../../x") == "s3://my-s3-bucket/x"


def test_what_follows_a_question_mark_or_a_hash_does_not_say_where_a_blob_lies(store):
    uri = blobs.offload(store, literals(x=1), "p", "d", "e1", "a?b", "offloaded_inputs")
    assert uri == f"{PREFIX}/p/d/e1/a?b/offloaded_inputs"
    other = blobs.offload(store, literals(x=2), "p", "d", "e1", "a#c d", "offloaded_outputs")
    assert other == f"{PREFIX}/p/d/e1/a#c%20d/offloaded_outputs"
    assert blobs.read_literals(store, uri) == literals(x=2)


def test_control_characters_make_no_place(store):
    with pytest.raises(AdminError) as refusal:
        blobs.offload(store, literals(), "p", "d", "e1", "a\nb", "inputs")

    assert refusal.value.message == (
        "Failed to construct data reference for [[p d e1 a\nb inputs]] with err: "
        "Reference is of an invalid format [s3://my-s3-bucket]: "
        'parse "metadata/p/d/e1/a\\nb/inputs": net/url: invalid control character in URL'
    )


def test_a_percent_sign_that_begins_no_escape_makes_no_place(store):
    with pytest.raises(AdminError) as refusal:
        blobs.offload(store, literals(), "p", "d", "e1", "a%b", "offloaded_outputs")

    assert refusal.value.code == "INTERNAL"
    assert refusal.value.message == (
        "Failed to construct data reference for [[p d e1 a%b offloaded_outputs]] with err: "
        "Reference is of an invalid format [s3://my-s3-bucket]: "
        'parse "metadata/p/d/e1/a%b/offloaded_outputs": invalid URL escape "%b/"'
    )
    assert not store.blobs


@pytest.mark.parametrize("uri", ["", "junk", "s3://elsewhere/x", f"{PREFIX}/nothing"])
def test_what_is_not_there_reads_as_no_literals(store, uri):
    assert blobs.read_literals(store, uri) == literals_pb2.LiteralMap()


def test_what_is_no_literal_map_reads_as_no_literals(store):
    store.blobs["s3://my-s3-bucket/x"] = b"\xff\xff"

    assert blobs.read_literals(store, "s3://my-s3-bucket/x") == literals_pb2.LiteralMap()


def test_a_blob_of_two_mebibytes_is_read_and_a_larger_one_is_not(store):
    def stored(size):
        padded = literals(x="a" * (size - 30))
        padded.literals["x"].scalar.primitive.string_value += "a" * (size - padded.ByteSize())
        assert padded.ByteSize() == size
        return blobs.read_literals(store, blobs.offload(store, padded, "x"))

    assert stored(2 * 2**20).literals
    assert not stored(2 * 2**20 + 1).literals
