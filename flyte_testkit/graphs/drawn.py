"""What is known of the nodes of a workflow that nobody registered: what all its scripts say of it.

A graph is a value. All trees that are scripted for one name are trees of one workflow, so their
graphs are joined: nodes and orders are united, what tasks give grows as guesses do, and what no
workflow could be is refused. Ignorant of FlyteAdmin, and of what was registered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from flyte_testkit.errors import RegistrationError
from flyte_testkit.guesses import Seen
from flyte_testkit.nodes import Branch, Cached, Subworkflow, Task, facts
from flyte_testkit.nodes._names import same
from flyte_testkit.nodes.retries import least_retries
from flyte_testkit.timeline import Succeeds, TimesOut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.nodes import Node, Workflow

__all__ = ["Graph", "Part", "as_part", "drawn"]

_NUMBERED: Final = re.compile(r"n\d+")


@dataclass(frozen=True)
class Part:
    """What is known of one node.

    Attributes:
        word: How such a node is written.
        retries: How often its task is tried again, at least.
        most: And at most, since a script lets an attempt be the last one; None: that is not told.
        interruptible: Whether its task may be.
        deck: Whether its task makes one.
        inputs: What it is given: values and promises.
        outputs: What its task gives, by what was seen of it.
        inside: What is inside, if it is a sub-workflow; of a branch, its arms.
        cached: Whether its task is declared to be cached.
    """

    word: str
    retries: int = 0
    most: int | None = None
    interruptible: bool = False
    deck: bool = False
    inputs: Mapping[str, object] = field(default_factory=dict)
    outputs: Mapping[str, Seen] = field(default_factory=dict)
    inside: Graph | None = None
    cached: bool = False


@dataclass(frozen=True)
class Graph:
    """Nodes beside each other.

    Attributes:
        parts: The nodes by name, each new one behind those that were known.
        before: The names of those that each of them comes after, none that another one does.
        failure_node: The failure node, with its name.
        outputs: What the whole gives, values and promises; None: what the last nodes give.
    """

    parts: Mapping[str, Part]
    before: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failure_node: tuple[str, Part] | None = None
    outputs: Mapping[str, object] | None = None

    def spelled(self, name: str) -> str | None:
        """Return a name as it was written first; None if there is no such node."""
        return next((known for known in self.parts if same(known) == same(name)), None)

    @property
    def ids(self) -> dict[str, str]:
        """The id of each node; one whose own name is such an id keeps it."""
        own = {name for name in self.parts if _NUMBERED.fullmatch(name)}
        free = (f"n{number}" for number in count() if f"n{number}" not in own)
        return {name: name if name in own else next(free) for name in self.parts}

    def meant(self, name: str) -> str | None:
        """Return the name of the node that a script calls by name or by id; None for no node."""
        called = (known for known, id_ in self.ids.items() if id_ == name)
        return self.spelled(name) or next(called, None)


def drawn(tree: Workflow | Subworkflow, whose: str) -> Graph:
    """Return what a tree says of its workflow.

    Args:
        tree: What happens in all of its nodes.
        whose: What it is, for messages.

    Raises:
        RegistrationError: Flyte has no type for something that a task gives.
    """
    at_the_end = tree.failure_node
    return Graph(
        parts={name: as_part(node, f"{name!r} of {whose}") for name, node in tree.nodes.items()},
        before=facts.upstream(tree),
        failure_node=None
        if at_the_end is None
        else (at_the_end[0], as_part(at_the_end[1], f"{at_the_end[0]!r} of {whose}")),
        outputs=None if tree.outputs is None else dict(tree.outputs),
    )


def as_part(node: Node, whose: str) -> Part:
    """Return what is told of one node.

    Raises:
        RegistrationError: Flyte has no type for something that a task gives.
    """
    if isinstance(node, Task):
        return Part(
            node.word,
            node.least_retries,
            _most_retries(node),
            node.interruptible,
            node.deck,
            dict(node.inputs),
            _seen(node, whose),
        )
    if isinstance(node, Cached):
        return Part(Task().word, outputs=_types(node.outputs, whose), cached=True)
    if isinstance(node, Branch):
        name, arm = node.arm
        arms = Graph({name: as_part(arm, f"{name!r} of {whose}")}, {name: ()})
        return Part(node.word, inside=arms)
    assert isinstance(node, Subworkflow)  # noqa: S101  there are no other kinds
    return Part(node.word, inside=drawn(node, whose))


def _seen(task: Task, whose: str) -> dict[str, Seen]:
    ending = task.attempts[-1].ending if task.attempts else None
    return _types(ending.outputs, whose) if isinstance(ending, Succeeds) else {}


def _types(outputs: Mapping[str, object], whose: str) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for name, value in outputs.items():
        try:
            found[name] = Seen.of(value)
        except RegistrationError as error:
            raise RegistrationError(
                f"the output {name!r} of {whose} does not say which type it has: {error}"
                "\nRegister the real workflow, which says so."
            ) from error
    return found


def _most_retries(task: Task) -> int | None:
    """Return how many retries a task can have whose last attempt fails; None if any will do."""
    attempts = task.attempts
    if not attempts or sum(isinstance(one.ending, TimesOut) for one in attempts) > 1:
        return None
    needed = least_retries(attempts)
    return needed if least_retries((*attempts, attempts[-1])) > needed else None
