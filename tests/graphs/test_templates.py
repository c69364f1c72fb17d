"""What is made of trees compiles, and says of its nodes what the trees said."""

from dataclasses import dataclass

import pytest
from flyteidl.admin import common_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit import graphs, literals, nodes, running
from flyte_testkit.errors import RegistrationError
from flyte_testkit.server import FakeFlyteAdmin


@dataclass
class Point:
    x: int
    more: list[int]


GIVES = nodes.task(running(9).succeeds(rows=3, xs=[1, 2]))
promise = nodes.promise


def made(tree):
    """Return what clients fetch of a tree that is scripted."""
    with FakeFlyteAdmin(strict=False) as admin:
        admin.on_launch("etl", strict=False).plays(tree)
        id_ = identifier_pb2.Identifier(
            resource_type=2, project="flytesnacks", domain="development", name="etl", version="v1"
        )
        request = common_pb2.ObjectGetRequest(id=id_)
        return admin._backend.answer("GetWorkflow", request).closure.compiled_workflow


def outline(tree):
    template = made(tree).primary.template
    return {node.id: (node.metadata.name, list(node.upstream_node_ids)) for node in template.nodes}


def task(closure, name):
    return next(one.template for one in closure.tasks if one.template.id.name == name)


def test_ids_are_numbers_in_written_order_and_names_are_as_written():
    fit = nodes.task(after="extract")
    found = outline(nodes.workflow(extract=GIVES, fit_a=fit, fit_b=fit, report=nodes.task()))
    assert {key: found[key] for key in found if key.startswith("n")} == {
        "n0": ("extract", []),
        "n1": ("fit_a", ["n0"]),
        "n2": ("fit_b", ["n0"]),
        "n3": ("report", ["n1", "n2"]),
    }


def test_a_node_that_is_called_like_an_id_has_that_id():
    found = outline(nodes.workflow(n1=nodes.task(), fit=nodes.task(), n0=nodes.task()))
    assert {found[key][0]: key for key in found if key[0] == "n"} == {
        "n1": "n1",
        "fit": "n2",
        "n0": "n0",
    }


def test_tasks_are_called_after_the_workflow_and_the_way_to_them():
    inner = nodes.subworkflow(fit=nodes.task())
    tree = nodes.workflow(train=inner, check=nodes.branch(fit=nodes.task()))
    closure = made(tree.on_failure(clean=nodes.task()))
    names = {one.template.id.name for one in closure.tasks}
    assert names == {"etl.train.fit", "etl.check.fit", "etl.clean"}
    assert [one.template.id.name for one in closure.sub_workflows] == ["etl.train"]
    assert closure.primary.template.failure_node.id == "fn0"


def test_a_task_says_what_its_script_tells_of_it():
    fit = nodes.task(retries=2, interruptible=True, deck=True)
    found = task(made(nodes.workflow(fit=fit)), "etl.fit").metadata
    assert (found.retries.retries, found.interruptible, found.generates_deck.value) == (
        2,
        True,
        True,
    )


def test_inputs_are_values_and_promises_with_their_types():
    fit = nodes.task(
        inputs={
            "rows": promise("extract.rows"),
            "first": promise("extract.xs[0]"),
            "both": [promise("extract.rows"), 4],
            "named": {"a": promise("extract.rows")},
            "config": {"deep": [1]},
            "nothing": None,
            "mixed": [1, None],
        }
    )
    closure = made(nodes.workflow(extract=GIVES, fit=fit))
    declared = task(closure, "etl.fit").interface.inputs.variables
    assert {key: literals.describe(found.type) for key, found in declared.items()} == {
        "rows": "int",
        "first": "int",
        "both": "list[int]",
        "named": "dict[str, int]",
        "config": "dict",
        "nothing": "None",
        "mixed": "list[int | None]",
    }
    (node,) = [node for node in closure.primary.template.nodes if node.id == "n1"]
    bound = {binding.var: binding.binding for binding in node.inputs}
    assert bound["first"].promise.attr_path[0].int_value == 0
    assert bound["both"].collection.bindings[1].scalar.primitive.integer == 4


def test_a_promise_may_be_spelled_with_a_dash():
    fit = nodes.task(inputs={"x": promise("my-extract.rows")})
    closure = made(nodes.workflow(my_extract=GIVES, fit=fit))
    assert task(closure, "etl.fit").interface.inputs.variables["x"].type.simple == 1


def test_what_is_promised_and_never_made_is_of_no_type_in_particular():
    fails = nodes.task(running(9).fails("no"))
    fit = nodes.task(inputs={"rows": promise("extract.rows")})
    closure = made(nodes.workflow(extract=fails, fit=fit))
    found = task(closure, "etl.extract").interface.outputs.variables["rows"].type
    assert literals.describe(found) == "None"


def test_what_another_script_does_not_give_cannot_be_promised():
    tree = nodes.workflow(
        extract=nodes.subworkflow(a=GIVES), fit=nodes.task(inputs={"x": promise("extract.y")})
    )
    with pytest.raises(RegistrationError, match=r"'y' of 'extract' is promised to others"):
        made(tree)


def test_a_workflow_gives_what_its_last_nodes_give():
    template = made(nodes.workflow(extract=GIVES)).primary.template
    assert sorted(template.interface.outputs.variables) == ["rows", "xs"]


def test_a_workflow_gives_what_is_said():
    tree = nodes.workflow(extract=GIVES).succeeds(n=promise("extract.rows"), auc=0.5)
    variables = made(tree).primary.template.interface.outputs.variables
    assert {key: literals.describe(found.type) for key, found in variables.items()} == {
        "n": "int",
        "auc": "float",
    }


def test_what_goes_in_and_out_of_branches_is_that_of_their_arms():
    arm = nodes.task(running(9).succeeds(auc=0.5), inputs={"rows": promise("extract.rows")})
    report = nodes.task(inputs={"auc": promise("check.auc")})
    closure = made(nodes.workflow(extract=GIVES, check=nodes.branch(extract=arm), report=report))
    declared = task(closure, "etl.report").interface.inputs.variables
    assert literals.describe(declared["auc"].type) == "float"


def test_a_graph_of_a_hundred_nodes_is_made():
    tree = nodes.workflow(**{f"n{i}": GIVES for i in range(100)})
    graph = graphs.drawn(tree, "'etl'")
    assert len(graphs.templates(graph, identifier_pb2.Identifier(name="etl")).tasks) == 100


def test_an_input_that_has_no_type_is_told_with_its_place():
    with pytest.raises(RegistrationError, match=r"the input 'x' of 'etl.fit': Flyte has no type"):
        made(nodes.workflow(fit=nodes.task(inputs={"x": object()})))
    mixed = nodes.task(inputs={"x": [promise("extract.rows"), "three"]})
    with pytest.raises(RegistrationError, match=r"the input 'x' of 'etl.fit': .*declared int"):
        made(nodes.workflow(extract=GIVES, fit=mixed))


def test_a_promise_may_lead_into_a_dataclass_and_into_what_has_no_parts():
    gives = nodes.task(running(9).succeeds(point=Point(3, [4])))
    fit = nodes.task(inputs={"x": promise("a.point.x"), "first": promise("a.point.more[0]")})
    closure = made(nodes.workflow(a=gives, fit=fit))
    assert sorted(task(closure, "etl.fit").interface.inputs.variables) == ["first", "x"]
