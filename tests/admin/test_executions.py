from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import (
    INTEGER,
    NOW,
    NUL,
    STRING,
    assign,
    create_request,
    execution_id,
    literals,
    node_id,
    refusal_of,
)
from flyteidl.admin import common_pb2, event_pb2, execution_pb2, launch_plan_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.database import times
from flyte_testkit.admin.database.blobs import offload, read_literals

Metadata = execution_pb2.ExecutionMetadata
LATER = NOW + timedelta(hours=1)
UNFINISHED = ["UNDEFINED", "QUEUED", "RUNNING", "SUCCEEDING", "FAILING", "ABORTING"]
FINISHED = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


@pytest.fixture
def stored(store):
    def stored(name="e1", domain="development"):
        return store.executions.get("p", domain, name)

    return stored


# --- ids


@pytest.mark.parametrize(
    ("call", "request_type"),
    [
        ("get_execution", execution_pb2.WorkflowExecutionGetRequest),
        ("update_execution", execution_pb2.ExecutionUpdateRequest),
        ("terminate_execution", execution_pb2.ExecutionTerminateRequest),
    ],
)
def test_an_incomplete_id_is_refused_and_an_unknown_one_not_found(
    executions, make, call, request_type
):
    make.execution()
    call = getattr(executions, call)
    request = request_type()

    assert refusal_of(call, request, NOW).message == "missing id"
    request.id.SetInParent()
    for part in ("project", "domain", "name"):
        assert refusal_of(call, request, NOW).message == f"missing {part}"
        setattr(request.id, part, "x")
    refusal = refusal_of(call, request, NOW)
    assert refusal.code == "NOT_FOUND"
    assert refusal.message == (
        'missing entity of type execution with identifier project:"x" domain:"x" name:"x"'
    )
    request.id.name = "\0"
    refusal = refusal_of(call, request, NOW)
    assert (refusal.code, refusal.message) == NUL


# --- get


def test_get_shows_the_stored_message_itself(executions, make):
    row = make.execution()

    shown = executions.get_execution(
        execution_pb2.WorkflowExecutionGetRequest(id=execution_id()), NOW
    )

    assert shown is row.message


# --- update


@pytest.mark.parametrize("phase", [*UNFINISHED, *FINISHED])
def test_archiving_leaves_phase_and_times_alone(executions, make, stored, identity, phase):
    make.execution(phase=phase)

    with identity.acting_as("ada"):
        executions.update_execution(
            execution_pb2.ExecutionUpdateRequest(
                id=execution_id(), state=execution_pb2.EXECUTION_ARCHIVED
            ),
            LATER,
        )

    row = stored()
    assert (row.phase, row.state, row.execution_updated_at) == (phase, 1, NOW)
    assert row.updated_at == LATER
    assert row.message.closure.updated_at == times.stamp(NOW)
    details = row.message.closure.state_change_details
    assert details.state == execution_pb2.EXECUTION_ARCHIVED
    assert (details.principal, details.occurred_at) == ("ada", times.stamp(LATER))


def test_a_state_that_changes_nothing_still_moves_its_time(executions, make, stored):
    make.execution()

    executions.update_execution(execution_pb2.ExecutionUpdateRequest(id=execution_id()), LATER)

    assert stored().message.closure.state_change_details.occurred_at == times.stamp(LATER)


@pytest.mark.parametrize("state", [7, -1])
def test_any_number_is_a_state(executions, make, stored, state):
    make.execution()

    executions.update_execution(
        execution_pb2.ExecutionUpdateRequest(id=execution_id(), state=state), LATER
    )

    assert stored().state == stored().message.closure.state_change_details.state == state


# --- list


def list_request(name="", **fields):
    id_ = common_pb2.NamedEntityIdentifier(project="p", domain="development", name=name)
    fields.setdefault("limit", 10)
    return common_pb2.ResourceListRequest(id=id_, **fields)


def names(executions, request):
    return [row.id.name for row in executions.list_executions(request, NOW).executions]


def test_a_list_needs_a_project_a_domain_and_a_limit(executions):
    request = common_pb2.ResourceListRequest()

    assert refusal_of(executions.list_executions, request, NOW).message == "missing id"
    request.id.SetInParent()
    for part in ("project", "domain"):
        refusal = refusal_of(executions.list_executions, request, NOW)
        assert refusal.message == f"missing {part}"
        setattr(request.id, part, "x")
    refusal = refusal_of(executions.list_executions, request, NOW)
    assert refusal.message == "invalid value for limit"
    request.limit = 1
    assert not executions.list_executions(request, NOW).executions


def test_a_list_leaves_out_other_places_and_archived_executions(executions, make, store):
    make.execution("e1")
    make.execution("e2", domain="staging")
    store.executions.update(replace(make.execution("e3"), state=1))

    assert names(executions, list_request()) == ["e1"]
    assert names(executions, list_request(filters="eq(state,1)")) == ["e3"]
    assert names(executions, list_request("e1")) == ["e1"]
    assert names(executions, list_request("e9")) == []


def test_a_token_that_is_none_is_refused_in_the_name_of_the_list(executions):
    refusal = refusal_of(executions.list_executions, list_request(token="x"), NOW)

    assert (refusal.code, refusal.message) == (
        "INVALID_ARGUMENT",
        "invalid pagination token x for ListExecutions",
    )


def test_a_list_has_pages(executions, make):
    for name in ("a", "b", "c"):
        make.execution(name)
    by_name = common_pb2.Sort(key="execution_name", direction=common_pb2.Sort.ASCENDING)

    page = executions.list_executions(list_request(limit=2, sort_by=by_name), NOW)

    assert [row.id.name for row in page.executions] == ["a", "b"]
    assert names(executions, list_request(limit=2, sort_by=by_name, token=page.token)) == ["c"]


def test_a_list_shows_no_inputs_and_the_first_hundred_bytes_of_an_error(executions, make, store):
    row = make.execution(phase="FAILED")
    message = execution_pb2.Execution()
    message.CopyFrom(row.message)
    message.spec.inputs.CopyFrom(literals(x=1))
    message.closure.error.message = "€" * 34
    store.executions.update(replace(row, message=message))

    (shown,) = executions.list_executions(list_request(), NOW).executions

    assert not shown.spec.HasField("inputs")
    assert shown.closure.error.message == "€" * 33
    assert message.closure.error.message == "€" * 34


def test_a_list_shows_no_inputs_of_a_run_that_did_not_fail(executions, make, store):
    row = make.execution()
    message = execution_pb2.Execution()
    message.CopyFrom(row.message)
    message.spec.inputs.CopyFrom(literals(x=1))
    store.executions.update(replace(row, message=message))

    (shown,) = executions.list_executions(list_request(), NOW).executions

    assert not shown.spec.HasField("inputs")
    assert message.spec.HasField("inputs")


def test_an_error_of_a_hundred_bytes_is_shown_whole(executions, make, store):
    row = make.execution(phase="FAILED")
    message = execution_pb2.Execution()
    message.CopyFrom(row.message)
    message.closure.error.message = "a" * 100
    store.executions.update(replace(row, message=message))

    (shown,) = executions.list_executions(list_request(), NOW).executions

    assert shown.closure.error.message == "a" * 100


# --- terminate


def terminate(executions, cause="why", name="e1"):
    executions.terminate_execution(
        execution_pb2.ExecutionTerminateRequest(id=execution_id(name), cause=cause), LATER
    )


@pytest.mark.parametrize("phase", [*UNFINISHED, "42"])
def test_what_has_not_ended_begins_to_abort(executions, make, store, stored, executor, phase):
    row = make.execution()
    store.executions.update(replace(row, phase=phase))

    terminate(executions)

    row = stored()
    assert (row.phase, row.abort_cause) == ("ABORTING", "why")
    assert row.message.closure.phase == core_execution_pb2.WorkflowExecution.ABORTING
    assert row.message.closure.abort_metadata.cause == "why"
    assert row.message.closure.updated_at == times.stamp(NOW)
    assert (row.execution_updated_at, row.updated_at) == (NOW, LATER)
    assert row.duration == 0
    assert executor.aborted == [(row, LATER)]


@pytest.mark.parametrize("phase", FINISHED)
def test_what_has_ended_cannot_be_terminated(executions, make, executor, phase):
    make.execution(phase=phase)

    refusal = refusal_of(terminate, executions)

    assert refusal.code == "FAILED_PRECONDITION"
    assert refusal.message == "Cannot abort an already terminated workflow execution"
    assert refusal.details[0].already_in_terminal_state.current_phase == phase
    assert not executor.aborted


def test_a_second_cause_replaces_the_first(executions, make, stored):
    make.execution()

    terminate(executions, "first")
    terminate(executions, "second")

    assert stored().abort_cause == stored().message.closure.abort_metadata.cause == "second"


def test_an_empty_second_cause_empties_the_message_and_not_the_column(executions, make, stored):
    make.execution()

    terminate(executions, "first")
    terminate(executions, "")

    assert stored().abort_cause == "first"
    assert stored().message.closure.HasField("abort_metadata")
    assert stored().message.closure.abort_metadata.cause == ""


def test_a_cause_with_a_nul_is_refused_and_changes_nothing(executions, make, stored):
    row = make.execution()

    refusal = refusal_of(terminate, executions, "a\0b")

    assert (refusal.code, refusal.message) == NUL
    assert stored() == row


@pytest.mark.parametrize("cause", ["", "x" * 10_000, "\u00e9\u7bc0\n\x01"])
def test_any_other_text_is_a_cause(executions, make, stored, cause):
    make.execution()

    terminate(executions, cause)

    assert stored().message.closure.abort_metadata.cause == cause


def test_terminating_what_runs_on_a_cluster_fails_after_the_fact(
    executions, make, store, stored, executor
):
    store.executions.update(replace(make.execution(), cluster="east"))

    refusal = refusal_of(terminate, executions)

    assert (refusal.code, refusal.message) == (
        "INTERNAL",
        "remote target east is not supported",
    )
    assert stored().phase == "ABORTING"
    assert not executor.aborted


# --- data


def data(executions, id_=None):
    request = execution_pb2.WorkflowExecutionGetDataRequest(id=id_ or execution_id())
    return executions.get_execution_data(request, NOW)


def test_data_has_every_part_even_when_there_is_none(executions, make):
    make.execution()

    reply = data(executions)

    for part in ("inputs", "outputs", "full_inputs", "full_outputs"):
        assert reply.HasField(part)
        assert not getattr(reply, part).ListFields()


def test_data_shows_inputs_and_outputs_in_full(executions, make, store):
    row = make.execution()
    message = execution_pb2.Execution()
    message.CopyFrom(row.message)
    message.closure.outputs.uri = offload(store, literals(y=2), "out")
    inputs_uri = offload(store, literals(x=1), "in")
    store.executions.update(replace(row, message=message, inputs_uri=inputs_uri))

    reply = data(executions)

    assert reply.full_inputs == literals(x=1)
    assert reply.full_outputs == literals(y=2)


def test_a_termination_takes_the_outputs_away(executions, make, store):
    row = make.execution(phase="RUNNING")
    message = execution_pb2.Execution()
    message.CopyFrom(row.message)
    message.closure.outputs.uri = offload(store, literals(y=2), "out")
    store.executions.update(replace(row, message=message))
    assert data(executions).full_outputs == literals(y=2)

    terminate(executions)

    assert data(executions).full_outputs == literals()


def test_an_incomplete_id_gives_the_data_of_any_execution_that_fits(executions, make):
    make.execution()

    data(executions, execution_id("", domain=""))
    assert refusal_of(data, executions, execution_id("e9", domain="")).message == (
        'missing entity of type execution with identifier project:"p" name:"e9"'
    )


# --- relaunch and recover


@pytest.fixture
def source(executions, make, stored):
    """Execution ``e1`` of a launch plan with a default, a fixed input, labels and metadata."""
    make.project(labels={"team": "a"})
    make.workflow(inputs={"x": INTEGER, "y": INTEGER, "f": INTEGER})
    make.launch_plan(
        inputs={"x": INTEGER, "y": INTEGER},
        defaults={"y": 2},
        fixed={"f": 3},
        spec=launch_plan_pb2.LaunchPlanSpec(),
    )
    spec = execution_pb2.ExecutionSpec(
        metadata=Metadata(mode=Metadata.TRIGGER, nesting=4),
        labels=common_pb2.Labels(values={"a": "b"}),
        max_parallelism=7,
        overwrite_cache=True,
        tags=["t"],
        annotations={"values": {"a": "b"}},
    )
    executions.create_execution(create_request(spec=spec, inputs=literals(x=1)), NOW)
    return stored()


def relaunch(executions, id_=None, name="e2", **fields):
    request = execution_pb2.ExecutionRelaunchRequest(id=id_ or execution_id(), name=name, **fields)
    return executions.relaunch_execution(request, LATER).id


def recover(executions, id_=None, name="e2", **fields):
    request = execution_pb2.ExecutionRecoverRequest(id=id_ or execution_id(), name=name, **fields)
    return executions.recover_execution(request, LATER).id


@pytest.mark.parametrize(
    ("again", "mode"), [(relaunch, Metadata.RELAUNCH), (recover, Metadata.RECOVERED)]
)
def test_the_spec_and_the_callers_inputs_are_used_again(
    executions, source, store, stored, again, mode
):
    again(executions)

    row = stored("e2")
    metadata = row.message.spec.metadata
    assert (metadata.mode, metadata.nesting) == (mode, 4)
    assert row.mode == mode
    assert metadata.reference_execution == source.message.id
    assert row.source_execution_id == source.id
    for field in ("max_parallelism", "labels", "tags", "annotations"):
        assert getattr(row.message.spec, field) == getattr(source.message.spec, field)
    assert read_literals(store, row.user_inputs_uri) == literals(x=1)
    assert read_literals(store, row.inputs_uri) == literals(x=1, y=2, f=3)
    assert row.message.closure.created_at == times.stamp(LATER)


def test_relaunch_sets_overwrite_cache_as_asked_and_recover_keeps_it(executions, source, stored):
    relaunch(executions, name="e2")
    relaunch(executions, name="e3", overwrite_cache=True)
    recover(executions, name="e4")

    found = [stored(name).message.spec.overwrite_cache for name in ("e2", "e3", "e4")]
    assert found == [False, True, True]


@pytest.mark.parametrize("again", [relaunch, recover])
@pytest.mark.parametrize("phase", [*UNFINISHED, *FINISHED])
def test_the_phase_of_the_source_does_not_matter(executions, source, store, stored, again, phase):
    store.executions.update(replace(source, phase=phase, state=1))

    again(executions)

    assert (stored("e2").phase, stored("e2").state) == ("UNDEFINED", 0)


@pytest.mark.parametrize("again", [relaunch, recover])
def test_an_unknown_source_is_not_found_before_the_name_is_looked_at(executions, source, again):
    refusal = refusal_of(lambda: again(executions, execution_id("e9"), name="1"))

    assert (refusal.code, refusal.message) == (
        "NOT_FOUND",
        (
            "missing entity of type execution with identifier "
            'project:"p" domain:"development" name:"e9"'
        ),
    )


@pytest.mark.parametrize("again", [relaunch, recover])
def test_an_id_with_holes_finds_any_execution_and_makes_the_new_one_where_it_says(
    executions, source, stored, again
):
    assert again(executions, execution_id("")) == execution_id("e2")
    assert stored("e2").message.spec.metadata.reference_execution == source.message.id
    for holes, missing in (
        (execution_id(project=""), "missing project"),
        (execution_id(domain=""), "missing domain"),
    ):
        assert refusal_of(lambda: again(executions, holes, name="e3")).message == missing  # noqa: B023  called at once


@pytest.mark.parametrize("again", [relaunch, recover])
def test_a_new_name_is_invented_checked_or_found_taken(executions, source, again):
    assert again(executions, name="").name.startswith("a")
    assert refusal_of(lambda: again(executions, name="1")).message.startswith("invalid name")
    assert "execution_tags_pkey" in refusal_of(lambda: again(executions, name="e1")).message


@pytest.mark.parametrize("again", [relaunch, recover])
def test_today_rules_hold_for_the_new_one(executions, source, make, again):
    make.project(state=1)

    assert refusal_of(again, executions).message == "project [p] is not active"


@pytest.mark.parametrize("again", [relaunch, recover])
def test_todays_labels_of_the_project_are_added(executions, source, make, stored, again):
    make.project(labels={"team": "b", "tier": "1"})

    again(executions)

    labels = stored("e2").message.spec.labels.values
    assert dict(labels) == {"a": "b", "team": "a", "tier": "1"}


@pytest.mark.parametrize("again", [relaunch, recover])
def test_todays_settings_fill_up_who_runs_and_leave_the_old_parallelism(
    executions, make, attributes, stored, identity, again
):
    make.workflow()
    make.launch_plan()
    executions.create_execution(create_request(), NOW)
    today = {"max_parallelism": 3, "security_context": {"run_as": {"iam_role": "new"}}}
    assign(attributes, workflow_execution_config=today)

    with identity.acting_as("ada"):
        again(executions)

    spec = stored("e2").message.spec
    assert spec.max_parallelism == 25
    assert spec.security_context.run_as.iam_role == "new"
    assert spec.metadata.principal == stored("e2").user == "ada"


@pytest.mark.parametrize("again", [relaunch, recover])
def test_the_launch_plans_limit_holds_for_the_new_one(executions, source, store, again):
    (plan,) = store.launch_plans
    limited = launch_plan_pb2.LaunchPlan()
    limited.CopyFrom(plan.message)
    limited.spec.concurrency_policy.behavior = launch_plan_pb2.CONCURRENCY_LIMIT_BEHAVIOR_SKIP
    store.launch_plans.update(replace(plan, message=limited))

    assert refusal_of(again, executions).message == (
        "concurrency limit (0) reached for launch plan w; skipping execution"
    )


@pytest.mark.parametrize("again", [relaunch, recover])
def test_labels_that_grew_too_many_by_the_projects_are_refused(executions, make, stored, again):
    make.project(labels={"team": "a"})
    make.workflow()
    make.launch_plan()
    labels = {f"k{number}": "" for number in range(16)}
    spec = execution_pb2.ExecutionSpec(labels={"values": labels})
    executions.create_execution(create_request(spec=spec), NOW)
    assert len(stored().message.spec.labels.values) == 17

    assert refusal_of(again, executions).message == "labels map cannot exceed 16 entries"


@pytest.mark.parametrize("again", [relaunch, recover])
def test_the_cluster_of_the_source_is_not_taken_over(executions, source, store, stored, again):
    moved = execution_pb2.Execution()
    moved.CopyFrom(source.message)
    moved.spec.metadata.system_metadata.execution_cluster = "east"
    store.executions.update(replace(source, cluster="east", message=moved))

    again(executions)

    assert stored("e2").cluster == ""
    assert stored("e2").message.spec.metadata.system_metadata.execution_cluster == ""


@pytest.mark.parametrize("again", [relaunch, recover])
def test_a_refused_namesake_changes_what_is_run_again(executions, source, store, stored, again):
    refusal_of(executions.create_execution, create_request(inputs=literals(x=7)), NOW)
    assert data(executions).full_inputs == literals(x=7, y=2, f=3)

    again(executions)

    assert read_literals(store, stored("e2").user_inputs_uri) == literals(x=7)


@pytest.mark.parametrize("again", [relaunch, recover])
def test_inputs_that_are_too_large_to_be_read_are_not_run_again_without_them(
    executions, make, again
):
    make.workflow(inputs={"x": STRING})
    make.launch_plan(inputs={"x": STRING}, defaults={"x": "small"})
    executions.create_execution(create_request(inputs=literals(x="x" * 2**21)), NOW)

    refusal = refusal_of(lambda: again(executions))

    assert (refusal.code, refusal.message) == (
        "INTERNAL",
        (
            "path:s3://my-s3-bucket/metadata/p/development/e1/user_inputs: [LIMIT_EXCEEDED] "
            "limit exceeded. 2.000027mb > 2mb. You can increase the limit by setting "
            "maxDownloadMBs."
        ),
    )


def test_what_failed_at_birth_has_ended_and_fails_again(executions, make, stored):
    make.workflow(inputs={"x": INTEGER})
    make.launch_plan(inputs={"x": INTEGER})
    spec = execution_pb2.ExecutionSpec(execution_cluster_label={"value": "here"})
    executions.create_execution(create_request(spec=spec, inputs=literals(x=1)), NOW)

    assert data(executions).full_inputs == literals(x=1)
    terminated = refusal_of(terminate, executions)
    assert terminated.details[0].already_in_terminal_state.current_phase == "FAILED"
    event = event_pb2.WorkflowExecutionEventRequest()
    event.event.execution_id.CopyFrom(execution_id())
    event.event.phase = core_execution_pb2.WorkflowExecution.RUNNING
    moved = refusal_of(executions.create_workflow_event, event, NOW)
    assert moved.message.startswith("Invalid phase change from FAILED to RUNNING for ")
    relaunch(executions)
    assert stored("e2").message.closure.error == stored().message.closure.error


@pytest.fixture
def kid(executions, make, source, stored):
    """Execution ``kid``, made by node ``n0`` of ``e1``; there is a node ``n1`` too."""
    make.node("n0")
    make.node("n1")
    spec = execution_pb2.ExecutionSpec(metadata=Metadata(parent_node_execution=node_id("n0")))
    executions.create_execution(create_request("kid", spec=spec, inputs=literals(x=1)), NOW)
    return stored("kid")


@pytest.mark.parametrize("again", [relaunch, recover])
def test_the_parent_is_kept(executions, kid, stored, again):
    again(executions, execution_id("kid"))

    metadata = stored("e2").message.spec.metadata
    assert metadata.parent_node_execution == node_id("n0")
    assert metadata.nesting == 5
    assert stored("e2").source_execution_id == kid.id


def test_recover_takes_the_parent_from_its_metadata_and_nothing_else(executions, kid, stored):
    metadata = Metadata(parent_node_execution=node_id("n1"), mode=Metadata.TRIGGER, nesting=9)

    recover(executions, execution_id("kid"), metadata=metadata)

    found = stored("e2").message.spec.metadata
    assert found.parent_node_execution == node_id("n1")
    assert (found.mode, found.nesting) == (Metadata.RECOVERED, 5)


def test_recover_with_empty_metadata_loses_the_parent_and_keeps_the_nesting(
    executions, kid, stored
):
    recover(executions, execution_id("kid"), metadata=Metadata())

    found = stored("e2").message.spec.metadata
    assert not found.HasField("parent_node_execution")
    assert found.nesting == 5


def test_recover_with_an_unknown_parent_is_refused(executions, kid):
    metadata = Metadata(parent_node_execution=node_id("nope"))

    refusal = refusal_of(lambda: recover(executions, execution_id("kid"), metadata=metadata))

    assert refusal.message.startswith("missing entity of type node execution")


def test_a_relaunch_leaves_the_spec_of_its_source_alone(executions, source, stored):
    before = source.message.SerializeToString(deterministic=True)

    relaunch(executions)

    assert stored().message.SerializeToString(deterministic=True) == before
    assert source.message.spec.launch_plan.resource_type == identifier_pb2.LAUNCH_PLAN
