"""What node events and task events have in common: times, inputs and results (§9.2, §9.3).

Both name these fields alike, and so do the closures that they fill. Ignorant of phases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from flyte_testkit.admin.database import blobs, texts, times
from flyte_testkit.admin.errors import internal

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.admin.node_execution_pb2 import NodeExecutionClosure
    from flyteidl.admin.task_execution_pb2 import TaskExecutionClosure
    from flyteidl.event.event_pb2 import NodeExecutionEvent, TaskExecutionEvent

    from flyte_testkit.admin.database.store import Store

    Event = NodeExecutionEvent | TaskExecutionEvent
    Closure = NodeExecutionClosure | TaskExecutionClosure

__all__ = [
    "column_time",
    "copy_times",
    "ended_after",
    "place_inputs",
    "place_result",
    "started_at",
    "storable",
]

RowT = TypeVar("RowT")


def copy_times(event: Event, closure: Closure, *, first: bool) -> None:
    """Write down when the event happened and when it was reported."""
    if first and event.HasField("occurred_at"):
        closure.created_at.CopyFrom(event.occurred_at)
    report = _report(event)
    if event.HasField(report):
        closure.updated_at.CopyFrom(getattr(event, report))
    else:
        closure.ClearField("updated_at")


def column_time(event: Event, *, reported: bool, refusal: str) -> datetime:
    """Return the event's time for a column: when it happened, or when that was reported.

    Raises:
        AdminError: It has no such time, or an invalid one; ``refusal`` says so.
    """
    try:
        return times.read(event, _report(event) if reported else "occurred_at")
    except times.InvalidTimeError:
        raise internal(refusal) from None


def _report(event: Event) -> str:
    """Name the field that tells when the event was reported; 1970 is as good as none."""
    report = event.reported_at
    return "reported_at" if report.seconds or report.nanos else "occurred_at"


def started_at(event: Event, closure: Closure) -> datetime:
    """Write down that the event is the start, and return the column's time.

    Raises:
        AdminError: The event has no valid time.
    """
    try:
        start = times.read(event, "occurred_at")
    except times.InvalidTimeError as error:
        raise internal(f"failed to unmarshal occurredAt with error: {error}") from None
    closure.started_at.CopyFrom(event.occurred_at)
    return start


def ended_after(event: Event, closure: Closure, start: datetime, *, kind: str) -> int:
    """Write down how long it took from the start until the event, and return the nanoseconds.

    Raises:
        AdminError: The event has no valid time.
    """
    try:
        times.read(event, "occurred_at")
    except times.InvalidTimeError as error:
        raise internal(f"Failed to parse {kind} occurred at timestamp: {error}") from None
    length = times.between(start, event.occurred_at)
    closure.duration.CopyFrom(times.duration(length))
    return length


def place_inputs(store: Store, event: Event, *path: str) -> str:
    """Return where the inputs are, after writing them there if the event carries them itself.

    Raises:
        AdminError: The path makes no URI.
    """
    if event.HasField("input_data"):
        return blobs.offload(store, event.input_data, *path, "offloaded_inputs")
    return str(event.input_uri)


def place_result(store: Store, event: Event, closure: Closure, *path: str) -> None:
    """Write down where the outputs are, or the error; an empty URI is neither.

    Raises:
        AdminError: The event carries outputs, and the path makes no URI.
    """
    if event.output_uri:
        closure.output_uri = event.output_uri
    elif event.HasField("output_data"):
        closure.output_uri = blobs.offload(store, event.output_data, *path, "offloaded_outputs")
    elif event.HasField("error"):
        closure.error.CopyFrom(event.error)


def storable(row: RowT) -> RowT:
    """Return a row that the database can hold.

    Raises:
        AdminError: There is a NUL in one of its texts.
    """
    texts.storable(*[text for text in vars(row).values() if text.__class__ is str])
    return row
