"""YAML, as much of it as config files of flytectl and flytekit are written in.

Mappings, lists, text with and without quotes, numbers, booleans, null, comments, and ``[a, b]`` on
one line. Whatever else YAML can do is refused with the number of the line. Written here because
a client that needs no other package should not need one to find its server.

It is ignorant of what is configured.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from flyte_testkit.errors import shown

__all__ = ["read_yaml"]

_QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')"""
_PLAIN = r"""[^\s"'\[\]{}&*!|>%@`#,?:-]"""  # what plain text may begin with
_COMMENT = re.compile(rf"((?:{_QUOTED}|[^#]|(?<=\S)\#)*?)(?:(?:^|\s)\s*\#.*)?$")
_PAIR = re.compile(rf"({_QUOTED}|(?:{_PLAIN}|-(?=\S)).*?)\s*:(?:\s+(.*)|)$")
_ITEMS = re.compile(rf"\s*({_QUOTED}|[^,\"'\[\]{{}}]*)\s*(?:,|$)")
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*|[0-9]*\.[0-9]+|[0-9]+\.)(?:[eE][-+][0-9]+)?$")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}


class _Line(NamedTuple):
    number: int
    indent: int
    text: str


def read_yaml(text: str) -> Any:
    r"""Return what a document says: dicts, lists, text, numbers, booleans, ``None``.

    Raises:
        ValueError: It is no YAML, or YAML of a kind that is not read here.

    Example:
        >>> read_yaml("admin:\n  endpoint: dns:///localhost:30080  # here\n  insecure: true")
        {'admin': {'endpoint': 'dns:///localhost:30080', 'insecure': True}}
    """
    lines: list[_Line] = []
    for number, raw in enumerate(text.splitlines(), 1):
        match = _COMMENT.match(raw)
        line = (match.group(1) if match else raw).rstrip()
        bare = line.lstrip(" ")
        if bare and (lines or bare != "---"):
            lines.append(_Line(number, len(line) - len(bare), bare))
    if not lines:
        return None
    value, rest = _block(lines, lines[0].indent)
    if rest:
        raise _refused(rest[0])
    return value


def _block(lines: list[_Line], indent: int) -> tuple[object, list[_Line]]:
    """Read the lines that are indented so much; return the value and the lines after it."""
    first = lines[0]
    if _is_item(first):
        return _list(lines, indent)
    if _PAIR.match(first.text):
        return _mapping(lines, indent)
    return _scalar(first, first.text), lines[1:]


def _mapping(lines: list[_Line], indent: int) -> tuple[dict[object, object], list[_Line]]:
    pairs: dict[object, object] = {}
    while lines and lines[0].indent == indent:
        line, lines = lines[0], lines[1:]
        pair = _PAIR.match(line.text)
        if pair is None or _is_item(line):
            raise _refused(line)
        key, value = _scalar(line, pair.group(1)), pair.group(2)
        if value:
            pairs[key] = _scalar(line, value)
        elif lines and (
            lines[0].indent > indent or (lines[0].indent == indent and _is_item(lines[0]))
        ):
            pairs[key], lines = _block(lines, lines[0].indent)
        else:
            pairs[key] = None
    return pairs, _ended(lines, indent)


def _list(lines: list[_Line], indent: int) -> tuple[list[object], list[_Line]]:
    items = []
    while lines and _is_item_at(lines[0], indent):
        line = lines[0]
        bare = line.text[1:].lstrip(" ")
        if bare:  # what follows the dash may be the first line of a block
            inner = _Line(line.number, indent + len(line.text) - len(bare), bare)
            item, lines = _block([inner, *lines[1:]], inner.indent)
        elif len(lines) > 1 and lines[1].indent > indent:
            item, lines = _block(lines[1:], lines[1].indent)
        else:
            item, lines = None, lines[1:]
        items.append(item)
    return items, _ended(lines, indent)


def _ended(lines: list[_Line], indent: int) -> list[_Line]:
    if lines and lines[0].indent > indent:
        raise _refused(lines[0])
    return lines


def _is_item(line: _Line) -> bool:
    return line.text == "-" or line.text.startswith("- ")


def _is_item_at(line: _Line, indent: int) -> bool:
    return line.indent == indent and _is_item(line)


def _scalar(line: _Line, text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(_QUOTED, text):
        return json.loads(text) if text[0] == '"' else text[1:-1].replace("''", "'")
    if text == "{}":
        return {}
    if text[0] == "[" and text[-1] == "]":
        return _flow_list(line, text[1:-1])
    if _NUMBER.match(text):
        return float(text) if re.search(r"[.eE]", text) else int(text)
    if not re.match(rf"{_PLAIN}|[-?:](?=\S)", text) or re.search(r":(\s|$)", text):
        raise _refused(line)
    return text


def _flow_list(line: _Line, text: str) -> list[object]:
    items, at = [], 0
    while text[at:].strip():
        match = _ITEMS.match(text, at)
        if match is None or match.end() == at:
            raise _refused(line)
        items.append(_scalar(line, match.group(1).strip()))
        at = match.end()
    return items


def _refused(line: _Line) -> ValueError:
    return ValueError(f"line {line.number} is no YAML that can be read here: {shown(line.text)}")
