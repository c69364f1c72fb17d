"""A node that runs a dynamic task: its last attempt yields nodes, which are played before it ends.

In a workflow a dynamic task is defined as any task is, so a dynamic node is a task that may yield.
Ignorant of the nodes beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from flyte_testkit.errors import suggests_keywords
from flyte_testkit.nodes._inside import Inside, check_inside, check_promises
from flyte_testkit.nodes._task import Task
from flyte_testkit.nodes._values import Named, Values
from flyte_testkit.timeline import Yields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.nodes._node import After, Node
    from flyte_testkit.nodes.retries import Script

__all__ = ["Dynamic", "dynamic"]

_WHAT = "nodes.dynamic(…)"


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Dynamic(Task):
    """A node that runs a dynamic task; :func:`dynamic` makes it. It has what :class:`Task` has."""

    def __post_init__(self) -> None:
        """Refuse what no engine does."""
        Task.__post_init__(self)
        found = self.yielded
        if found is not None:
            what = f"{_WHAT}: .yields(…)"
            checked = check_inside(dict(found.nodes), what, at_once=True)
            check_promises(found.outputs, checked, f"{what}.succeeds(…)")

    @property
    def word(self) -> str:
        """How it is written."""
        return "nodes.dynamic"

    @property
    def defined_as(self) -> str:
        """A dynamic task is defined as any task is."""
        return "nodes.task"

    @property
    def makes_up(self) -> bool:
        """What it yields is made up, whoever registered the task."""
        return True

    @property
    def yielded(self) -> Yields | None:
        """What its last attempt yields; None if that does not."""
        ending = self.attempts[-1].ending if self.attempts else None
        return ending if isinstance(ending, Yields) else None

    @property
    def nodes(self) -> Inside:
        """The nodes that it yields."""
        found = self.yielded
        return Named() if found is None else Named(found.nodes)

    def below(self) -> Mapping[str, Node]:
        """Return the nodes that it yields."""
        return self.nodes


@suggests_keywords
def dynamic(
    *attempts: Script,
    retries: int | None = None,
    interruptible: bool = False,
    deck: bool = False,
    inputs: Mapping[str, object] | None = None,
    of: str = "",
    after: After = None,
) -> Dynamic:
    """Return a node that runs a dynamic task, with what each of its attempts does.

    The last one may yield nodes: a list, ``.yields([node] * 50)``, which are called ``dn0``,
    ``dn1``, …; or named ones, ``.yields(fit=node)``. All of them begin at once, unless their
    ``after=`` or a promise says otherwise. They need not be registered; ``of="flows.fit"`` names a
    task that is. What the node gives once they have ended is ``.yields(…).succeeds(o0=[…])``:
    values, and promises of theirs. One that yields nothing is a task like any other.

    Args:
        *attempts: Timelines of what tasks do. None at all: what ``.others(…)`` says, or it succeeds
            at once; it yields nothing.
        retries: What the task says of retries. Left out, as many as the attempts need. Nothing that
            it yields is tried again by it.
        interruptible: Whether it may run on machines that can be taken away.
        deck: Whether it makes a deck.
        inputs: What it is given, by name: values, and :func:`promises <promise>`.
        of: The name of the registered task that it runs, for what a dynamic task yields.
        after: The names of the nodes it comes after: one, several, or ``()`` for none. Left out, it
            comes after all that are written before it.

    Raises:
        TimelineError: No engine would do so.

    Example:
        >>> from flyte_testkit import nodes, running
        >>> fit, bad = nodes.task(running(60).succeeds()), nodes.task(running(9).fails("nan"))
        >>> nodes.dynamic(running(20).yields([fit] * 17 + [bad] + [fit] * 32))
        nodes.dynamic(running(20).yields([nodes.task(running(60).succeeds())] * 17 + \
[nodes.task(running(9).fails('nan'))] + [nodes.task(running(60).succeeds())] * 32))
    """
    return Dynamic(
        attempts=attempts,  # type: ignore[arg-type]  # it reads timelines as attempts
        retries=retries,
        interruptible=interruptible,
        deck=deck,
        inputs=Values({} if inputs is None else inputs, "nodes.dynamic(inputs=…)"),
        of=of,
        after=after,  # type: ignore[arg-type]  # it reads a name as several
    )
