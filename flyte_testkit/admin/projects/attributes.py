"""Attributes that match executions by project, domain and workflow: how they are looked up (§15).

The most specific row that fits is the one that counts.
Ignorant of requests (those are :mod:`~flyte_testkit.admin.projects.resource_manager`'s) and of
what an execution does with what is found.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from flyteidl.admin import matchable_resource_pb2

from flyte_testkit.admin.settings import TASK_LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.admin.database.rows import AttributesRow
    from flyte_testkit.admin.database.store import Store

__all__ = ["Attributes", "kind_name", "kind_of"]

_KINDS = {
    "task_resource_attributes": matchable_resource_pb2.TASK_RESOURCE,
    "cluster_resource_attributes": matchable_resource_pb2.CLUSTER_RESOURCE,
    "execution_queue_attributes": matchable_resource_pb2.EXECUTION_QUEUE,
    "execution_cluster_label": matchable_resource_pb2.EXECUTION_CLUSTER_LABEL,
    "plugin_overrides": matchable_resource_pb2.PLUGIN_OVERRIDE,
    "workflow_execution_config": matchable_resource_pb2.WORKFLOW_EXECUTION_CONFIG,
    "cluster_assignment": matchable_resource_pb2.CLUSTER_ASSIGNMENT,
}


class Attributes:
    """FlyteAdmin's ways to ask the table of all attributes.

    Args:
        store: Where the table is.
    """

    def __init__(self, store: Store) -> None:
        self.table = store.attributes

    def most_specific(
        self, kind: int, project: str, domain: str, workflow: str = ""
    ) -> AttributesRow | None:
        """Return the one row that counts here, if any; of equals the oldest.

        Without a workflow, rows of workflows do not fit. A row without a project is for all.
        """
        if not len(self.table):  # as in most stores: every launch asks three times
            return None
        levels = set(product(*(("", part) for part in (project, domain, workflow))))
        fitting = [row for level in levels if (row := self.table.get(*level, kind)) is not None]
        return max(fitting, key=lambda row: (row.priority, -row.id), default=None)

    def of_project(self, kind: int, project: str) -> AttributesRow | None:
        """Return the row that holds for the whole project, if any."""
        return self.table.get(project, "", "", kind)

    def task_limits(self, project: str, domain: str, _task: str) -> Mapping[str, str]:
        """Return what tasks may ask for here; what attributes leave out has no limit then."""
        row = self.most_specific(matchable_resource_pb2.TASK_RESOURCE, project, domain)
        if row is None:
            return TASK_LIMITS
        limits = row.message.task_resource_attributes.limits
        return {field.name: size for field, size in limits.ListFields()}

    def below(
        self, kind: int, project: str, domain: str = "", workflow: str = ""
    ) -> list[AttributesRow]:
        """Return the rows of this place and of every place inside it, the oldest first.

        FlyteAdmin deletes and merges more than was asked for like this (§4).
        """
        asked = (project, domain, workflow)
        return [
            row
            for row in self.table
            if row.kind == kind
            and all(not part or part == had for part, had in zip(asked, row.key, strict=False))
        ]


def kind_of(attributes: matchable_resource_pb2.MatchingAttributes) -> int | None:
    """Return the kind of resource that attributes are about; None if FlyteAdmin keeps none such."""
    return _KINDS.get(attributes.WhichOneof("target") or "")


def kind_name(kind: int) -> str:
    """Return what messages call a kind: its name, or the number of one without a name."""
    known = matchable_resource_pb2.MatchableResource.DESCRIPTOR.values_by_number.get(kind)
    return str(kind) if known is None else known.name
