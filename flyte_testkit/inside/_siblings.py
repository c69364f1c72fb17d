"""Nodes beside each other, by whatever they may be called.

Ignorant of what they do.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from flyte_testkit.inside._graph import short
from flyte_testkit.nodes._names import same
from flyte_testkit.propeller.places import END, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Siblings", "ways"]

_BY_THEMSELVES: Final = {START, END}


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
    attempt of their parent each began anew, the last one is meant. What has not begun yet has its
    names all the same: a name that two nodes share means neither, whichever began.

    Args:
        runs: Those that have begun.
        written: The full names of all that the workflow has, by their ids there.
    """

    def __init__(self, runs: Sequence[Run], written: Mapping[str, str]) -> None:
        self.all = runs
        self._spelled: list[dict[str, dict[str, Run | None]]] = [
            defaultdict(dict) for _ in range(4)
        ]
        for spec_id, name in written.items():
            self._add(("", spec_id, name, short(name)), spec_id, None)
        for run in sorted(runs, key=_attempt):
            self._add((run.id, run.spec_id, run.full_name, run.name), run.spec_id, run)

    @property
    def own(self) -> list[Run]:
        """The nodes that somebody wrote: those without the ones that come by themselves."""
        return [run for run in self.all if run.spec_id not in _BY_THEMSELVES]

    def _add(self, names: Sequence[str], spec_id: str, run: Run | None) -> None:
        for spelled, name in zip(self._spelled, names, strict=True):
            if name:
                spelled[same(name)][spec_id] = run

    def meant(self, name: str) -> Mapping[str, Run | None]:
        """Return the nodes that may be meant by a name, by their ids in the workflow.

        Several if it is ambiguous; None is one that has not begun.
        """
        spelled = same(name)
        return next((table[spelled] for table in self._spelled if spelled in table), {})

    def key(self, run: Run) -> str:
        """Return what means this node alone: its name if that does, else an id of it."""
        names = (run.name, run.spec_id)
        return next((name for name in names if [*self.meant(name).values()] == [run]), run.id)


def _attempt(run: _Named) -> int:
    """Return which attempt of the parent a node belongs to."""
    return int(run.retry_group) if run.retry_group.isdecimal() else 0


def ways(path: str) -> Iterator[tuple[str, str]]:
    """Yield how a path may be read: a name may have points in it, too.

    Example:
        >>> list(ways("flows.train.fit"))
        [('flows', 'train.fit'), ('flows.train', 'fit')]
    """
    parts = path.split(".")
    for count in range(1, len(parts)):
        yield ".".join(parts[:count]), ".".join(parts[count:])
