"""The syntax that Kubernetes gives to labels and names, and how it words what is wrong with one.

Each function returns what is wrong, an empty list for nothing. Lengths are counted in bytes, as Go
counts them. Ignorant of Flyte.
"""

from __future__ import annotations

import re

__all__ = ["label_key_problems", "label_value_problems", "name_problems"]

_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DOMAIN = rf"{_PART}(\.{_PART})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_OPTIONAL = f"({_QUALIFIED})?"

_EMPTY = "must be non-empty"
_LETTERS = (
    "must consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_LOWER_LETTERS = "must consist of lower case alphanumeric characters"
_ENDS = "and must start and end with an alphanumeric character"
_MAX_DOMAIN = 253
_MAX_NAME = 63


def name_problems(name: str) -> list[str]:
    """Return what keeps a text from being an RFC 1123 label, as the name of a namespace is."""
    problems = _too_long(name, _MAX_NAME)
    if re.fullmatch(_PART, name):
        return problems
    if re.fullmatch(_DOMAIN, name):
        return [*problems, "must not contain dots"]
    rule = f"a lowercase RFC 1123 label {_LOWER_LETTERS} or '-', {_ENDS}"
    return [*problems, _pattern(rule, _PART, "my-name", "123-abc")]


def label_key_problems(key: str) -> list[str]:
    """Return what keeps a text from being the key of a label."""
    rule = _pattern(_LETTERS, _QUALIFIED, "MyName", "my.name", "123-abc")
    parts = key.split("/")
    if len(parts) > 2:
        prefixed = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a qualified name {rule} {prefixed}"]
    prefix, name = parts if "/" in key else (None, key)
    problems = [] if prefix is None else [f"prefix part {text}" for text in _domain(prefix)]
    if not name:
        problems.append(f"name part {_EMPTY}")
    problems += [f"name part {text}" for text in _too_long(name, _MAX_NAME)]
    if not re.fullmatch(_QUALIFIED, name):
        problems.append(f"name part {rule}")
    return problems


def label_value_problems(value: str) -> list[str]:
    """Return what keeps a text from being the value of a label."""
    problems = _too_long(value, _MAX_NAME)
    if not re.fullmatch(_OPTIONAL, value):
        rule = f"a valid label must be an empty string or {_LETTERS.removeprefix('must ')}"
        problems.append(_pattern(rule, _OPTIONAL, "MyValue", "my_value", "12345"))
    return problems


def _domain(text: str) -> list[str]:
    if not text:
        return [_EMPTY]
    problems = _too_long(text, _MAX_DOMAIN)
    if not re.fullmatch(_DOMAIN, text):
        rule = f"a lowercase RFC 1123 subdomain {_LOWER_LETTERS}, '-' or '.', {_ENDS}"
        problems.append(_pattern(rule, _DOMAIN, "example.com"))
    return problems


def _too_long(text: str, most: int) -> list[str]:
    return [f"must be no more than {most} characters"] if len(text.encode()) > most else []


def _pattern(rule: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {shown}regex used for validation is '{pattern}')"
