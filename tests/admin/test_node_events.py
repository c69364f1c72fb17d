from __future__ import annotations

from datetime import datetime, timezone

import pytest
from builders import NOW, NUL, execution_id, literals, node_id, refusal_of
from flyteidl.admin import node_execution_pb2
from flyteidl.core import catalog_pb2
from flyteidl.core.execution_pb2 import ExecutionError, NodeExecution
from flyteidl.event import event_pb2
from run_builders import Runs, at, refusal

from flyte_testkit.admin.database import blobs

PHASES = NodeExecution.Phase.keys()
ENDS = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "SKIPPED", "RECOVERED"}
N0 = 'node_id:"n0" execution_id:{project:"p" domain:"development" name:"e1"}'


@pytest.fixture
def runs(make, store):
    make.execution("e1")
    return Runs(store)


def phase_of(node):
    return NodeExecution.Phase.Name(node.closure.phase)


# --- phases


@pytest.mark.parametrize("phase", PHASES)
def test_any_phase_may_come_first(runs, phase):
    runs.node(phase, 10)

    assert phase_of(runs.get_node()) == phase


@pytest.mark.parametrize("current", PHASES)
@pytest.mark.parametrize("coming", PHASES)
def test_a_phase_gives_way_to_any_other_unless_it_is_an_end(runs, current, coming):
    runs.node(current, 10)
    if current == coming:
        code, message = refusal(runs.node, coming, 11)
        assert code == "ALREADY_EXISTS"
        assert message == f"This phase was already recorded {coming} for {N0}"
    elif current in ENDS:
        code, message = refusal(runs.node, coming, 11)
        assert code == "FAILED_PRECONDITION"
        assert message == f"Invalid phase change from {current} to {coming} for node execution 1"
    else:
        runs.node(coming, 11)
        assert phase_of(runs.get_node()) == coming


def test_the_detail_of_a_change_after_the_end_names_the_phase_that_was_asked_for(runs):
    runs.node("FAILED", 10)

    (detail,) = refusal_of(runs.node, "RUNNING", 11).details
    assert detail.already_in_terminal_state.current_phase == "RUNNING"


def test_a_phase_without_a_name_is_kept_and_then_taken_for_undefined(runs):
    runs.node(99, 10)
    runs.node(99, 11)

    assert runs.get_node().closure.phase == 99
    assert refusal(runs.node, "UNDEFINED", 12) == (
        "ALREADY_EXISTS",
        f"This phase was already recorded UNDEFINED for {N0}",
    )


def test_a_refusal_shows_a_phase_without_a_name_as_its_number(runs):
    runs.node("ABORTED", 10)

    _, message = refusal(runs.node, -1, 11)

    assert message == "Invalid phase change from ABORTED to -1 for node execution 1"


@pytest.mark.parametrize("phase", ["ABORTED", "SUCCEEDED", "FAILED"])
def test_events_are_taken_after_the_workflow_has_ended(make, store, phase):
    make.execution("e1", phase=phase)
    runs = Runs(store)

    runs.node("RUNNING", 10)

    assert phase_of(runs.get_node()) == "RUNNING"


# --- times


def test_times_are_those_of_the_events(runs):
    runs.node("QUEUED", 10)
    runs.node("RUNNING", 12)
    runs.node("SUCCEEDED", 15)

    closure = runs.get_node().closure
    assert closure.created_at == at(10)
    assert closure.started_at == at(12)
    assert closure.updated_at == at(15)
    assert closure.duration.seconds == 3


def test_the_update_is_when_the_event_was_reported(runs):
    runs.node("RUNNING", 10, reported_at=at(30))

    closure = runs.get_node().closure
    assert (closure.created_at, closure.started_at) == (at(10), at(10))
    assert closure.updated_at == at(30)


def test_a_report_in_1970_is_no_report(runs):
    runs.node("QUEUED", 10, reported_at=at(0))

    assert runs.get_node().closure.updated_at == at(10)


def test_a_duration_counts_nanoseconds_from_a_start_of_microseconds(runs):
    runs.node("RUNNING", at(10, 123_456_789))
    runs.node("SUCCEEDED", at(12, 500_000_001))

    closure = runs.get_node().closure
    assert closure.started_at == at(10, 123_456_789)
    assert closure.duration.ToNanoseconds() == 2_376_544_001


def test_an_older_event_is_taken_and_makes_a_negative_duration(runs):
    runs.node("RUNNING", 20)
    runs.node("FAILED", 15)

    closure = runs.get_node().closure
    assert closure.duration.seconds == -5
    assert closure.updated_at == at(15)


def test_every_running_event_is_a_new_start(runs):
    runs.node("RUNNING", 10)
    runs.node("QUEUED", 11)
    assert runs.get_node().closure.started_at == at(10)

    runs.node("RUNNING", 12)
    assert runs.get_node().closure.started_at == at(12)


def test_a_node_that_never_ran_has_no_duration(runs):
    runs.node("QUEUED", 10)
    runs.node("SUCCEEDED", 12)

    assert not runs.get_node().closure.HasField("duration")


def test_the_first_event_needs_a_time(runs):
    assert refusal(runs.node, "QUEUED") == ("INTERNAL", "failed to read event timestamp")
    assert refusal(runs.node, "QUEUED", reported_at=at(5)) == (
        "INTERNAL",
        "failed to read event timestamp",
    )
    assert refusal(runs.node, "RUNNING") == (
        "INTERNAL",
        "failed to unmarshal occurredAt with error: timestamp: nil Timestamp",
    )
    assert runs.list_nodes() == []


def test_a_later_event_needs_a_time_of_its_report(runs):
    runs.node("RUNNING", 10)

    assert refusal(runs.node, "QUEUED") == ("INTERNAL", "failed to parse updated at timestamp")
    assert refusal(runs.node, "SUCCEEDED") == (
        "INTERNAL",
        "Failed to parse node execution occurred at timestamp: timestamp: nil Timestamp",
    )
    runs.node("QUEUED", reported_at=at(12))
    assert runs.get_node().closure.updated_at == at(12)


def test_an_end_without_a_time_is_taken_if_the_node_never_ran(runs):
    runs.node("QUEUED", 10)
    runs.node("SUCCEEDED", reported_at=at(12))

    assert phase_of(runs.get_node()) == "SUCCEEDED"


# --- results


@pytest.mark.parametrize("phase", PHASES)
def test_only_an_end_has_a_result(runs, phase):
    runs.node("UNDEFINED", 9)
    if phase != "UNDEFINED":
        runs.node(phase, 10, output_uri="s3://b/o", deck_uri="s3://b/d")

    closure = runs.get_node().closure
    assert closure.output_uri == ("s3://b/o" if phase in ENDS else "")
    assert closure.deck_uri == ("s3://b/d" if phase in {*ENDS, "RUNNING"} else "")


def test_an_end_without_a_deck_clears_the_deck(runs):
    runs.node("RUNNING", 10, deck_uri="s3://b/d")
    runs.node("ABORTED", 11)

    assert runs.get_node().closure.deck_uri == ""


def test_an_error_is_kept_whole_whatever_the_end(runs, store):
    error = ExecutionError(
        code="C", message="m", error_uri="u", kind="SYSTEM", timestamp=at(3), worker="w"
    )
    runs.node("SUCCEEDED", 10, error=error)

    assert runs.get_node().closure.error == error
    (row,) = store.node_executions
    assert (row.error_kind, row.error_code) == ("SYSTEM", "C")


def test_an_empty_error_is_an_error_of_unknown_kind(runs, store):
    runs.node("FAILED", 10, error=ExecutionError())

    assert runs.get_node().closure.HasField("error")
    (row,) = store.node_executions
    assert (row.error_kind, row.error_code) == ("UNKNOWN", "")


def test_inline_data_is_written_to_the_store_and_read_back(runs):
    runs.node("QUEUED", 10, input_data=literals(x=1))
    runs.node("SUCCEEDED", 11, output_data=literals(y=2))

    node = runs.get_node()
    place = f"{blobs.CONTAINER}/metadata/p/development/e1/n0"
    assert node.input_uri == f"{place}/offloaded_inputs"
    assert node.closure.output_uri == f"{place}/offloaded_outputs"
    data = runs.node_data()
    assert data.full_inputs == literals(x=1)
    assert data.full_outputs == literals(y=2)


def test_even_no_inputs_are_written_down(runs, store):
    runs.node("QUEUED", 10, input_data=literals())

    assert runs.get_node().input_uri in store.blobs
    (row,) = store.node_executions
    assert row.input_uri == runs.get_node().input_uri


def test_outputs_of_nodes_may_have_any_weight(runs):
    heavy = literals(y="x" * 2**21)
    runs.node("SUCCEEDED", 10, output_data=heavy)

    assert runs.get_node().closure.output_uri


def test_a_refused_event_writes_no_data(runs):
    runs.node("SUCCEEDED", 10, output_data=literals(y=2))
    refusal(runs.node, "SUCCEEDED", 11, output_data=literals(y=3))
    refusal(runs.node, "FAILED", 11, output_data=literals(y=3))

    assert runs.node_data().full_outputs == literals(y=2)


def test_data_has_no_place_in_a_node_whose_id_is_no_part_of_a_url(runs):
    runs.node("QUEUED", 10, node="a%b")

    code, message = refusal(runs.node, "SUCCEEDED", 11, node="a%b", output_data=literals(y=1))

    assert code == "INTERNAL"
    assert message == (
        "Failed to construct data reference for [[p development e1 a%b offloaded_outputs]] "
        "with err: Reference is of an invalid format [s3://my-s3-bucket]: "
        'parse "metadata/p/development/e1/a%b/offloaded_outputs": invalid URL escape "%b/"'
    )
    assert phase_of(runs.get_node("a%b")) == "QUEUED"


def test_the_first_inputs_stay(runs):
    runs.node("QUEUED", 10, input_uri="s3://b/first")
    runs.node("RUNNING", 11, input_uri="s3://b/second")

    assert runs.get_node().input_uri == "s3://b/first"


def test_inputs_may_come_later(runs, store):
    runs.node("QUEUED", 10)
    runs.node("RUNNING", 11, input_uri="s3://b/i")

    assert runs.get_node().input_uri == "s3://b/i"
    (row,) = store.node_executions
    assert row.input_uri == "s3://b/i"
    assert row.node_execution_updated_at == datetime.fromtimestamp(11, timezone.utc)
    assert row.updated_at == NOW


# --- metadata


def test_the_first_event_names_the_node_and_its_group(runs):
    runs.node("QUEUED", 10, spec_node_id="n0", retry_group="1", node_name="not kept")
    runs.node("RUNNING", 11, spec_node_id="other", retry_group="2")

    metadata = runs.get_node().metadata
    assert metadata == node_execution_pb2.NodeExecutionMetaData(spec_node_id="n0", retry_group="1")


def test_later_events_set_flags_and_never_clear_them(runs):
    runs.node("QUEUED", 10)
    runs.node("RUNNING", 11, is_parent=True, is_eager=True)
    runs.node("DYNAMIC_RUNNING", 12, is_dynamic=True, is_in_dynamic_chain=True)
    runs.node("RUNNING", 13, is_array=True)
    runs.node("SUCCEEDED", 14)

    assert runs.get_node().metadata == node_execution_pb2.NodeExecutionMetaData(
        is_array=True, is_parent_node=True, is_dynamic=True
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("is_parent", "is_parent_node"),
        ("is_dynamic", "is_dynamic"),
        ("is_array", "is_array"),
        ("is_eager", None),
        ("is_in_dynamic_chain", None),
    ],
)
def test_the_first_event_sets_the_flags_that_are_kept(runs, sent, kept):
    runs.node("QUEUED", 10, **{sent: True})

    metadata = {kept: True} if kept else {}
    assert runs.get_node().metadata == node_execution_pb2.NodeExecutionMetaData(**metadata)


def test_the_status_of_the_cache_counts_only_with_its_key(runs, store):
    hit = event_pb2.TaskNodeMetadata(
        cache_status="CACHE_HIT", catalog_key=catalog_pb2.CatalogMetadata()
    )
    keyless = event_pb2.TaskNodeMetadata(
        cache_status="CACHE_SKIPPED", checkpoint_uri="s3://b/c", reservation_status=1
    )
    runs.node("RUNNING", 10, task_node_metadata=hit)
    kept = runs.get_node().closure.task_node_metadata
    assert kept.cache_status == catalog_pb2.CACHE_HIT
    assert kept.HasField("catalog_key")

    runs.node("SUCCEEDED", 11, task_node_metadata=keyless)
    kept = runs.get_node().closure.task_node_metadata
    assert kept == node_execution_pb2.TaskNodeMetadata(checkpoint_uri="s3://b/c")
    (row,) = store.node_executions
    assert row.cache_status == "CACHE_HIT"


def test_empty_metadata_of_a_task_shows_as_empty(runs):
    runs.node("SUCCEEDED", 10, task_node_metadata=event_pb2.TaskNodeMetadata())

    assert runs.get_node().closure.HasField("task_node_metadata")


def test_a_launched_execution_is_remembered_and_looked_up_from_the_second_event_on(make, runs):
    child = execution_id("far", project="q")
    metadata = event_pb2.WorkflowNodeMetadata(execution_id=child)
    runs.node("QUEUED", 10, workflow_node_metadata=metadata)
    assert runs.get_node().closure.WhichOneof("target_metadata") is None

    make.execution("far", project="q")
    runs.node("RUNNING", 11, workflow_node_metadata=metadata)
    assert runs.get_node().closure.workflow_node_metadata.executionId == child


def test_the_first_launched_execution_stays_but_others_are_looked_up(make, runs):
    first = make.execution("first").message.id
    second = make.execution("second").message.id
    runs.node("QUEUED", 10)
    for phase, id_ in (("RUNNING", first), ("DYNAMIC_RUNNING", second)):
        metadata = event_pb2.WorkflowNodeMetadata(execution_id=id_)
        runs.node(phase, 11, workflow_node_metadata=metadata)
    missing = event_pb2.WorkflowNodeMetadata(execution_id=node_id("", "nowhere").execution_id)

    code, message = refusal(runs.node, "SUCCEEDED", 12, workflow_node_metadata=missing)
    assert code == "NOT_FOUND"
    nowhere = 'project:"p" domain:"development" name:"nowhere"'
    assert message == f"missing entity of type execution with identifier {nowhere}"
    assert runs.get_node().closure.workflow_node_metadata.executionId == first


def test_a_launched_execution_without_an_id_is_dropped(runs):
    runs.node("QUEUED", 10)
    runs.node("RUNNING", 11, workflow_node_metadata=event_pb2.WorkflowNodeMetadata())

    assert runs.get_node().closure.WhichOneof("target_metadata") is None


def test_the_metadata_of_a_task_and_a_launched_execution_replace_each_other(make, runs):
    child = make.execution("child").message.id
    checkpoint = event_pb2.TaskNodeMetadata(checkpoint_uri="s3://b/c")
    runs.node("QUEUED", 10, task_node_metadata=checkpoint)
    runs.node(
        "RUNNING", 11, workflow_node_metadata=event_pb2.WorkflowNodeMetadata(execution_id=child)
    )
    assert runs.get_node().closure.WhichOneof("target_metadata") == "workflow_node_metadata"

    runs.node("SUCCEEDED", 12, task_node_metadata=checkpoint)
    assert runs.get_node().closure.WhichOneof("target_metadata") == "task_node_metadata"


def test_a_refused_event_changes_nothing(runs):
    runs.node("FAILED", 10, spec_node_id="n0")
    before = runs.get_node()
    refusal(runs.node, "FAILED", 11, is_parent=True, input_uri="s3://b/i", deck_uri="s3://b/d")

    assert runs.get_node() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"node": "n\0"},
        {"input_uri": "s3://\0"},
        {"error": ExecutionError(code="\0")},
    ],
    ids=["node id", "input uri", "error code"],
)
def test_the_database_holds_no_nul(runs, fields):
    assert refusal(runs.node, "FAILED", 10, **fields) == NUL
    assert runs.list_nodes() == []
