"""Mappings that nobody can change: values by name, and nodes in the order they are written in.

Ignorant of what the values are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.failures._failure import check_text
from flyte_testkit.nodes._names import same

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterable, ValuesView

__all__ = ["Named", "Values"]

Value = TypeVar("Value")


@final
class Values(Mapping[str, Any]):
    """Inputs or outputs by name. Equal by value, hashable when the values are.

    Example:
        >>> Values({"rows": 9}) == {"rows": 9}
        True
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object], what: str = "values") -> None:
        if not isinstance(values, Mapping):
            raise TimelineError(
                f"{what}: {shown(values)} has no names.\nWrite {{'rows': {shown(values)}}}."
            )
        for name in values:
            check_text(f"{what}: the name of a value", name)
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return repr(self._values)


@final
class Named(Mapping[str, Value], Generic[Value]):
    """Nodes by name, as they were written: another order is another value.

    A name is found by either spelling, with ``_`` or with ``-``.

    Example:
        >>> nodes = Named([("fit_a", 1), ("fit_b", 2)])
        >>> nodes["fit-a"], list(nodes)
        (1, ['fit_a', 'fit_b'])
    """

    __slots__ = ("_nodes", "_spelled")

    def __init__(self, pairs: Iterable[tuple[str, Value]] = ()) -> None:
        self._nodes = dict(pairs)
        self._spelled = {same(name): name for name in self._nodes}

    def spelled(self, name: str) -> str | None:
        """Return a name as it was written, or None if there is no such node."""
        return self._spelled.get(same(name))

    def __getitem__(self, name: str) -> Value:
        return self._nodes[self._spelled[same(name)]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def items(self) -> ItemsView[str, Value]:
        """As of any mapping, and not one by one."""
        return self._nodes.items()

    def values(self) -> ValuesView[Value]:
        """Likewise."""
        return self._nodes.values()

    def __len__(self) -> int:
        return len(self._nodes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Named):
            return NotImplemented
        return list(self._nodes.items()) == list(other._nodes.items())

    def __hash__(self) -> int:
        return hash(tuple(self._nodes.items()))

    def __repr__(self) -> str:
        return repr(self._nodes)
