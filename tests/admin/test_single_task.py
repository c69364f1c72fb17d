from __future__ import annotations

import pytest
from builders import (
    INTEGER,
    NOW,
    NUL,
    STRING,
    assign,
    create_request,
    execution_id,
    identifier,
    literals,
    refusal_of,
)
from flyteidl.admin import common_pb2, execution_pb2, launch_plan_pb2
from flyteidl.core import identifier_pb2, literals_pb2, security_pb2

from flyte_testkit.admin.database.blobs import read_literals
from flyte_testkit.admin.executions.single_task import node_name

WRAPPED = ("p", "development", ".flytegen.t", "v1")


@pytest.fixture
def create(executions, store):
    """Runs task ``t`` alone and returns the row."""

    def create(name="e1", *, task="t", **fields):
        place = fields.pop("place", {})
        request = create_request(
            name, plan=identifier(identifier_pb2.TASK, task, **place), **fields
        )
        executions.create_execution(request, NOW)
        return store.executions.get("p", "development", name)

    return create


def spec(**fields):
    return execution_pb2.ExecutionSpec(**fields)


@pytest.mark.parametrize(
    ("task", "node"),
    [
        ("my.mod.t_1", "mymodt1"),
        ("a-b", "a-b"),
        ("ünï٣", "ünï٣"),
        ("pkg." + "y" * 40 + ".module.task_" + "z" * 20, "y" * 30 + "moduletask" + "z" * 20),
        ("é" * 40, "é" * 31),
        ("...", ""),
    ],
)
def test_a_node_is_called_by_the_letters_and_digits_of_the_end_of_its_task(task, node):
    assert node_name(task) == node


def test_a_task_runs_as_a_workflow_of_one_node(create, make, store):
    task = make.task(inputs={"x": INTEGER}, outputs={"y": STRING})

    row = create(inputs=literals(x=1))

    assert (row.task_id, row.launch_plan_id, row.launch_entity) == (task.id, 0, "task")
    workflow = store.workflows.get(*WRAPPED)
    assert row.workflow_id == workflow.id
    assert row.message.closure.workflow_id == workflow.message.id
    assert row.message.spec.launch_plan == task.message.id
    template = workflow.message.closure.compiled_workflow.primary.template
    assert template.id == workflow.message.id
    assert template.interface == task.message.closure.compiled_task.template.interface
    (output,) = template.outputs
    assert (output.var, output.binding.promise.node_id, output.binding.promise.var) == (
        "y",
        "t",
        "y",
    )
    node = template.nodes[2]
    assert (node.id, node.metadata.name) == ("t", "t")
    assert node.task_node.reference_id == task.message.id
    assert [binding.var for binding in node.inputs] == ["x"]
    assert node.inputs[0].binding.promise.node_id == "start-node"


def test_the_launch_plan_of_a_task_names_a_workflow_of_the_tasks_own_name(create, make, store):
    make.task(inputs={"x": INTEGER})

    create(inputs=literals(x=1))

    plan = store.launch_plans.get(*WRAPPED)
    assert plan.message.spec.workflow_id == identifier(identifier_pb2.WORKFLOW, "t")
    assert plan.message.closure.expected_inputs.parameters["x"].required
    assert plan.state == 0
    for field in ("entity_metadata", "fixed_inputs", "labels", "annotations"):
        assert plan.message.spec.HasField(field)
    assert not len(store.description_entities)


def test_the_wrapping_is_where_the_task_is_and_the_execution_where_it_was_asked_for(
    create, make, store
):
    make.project("other")
    make.task(project="other", domain="staging", version="v7")

    row = create(place={"project": "other", "domain": "staging", "version": "v7"})

    wrapped = ("other", "staging", ".flytegen.t", "v7")
    assert wrapped in store.workflows
    assert wrapped in store.launch_plans
    assert row.message.id == execution_id()
    assert row.message.closure.workflow_id.project == "other"


def test_a_second_run_uses_what_the_first_one_made(create, make, store):
    make.task()

    create("e1")
    create("e2")

    assert len(store.workflows) == len(store.launch_plans) == 1
    assert len(store.named_entity_metadata) == 2
    assert {row.state for row in store.named_entity_metadata} == {common_pb2.SYSTEM_GENERATED}


@pytest.mark.parametrize(("retries", "kept"), [(5, 5), (0, 0), (None, 3)])
def test_a_task_keeps_its_retries_and_one_without_gets_three(create, make, store, retries, kept):
    make.task(retries=retries)

    create()

    nodes = store.workflows.get(*WRAPPED).message.closure.compiled_workflow.primary.template.nodes
    assert nodes[2].metadata.retries == literals_pb2.RetryStrategy(retries=kept)


def test_an_unknown_task_is_not_found(create, make):
    refusal = refusal_of(create)

    assert (refusal.code, refusal.message) == (
        "NOT_FOUND",
        (
            "missing entity of type TASK with identifier "
            'project:"p" domain:"development" name:"t" version:"v1"'
        ),
    )


def test_the_id_of_a_task_with_a_nul_is_refused_by_the_database(create, make):
    refusal = refusal_of(create, task="\0")

    assert (refusal.code, refusal.message) == NUL


def test_a_task_without_a_usable_name_cannot_be_wrapped(create, make, store):
    make.task("...")

    refusal = refusal_of(create, task="...")

    assert (refusal.code, refusal.message) == (
        "INVALID_ARGUMENT",
        (
            'failed to compile workflow for [resource_type:WORKFLOW project:"p" '
            'domain:"development" name:".flytegen...." version:"v1"] with err: '
            "Collected Errors: 1\n"
            "\tError 0: Code: ValueRequired, Node Id: <node>, "
            "Description: Value required [Id].\n"
        ),
    )
    assert not len(store.workflows)
    assert not len(store.launch_plans)


@pytest.mark.parametrize(
    ("inputs", "refusal"),
    [
        (literals(), "expected_inputs x missing"),
        (literals(x=1, y=1), "invalid input y"),
        (literals(x="a"), "invalid x input wrong type. Expected simple:INTEGER, but got "),
    ],
)
def test_wrong_inputs_are_refused_after_the_wrapping_was_made(create, make, store, inputs, refusal):
    make.task(inputs={"x": INTEGER})

    assert refusal_of(create, inputs=inputs).message.startswith(refusal)
    assert WRAPPED in store.workflows
    assert WRAPPED in store.launch_plans
    assert not len(store.executions)


def test_a_cluster_label_is_an_error_of_the_call(create, make, store, executor):
    make.task()

    refusal = refusal_of(create, spec=spec(execution_cluster_label={"value": "here"}))

    assert (refusal.code, refusal.message) == (
        "INTERNAL",
        "failed to create workflow in propeller execution cluster label here is not supported",
    )
    assert not len(store.executions)
    assert WRAPPED in store.launch_plans
    assert not executor.admitted


def test_a_wrapping_that_does_not_fit_is_an_internal_error_of_the_call(create, make):
    make.task()
    make.workflow(".flytegen.t", inputs={"x": INTEGER})
    make.launch_plan(".flytegen.t", workflow=".flytegen.t", inputs={"x": STRING})

    refusal = refusal_of(create, inputs=literals(x="a"))

    assert refusal.code == "INTERNAL"
    assert refusal.message.startswith("Collected Errors: 2\n")


@pytest.mark.parametrize("parallelism", [0, -5, 7])
def test_the_parallelism_is_kept_as_sent(create, make, parallelism):
    make.task()

    row = create(spec=spec(max_parallelism=parallelism))

    assert row.message.spec.max_parallelism == parallelism


def test_artifacts_are_kept_and_the_principal_is_not(create, make):
    make.task()
    metadata = execution_pb2.ExecutionMetadata(artifact_ids=[{}], principal="me")

    kept = create(spec=spec(metadata=metadata)).message.spec.metadata

    assert kept.artifact_ids
    assert kept.principal == ""


def test_tags_and_labels_are_shown_and_cannot_be_searched(create, make, store):
    make.project(labels={"team": "a"})
    make.task()

    row = create(spec=spec(tags=["t", "t"], labels={"values": {"a": "b"}}))

    assert list(row.message.spec.tags) == ["t", "t"]
    assert dict(row.message.spec.labels.values) == {"a": "b", "team": "a"}
    assert not len(store.execution_tags)


def test_who_ran_a_task_first_is_written_into_its_launch_plan_and_not_inherited(
    create, make, store
):
    make.task()
    who = security_pb2.SecurityContext(run_as=security_pb2.Identity(k8s_service_account="first"))
    role = common_pb2.AuthRole(assumable_iam_role="first")

    create("e1", spec=spec(security_context=who, auth_role=role))
    row = create("e2", spec=spec(auth_role={}))

    plan = store.launch_plans.get(*WRAPPED).message.spec
    assert (plan.security_context, plan.auth_role) == (who, role)
    assert not row.message.spec.security_context.run_as.ListFields()


def test_attributes_say_who_runs_unless_they_are_a_workflows(create, make, attributes):
    make.task()

    def config(role):
        return {"security_context": {"run_as": {"iam_role": role}}}

    for name in ("t", ".flytegen.t"):
        assign(attributes, "development", name, workflow_execution_config=config("workflow"))
    assert not create("e1").message.spec.security_context.run_as.ListFields()
    assign(attributes, "development", workflow_execution_config=config("domain"))
    assert create("e2").message.spec.security_context.run_as.iam_role == "domain"


def test_a_wrapping_that_is_there_is_used_with_its_inputs_and_notifications_only(
    create, make, store
):
    make.task()
    make.workflow(".flytegen.t", inputs={"x": INTEGER, "f": INTEGER})
    told = common_pb2.Notification(email={"recipients_email": ["plan"]})
    plan = launch_plan_pb2.LaunchPlanSpec(
        entity_metadata={"notifications": [told]},
        labels={"values": {"a": "b"}},
        max_parallelism=9,
        security_context={"run_as": {"iam_role": "plan"}},
        concurrency_policy={"behavior": "CONCURRENCY_LIMIT_BEHAVIOR_SKIP"},
    )
    make.launch_plan(
        ".flytegen.t",
        workflow=".flytegen.t",
        inputs={"x": INTEGER},
        defaults={"x": 1},
        fixed={"f": 2},
        spec=plan,
    )

    row = create()

    assert read_literals(store, row.inputs_uri) == literals(x=1, f=2)
    assert list(row.message.closure.notifications) == [told]
    kept = row.message.spec
    assert (kept.max_parallelism, kept.security_context.run_as.iam_role) == (0, "")
    assert not kept.labels.values
    assert not len(store.named_entity_metadata)


def test_the_launch_plan_of_a_task_run_by_itself_runs_a_workflow_of_the_tasks_own_name(
    create, executions, make, store
):
    make.task()
    create()
    request = create_request("e2", plan=".flytegen.t")

    refusal = refusal_of(executions.create_execution, request, NOW)

    assert (refusal.code, refusal.message) == (
        "NOT_FOUND",
        (
            "missing entity of type WORKFLOW with identifier "
            'project:"p" domain:"development" name:"t" version:"v1"'
        ),
    )
    workflow = make.workflow("t")
    executions.create_execution(request, NOW)
    row = store.executions.get("p", "development", "e2")
    assert row.workflow_id == workflow.id


def test_a_task_of_an_archived_project_runs_only_if_it_did_before(create, make):
    make.project("other")
    make.task("old", project="other")
    make.task("new", project="other")
    place = {"project": "other"}
    create("e1", task="old", place=place)
    make.project("other", state=1)

    create("e2", task="old", place=place)
    refusal = refusal_of(create, "e3", task="new", place=place)

    assert (refusal.code, refusal.message) == (
        "INVALID_ARGUMENT",
        "project [other] is not active",
    )
    assert refusal.details[0].id == "other"


def test_a_wrapping_without_a_launch_plan_is_not_completed_in_an_archived_project(
    create, make, store
):
    make.project("other")
    make.task(project="other")
    make.workflow(".flytegen.t", project="other")
    make.project("other", state=1)

    refusal = refusal_of(create, place={"project": "other"})

    assert (refusal.code, refusal.message) == (
        "INVALID_ARGUMENT",
        "project [other] is not active",
    )
    assert not len(store.launch_plans)


@pytest.mark.parametrize(
    ("again", "request_type"),
    [
        ("relaunch_execution", execution_pb2.ExecutionRelaunchRequest),
        ("recover_execution", execution_pb2.ExecutionRecoverRequest),
    ],
)
def test_a_task_runs_again_the_same_way(create, make, executions, store, again, request_type):
    make.task(inputs={"x": INTEGER})
    create(spec=spec(max_parallelism=7, tags=["t"]), inputs=literals(x=1))

    getattr(executions, again)(request_type(id=execution_id(), name="e2"), NOW)

    row = store.executions.get("p", "development", "e2")
    assert row.launch_entity == "task"
    assert row.message.spec.max_parallelism == 7
    assert list(row.message.spec.tags) == ["t"]
