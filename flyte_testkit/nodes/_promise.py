"""Promises: an input that is what another node gives.

Ignorant of whether there is such a node.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.nodes._names import check_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Promise", "promise", "promised"]

_PROMISE: Final = re.compile(r"([^.\[\]]+)\.([^.\[\]]+)((?:\.[^.\[\]]+|\[\d+\])*)")
_PART: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


@final
@dataclass(frozen=True, slots=True, repr=False)
class Promise:
    """What another node will give; :func:`promise` makes it.

    Attributes:
        node: The name of the node.
        output: Which of its outputs.
        path: What of that output: keys and indices, from outside to inside.
    """

    node: str
    output: str
    path: tuple[str | int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no node is called."""
        check_name(self.node, "nodes.promise(…)")
        object.__setattr__(self, "path", tuple(self.path))
        found = _PROMISE.fullmatch(str(self))
        if found is None or found[2] != self.output:
            raise TimelineError(_refusal(str(self)))

    def __str__(self) -> str:
        path = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"{self.node}.{self.output}{''.join(path)}"

    def __repr__(self) -> str:
        return f"nodes.promise({str(self)!r})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))


def promise(text: str, /) -> Promise:
    """Return what a node gives, as an input of another or as an output of the whole.

    For workflows that are made up; a registered one has its bindings.

    Args:
        text: The node and the output, with a point between; then keys and indices, if only a part
            of the output is meant.

    Raises:
        TimelineError: That names no output of a node.

    Example:
        >>> promise("extract.rows")
        nodes.promise('extract.rows')
        >>> promise("extract.report.sizes[0]").path
        ('sizes', 0)
    """
    found = _PROMISE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise TimelineError(_refusal(text))
    parts = _PART.finditer(found[3])
    path = tuple(part[1] if part[2] is None else int(part[2]) for part in parts)
    return Promise(found[1], found[2], path)


def promised(value: object) -> Iterator[Promise]:
    """Yield the promises in a value: itself, or those in its lists and mappings.

    Example:
        >>> list(promised({"xs": [promise("a.x"), 3, promise("b.x")]}))
        [nodes.promise('a.x'), nodes.promise('b.x')]
    """
    if isinstance(value, Promise):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from promised(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from promised(one)


def _refusal(text: object) -> str:
    return (
        f"nodes.promise({shown(text)}): a promise names a node and one of its outputs."
        "\nWrite nodes.promise('extract.rows'), or nodes.promise('extract.report.sizes[0]')."
    )
