from __future__ import annotations

from datetime import datetime, timezone

import pytest
from builders import NOW
from flyteidl.core.execution_pb2 import ExecutionError, TaskExecution, TaskLog
from flyteidl.event.event_pb2 import EventReason, ExternalResourceInfo, TaskExecutionMetadata
from google.protobuf.struct_pb2 import Struct
from run_builders import Runs, at, refusal

PHASES = TaskExecution.Phase.keys()
ENDS = {"SUCCEEDED", "FAILED", "ABORTED"}


@pytest.fixture
def runs(make, store):
    make.execution("e1")
    runs = Runs(store)
    runs.node("RUNNING", 5)
    return runs


def closure(runs):
    return runs.get_task().closure


def struct(**values):
    made = Struct()
    made.update(values)
    return made


# --- times


def test_times_are_those_of_the_events(runs):
    runs.task("QUEUED", 10)
    runs.task("RUNNING", 12, reported_at=at(13))
    assert closure(runs).updated_at == at(13)
    runs.task("SUCCEEDED", 20)

    told = closure(runs)
    assert (told.created_at, told.started_at, told.updated_at) == (at(10), at(12), at(20))
    assert told.duration.seconds == 8


def test_the_first_running_event_is_the_start_for_good(runs):
    runs.task("RUNNING", 10)
    runs.task("RUNNING", 20, phase_version=1)
    runs.task("QUEUED", 25)
    runs.task("RUNNING", 30, phase_version=2)
    assert closure(runs).started_at == at(10)

    runs.task("SUCCEEDED", 40)
    assert closure(runs).duration.seconds == 30


def test_the_start_may_come_after_waiting_and_initializing(runs):
    for seconds, phase in enumerate(("WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING")):
        runs.task(phase, seconds)

    assert closure(runs).started_at == at(2)


def test_an_end_cuts_the_start_to_microseconds(runs):
    runs.task("RUNNING", at(10, 123_456_789))
    assert closure(runs).started_at == at(10, 123_456_789)

    runs.task("FAILED", at(12, 500_000_001))
    assert closure(runs).started_at == at(10, 123_456_000)
    assert closure(runs).duration.ToNanoseconds() == 2_376_544_001


def test_an_end_that_comes_first_has_neither_start_nor_duration(runs):
    runs.task("ABORTED", 10)

    assert not closure(runs).HasField("started_at")
    assert not closure(runs).HasField("duration")


def test_an_end_at_no_time_is_refused(runs):
    runs.task("RUNNING", 10)

    assert refusal(runs.task, "FAILED", at(253_402_300_800), reported_at=at(11)) == (
        "INTERNAL",
        (
            "Failed to parse task execution occurred at timestamp: "
            "timestamp: seconds:253402300800 after 10000-01-01"
        ),
    )


def test_a_report_that_is_no_time_is_refused(runs):
    late = at(253_402_300_800)

    assert refusal(runs.task, "QUEUED", 10, reported_at=late) == (
        "INTERNAL",
        "failed to read event timestamp",
    )
    runs.task("QUEUED", 10)
    assert refusal(runs.task, "RUNNING", 11, reported_at=late) == (
        "INTERNAL",
        "failed to parse updated at timestamp",
    )


# --- results


@pytest.mark.parametrize("phase", PHASES)
def test_only_an_end_has_a_result(runs, phase):
    runs.task(phase, 10, error=ExecutionError(code="C"))
    runs.task(phase, 10, output_uri="s3://b/o", retry_attempt=1)

    assert runs.get_task(0).closure.HasField("error") is (phase in ENDS)
    assert bool(runs.get_task(1).closure.output_uri) is (phase in ENDS)


def test_an_empty_error_counts_and_an_empty_uri_does_not(runs):
    runs.task("FAILED", 10, error=ExecutionError())
    runs.task("SUCCEEDED", 10, output_uri="", retry_attempt=1)

    assert runs.get_task(0).closure.HasField("error")
    assert runs.get_task(1).closure.WhichOneof("output_result") is None


def test_the_first_inputs_stay(runs):
    runs.task("QUEUED", 10)
    runs.task("RUNNING", 11, input_uri="s3://b/first")
    runs.task("SUCCEEDED", 12, input_uri="s3://b/second")

    assert runs.get_task().input_uri == "s3://b/first"


# --- what the attempt is


def test_the_type_is_the_first_events_and_the_version_the_highest(runs):
    runs.task("QUEUED", 10, task_type="python-task", event_version=1)
    runs.task("RUNNING", 11, task_type="other", event_version=2)
    runs.task("SUCCEEDED", 12, event_version=1)

    assert closure(runs).task_type == "python-task"
    assert closure(runs).event_version == 2


def test_the_version_of_the_first_event_counts_too(runs):
    runs.task("QUEUED", 10, event_version=2)
    assert closure(runs).event_version == 2
    runs.task("RUNNING", 11, event_version=1)

    assert closure(runs).event_version == 2


def test_columns_follow_the_messages(runs, store):
    def moment(seconds):
        return datetime.fromtimestamp(seconds, timezone.utc)

    runs.task("QUEUED", 9, reported_at=at(10))
    (row,) = store.task_executions
    assert row.task_execution_created_at == moment(9)
    assert row.task_execution_updated_at == moment(10)

    runs.task("RUNNING", 11, reported_at=at(12), input_uri="s3://b/i")
    (row,) = store.task_executions
    assert row.input_uri == "s3://b/i"
    assert row.task_execution_created_at == moment(9)
    assert row.started_at == moment(11)
    assert row.task_execution_updated_at == moment(12)
    assert row.updated_at == NOW
    assert (row.phase, row.duration) == ("RUNNING", 0)


def test_a_type_that_was_empty_stays_empty(runs):
    runs.task("QUEUED", 10)
    runs.task("RUNNING", 11, task_type="python-task")

    assert closure(runs).task_type == ""


# --- reasons


def messages(runs):
    return [reason.message for reason in closure(runs).reasons]


def test_all_reasons_are_kept_and_the_last_is_the_reason(runs):
    runs.task("QUEUED", 10, reasons=[EventReason(reason="a", occurred_at=at(9)), EventReason()])
    runs.task("RUNNING", 11, reasons=[EventReason(reason="b"), EventReason(reason="b")])

    assert messages(runs) == ["a", "", "b", "b"]
    assert closure(runs).reasons[0].occurred_at == at(9)
    assert not closure(runs).reasons[1].HasField("occurred_at")
    assert closure(runs).reason == "b"


def test_events_without_reasons_keep_those_there_are(runs):
    runs.task("QUEUED", 10, reasons=[EventReason(reason="a")])
    runs.task("RUNNING", 11)

    assert messages(runs) == ["a"]
    assert closure(runs).reason == "a"


def test_the_old_single_reason_counts_when_it_is_new(runs):
    runs.task("QUEUED", 10, reason="a")
    runs.task("INITIALIZING", 11, reason="a")
    runs.task("RUNNING", 12, reason="b")
    runs.task("SUCCEEDED", 13, reason="")

    assert messages(runs) == ["a", "b"]
    assert [reason.occurred_at for reason in closure(runs).reasons] == [at(10), at(12)]
    assert closure(runs).reason == "b"


def test_the_single_reason_is_overlooked_beside_a_list(runs):
    runs.task("QUEUED", 10, reason="single", reasons=[EventReason(reason="listed")])

    assert messages(runs) == ["listed"]


# --- logs, custom info, metadata


def test_the_first_event_shows_all_its_logs(runs):
    logs = [TaskLog(uri="u", HideOnceFinished=True), TaskLog(uri="u")]
    runs.task("SUCCEEDED", 10, logs=logs)

    assert list(closure(runs).logs) == logs


def test_every_later_event_drops_what_its_phase_does_not_show(runs):
    runs.task("WAITING_FOR_RESOURCES", 10, logs=[TaskLog(uri="a"), TaskLog(uri="b")])
    runs.task("QUEUED", 11, logs=[TaskLog(uri="b", ShowWhilePending=True)])
    runs.task("RUNNING", 12)

    assert [log.uri for log in closure(runs).logs] == ["b"]


def test_custom_info_is_there_when_it_was_sent_even_empty(runs):
    runs.task("QUEUED", 10)
    runs.task("QUEUED", 10, custom_info=Struct(), retry_attempt=1)

    assert not runs.get_task(0).closure.HasField("custom_info")
    assert runs.get_task(1).closure.HasField("custom_info")


def test_custom_info_grows(runs):
    runs.task("QUEUED", 10, custom_info=struct(a=1, gone=2))
    runs.task("RUNNING", 11, custom_info=struct(b=3, gone=None))
    runs.task("SUCCEEDED", 12)

    assert closure(runs).custom_info == struct(a=1, b=3)


@pytest.mark.parametrize("first", [{"custom_info": struct(a=None)}, {}])
def test_nulls_of_the_first_custom_info_stay(runs, first):
    runs.task("QUEUED", 10, **first)
    runs.task("RUNNING", 11, custom_info=struct(a=None) if not first else struct())

    assert closure(runs).custom_info == struct(a=None)


def test_metadata_is_there_when_it_was_sent_even_empty(runs):
    runs.task("QUEUED", 10)
    runs.task("QUEUED", 10, metadata=TaskExecutionMetadata(), retry_attempt=1)

    assert not runs.get_task(0).closure.HasField("metadata")
    assert runs.get_task(1).closure.HasField("metadata")


def resources(runs):
    return [
        (info.index, info.retry_attempt, info.external_id)
        for info in closure(runs).metadata.external_resources
    ]


def test_the_first_events_resources_are_sorted_and_a_late_firsts_are_not(runs):
    jumble = TaskExecutionMetadata(
        external_resources=[
            ExternalResourceInfo(index=1, external_id="b"),
            ExternalResourceInfo(index=0, retry_attempt=1, external_id="a1"),
            ExternalResourceInfo(index=0, external_id="a"),
        ]
    )
    runs.task("QUEUED", 10, metadata=jumble)
    assert resources(runs) == [(0, 0, "a"), (0, 1, "a1"), (1, 0, "b")]

    runs.task("QUEUED", 10, retry_attempt=1)
    runs.task("RUNNING", 11, metadata=jumble, retry_attempt=1)
    assert runs.get_task(1).closure.metadata == jumble


def test_metadata_grows_and_stays_without_news(runs):
    first = TaskExecutionMetadata(generated_name="g", plugin_identifier="container")
    runs.task("QUEUED", 10, metadata=first)
    runs.task("RUNNING", 11, metadata=TaskExecutionMetadata(plugin_identifier="pod"))
    runs.task("SUCCEEDED", 12)

    assert closure(runs).metadata == TaskExecutionMetadata(
        generated_name="g", plugin_identifier="pod"
    )


def test_logs_of_resources_are_dropped_when_the_phase_changes_only(runs):
    shown = TaskLog(uri="a", HideOnceFinished=True)
    metadata = TaskExecutionMetadata(external_resources=[ExternalResourceInfo(logs=[shown])])
    runs.task("UNDEFINED", 10, metadata=metadata)
    runs.task("RUNNING", 11)
    runs.task("RUNNING", 12, phase_version=1, metadata=metadata)
    assert closure(runs).metadata.external_resources[0].logs

    runs.task("SUCCEEDED", 13)
    assert not closure(runs).metadata.external_resources[0].logs
