"""What CreateExecution checks before it looks anything up, in this order (§8.1).

Ignorant of launch plans, tasks and inputs' types: those are looked at later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.database import enums
from flyte_testkit.admin.errors import invalid_argument, missing
from flyte_testkit.admin.executions.random_names import invented
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.rules import validation

if TYPE_CHECKING:
    from random import Random

    from flyte_testkit.admin.database.store import Store

__all__ = ["check_request", "generated_name", "looks_generated", "with_inputs"]

_MAX_NAME_BYTES = 63


def with_inputs(
    request: execution_pb2.ExecutionCreateRequest,
) -> execution_pb2.ExecutionCreateRequest:
    """Return a request that may be changed, whose inputs are the spec's if it has none itself."""
    own = execution_pb2.ExecutionCreateRequest()
    own.CopyFrom(request)
    if not own.inputs.literals:
        own.ClearField("inputs")
        if own.spec.HasField("inputs"):
            own.inputs.CopyFrom(own.spec.inputs)
    return own


def check_request(store: Store, request: execution_pb2.ExecutionCreateRequest) -> None:
    """Check a request by itself; the first failure wins.

    Raises:
        AdminError: Something is missing, malformed, or not to be made in this project and domain.
    """
    if not request.project:
        raise missing("project")
    if not request.domain:
        raise missing("domain")
    if request.name:
        validation.execution_name(request.name)
        if len(request.name.encode()) > _MAX_NAME_BYTES:  # letters that grew when lowered shrank
            raise invalid_argument(
                f"name for ExecutionCreateRequest [{prototext(request)}] exceeded allowed length "
                f"{_MAX_NAME_BYTES}"
            )
    validation.project_and_domain(store, request.project, request.domain)
    if not request.HasField("spec"):
        raise missing("spec")
    _check_entity(request.spec)
    validation.literal_map(request.inputs, "inputs")
    validation.notifications(request.spec.notifications.notifications)
    validation.labels(request.spec.labels.values)


def _check_entity(spec: execution_pb2.ExecutionSpec) -> None:
    """Check that the spec names a version of a launch plan or of a task."""
    if not spec.HasField("launch_plan"):
        raise missing("id")
    for part in ("project", "domain", "name", "version"):
        if not getattr(spec.launch_plan, part):
            raise missing(part)
    kind = spec.launch_plan.resource_type
    if kind not in (identifier_pb2.LAUNCH_PLAN, identifier_pb2.TASK):
        raise invalid_argument(
            "Invalid reference entity resource type "
            f"[{enums.column(identifier_pb2.ResourceType, kind)}], "
            "only [map[TASK:<nil> LAUNCH_PLAN:<nil>]] allowed"
        )


def generated_name(random: Random) -> str:
    """Return a name for an execution that was given none: an ``a`` and 19 safe characters."""
    return "a" + invented(random, 19)


def looks_generated(name: str) -> bool:
    """Say whether a name is of the form that those have which :func:`generated_name` returns."""
    return len(name) == 20 and name[0] == "a" and name.isalnum()
