from __future__ import annotations

import pytest
from builders import NOW, NUL, literals, node_id, refusal_of
from flyteidl.admin import event_pb2, task_execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.core.execution_pb2 import ExecutionError, TaskExecution
from run_builders import Runs, at, attempt_id, refusal, task_event

from flyte_testkit.admin.database import blobs
from flyte_testkit.admin.settings import MAX_OUTPUT_BYTES

PHASES = TaskExecution.Phase.keys()
ENDS = {"SUCCEEDED", "FAILED", "ABORTED"}
N0 = 'node_execution_id:{node_id:"n0" execution_id:{project:"p" domain:"development" name:"e1"}}'
ATTEMPT = (
    'task_id:{resource_type:TASK project:"p" domain:"development" name:"t" version:"v1"} ' + N0
)
UNTYPED = 'task_id:{project:"p" domain:"development" name:"t" version:"v1"} ' + N0


@pytest.fixture
def runs(make, store):
    make.execution("e1")
    runs = Runs(store)
    runs.node("RUNNING", 5)
    return runs


def send(runs, event):
    runs.tasks.create_task_event(event_pb2.TaskExecutionEventRequest(event=event), NOW)


# --- what an event needs


def test_an_event_needs_content_and_a_time_first(runs):
    nothing = event_pb2.TaskExecutionEventRequest()

    assert refusal(runs.tasks.create_task_event, nothing, NOW) == (
        "INVALID_ARGUMENT",
        "missing event",
    )
    assert refusal(runs.task, "RUNNING", producer_id="c") == (
        "INVALID_ARGUMENT",
        "missing occurred_at",
    )


def test_outputs_may_not_be_too_heavy(runs):
    heavy = literals(y="x" * MAX_OUTPUT_BYTES)

    code, message = refusal(runs.task, "SUCCEEDED", 10, node="nope", output_data=heavy)

    assert code == "RESOURCE_EXHAUSTED"
    assert message == (
        f"Output data size exceeds platform configured threshold ({heavy.ByteSize()} > 2097152)"
    )


@pytest.mark.parametrize(
    ("hole", "missing"),
    [
        ("parent_node_execution_id", "missing node_execution_id"),
        ("parent_node_execution_id.execution_id", "missing execution_id"),
        ("parent_node_execution_id.node_id", "missing node_id"),
        ("parent_node_execution_id.execution_id.project", "missing project"),
        ("parent_node_execution_id.execution_id.domain", "missing domain"),
        ("parent_node_execution_id.execution_id.name", "missing name"),
        ("task_id", "missing task_id"),
        ("task_id.project", "missing project"),
        ("task_id.domain", "missing domain"),
        ("task_id.name", "missing name"),
        ("task_id.version", "missing version"),
        (
            "task_id.resource_type",
            (
                "unexpected resource type unspecified for identifier "
                '[project:"p" domain:"development" name:"t" version:"v1"], expected task instead'
            ),
        ),
    ],
)
def test_an_event_names_node_and_task_in_full(runs, hole, missing):
    event = task_event("RUNNING", 10, producer_id="c")
    *path, field = hole.split(".")
    owner = event
    for part in path:
        owner = getattr(owner, part)
    owner.ClearField(field)

    assert refusal(send, runs, event) == ("INVALID_ARGUMENT", missing)


@pytest.mark.parametrize(("kind", "shown"), [(identifier_pb2.WORKFLOW, "workflow"), (42, "42")])
def test_an_event_is_of_a_task_and_nothing_else(runs, kind, shown):
    event = task_event("RUNNING", 10)
    event.task_id.resource_type = kind

    code, message = refusal(send, runs, event)

    assert code == "INVALID_ARGUMENT"
    assert message.startswith(f"unexpected resource type {shown} for identifier [resource_type:")
    assert message.endswith("], expected task instead")


def test_the_node_is_checked_before_the_task(runs):
    event = task_event("RUNNING", 10, node="")
    event.ClearField("task_id")

    assert refusal(send, runs, event)[1] == "missing node_id"


def test_the_execution_must_be_there(runs):
    assert refusal(runs.task, "RUNNING", 10, execution="nope", producer_id="c") == (
        "NOT_FOUND",
        (
            "missing entity of type execution with identifier "
            'project:"p" domain:"development" name:"nope"'
        ),
    )


def test_the_cluster_must_be_the_executions(runs):
    refused = refusal_of(runs.task, "RUNNING", 10, node="nope", producer_id="c")

    assert (refused.code, refused.message) == (
        "FAILED_PRECONDITION",
        (
            "Cluster/producer from event [c] does not match existing workflow execution "
            "clusterInDB: []"
        ),
    )
    (detail,) = refused.details
    assert detail.incompatible_cluster.cluster == "c"


def test_the_node_must_be_there_for_a_first_event(runs):
    assert refusal(runs.task, "RUNNING", 10, node="n1") == (
        "NOT_FOUND",
        (
            'Failed to get existing node execution id: [node_id:"n1" '
            'execution_id:{project:"p" domain:"development" name:"e1"}] with err: entry not found'
        ),
    )


def test_the_task_need_not_be_registered_and_the_node_may_have_ended(runs):
    runs.node("SUCCEEDED", 6)
    event = task_event("RUNNING", 10)
    event.task_id.project = "of-no-such-project"

    send(runs, event)

    (listed,) = runs.list_tasks()
    assert listed.id.task_id == event.task_id


# --- phases


@pytest.mark.parametrize("current", PHASES)
@pytest.mark.parametrize("coming", PHASES)
def test_a_phase_gives_way_to_any_other_unless_it_is_an_end(runs, current, coming):
    runs.task(current, 10)
    if current == coming:
        assert refusal(runs.task, coming, 11) == (
            "ALREADY_EXISTS",
            f"have already recorded task execution phase {coming} (version: 0) for {ATTEMPT}",
        )
    elif current in ENDS:
        assert refusal(runs.task, coming, 11) == (
            "FAILED_PRECONDITION",
            f"invalid phase change from {current} to {coming} for task execution {ATTEMPT}",
        )
    else:
        runs.task(coming, 11)
        assert TaskExecution.Phase.Name(runs.get_task().closure.phase) == coming


def test_the_detail_of_a_change_after_the_end_names_the_phase_that_was_asked_for(runs):
    runs.task("FAILED", 10)

    (detail,) = refusal_of(runs.task, "ABORTED", 11).details
    assert detail.already_in_terminal_state.current_phase == "ABORTED"


def test_the_same_phase_is_taken_with_a_higher_version(runs):
    runs.task("RUNNING", 10, phase_version=2)
    for version in (1, 2):
        code, message = refusal(runs.task, "RUNNING", 11, phase_version=version)
        assert code == "ALREADY_EXISTS"
        assert f"(version: {version})" in message
    runs.task("RUNNING", 11, phase_version=3)

    assert runs.get_task().closure.updated_at == at(11)


def test_an_end_is_final_for_higher_versions_too(runs):
    runs.task("SUCCEEDED", 10)

    code, message = refusal(runs.task, "SUCCEEDED", 11, phase_version=1)

    assert code == "FAILED_PRECONDITION"
    assert message.startswith("invalid phase change from SUCCEEDED to SUCCEEDED for ")


def test_version_zero_of_a_new_phase_leaves_the_stored_version(runs, store):
    runs.task("QUEUED", 10, phase_version=2)
    runs.task("RUNNING", 11, phase_version=0)

    for version in (0, 1, 2):
        assert refusal(runs.task, "RUNNING", 12, phase_version=version)[0] == "ALREADY_EXISTS"
    runs.task("RUNNING", 12, phase_version=3)
    runs.task("QUEUED", 13, phase_version=1)
    (row,) = store.task_executions
    assert row.phase_version == 1


def test_a_phase_without_a_name_is_recorded_once_by_its_number(runs):
    runs.task(9, 10)
    assert runs.get_task().closure.phase == 9
    assert refusal(runs.task, 9, 11) == (
        "ALREADY_EXISTS",
        f"have already recorded task execution phase 9 (version: 0) for {ATTEMPT}",
    )
    runs.task("UNDEFINED", 11)


def test_attempts_are_rows_of_their_own_in_any_order(runs):
    runs.task("RUNNING", 10, retry_attempt=2)
    runs.task("FAILED", 11, retry_attempt=0)

    assert sorted(listed.id.retry_attempt for listed in runs.list_tasks()) == [0, 2]
    assert runs.get_node().closure.updated_at == at(5)


def test_versions_and_attempts_go_as_far_as_their_numbers(runs):
    most = 2**32 - 1
    runs.task("RUNNING", 10, phase_version=most, retry_attempt=most)

    assert refusal(runs.task, "RUNNING", 11, phase_version=most, retry_attempt=most) == (
        "ALREADY_EXISTS",
        (
            f"have already recorded task execution phase RUNNING (version: {most}) "
            f"for {ATTEMPT} retry_attempt:{most}"
        ),
    )


def test_a_refused_event_changes_nothing(runs, store):
    runs.task("FAILED", 10, output_data=literals(y=1), reason="a")
    blobs_before, before = dict(store.blobs), runs.get_task()

    for phase in ("FAILED", "SUCCEEDED"):
        refusal(runs.task, phase, 11, output_data=literals(y=2), reason="b", event_version=7)

    assert runs.get_task() == before
    assert store.blobs == blobs_before


def test_refusals_name_the_attempt_unless_it_is_the_first(runs):
    runs.task("RUNNING", 10, retry_attempt=3)

    _, message = refusal(runs.task, "RUNNING", 10, retry_attempt=3)

    assert message.endswith("retry_attempt:3")


# --- get, list, data


@pytest.mark.parametrize("ask", ["get_task", "task_data"])
def test_an_unknown_attempt_is_not_found_and_its_number_not_told(runs, ask):
    assert refusal(getattr(runs, ask), 3) == (
        "NOT_FOUND",
        f"missing entity of type task execution with identifier {UNTYPED}",
    )


@pytest.mark.parametrize(
    ("id_", "missing"),
    [
        (None, "missing id"),
        (identifier_pb2.TaskExecutionIdentifier(), "missing node_execution_id"),
        (
            identifier_pb2.TaskExecutionIdentifier(node_execution_id=node_id()),
            "missing task_id",
        ),
    ],
)
def test_reading_an_attempt_needs_its_whole_id(runs, id_, missing):
    get = task_execution_pb2.TaskExecutionGetRequest(id=id_)
    data = task_execution_pb2.TaskExecutionGetDataRequest(id=id_)

    assert refusal(runs.tasks.get_task_execution, get, NOW) == ("INVALID_ARGUMENT", missing)
    assert refusal(runs.tasks.get_task_execution_data, data, NOW) == (
        "INVALID_ARGUMENT",
        missing,
    )


def test_reading_an_attempt_needs_no_resource_type_but_takes_no_wrong_one(runs):
    runs.task("RUNNING", 10)
    request = task_execution_pb2.TaskExecutionGetRequest(id=attempt_id())
    request.id.task_id.resource_type = identifier_pb2.UNSPECIFIED
    assert runs.tasks.get_task_execution(request, NOW).id == attempt_id()

    request.id.task_id.resource_type = identifier_pb2.WORKFLOW
    assert refusal(runs.tasks.get_task_execution, request, NOW) == (
        "INVALID_ARGUMENT",
        (
            "unexpected resource type workflow for identifier [resource_type:WORKFLOW "
            'project:"p" domain:"development" name:"t" version:"v1"], expected task instead'
        ),
    )


def test_an_id_with_a_nul_is_refused_by_the_database(runs):
    request = task_execution_pb2.TaskExecutionGetRequest(id=attempt_id("\0"))

    assert refusal(runs.tasks.get_task_execution, request, NOW) == NUL


def test_a_request_is_left_as_it_was_sent(runs):
    runs.task("RUNNING", 10)
    request = task_execution_pb2.TaskExecutionGetRequest(id=attempt_id())
    request.id.task_id.ClearField("resource_type")
    sent = request.SerializeToString()
    runs.tasks.get_task_execution(request, NOW)

    assert request.SerializeToString() == sent


def test_a_list_needs_the_nodes_whole_id_then_a_limit(runs):
    ask = runs.tasks.list_task_executions
    request = task_execution_pb2.TaskExecutionListRequest(filters="eq(te.phase,x)")
    assert refusal(ask, request, NOW) == ("INVALID_ARGUMENT", "missing id")

    request.node_execution_id.node_id = "n0"
    assert refusal(ask, request, NOW) == ("INVALID_ARGUMENT", "missing execution_id")

    request.node_execution_id.CopyFrom(node_id())
    assert refusal(ask, request, NOW) == ("INVALID_ARGUMENT", "invalid value for limit")

    request.limit = 1
    assert refusal(ask, request, NOW) == ("INVALID_ARGUMENT", "'te.te.phase' is invalid filter")


def test_a_list_has_pages_and_refuses_what_is_no_token(runs):
    for attempt in range(3):
        runs.task("RUNNING", 10, retry_attempt=attempt)
    request = task_execution_pb2.TaskExecutionListRequest(node_execution_id=node_id(), limit=2)

    request.token = runs.tasks.list_task_executions(request, NOW).token
    (last,) = runs.tasks.list_task_executions(request, NOW).task_executions
    assert last.id.retry_attempt == 2

    request.token = "x"
    assert refusal(runs.tasks.list_task_executions, request, NOW) == (
        "INVALID_ARGUMENT",
        "invalid pagination token x for ListTaskExecutions",
    )


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        ("eq(name,e1)", ["known", "unknown"]),
        ("eq(name,known)", []),
        ("eq(version,v1)", ["known", "unknown"]),
        ("ne(task.name,x)", ["known"]),
        (
            "eq(node_execution.phase,RUNNING)+eq(execution.phase,UNDEFINED)+eq(task.name,known)",
            ["known"],
        ),
    ],
)
def test_filters_are_on_the_execution_and_joins_find_what_is_registered(
    runs, make, filters, listed
):
    make.task("known")
    for task in ("known", "unknown"):
        runs.task("RUNNING", 10, task=task)
    request = task_execution_pb2.TaskExecutionListRequest(
        node_execution_id=node_id(), limit=9, filters=filters
    )

    found = runs.tasks.list_task_executions(request, NOW).task_executions

    assert [row.id.task_id.name for row in found] == listed


def test_an_attempt_is_a_parent_when_a_node_says_so(runs):
    runs.task("RUNNING", 10, task_type="python-task")
    assert not runs.get_task().is_parent
    before = runs.get_task()

    runs.node("RUNNING", 11, node="k", parent_task_metadata={"id": attempt_id()})

    after = runs.get_task()
    assert after.is_parent
    after.is_parent = False
    assert after == before


def test_an_unknown_node_has_an_empty_list(runs):
    assert runs.list_tasks("nope") == []


def test_lists_show_errors_whole(runs):
    runs.task("FAILED", 10, error=ExecutionError(message="x" * 500))

    (listed,) = runs.list_tasks()
    assert listed.closure.error.message == "x" * 500
    assert listed == runs.get_task()


def test_every_attempt_has_its_own_place_for_data(runs):
    for attempt in (0, 1):
        runs.task(
            "SUCCEEDED",
            10,
            retry_attempt=attempt,
            input_data=literals(x=attempt),
            output_data=literals(y=attempt),
        )
    place = f"{blobs.CONTAINER}/metadata/p/development/e1/n0/p/development/t/v1/1"

    attempt, data = runs.get_task(1), runs.task_data(1)
    assert attempt.input_uri == f"{place}/offloaded_inputs"
    assert attempt.closure.output_uri == f"{place}/offloaded_outputs"
    assert data.full_inputs == literals(x=1)
    assert data.full_outputs == literals(y=1)
    assert data.flyte_urls.inputs == "flyte://v1/p/development/e1/n0/1/i"
    assert data.flyte_urls.outputs == "flyte://v1/p/development/e1/n0/1/o"


def test_data_is_empty_but_there_when_nothing_was_written(runs):
    runs.task("RUNNING", 10)

    data = runs.task_data()
    assert data.HasField("inputs")
    assert data.HasField("outputs")
    assert data.HasField("full_inputs")
    assert data.HasField("full_outputs")


def test_the_database_holds_no_nul(runs):
    assert refusal(runs.task, "RUNNING", 10, input_uri="\0") == NUL


@pytest.mark.parametrize("fields", [{"node": "\0"}, {"task": "\0"}, {"node": "x", "task": "\0"}])
def test_an_event_whose_id_has_a_nul_is_refused_by_the_database(runs, fields):
    assert refusal(runs.task, "RUNNING", 10, **fields) == NUL
