"""Values as an engine writes them into errors: Go's lists and maps, of literals or plain values.

    [scalar:{primitive:{integer:7}} map:{literals:{key:"b" value:{…}}}]
    map[a:1 b:[x y]]

Ignorant of errors. What texts hold is not quoted, so one with blanks cannot be read.
"""

from __future__ import annotations

import re

from flyteidl.core import literals_pb2
from google.protobuf import text_format

from flyte_testkit.literals import python_value

LITERAL = re.compile(r"(?:scalar|collection|map):\s*\{")
TOKEN = re.compile(r"[^\s\]]*")
KEY = re.compile(r"([^\s:]*):")


def read(text):
    """Return the value that a text is of.

    Raises:
        ValueError: It is of none.
    """
    reader = _Reader(text.strip())
    value = reader.value()
    if reader.rest:
        raise ValueError(f"{text!r} goes on after a value")
    return value


class _Reader:
    def __init__(self, text):
        self.rest = text

    def value(self):
        if self._takes("map["):
            return dict(self._until_the_end(self._entry))
        if self._takes("["):
            return list(self._until_the_end(self.value))
        if LITERAL.match(self.rest):
            return self._literal()
        token = TOKEN.match(self.rest)[0]
        self._takes(token)
        return _plain(token)

    def _entry(self):
        key = KEY.match(self.rest)
        if key is None:
            raise ValueError(f"there is no key in {self.rest!r}")
        self._takes(key[0])
        return key[1], self.value()

    def _until_the_end(self, one):
        self.rest = self.rest.lstrip()
        while not self._takes("]"):
            if not self.rest:
                raise ValueError("a list or a map does not end")
            yield one()
            self.rest = self.rest.lstrip()

    def _literal(self):
        end = _closing(self.rest)
        text, self.rest = self.rest[:end], self.rest[end:]
        try:
            return python_value(text_format.Parse(text, literals_pb2.Literal()))
        except text_format.ParseError as error:
            raise ValueError(f"{text!r} is no literal") from error

    def _takes(self, text):
        found = self.rest.startswith(text)
        if found:
            self.rest = self.rest[len(text) :]
        return found


def _closing(text):
    """Where the first braces of a text have closed; its end if they never do."""
    depth, quoted, escaped = 0, False, False
    for place, letter in enumerate(text, 1):
        if escaped or (quoted and letter == "\\"):
            escaped = not escaped
        elif letter == '"':
            quoted = not quoted
        elif not quoted and letter in "{}":
            depth += 1 if letter == "{" else -1
            if not depth:
                return place
    return len(text)


def _plain(token):
    if token in ("true", "false", "<nil>"):
        return {"true": True, "false": False, "<nil>": None}[token]
    for kind in (int, float):
        try:
            return kind(token)
        except ValueError:
            continue
    return token
