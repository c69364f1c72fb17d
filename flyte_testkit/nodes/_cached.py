"""A node that runs no task, since what it would make is in the cache.

Ignorant of the nodes beside it, and of what a cache is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from flyte_testkit.errors import TimelineError, shown, suggests_keywords
from flyte_testkit.nodes._node import After, Node, named_after
from flyte_testkit.nodes._promise import promised
from flyte_testkit.nodes._values import Values
from flyte_testkit.timeline import Attempt, OpenAttempt, OpenTimeline, Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Cached", "cached"]

_WHAT = "nodes.cached(…)"
_OPTIONS = frozenset({"after", "of"})


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cached(Node):
    """A node whose outputs are cached; :func:`cached` makes it.

    Attributes:
        outputs: What the cache has; empty: what it really has, or else plain values.
        of: The name of the registered task that it is, where a dynamic task yields it; empty for
            one that is made up.
        after: The names of the nodes that it comes after; None is all that are written before it.
    """

    outputs: Values = field(default_factory=lambda: Values({}))
    of: str = ""

    def __post_init__(self) -> None:
        """Refuse what no cache has."""
        keep = object.__setattr__
        keep(self, "after", named_after(self.after, _WHAT))
        keep(self, "outputs", Values(self.outputs, _WHAT))
        if not isinstance(self.of, str):
            raise TimelineError(
                f"nodes.cached(of={shown(self.of)}): a registered task is named by a text."
                "\nWrite of='flows.fit'; an output of this name stands in a mapping."
            )
        for promise in promised(self.outputs):
            raise TimelineError(
                f"{_WHAT}: {promise!r} is promised by a node of this run, but what is cached was"
                " made before.\nWrite the value."
            )

    @property
    def word(self) -> str:
        """How it is written."""
        return "nodes.cached"

    @property
    def defined_as(self) -> str:
        """It is a task that is cached."""
        return "nodes.task"

    @property
    def defines(self) -> list[str]:
        """What is said here that a registered workflow says itself."""
        return [f"of={self.of!r}"] if self.of else []

    def _as_code(self) -> str:
        named = all(name.isidentifier() and name not in _OPTIONS for name in self.outputs)
        told = [f"{name}={value!r}" for name, value in self.outputs.items()]
        said = told if named else [repr(self.outputs)]
        return f"nodes.cached({', '.join([*said, *self.defines, *self._after_as_code()])})"


@suggests_keywords
def cached(
    mapping: Mapping[str, object] | None = None,
    /,
    *,
    of: str = "",
    after: After = None,
    **outputs: object,
) -> Cached:
    """Return a node that finds in the cache what its task would make.

    All that is seen of it is that it has succeeded: it has no attempts, and takes no time. The
    cache has it from then on, so the same task with the same inputs finds it in later runs as well.
    Only tasks that are declared to be cached can, and only in runs that do not overwrite the cache.

    Args:
        mapping: Outputs by name, for names that are no Python identifiers, or are arguments here.
        of: The name of the registered task that it is, where a dynamic task yields it. Left out, it
            is a task of its own.
        after: The names of the nodes it comes after: one, several, or ``()`` for none. Left out, it
            comes after all that are written before it.
        **outputs: What the cache has, by name. None at all: what is there, or else plain values.

    Raises:
        TimelineError: An output stands twice, or is promised.

    Example:
        >>> cached(rows=1000)
        nodes.cached(rows=1000)
    """
    if isinstance(mapping, (Attempt, Timeline, OpenAttempt, OpenTimeline)):
        raise TimelineError(
            f"{_WHAT}: {shown(mapping)}: what is cached is found, and makes no attempts.\nWrite"
            " what the cache has, as nodes.cached(rows=1000); or nodes.task(…) for what runs."
        )
    given = Values({} if mapping is None else mapping, _WHAT)
    if twice := [name for name in given if name in outputs]:
        raise TimelineError(f"{_WHAT}: {twice[0]!r} stands twice.\nLeave one of them out.")
    return Cached(
        outputs=Values({**given, **outputs}, _WHAT),
        of=of,
        after=after,  # type: ignore[arg-type]  # it reads a name as several
    )
