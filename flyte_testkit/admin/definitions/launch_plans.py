"""Launch plans (§7): a workflow with some inputs given, in versions of which one may be active.

Ignorant of what fires schedules and of executions, which take any version in any state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import common_pb2, launch_plan_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.database.rows import LaunchPlanRow
from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.database.times import stamp
from flyte_testkit.admin.definitions import definitions
from flyte_testkit.admin.definitions.digests import different_structure, digest, identical_structure
from flyte_testkit.admin.definitions.launch_plan_inputs import (
    check_schedule,
    expected_inputs,
    schedule_type,
)
from flyte_testkit.admin.errors import internal, invalid_argument, missing, not_found
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.lists import sorting
from flyte_testkit.admin.lists.listing import Listing
from flyte_testkit.admin.rules import validation
from flyte_testkit.admin.rules.parameters import parameter_map
from flyte_testkit.admin.rules.validation import given, identifier

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import interface_pb2

    from flyte_testkit.admin.database.rows import WorkflowRow
    from flyte_testkit.admin.database.store import Store

__all__ = ["LaunchPlanManager"]

_ACTIVE = launch_plan_pb2.ACTIVE
_INACTIVE = launch_plan_pb2.INACTIVE
_LIST = Listing("launch_plan", "ListLaunchPlans")
_LIST_ACTIVE = Listing("launch_plan", "ListActiveLaunchPlans")
_LIST_IDS = Listing("launch_plan", "")


class LaunchPlanManager:
    """Registers, activates and shows launch plans."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def create_launch_plan(
        self, request: launch_plan_pb2.LaunchPlanCreateRequest, now: datetime
    ) -> launch_plan_pb2.LaunchPlanCreateResponse:
        """Register a launch plan, inactive, of a workflow that is registered already.

        Raises:
            AdminError: It is malformed, does not fit its workflow, or its id is taken.
        """
        id_, spec = request.id, request.spec
        identifier(given(spec, "workflow_id"), identifier_pb2.WORKFLOW)
        workflow = self.store.workflows.get(*definitions.parts(spec.workflow_id))
        if workflow is None:
            raise definitions.no_such_entity("WORKFLOW", spec.workflow_id)
        identifier(given(request, "id"), identifier_pb2.LAUNCH_PLAN)
        validation.project_and_domain(self.store, id_.project, id_.domain)
        validation.labels(spec.labels.values)
        validation.literal_map(spec.fixed_inputs, "fixed_inputs")
        parameter_map(spec.default_inputs, "default_inputs")
        expected = expected_inputs(spec, workflow.typed_interface)
        check_schedule(spec.entity_metadata.schedule, expected)
        validation.notifications(spec.entity_metadata.notifications)
        if spec.entity_metadata.HasField("launch_conditions"):
            raise invalid_argument(
                "Launch condition must be empty, found "
                f"{prototext(spec.entity_metadata.launch_conditions)}"
            )
        self._store(request, workflow, expected, now)
        return launch_plan_pb2.LaunchPlanCreateResponse()

    def store_launch_plan(
        self,
        request: launch_plan_pb2.LaunchPlanCreateRequest,
        workflow: WorkflowRow,
        now: datetime,
    ) -> LaunchPlanRow:
        """Store a launch plan of a workflow, inactive, without any rule but that the id be free.

        Raises:
            AdminError: Its inputs do not fit the workflow, or its id is taken.
        """
        expected = expected_inputs(request.spec, workflow.typed_interface)
        return self._store(request, workflow, expected, now)

    def get_launch_plan(
        self, request: common_pb2.ObjectGetRequest, _now: datetime
    ) -> launch_plan_pb2.LaunchPlan:
        """Show a launch plan.

        Raises:
            AdminError: Its id is incomplete, or there is none.
        """
        id_ = definitions.default_type(given(request, "id"), identifier_pb2.LAUNCH_PLAN)
        identifier(id_, identifier_pb2.LAUNCH_PLAN)
        return self._exactly(id_).message

    def get_active_launch_plan(
        self, request: launch_plan_pb2.ActiveLaunchPlanRequest, _now: datetime
    ) -> launch_plan_pb2.LaunchPlan:
        """Show the active version of a launch plan.

        Raises:
            AdminError: Its name is incomplete, or none is active.
        """
        id_ = request.id
        for field in ("project", "domain", "name"):
            if not getattr(id_, field):
                raise missing(field)
        storable(id_.project, id_.domain, id_.name)
        row = self._active(id_.project, id_.domain, id_.name)
        if row is None:
            raise not_found(
                f"No active launch plan could be found: {id_.project}:{id_.domain}:{id_.name}"
            )
        return row.message

    def update_launch_plan(
        self, request: launch_plan_pb2.LaunchPlanUpdateRequest, now: datetime
    ) -> launch_plan_pb2.LaunchPlanUpdateResponse:
        """Make a version active, in the place of the one that was, or inactive.

        Only the latter looks at the id, and only the latter moves ``updated_at``.

        Raises:
            AdminError: The state is unknown, there is no such version, or its schedule is of a
                kind that nothing fires any more.
        """
        id_ = definitions.default_type(given(request, "id"), identifier_pb2.LAUNCH_PLAN)
        if request.state == _ACTIVE:
            self._activate(request.id)
        elif request.state == _INACTIVE:
            identifier(id_, identifier_pb2.LAUNCH_PLAN)
            row = _with_state(self._exactly(id_), _INACTIVE)
            row.message.closure.updated_at.CopyFrom(stamp(now))
            self.store.launch_plans.update(row.changed(updated_at=now))
        else:
            raise invalid_argument(
                f"Unrecognized launch plan state {request.state} for update "
                f"for launch plan [{prototext(id_)}]"
            )
        return launch_plan_pb2.LaunchPlanUpdateResponse()

    def list_launch_plans(
        self, request: common_pb2.ResourceListRequest, now: datetime
    ) -> launch_plan_pb2.LaunchPlanList:
        """List versions of launch plans.

        Raises:
            AdminError: The request lacks something, or asks for what cannot be listed.
        """
        found = _LIST.page(self.store, request, where=definitions.require_list(request), now=now)
        return launch_plan_pb2.LaunchPlanList(
            launch_plans=[row.message for row in found.rows], token=found.token
        )

    def list_active_launch_plans(
        self, request: launch_plan_pb2.ActiveLaunchPlanListRequest, now: datetime
    ) -> launch_plan_pb2.LaunchPlanList:
        """List the active versions of launch plans.

        Raises:
            AdminError: The request lacks something, or asks for what cannot be listed.
        """
        where = {**definitions.require_name_list(request), "state": _ACTIVE}
        found = _LIST_ACTIVE.page(self.store, request, where=where, now=now)
        return launch_plan_pb2.LaunchPlanList(
            launch_plans=[row.message for row in found.rows], token=found.token
        )

    def list_launch_plan_ids(
        self, request: common_pb2.NamedEntityIdentifierListRequest, _now: datetime
    ) -> common_pb2.NamedEntityIdentifierList:
        """List the names of launch plans, each once.

        What is missing is told after the sort key and the token, and before the database's say.

        Raises:
            AdminError: The request asks for what cannot be listed, has no limit, or neither a
                project nor a domain.
        """
        where = {"project": request.project, "domain": request.domain}
        sorting.parse(request, "launch_plan")
        _LIST_IDS.offset(request)
        for name, is_there in (("limit", request.limit), ("filters", any(where.values()))):
            if not is_there:
                raise invalid_argument(f"missing and/or invalid parameters: {name}")
        return definitions.to_names(_LIST_IDS.names(self.store, request, where=where))

    def _store(
        self,
        request: launch_plan_pb2.LaunchPlanCreateRequest,
        workflow: WorkflowRow,
        expected: interface_pb2.ParameterMap,
        now: datetime,
    ) -> LaunchPlanRow:
        id_ = definitions.with_type(request.id, identifier_pb2.LAUNCH_PLAN)
        message = launch_plan_pb2.LaunchPlan(id=id_, spec=request.spec)
        message.spec.default_inputs.CopyFrom(expected)
        message.closure.expected_inputs.CopyFrom(expected)
        outputs = given(workflow.typed_interface, "outputs")
        if outputs is not None:
            message.closure.expected_outputs.CopyFrom(outputs)
        found = digest(message)
        key = definitions.parts(id_)
        old = self.store.launch_plans.get(*key) if key in self.store.launch_plans else None
        if old is not None:
            if old.digest == found:
                raise identical_structure("launch plan")
            raise different_structure("launch plan", id_.name, old.message.spec, message.spec)
        message.closure.created_at.CopyFrom(stamp(now))
        message.closure.updated_at.CopyFrom(stamp(now))
        schedule = schedule_type(message.spec.entity_metadata.schedule)
        return self.store.launch_plans.insert(
            LaunchPlanRow(
                **definitions.columns(id_, found, now),
                workflow_id=workflow.id,
                state=_INACTIVE,
                schedule_type=schedule,
                launch_condition_type=None if schedule == "NONE" else "SCHED",
                message=message,
            )
        )

    def _activate(self, id_: identifier_pb2.Identifier) -> None:
        row = self.store.launch_plans.fitting(*definitions.parts(id_))
        if row is None:
            raise definitions.no_such_entity("LAUNCH_PLAN", id_)
        expression = row.message.spec.entity_metadata.schedule.cron_expression
        if expression:
            raise internal(
                f"failed adding schedule for unknown schedule expression type &{{{expression}}}"
            )
        former = self._active(row.project, row.domain, row.name)
        if former is not None:
            self.store.launch_plans.update(_with_state(former, _INACTIVE))
        self.store.launch_plans.update(_with_state(row, _ACTIVE))

    def _active(self, project: str, domain: str, name: str) -> LaunchPlanRow | None:
        conditions = {"project": project, "domain": domain, "name": name, "state": _ACTIVE}
        return next(iter(self.store.launch_plans.where(conditions)), None)

    def _exactly(self, id_: identifier_pb2.Identifier) -> LaunchPlanRow:
        row = self.store.launch_plans.get(*definitions.parts(id_))
        if row is None:
            raise definitions.no_such_entity("LAUNCH_PLAN", id_)
        return row


def _with_state(row: LaunchPlanRow, state: launch_plan_pb2.LaunchPlanState) -> LaunchPlanRow:
    message = launch_plan_pb2.LaunchPlan()
    message.CopyFrom(row.message)
    message.closure.state = state
    return row.changed(state=state, message=message)
