import dataclasses
import datetime as dt
import enum

import pytest

from flyte_testkit.errors import RegistrationError
from flyte_testkit.guesses import Guess, Seen
from flyte_testkit.literals import describe, literal


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Config:
    n: int = 1


def seen(*values):
    first, *others = map(Seen.of, values)
    for other in others:
        first = first.joined(other)
    return first


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1], "int"),
        ([1, 2.5], "float"),
        ([2.5, 1], "float"),
        ([None], "None"),
        ([None, 1, None, 2.5], "float | None"),
        ([[]], "list[None]"),
        ([[], [1]], "list[int]"),
        ([[1], []], "list[int]"),
        ([[1], [None], [2.5]], "list[float | None]"),
        ([[[]], [[1]], [[None]]], "list[list[int | None]]"),
        ([[1, "a"], [2.5]], "list[float | str]"),
        ([(1, 2), [3]], "list[int]"),
        ([[], None], "list[None] | None"),
        ([dt.date(2024, 1, 1), dt.datetime(2024, 1, 1)], "datetime"),
        ([Color.RED, None], "an enum of 'red' | None"),
        ([Config(), Config(2)], "Config"),
        ([Config(), {"n": 1}], "dict"),
        ([{"n": 1}, None, Config()], "dict | None"),
    ],
)
def test_one_type_holds_all_that_was_seen(values, kind):
    found = seen(*values).type

    assert describe(found) == kind
    for value in values:
        literal(value, found)


@pytest.mark.parametrize("values", [(1, "a"), (True, 1), ([1], 1), ({}, []), (Color.RED, "red")])
def test_what_no_type_holds_has_nothing_in_common(values):
    assert seen(*values) is None
    assert seen(*reversed(values)) is None


def test_what_is_nothing_new_leaves_the_guess_as_it_is():
    guess = Guess().with_outputs("p", {"x": 1.5}).with_inputs("p", {"day": "monday"})

    assert guess.with_outputs("p", {"x": 1}) is guess
    assert guess.with_outputs("p", {}) is guess
    assert guess.with_inputs("p", {"day": "sunday"}) is guess


def test_an_input_that_was_left_out_once_may_be_left_out():
    guess = Guess().with_inputs("p", {"day": "monday"}, complete=True)
    assert not guess.inputs["day"].nullable

    assert guess.with_inputs("p", {}, complete=True).inputs["day"].nullable
    assert not guess.with_inputs("p", {}).inputs["day"].nullable  # nothing is said of it
    assert guess.with_inputs("p", {"n": 1}, late=True).inputs["n"].nullable
    assert not guess.with_inputs("p", {"n": 1}, late=True).inputs["day"].nullable


def test_what_disagrees_is_refused_by_name():
    with pytest.raises(RegistrationError) as caught:
        Guess().with_inputs("p", {"day": "monday"}).with_inputs("p", {"day": 1})

    assert str(caught.value) == (
        "the scripts of 'p' disagree about the input 'day': it is int and str.\n"
        "Say which it is: register('p', inputs={'day': …})."
    )


@pytest.mark.parametrize("kind", [int, Config, Color])
def test_a_type_where_a_value_belongs_is_told_as_such(kind):
    with pytest.raises(RegistrationError, match="which is a type: scripts and routes have") as told:
        Guess().with_inputs("p", {"x": kind})

    assert str(told.value).endswith(f"register('p', inputs={{'x': {kind.__name__}}}).")


def test_what_has_no_type_is_to_be_declared():
    with pytest.raises(RegistrationError) as caught:
        Guess().with_outputs("p", {"x": object()})

    assert str(caught.value).startswith("the output 'x' of 'p' does not say which type it has: ")
    assert str(caught.value).endswith("Declare it: register('p', outputs={'x': …}).")
