"""How a task execution's logs, metadata and custom info grow from event to event (§9.3).

Functions over messages: they return new ones and leave their arguments alone. Ignorant of rows and
requests.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from flyteidl.core.catalog_pb2 import CatalogCacheStatus
from flyteidl.core.execution_pb2 import TaskExecution
from flyteidl.event.event_pb2 import ExternalResourceInfo, TaskExecutionMetadata
from google.protobuf.struct_pb2 import Struct, Value

from flyte_testkit.propeller.phases import TASK_OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flyteidl.core.execution_pb2 import TaskLog

__all__ = [
    "TERMINAL",
    "merge_custom_info",
    "merge_logs",
    "merge_metadata",
    "shown_logs",
    "sorted_resources",
]

TERMINAL = frozenset(map(TaskExecution.Phase.Value, TASK_OUTCOMES))
"""The phases that nothing leaves; RETRYABLE_FAILED is none of them."""

_PENDING = frozenset({TaskExecution.QUEUED, TaskExecution.INITIALIZING})


# --- logs


def merge_logs(known: Iterable[TaskLog], latest: Iterable[TaskLog]) -> list[TaskLog]:
    """Return the latest logs, then the known ones that these do not replace.

    A log replaces those of its URI, and those of its name if it has one.
    """
    merged = [*latest]
    uris = {log.uri for log in merged}
    names = {log.name for log in merged if log.name}
    return merged + [log for log in known if log.uri not in uris and log.name not in names]


def shown_logs(logs: Iterable[TaskLog], phase: int) -> list[TaskLog]:
    """Return the logs that a task in this phase shows; FlyteAdmin forgets the others for good."""
    if phase in TERMINAL:
        return [log for log in logs if not log.HideOnceFinished]
    if phase in _PENDING:
        return [log for log in logs if log.ShowWhilePending]
    return [*logs]


# --- metadata


def merge_metadata(
    known: TaskExecutionMetadata, latest: TaskExecutionMetadata
) -> TaskExecutionMetadata:
    """Return the known metadata with what is newer in the latest.

    The pools are always those of the latest; external resources are merged one by one.
    """
    merged = TaskExecutionMetadata()
    merged.CopyFrom(known)
    if latest.generated_name:
        merged.generated_name = latest.generated_name
    if latest.plugin_identifier:
        merged.plugin_identifier = latest.plugin_identifier
    if latest.instance_class != TaskExecutionMetadata.DEFAULT:
        merged.instance_class = latest.instance_class
    del merged.resource_pool_info[:]
    merged.resource_pool_info.extend(latest.resource_pool_info)
    del merged.external_resources[:]
    merged.external_resources.extend(
        _merge_resources(known.external_resources, latest.external_resources)
    )
    return merged


def sorted_resources(
    resources: Iterable[ExternalResourceInfo],
) -> list[ExternalResourceInfo]:
    """Return external resources by index, then attempt."""
    return sorted(resources, key=_place)


def _place(resource: ExternalResourceInfo) -> tuple[int, int]:
    return resource.index, resource.retry_attempt


def _merge_resources(
    known: Iterable[ExternalResourceInfo], latest: Iterable[ExternalResourceInfo]
) -> list[ExternalResourceInfo]:
    """Put each of the latest in its place, upon the first known one that has the same."""
    merged = [*known]
    for resource in latest:
        at = bisect_left(merged, _place(resource), key=_place)
        if at < len(merged) and _place(merged[at]) == _place(resource):
            merged[at] = _merge_resource(merged[at], resource)
        else:
            merged.insert(at, resource)
    return merged


def _merge_resource(
    known: ExternalResourceInfo, latest: ExternalResourceInfo
) -> ExternalResourceInfo:
    merged = ExternalResourceInfo()
    merged.CopyFrom(known)
    merged.phase = latest.phase
    if latest.external_id:
        merged.external_id = latest.external_id
    if latest.cache_status != CatalogCacheStatus.CACHE_DISABLED:
        merged.cache_status = latest.cache_status
    del merged.logs[:]
    merged.logs.extend(merge_logs(known.logs, latest.logs))
    if latest.HasField("custom_info"):
        merged.custom_info.CopyFrom(latest.custom_info)
    return merged


# --- custom info


def merge_custom_info(known: Struct, latest: Struct) -> Struct:
    """Return the known object changed by the latest as by a JSON merge patch: null deletes.

    Example:
        >>> known, latest = Struct(), Struct()
        >>> known.update({"a": 1, "b": {"c": 2}})
        >>> latest.update({"a": None, "b": {"d": [3]}})
        >>> sorted(merge_custom_info(known, latest)["b"])
        ['c', 'd']
    """
    merged = Struct()
    merged.CopyFrom(known)
    for name, value in latest.fields.items():
        if _is_null(value):
            merged.fields.pop(name, None)
        elif value.HasField("struct_value") and merged.fields[name].HasField("struct_value"):
            inner = merge_custom_info(merged.fields[name].struct_value, value.struct_value)
            merged.fields[name].struct_value.CopyFrom(inner)
        else:
            merged.fields[name].CopyFrom(_without_nulls(value))
    return merged


def _is_null(value: Value) -> bool:
    return value.WhichOneof("kind") in (None, "null_value")


def _without_nulls(value: Value) -> Value:
    """Return a value whose objects, at any depth, have no nulls; lists keep theirs."""
    bare = Value()
    if value.HasField("struct_value"):
        bare.struct_value.CopyFrom(merge_custom_info(Struct(), value.struct_value))
    elif value.HasField("list_value"):
        bare.list_value.SetInParent()
        bare.list_value.values.extend(map(_without_nulls, value.list_value.values))
    else:
        bare.CopyFrom(value)
    return bare
