from __future__ import annotations

from dataclasses import replace

import pytest
from builders import NOW, NUL, execution_id, literals, node_id
from flyteidl.admin import common_pb2, event_pb2, node_execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.core.execution_pb2 import ExecutionError
from flyteidl.event import event_pb2 as flyte_events
from run_builders import Runs, at, attempt_id, ids, refusal

from flyte_testkit.admin.errors import AdminError

N0 = 'node_id:"n0" execution_id:{project:"p" domain:"development" name:"e1"}'


@pytest.fixture
def runs(make, store):
    make.execution("e1")
    return Runs(store)


def under(node_id_):
    return flyte_events.ParentNodeExecutionMetadata(node_id=node_id_)


def under_task(id_):
    return flyte_events.ParentTaskExecutionMetadata(id=id_)


# --- whose events are taken


def test_an_event_of_an_unknown_execution_is_refused(runs):
    nowhere = 'project:"p" domain:"development" name:"nowhere"'

    assert refusal(runs.node, "RUNNING", 10, execution="nowhere") == (
        "NOT_FOUND",
        (
            f"Failed to get existing execution id: [{nowhere}] with err: "
            f"missing entity of type execution with identifier {nowhere}"
        ),
    )


def test_the_execution_of_a_refusal_is_printed_as_it_was_sent(store):
    runs = Runs(store)
    id_ = identifier_pb2.NodeExecutionIdentifier()
    id_.execution_id.org = "o"
    event = flyte_events.NodeExecutionEvent(id=id_)
    request = event_pb2.NodeExecutionEventRequest(event=event)

    _, message = refusal(runs.nodes.create_node_event, request, NOW)

    assert message == (
        'Failed to get existing execution id: [org:"o"] with err: '
        "missing entity of type execution with identifier "
    )


@pytest.mark.parametrize("producer", ["", "propeller"])
def test_no_cluster_and_the_default_one_may_send_events(runs, producer):
    runs.node("RUNNING", 10, producer_id=producer)

    assert ids(runs.list_nodes()) == ["n0"]


def test_another_cluster_may_not(runs):
    with pytest.raises(AdminError) as caught:
        runs.node("RUNNING", 10, producer_id="c")

    assert caught.value.code == "FAILED_PRECONDITION"
    assert caught.value.message == (
        "Cluster/producer from event [c] does not match existing workflow execution clusterInDB: []"
    )
    (detail,) = caught.value.details
    assert detail.incompatible_cluster.cluster == "c"


def test_the_cluster_that_the_execution_was_moved_to_may(make, store):
    store.executions.update(replace(make.execution("e1"), cluster="east"))
    runs = Runs(store)

    runs.node("RUNNING", 10, producer_id="east")
    runs.task("RUNNING", 10, producer_id="east")

    for send in (runs.node, runs.task):
        assert refusal(send, "SUCCEEDED", 11, producer_id="west") == (
            "FAILED_PRECONDITION",
            (
                "Cluster/producer from event [west] does not match existing workflow execution "
                "clusterInDB: [east]"
            ),
        )


def test_the_cluster_is_looked_at_before_the_phase(runs):
    runs.node("SUCCEEDED", 10)

    code, _ = refusal(runs.node, "SUCCEEDED", 11, producer_id="c")

    assert code == "FAILED_PRECONDITION"


# --- parents and children


def test_only_nodes_at_the_top_are_listed_unless_a_parent_is_named(runs):
    runs.node("RUNNING", 10)
    runs.node("RUNNING", 11, node="n0-0-n0", parent_node_metadata=under("n0"))
    runs.node("RUNNING", 12, node="n0-0-n0-0-n0", parent_node_metadata=under("n0-0-n0"))

    assert ids(runs.list_nodes()) == ["n0"]
    assert ids(runs.list_nodes(under="n0")) == ["n0-0-n0"]
    assert ids(runs.list_nodes(under="n0-0-n0")) == ["n0-0-n0-0-n0"]


def test_a_parent_must_be_there(runs):
    missing = ("NOT_FOUND", f"missing entity of type node execution with identifier {N0}")

    assert refusal(runs.node, "RUNNING", 10, node="k", parent_node_metadata=under("n0")) == missing
    assert refusal(runs.node, "RUNNING", 10, parent_node_metadata=under("n0")) == missing
    assert refusal(runs.list_nodes, under="n0") == missing


def test_a_parent_of_another_execution_does_not_count(make, runs):
    make.execution("e2")
    runs.node("RUNNING", 10, execution="e2")

    code, _ = refusal(runs.node, "RUNNING", 11, node="k", parent_node_metadata=under("n0"))

    assert code == "NOT_FOUND"


def test_a_missing_parent_comes_before_a_missing_time(runs):
    code, _ = refusal(runs.node, "RUNNING", node="k", parent_node_metadata=under("nope"))

    assert code == "NOT_FOUND"


def test_a_later_event_changes_no_parent_and_looks_for_none(runs):
    runs.node("QUEUED", 10)
    nothing = flyte_events.ParentTaskExecutionMetadata()
    runs.node("RUNNING", 11, parent_node_metadata=under("nope"), parent_task_metadata=nothing)

    assert ids(runs.list_nodes()) == ["n0"]


def test_a_parent_without_a_name_is_the_only_node_there(runs):
    runs.node("RUNNING", 10)
    runs.node("RUNNING", 11, node="k", parent_node_metadata=under(""))

    assert ids(runs.list_nodes(under="n0")) == ["k"]


def test_lists_derive_parenthood_from_children(runs):
    runs.node("RUNNING", 10, event_version=1)
    runs.node("RUNNING", 11, node="k", parent_node_metadata=under("n0"))

    (listed,) = runs.list_nodes()
    assert listed.metadata.is_parent_node
    assert not runs.get_node().metadata.is_parent_node


@pytest.mark.parametrize(("version", "shown"), [(0, True), (1, False), (2, False), (-3, False)])
def test_get_derives_parenthood_only_for_first_events_of_version_0(runs, version, shown):
    runs.node("QUEUED", 10, event_version=version)
    runs.node("RUNNING", 11, event_version=7)
    runs.node("RUNNING", 12, node="k", parent_node_metadata=under("n0"))

    assert runs.get_node().metadata.is_parent_node is shown


@pytest.mark.parametrize("flag", ["is_dynamic", "is_parent"])
def test_a_flag_that_is_set_keeps_parenthood_from_being_derived(runs, store, flag):
    runs.node("RUNNING", 10, **{flag: True})
    (row,) = store.node_executions
    store.node_executions.update(replace(row, dynamic_workflow_remote_closure_reference="uri"))
    runs.node("RUNNING", 11, node="k", parent_node_metadata=under("n0"))

    (listed,) = runs.list_nodes()
    assert listed == runs.get_node() == row.message


# --- legacy children of tasks


def test_a_node_under_a_task_is_listed_there_only(runs):
    runs.node("RUNNING", 10)
    runs.task("RUNNING", 11)
    runs.node("RUNNING", 12, node="k", parent_task_metadata=under_task(attempt_id()))

    assert ids(runs.list_nodes()) == ["n0"]
    assert ids(runs.list_nodes_of_task()) == ["k"]


def test_a_node_under_a_task_and_a_node_is_listed_under_both(runs):
    runs.node("RUNNING", 10)
    runs.task("RUNNING", 11)
    both = {
        "parent_task_metadata": under_task(attempt_id()),
        "parent_node_metadata": under("n0"),
    }
    runs.node("RUNNING", 12, node="k", **both)

    assert ids(runs.list_nodes()) == ["n0"]
    assert ids(runs.list_nodes(under="n0")) == ids(runs.list_nodes_of_task()) == ["k"]


def test_a_parent_task_must_be_named_in_full_and_be_there(runs):
    nothing = flyte_events.ParentTaskExecutionMetadata()
    assert refusal(runs.node, "RUNNING", 10, parent_task_metadata=nothing) == (
        "INVALID_ARGUMENT",
        "missing id",
    )
    assert refusal(runs.node, "RUNNING", 10, parent_task_metadata=under_task(attempt_id())) == (
        "NOT_FOUND",
        (
            "missing entity of type task execution with identifier "
            'task_id:{project:"p" domain:"development" name:"t" version:"v1"} '
            f"node_execution_id:{{{N0}}}"
        ),
    )


def test_a_parent_task_is_looked_for_before_a_parent_node(runs):
    both = {
        "parent_task_metadata": under_task(attempt_id(attempt=1)),
        "parent_node_metadata": under("nope"),
    }

    _, message = refusal(runs.node, "RUNNING", 10, node="k", **both)

    assert "task execution" in message


def test_a_parent_task_of_another_execution_is_taken_but_does_not_list_the_node(make, runs):
    make.execution("e2")
    runs.node("RUNNING", 10, execution="e2")
    runs.task("RUNNING", 11, execution="e2")
    far = under_task(attempt_id(execution="e2"))
    runs.node("RUNNING", 12, node="k", parent_task_metadata=far)

    assert runs.list_nodes_of_task(execution="e2") == []
    assert runs.list_tasks(execution="e2")[0].is_parent
    assert runs.list_nodes() == []


# --- ids with holes


def test_an_event_without_a_node_id_is_taken_for_the_only_node(runs):
    runs.node("RUNNING", 10)
    runs.node("SUCCEEDED", 15, node="")

    assert runs.get_node().closure.duration.seconds == 5


def test_a_first_event_without_a_node_id_makes_a_node_without_a_name(runs):
    runs.node("RUNNING", 10, node="")

    assert ids(runs.list_nodes()) == [""]


def test_an_event_without_an_execution_name_makes_a_node_that_nobody_owns(runs):
    runs.node("RUNNING", 10, execution="")

    assert runs.list_nodes() == []
    assert runs.get_node(execution="").closure.started_at == at(10)
    code, _ = refusal(runs.get_node)
    assert code == "NOT_FOUND"


def test_an_event_without_an_execution_name_updates_the_node_that_fits(runs):
    runs.node("RUNNING", 10)
    runs.node("SUCCEEDED", 15, execution="")

    assert runs.get_node().closure.duration.seconds == 5


# --- get and list


def test_an_unknown_node_is_not_found(runs):
    missing = ("NOT_FOUND", f"missing entity of type node execution with identifier {N0}")

    assert refusal(runs.get_node) == missing
    assert refusal(runs.node_data) == missing
    assert refusal(runs.dynamic_workflow) == missing


def test_the_id_of_a_node_is_shown_without_an_org(runs):
    id_ = node_id()
    id_.execution_id.org = "o"
    runs.node("RUNNING", 10, id=id_)

    assert runs.get_node().id == node_id()


def test_an_id_with_a_nul_is_refused_by_the_database(runs):
    assert refusal(runs.get_node, "\0") == NUL


def test_an_event_whose_node_has_a_nul_is_refused_before_parent_and_time_are_looked_at(runs):
    assert refusal(runs.node, "QUEUED", node="\0", parent_node_metadata=under("nobody")) == NUL


def test_an_event_whose_execution_has_a_nul_keeps_the_code_of_the_database(runs):
    code, text = NUL
    id_ = r'project:"p" domain:"development" name:"\x00"'

    assert refusal(runs.node, "QUEUED", 10, execution="\0") == (
        code,
        f"Failed to get existing execution id: [{id_}] with err: {text}",
    )


def test_an_unknown_execution_has_an_empty_list(runs):
    assert runs.list_nodes("nowhere") == []


@pytest.mark.parametrize("hole", ["project", "domain", "name"])
def test_a_list_needs_the_whole_id_of_the_execution(runs, hole):
    id_ = execution_id()
    id_.ClearField(hole)
    request = node_execution_pb2.NodeExecutionListRequest(workflow_execution_id=id_)

    assert refusal(runs.nodes.list_node_executions, request, NOW) == (
        "INVALID_ARGUMENT",
        "missing execution_id",
    )


def test_a_list_checks_the_limit_then_the_parent_then_the_filters(runs):
    request = node_execution_pb2.NodeExecutionListRequest(
        workflow_execution_id=execution_id(), unique_parent_id="nope", filters="nonsense"
    )
    messages = []
    for change in ({"limit": 1}, {"unique_parent_id": ""}):
        messages.append(refusal(runs.nodes.list_node_executions, request, NOW)[1])
        for field, value in change.items():
            setattr(request, field, value)
    messages.append(refusal(runs.nodes.list_node_executions, request, NOW)[1])

    assert messages[0] == "invalid value for limit"
    assert messages[1].startswith("missing entity of type node execution")
    assert messages[2] == "invalid value for filters"


def test_a_list_for_a_task_checks_the_id_then_the_limit_then_the_task_then_the_filters(runs):
    request = node_execution_pb2.NodeExecutionForTaskListRequest(filters="eq(task_execution.id,1)")
    ask = runs.nodes.list_node_executions_for_task
    assert refusal(ask, request, NOW) == ("INVALID_ARGUMENT", "missing id")

    request.task_execution_id.CopyFrom(attempt_id())
    assert refusal(ask, request, NOW) == ("INVALID_ARGUMENT", "invalid value for limit")

    request.limit = 1
    assert refusal(ask, request, NOW) == (
        "NOT_FOUND",
        (
            "missing entity of type task execution with identifier "
            'task_id:{project:"p" domain:"development" name:"t" version:"v1"} '
            f"node_execution_id:{{{N0}}}"
        ),
    )

    runs.node("RUNNING", 10)
    runs.task("RUNNING", 10)
    assert refusal(ask, request, NOW) == (
        "INVALID_ARGUMENT",
        "'te' entity is not allowed in filters",
    )


def ask_for_nodes(runs, **fields):
    fields.setdefault("limit", 100)
    request = node_execution_pb2.NodeExecutionListRequest(
        workflow_execution_id=execution_id(), **fields
    )
    return runs.nodes.list_node_executions(request, NOW)


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        ("eq(phase,FAILED)", ["c"]),
        ("eq(duration,0)", ["a", "b"]),
        ("ne(error_kind,USER)", []),
        ("ne(error_kind,SYSTEM)", ["c"]),
        ("ne(cache_status,CACHE_HIT)", []),
        ("eq(execution.phase,RUNNING)", ["a", "b", "c"]),
        ("eq(execution.phase,QUEUED)", []),
        ("eq(parent_id,1)", []),
    ],
)
def test_lists_can_be_filtered_and_nothing_is_told_of_what_is_null(make, store, filters, listed):
    make.execution("e1", phase="RUNNING")
    runs = Runs(store)
    runs.node("QUEUED", 10, node="a")
    runs.node("RUNNING", 10, node="b")
    runs.node("RUNNING", 10, node="c")
    runs.node("FAILED", 15, node="c", error=ExecutionError(code="C", kind="USER"))
    by_id = common_pb2.Sort(key="node_id", direction="ASCENDING")

    assert ids(ask_for_nodes(runs, filters=filters, sort_by=by_id).node_executions) == listed


@pytest.mark.parametrize(
    ("direction", "listed"), [("ASCENDING", ["b", "a"]), ("DESCENDING", ["a", "b"])]
)
def test_nodes_that_never_started_are_the_latest(runs, direction, listed):
    runs.node("QUEUED", 10, node="a")
    runs.node("RUNNING", 10, node="b")
    by_start = common_pb2.Sort(key="started_at", direction=direction)

    assert ids(ask_for_nodes(runs, sort_by=by_start).node_executions) == listed


def test_lists_have_pages_and_refuse_what_is_no_token(runs):
    for node in ("a", "b", "c"):
        runs.node("RUNNING", 10, node=node)

    first = ask_for_nodes(runs, limit=2)

    assert ids(first.node_executions) == ["a", "b"]
    last = ask_for_nodes(runs, limit=2, token=first.token)
    assert (ids(last.node_executions), last.token) == (["c"], "")
    assert refusal(ask_for_nodes, runs, token="x") == (
        "INVALID_ARGUMENT",
        "invalid pagination token x for ListNodeExecutions",
    )


def test_a_list_for_a_task_needs_no_resource_type(runs):
    runs.node("RUNNING", 10)
    runs.task("RUNNING", 11)
    request = node_execution_pb2.NodeExecutionForTaskListRequest(
        task_execution_id=attempt_id(), limit=1
    )
    request.task_execution_id.task_id.ClearField("resource_type")

    assert not runs.nodes.list_node_executions_for_task(request, NOW).node_executions


@pytest.mark.parametrize(
    ("message", "listed"),
    [
        ("x" * 100, "x" * 100),
        ("x" * 101, "x" * 100),
        ("節" * 50, "節" * 33),
        ("y" * 99 + "é" * 9, "y" * 99),
    ],
)
def test_lists_show_the_first_hundred_bytes_of_an_error(runs, message, listed):
    runs.node("RUNNING", 10)
    runs.node(
        "FAILED",
        11,
        node="k",
        error=ExecutionError(message=message),
        parent_node_metadata=under("n0"),
    )

    (shown,) = runs.list_nodes(under="n0")
    assert shown.closure.error.message == listed
    whole = runs.get_node("k")
    assert whole.closure.error.message == message
    shown.closure.error.message = message
    assert shown == whole


def test_an_answer_may_be_changed_by_nobody_so_lists_copy_what_they_change(runs):
    runs.node("FAILED", 10, error=ExecutionError(message="x" * 200))
    before = runs.get_node().SerializeToString()
    runs.list_nodes()

    assert runs.get_node().SerializeToString() == before


# --- data


def test_data_is_empty_but_there_when_nothing_was_written(runs):
    runs.node("QUEUED", 10, input_uri="s3://no-such-bucket/x")

    data = runs.node_data()
    assert data.HasField("inputs")
    assert data.HasField("outputs")
    assert data.HasField("full_inputs")
    assert data.HasField("full_outputs")
    assert not data.HasField("dynamic_workflow")


def test_urls_are_made_of_the_requests_id(runs):
    runs.node("SUCCEEDED", 10, output_data=literals(y=1))

    urls = runs.node_data(node="").flyte_urls
    assert urls.inputs == "flyte://v1/p/development/e1//i"
    assert urls.outputs == "flyte://v1/p/development/e1//o"
    assert urls.deck == ""


def test_a_deck_has_a_url(runs):
    runs.node("SUCCEEDED", 10, deck_uri="s3://b/d")

    assert runs.node_data().flyte_urls.deck == "flyte://v1/p/development/e1/n0/d"


def test_a_failed_node_has_inputs_and_no_outputs(runs):
    runs.node("QUEUED", 10, input_data=literals(x=1))
    runs.node("FAILED", 11, error=ExecutionError(message="no"))

    data = runs.node_data()
    assert data.full_inputs == literals(x=1)
    assert not data.full_outputs.literals
