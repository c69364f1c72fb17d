from __future__ import annotations

import pytest
from builders import identifier
from flyteidl.core import compiler_pb2, identifier_pb2
from flyteidl.event import event_pb2
from run_builders import Runs, refusal

from flyte_testkit.admin.database import blobs

NO_CLOSURE = (
    'Failed to upload dynamic workflow closure for node id [node_id:"n0" '
    'execution_id:{project:"p" domain:"development" name:"e1"}] and workflow id [%s] '
    "with err: proto: Marshal called with nil"
)


@pytest.fixture
def runs(make, store):
    make.execution("e1")
    return Runs(store)


def workflow(name="dyn", *, nodes=0):
    closure = compiler_pb2.CompiledWorkflowClosure()
    template = closure.primary.template
    template.id.CopyFrom(identifier(identifier_pb2.WORKFLOW, name))
    for number in range(nodes):
        template.nodes.add(id=f"dn{number}")
    return closure


def yields(closure, *, name="dyn", spec_uri=""):
    """What an event tells when its node has yielded this workflow."""
    dynamic = event_pb2.DynamicWorkflowNodeMetadata(dynamic_job_spec_uri=spec_uri)
    if name:
        dynamic.id.CopyFrom(identifier(identifier_pb2.WORKFLOW, name))
    if closure is not None:
        dynamic.compiled_workflow.CopyFrom(closure)
    return event_pb2.TaskNodeMetadata(dynamic_workflow=dynamic)


def test_what_a_node_yields_can_be_read_back(runs):
    runs.node("RUNNING", 10)
    runs.node(
        "DYNAMIC_RUNNING", 11, task_node_metadata=yields(workflow(), spec_uri="s3://b/futures.pb")
    )

    assert runs.dynamic_workflow() == workflow()
    shown = runs.node_data().dynamic_workflow
    assert shown.id == workflow().primary.template.id
    assert shown.compiled_workflow == workflow()
    assert shown.dynamic_job_spec_uri == "s3://b/futures.pb"
    assert runs.get_node().closure.dynamic_job_spec_uri == "s3://b/futures.pb"


def test_a_workflow_lies_below_its_node_under_its_own_name(runs, store):
    runs.node("DYNAMIC_RUNNING", 10, task_node_metadata=yields(workflow()))

    assert [*store.blobs] == [
        f"{blobs.CONTAINER}/metadata/admin/p/development/e1/n0/p_development_dyn_v1"
    ]


def test_the_first_event_does_not_keep_where_the_spec_is(runs):
    runs.node(
        "DYNAMIC_RUNNING", 10, task_node_metadata=yields(workflow(), spec_uri="s3://b/futures.pb")
    )

    assert runs.dynamic_workflow() == workflow()
    assert runs.get_node().closure.dynamic_job_spec_uri == ""


def test_the_workflow_stays_when_later_events_have_none(runs):
    runs.node("RUNNING", 10)
    runs.node("DYNAMIC_RUNNING", 11, task_node_metadata=yields(workflow(), spec_uri="s3://b/f.pb"))
    runs.node("SUCCEEDED", 12, task_node_metadata=event_pb2.TaskNodeMetadata())

    assert runs.dynamic_workflow() == workflow()
    assert runs.get_node().closure.dynamic_job_spec_uri == "s3://b/f.pb"


def test_where_the_spec_is_stays_when_a_later_workflow_does_not_say(runs):
    runs.node("RUNNING", 10)
    runs.node("DYNAMIC_RUNNING", 11, task_node_metadata=yields(workflow(), spec_uri="s3://b/f.pb"))
    runs.node("RUNNING", 12, task_node_metadata=yields(workflow("b"), name="b"))

    assert runs.dynamic_workflow() == workflow("b")
    assert runs.get_node().closure.dynamic_job_spec_uri == "s3://b/f.pb"


def test_a_workflow_of_another_name_replaces_it(runs):
    runs.node("RUNNING", 10, task_node_metadata=yields(workflow("a"), name="a"))
    runs.node("DYNAMIC_RUNNING", 11, task_node_metadata=yields(workflow("b"), name="b"))

    assert runs.dynamic_workflow() == workflow("b")


@pytest.mark.parametrize("phase", ["SUCCEEDED", "FAILED"])
def test_a_refused_event_still_replaces_a_workflow_of_the_same_name(runs, phase):
    runs.node("SUCCEEDED", 10, task_node_metadata=yields(workflow()))
    refusal(runs.node, phase, 11, task_node_metadata=yields(workflow(nodes=2)))

    assert runs.dynamic_workflow() == workflow(nodes=2)


def test_a_refused_event_with_a_workflow_of_another_name_changes_nothing(runs):
    runs.node("SUCCEEDED", 10, task_node_metadata=yields(workflow()))
    refusal(runs.node, "FAILED", 11, task_node_metadata=yields(workflow("other"), name="other"))

    assert runs.dynamic_workflow() == workflow()


def test_what_another_cluster_yields_is_not_even_kept(runs):
    runs.node("DYNAMIC_RUNNING", 10, task_node_metadata=yields(workflow()))
    told = yields(workflow(nodes=2))

    code, _ = refusal(runs.node, "SUCCEEDED", 11, producer_id="east", task_node_metadata=told)

    assert code == "FAILED_PRECONDITION"
    assert runs.dynamic_workflow() == workflow()


def test_a_node_that_yielded_nothing_has_no_workflow(runs):
    runs.node("RUNNING", 10, is_dynamic=True)

    assert refusal(runs.dynamic_workflow) == (
        "NOT_FOUND",
        "node does not contain dynamic workflow",
    )


def test_a_workflow_needs_a_closure_even_before_the_phase_is_looked_at(runs):
    runs.node("SUCCEEDED", 10)
    id_ = 'resource_type:WORKFLOW project:"p" domain:"development" name:"dyn" version:"v1"'

    for phase in ("SUCCEEDED", "RUNNING"):
        told = refusal(runs.node, phase, 11, task_node_metadata=yields(None))
        assert told == ("INTERNAL", NO_CLOSURE % id_)
    told = refusal(runs.node, "RUNNING", 11, task_node_metadata=yields(None, name=""))
    assert told == ("INTERNAL", NO_CLOSURE % "<nil>")


def test_a_workflow_needs_no_id_and_is_shown_with_the_one_inside(runs):
    runs.node("DYNAMIC_RUNNING", 10, task_node_metadata=yields(workflow("inside"), name=""))

    assert runs.node_data().dynamic_workflow.id.name == "inside"


@pytest.mark.parametrize(
    ("closure", "what"),
    [
        (compiler_pb2.CompiledWorkflowClosure(), "definition"),
        (
            compiler_pb2.CompiledWorkflowClosure(primary=compiler_pb2.CompiledWorkflow()),
            "template",
        ),
    ],
)
def test_half_a_workflow_is_taken_and_cannot_be_read(runs, closure, what):
    runs.node("DYNAMIC_RUNNING", 10, task_node_metadata=yields(closure))
    complaint = (
        "INTERNAL",
        f"Empty primary workflow {what} in loaded dynamic workflow model.",
    )

    assert refusal(runs.dynamic_workflow) == complaint
    assert refusal(runs.node_data) == complaint
    assert len(runs.list_nodes()) == 1


def test_a_workflow_that_is_gone_cannot_be_read(runs, store):
    runs.node("DYNAMIC_RUNNING", 10, task_node_metadata=yields(workflow()))
    store.blobs.clear()

    code, message = refusal(runs.dynamic_workflow)

    assert code == "INTERNAL"
    uri = f"{blobs.CONTAINER}/metadata/admin/p/development/e1/n0/p_development_dyn_v1"
    assert message.startswith(f"Unable to read WorkflowClosure from location {uri} : ")


def test_a_node_whose_id_is_no_part_of_a_url_can_yield_nothing(runs):
    code, message = refusal(
        runs.node, "RUNNING", 10, node="a%b", task_node_metadata=yields(workflow())
    )

    assert code == "INTERNAL"
    assert message.startswith(
        "Failed to produce remote closure data reference for dynamic workflow yielded by "
        'node id [node_id:"a%b" execution_id:{project:"p" domain:"development" name:"e1"}] with '
        'workflow id [resource_type:WORKFLOW project:"p" domain:"development" name:"dyn" '
        'version:"v1"]; err: Reference is of an invalid format [s3://my-s3-bucket]: parse '
    )
    assert runs.list_nodes() == []


def test_a_node_with_children_that_yielded_a_workflow_is_dynamic_in_lists(runs):
    runs.node("RUNNING", 10, event_version=1, task_node_metadata=yields(workflow()))
    parent = event_pb2.ParentNodeExecutionMetadata(node_id="n0")
    runs.node("RUNNING", 11, node="n0-0-dn0", parent_node_metadata=parent)

    (listed,) = runs.list_nodes()
    assert listed.metadata.is_parent_node
    assert listed.metadata.is_dynamic
    assert not runs.get_node().metadata.is_dynamic
