from __future__ import annotations

import pytest
from flyteidl.core import catalog_pb2
from flyteidl.core.execution_pb2 import TaskExecution, TaskLog
from flyteidl.event.event_pb2 import (
    ExternalResourceInfo,
    ResourcePoolInfo,
    TaskExecutionMetadata,
    WorkflowNodeMetadata,
)
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from flyte_testkit.admin.runs.task_merging import (
    merge_custom_info,
    merge_logs,
    merge_metadata,
    shown_logs,
    sorted_resources,
)


def struct(values):
    made = Struct()
    made.update(values)
    return made


# --- logs


def test_the_latest_logs_come_first_and_replace_those_of_their_uri_or_name():
    known = [TaskLog(uri="1", name="a"), TaskLog(uri="2", name="b"), TaskLog(uri="3", name="c")]
    latest = [TaskLog(uri="1", name="z"), TaskLog(uri="9", name="b")]

    merged = merge_logs(known, latest)

    assert [(log.uri, log.name) for log in merged] == [("1", "z"), ("9", "b"), ("3", "c")]


def test_logs_without_a_name_are_known_by_their_uri_alone():
    known = [TaskLog(uri="1"), TaskLog(uri="2"), TaskLog(name="n"), TaskLog()]

    assert merge_logs(known, [TaskLog(uri="2", message_format="CSV")])[1:] == [
        known[0],
        known[2],
        known[3],
    ]
    assert merge_logs(known, [TaskLog()]) == [TaskLog(), known[0], known[1]]


def test_no_latest_logs_leave_the_known_ones_even_repeated():
    known = [TaskLog(uri="1"), TaskLog(uri="1")]

    assert merge_logs(known, []) == known


LOGS = {
    "plain": TaskLog(),
    "early": TaskLog(ShowWhilePending=True),
    "late": TaskLog(HideOnceFinished=True),
    "both": TaskLog(ShowWhilePending=True, HideOnceFinished=True),
}


@pytest.mark.parametrize(
    ("phases", "shown"),
    [
        (("QUEUED", "INITIALIZING"), ["early", "both"]),
        (("SUCCEEDED", "FAILED", "ABORTED"), ["plain", "early"]),
        (("UNDEFINED", "WAITING_FOR_RESOURCES", "RUNNING", "RETRYABLE_FAILED"), [*LOGS]),
    ],
)
def test_phases_show_logs_by_their_flags(phases, shown):
    for phase in phases:
        left = shown_logs(LOGS.values(), TaskExecution.Phase.Value(phase))
        assert left == [LOGS[name] for name in shown]


# --- metadata


def test_what_is_set_replaces_and_what_is_not_stays():
    known = TaskExecutionMetadata(
        generated_name="g", plugin_identifier="container", instance_class="INTERRUPTIBLE"
    )

    assert merge_metadata(known, TaskExecutionMetadata()) == known
    known.instance_class = TaskExecutionMetadata.DEFAULT
    changed = TaskExecutionMetadata(
        generated_name="h", plugin_identifier="pod", instance_class="INTERRUPTIBLE"
    )
    assert merge_metadata(known, changed) == TaskExecutionMetadata(
        generated_name="h", plugin_identifier="pod", instance_class="INTERRUPTIBLE"
    )


def test_pools_are_always_the_latest():
    known = TaskExecutionMetadata(resource_pool_info=[ResourcePoolInfo(namespace="a")])

    assert not merge_metadata(known, TaskExecutionMetadata()).resource_pool_info
    latest = TaskExecutionMetadata(resource_pool_info=[ResourcePoolInfo(namespace="b")])
    assert merge_metadata(known, latest) == latest


def merged_resources(known, latest):
    return list(
        merge_metadata(
            TaskExecutionMetadata(external_resources=known),
            TaskExecutionMetadata(external_resources=latest),
        ).external_resources
    )


def test_resources_find_their_place_by_index_and_attempt():
    known = [ExternalResourceInfo(index=0), ExternalResourceInfo(index=2)]
    latest = [
        ExternalResourceInfo(index=1),
        ExternalResourceInfo(index=0, retry_attempt=1),
        ExternalResourceInfo(index=3),
    ]

    places = [(info.index, info.retry_attempt) for info in merged_resources(known, latest)]

    assert places == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0)]


def test_resources_without_an_index_fall_on_the_first():
    known = [ExternalResourceInfo(external_id="a"), ExternalResourceInfo(external_id="b")]

    merged = merged_resources(known, [ExternalResourceInfo(external_id="c")])

    assert [info.external_id for info in merged] == ["c", "b"]


def test_a_resource_takes_the_latest_phase_and_whatever_else_is_set():
    first = WorkflowNodeMetadata()
    first.execution_id.name = "first"
    known = ExternalResourceInfo(
        external_id="a",
        phase="RUNNING",
        cache_status="CACHE_HIT",
        workflow_node_metadata=first,
        custom_info=struct({"a": 1}),
        logs=[TaskLog(uri="1")],
    )
    known.log_context.primary_pod_name = "first"
    (bare,) = merged_resources([known], [ExternalResourceInfo()])
    expected = ExternalResourceInfo()
    expected.CopyFrom(known)
    expected.phase = TaskExecution.UNDEFINED
    assert bare == expected

    latest = ExternalResourceInfo(
        external_id="b",
        cache_status="CACHE_POPULATED",
        custom_info=struct({"b": 2}),
        logs=[TaskLog(uri="2")],
    )
    latest.log_context.primary_pod_name = "second"
    latest.workflow_node_metadata.execution_id.name = "second"
    (full,) = merged_resources([known], [latest])
    assert full.external_id == "b"
    assert full.cache_status == catalog_pb2.CACHE_POPULATED
    assert full.custom_info == struct({"b": 2})
    assert [log.uri for log in full.logs] == ["2", "1"]
    assert full.workflow_node_metadata == first
    assert full.log_context.primary_pod_name == "first"


def test_resources_sort_by_index_then_attempt():
    jumble = [
        ExternalResourceInfo(index=1, retry_attempt=1),
        ExternalResourceInfo(index=1),
        ExternalResourceInfo(index=0, retry_attempt=5),
    ]

    assert sorted_resources(jumble) == [jumble[2], jumble[1], jumble[0]]


def test_merging_leaves_its_arguments_alone():
    known = TaskExecutionMetadata(external_resources=[ExternalResourceInfo(phase="RUNNING")])
    before = known.SerializeToString()
    merge_metadata(known, TaskExecutionMetadata(external_resources=[ExternalResourceInfo()]))

    assert known.SerializeToString() == before


# --- custom info


@pytest.mark.parametrize(
    ("known", "latest", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": None}, {}),
        ({"a": 1}, {"b": None}, {"a": 1}),
        ({"a": None}, {"b": 1}, {"a": None, "b": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": None, "d": 3}}, {"a": {"b": 1, "d": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [1, 2]}, {"a": []}, {"a": []}),
        ({"a": {"b": 1}}, {"a": "text"}, {"a": "text"}),
        ({"a": "text"}, {"a": {"b": 1, "c": None}}, {"a": {"b": 1}}),
        ({}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
        ({"a": 1}, {"a": [None, {"b": None}]}, {"a": [None, {}]}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_custom_info_merges_like_a_json_merge_patch(known, latest, merged):
    result = merge_custom_info(struct(known), struct(latest))

    assert json_format.MessageToDict(result) == merged
