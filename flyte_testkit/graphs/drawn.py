"""What is known of the nodes of a workflow that nobody registered: what all its scripts say of it.

A graph is a value. All trees that are scripted for one name are trees of one workflow, so their
graphs are joined: nodes and orders are united, what tasks give grows as guesses do, and what no
workflow could be is refused. Ignorant of FlyteAdmin, and of what was registered.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final, TypeAlias

from flyte_testkit.errors import RegistrationError, TimelineError
from flyte_testkit.graphs.kinds import type_of
from flyte_testkit.graphs.mapped import Mapped
from flyte_testkit.graphs.waits import lasting, seen_of
from flyte_testkit.guesses import Seen
from flyte_testkit.literals import describe
from flyte_testkit.nodes import (
    Array,
    Branch,
    Cached,
    Dynamic,
    Gate,
    LaunchPlan,
    Sleep,
    Subworkflow,
    Task,
    facts,
    order,
)
from flyte_testkit.nodes._names import same
from flyte_testkit.nodes.retries import least_retries
from flyte_testkit.timeline import Succeeds, TimesOut, Yields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flyteidl.core import types_pb2

    from flyte_testkit.graphs.kinds import Types
    from flyte_testkit.nodes import Node, Workflow

__all__ = ["Gives", "Graph", "Part", "Plan", "as_part", "drawn", "numbered"]

_NUMBERED: Final = {"n": re.compile(r"n\d+"), "dn": re.compile(r"dn\d+")}


@dataclass(frozen=True)
class Plan:
    """What is known of a launch plan that a node launches.

    Attributes:
        name: Its name.
        version: Its version; empty as long as only scripts are known.
        inputs: The types of what it takes.
        outputs: The types of what it gives.
        required: The inputs that it cannot do without.
    """

    name: str
    version: str = ""
    inputs: Mapping[str, types_pb2.LiteralType] = field(default_factory=dict)
    outputs: Mapping[str, types_pb2.LiteralType] = field(default_factory=dict)
    required: frozenset[str] = frozenset()


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
        mapped: What else is known of it, if it is a map.
        of: The name of the registered task that it runs; empty for one that is made up.
        plan: What it launches, if it launches a launch plan.
        lasts: How long it sleeps, or may wait at a gate; None: for ever.
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
    mapped: Mapped | None = None
    of: str = ""
    plan: Plan | None = None
    lasts: float | None = None


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
        return self.numbered("n")

    def numbered(self, prefix: str) -> dict[str, str]:
        """Return the id of each node; what a dynamic task yields has others than a workflow."""
        return numbered(self.parts, prefix)

    def meant(self, name: str) -> str | None:
        """Return the name of the node that a script calls by name or by id; None for no node."""
        called = (known for known, id_ in self.ids.items() if id_ == name)
        return self.spelled(name) or next(called, None)


def numbered(names: Iterable[str], prefix: str) -> dict[str, str]:
    """Return the ids of nodes beside each other: numbers, but for those that are called so."""
    names = list(names)
    own = {name for name in names if _NUMBERED[prefix].fullmatch(name)}
    free = (f"{prefix}{number}" for number in count() if f"{prefix}{number}" not in own)
    return {name: name if name in own else next(free) for name in names}


Gives: TypeAlias = "Callable[[Part], Mapping[str, types_pb2.LiteralType]]"
"""Returns the types of what a node gives that launches, or is of, what is registered."""


def _nothing(_: Part) -> Mapping[str, types_pb2.LiteralType]:
    return {}


def drawn(tree: Workflow | Subworkflow | Dynamic, whose: str, gives: Gives = _nothing) -> Graph:
    """Return what a tree says of its workflow, or a dynamic task of what it yields.

    Args:
        tree: What happens in all of its nodes.
        whose: What it is, for messages.
        gives: Knows what is registered, which may be promised to the outputs of a dynamic task.

    Raises:
        RegistrationError: Flyte has no type for something that a task gives.
    """
    if isinstance(tree, Dynamic):
        outputs = {} if tree.yielded is None else dict(tree.yielded.outputs)
        return Graph(_alike(tree.nodes, whose, gives), facts.upstream(tree), outputs=outputs)
    at_the_end = tree.failure_node
    return Graph(
        parts={
            name: as_part(node, f"{name!r} of {whose}", gives) for name, node in tree.nodes.items()
        },
        before=facts.upstream(tree),
        failure_node=None
        if at_the_end is None
        else (at_the_end[0], as_part(at_the_end[1], f"{at_the_end[0]!r} of {whose}", gives)),
        outputs=None if tree.outputs is None else dict(tree.outputs),
    )


def as_part(node: Node, whose: str, gives: Gives = _nothing) -> Part:
    """Return what is told of one node; the arguments are those of :func:`drawn`.

    Raises:
        RegistrationError: Flyte has no type for something that a task gives.
        TimelineError: It does not say what it launches.
    """
    if isinstance(node, Task):
        return Part(
            node.defined_as,
            node.least_retries,
            _most_retries(node),
            node.interruptible,
            node.deck,
            dict(node.inputs),
            _seen(_scripted(node), whose, node, gives),
            of=node.of,
        )
    if isinstance(node, Array):
        return Part(
            node.word,
            node.least_retries,
            inputs=dict(node.inputs),
            outputs=_seen(node.outputs, whose, node),
            mapped=Mapped.of(node),
            of=node.of,
            cached=bool(node.but.cached),
        )
    if isinstance(node, Cached):
        return Part(
            Task().word, outputs=_seen((node.outputs,), whose, node), cached=True, of=node.of
        )
    if isinstance(node, LaunchPlan):
        if not node.of:
            raise TimelineError(
                f"{whose} launches a launch plan, but which?\nName it:"
                " nodes.launch_plan(of='training')."
            )
        return Part(node.word, inputs=dict(node.inputs), plan=Plan(node.of))
    if isinstance(node, Branch):
        name, arm = node.arm
        arms = Graph({name: as_part(arm, f"{name!r} of {whose}", gives)}, {name: ()})
        return Part(node.word, inside=arms)
    if isinstance(node, (Gate, Sleep)):
        seen = seen_of(node, whose) if isinstance(node, Gate) else {}
        return Part(node.word, outputs=seen, lasts=lasting(node))
    assert isinstance(node, Subworkflow)  # noqa: S101  there are no other kinds
    return Part(node.word, inside=drawn(node, whose, gives))


def _alike(nodes: Mapping[str, Node], whose: str, gives: Gives) -> dict[str, Part]:
    """Return what is told of nodes; of one that stands there many times, the very same."""
    known: dict[int, Part] = {}
    parts: dict[str, Part] = {}
    for name, node in nodes.items():
        if id(node) not in known:
            known[id(node)] = as_part(node, f"{name!r} of {whose}", gives)
        parts[name] = known[id(node)]
    return parts


def _scripted(task: Task) -> tuple[Mapping[str, object], ...]:
    ending = task.attempts[-1].ending if task.attempts else None
    return (ending.outputs,) if isinstance(ending, (Succeeds, Yields)) else ()


def _seen(
    outputs: Iterable[Mapping[str, object]],
    whose: str,
    node: Task | Array | Cached,
    gives: Gives = _nothing,
) -> dict[str, Seen]:
    """Return what is seen of outputs, which several items may give."""
    found: dict[str, Seen] = {}
    for name, value in (pair for given in outputs for pair in given.items()):
        try:
            is_promise = any(facts.promised(value))
            kind = type_of(value, _promises_of(node, gives)) if is_promise else None
            seen = Seen.of(value) if kind is None else Seen(kind)
        except RegistrationError as error:
            raise RegistrationError(
                f"the output {name!r} of {whose} does not say which type it has: {error}"
                "\nRegister the real workflow, which says so."
            ) from error
        both = found.get(name, seen).joined(seen)
        if both is None:
            raise RegistrationError(
                f"the items of {whose} disagree about the output {name!r}: it is"
                f" {describe(found[name].type)} and {describe(seen.type)}."
                "\nScript values of one type."
            )
        found[name] = both
    return found


def _promises_of(task: Task | Array | Cached, gives: Gives) -> Types:
    """Return the types of what may be promised to the outputs of a dynamic task."""
    nodes = task.nodes if isinstance(task, Dynamic) else {}
    return {
        same(name): _given(as_part(node, repr(name), gives), gives) for name, node in nodes.items()
    }


def _given(part: Part, gives: Gives) -> Mapping[str, types_pb2.LiteralType]:
    """Return the types of what a node gives; what nobody told of is of any type."""
    if part.plan is not None or part.of:
        return defaultdict(_any_type, gives(part))
    if part.mapped is not None:
        return defaultdict(_any_type, part.mapped.outputs(part.outputs))
    if part.inside is None:
        return defaultdict(_any_type, {key: seen.type for key, seen in part.outputs.items()})
    kinds = {same(name): _given(one, gives) for name, one in part.inside.parts.items()}
    if part.word == "nodes.branch":
        return next(iter(kinds.values()))
    outputs = part.inside.outputs
    if outputs is None:
        last = order.last_of(part.inside.before)
        return defaultdict(_any_type, {k: v for name in last for k, v in kinds[same(name)].items()})
    return {name: type_of(value, kinds) for name, value in outputs.items()}


def _any_type() -> types_pb2.LiteralType:
    return Seen().type


def _most_retries(task: Task) -> int | None:
    """Return how many retries a task can have whose last attempt fails; None if any will do."""
    attempts = task.attempts
    if not attempts or sum(isinstance(one.ending, TimesOut) for one in attempts) > 1:
        return None
    needed = least_retries(attempts)
    return needed if least_retries((*attempts, attempts[-1])) > needed else None
