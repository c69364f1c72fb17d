"""The filters of list requests: their grammar, and what is refused before the database (§3.1).

::

    value_in(execution.phase,RUNNING;QUEUED)+gt(duration,60)

Ignorant of rows: what a filter means there is the affair of
:mod:`flyte_testkit.admin.database.comparisons`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flyte_testkit.admin.database.columns import ENTITIES, PREFIXES
from flyte_testkit.admin.errors import internal, invalid_argument, invalid_value
from flyte_testkit.admin.go import numbers as go_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.admin.database.comparisons import Operator

__all__ = ["Filter", "parse"]

# The last comma parts field and value. Of several lines the first counts that has it all, yet the
# white space after the comma may be a line's end.
_EXPRESSION = re.compile(r"(.+)\((.+),[ \t\n\f\r]?(.+)\)")

_FUNCTIONS: Mapping[str, Operator] = {
    "eq": "=",
    "ne": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "contains": "~~",
    "not_like": "!~~",
    "value_in": "in",
    "value_not_in": "not in",
}


@dataclass(frozen=True)
class Filter:
    """One condition of a client.

    Attributes:
        entity: The entity whose rows it is about.
        column: The name of the column there.
        operator: How the column is compared.
        values: With what: texts as the client wrote them, or durations in nanoseconds.
    """

    entity: str
    column: str
    operator: Operator
    values: tuple[str | int, ...]


def parse(text: str, entity: str) -> tuple[Filter, ...]:
    """Read the filters of a request that lists this entity; all of them must hold.

    Args:
        text: What the client wrote; nothing means no filter.
        entity: A name of :data:`~flyte_testkit.admin.database.columns.ENTITIES`, or nothing where
            there is none to filter by.

    Raises:
        AdminError: One of them is refused, the first that is.

    Example:
        >>> parse("gt(duration,1m)+eq(workflow.name,w)", "execution")[0]
        Filter(entity='execution', column='duration', operator='>', values=(60000000000,))
    """
    return tuple(_parse(expression, entity) for expression in text.split("+")) if text else ()


def _parse(expression: str, listed: str) -> Filter:
    # Looking for the signs first spares long texts without them the search.
    found = all(sign in expression for sign in "(,)") and _EXPRESSION.search(expression)
    if not found:
        raise invalid_value("filters")
    function, field, value = found.groups()
    entity, name = _entity_and_field(field, listed)
    if listed not in ENTITIES:
        raise internal(f"unsupported entity '{listed}'")
    code = ENTITIES[entity].code
    if entity != listed and entity not in ENTITIES[listed].joins:
        raise invalid_argument(f"'{code}' entity is not allowed in filters")
    if name not in ENTITIES[entity].columns:
        raise invalid_argument(f"'{code}.{name}' is invalid filter")
    values: tuple[str | int, ...] = tuple(value.split(";"))
    if name == "duration":
        values = tuple(_nanoseconds(text) for text in value.split(";"))
    if function not in _FUNCTIONS:
        raise invalid_argument(f"unrecognized filter function: {function}")
    operator = _FUNCTIONS[function]
    if operator == "~~":
        values = (_contained(values),)
    meant = ENTITIES[entity].renamed.get(name, name)
    return Filter(ENTITIES[entity].successor or entity, meant, operator, values)


def _entity_and_field(field: str, listed: str) -> tuple[str, str]:
    prefix, dot, rest = field.partition(".")
    return (PREFIXES[prefix], rest) if dot and prefix in PREFIXES else (listed, field)


def _nanoseconds(text: str) -> int:
    """Read a duration; a number alone means seconds, unless it is one that Go prints with an e."""
    seconds = go_numbers.parse_float(text)
    if seconds is not None:
        text = f"{go_numbers.float_text(seconds)}s"
    try:
        return go_numbers.parse_duration(text)
    except go_numbers.InvalidDurationError:
        raise invalid_argument(f"Failed to parse duration [{text}]") from None


def _contained(values: tuple[str | int, ...]) -> str:
    """Return the pattern of ``contains``; several values are printed as Go prints a list."""
    inside = str(values[0]) if len(values) == 1 else f"[{' '.join(map(str, values))}]"
    return f"%{inside}%"
