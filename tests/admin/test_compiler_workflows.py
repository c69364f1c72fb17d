from __future__ import annotations

import pytest
from compiling import compiled, edges, errors, find_launch_plan, runs_sub_workflow, text_of
from definition_builders import INT, TEXT, WORKFLOW, node, promise, task_template, template
from flyteidl.core import compiler_pb2, types_pb2, workflow_pb2

from flyte_testkit.admin.compiler.workflows import compile_workflow


def ids(closure):
    return [made.id for made in closure.primary.template.nodes]


def test_puts_the_sentinels_in_front_of_the_nodes_as_they_were_sent():
    made = compiled(node("b"), node("a"))
    assert ids(made) == ["start-node", "end-node", "b", "a"]
    assert made.primary.template.nodes[0] == workflow_pb2.Node(id="start-node")


def test_gives_the_end_the_outputs_and_keeps_them_as_well():
    made = compiled(
        node("a", "one"), outputs={"o": INT}, returns={"o": promise("a", "y")}
    ).primary.template
    assert made.nodes[1].inputs == made.outputs
    assert len(made.outputs) == 1


def test_shows_an_interface_even_if_none_was_sent():
    bare = template(node("a"))
    bare.ClearField("interface")
    made = compiled(node("a"))
    assert made.primary.template.interface.HasField("inputs")
    assert made.primary.template.interface.HasField("outputs")


def test_does_not_change_what_it_was_given():
    sent = node("b", upstream=["z", "a"])
    compiled(node("a"), node("z"), sent)
    assert list(sent.upstream_node_ids) == ["z", "a"]


def test_connects_nodes_to_what_they_read_and_the_rest_to_start_and_end():
    made = compiled(
        node("a", "one"),
        node("b", "inc", inputs={"x": promise("a", "y")}),
        node("c"),
        node("d", upstream=["c"]),
    )
    assert edges(made) == (
        {"a": ["start-node"], "b": ["a"], "c": ["start-node"], "d": ["c"], "end-node": ["b", "d"]},
        {"start-node": ["a", "c"], "a": ["b"], "c": ["d"], "b": ["end-node"], "d": ["end-node"]},
    )


def test_connects_the_start_to_the_end_if_an_output_is_an_input():
    made = compiled(
        node("a"), inputs={"i": INT}, outputs={"o": INT}, returns={"o": promise("", "i")}
    )
    assert edges(made)[0]["end-node"] == ["a", "start-node"]


def test_sorts_upstream_nodes_and_keeps_doubles():
    made = compiled(node("a"), node("b"), node("c", upstream=["b", "a", "b"]))
    assert list(made.primary.template.nodes[-1].upstream_node_ids) == ["a", "b", "b"]
    assert edges(made)[0]["c"] == ["a", "b"]


def test_lists_tasks_once_and_sorted():
    made = compiled(node("a", "two"), node("b", "one"), node("c", "two"))
    assert [task.template.id.name for task in made.tasks] == ["one", "two"]


def test_drops_nodes_whose_id_is_taken_but_keeps_their_tasks():
    made = compiled(node("a", "one"), node("a", "two"), node("start-node", "t"))
    assert ids(made) == ["start-node", "end-node", "a"]
    assert [task.template.id.name for task in made.tasks] == ["one", "t", "two"]


def test_a_node_whose_id_is_taken_is_checked_all_the_same():
    assert errors(node("n"), node("n", None)) == [
        ("ValueRequired", "n", "Value required [Target].")
    ]


def test_the_tasks_of_a_workflow_have_both_sides_of_their_interface():
    bare = task_template("t")
    bare.interface.Clear()
    bare.interface.SetInParent()
    registered = compiler_pb2.CompiledTask(template=bare)
    closure = compile_workflow(template(node("n")), (), lambda _: registered, find_launch_plan)
    assert closure.tasks[0].template.interface.HasField("inputs")
    assert closure.tasks[0].template.interface.HasField("outputs")
    assert not registered.template.interface.HasField("inputs")


def test_sorts_tasks_by_the_parts_of_their_ids_not_by_their_text():
    asked = []

    def find(id_):
        asked.append(id_.name)
        return compiler_pb2.CompiledTask(template=task_template(id_.name))

    compile_workflow(template(node("n", "a b"), node("m", "a")), (), find, find_launch_plan)
    assert asked == ["a", "a b"]


def test_a_workflow_of_nothing_but_sentinels_has_no_connections():
    assert edges(compiled(node("end-node"))) == ({}, {})


def test_wants_nodes_and_says_nothing_else_then():
    text = text_of(WORKFLOW, "w")
    assert errors(inputs={"": types_pb2.LiteralType()}) == [
        ("NoNodesFound", text, f"Can't find any nodes in workflow [{text}].")
    ]


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_wants_names_and_types_in_the_interface_before_it_looks_at_nodes(side):
    assert errors(node("n", None), **{side: {"x": None}}) == [
        ("ValueRequired", "start-node", "Value required [param.Type].")
    ]
    assert errors(node("n", None), **{side: {"": INT}}) == [
        ("ValueRequired", "start-node", "Value required [paramName].")
    ]


def test_wants_ids_of_nodes():
    assert errors(node("")) == [("ValueRequired", "<node>", "Value required [Id].")]


def test_collects_all_that_is_wrong_with_nodes():
    found = errors(node("a", None), node("b", "inc"), outputs={"o": TEXT})
    assert [(code, where) for code, where, _ in found] == [
        ("ParameterNotBound", "b"),
        ("ParameterNotBound", "end-node"),
        ("ValueRequired", "a"),
    ]


def test_finds_cycles():
    found = errors(
        node("a", "inc", inputs={"x": promise("b", "y")}, upstream=["start-node"]),
        node("b", "inc", inputs={"x": promise("a", "y")}),
    )
    assert found == [
        (
            "CycleDetected",
            "start-node",
            "A cycle has been detected while traversing the Workflow [start-node>a>b>a].",
        )
    ]


@pytest.mark.parametrize(
    "nodes",
    [
        [node("n", upstream=["n"])],
        [node("n", upstream=["nope"])],
        [node("n", upstream=["end-node"])],
    ],
    ids=["after itself", "after nothing that is there", "after the end"],
)
def test_finds_nodes_that_nothing_leads_to(nodes):
    assert errors(*nodes) == [
        (
            "UnreachableNodes",
            "start-node",
            "The Workflow contain unreachable nodes [n].",
        )
    ]


def test_keeps_unknown_upstream_nodes_beside_a_known_one():
    made = compiled(node("a"), node("n", upstream=["a", "nope"]))
    assert edges(made)[0]["n"] == ["a", "nope"]
    assert edges(made)[1]["nope"] == ["n"]


def test_a_failure_node_waits_for_its_promises_and_nobody_knows_of_it():
    failure = node("fn", "inc", inputs={"x": promise("a", "y")}, upstream=["c"])
    made = compiled(node("a", "one"), node("c"), failure_node=failure)
    upstream, downstream = edges(made)
    assert upstream["fn"] == ["a"]
    assert downstream == {
        "start-node": ["a", "c"],
        "a": ["end-node"],
        "c": ["end-node"],
    }


def test_checks_a_failure_node_as_any_other():
    assert errors(node("a"), failure_node=node("fn", "inc")) == [
        ("ParameterNotBound", "fn", "Parameter not bound [x].")
    ]
    assert errors(node("a"), failure_node=node("", None)) == [
        ("ValueRequired", "", "Value required [Target]."),
        ("ValueRequired", "<node>", "Value required [Id]."),
    ]


def test_nobody_can_be_promised_anything_by_a_failure_node():
    found = errors(
        node("n", "inc", inputs={"x": promise("fn", "y")}), failure_node=node("fn", "one")
    )
    assert found[0][0] == "NodeReferenceNotFound"


def test_compiles_sub_workflows_that_are_used_and_keeps_the_others_as_sent():
    used = template(node("i", "one"), name="s")
    unused = template(node("i", "nope"), name="u")
    made = compiled(runs_sub_workflow("n"), sub_workflows=[unused, used])
    kept, compiled_one = made.sub_workflows
    assert kept.template == unused
    assert not kept.HasField("connections")
    assert [each.id for each in compiled_one.template.nodes] == ["start-node", "end-node", "i"]
    assert edges(made, compiled_one)[0] == {"i": ["start-node"], "end-node": ["i"]}
    assert [task.template.id.name for task in made.tasks] == ["one"]


def test_compiles_a_sub_workflow_once_however_often_it_is_used():
    made = compiled(
        runs_sub_workflow("n"),
        runs_sub_workflow("m"),
        sub_workflows=[template(node("i"), name="s")],
    )
    assert len(made.sub_workflows[0].template.nodes) == 3


def test_says_what_is_wrong_inside_a_sub_workflow():
    assert errors(runs_sub_workflow("n"), sub_workflows=[template(node("i", "inc"), name="s")]) == [
        ("ParameterNotBound", "i", "Parameter not bound [x].")
    ]
    empty = text_of(WORKFLOW, "s")
    assert errors(runs_sub_workflow("n"), sub_workflows=[template(name="s")]) == [
        ("NoNodesFound", empty, f"Can't find any nodes in workflow [{empty}].")
    ]
