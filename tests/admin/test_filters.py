from __future__ import annotations

import pytest

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.lists import filters
from flyte_testkit.admin.lists.filters import Filter


def one(text, entity="task"):
    (found,) = filters.parse(text, entity)
    return found


def refusal_of(text, entity="task"):
    with pytest.raises(AdminError) as refusal:
        filters.parse(text, entity)
    return refusal.value.code, refusal.value.message


def test_no_text_is_no_filter():
    assert filters.parse("", "task") == ()


def test_a_plus_joins_filters():
    assert filters.parse("eq(name,a)+ne(version,v1)", "task") == (
        Filter("task", "name", "=", ("a",)),
        Filter("task", "version", "<>", ("v1",)),
    )


@pytest.mark.parametrize(
    ("function", "operator"),
    [
        ("eq", "="),
        ("ne", "<>"),
        ("gt", ">"),
        ("gte", ">="),
        ("lt", "<"),
        ("lte", "<="),
        ("not_like", "!~~"),
        ("value_in", "in"),
        ("value_not_in", "not in"),
    ],
)
def test_functions(function, operator):
    assert one(f"{function}(name,a)") == Filter("task", "name", operator, ("a",))


def test_contains_puts_wildcards_around():
    assert one("contains(name,a_b)").values == ("%a_b%",)


def test_contains_joins_several_values_into_one_text():
    assert one("contains(name,a;b)").values == ("%[a b]%",)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("value_in(name,a;b;c)", ("a", "b", "c")),
        ("value_in(name,;)", ("", "")),
        ("value_in(name,a;)", ("a", "")),
        ("value_in(name, a; a )", ("a", " a ")),
        ("eq(name, a)", ("a",)),
        ("eq(name,  a)", (" a",)),
        ("eq(name,\ta)", ("a",)),
        ("eq(name,\na)", ("a",)),
        ("eq(name,\u000ba)", ("\u000ba",)),
        ("eq(name, )", (" ",)),
        ("eq(name,a) and the rest", ("a",)),
        ("eq(name,(a'\"\\%))", ("(a'\"\\%)",)),
        ("eq(name,a%2Bb)", ("a%2Bb",)),
        ("eq(name,a)\neq(name,b)", ("a",)),
        ("\neq(name,a)", ("a",)),
    ],
)
def test_values(text, values):
    assert one(text).values == values


@pytest.mark.parametrize(
    "text",
    [
        "nope",
        " ",
        "eq",
        "eq()",
        "eq(name)",
        "eq(name,)",
        "eq(,x)",
        "(name,x)",
        "eq name,x",
        "eq[name,x]",
        "eq(name,x",
        "eq(name;x)",
        "eq(name,a\nb)",
        "eq(\nname,a)",
        "+",
        "+eq(name,a)",
        "eq(name,a)+",
        "eq(name,a)++eq(name,a)",
        "x" * 100_000,
    ],
)
def test_what_is_no_filter_is_refused(text):
    assert refusal_of(text) == ("INVALID_ARGUMENT", "invalid value for filters")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("EQ(name,a)", "EQ"),
        ("like(name,a)", "like"),
        (" eq(name,a)", " eq"),
        ("eq (name,a)", "eq "),
        ("eq(name,a),eq(name,b)", "eq(name,a),eq"),
    ],
)
def test_functions_are_known_by_their_exact_name(text, name):
    assert refusal_of(text) == ("INVALID_ARGUMENT", f"unrecognized filter function: {name}")


@pytest.mark.parametrize(
    ("entity", "field", "shown"),
    [
        ("task", "nope", "t.nope"),
        ("task", "Name", "t.Name"),
        ("task", " name", "t. name"),
        ("task", "name,a", "t.name,a"),
        ("task", "tasks.name", "t.tasks.name"),
        ("execution", "name", "e.name"),
        ("execution", "launch_plan", "e.launch_plan"),
        ("execution", "launch_plan.", "l."),
        ("execution", "launch_plan.workflow.name", "l.workflow.name"),
        ("execution", "execution_tag.name", "et.name"),
        ("execution", "admin_tag.key", "at.key"),
        ("execution", "description_entity.name", "e.description_entity.name"),
        ("node_execution", "name", "ne.name"),
        ("task_execution", "error_kind", "te.error_kind"),
        ("task_execution", "te.phase", "te.te.phase"),
        ("named_entity", "id", "nen.id"),
        ("signal", ".signal_id", "s..signal_id"),
        ("project", "domain", "p.domain"),
    ],
)
def test_fields_are_columns(entity, field, shown):
    assert refusal_of(f"eq({field},x)", entity) == (
        "INVALID_ARGUMENT",
        f"'{shown}' is invalid filter",
    )


ALLOWED = {
    "execution": {"launch_plan", "workflow", "task", "admin_tag", "execution_tag"},
    "launch_plan": {"workflow"},
    "node_execution": {"execution"},
    "task_execution": {"task", "execution", "node_execution"},
    "named_entity": {"named_entity_metadata"},
    "task": set(),
    "workflow": set(),
    "project": set(),
    "signal": set(),
}
CODES = {
    "execution": "e",
    "launch_plan": "l",
    "node_execution": "ne",
    "task": "t",
    "task_execution": "te",
    "workflow": "w",
    "entities": "nen",
    "named_entity_metadata": "nem",
    "project": "p",
    "signal": "s",
    "admin_tag": "at",
    "execution_admin_tag": "eat",
    "execution_tag": "et",
}


@pytest.mark.parametrize("entity", ALLOWED)
@pytest.mark.parametrize("prefix", CODES)
def test_filters_may_be_on_some_other_entities(entity, prefix):
    other = "named_entity" if prefix == "entities" else prefix
    allowed = other == entity or other in ALLOWED[entity]
    problem = (
        f"'{CODES[prefix]}.?' is invalid filter"
        if allowed
        else f"'{CODES[prefix]}' entity is not allowed in filters"
    )
    assert refusal_of(f"eq({prefix}.?,x)", entity) == ("INVALID_ARGUMENT", problem)


def test_a_prefix_may_name_what_is_listed():
    assert one("eq(task.name,a)") == one("eq(name,a)")


def test_a_tag_of_old_is_the_key_of_a_tag():
    assert one("eq(admin_tag.name,a)", "execution") == one("eq(execution_tag.key,a)", "execution")


@pytest.mark.parametrize("field", ["project", "domain", "name"])
def test_an_attempt_is_filtered_by_the_name_of_its_execution(field):
    assert one(f"eq({field},x)", "task_execution").column == f"execution_{field}"


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [("60", 60 * 10**9), ("1m30s", 90 * 10**9), ("0.5", 5 * 10**8), ("-5", -5 * 10**9)],
)
def test_durations_are_seconds_or_say_their_units(value, nanoseconds):
    assert one(f"eq(duration,{value})", "execution").values == (nanoseconds,)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("abc", "abc"),
        ("1d", "1d"),
        ("60;x;y", "x"),
        ("1e21", "1e+21s"),
        ("1000000", "1e+06s"),
        ("NaN", "NaNs"),
        ("Inf", "+Infs"),
        ("0x10", "0x10"),
    ],
)
def test_durations_that_go_cannot_read_are_shown_as_it_saw_them(value, shown):
    assert refusal_of(f"gt(duration,{value})", "execution") == (
        "INVALID_ARGUMENT",
        f"Failed to parse duration [{shown}]",
    )


def test_a_duration_is_read_before_the_function():
    assert refusal_of("nope(duration,x)", "execution")[1] == "Failed to parse duration [x]"


def test_the_leftmost_bad_filter_wins():
    assert refusal_of("eq(nope,1)+bad", "task")[1] == "'t.nope' is invalid filter"


def test_where_there_is_no_entity_no_filter_is_supported():
    assert refusal_of("eq(name,a)", "") == ("INTERNAL", "unsupported entity ''")
    assert refusal_of("nope", "") == ("INVALID_ARGUMENT", "invalid value for filters")
