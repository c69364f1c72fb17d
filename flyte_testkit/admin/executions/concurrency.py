"""The limit that a launch plan may set on its executions that run at once (§8.2, step 14).

Ignorant of single tasks, which have no such limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import launch_plan_pb2

from flyte_testkit.admin.errors import AdminError, internal

if TYPE_CHECKING:
    from flyte_testkit.admin.database.rows import LaunchPlanRow
    from flyte_testkit.admin.database.store import Store

__all__ = ["check_concurrency"]

_COUNTED = ("QUEUED", "RUNNING")


def check_concurrency(store: Store, launch_plan: LaunchPlanRow) -> None:
    """Check that one more execution of this launch plan may start.

    All versions count together, in the launch plan's own project and domain and nowhere else. New
    executions, which no event has reached yet, do not count.

    Raises:
        AdminError: There are enough of them, or the policy is none that FlyteAdmin knows.
    """
    spec = launch_plan.message.spec
    if not spec.HasField("concurrency_policy"):
        return
    policy = spec.concurrency_policy
    versions = {row.id for row in store.launch_plans if row.name == launch_plan.name}
    running = sum(
        row.phase in _COUNTED
        and row.launch_plan_id in versions
        and row.execution_project == launch_plan.project
        and row.execution_domain == launch_plan.domain
        for row in store.executions
    )
    if running < policy.max:
        return
    if policy.behavior == launch_plan_pb2.CONCURRENCY_LIMIT_BEHAVIOR_SKIP:
        raise AdminError(
            "ALREADY_EXISTS",
            f"concurrency limit ({policy.max}) reached for launch plan {launch_plan.name}; "
            "skipping execution",
        )
    if policy.behavior != launch_plan_pb2.CONCURRENCY_LIMIT_BEHAVIOR_UNSPECIFIED:
        raise internal(f"unsupported concurrency-limit behavior: {policy.behavior}")
