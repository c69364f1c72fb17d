"""Enums as FlyteAdmin's database holds them: by name, and a number without a name as its digits.

A reader that meets such digits takes them for the enum's first value, as Go's map of names does.
Ignorant of what the values mean.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

__all__ = ["column", "value"]


@lru_cache(maxsize=1024)  # each event asks for several
def column(enum: EnumTypeWrapper, number: int) -> str:
    """Return what a column says of a value.

    Example:
        >>> from flyteidl.core.execution_pb2 import NodeExecution
        >>> column(NodeExecution.Phase, 2), column(NodeExecution.Phase, 99)
        ('RUNNING', '99')
    """
    known = enum.DESCRIPTOR.values_by_number.get(number)
    return str(number) if known is None else str(known.name)


@lru_cache(maxsize=1024)  # likewise
def value(enum: EnumTypeWrapper, text: str) -> int:
    """Return the value that a column's text is read back as.

    Example:
        >>> from flyteidl.core.execution_pb2 import NodeExecution
        >>> value(NodeExecution.Phase, "RUNNING"), value(NodeExecution.Phase, "99")
        (2, 0)
    """
    known = enum.DESCRIPTOR.values_by_name.get(text)
    return 0 if known is None else int(known.number)
