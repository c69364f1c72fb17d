"""What all nodes have in common: that they are values, and what they come after.

Ignorant of which kinds there are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.nodes._names import check_name

__all__ = ["After", "Node", "Value", "named_after", "once"]

After: TypeAlias = str | Collection[str] | None


class Value:
    """A value that prints as code; its class says how."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Node(Value):
    """What happens in one node of an execution.

    Attributes:
        after: The names of the nodes that it comes after; None is all that are written before it.
    """

    after: tuple[str, ...] | None = None

    @property
    def word(self) -> str:
        """How the node is written, as ``nodes.task``."""
        raise NotImplementedError

    def _after_as_code(self) -> list[str]:
        if self.after is None:
            return []
        told = self.after[0] if len(self.after) == 1 else self.after
        return [f"after={told!r}"]


def named_after(after: object, what: str) -> tuple[str, ...] | None:
    """Return what ``after=`` says, each name once.

    Raises:
        TimelineError: It is neither a name nor several.
    """
    if after is None:
        return None
    if isinstance(after, str):
        after = (after,)
    if isinstance(after, Node):
        raise TimelineError(
            f"{what}: after={shown(after)}: after= says by name what a node comes after."
            f"\nWrite after='extract', say; for a node that is called 'after', {what[:-3]}"
            "({'after': …})."
        )
    if not isinstance(after, Collection) or isinstance(after, (Mapping, bytes)):
        raise TimelineError(
            f"{what}: after={shown(after)} is neither the name of a node nor a list of names."
            "\nWrite after='extract', after=['a', 'b'], or after=() for one that waits for nobody."
        )
    names = sorted(after, key=str) if isinstance(after, (set, frozenset)) else after
    return tuple(dict.fromkeys(check_name(name, f"{what}: after=…") for name in names))


def once(method: str, said: object) -> None:
    """Refuse to say something a second time.

    Raises:
        TimelineError: It was said already.
    """
    if said is not None:
        raise TimelineError(f".{method}(…): it says {shown(said)} already.\nLeave one of them out.")
