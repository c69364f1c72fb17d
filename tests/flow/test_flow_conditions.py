"""Which arm of a branch the values take."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from flow_messages import compares, if_else, joined, literal, literal_map
from flyteidl.core import condition_pb2, literals_pb2, types_pb2

from flyte_testkit import flow, literals

UTC = dt.timezone.utc
EMPTY = literals_pb2.LiteralMap()


def holds(left, operator, right, inputs=EMPTY):
    block = if_else(compares(left, operator, right), otherwise="else")
    return flow.arm(block, inputs).id == "case-0"


def undecided(block, inputs=EMPTY):
    with pytest.raises(flow.UndecidedError) as refusal:
        flow.arm(block, inputs)
    return refusal.value.cause


LADDERS = [
    (1, 2),
    (0.1, 0.2),
    ("a", "b"),
    ("Z", "a"),
    (dt.datetime(2024, 1, 1, tzinfo=UTC), dt.datetime(2024, 1, 2, tzinfo=UTC)),
    (dt.timedelta(seconds=-1), dt.timedelta(seconds=1)),
]


@pytest.mark.parametrize(("less", "more"), LADDERS)
def test_primitives_of_one_type_are_ordered(less, more):
    truth = {
        "EQ": (False, True, False),
        "NEQ": (True, False, True),
        "GT": (False, False, True),
        "GTE": (False, True, True),
        "LT": (True, False, False),
        "LTE": (True, True, False),
    }
    for operator, expected in truth.items():
        found = (
            holds(less, operator, more),
            holds(more, operator, more),
            holds(more, operator, less),
        )
        assert found == expected, operator


def test_booleans_are_equal_or_not_and_have_no_order():
    assert holds(True, "EQ", True)
    assert holds(True, "NEQ", False)
    block = if_else(compares(True, "GTE", False), otherwise="else")
    assert undecided(block) == "[GTE] not defined for boolean operands."


def test_what_is_not_greater_is_less_and_so_is_nan():
    nan = math.nan
    assert [holds(nan, operator, 0.5) for operator in ("LT", "LTE", "NEQ")] == [True] * 3
    assert [holds(nan, operator, 0.5) for operator in ("GT", "GTE", "EQ")] == [False] * 3
    assert not holds(nan, "EQ", nan)


def test_times_and_spans_compare_by_their_whole_seconds():
    early = dt.datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    late = dt.datetime(2024, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC)
    assert holds(early, "EQ", late)
    assert holds(dt.timedelta(seconds=1), "EQ", dt.timedelta(seconds=1, milliseconds=900))


def test_variables_are_looked_up_among_the_inputs():
    inputs = literal_map(**{"n0.o0": 0.9, ".threshold": 0.5})
    assert holds("<n0.o0>", "GT", "<.threshold>", inputs)
    assert holds("<n0.o0>", "GT", 0.5, inputs)
    assert holds(0.5, "LT", "<n0.o0>", inputs)


def test_a_variable_that_is_no_input_is_told():
    block = if_else(compares("<auc>", "GT", 0.5), otherwise="else")
    assert undecided(block) == "Failed to find Value for Variable [auc]"
    block = if_else(compares(0.5, "GT", "<auc>"), otherwise="else")
    assert undecided(block, literal_map(auk=1.0)) == "Failed to find Value for Variable [auc]"


def test_numbers_of_two_types_do_not_compare():
    block = if_else(compares(1, "EQ", 1.0), otherwise="else")
    assert undecided(block) == (
        "Comparison between different primitives types. "
        "lVal[*core.Primitive_Integer]:rVal[*core.Primitive_FloatValue]"
    )


@pytest.mark.parametrize(
    "value",
    [
        literals.literal(0.9, literals.literal_type(float | None)),
        literals.literal(None),
        literal([0.9]),
        literal({"a": 1}),
    ],
)
def test_nothing_but_primitives_compares_not_even_a_union(value):
    inputs = literals_pb2.LiteralMap(literals={"auc": value, "plain": literal(0.5)})
    left = if_else(compares("<auc>", "GT", 0.5), otherwise="else")
    assert undecided(left, inputs) == (
        "Only primitives can be compared. LHS Variable is non primitive."
    )
    right = if_else(compares(0.5, "GT", "<auc>"), otherwise="else")
    assert undecided(right, inputs) == (
        "Only primitives can be compared. RHS Variable is non primitive."
    )
    both = if_else(compares("<plain>", "GT", "<auc>"), otherwise="else")
    assert undecided(both, inputs) == (
        "Only primitives can be compared. RHS Variable is non primitive"
    )


def test_what_no_client_sends_is_refused_and_can_be_told():
    odd = compares(1, 17, 2)
    assert undecided(if_else(odd)) == "Unsupported operator type in Propeller. System error."
    assert flow.told(if_else(odd), EMPTY) == "if 1 ? 2, else"
    empty = compares(1, "EQ", 2)
    empty.comparison.left_value.primitive.Clear()
    empty.comparison.right_value.primitive.Clear()
    assert undecided(if_else(empty)).endswith("lVal[<nil>]:rVal[<nil>]")


# --- conjunctions and cases


TRUE, FALSE = compares(1, "EQ", 1), compares(1, "EQ", 2)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (joined(TRUE, "AND", TRUE), True),
        (joined(TRUE, "AND", FALSE), False),
        (joined(FALSE, "OR", TRUE), True),
        (joined(FALSE, "OR", FALSE), False),
        (joined(joined(FALSE, "OR", TRUE), "AND", joined(TRUE, "AND", TRUE)), True),
        (joined(TRUE, "OR", joined(FALSE, "AND", FALSE)), True),
    ],
)
def test_conditions_are_joined(expression, expected):
    taken = flow.arm(if_else(expression, otherwise="else"), EMPTY)
    assert (taken.id == "case-0") is expected


def test_both_sides_are_looked_at_even_if_one_decides():
    block = if_else(joined(TRUE, "OR", compares("<auc>", "GT", 1)), otherwise="else")
    assert undecided(block) == "Failed to find Value for Variable [auc]"


def test_the_first_case_that_holds_is_taken_and_later_ones_are_not_looked_at():
    broken = compares("<auc>", "GT", 1)
    assert flow.arm(if_else(FALSE, TRUE, broken, otherwise="else"), EMPTY).id == "case-1"


def test_without_such_a_case_it_is_the_default():
    assert flow.arm(if_else(FALSE, FALSE, otherwise="n7"), EMPTY).id == "n7"
    failed = flow.arm(if_else(FALSE, error="no data"), EMPTY)
    assert isinstance(failed, types_pb2.Error)
    assert failed.message == "no data"


def test_without_a_default_no_arm_is_taken():
    assert undecided(if_else(FALSE)) == "No branch satisfied"


def test_an_expression_without_content_is_told():
    block = if_else(condition_pb2.BooleanExpression(), otherwise="else")
    assert undecided(block) == "No Comparison or Conjunction found in Branch node expression."


# --- how it is told


def test_a_branch_is_told_with_its_values():
    good = joined(compares("<n1.auc>", "GT", 0.5), "AND", compares("<.rows>", "GTE", 10))
    block = if_else(good, compares("<n1.auc>", "LT", 0.1), error="bad")
    told = flow.told(block, literal_map(**{"n1.auc": 0.3, ".rows": 4}))
    assert told == (
        "if n1.auc > 0.5 and rows >= 10, elif n1.auc < 0.1, else; n1.auc = 0.3 and rows = 4"
    )


def test_inner_conditions_stand_in_parentheses():
    either = joined(compares("<a>", "EQ", "x"), "OR", compares("<a>", "NEQ", "<b>"))
    block = if_else(joined(either, "AND", compares("<a>", "LTE", "z")), otherwise="else")
    assert flow.told(block, literal_map(a="x")) == (
        "if (a == 'x' or a != b) and a <= 'z', else; a = 'x' and b has no value"
    )


def test_a_branch_without_variables_is_told_too():
    assert flow.told(if_else(TRUE, otherwise="else"), EMPTY) == "if 1 == 1, else"


def test_long_values_are_told_short():
    told = flow.told(if_else(compares("<a>", "EQ", "x")), literal_map(a="y" * 5000))
    assert len(told) < 400
