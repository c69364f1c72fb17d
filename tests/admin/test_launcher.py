from __future__ import annotations

from dataclasses import replace

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
    node_id,
    refusal_of,
)
from flyteidl.admin import (
    common_pb2,
    execution_pb2,
    launch_plan_pb2,
    matchable_resource_pb2,
)
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.database import times
from flyte_testkit.admin.errors import failed_precondition

Metadata = execution_pb2.ExecutionMetadata


@pytest.fixture
def plan(make):
    """Launch plan ``w`` with a required input ``x`` and a default for ``y``."""
    make.workflow(inputs={"x": INTEGER, "y": STRING})
    return make.launch_plan(inputs={"x": INTEGER, "y": STRING}, defaults={"y": "default"})


@pytest.fixture
def create(executions, plan, store):
    """Creates an execution and returns its row."""

    def create(name="e1", *, now=NOW, **fields):
        fields.setdefault("inputs", literals(x=1))
        id_ = executions.create_execution(create_request(name, **fields), now).id
        return store.executions.get(id_.project, id_.domain, id_.name)

    return create


def spec(**fields):
    return execution_pb2.ExecutionSpec(**fields)


# --- what is written down


def test_a_new_execution_is_undefined_and_was_updated_when_it_was_made(create, plan):
    row = create()

    assert row.phase == "UNDEFINED"
    assert row.message.id == execution_id("e1")
    closure = row.message.closure
    assert closure.created_at == closure.updated_at == times.stamp(NOW)
    assert closure.state_change_details.occurred_at == closure.created_at
    assert closure.workflow_id == identifier(identifier_pb2.WORKFLOW, "w")
    assert not closure.HasField("started_at")
    assert not closure.HasField("duration")
    assert not closure.HasField("computed_inputs")
    assert closure.WhichOneof("output_result") is None
    assert closure.state_change_details.state == execution_pb2.EXECUTION_ACTIVE
    assert (row.state, row.mode, row.cluster) == (0, Metadata.MANUAL, "")
    assert (row.error_kind, row.error_code) == (None, None)
    assert (row.source_execution_id, row.parent_node_execution_id) == (0, 0)
    assert (row.launch_plan_id, row.workflow_id, row.task_id) == (plan.id, plan.workflow_id, 0)
    assert row.launch_entity == "launch_plan"
    assert row.started_at is None


def test_the_spec_gets_a_namespace_a_security_context_and_a_parallelism(create):
    row = create()

    assert row.message.spec.metadata.system_metadata.namespace == "p-development"
    assert row.message.spec.HasField("security_context")
    assert row.message.spec.max_parallelism == 25


def test_what_the_client_says_of_the_server_is_overwritten_and_the_rest_is_kept(create):
    metadata = Metadata(
        mode=Metadata.TRIGGER,
        principal="me",
        nesting=40,
        artifact_ids=[{}],
        system_metadata=execution_pb2.SystemMetadata(execution_cluster="east", namespace="n"),
        reference_execution=execution_id("nobody"),
    )

    row = create(spec=spec(metadata=metadata))

    kept = row.message.spec.metadata
    assert (kept.mode, kept.nesting) == (Metadata.TRIGGER, 40)
    assert kept.reference_execution == execution_id("nobody")
    assert kept.principal == row.user == ""
    assert not kept.artifact_ids
    assert kept.system_metadata == execution_pb2.SystemMetadata(namespace="p-development")
    assert (row.mode, row.source_execution_id) == (Metadata.TRIGGER, 0)


def test_the_principal_is_who_asks(create, identity):
    with identity.acting_as("ada"):
        row = create()

    assert row.user == row.message.spec.metadata.principal == "ada"
    assert row.message.closure.state_change_details.principal == "ada"


EMPTY = {
    "labels",
    "annotations",
    "envs",
    "auth_role",
    "quality_of_service",
    "notifications",
    "cluster_assignment",
    "execution_cluster_label",
    "raw_output_data_config",
    "interruptible",
}


@pytest.mark.parametrize("field", sorted(EMPTY))
def test_an_empty_part_of_the_spec_stays_present(create, field):
    row = create(spec=spec(**{field: {}}))

    assert {name for name in EMPTY if row.message.spec.HasField(name)} == {field}


def test_notifications_that_are_not_disabled_stay_so_in_as_many_words(create):
    assert create(spec=spec(disable_all=False)).message.spec.HasField("disable_all")


def test_what_only_the_engine_reads_is_kept_as_sent(create):
    twice = {"key": "a", "value": "1"}
    sent = spec(
        envs={"values": [twice, twice]},
        execution_env_assignments=[{"node_ids": ["n0"], "task_type": "t"}],
        annotations={"values": {f"/ no key {n}": "\n" * 300 for n in range(17)}},
        raw_output_data_config={"output_location_prefix": "s3://b"},
        interruptible={"value": True},
        overwrite_cache=True,
    )

    kept = create(spec=sent).message.spec

    for field, value in sent.ListFields():
        assert getattr(kept, field.name) == value


@pytest.mark.parametrize("mode", [Metadata.SCHEDULED, 99])
def test_any_number_is_a_mode(create, mode):
    row = create(spec=spec(metadata=Metadata(mode=mode)))

    assert row.mode == row.message.spec.metadata.mode == mode


@pytest.mark.parametrize("inputs", [literals(), literals(x=2)])
def test_inputs_of_the_spec_stay_there_whether_they_are_used_or_not(create, inputs):
    row = create(spec=spec(inputs=literals(x=1)), inputs=inputs)

    assert row.message.spec.inputs == literals(x=1)


def test_an_org_is_no_part_of_the_id_and_stays_in_the_launch_plans(create):
    plan = identifier(identifier_pb2.LAUNCH_PLAN, "w")
    plan.org = "acme"

    row = create(plan=plan, org="acme")

    assert row.message.id == execution_id("e1")
    assert row.message.spec.launch_plan == plan


def test_what_the_launch_plan_adds_for_the_engine_is_not_shown(create, make):
    make.launch_plan(
        "labelled",
        spec=launch_plan_pb2.LaunchPlanSpec(labels=common_pb2.Labels(values={"a": "b"})),
    )

    row = create(plan="labelled", inputs=literals())

    assert not row.message.spec.HasField("labels")


def test_the_request_is_not_changed(executions, plan):
    request = create_request(inputs=literals(x=1))
    before = request.SerializeToString(deterministic=True)

    executions.create_execution(request, NOW)

    assert request.SerializeToString(deterministic=True) == before


def test_an_execution_without_a_name_gets_one_and_another_the_next_time(create):
    assert create("").execution_name != create("").execution_name


def test_the_place_of_the_launch_plan_and_its_state_do_not_matter(create, make):
    make.project("other")
    make.workflow(project="other", domain="staging")
    make.launch_plan(project="other", domain="staging")
    make.project("other", state=1)
    plan = identifier(
        identifier_pb2.LAUNCH_PLAN, "w", project="other", domain="staging", version="v1"
    )

    row = create(plan=plan, inputs=literals())

    assert row.execution_project == "p"
    assert row.message.closure.workflow_id.project == "other"


# --- inputs


def test_inputs_and_user_inputs_are_written_apart(create, store):
    row = create()

    assert row.inputs_uri.endswith("/metadata/p/development/e1/inputs")
    assert row.user_inputs_uri.endswith("/metadata/p/development/e1/user_inputs")
    assert store.blobs[row.inputs_uri] == literals(x=1, y="default").SerializeToString(
        deterministic=True
    )
    assert store.blobs[row.user_inputs_uri] == literals(x=1).SerializeToString()


def test_the_engine_sees_the_execution_and_all_its_inputs_before_it_is_stored(create, executor):
    row = create()

    ((admitted, inputs),) = executor.admitted
    assert admitted == replace(row, id=0)
    assert inputs == literals(x=1, y="default")
    assert executor.executed == [(row, NOW)]


def test_what_the_engine_refuses_is_not_stored(create, executor, store):
    executor.refusal = failed_precondition("no script")

    refusal = refusal_of(create, spec=spec(tags=["t"]))

    assert refusal is executor.refusal
    assert not len(store.executions)
    assert not len(store.execution_tags)
    assert not executor.executed


def test_what_a_rule_refuses_never_reaches_the_engine(create, executor):
    create()
    executor.admitted.clear()

    refusal_of(create)
    refusal_of(create, "e2", inputs=literals())

    assert not executor.admitted


# --- order


def test_each_step_is_taken_before_the_next(create, make, store, attributes):
    create()
    make.launch_plan(
        "lost",
        workflow="nowhere",
        inputs={"x": INTEGER},
        spec=launch_plan_pb2.LaunchPlanSpec(
            concurrency_policy=launch_plan_pb2.ConcurrencyPolicy(
                max=0, behavior=launch_plan_pb2.CONCURRENCY_LIMIT_BEHAVIOR_SKIP
            )
        ),
    )
    sent = spec(
        metadata=Metadata(parent_node_execution=node_id("n0", "e1")),
        cluster_assignment={"cluster_pool_name": "cpu"},
    )

    def answer(plan, **fields):
        refusal = refusal_of(create, plan=plan, spec=sent, **fields)
        return refusal.code, refusal.message.split(" with identifier ")[0]

    labelled = spec(labels={"values": {"-": ""}})
    assert refusal_of(create, plan="none", spec=labelled).message.startswith("invalid label key")
    assert answer("none", inputs=literals()) == (
        "NOT_FOUND",
        "missing entity of type LAUNCH_PLAN",
    )
    assert answer("lost", inputs=literals())[1] == "expected_inputs x missing"
    assert answer("lost") == ("NOT_FOUND", "missing entity of type WORKFLOW")
    make.workflow("nowhere")
    assert answer("lost") == ("NOT_FOUND", "missing entity of type node execution")
    make.node(execution="e1")
    assign(attributes, cluster_assignment={"cluster_pool_name": "gpu"})
    assert "cannot run on cluster pool" in answer("lost")[1]
    attributes.table.discard("p", "", "", matchable_resource_pb2.CLUSTER_ASSIGNMENT)
    assert answer("lost") == (
        "ALREADY_EXISTS",
        "concurrency limit (0) reached for launch plan lost; skipping execution",
    )
    assert "executions_pkey" in answer("w")[1]
    assert len(store.executions) == 1


@pytest.mark.parametrize("place", [{"name": "W"}, {"name": "w", "domain": "mars"}])
def test_an_unknown_launch_plan_is_printed_without_its_type(create, place):
    plan = identifier(identifier_pb2.LAUNCH_PLAN, **place)

    refusal = refusal_of(create, plan=plan)

    assert (refusal.code, refusal.message) == (
        "NOT_FOUND",
        (
            "missing entity of type LAUNCH_PLAN with identifier "
            f'project:"p" domain:"{plan.domain}" name:"{plan.name}" version:"v1"'
        ),
    )


def test_an_unknown_workflow_is_printed_without_its_type_too(create, make):
    make.launch_plan("lost", workflow="nowhere")

    refusal = refusal_of(create, plan="lost", inputs=literals())

    assert (refusal.code, refusal.message) == (
        "NOT_FOUND",
        (
            "missing entity of type WORKFLOW with identifier "
            'project:"p" domain:"development" name:"nowhere" version:"v1"'
        ),
    )


@pytest.mark.parametrize(
    "sent",
    [
        {"launch_plan": identifier(identifier_pb2.LAUNCH_PLAN, "w", version="\0")},
        {"metadata": Metadata(parent_node_execution=node_id("\0"))},
    ],
)
def test_ids_with_a_nul_reach_the_database_and_are_refused_there(create, store, sent):
    refusal = refusal_of(create, spec=spec(**sent))

    assert (refusal.code, refusal.message) == NUL
    assert not len(store.executions)


# --- names, tags and labels


def test_a_taken_name_is_refused_though_its_inputs_are_overwritten_by_then(create, store):
    row = create()

    refusal = refusal_of(create, inputs=literals(x=2))

    assert (refusal.code, refusal.message) == (
        "ALREADY_EXISTS",
        (
            "value with matching already exists "
            '(duplicate key value violates unique constraint "executions_pkey")'
        ),
    )
    assert store.blobs[row.user_inputs_uri] == literals(x=2).SerializeToString()


@pytest.mark.parametrize(
    "taken_by", [{"state": 1}, {"phase": "FAILED"}, {"launch_entity": "task", "task_id": 1}]
)
def test_a_name_stays_taken_for_good(create, store, taken_by):
    store.executions.update(replace(create(), **taken_by))

    assert refusal_of(create).code == "ALREADY_EXISTS"


def test_a_name_is_free_in_every_other_domain(create):
    create()

    assert create(domain="staging").message.id == execution_id(domain="staging")


def test_names_that_differ_in_case_are_different(create):
    create("run")

    assert create("Run").execution_name == "Run"


def tags_of(store):
    return [(tag.key_, tag.value) for tag in store.execution_tags]


def test_labels_and_tags_make_an_execution_searchable(create, store):
    create(spec=spec(labels=common_pb2.Labels(values={"a": "b"}), tags=["t", ""]))

    assert tags_of(store) == [("a", "b"), ("t", ""), ("", "")]


@pytest.mark.parametrize(
    "sent",
    [
        {"tags": ["t", "t"]},
        {"tags": ["t"], "labels": common_pb2.Labels(values={"t": ""})},
    ],
)
def test_a_search_term_given_twice_is_refused(create, store, sent):
    refusal = refusal_of(create, spec=spec(**sent))

    assert (refusal.code, refusal.message) == (
        "ALREADY_EXISTS",
        (
            "value with matching already exists "
            '(duplicate key value violates unique constraint "execution_tags_pkey")'
        ),
    )
    assert not len(store.executions)
    assert not len(store.execution_tags)


def test_a_tag_may_be_called_like_a_label_that_has_a_value(create, store):
    create(spec=spec(tags=["t"], labels=common_pb2.Labels(values={"t": "v"})))

    assert tags_of(store) == [("t", "v"), ("t", "")]


def test_a_duplicate_with_the_same_tags_fails_on_them(create):
    create(spec=spec(tags=["t"]))

    assert "execution_tags_pkey" in refusal_of(create, spec=spec(tags=["t", "u"])).message


def test_a_duplicate_with_other_tags_leaves_them_behind(create, store):
    create(spec=spec(tags=["t"]))

    assert "executions_pkey" in refusal_of(create, spec=spec(tags=["u"])).message
    assert tags_of(store) == [("t", ""), ("u", "")]
    assert "execution_tags_pkey" in refusal_of(create, spec=spec(tags=["u"])).message


@pytest.mark.parametrize(
    ("tag", "refusal"),
    [
        ("ü" * 256, "value too long for type character varying(255)"),
        ("a\0", 'invalid byte sequence for encoding "UTF8": 0x00'),
    ],
)
def test_a_tag_that_the_database_cannot_hold_is_refused(create, store, tag, refusal):
    found = refusal_of(create, spec=spec(tags=[tag]))

    assert (found.code, found.message) == (
        "UNKNOWN",
        f"failed database operation with {refusal}",
    )
    assert not len(store.executions)


def test_a_label_of_the_project_that_the_database_cannot_hold_is_refused(create, make, store):
    make.project(labels={"team": "a" * 256})

    refusal = refusal_of(create, spec=spec(labels={"values": {"a": "b"}}))

    assert refusal.message == (
        "failed database operation with value too long for type character varying(255)"
    )
    assert not len(store.executions)


def test_a_tag_of_255_letters_is_fine(create):
    assert create(spec=spec(tags=["ü" * 255])).message.spec.tags


def test_labels_of_the_project_join_those_of_the_request_and_do_not_beat_them(create, make, store):
    make.project(labels={"team": "a", "tier": "1"})

    row = create(spec=spec(labels=common_pb2.Labels(values={"team": "mine"})))

    assert dict(row.message.spec.labels.values) == {"team": "mine", "tier": "1"}
    assert tags_of(store) == [("team", "mine"), ("tier", "1")]


def test_labels_of_the_project_stay_out_of_a_request_without_labels(create, make, store):
    make.project(labels={"team": "a"})

    assert not create(spec=spec(labels=common_pb2.Labels())).message.spec.labels.values
    assert not len(store.execution_tags)


# --- limits and settings of the launch plan and the project


def test_the_workflows_name_finds_its_settings_and_the_launch_plans_own_does_not(
    create, make, attributes
):
    make.launch_plan("another")
    for name, parallelism in (("w", 7), ("another", 8)):
        assign(
            attributes,
            "development",
            name,
            workflow_execution_config={"max_parallelism": parallelism},
        )

    row = create(plan="another", inputs=literals())

    assert row.message.spec.max_parallelism == 7


def test_the_assigned_cluster_pool_is_not_written_down(create, attributes):
    assign(attributes, cluster_assignment={"cluster_pool_name": "gpu"})

    assert not create().message.spec.HasField("cluster_assignment")


def test_the_cluster_pool_of_the_launch_plan_binds_nobody(create, make):
    pool = {"cluster_pool_name": "gpu"}
    make.launch_plan("pooled", spec=launch_plan_pb2.LaunchPlanSpec(cluster_assignment=pool))

    row = create(
        plan="pooled",
        inputs=literals(),
        spec=spec(cluster_assignment={"cluster_pool_name": "cpu"}),
    )

    assert row.message.spec.cluster_assignment.cluster_pool_name == "cpu"


def test_a_full_launch_plan_lets_nobody_in_from_other_domains_either(create, make, store):
    policy = launch_plan_pb2.ConcurrencyPolicy(
        max=1, behavior=launch_plan_pb2.CONCURRENCY_LIMIT_BEHAVIOR_SKIP
    )
    make.launch_plan("full", spec=launch_plan_pb2.LaunchPlanSpec(concurrency_policy=policy))
    running = {"plan": "full", "inputs": literals()}
    store.executions.update(replace(create("away", domain="staging", **running), phase="RUNNING"))
    store.executions.update(replace(create("here", **running), phase="RUNNING"))

    assert refusal_of(create, "late", domain="staging", **running).code == "ALREADY_EXISTS"


# --- notifications


def notification(recipient):
    return common_pb2.Notification(
        email=common_pb2.EmailNotification(recipients_email=[recipient]),
        phases=[core_execution_pb2.WorkflowExecution.FAILED],
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, ["plan"]),
        ({"disable_all": True}, []),
        ({"disable_all": False}, ["plan"]),
        ({"notifications": {}}, ["plan"]),
        ({"notifications": {"notifications": [notification("own")]}}, ["own"]),
    ],
)
def test_notifications_are_the_requests_or_else_the_launch_plans(create, make, sent, kept):
    entity = launch_plan_pb2.LaunchPlanMetadata(notifications=[notification("plan")])
    make.launch_plan("noisy", spec=launch_plan_pb2.LaunchPlanSpec(entity_metadata=entity))

    row = create(plan="noisy", inputs=literals(), spec=spec(**sent))

    found = [entry.email.recipients_email[0] for entry in row.message.closure.notifications]
    assert found == kept


# --- children


@pytest.fixture
def parent(create, make, identity):
    sent = spec(
        execution_cluster_label={"value": ""},
        labels={"values": {"a": "b"}},
        tags=["t"],
        max_parallelism=7,
        interruptible={"value": True},
        security_context={"run_as": {"iam_role": "r"}},
    )
    with identity.acting_as("ada"):
        row = create(spec=sent)
    make.node(execution="e1")
    return row


def test_a_child_has_its_parents_user_and_cluster_label_and_is_one_deeper(create, parent):
    metadata = Metadata(parent_node_execution=node_id(), nesting=40, principal="me")

    kid = create("kid", spec=spec(metadata=metadata))

    assert kid.user == kid.message.spec.metadata.principal == "ada"
    assert kid.message.spec.metadata.nesting == 1
    assert kid.message.spec.HasField("execution_cluster_label")
    assert kid.source_execution_id == parent.id
    assert kid.parent_node_execution_id == 1


def test_a_child_has_nothing_else_of_its_parent(create, parent):
    kid = create("kid", spec=spec(metadata=Metadata(parent_node_execution=node_id()))).message.spec

    assert not kid.HasField("labels")
    assert not kid.HasField("interruptible")
    assert not kid.tags
    assert kid.max_parallelism == 25
    assert kid.security_context.run_as.iam_role == ""


def test_a_child_of_a_parent_with_a_cluster_label_fails_at_birth_like_it(create, make):
    create(spec=spec(execution_cluster_label={"value": "here"}))
    make.node()

    kid = create("kid", spec=spec(metadata=Metadata(parent_node_execution=node_id())))

    assert kid.message.closure.error.message.endswith("cluster label here is not supported")


def test_a_parent_may_be_in_another_project_and_have_ended(create, make):
    far = make.execution("far", project="q", phase="SUCCEEDED")
    make.node(execution="far", project="q")
    metadata = Metadata(
        parent_node_execution=node_id("n0", "far", project="q"), mode=Metadata.SCHEDULED
    )

    kid = create(spec=spec(metadata=metadata))

    assert kid.source_execution_id == far.id
    assert (kid.mode, kid.message.spec.metadata.nesting) == (Metadata.SCHEDULED, 1)


def test_a_child_of_a_node_that_is_not_there_is_refused_after_its_inputs_were_written(
    create, parent, store
):
    refusal = refusal_of(
        create, "kid", spec=spec(metadata=Metadata(parent_node_execution=node_id("nope")))
    )

    assert (refusal.code, refusal.message) == (
        "NOT_FOUND",
        (
            'missing entity of type node execution with identifier node_id:"nope" '
            'execution_id:{project:"p" domain:"development" name:"e1"}'
        ),
    )
    assert any(uri.endswith("/kid/inputs") for uri in store.blobs)


def test_a_child_of_a_node_whose_execution_is_not_there_is_refused(create, make):
    make.node(execution="gone")
    metadata = Metadata(parent_node_execution=node_id("n0", "gone"))

    refusal = refusal_of(create, "kid", spec=spec(metadata=metadata))

    assert (refusal.code, refusal.message) == (
        "NOT_FOUND",
        (
            "missing entity of type execution with identifier "
            'project:"p" domain:"development" name:"gone"'
        ),
    )


# --- what the engine cannot take


def test_a_cluster_label_makes_an_execution_that_failed_at_birth(create, executor, store):
    row = create(spec=spec(execution_cluster_label={"value": "here"}, tags=["t"]))

    assert row.phase == "FAILED"
    error = row.message.closure.error
    assert error.code == row.error_code == "Internal"
    assert error.kind == core_execution_pb2.ExecutionError.SYSTEM
    assert row.error_kind == "SYSTEM"
    assert error.message == (
        "failed to create workflow in propeller execution cluster label here is not supported"
    )
    assert not row.message.closure.HasField("duration")
    assert store.blobs[row.inputs_uri]
    assert tags_of(store) == [("t", "")]
    assert [(admitted.key, admitted.phase) for admitted, _ in executor.admitted] == [
        (row.key, "FAILED")  # it is a launch all the same
    ]
    assert not executor.executed


def test_an_empty_cluster_label_is_none(create):
    assert create(spec=spec(execution_cluster_label={})).phase == "UNDEFINED"


def test_inputs_that_do_not_fit_the_workflow_make_one_too(create, make):
    make.workflow("narrow", inputs={"x": INTEGER})
    make.launch_plan("wide", workflow="narrow", inputs={"x": STRING})

    row = create(plan="wide", inputs=literals(x="a"))

    assert (row.phase, row.error_kind, row.error_code) == ("FAILED", "SYSTEM", "Unknown")
    assert row.message.closure.error.message == (
        "Collected Errors: 2\n"
        "\tError 0: Code: MismatchingTypes, Node Id: start-node, Description: Variable [x] "
        "(type [simple:INTEGER]) doesn't match expected type [simple:STRING].\n"
        "\tError 1: Code: ParameterNotBound, Node Id: start-node, "
        "Description: Parameter not bound [x].\n"
    )


def test_ten_thousand_executions_do_not_slow_the_next_one_down(create, make, store, monkeypatch):
    make.execution("old")
    reads = []
    monkeypatch.setattr(type(store.executions), "__iter__", reads.append)

    create()

    assert not [table for table in reads if table in (store.executions, store.execution_tags)]
