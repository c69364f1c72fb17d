from __future__ import annotations

import pytest
from compiling import compiled, edges, errors
from definition_builders import INT, TEXT, node, promise, scalar
from flyteidl.core import condition_pb2, workflow_pb2

from flyte_testkit.admin.compiler import interfaces

EQUAL = condition_pb2.ComparisonExpression.EQ
NO_CONDITION = (
    "BranchNodeHasNoCondition",
    "b",
    "One of the branches on the node doesn't have a condition.",
)
NO_DEFAULT = (
    "BranchNodeHasNoDefault",
    "b",
    "Branch Node must have either the else case set or a default error.",
)
NO_NODE = ("BranchNodeIdNotFound", "b", "BranchNode not assigned")


def required(name):
    return ("ValueRequired", "b", f"Value required [{name}].")


def operand(value):
    if isinstance(value, condition_pb2.Operand):
        return value
    if isinstance(value, str) and value.startswith("$"):
        return condition_pb2.Operand(var=value[1:])
    return condition_pb2.Operand(primitive=scalar(value).primitive)


def comparison(left=1, right=1):
    made = condition_pb2.ComparisonExpression(
        operator=EQUAL, left_value=operand(left), right_value=operand(right)
    )
    return condition_pb2.BooleanExpression(comparison=made)


ALWAYS = comparison()


def case(then=None, condition=ALWAYS):
    return workflow_pb2.IfBlock(condition=condition, then_node=then or node("n0"))


def branch(*cases, id_="b", inputs=None, default="error", **fields):
    made = workflow_pb2.BranchNode()
    if cases:
        made.if_else.case.CopyFrom(cases[0])
        made.if_else.other.extend(cases[1:])
    if default == "error":
        made.if_else.error.message = "none"
    elif default is not None:
        made.if_else.else_node.CopyFrom(default)
    return node(id_, None, inputs=inputs, branch_node=made, **fields)


def test_puts_the_id_of_the_branch_in_front_of_those_inside():
    inner = branch(case(node("n1")), id_="i")
    made = compiled(branch(case(), case(node("n2")), default=inner))
    block = made.primary.template.nodes[2].branch_node.if_else
    assert block.case.then_node.id == "b-n0"
    assert block.other[0].then_node.id == "b-n2"
    assert block.else_node.id == "b-i"
    assert block.else_node.branch_node.if_else.case.then_node.id == "b-i-n1"


def test_nodes_inside_wait_for_promises_only_and_nobody_knows_of_them():
    inside = node("n0", "inc", inputs={"x": promise("a", "y")}, upstream=["c"])
    upstream, downstream = edges(compiled(node("a", "one"), node("c"), branch(case(inside))))
    assert upstream["b-n0"] == ["a"]
    assert upstream["b"] == ["start-node"]
    assert downstream["a"] == ["end-node"]
    assert "b-n0" not in downstream


def test_a_branch_waits_for_its_own_inputs_and_upstream_nodes():
    made = branch(case(), inputs={"v": promise("a", "y")}, upstream=["c"])
    upstream, downstream = edges(compiled(node("a", "one"), node("c"), made))
    assert upstream["b"] == ["a", "c"]
    assert downstream["a"] == downstream["c"] == ["b"]


def test_gives_what_all_its_cases_give():
    made = branch(case(node("n0", "two")), case(node("n1", "one")))
    compiled(made, node("n", "inc", inputs={"x": promise("b", "y")}))
    assert errors(made, node("n", "say", inputs={"s": promise("b", "z")}))[1] == (
        "VariableNameNotFound",
        "b",
        "Variable [z] not found on node [b].",
    )


def test_wants_its_cases_to_give_the_same_types():
    say = node("n1", "say", inputs={"s": ""})
    found = errors(branch(case(node("n0", "one")), case(say)))
    assert found[0] == (
        "MismatchingTypes",
        "b-n1",
        "Variable [y] (type [simple:INTEGER]) doesn't match expected type [simple:STRING].",
    )


def test_nobody_outside_can_name_a_node_inside():
    for name in ("n0", "b-n0"):
        found = errors(
            branch(case(node("n0", "one"))), node("n", "inc", inputs={"x": promise(name, "y")})
        )
        assert found[0] == (
            "NodeReferenceNotFound",
            name,
            f"Referenced node [{name}] not found.",
        )


def test_checks_what_nodes_inside_are_given():
    assert errors(branch(case(node("n0", "inc")))) == [
        ("ParameterNotBound", "b-n0", "Parameter not bound [x].")
    ]


def test_wants_cases():
    assert errors(node("b", None, branch_node=workflow_pb2.BranchNode())) == [
        NO_CONDITION,
        NO_DEFAULT,
        required("Branch.IfElse"),
    ]
    made = workflow_pb2.BranchNode()
    made.if_else.SetInParent()
    assert errors(node("b", None, branch_node=made)) == [
        NO_CONDITION,
        NO_DEFAULT,
        required("Branch.IfElse.Case"),
    ]


def test_wants_a_node_in_every_case():
    first = workflow_pb2.IfBlock(condition=ALWAYS)
    assert errors(branch(first)) == [NO_NODE, required("Branch.IfElse.Case.ThenNode")]
    found = errors(branch(case(), first))
    assert NO_NODE in found
    assert required("IfElse.Case.ThenNode") in found


def test_wants_a_condition_in_every_case():
    assert errors(branch(workflow_pb2.IfBlock(then_node=node("n0")))) == [NO_CONDITION]
    half = condition_pb2.BooleanExpression()
    half.conjunction.left_expression.CopyFrom(ALWAYS)
    assert errors(branch(case(condition=half))) == [NO_CONDITION]


def test_wants_an_else_or_a_default_error():
    assert errors(branch(case(), default=None)) == [NO_DEFAULT]


def test_wants_a_condition_to_say_something():
    assert errors(branch(case(condition=condition_pb2.BooleanExpression()))) == [required("Expr")]


def test_wants_both_sides_of_a_comparison():
    empty = condition_pb2.BooleanExpression()
    empty.comparison.SetInParent()
    assert errors(branch(case(condition=empty))) == [required("LeftValue"), required("RightValue")]
    hollow = comparison(right=condition_pb2.Operand())
    assert errors(branch(case(condition=hollow))) == [required("RightValue.Val")]


@pytest.mark.parametrize(
    ("left", "right"), [(1, "a"), ("$v", "a")], ids=["two constants", "a variable and a constant"]
)
def test_wants_both_sides_of_a_comparison_of_one_type(left, right):
    made = branch(case(condition=comparison(left, right)), inputs={"v": 3})
    assert errors(made) == [
        (
            "MismatchingTypes",
            "b",
            (
                "Variable [RightValue] (type [simple:STRING]) doesn't match expected type "
                "[simple:INTEGER]."
            ),
        )
    ]


def test_a_variable_has_the_type_of_what_it_is_bound_to():
    made = branch(
        case(condition=comparison("$v", "$w")),
        inputs={"v": promise("", "in"), "w": promise("a", "y")},
    )
    compiled(node("a", "one"), made, inputs={"in": INT})
    found = errors(node("a", "one"), made, inputs={"in": TEXT})
    assert found[0][2].startswith("Variable [RightValue] (type [simple:INTEGER])")


def test_looks_into_both_sides_of_a_conjunction():
    both = condition_pb2.BooleanExpression()
    both.conjunction.left_expression.CopyFrom(comparison("$p"))
    both.conjunction.right_expression.CopyFrom(comparison("$q"))
    assert errors(branch(case(condition=both))) == [
        ("VariableNameNotFound", "b", f"Variable [{name}] not found on node [b].") for name in "pq"
    ]


def test_a_case_whose_node_is_wrong_does_not_hide_the_others():
    found = errors(branch(case(node("n0", None)), case(node("n1", "inc"))))
    assert ("ValueRequired", "b-n0", "Value required [Target].") in found


def test_an_operand_may_not_be_a_scalar():
    made = comparison()
    made.comparison.right_value.scalar.CopyFrom(scalar(None))
    assert errors(branch(case(condition=made))) == [required("RightValue.Val")]


def test_takes_no_list_as_an_input():
    assert errors(branch(case(condition=comparison("$v")), inputs={"v": [3]})) == [
        (
            "MismatchingBindings",
            "b",
            (
                "Input [v] on node [b] expects bindings of type [simple:NONE].  "
                "Received [bindings:{scalar:{primitive:{integer:3}}}]"
            ),
        ),
        required("v"),
    ]


def test_a_variable_that_is_not_known_is_missed_even_if_the_branch_is_wrong():
    hollow = workflow_pb2.IfBlock(condition=comparison("$v"))
    assert required("v") in errors(branch(hollow, inputs={"v": 3}))


def test_nodes_of_a_branch_without_a_first_case_are_looked_at_as_well():
    made = branch()
    made.branch_node.if_else.else_node.CopyFrom(node("n", None))
    assert ("ValueRequired", "n", "Value required [Target].") in errors(made)


def test_each_node_is_looked_through_once_however_deep_branches_stand_in_branches(monkeypatch):
    looked = []
    look = interfaces._find
    monkeypatch.setattr(
        interfaces, "_find", lambda site, step: looked.append(step) or look(site, step)
    )
    nested = node("n", "one")
    for _ in range(20):
        nested = branch(case(nested), case())

    compiled(nested)

    assert len(looked) == len(set(looked)) == 41
