from __future__ import annotations

import pytest
from likeness import ABSENT, Likeness


def found(recorded, answered, unordered=(), **known):
    differences = Likeness(known).differences(recorded, answered, unordered)
    return [(each.where, each.answered, each.recorded) for each in differences]


@pytest.mark.parametrize(
    ("recorded", "answered"),
    [
        ({"code": "OK", "reply": {"n": 1}}, {"code": "OK", "reply": {"n": 1}}),
        ({"message": 'a:"x"  b:1'}, {"message": 'a:"x" b:1'}),
        ({"at": "${any}"}, {"at": {"anything": "at all"}}),
        ({"message": "took ${any} at ${t}"}, {"message": "took 3 s at noon"}),
        ({"a": "${t}", "b": "${t}"}, {"a": "noon", "b": "noon"}),
    ],
)
def test_like_answers_have_no_difference(recorded, answered):
    assert found(recorded, answered) == []


@pytest.mark.parametrize(
    ("recorded", "answered", "difference"),
    [
        ({"code": "OK"}, {"code": "INTERNAL"}, ("code", "INTERNAL", "OK")),
        ({"a": {"b": 1}}, {"a": {}}, ("a.b", ABSENT, 1)),
        ({"a": {}}, {"a": {"b": 1}}, ("a.b", 1, ABSENT)),
        ({"a": [1]}, {"a": [1, 2]}, ("a", [1, 2], [1])),
        ({"a": [1, 2]}, {"a": [1, 3]}, ("a[1]", 3, 2)),
        ({"a": True}, {"a": 1}, ("a", 1, True)),
        ({"a": "${t}", "b": "${t}"}, {"a": "noon", "b": "one"}, ("b", "one", "noon")),
        ({"a": "by ${t} and ${t}"}, {"a": "by x and y"}, ("a", "by x and y", "by ${t} and ${t}")),
        ({"a": "a.c"}, {"a": "abc"}, ("a", "abc", "a.c")),
    ],
)
def test_a_difference_tells_where_it_is_and_both_sides(recorded, answered, difference):
    assert found(recorded, answered) == [difference]


def test_variables_that_are_known_are_put_into_keys_and_values():
    likeness = Likeness({"project": "p1"})

    assert likeness.filled({"${project}": ["${project}/x", "${later}", 7]}) == {
        "p1": ["p1/x", "${later}", 7]
    }
    assert found({"${project}": 1}, {"p1": 1}, project="p1") == []


def test_a_variable_is_learned_from_an_answer():
    likeness = Likeness()

    assert not list(likeness.differences({"name": "run-${name}"}, {"name": "run-abc"}))

    assert likeness.filled("${name}") == "abc"


def test_the_order_of_a_list_counts_unless_it_is_free():
    recorded, answered = {"signals": ["a", "${x}"]}, {"signals": ["b", "a"]}

    assert found(recorded, answered) != []
    assert found(recorded, answered, unordered=["signals"]) == []


def test_a_free_order_does_not_hide_an_element_that_is_unlike():
    recorded, answered = {"signals": [{"id": 1}, {"id": 2}]}, {"signals": [{"id": 3}, {"id": 1}]}

    assert found(recorded, answered, unordered=["signals"]) == [("signals[1].id", 3, 2)]


def test_a_difference_reads_as_a_sentence():
    (difference,) = Likeness().differences({"code": "OK", "reply": {}}, {"code": "OK"})

    assert str(difference) == "reply: nothing, recorded {}"
