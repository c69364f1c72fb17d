from __future__ import annotations

import pytest
from builders import NOW
from hypothesis import given, settings, strategies

from flyte_testkit.admin.database import comparisons as postgres
from flyte_testkit.admin.errors import AdminError


def passes(kind, operator, values, candidate):
    test = postgres.bind(kind, operator, values, NOW)
    return test(candidate)


def refusal_of(function, *arguments):
    with pytest.raises(AdminError) as refusal:
        function(*arguments)
    assert refusal.value.code == "UNKNOWN"
    return refusal.value.message.removeprefix("failed database operation with ")


@pytest.mark.parametrize("operator", ["=", "<>", ">", ">=", "<", "<=", "~~", "!~~"])
def test_one_value_cannot_be_compared_with_several(operator):
    assert refusal_of(postgres.analyse, "text", operator, 2) == (
        f"operator does not exist: text {operator} record"
    )


@pytest.mark.parametrize("operator", ["in", "not in"])
def test_lists_take_any_number_of_values(operator):
    postgres.analyse("bigint", operator, 1)
    postgres.analyse("bigint", operator, 3)


@pytest.mark.parametrize("kind", ["bigint", "integer", "timestamp with time zone"])
@pytest.mark.parametrize("operator", ["~~", "!~~"])
def test_patterns_are_for_texts_and_bytes_only(kind, operator):
    assert refusal_of(postgres.analyse, kind, operator, 1) == (
        f"operator does not exist: {kind} {operator} unknown"
    )
    for other in ("text", "character varying", "bytea"):
        postgres.analyse(other, operator, 1)


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        ("=", False, True, False),
        ("<>", True, False, True),
        (">", False, False, True),
        (">=", False, True, True),
        ("<", True, False, False),
        ("<=", True, True, False),
        ("in", False, True, False),
        ("not in", True, False, True),
    ],
)
def test_compares(operator, below, equal, above):
    test = postgres.bind("bigint", operator, ["5"], NOW)
    assert [test(4), test(5), test(6)] == [below, equal, above]


@pytest.mark.parametrize("operator", ["=", "<>", ">", ">=", "<", "<=", "~~", "!~~", "in", "not in"])
def test_null_passes_no_test(operator):
    assert passes("text", operator, ["x"], None) is False


def test_text_is_ordered_by_its_characters_capitals_first():
    assert passes("text", "<", ["a"], "Z")
    assert passes("text", ">", ["v10"], "v9")


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("bigint", "abc", 'invalid input syntax for type bigint: "abc"'),
        ("bigint", "1.5", 'invalid input syntax for type bigint: "1.5"'),
        ("bigint", " ", 'invalid input syntax for type bigint: " "'),
        ("bigint", "\u0661", 'invalid input syntax for type bigint: "\u0661"'),
        ("integer", "ACTIVE", 'invalid input syntax for type integer: "ACTIVE"'),
        ("integer", "4294967296", 'value "4294967296" is out of range for type integer'),
        ("bigint", "9" * 20, f'value "{"9" * 20}" is out of range for type bigint'),
        ("bigint", "9" * 5000, f'value "{"9" * 5000}" is out of range for type bigint'),
        ("bytea", "\\xzz", 'invalid hexadecimal digit: "z"'),
        ("bytea", "\\x1", "invalid hexadecimal data: odd number of digits"),
        ("bytea", "a\\b", "invalid input syntax for type bytea"),
        ("bytea", "a\\400", "invalid input syntax for type bytea"),
        ("text", "a\0", 'invalid byte sequence for encoding "UTF8": 0x00'),
        ("bigint", "\0", 'invalid byte sequence for encoding "UTF8": 0x00'),
    ],
)
def test_refuses_what_is_no_value_of_the_type(kind, text, problem):
    assert refusal_of(postgres.bind, kind, "=", [text], NOW) == problem


def test_names_the_first_value_that_is_none():
    problem = refusal_of(postgres.bind, "integer", "in", ["0", "x", "y"], NOW)
    assert problem == 'invalid input syntax for type integer: "x"'


@pytest.mark.parametrize(("text", "number"), [(" 7 ", 7), ("+7", 7), ("-0", 0)])
def test_white_space_and_signs_around_numbers_are_fine(text, number):
    assert passes("bigint", "=", [text], number)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zzz", b"zzz"),
        ("\u00e9", b"\xc3\xa9"),
        ("\\x12 Ab", b"\x12\xab"),
        ("a\\\\b\\101", b"a\\bA"),
    ],
)
def test_bytes_are_read_in_both_spellings(text, value):
    assert passes("bytea", "=", [text], value)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("a", ["a"], ["A", "ab", ""]),
        ("%b%", ["b", "ab", "abc", "a\nb"], ["B", "", "a"]),
        ("a_b", ["axb", "a_b"], ["ab", "axxb"]),
        ("a%b", ["ab", "axb", "a%b", "abab"], ["aba", "xab"]),
        ("%x%x%", ["xx", "axbxc"], ["x"]),
        ("a%a", ["aa"], ["a"]),
        ("a\\%b", ["a%b"], ["axb"]),
        ("a\\_b", ["a_b"], ["axb"]),
        ("a\\\\b", ["a\\b"], ["a\\\\b"]),
        ("%", ["", "a"], []),
        ("(.*)", ["(.*)"], ["(x)"]),
    ],
)
def test_patterns_know_two_wildcards_and_an_escape(pattern, matching, other):
    likes, dislikes = (postgres.bind("text", op, [pattern], NOW) for op in ("~~", "!~~"))
    for text in matching:
        assert likes(text)
        assert not dislikes(text)
    for text in other:
        assert not likes(text)
        assert dislikes(text)


def test_patterns_match_bytes_too():
    assert passes("bytea", "~~", ["%team%_"], b"\n\x04team\xff")
    assert passes("bytea", "!~~", ["%team%"], b"\n\x04tea")


def test_a_pattern_may_not_end_with_an_escape_that_a_text_gets_to():
    dislikes = postgres.bind("text", "!~~", ["a\\"], NOW)
    assert dislikes("b")
    assert dislikes("a")
    assert refusal_of(dislikes, "ab") == "LIKE pattern must not end with escape character"


def test_durations_come_as_numbers_already():
    assert passes("bigint", "in", [60, 90], 90)


def naive_like(text, pattern):
    """What LIKE means, by its definition; the pattern may not end with a backslash."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(naive_like(text[cut:], pattern[1:]) for cut in range(len(text) + 1))
    wanted, rest = (pattern[1], pattern[2:]) if pattern[0] == "\\" else (pattern[0], pattern[1:])
    fits = pattern[0] == "_" or text[:1] == wanted
    return bool(text) and fits and naive_like(text[1:], rest)


@settings(deadline=None)
@given(
    text=strategies.text(alphabet="ab%_\\\n", max_size=7),
    pattern=strategies.lists(
        strategies.sampled_from(["a", "b", "\n", "%", "_", "\\%", "\\_", "\\\\", "\\a"]), max_size=6
    ).map("".join),
)
def test_patterns_mean_what_they_are_defined_to_mean(text, pattern):
    assert passes("text", "~~", [pattern], text) == naive_like(text, pattern)
    assert passes("bytea", "~~", [pattern.replace("\\", "\\\\")], text.encode()) == naive_like(
        text, pattern
    )
