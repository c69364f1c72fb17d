from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW, identifier, literals
from definition_builders import (
    INT,
    LAUNCH_PLAN,
    TASK,
    WORKFLOW,
    archive,
    node,
    refusal,
    task_request,
    workflow_request,
)
from flyteidl.admin import common_pb2, launch_plan_pb2
from flyteidl.core import identifier_pb2, interface_pb2

from flyte_testkit.admin.database import times
from flyte_testkit.admin.definitions.launch_plans import LaunchPlanManager
from flyte_testkit.admin.definitions.tasks import TaskManager
from flyte_testkit.admin.definitions.workflows import WorkflowManager

LATER = NOW + timedelta(hours=1)
ID = identifier(LAUNCH_PLAN, "lp")
ACTIVE, INACTIVE = launch_plan_pb2.ACTIVE, launch_plan_pb2.INACTIVE


@pytest.fixture
def plans(store, make):
    TaskManager(store).create_task(task_request(), NOW)
    workflows = WorkflowManager(store)
    for name, inputs in (("w", {"x": INT}), ("bare", {})):
        workflows.create_workflow(workflow_request(node("n"), name=name, inputs=inputs), NOW)
    return LaunchPlanManager(store)


def request(version="v1", *, workflow="w", name="lp", **spec):
    return launch_plan_pb2.LaunchPlanCreateRequest(
        id=identifier(LAUNCH_PLAN, name, version=version),
        spec=launch_plan_pb2.LaunchPlanSpec(workflow_id=identifier(WORKFLOW, workflow), **spec),
    )


def refused(plans, made):
    return refusal(plans.create_launch_plan, made).message


def get(plans, version="v1"):
    id_ = identifier(LAUNCH_PLAN, "lp", version=version)
    return plans.get_launch_plan(common_pb2.ObjectGetRequest(id=id_), NOW)


def update(plans, id_, state, now=LATER):
    made = launch_plan_pb2.LaunchPlanUpdateRequest(id=id_, state=state)
    return plans.update_launch_plan(made, now)


def update_refused(plans, id_, state):
    return refusal(
        plans.update_launch_plan, launch_plan_pb2.LaunchPlanUpdateRequest(id=id_, state=state)
    )


def active(plans, name="lp"):
    id_ = common_pb2.NamedEntityIdentifier(project="p", domain="development", name=name)
    return plans.get_active_launch_plan(launch_plan_pb2.ActiveLaunchPlanRequest(id=id_), NOW)


def test_shows_what_was_sent_and_what_it_expects(plans):
    plans.create_launch_plan(request(max_parallelism=-3), NOW)
    expected = interface_pb2.ParameterMap()
    expected.parameters["x"].required = True
    expected.parameters["x"].var.type.CopyFrom(INT)
    closure = launch_plan_pb2.LaunchPlanClosure(
        expected_inputs=expected,
        expected_outputs=interface_pb2.VariableMap(),
        created_at=times.stamp(NOW),
        updated_at=times.stamp(NOW),
    )
    sent = request(max_parallelism=-3, default_inputs=expected).spec
    assert get(plans) == launch_plan_pb2.LaunchPlan(id=ID, spec=sent, closure=closure)


def test_expects_no_outputs_of_a_workflow_without_an_interface(plans, store):
    made = workflow_request(node("n"), name="naked")
    made.spec.template.ClearField("interface")
    WorkflowManager(store).create_workflow(made, NOW)
    plans.create_launch_plan(request(workflow="naked"), NOW)
    assert not get(plans).closure.HasField("expected_outputs")


def test_checks_the_workflow_then_the_id_then_the_place(plans):
    made = launch_plan_pb2.LaunchPlanCreateRequest()
    assert refused(plans, made) == "missing id"
    made.spec.workflow_id.CopyFrom(identifier(TASK, "w"))
    assert refused(plans, made).startswith("unexpected resource type task")
    made.spec.workflow_id.CopyFrom(identifier(WORKFLOW, "nope"))
    missing = refusal(plans.create_launch_plan, made)
    assert missing.code == "NOT_FOUND"
    assert missing.message.startswith("missing entity of type WORKFLOW with identifier project:")
    made.spec.workflow_id.name = "w"
    assert refused(plans, made) == "missing id"
    made.id.CopyFrom(identifier(WORKFLOW, "lp", project="q", domain="mars"))
    assert "expected launch_plan instead" in refused(plans, made)
    made.id.resource_type = LAUNCH_PLAN
    assert "project [q] not found" in refused(plans, made)
    made.id.project = "p"
    assert refused(plans, made) == "domain [mars] is unrecognized by system"


def test_checks_labels_then_inputs_then_the_schedule_then_notifications(plans):
    made = request()
    spec = made.spec
    spec.labels.values["/"] = ""
    spec.fixed_inputs.literals[""].SetInParent()
    spec.default_inputs.parameters["r"].SetInParent()
    spec.entity_metadata.schedule.cron_schedule.schedule = "bad"
    spec.entity_metadata.notifications.add()
    spec.entity_metadata.launch_conditions.type_url = "x"
    assert refused(plans, made).startswith("invalid label key [/]")
    spec.ClearField("labels")
    assert refused(plans, made) == "missing key in fixed_inputs"
    spec.fixed_inputs.CopyFrom(literals(q=1))
    assert refused(plans, made).startswith("The Variable component of the Parameter r")
    spec.ClearField("default_inputs")
    assert refused(plans, made) == "unexpected fixed_input q"
    spec.ClearField("fixed_inputs")
    assert refused(plans, made).endswith("[x] is required")
    spec.fixed_inputs.CopyFrom(literals(x=1))
    assert refused(plans, made).startswith("Invalid cron expression")
    spec.entity_metadata.ClearField("schedule")
    assert refused(plans, made) == "invalid value for notification type"
    spec.entity_metadata.ClearField("notifications")
    assert refused(plans, made) == 'Launch condition must be empty, found type_url:"x"'
    spec.entity_metadata.ClearField("launch_conditions")
    plans.create_launch_plan(made, NOW)


def test_makes_nothing_in_a_project_that_is_not_active(plans, make):
    archive(make)
    assert refused(plans, request()) == "project [p] is not active"


def test_takes_an_identical_launch_plan_for_success_in_disguise(plans):
    plans.create_launch_plan(request(), NOW)
    update(plans, ID, ACTIVE)
    augmented = request(default_inputs=get(plans).spec.default_inputs)
    for again in (request(), augmented):
        refused_ = refusal(plans.create_launch_plan, again)
        assert (refused_.code, refused_.message) == (
            "ALREADY_EXISTS",
            "launch plan with identical structure already exists",
        )


@pytest.mark.parametrize("field", ["entity_metadata", "fixed_inputs", "labels"])
def test_refuses_another_launch_plan_under_the_same_id(plans, field):
    plans.create_launch_plan(request(), NOW)
    again = request()
    getattr(again.spec, field).SetInParent()
    refused_ = refusal(plans.create_launch_plan, again)
    assert refused_.code == "INVALID_ARGUMENT"
    assert refused_.message.startswith(
        "lp launch plan with different structure already exists. "
        "(Please register a new version of the launch plan):\n"
    )


def test_one_version_is_active_at_a_time(plans):
    for version in ("v1", "v2"):
        plans.create_launch_plan(request(version), NOW)
    update(plans, ID, ACTIVE)
    assert active(plans).id.version == "v1"
    update(plans, identifier(LAUNCH_PLAN, "lp", version="v2"), ACTIVE)
    assert active(plans).id.version == "v2"
    assert get(plans, "v1").closure.state == INACTIVE


def test_activation_does_not_move_the_time_of_the_last_update(plans, store):
    for version in ("v1", "v2"):
        plans.create_launch_plan(request(version), NOW)
        update(plans, identifier(LAUNCH_PLAN, "lp", version=version), ACTIVE)
    assert {row.updated_at for row in store.launch_plans} == {NOW}
    assert get(plans).closure.updated_at == times.stamp(NOW)


def test_deactivation_does(plans, store):
    plans.create_launch_plan(request(), NOW)
    before = get(plans)
    update(plans, ID, INACTIVE)
    assert get(plans).closure.updated_at == times.stamp(LATER)
    assert [row.updated_at for row in store.launch_plans] == [LATER]
    assert before.closure.updated_at == times.stamp(NOW)


def test_deactivating_one_version_leaves_another_active(plans):
    for version in ("v1", "v2"):
        plans.create_launch_plan(request(version), NOW)
    update(plans, ID, ACTIVE)
    update(plans, identifier(LAUNCH_PLAN, "lp", version="v2"), INACTIVE)
    assert active(plans).id.version == "v1"


def test_activating_the_active_version_again_changes_nothing(plans):
    plans.create_launch_plan(request(), NOW)
    update(plans, ID, ACTIVE)
    before = active(plans)
    update(plans, ID, ACTIVE)
    assert active(plans) == before


def test_activation_does_not_look_at_the_id(plans):
    plans.create_launch_plan(request(), NOW)
    assert update_refused(plans, identifier(TASK, "nope"), ACTIVE).code == "NOT_FOUND"
    update(plans, identifier(TASK, "lp", project="", version=""), ACTIVE)
    assert active(plans).id == ID


def test_deactivation_does_look_at_the_id(plans):
    assert update_refused(plans, None, INACTIVE).message == "missing id"
    assert (
        "unexpected resource type task"
        in update_refused(plans, identifier(TASK, "lp"), INACTIVE).message
    )
    bare = identifier(identifier_pb2.UNSPECIFIED, "lp", version="")
    assert update_refused(plans, bare, INACTIVE).message == "missing version"
    assert update_refused(plans, ID, INACTIVE).code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("id_", "shown"),
    [
        (None, "<nil>"),
        (identifier(TASK, ""), 'resource_type:TASK project:"p" domain:"development" version:"v1"'),
    ],
)
def test_refuses_a_state_without_a_meaning_before_it_looks_at_the_id(plans, id_, shown):
    assert update_refused(plans, id_, 7).message == (
        f"Unrecognized launch plan state 7 for update for launch plan [{shown}]"
    )


def test_works_in_an_archived_project(plans, make):
    plans.create_launch_plan(request(), NOW)
    archive(make)
    update(plans, ID, ACTIVE)


def scheduled(version="v1", **schedule):
    made = request(version, fixed_inputs=literals(x=1))
    made.spec.entity_metadata.schedule.SetInParent()
    for field, value in schedule.items():
        setattr(made.spec.entity_metadata.schedule, field, value)
    return made


def test_cannot_fire_a_schedule_of_the_deprecated_kind(plans):
    plans.create_launch_plan(scheduled("v1"), NOW)
    plans.create_launch_plan(scheduled("v2", cron_expression="0 1 * * *"), NOW)
    update(plans, ID, ACTIVE)
    refused_ = update_refused(plans, identifier(LAUNCH_PLAN, "lp", version="v2"), ACTIVE)
    assert (refused_.code, refused_.message) == (
        "INTERNAL",
        "failed adding schedule for unknown schedule expression type &{0 1 * * *}",
    )
    assert active(plans).id.version == "v1"


def test_keeps_the_kind_of_a_schedule_in_columns(plans, store):
    made = scheduled("v1")
    made.spec.entity_metadata.schedule.rate.value = 1
    plans.create_launch_plan(made, NOW)
    plans.create_launch_plan(scheduled("v2", cron_expression="@daily"), NOW)
    plans.create_launch_plan(scheduled("v3"), NOW)
    columns = [(row.schedule_type, row.launch_condition_type) for row in store.launch_plans]
    assert columns == [("RATE", "SCHED"), ("CRON", "SCHED"), ("NONE", None)]


def test_says_that_none_is_active(plans):
    plans.create_launch_plan(request(), NOW)
    ask = launch_plan_pb2.ActiveLaunchPlanRequest()
    for field, value in (("project", "p"), ("domain", "development"), ("name", "lp")):
        assert refusal(plans.get_active_launch_plan, ask).message == f"missing {field}"
        setattr(ask.id, field, value)
    missing = refusal(plans.get_active_launch_plan, ask)
    assert (missing.code, missing.message) == (
        "NOT_FOUND",
        "No active launch plan could be found: p:development:lp",
    )
    ask.id.name = "\0"
    assert refusal(plans.get_active_launch_plan, ask).code == "UNKNOWN"


def test_wants_the_whole_id_to_show_a_launch_plan(plans):
    asked = common_pb2.ObjectGetRequest()
    assert refusal(plans.get_launch_plan, asked).message == "missing id"
    asked.id.SetInParent()
    assert refusal(plans.get_launch_plan, asked).message == "missing project"
    missing = refusal(plans.get_launch_plan, common_pb2.ObjectGetRequest(id=ID))
    assert missing.message.startswith("missing entity of type LAUNCH_PLAN with identifier project:")


def test_lists_versions_and_active_versions(plans):
    for version in ("v1", "v2"):
        plans.create_launch_plan(request(version), NOW)
    update(plans, ID, ACTIVE)
    place = common_pb2.NamedEntityIdentifier(project="p", domain="development", name="lp")
    every = plans.list_launch_plans(common_pb2.ResourceListRequest(id=place, limit=9), NOW)
    assert [plan.id.version for plan in every.launch_plans] == ["v1", "v2"]
    asked = launch_plan_pb2.ActiveLaunchPlanListRequest(project="p", domain="development", limit=9)
    found = plans.list_active_launch_plans(asked, NOW)
    assert [plan.id.version for plan in found.launch_plans] == ["v1"]


def test_lists_names_without_looking_at_the_request_first(plans):
    plans.create_launch_plan(request(), NOW)
    ask = common_pb2.NamedEntityIdentifierListRequest(token="x")
    ask.sort_by.key = "nope"
    assert refusal(plans.list_launch_plan_ids, ask).message == "invalid sort key 'nope'"
    ask.sort_by.key = "version"  # which only the database refuses
    assert refusal(plans.list_launch_plan_ids, ask).message == "invalid pagination token x"
    ask.ClearField("token")
    missing = "missing and/or invalid parameters:"
    assert refusal(plans.list_launch_plan_ids, ask).message == f"{missing} limit"
    ask.limit = 9
    assert refusal(plans.list_launch_plan_ids, ask).message == f"{missing} filters"
    ask.project = "p"
    assert "GROUP BY" in refusal(plans.list_launch_plan_ids, ask).message
    ask.ClearField("sort_by")
    assert [name.name for name in plans.list_launch_plan_ids(ask, NOW).entities] == ["lp"]


def test_stores_a_launch_plan_without_looking_at_its_workflow_id(plans, store):
    made = request(workflow="nope", name="stub")
    row = plans.store_launch_plan(made, store.workflows.get("p", "development", "w", "v1"), NOW)
    assert row.state == INACTIVE
    assert row.message.spec.workflow_id.name == "nope"
    assert row.message.closure.expected_inputs.parameters["x"].required
