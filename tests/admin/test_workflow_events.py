"""CreateWorkflowEvent (§9.1); which phase gives way to which is test_phase_matrix's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, NUL, execution_id, literals, refusal_of
from flyteidl.admin import event_pb2, execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.event import event_pb2 as core_event_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from flyte_testkit.admin.database import times
from flyte_testkit.admin.database.blobs import CONTAINER, read_literals

Phase = core_execution_pb2.WorkflowExecution.Phase


@pytest.fixture
def send(executions, make):
    """Sends an event to execution ``e1``, which is there; returns its row afterwards."""
    make.execution()

    def send(phase, at=1, **fields):
        if isinstance(phase, str):
            phase = Phase.Value(phase)
        fields.setdefault("execution_id", execution_id())
        if at is not None:
            fields["occurred_at"] = times.stamp(NOW + timedelta(seconds=at))
        event = core_event_pb2.WorkflowExecutionEvent(phase=phase, **fields)
        executions.create_workflow_event(
            event_pb2.WorkflowExecutionEventRequest(event=event), NOW + timedelta(hours=1)
        )
        return make.store.executions.get("p", "development", "e1")

    return send


@pytest.mark.parametrize("phase", ["RUNNING", "FAILED"])
def test_a_repeated_phase_is_refused_without_a_detail(send, phase):
    send(phase)

    assert refusal_of(send, phase).details == ()


def test_an_event_that_is_not_there_is_refused(executions):
    nothing = event_pb2.WorkflowExecutionEventRequest()

    refusal = refusal_of(executions.create_workflow_event, nothing, NOW)

    assert (refusal.code, refusal.message) == (
        "INVALID_ARGUMENT",
        "Workflow event handler was called without event",
    )


@pytest.mark.parametrize(("phase", "shown"), [("RUNNING", "phase:RUNNING"), ("UNDEFINED", "")])
def test_an_event_without_an_execution_is_refused_and_printed(executions, phase, shown):
    event = core_event_pb2.WorkflowExecutionEvent(phase=Phase.Value(phase))
    request = event_pb2.WorkflowExecutionEventRequest(event=event)

    refusal = refusal_of(executions.create_workflow_event, request, NOW)

    assert (refusal.code, refusal.message) == (
        "INVALID_ARGUMENT",
        f"Workflow event handler request event doesn't have an execution id - {shown}",
    )


def test_an_org_finds_the_execution_all_the_same_and_is_shown_in_refusals_of_its_phase(send):
    id_ = execution_id()
    id_.org = "acme"
    send("SUCCEEDED", execution_id=id_)

    for phase in ("SUCCEEDED", "FAILED"):
        assert refusal_of(send, phase, execution_id=id_).message.endswith(
            ' for workflow execution project:"p" domain:"development" name:"e1" org:"acme"'
        )


def test_an_unknown_execution_is_not_found_whatever_its_org(send):
    id_ = execution_id("e9")
    id_.org = "acme"

    refusal = refusal_of(send, "RUNNING", execution_id=id_)

    assert refusal.code == "NOT_FOUND"
    assert refusal.message == (
        "missing entity of type execution with identifier "
        'project:"p" domain:"development" name:"e9"'
    )


def test_outputs_of_more_than_two_mebibytes_are_refused_before_the_execution_is_looked_up(send):
    outputs = literals(x="a" * (2 * 2**20))

    refusal = refusal_of(send, "SUCCEEDED", execution_id=execution_id("e9"), output_data=outputs)

    assert refusal.code == "RESOURCE_EXHAUSTED"
    assert refusal.message == (
        f"Output data size exceeds platform configured threshold ({outputs.ByteSize()} > 2097152)"
    )


def test_outputs_of_two_mebibytes_are_taken_and_read_back_whole(send, make):
    outputs = literals(x="a" * (2 * 2**20 - 23))
    assert outputs.ByteSize() == 2 * 2**20

    row = send("SUCCEEDED", output_data=outputs)

    assert read_literals(make.store, row.message.closure.outputs.uri) == outputs


def test_an_empty_part_of_the_id_fits_any_execution_and_the_outputs_go_under_the_events_id(send):
    row = send("SUCCEEDED", execution_id=execution_id("", domain=""), output_data=literals(x=1))

    assert row.message.closure.outputs.uri == f"{CONTAINER}/metadata/p///offloaded_outputs"


def test_an_event_without_a_time_is_an_internal_error_and_changes_nothing(send, make):
    before = make.store.executions.get("p", "development", "e1")

    refusal = refusal_of(send, "SUCCEEDED", at=None, output_data=literals(x=1))

    assert (refusal.code, refusal.message) == (
        "INTERNAL",
        "Failed to parse OccurredAt: timestamp: nil Timestamp",
    )
    assert make.store.executions.get("p", "development", "e1") == before
    assert not make.store.blobs


# --- clusters


@pytest.mark.parametrize("phase", ["RUNNING", "UNDEFINED", "SUCCEEDED"])
def test_a_cluster_that_does_not_run_the_execution_is_refused(send, phase):
    send("SUCCEEDING")

    refusal = refusal_of(send, phase, producer_id="east")

    assert refusal.message == (
        "Cluster/producer from event [east] does not match existing workflow execution "
        "clusterInDB: []"
    )
    assert refusal.details[0].incompatible_cluster.cluster == "east"


def test_the_phase_is_compared_before_the_cluster_and_the_cluster_before_the_end(send):
    send("SUCCEEDED")

    assert refusal_of(send, "SUCCEEDED", producer_id="east").code == "ALREADY_EXISTS"
    assert refusal_of(send, "FAILED", producer_id="east").message.startswith("Cluster/producer")


@pytest.mark.parametrize("producer", ["", "propeller"])
def test_a_nameless_engine_may_always_speak(send, producer):
    send("QUEUED", producer_id="west")

    assert send("QUEUED", producer_id=producer).cluster == "west"
    assert send("RUNNING", producer_id=producer).cluster == "west"


@pytest.mark.parametrize("producer", ["Propeller", "propeller ", " "])
def test_only_the_exact_name_of_the_engine_is_nameless(send, producer):
    assert refusal_of(send, "RUNNING", producer_id=producer).code == "FAILED_PRECONDITION"


def test_a_queued_event_moves_the_execution_to_its_cluster(send):
    send("QUEUED", producer_id="west")
    row = send("QUEUED", producer_id="east")

    assert row.cluster == "east"
    assert row.message.spec.metadata.system_metadata.execution_cluster == "east"
    assert send("RUNNING", producer_id="east").phase == "RUNNING"


def test_a_queued_event_moves_what_runs_already_too(send):
    send("SUCCEEDING")

    assert send("QUEUED", producer_id="east").cluster == "east"
    assert send("UNDEFINED", producer_id="east").cluster == "east"


def test_a_queued_event_of_a_cluster_does_not_wake_what_has_ended(send):
    send("SUCCEEDED")

    refusal = refusal_of(send, "QUEUED", producer_id="east")

    assert refusal.code == "FAILED_PRECONDITION"
    assert refusal.message.startswith("Invalid phase change from SUCCEEDED to QUEUED for ")
    assert refusal.details[0].already_in_terminal_state.current_phase == "SUCCEEDED"


def test_an_archived_execution_in_an_archived_project_takes_events_as_ever(send, make):
    make.project(state=1)
    archived = make.store.executions.get("p", "development", "e1")
    make.store.executions.update(replace(archived, state=1))

    row = send("RUNNING")

    assert (row.phase, row.state) == ("RUNNING", 1)
    before, after = archived.message.closure, row.message.closure
    assert after.state_change_details == before.state_change_details


# --- phases without a name


def test_an_unknown_phase_is_stored_and_then_taken_for_undefined(send):
    assert send(42).phase == "42"
    assert send(42).message.closure.phase == 42
    assert refusal_of(send, "UNDEFINED").message.startswith("This phase UNDEFINED was already")
    assert send("RUNNING").phase == "RUNNING"


def test_an_unknown_phase_is_no_way_out_of_aborting_or_of_an_end(send):
    send("ABORTING")
    assert refusal_of(send, 42).message.startswith("Invalid phase change from aborting to 42 for")
    send("ABORTED")
    assert refusal_of(send, 42).message.startswith("Invalid phase change from ABORTED to 42 for")


# --- times


def test_running_starts_the_execution_each_time_and_nothing_stops_it_again(send):
    send("RUNNING", at=10)
    send("UNDEFINED", at=11)
    row = send("QUEUED", at=12)
    assert row.started_at == NOW + timedelta(seconds=10)

    row = send("RUNNING", at=20)
    assert row.started_at == NOW + timedelta(seconds=20)
    assert row.message.closure.started_at == times.stamp(row.started_at)


def test_an_end_has_a_duration_if_there_was_a_start(send):
    send("RUNNING", at=10)

    row = send("SUCCEEDED", at=70)

    assert row.duration == 60 * 10**9
    assert row.message.closure.duration.ToJsonString() == "60s"


def test_an_end_at_the_start_has_a_duration_of_nothing(send):
    send("RUNNING", at=10)

    assert send("FAILED", at=10).message.closure.HasField("duration")


def test_only_an_end_has_a_duration(send):
    send("RUNNING", at=10)

    row = send("SUCCEEDING", at=70)

    assert row.duration == 0
    assert not row.message.closure.HasField("duration")


def test_an_end_without_a_start_has_no_duration(send):
    row = send("FAILED", at=70)

    assert row.duration == 0
    assert not row.message.closure.HasField("duration")
    assert not row.message.closure.HasField("started_at")


def test_the_duration_counts_from_the_start_cut_to_microseconds(send):
    send("RUNNING", at=None, occurred_at=Timestamp(seconds=10, nanos=123_456_789))

    row = send("SUCCEEDED", at=None, occurred_at=Timestamp(seconds=20, nanos=123_456_789))

    assert row.message.closure.duration.ToJsonString() == "10.000000789s"


def test_the_update_time_is_the_events_and_may_go_back_before_the_creation(send):
    send("RUNNING", at=10)

    row = send("SUCCEEDED", at=-10)

    assert row.execution_updated_at == NOW - timedelta(seconds=10)
    assert row.message.closure.updated_at == times.stamp(row.execution_updated_at)
    assert row.message.closure.created_at == times.stamp(NOW)
    assert row.duration == -20 * 10**9
    assert row.updated_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("seconds", [-62_135_596_800, 0, 253_402_300_799])
def test_any_time_from_year_1_to_9999_is_taken(send, seconds):
    row = send("RUNNING", at=None, occurred_at=Timestamp(seconds=seconds))

    assert row.message.closure.started_at.seconds == seconds


def test_a_time_outside_those_years_is_an_internal_error(send):
    late = Timestamp(seconds=253_402_300_800)

    refusal = refusal_of(send, "RUNNING", at=None, occurred_at=late)

    assert (refusal.code, refusal.message) == (
        "INTERNAL",
        "Failed to parse OccurredAt: timestamp: seconds:253402300800 after 10000-01-01",
    )


def test_queueing_again_moves_the_update_time(send):
    send("QUEUED", at=10)

    assert send("QUEUED", at=20).execution_updated_at == NOW + timedelta(seconds=20)


# --- results


def error(**fields):
    return core_execution_pb2.ExecutionError(**fields)


@pytest.mark.parametrize("phase", ["RUNNING", "FAILING", "SUCCEEDED", "FAILED"])
def test_an_output_uri_is_kept_in_any_phase(send, phase):
    assert send(phase, output_uri="any text").message.closure.outputs.uri == "any text"


@pytest.mark.parametrize("phase", ["QUEUED", "SUCCEEDED", "FAILED"])
def test_inline_outputs_are_written_to_the_store_in_any_phase(send, make, phase):
    row = send(phase, output_data=literals(x=1))

    uri = f"{CONTAINER}/metadata/p/development/e1/offloaded_outputs"
    assert row.message.closure.outputs.uri == uri
    assert read_literals(make.store, uri) == literals(x=1)
    assert not row.message.closure.outputs.HasField("values")


def test_later_outputs_take_the_place_of_earlier_ones(send, make):
    first = send("RUNNING", output_data=literals(x=1)).message.closure.outputs.uri
    last = send("SUCCEEDED", output_data=literals(x=2)).message.closure.outputs.uri

    assert first == last
    assert read_literals(make.store, last) == literals(x=2)


def test_empty_outputs_are_outputs(send, make):
    uri = send("SUCCEEDED", output_data=literals()).message.closure.outputs.uri

    assert read_literals(make.store, uri) == literals()
    assert uri in make.store.blobs


def test_an_error_is_kept_in_message_and_columns(send):
    failed = error(code="C", message="m", kind=core_execution_pb2.ExecutionError.SYSTEM)

    row = send("RUNNING", error=failed)

    assert row.message.closure.error == failed
    assert (row.error_kind, row.error_code) == ("SYSTEM", "C")


def test_an_empty_error_wipes_the_last_one(send):
    send("FAILING", error=error(code="C", message="m", kind=core_execution_pb2.ExecutionError.USER))

    row = send("FAILED", error=error())

    assert row.message.closure.HasField("error")
    assert row.message.closure.error.message == ""
    assert (row.error_kind, row.error_code) == ("UNKNOWN", "")


def test_an_error_kind_without_a_name_is_its_number(send):
    assert send("FAILED", error=error(kind=7)).error_kind == "7"


def test_the_error_of_failing_survives_an_end_without_one_even_success(send):
    send("FAILING", error=error(code="C"))

    assert send("SUCCEEDED").message.closure.error.code == "C"


def test_outputs_replace_an_error_in_the_message_and_not_in_the_columns(send):
    send("FAILING", error=error(code="C"))

    row = send("SUCCEEDED", output_data=literals())

    assert row.message.closure.WhichOneof("output_result") == "outputs"
    assert row.error_code == "C"


def test_an_empty_output_uri_is_no_result(send):
    send("FAILING", error=error(code="C"))

    assert send("FAILED", output_uri="").message.closure.error.code == "C"


def test_a_nul_in_an_error_code_is_refused_by_the_database_and_one_in_its_message_is_kept(send):
    refusal = refusal_of(send, "FAILED", error=error(code="\0"))

    assert (refusal.code, refusal.message) == NUL
    assert send("FAILED", error=error(message="a\0b")).message.closure.error.message == "a\0b"


def test_an_end_that_nobody_asked_for_shows_an_empty_cause(send):
    row = send("ABORTED", error=error(code="C"))

    assert row.message.closure.WhichOneof("output_result") == "abort_metadata"
    assert row.message.closure.abort_metadata.cause == ""
    assert row.error_code == "C"


@pytest.fixture
def terminate(executions, identity):
    """Terminates ``e1`` on behalf of Ada."""

    def terminate(cause="enough"):
        with identity.acting_as("ada"):
            executions.terminate_execution(
                execution_pb2.ExecutionTerminateRequest(id=execution_id(), cause=cause), NOW
            )

    return terminate


@pytest.mark.parametrize("phase", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_the_cause_of_a_termination_survives_every_end_without_a_result(send, terminate, phase):
    terminate()

    row = send(phase)

    metadata = row.message.closure.abort_metadata
    assert (metadata.cause, metadata.principal) == ("enough", "ada")
    assert row.abort_cause == "enough"


@pytest.mark.parametrize(
    ("phase", "result", "shown"),
    [
        ("SUCCEEDED", {"output_uri": "s3://b/k"}, "outputs"),
        ("SUCCEEDED", {"output_data": literals(x=1)}, "outputs"),
        ("FAILED", {"error": error(code="C")}, "error"),
    ],
)
def test_a_result_replaces_the_cause_of_a_termination_in_the_message_only(
    send, terminate, phase, result, shown
):
    terminate()

    row = send(phase, **result)

    assert row.message.closure.WhichOneof("output_result") == shown
    assert row.abort_cause == "enough"


@pytest.mark.parametrize(
    "result",
    [{"error": error(code="C")}, {"output_uri": "s3://b/k"}, {"output_data": literals(x=1)}],
)
def test_an_abortion_with_a_result_shows_the_cause_and_forgets_who_it_was(send, terminate, result):
    terminate()

    metadata = send("ABORTED", **result).message.closure.abort_metadata

    assert (metadata.cause, metadata.principal) == ("enough", "")


def test_an_abortion_with_an_error_brings_back_a_cause_that_was_emptied(send, terminate):
    terminate("first")
    terminate("")

    assert send("ABORTED", error=error(code="C")).message.closure.abort_metadata.cause == "first"


def test_an_abortion_without_one_leaves_an_emptied_cause_empty(send, terminate):
    terminate("first")
    terminate("")

    assert send("ABORTED").message.closure.abort_metadata.cause == ""


def test_a_termination_replaces_an_error_in_the_message_and_not_in_the_columns(
    send, terminate, make
):
    send("FAILING", error=error(code="C", kind=core_execution_pb2.ExecutionError.USER))

    terminate()

    row = make.store.executions.get("p", "development", "e1")
    assert row.message.closure.WhichOneof("output_result") == "abort_metadata"
    assert (row.error_kind, row.error_code) == ("USER", "C")


def test_an_event_leaves_the_row_that_was_read_before_alone(send, make):
    before = make.store.executions.get("p", "development", "e1")
    copied = before.message.SerializeToString(deterministic=True)

    send("SUCCEEDED", output_uri="u")

    assert before.phase == "UNDEFINED"
    assert before.message.SerializeToString(deterministic=True) == copied
