"""Cached tasks, event by event."""

import pytest
from flyteidl.core import catalog_pb2
from templates import Definitions
from walking import walking

from flyte_testkit import nodes, running
from flyte_testkit.propeller import places

RESERVATION = catalog_pb2.CatalogReservation
SLOW = running(60).succeeds()


def cached(*ids, serialized=False, **options):
    """Walk a workflow whose nodes all run one task, which is cached."""
    made = Definitions()
    made_nodes = [made.task(id_) for id_ in ids]
    for task in made.tasks:
        task.metadata.discoverable = True
        task.metadata.discovery_version = "1"
        task.metadata.cache_serializable = serialized
    first = made.tasks[0].id
    for node in made_nodes:
        node.task_node.reference_id.CopyFrom(first)
    del made.tasks[1:]
    return walking(made, made.workflow(*made_nodes), **options)


@pytest.fixture
def slow():
    return nodes.where().others(SLOW)


def metadata(walk, who, phase):
    (found,) = (event for event in walk.events(who) if event.phase == phase)
    return found.task_node_metadata


def test_what_is_made_is_told_with_the_end_and_nowhere_else(slow):
    with cached("n0", script=slow) as walk:
        walk.after(60)
        queued, runs, ends = walk.events("n0")
        assert not queued.HasField("task_node_metadata")
        assert not runs.HasField("task_node_metadata")
        told = ends.task_node_metadata
        assert told.cache_status == catalog_pb2.CACHE_POPULATED
        assert told.checkpoint_uri == places.checkpoint("run-n0-0")
        assert told.catalog_key.artifact_tag.name.startswith("flyte_cached-")


def test_who_reserves_says_so_when_it_runs_and_when_it_ends(slow):
    with cached("n0", serialized=True, script=slow) as walk:
        walk.after(60)
        _, runs, ends = (event.task_node_metadata for event in walk.events("n0"))
        assert runs.reservation_status == RESERVATION.RESERVATION_ACQUIRED
        assert ends.reservation_status == RESERVATION.RESERVATION_RELEASED
        assert ends.cache_status == catalog_pb2.CACHE_POPULATED


def test_who_waits_is_queued_and_says_nothing_until_it_finds_it(slow):
    with cached("n0", "n1", serialized=True, script=slow) as walk:
        walk.after(60)
        assert walk.told("n1") == ["N n1 QUEUED 0", "N n1 SUCCEEDED 60"]
        assert walk.told("n1#0") == []
        told = walk.events("n1")[-1].task_node_metadata
        assert told.cache_status == catalog_pb2.CACHE_HIT
        assert not told.reservation_status
        assert not told.checkpoint_uri
        assert walk.phase == "SUCCEEDED"
        assert walk.refused == []


def test_who_waits_can_be_stopped(slow):
    with cached("n0", "n1", serialized=True, script=slow) as walk:
        walk.after(30)
        walk.stop()
        walk.after(1)
        assert walk.told("n1") == ["N n1 QUEUED 0", "N n1 ABORTED 30.5"]


def test_a_node_may_say_otherwise_than_its_task(slow):
    made = Definitions()
    node = made.task("n0")
    node.metadata.cacheable = True
    node.metadata.cache_version = "7"
    node.metadata.cache_serializable = True
    with walking(made, made.workflow(node), script=slow) as walk:
        walk.after(60)
        told = walk.events("n0")[-1].task_node_metadata
        assert told.catalog_key.dataset_id.version.startswith("7-")
        assert told.reservation_status == RESERVATION.RESERVATION_RELEASED


def test_a_node_may_say_that_it_is_not_cached(slow):
    made = Definitions()
    node = made.task("n0")
    made.tasks[0].metadata.discoverable = True
    node.metadata.cacheable = False
    with walking(made, made.workflow(node), script=slow) as walk:
        walk.after(60)
        assert not walk.events("n0")[-1].task_node_metadata.HasField("catalog_key")
