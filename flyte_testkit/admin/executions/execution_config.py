"""Where an execution's settings come from when several places name them (§8.4).

The request goes before the launch plan, that before the one most specific row of attributes, that
before the project's row, that before FlyteAdmin's configuration; field by field. Only what a client
can see is worked out here: the parallelism, the security context and the cluster pool. Ignorant of
what an execution is otherwise made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyteidl.admin import common_pb2, launch_plan_pb2, matchable_resource_pb2
from flyteidl.core import security_pb2

from flyte_testkit.admin.errors import invalid_argument
from flyte_testkit.admin.go.quotes import quoted
from flyte_testkit.admin.settings import MAX_PARALLELISM

if TYPE_CHECKING:
    from flyteidl.admin import execution_pb2

    from flyte_testkit.admin.projects.attributes import Attributes

    _Settings = (
        execution_pb2.ExecutionSpec
        | launch_plan_pb2.LaunchPlanSpec
        | matchable_resource_pb2.WorkflowExecutionConfig
    )

__all__ = ["ExecutionConfig", "check_cluster_pool", "resolve"]


class ExecutionConfig(NamedTuple):
    """What counts for a new execution, whoever says so.

    Parallelism and security are written into its spec; the rest is told to its engine alone.
    """

    max_parallelism: int
    security_context: security_pb2.SecurityContext
    interruptible: bool | None
    overwrite_cache: bool


def resolve(
    spec: execution_pb2.ExecutionSpec,
    launch_plan: launch_plan_pb2.LaunchPlanSpec | None,
    attributes: Attributes,
    *,
    project: str,
    domain: str,
    workflow: str,
) -> ExecutionConfig:
    """Return the settings of an execution in this project and domain.

    Args:
        spec: What the request says.
        launch_plan: What the launch plan says; None for a single task.
        attributes: Where matchable attributes are.
        project: The project of the execution, not of the launch plan.
        domain: Likewise.
        workflow: The name of the launch plan's workflow; empty for a single task.
    """
    kind = matchable_resource_pb2.WORKFLOW_EXECUTION_CONFIG
    places: list[_Settings] = [spec] if launch_plan is None else [spec, launch_plan]
    places += [
        row.message.workflow_execution_config
        for row in (
            attributes.most_specific(kind, project, domain, workflow),
            attributes.of_project(kind, project),
        )
        if row is not None
    ]
    parallel = next((p.max_parallelism for p in places if p.max_parallelism > 0), MAX_PARALLELISM)
    return ExecutionConfig(
        parallel,
        _identified(places) or _from_roles(spec, launch_plan),
        next((p.interruptible.value for p in places if p.HasField("interruptible")), None),
        any(p.overwrite_cache for p in places),
    )


def _identified(places: list[_Settings]) -> security_pb2.SecurityContext | None:
    """Return the first security context that says who an execution runs as, if one does."""
    for place in places:
        run_as = place.security_context.run_as
        if run_as.k8s_service_account or run_as.iam_role or run_as.execution_identity:
            return place.security_context
    return None


def _from_roles(
    spec: execution_pb2.ExecutionSpec, launch_plan: launch_plan_pb2.LaunchPlanSpec | None
) -> security_pb2.SecurityContext:
    """Return what the deprecated fields say; one that is there, even empty, hides the next."""
    context = security_pb2.SecurityContext()
    run_as = context.run_as
    run_as.SetInParent()
    role: common_pb2.AuthRole | launch_plan_pb2.Auth | None = None
    if spec.HasField("auth_role"):
        role = spec.auth_role
    elif launch_plan is not None and launch_plan.HasField("auth_role"):
        role = launch_plan.auth_role
    elif launch_plan is not None and launch_plan.HasField("auth"):
        role = launch_plan.auth
    elif launch_plan is not None:
        run_as.iam_role = launch_plan.role
    if role is not None:
        run_as.iam_role = role.assumable_iam_role
        run_as.k8s_service_account = role.kubernetes_service_account
    return context


def check_cluster_pool(
    spec: execution_pb2.ExecutionSpec, attributes: Attributes, project: str, domain: str
) -> None:
    """Check that the pool a request names is the one that project and domain are assigned to.

    Raises:
        AdminError: They are assigned to another one.
    """
    asked = spec.cluster_assignment.cluster_pool_name
    row = attributes.most_specific(matchable_resource_pb2.CLUSTER_ASSIGNMENT, project, domain)
    assigned = row.message.cluster_assignment.cluster_pool_name if row else ""
    if asked and assigned and asked != assigned:
        raise invalid_argument(
            f"execution with project {quoted(project)} and domain {quoted(domain)} cannot run on "
            f"cluster pool {quoted(asked)}, because its configured to run on pool "
            f"{quoted(assigned)}"
        )
