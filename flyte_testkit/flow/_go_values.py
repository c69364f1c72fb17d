"""Values as Go prints them inside messages, where an engine tells what it did not find.

A literal is printed as its message; what came out of msgpack or a Struct as Go's own maps, slices
and numbers. Ignorant of what is asked of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyte_testkit.admin.go.numbers import float_text
from flyte_testkit.admin.go.prototext import prototext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flyteidl.core import literals_pb2

__all__ = ["literals_text", "map_text", "type_text", "value_text"]

_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (float, "float64"),
    (str, "string"),
    (bytes, "[]uint8"),
    (list, "[]interface {}"),
    (dict, "map[interface {}]interface {}"),
)


def literals_text(literals: Iterable[literals_pb2.Literal]) -> str:
    """Print a list of literals."""
    return f"[{' '.join(map(prototext, literals))}]"


def map_text(literals: Mapping[str, literals_pb2.Literal]) -> str:
    """Print a map of literals."""
    return (
        f"map[{' '.join(f'{key}:{prototext(found)}' for key, found in sorted(literals.items()))}]"
    )


def value_text(value: Any) -> str:
    """Print plain content.

    Example:
        >>> value_text({"b": [1, 2.0, None], "a": True})
        'map[a:true b:[1 2 <nil>]]'
    """
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, bytes):
        return f"[{' '.join(map(str, value))}]"
    if isinstance(value, dict):
        entries = sorted((value_text(key), value_text(one)) for key, one in value.items())
        return f"map[{' '.join(f'{key}:{one}' for key, one in entries)}]"
    if isinstance(value, (list, tuple)):
        return f"[{' '.join(map(value_text, value))}]"
    return str(value)


def type_text(value: Any) -> str:
    """Print the Go type that msgpack's decoder gives a value: the smallest one for integers.

    Example:
        >>> type_text(200), type_text(-1), type_text(None)
        ('uint8', 'int8', '<nil>')
    """
    for known, name in _TYPES:
        if isinstance(value, known):
            return name
    if not isinstance(value, int):
        return "<nil>"
    bits = value.bit_length() if value >= 0 else (-value - 1).bit_length() + 1
    size = next(size for size in (8, 16, 32, 64) if bits <= size)
    return f"{'uint' if value >= 0 else 'int'}{size}"
