"""Stubs and projects as FlyteAdmin makes them, made once: servers that need one take the rows.

What FlyteAdmin makes of a stub of one task depends on nothing but the stub, as long as its name is
new: so it is asked the first time, elsewhere, and later its rows are only dated. Property tests
make a server for each example, and register the same in each. Ignorant of what stubs are for.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import project_pb2

from flyte_testkit.admin.database.times import write
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.admin.rules.validation import project_and_domain

if TYPE_CHECKING:
    from flyte_testkit.admin.database.rows import LaunchPlanRow, ProjectRow, TaskRow, WorkflowRow
    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.stubs import Stub

__all__ = ["put", "put_project"]

_ONCE = datetime(1970, 1, 1, tzinfo=timezone.utc)


class _Ready(NamedTuple):
    """The rows of a stub, which belong to no server."""

    task: TaskRow
    workflow: WorkflowRow
    launch_plan: LaunchPlanRow


def put_project(name: str, admin: FlyteAdmin, now: datetime) -> None:
    """Register a project as FlyteAdmin seeds its own; none of this name may be there.

    Raises:
        AdminError: No project can have this name.
    """
    admin.store.projects.insert(_fresh(_project(name), now))


@lru_cache(maxsize=128)
def _project(name: str) -> ProjectRow:
    admin, request = FlyteAdmin(), project_pb2.ProjectRegisterRequest()
    request.project.id = request.project.name = name
    request.project.description = f"{name} description"
    admin.answer("RegisterProject", request, _ONCE)
    (row,) = admin.store.projects
    return row


def put(stub: Stub, admin: FlyteAdmin, now: datetime, *, active: bool = True) -> None:
    """Register a stub, as :meth:`Stub.register <flyte_testkit.stubs.Stub.register>` does.

    Args:
        stub: The stub.
        admin: Where.
        now: The time.
        active: Whether to activate its launch plan.

    Raises:
        RegistrationError: FlyteAdmin refuses it.
    """
    store = admin.store
    if not active or not stub.is_plain or not _is_new(stub, store):
        stub.register(lambda rpc, request: admin.answer(rpc, request, now), active=active)
        return
    ready = _ready(stub)
    store.tasks.insert(_dated(ready.task, now))
    workflow = store.workflows.insert(_dated(ready.workflow, now))
    plan = _dated(ready.launch_plan, now)
    write(now, plan.message.closure.updated_at)
    store.launch_plans.insert(plan.changed(workflow_id=workflow.id))


def _is_new(stub: Stub, store: Store) -> bool:
    """Whether there is nothing yet that registering a stub here could meet with."""
    try:
        project_and_domain(store, *stub.place)
    except AdminError:
        return False
    where = {"name": stub.name, "project": stub.project, "domain": stub.domain}
    return not any(t.where(where) for t in (store.tasks, store.workflows, store.launch_plans))


@lru_cache(maxsize=128)
def _ready(stub: Stub) -> _Ready:
    """Return what FlyteAdmin makes of a stub, in an active project.

    Raises:
        RegistrationError: It refuses it.
    """
    admin = FlyteAdmin()
    put_project(stub.project, admin, _ONCE)
    stub.register(lambda rpc, request: admin.answer(rpc, request, _ONCE))
    store = admin.store
    return _Ready(*store.tasks, *store.workflows, *store.launch_plans)


def _dated(row: Any, now: datetime) -> Any:
    """Return a row of now whose message says so, too."""
    fresh = _fresh(row, now)
    write(now, fresh.message.closure.created_at)
    return fresh


def _fresh(row: Any, now: datetime) -> Any:
    """Return a row of now, with a message of its own."""
    message = type(row.message)()
    message.CopyFrom(row.message)
    return row.changed(message=message, created_at=now, updated_at=now)
