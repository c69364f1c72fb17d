from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW, identifier
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
from flyteidl.admin import common_pb2, description_entity_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, interface_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from flyte_testkit.admin.database import times
from flyte_testkit.admin.definitions.tasks import TaskManager
from flyte_testkit.admin.definitions.workflows import WorkflowManager
from flyte_testkit.admin.go.prototext import prototext

LATER = NOW + timedelta(hours=1)
ID = identifier(WORKFLOW, "w")
SHOWN = 'resource_type:WORKFLOW project:"p" domain:"development" name:"w" version:"v1"'


@pytest.fixture
def workflows(store, make):
    TaskManager(store).create_task(task_request(), NOW)
    return WorkflowManager(store)


def get(workflows, id_=ID):
    return workflows.get_workflow(common_pb2.ObjectGetRequest(id=id_), NOW)


def refused(workflows, request):
    return refusal(workflows.create_workflow, request).message


def test_shows_a_workflow_compiled_under_the_id_of_the_request(workflows):
    request = workflow_request(node("n"))
    request.spec.template.id.name = "other"
    workflows.create_workflow(request, NOW)
    shown = get(workflows)
    compiled = shown.closure.compiled_workflow
    assert shown.id == compiled.primary.template.id == ID
    assert [made.id for made in compiled.primary.template.nodes] == ["start-node", "end-node", "n"]
    assert [task.template.id.name for task in compiled.tasks] == ["t"]
    assert shown.closure.created_at == times.stamp(NOW)


def test_checks_the_id_then_the_place_then_the_spec(workflows):
    request = workflow_pb2.WorkflowCreateRequest()
    assert refused(workflows, request) == "missing id"
    request.id.CopyFrom(identifier(TASK, "w", project="q", domain="mars"))
    assert refused(workflows, request).startswith("unexpected resource type task")
    request.id.resource_type = WORKFLOW
    assert "project [q] not found" in refused(workflows, request)
    request.id.project = "p"
    assert refused(workflows, request) == "domain [mars] is unrecognized by system"
    request.id.domain = "staging"
    assert refused(workflows, request) == "missing spec"
    request.spec.SetInParent()
    assert refused(workflows, request) == "missing spec"
    request.spec.template.SetInParent()
    assert "Can't find any nodes in workflow" in refused(workflows, request)


def test_makes_nothing_in_a_project_that_is_not_active(workflows, make):
    archive(make)
    assert refused(workflows, workflow_request(node("n"))) == "project [p] is not active"


def test_uses_tasks_of_an_archived_project(workflows, make):
    archive(make)
    make.project("q")
    request = workflow_request(node("n"))
    request.id.project = "q"
    workflows.create_workflow(request, NOW)


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("TASK", {"task_node": {"reference_id": identifier(TASK, "nope")}}),
        ("LAUNCH_PLAN", {"workflow_node": {"launchplan_ref": identifier(LAUNCH_PLAN, "nope")}}),
    ],
)
def test_names_the_task_or_launch_plan_that_is_missing(workflows, kind, reference):
    assert refused(workflows, workflow_request(node("n", None, **reference))) == (
        f"failed to compile workflow for [{SHOWN}] with err: missing entity of type {kind} "
        'with identifier project:"p" domain:"development" name:"nope" version:"v1"'
    )


def test_names_the_first_missing_task_in_the_order_of_their_ids(workflows):
    request = workflow_request(node("n", "z"), node("m", "b"), node("o", "c"))
    assert 'name:"b"' in refused(workflows, request)


def test_says_what_the_compiler_said(workflows):
    assert refused(workflows, workflow_request(node("n", None))) == (
        f"failed to compile workflow for [{SHOWN}] with err: Collected Errors: 1\n"
        "\tError 0: Code: ValueRequired, Node Id: n, Description: Value required [Target].\n"
    )


def test_a_launch_plan_may_be_referred_to_loosely(workflows, make):
    make.workflow("w")
    make.launch_plan("plan", workflow="w").message.closure.expected_outputs.SetInParent()
    odd = identifier(TASK, "plan", version="")
    runs = core_workflow_pb2.WorkflowNode(launchplan_ref=odd)
    workflows.create_workflow(workflow_request(node("n", None, workflow_node=runs), name="x"), NOW)
    shown = get(workflows, identifier(WORKFLOW, "x"))
    assert shown.closure.compiled_workflow.primary.template.nodes[2].workflow_node == runs


def test_a_hundred_nodes_are_enough(workflows):
    hundred = [node(f"n{number}") for number in range(100)]
    workflows.create_workflow(workflow_request(*hundred), NOW)
    request = workflow_request(*hundred, node("n100"))
    assert refused(workflows, request) == (
        f"number of nodes in workflow [{prototext(ID)}] exceeds limit (101 > 100)"
    )


def test_reads_no_description_of_a_workflow_that_is_there(workflows):
    request = workflow_request(node("n"))
    workflows.create_workflow(request, NOW)
    request.spec.description.short_description = "é" * 4001
    request.spec.description.source_code.link = "\0"
    assert refusal(workflows.create_workflow, request).code == "ALREADY_EXISTS"


@pytest.mark.parametrize(
    "said",
    [
        description_entity_pb2.DescriptionEntity(short_description="é" * 4001),
        description_entity_pb2.DescriptionEntity(
            source_code=description_entity_pb2.SourceCode(link="\0")
        ),
    ],
)
def test_registers_no_workflow_whose_description_cannot_be_stored(workflows, said):
    request = workflow_request(node("n"), description=said)
    assert refusal(workflows.create_workflow, request).code == "UNKNOWN"
    request.spec.ClearField("description")
    workflows.create_workflow(request, NOW)


def test_takes_an_identical_workflow_for_success_in_disguise(workflows):
    said = description_entity_pb2.DescriptionEntity(short_description="too late")
    workflows.create_workflow(workflow_request(node("n")), NOW)
    request = workflow_request(node("n"), description=said)
    again = refusal(workflows.create_workflow, request, now=LATER)
    assert (again.code, again.message) == (
        "ALREADY_EXISTS",
        "workflow with identical structure already exists",
    )
    reason = workflow_pb2.CreateWorkflowFailureReason()
    reason.exists_identical_structure.id.CopyFrom(ID)
    assert again.details == (reason,)
    assert get(workflows).closure.created_at == times.stamp(NOW)


def test_refuses_another_workflow_under_the_same_id(workflows):
    workflows.create_workflow(workflow_request(node("n")), NOW)
    again = refusal(workflows.create_workflow, workflow_request(node("m")))
    assert again.code == "INVALID_ARGUMENT"
    assert again.message.startswith(
        "w workflow with different structure already exists. "
        "(Please register a new version of the workflow):\n"
    )
    reason = workflow_pb2.CreateWorkflowFailureReason()
    reason.exists_different_structure.id.CopyFrom(ID)
    assert again.details == (reason,)


def test_a_difference_too_long_to_show_loses_its_details(workflows):
    workflows.create_workflow(workflow_request(node("n")), NOW)
    again = refusal(workflows.create_workflow, workflow_request(node("m" * 32_000)))
    assert again.message.startswith("w workflow with different structure already exists. ")
    assert again.details == ()


def test_says_that_a_workflow_does_not_compile_even_if_it_exists(workflows):
    workflows.create_workflow(workflow_request(node("n")), NOW)
    assert "Collected Errors" in refused(workflows, workflow_request(node("n", None)))


def test_wants_the_whole_id_to_show_a_workflow(workflows):
    assert refusal(workflows.get_workflow, common_pb2.ObjectGetRequest()).message == "missing id"
    request = common_pb2.ObjectGetRequest(id=identifier(identifier_pb2.UNSPECIFIED, ""))
    assert refusal(workflows.get_workflow, request).message == "missing name"


def test_fills_in_the_type_of_a_workflow_that_is_asked_for(workflows):
    workflows.create_workflow(workflow_request(node("n")), NOW)
    assert get(workflows, identifier(identifier_pb2.UNSPECIFIED, "w")).id == ID
    wrong = common_pb2.ObjectGetRequest(id=identifier(TASK, "w"))
    assert "unexpected resource type task" in refusal(workflows.get_workflow, wrong).message


def test_says_that_there_is_no_such_workflow(workflows):
    missing = refusal(workflows.get_workflow, common_pb2.ObjectGetRequest(id=ID))
    assert missing.code == "NOT_FOUND"
    assert missing.message.startswith("missing entity of type WORKFLOW with identifier project:")


def test_lists_no_more_of_a_workflow_than_its_interface(workflows):
    said = description_entity_pb2.DescriptionEntity(short_description="what it does")
    request = workflow_request(node("n"), inputs={"x": INT}, description=said)
    workflows.create_workflow(request, NOW)
    place = common_pb2.NamedEntityIdentifier(project="p", domain="development")
    found = workflows.list_workflows(common_pb2.ResourceListRequest(id=place, limit=2), NOW)
    (listed,) = found.workflows
    expected = workflow_pb2.Workflow(id=ID, short_description="what it does")
    expected.closure.created_at.CopyFrom(times.stamp(NOW))
    primary = expected.closure.compiled_workflow.primary
    primary.template.interface.CopyFrom(request.spec.template.interface)
    assert listed == expected


def test_lists_an_interface_as_it_was_sent(workflows):
    request = workflow_request(node("n"))
    request.spec.template.ClearField("interface")
    workflows.create_workflow(request, NOW)
    place = common_pb2.NamedEntityIdentifier(project="p", domain="development")
    found = workflows.list_workflows(common_pb2.ResourceListRequest(id=place, limit=2), NOW)
    template_ = found.workflows[0].closure.compiled_workflow.primary.template
    assert template_.interface == interface_pb2.TypedInterface()
    assert template_.HasField("interface")


def test_lists_names_of_workflows_once(workflows):
    for version in ("v1", "v2"):
        request = workflow_request(node("n"))
        request.id.version = version
        workflows.create_workflow(request, NOW)
    request = common_pb2.NamedEntityIdentifierListRequest(
        project="p", domain="development", limit=9
    )
    found = workflows.list_workflow_ids(request, NOW)
    assert [name.name for name in found.entities] == ["w"]


def test_stores_what_is_compiled_already_without_any_rule(workflows, store):
    workflows.create_workflow(workflow_request(node("n")), NOW)
    closure = get(workflows).closure.compiled_workflow
    stub = type(closure)()
    stub.CopyFrom(closure)
    stub.primary.template.id.name = "stub"
    row = workflows.store_compiled(stub, NOW)
    assert row.typed_interface == stub.primary.template.interface
    assert row.remote_closure_identifier.endswith("/metadata/admin/p/development/stub/v1")
    assert get(workflows, stub.primary.template.id).closure.compiled_workflow == stub
