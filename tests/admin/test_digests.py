from __future__ import annotations

from definition_builders import task_template
from flyteidl.core import literals_pb2, tasks_pb2

from flyte_testkit.admin.definitions.digests import (
    differences,
    different_structure,
    digest,
    identical_structure,
    is_too_long_to_show,
)


def test_does_not_mind_the_order_of_a_map():
    first, second = (
        task_template(config=dict(pairs))
        for pairs in ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")])
    )
    assert digest(first) == digest(second)


def test_does_not_mind_fields_that_are_unknown():
    template = task_template()
    odd = tasks_pb2.TaskTemplate.FromString(template.SerializeToString() + b"\xf8\x3f\x01")
    assert digest(odd) == digest(template)
    assert odd.SerializeToString() != template.SerializeToString()


def test_minds_the_order_of_a_list():
    first, second = task_template(), task_template()
    first.container.args[:] = ["a", "b"]
    second.container.args[:] = ["b", "a"]
    assert digest(first) != digest(second)


def test_minds_a_message_that_is_present_but_empty():
    bare, explicit = task_template(), task_template()
    explicit.security_context.SetInParent()
    assert digest(bare) != digest(explicit)


def test_minds_a_oneof_that_is_at_its_default():
    bare, explicit = task_template(), task_template()
    explicit.metadata.interruptible = False
    assert digest(bare) != digest(explicit)


def test_minds_where_one_message_ends_and_the_next_begins():
    a, b = literals_pb2.Binary(tag="a"), literals_pb2.Binary(tag="b")
    assert len({digest(a, b), digest(b, a), digest(a), digest()}) == 4


def test_says_that_a_definition_is_there_already():
    refusal = identical_structure("task")
    assert refusal.code == "ALREADY_EXISTS"
    assert refusal.message == "task with identical structure already exists"


def test_says_that_another_definition_has_the_id_and_how_they_differ():
    refusal = different_structure("task", "t", task_template(), task_template(config={"a": "1"}))
    assert refusal.code == "INVALID_ARGUMENT"
    assert refusal.message == (
        "t task with different structure already exists. "
        "(Please register a new version of the task):\n"
        '/config/a:\n\t- <nil> \n\t+ "1"'
    )


def test_shows_what_differs_path_by_path():
    old, new = task_template(), task_template(outputs={})
    old.container.args[:] = ["a", "b"]
    new.container.args[:] = ["a", "c"]
    assert differences(old, new) == '/container/args/1:\n\t- "b" \n\t+ "c"'
    assert differences(old, old) == ""


def test_stays_short_however_much_differs():
    new = task_template(config={f"k{number:02}": "v" * 1000 for number in range(20)})
    shown = differences(task_template(), new)
    assert shown.endswith("\n... [12 more differences]")
    assert len(shown) < 2000


def test_a_definition_that_json_cannot_say_is_refused_all_the_same():
    old, new = task_template(), task_template()
    new.custom["limit"] = float("inf")
    assert different_structure("task", "t", old, new).code == "INVALID_ARGUMENT"
    assert not is_too_long_to_show(new)
