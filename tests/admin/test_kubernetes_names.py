from __future__ import annotations

import pytest

from flyte_testkit.admin.go.kubernetes_names import (
    label_key_problems,
    label_value_problems,
    name_problems,
)

NAME_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
KEY_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
SLASHES_RULE = (
    f"a qualified name {KEY_RULE} with an optional DNS subdomain prefix and '/' "
    "(e.g. 'example.com/MyName')"
)
PREFIX_RULE = (
    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    "characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
    "'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@pytest.mark.parametrize("name", ["a", "9", "a-b", "a--9", "x" * 63])
def test_takes_names_of_lower_letters_digits_and_dashes(name):
    assert name_problems(name) == []


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("", [NAME_RULE]),
        ("Bad", [NAME_RULE]),
        ("-a", [NAME_RULE]),
        ("a_b", [NAME_RULE]),
        ("a\n", [NAME_RULE]),
        ("a.b", ["must not contain dots"]),
        ("x" * 64, ["must be no more than 63 characters"]),
        (f"{'x' * 63}.y", ["must be no more than 63 characters", "must not contain dots"]),
    ],
)
def test_says_what_is_wrong_with_a_name(name, problems):
    assert name_problems(name) == problems


@pytest.mark.parametrize("key", ["a", "A_b.c-9", "example.com/Name", "x" * 63])
def test_takes_keys_with_or_without_a_prefix(key):
    assert label_key_problems(key) == []


@pytest.mark.parametrize(
    ("key", "problems"),
    [
        ("", ["name part must be non-empty", f"name part {KEY_RULE}"]),
        ("-a", [f"name part {KEY_RULE}"]),
        ("schlüssel", [f"name part {KEY_RULE}"]),
        ("k" * 64, ["name part must be no more than 63 characters"]),
        ("/a", ["prefix part must be non-empty"]),
        ("A/b", [PREFIX_RULE]),
        (f"{'d' * 254}/a", ["prefix part must be no more than 253 characters"]),
        ("a/", ["name part must be non-empty", f"name part {KEY_RULE}"]),
        ("a/b/c", [SLASHES_RULE]),
    ],
)
def test_says_what_is_wrong_with_a_key(key, problems):
    assert label_key_problems(key) == problems


def test_takes_values_that_are_empty_or_begin_and_end_with_a_letter_or_digit():
    assert [label_value_problems(value) for value in ("", "a", "A_b.c-9")] == [[], [], []]


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ("a.", [VALUE_RULE]),
        ("a b", [VALUE_RULE]),
        ("é" * 32, ["must be no more than 63 characters", VALUE_RULE]),
    ],
)
def test_says_what_is_wrong_with_a_value(value, problems):
    assert label_value_problems(value) == problems
