"""Rows that take the place of others, and rows that are there all together or not at all.

Ignorant of why they change.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flyteidl.admin import launch_plan_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyteidl.core import interface_pb2

    from flyte_testkit.admin.database.rows import LaunchPlanRow
    from flyte_testkit.admin.database.store import Store, Table

__all__ = ["adapted", "in_place_of", "whole"]


def in_place_of(old: Any, row: Any) -> Any:
    """Return a row with the number, the state and the times of the one that it takes over."""
    message = type(row.message)()
    message.CopyFrom(row.message)
    message.closure.created_at.CopyFrom(old.message.closure.created_at)
    kept: dict[str, Any] = {"id": old.id, "created_at": old.created_at}
    if isinstance(message, launch_plan_pb2.LaunchPlan):
        message.closure.updated_at.CopyFrom(old.message.closure.updated_at)
        message.closure.state = old.message.closure.state
        kept.update(workflow_id=old.workflow_id, state=old.state)
    return replace(row, **kept, updated_at=old.updated_at, message=message)


def adapted(row: LaunchPlanRow, expected: interface_pb2.ParameterMap) -> LaunchPlanRow:
    """Return a launch plan that expects these inputs, but for those that it fixes.

    Defaults of its own stay; what is new to it may be left out.
    """
    message = launch_plan_pb2.LaunchPlan()
    message.CopyFrom(row.message)
    parameters = message.closure.expected_inputs.parameters
    for key, parameter in expected.parameters.items():
        if key in message.spec.fixed_inputs.literals:
            continue
        own = parameters[key]
        default = own.default if own.HasField("default") else None
        own.CopyFrom(parameter)
        if default is not None:
            own.default.CopyFrom(default)
    message.spec.default_inputs.CopyFrom(message.closure.expected_inputs)
    return replace(row, message=message)


@contextmanager
def whole(store: Store) -> Iterator[None]:
    """Let several things be registered, or none of them."""
    tables: list[Table[Any]] = [store.launch_plans, store.workflows, store.tasks]
    before = [len(table) for table in tables]
    try:
        yield
    except BaseException:
        for table, count in zip(tables, before, strict=True):
            for row in list(table)[count:]:
                table.discard(*row.key)
        raise
