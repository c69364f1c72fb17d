"""A catalogue: which runs of a task are the same, and who makes what others wait for."""

import pytest
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2

from flyte_testkit import literals
from flyte_testkit.engine.catalogue import Catalogue, Key
from flyte_testkit.literals import literal_map

TASK = identifier_pb2.Identifier(project="p", domain="d", name="etl.extract", version="v1")
INTERFACE = interface_pb2.TypedInterface()
NOTHING = literals_pb2.LiteralMap()


def key(version="1", *, task=TASK, interface=INTERFACE, ignored=(), **inputs):
    return Key.of(task, version, interface, literal_map(inputs), ignored)


def outputs(value):
    return literal_map({"o0": value})


def test_a_key_is_of_the_inputs():
    assert key(a=1, b=2) == key(b=2, a=1)
    assert len({key(a=1), key(a=2), key(a=1.0), key(a="1"), key(b=1), key()}) == 6


def test_inputs_that_are_ignored_do_not_count():
    assert key(a=1, b=2, ignored=["b"]) == key(a=1, b=3, ignored=["b"])
    assert key(a=1, b=2, ignored=["b"]) != key(a=2, b=2, ignored=["b"])


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"k": x}])
def test_what_brings_its_own_hash_is_told_by_that(wrap):
    def hashed(uri, hash_):
        given = literals.literal_map({"a": wrap(uri)})
        inner = given.literals["a"]
        if inner.HasField("collection"):
            inner = inner.collection.literals[0]
        if inner.HasField("map"):
            inner = inner.map.literals["k"]
        inner.hash = hash_
        return Key.of(TASK, "1", INTERFACE, given)

    assert hashed("s3://one", "same") == hashed("s3://other", "same")
    assert hashed("s3://one", "same") != hashed("s3://one", "another")


@pytest.mark.parametrize("part", ["project", "domain", "name"])
def test_a_key_is_of_the_task(part):
    other = identifier_pb2.Identifier()
    other.CopyFrom(TASK)
    setattr(other, part, "other")
    assert key(task=other) != key()


def test_a_key_is_of_the_cache_version_and_not_of_the_tasks():
    other = identifier_pb2.Identifier()
    other.CopyFrom(TASK)
    other.version = "v2"
    assert key(task=other) == key()
    assert key("2") != key()


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_key_is_of_the_interface(side):
    other = interface_pb2.TypedInterface()
    getattr(other, side).variables["a"].type.simple = 1
    assert key(interface=other) != key()


def test_the_first_artifact_is_the_one_that_is_found():
    catalogue = Catalogue()
    one = catalogue.store(key(), outputs(1), None)
    other = catalogue.store(key(), outputs(2), None)
    assert one.artifact_tag.artifact_id != other.artifact_tag.artifact_id
    assert one.artifact_tag.name == other.artifact_tag.name
    found = catalogue.find(key())
    assert (found.id, found.outputs) == (one.artifact_tag.artifact_id, outputs(1))


def test_an_artifact_that_is_overwritten_keeps_its_id():
    catalogue = Catalogue()
    one = catalogue.store(key(), outputs(1), None)
    source = identifier_pb2.TaskExecutionIdentifier(task_id=TASK)
    other = catalogue.store(key(), outputs(2), source, overwrites=True)
    assert other.artifact_tag == one.artifact_tag
    assert other.source_task_execution == source
    assert catalogue.find(key()).outputs == outputs(2)


def test_overwriting_what_is_not_there_is_storing_it():
    told = Catalogue().store(
        key(), outputs(1), identifier_pb2.TaskExecutionIdentifier(), overwrites=True
    )
    assert not told.HasField("source_task_execution")


def test_what_is_held_replaces_what_is_otherwise():
    catalogue, source = Catalogue(), identifier_pb2.TaskExecutionIdentifier()
    one = catalogue.hold(key(), outputs(1), source)
    assert catalogue.hold(key(), outputs(1), source) is one
    assert catalogue.hold(key(), outputs(2), source).outputs == outputs(2)


def test_one_reserves_and_the_others_do_not():
    heard = []
    catalogue = Catalogue(lambda: heard.append("stirred"))
    assert catalogue.reserve(key(), "one")
    assert catalogue.reserve(key(), "one")
    assert not catalogue.reserve(key(), "other")
    catalogue.release(key(), "other")
    assert catalogue.is_reserved(key())
    assert heard == []
    catalogue.release(key(), "one")
    assert heard == ["stirred"]
    assert catalogue.reserve(key(), "other")


def test_ids_are_the_same_in_each_run():
    one, other = (Catalogue().store(key(), NOTHING, None) for _ in range(2))
    assert one == other
