from __future__ import annotations

import pytest
from compiling import (
    MissingError,
    compiled,
    complaint,
    errors,
    runs_launch_plan,
    runs_sub_workflow,
    text_of,
)
from definition_builders import WORKFLOW, node, template
from flyteidl.core import compiler_pb2, workflow_pb2

from flyte_testkit.admin.compiler import requirements as module
from flyte_testkit.admin.compiler import workflows
from flyte_testkit.admin.compiler.requirements import index_sub_workflows, requirements


def branch(*nodes, default=None):
    made = workflow_pb2.BranchNode()
    made.if_else.case.then_node.CopyFrom(nodes[0])
    for other in nodes[1:]:
        made.if_else.other.add().then_node.CopyFrom(other)
    if default is not None:
        made.if_else.else_node.CopyFrom(default)
    return node("b", branch_node=made)


def array(inside):
    return node("m", array_node=workflow_pb2.ArrayNode(node=inside))


def test_finds_tasks_wherever_they_hide():
    inner = branch(node("n", "c"), node("n", "d"), default=array(node("n", "e")))
    made = template(node("n", "a"), inner, failure_node=node("fn", "b"))
    found = requirements(made, {})
    assert sorted(id_.name for id_ in found.tasks.values()) == ["a", "b", "c", "d", "e"]
    assert not found.errors


def test_finds_launch_plans():
    found = requirements(template(runs_launch_plan("n"), runs_launch_plan("m")), {})
    assert [id_.name for id_ in found.launch_plans.values()] == ["plan"]


def test_needs_the_tasks_of_sub_workflows_that_are_used():
    compiled(
        runs_sub_workflow("n"),
        sub_workflows=[template(node("n"), name="s"), template(node("n", "nope"), name="unused")],
    )
    with pytest.raises(MissingError, match="nope"):
        compiled(runs_sub_workflow("n"), sub_workflows=[template(node("n", "nope"), name="s")])


def test_a_node_without_a_reference_refers_to_nothing():
    made = template(node("n", None, task_node=workflow_pb2.TaskNode()), branch(node("m", None)))
    assert not requirements(made, {}).tasks


def test_names_sub_workflows_that_were_not_sent_along():
    assert errors(runs_sub_workflow("n")) == [
        (
            "WorkflowReferenceNotFound",
            "n",
            f"Referenced Workflow [{text_of(WORKFLOW, 's')}] not found.",
        )
    ]


def test_looks_for_missing_rows_before_missing_sub_workflows():
    with pytest.raises(MissingError):
        compiled(runs_sub_workflow("n"), node("m", "nope"))


def test_names_tasks_that_are_referred_to_as_something_else():
    odd = node("n")
    odd.task_node.reference_id.resource_type = WORKFLOW
    assert errors(odd) == [
        (
            "TaskReferenceNotFound",
            "start-node",
            f"Referenced Task [{text_of(WORKFLOW, 't')}] not found.",
        )
    ]


def test_refuses_two_sub_workflows_of_one_id():
    twice = [template(node("n"), name="s")] * 2
    key = text_of(WORKFLOW, "s")
    assert complaint(node("n"), sub_workflows=twice) == (
        "failed to get workflow requirements with err Collected Errors: 1\n"
        f"\tError 0: Code: DuplicateId, Node Id: {key}, "
        "Description: Trying to insert two nodes with the same id.\n"
    )


def test_refuses_a_sub_workflow_without_an_id_and_says_nothing_of_it():
    nameless = template(node("n"))
    nameless.ClearField("id")
    assert complaint(node("n"), sub_workflows=[nameless]) == (
        "failed to get workflow requirements with err Collected Errors: 0\n"
    )


def test_refuses_sub_workflows_that_use_each_other_instead_of_dying():
    a = template(runs_sub_workflow("n", "b"), name="a")
    b = template(runs_sub_workflow("m", "a"), name="b")
    ((code, where, _),) = errors(runs_sub_workflow("n", "a"), sub_workflows=[a, b])
    assert (code, where) == ("CycleDetected", "m")


def test_two_nodes_may_use_one_sub_workflow():
    made = template(runs_sub_workflow("n"), runs_sub_workflow("m"))
    index = index_sub_workflows([compiled(node("n"), name="s").primary])
    found = requirements(made, index)
    assert [id_.name for id_ in found.tasks.values()] == ["t"]
    assert not found.errors


def ladder(levels, rungs=2):
    """Sub-workflows that refer so often to the next one; the last runs a task."""
    steps = [
        template(
            *(runs_sub_workflow(f"n{rung}", f"s{level + 1}") for rung in range(rungs)),
            name=f"s{level}",
        )
        for level in range(levels)
    ]
    return [*steps, template(node("n"), name=f"s{levels}")]


def test_each_sub_workflow_is_looked_through_once_however_often_it_is_used(monkeypatch):
    visits = []
    look = module._all_nodes
    monkeypatch.setattr(
        module, "_all_nodes", lambda made: visits.append(made.id.name) or look(made)
    )
    compiles = []
    run = workflows.WorkflowCompiler.run
    monkeypatch.setattr(
        workflows.WorkflowCompiler, "run", lambda self: compiles.append(self) or run(self)
    )

    made = compiled(runs_sub_workflow("n", "s0"), sub_workflows=ladder(30))

    assert len(visits) == len(set(visits)) == 32
    assert len(compiles) == 32
    assert len(made.sub_workflows) == 31
    assert [task.template.id.name for task in made.tasks] == ["t"]


def test_a_thousand_levels_are_not_too_many_to_look_through():
    sent = compiler_pb2.CompiledWorkflowClosure()
    for each in ladder(1000, rungs=3):
        sent.sub_workflows.add().template.CopyFrom(each)
    index = index_sub_workflows(sent.sub_workflows)

    found = requirements(template(runs_sub_workflow("n", "s0")), index)

    assert len(found.tasks) == 1


def test_a_cycle_beside_what_was_looked_through_is_found():
    sub_workflows = [
        template(runs_sub_workflow("n", "b"), runs_sub_workflow("m", "c"), name="a"),
        template(node("n"), name="b"),
        template(runs_sub_workflow("n", "b"), runs_sub_workflow("m", "a"), name="c"),
    ]

    ((code, at, _),) = errors(runs_sub_workflow("n", "a"), sub_workflows=sub_workflows)

    assert (code, at) == ("CycleDetected", "m")
