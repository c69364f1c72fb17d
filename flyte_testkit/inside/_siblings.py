"""Nodes beside each other, by whatever they may be called.

Ignorant of what they do.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from flyte_testkit.nodes._names import same

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Siblings"]


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def spec_id(self) -> str: ...
    @property
    def full_name(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def retry_group(self) -> str: ...


Run = TypeVar("Run", bound=_Named)


class Siblings(Generic[Run]):
    """Nodes beside each other, in the order in which they began.

    A node is meant by its unique id, by its id in the workflow, by its name, or by that name's
    short form; ``_`` stands for ``-``. What comes first in this list counts. Of those that an
    attempt of their parent each began anew, the last one is meant.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.all = runs
        self._spelled: list[dict[str, list[Run]]] = [defaultdict(list) for _ in range(4)]
        for run in runs:
            names = (run.id, run.spec_id, run.full_name, run.name)
            for spelled, name in zip(self._spelled, names, strict=True):
                spelled[same(name)].append(run)

    def meant(self, name: str) -> list[Run]:
        """Return the nodes that may be meant by a name: several if it is ambiguous."""
        spelled = same(name)
        found = next((table[spelled] for table in self._spelled if spelled in table), [])
        return list({run.spec_id: run for run in sorted(found, key=_attempt)}.values())

    def key(self, run: Run) -> str:
        """Return what means this node alone: its name if that does, else an id of it."""
        names = (run.name, run.spec_id)
        return next((name for name in names if self.meant(name) == [run]), run.id)


def _attempt(run: _Named) -> int:
    """Return which attempt of the parent a node belongs to."""
    return int(run.retry_group) if run.retry_group.isdecimal() else 0
