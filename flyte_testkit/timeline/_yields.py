"""What a dynamic task's last attempt ends with: nodes that it made, and outputs that come of them.

Ignorant of what nodes are: whoever has such an attempt checks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import MappingProxyType
from typing import Any, ClassVar, Literal, final

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.failures._failure import check_text
from flyte_testkit.timeline._endings import succeeds
from flyte_testkit.timeline._keywords import is_word, keywords

__all__ = ["Yields", "yields"]


@final
@dataclass(frozen=True, slots=True, repr=False)
class Yields:
    """The attempt has ended well, and what it yielded is played before its node ends.

    Attributes:
        nodes: The nodes with their names, in the order in which they are written.
        outputs: What the node gives once they have ended well: values, and promises of theirs;
            empty if that is not said.
    """

    nodes: tuple[tuple[str, Any], ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    phase: ClassVar[Literal["SUCCEEDED"]] = "SUCCEEDED"

    def __post_init__(self) -> None:
        """Keep copies that nobody can change."""
        pairs = tuple((name, node) for name, node in self.nodes)
        for name, _ in pairs:
            check_text("the name of a node", name)
        object.__setattr__(self, "nodes", pairs)
        object.__setattr__(self, "outputs", MappingProxyType(dict(self.outputs)))

    def succeeds(
        self, mapping: Mapping[str, object] | None, outputs: Mapping[str, object]
    ) -> Yields:
        """Return it with outputs.

        Raises:
            TimelineError: It has some already, or one is given twice, or has no name.
        """
        if self.outputs:
            raise TimelineError(
                f".succeeds(…): it says {shown(dict(self.outputs))} already."
                "\nLeave one of them out."
            )
        return replace(self, outputs=succeeds(mapping, outputs).outputs)

    @property
    def is_list(self) -> bool:
        """Whether the nodes have no names but ``dn0``, ``dn1`` and so on."""
        return all(name == f"dn{number}" for number, (name, _) in enumerate(self.nodes))

    def as_code(self) -> str:
        """Return the calls that make it."""
        if self.is_list:
            said = [_as_list([node for _, node in self.nodes])]
        else:
            said = keywords(self.nodes)
        code = f"yields({', '.join(said)})"
        if not self.outputs:
            return code
        if all(map(is_word, self.outputs)):
            given = ", ".join(f"{name}={value!r}" for name, value in self.outputs.items())
        else:
            given = repr(dict(self.outputs))
        return f"{code}.succeeds({given})"

    def as_line(self) -> str:
        """Return it in a few words."""
        count = len(self.nodes)
        return f"SUCCEEDED, yields {count} node{'' if count == 1 else 's'}"

    def __repr__(self) -> str:
        return f"Yields({self.nodes!r}, {dict(self.outputs)!r})"

    def __hash__(self) -> int:
        return hash((self.nodes, frozenset(self.outputs.items())))

    def __reduce__(self) -> tuple[type[Yields], tuple[Any, dict[str, Any]]]:
        return (Yields, (self.nodes, dict(self.outputs)))  # a mapping proxy cannot be pickled


def yields(nodes: object, named: Mapping[str, object]) -> Yields:
    """Return what somebody wrote in ``.yields(…)``.

    Raises:
        TimelineError: It is neither a list nor named, or it is both.
    """
    if nodes is None:
        return Yields(tuple(named.items()))
    if isinstance(nodes, Mapping):
        if twice := [name for name in nodes if name in named]:
            raise TimelineError(f".yields(…): {twice[0]!r} stands twice.\nLeave one of them out.")
        return Yields((*nodes.items(), *named.items()))
    if not isinstance(nodes, Sequence) or isinstance(nodes, (str, bytes)):
        raise TimelineError(
            f".yields({shown(nodes)}): what is yielded is a list of nodes, or has names."
            "\nWrite .yields([nodes.task(…)] * 50), or .yields(fit=nodes.task(…))."
        )
    if named:
        raise TimelineError(
            f".yields([…], {', '.join(f'{name}=…' for name in named)}): nodes of a list are called"
            " dn0, dn1, …, so they have no names beside them.\nName all of them, or none."
        )
    return Yields(tuple((f"dn{number}", node) for number, node in enumerate(nodes)))


def _as_list(nodes: list[object]) -> str:
    """Return the code of a list, in which equal ones in a row stand once.

    Example:
        >>> _as_list([1, 1, 1, 2, 1]), _as_list([1, 2]), _as_list([])
        ('[1] * 3 + [2, 1]', '[1, 2]', '[]')
    """
    parts: list[str] = []
    singles: list[str] = []
    for code, run in groupby(map(repr, nodes)):
        count = len(list(run))
        if count == 1:
            singles.append(code)
            continue
        if singles:
            parts.append(f"[{', '.join(singles)}]")
            singles = []
        parts.append(f"[{code}] * {count}")
    if singles or not parts:
        parts.append(f"[{', '.join(singles)}]")
    return " + ".join(parts)
