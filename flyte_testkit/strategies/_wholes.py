"""Whole trees of nodes as scripts: what a fake FlyteAdmin plays, whatever comes.

Every tree is made with the words of :mod:`flyte_testkit.nodes`, so that neither they nor
FlyteAdmin refuse it, and comes to the end that is asked for: of the nodes of a scope one comes to
that end, those before it succeed, and those beside it do nothing that would change it.

Ignorant of who plays them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hypothesis import strategies as st

from flyte_testkit import failures as named
from flyte_testkit import nodes
from flyte_testkit.nodes import facts
from flyte_testkit.strategies._attempts import (
    OUTPUTS,
    Fate,
    attempts,
    opened,
    seconds,
    spare_retries,
)
from flyte_testkit.strategies._drawing import RARELY
from flyte_testkit.strategies._errors import STORABLE
from flyte_testkit.strategies._leaves import array, gate
from flyte_testkit.strategies._timelines import timelines
from flyte_testkit.timeline import Outcome, aborting, immediately, queued, undefined

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flyte_testkit.nodes import Node, Workflow
    from flyte_testkit.timeline import Attempt, Timeline

__all__ = ["OUTCOMES", "wholes"]

OUTCOMES: Final[tuple[Outcome | None, ...]] = ("SUCCEEDED", "FAILED", "ABORTED", None)
"""How an execution ends that has nodes; None: it never does. No engine lets it be TIMED_OUT."""

_SECOND: Final = 1000
NodeT = TypeVar("NodeT", bound=nodes.Node)


def wholes(
    *,
    max_nodes: int = 3,
    max_depth: int = 2,
    max_seconds: float = 3600,
    max_steps: int = 4,
    outcomes: Collection[Outcome | None] = OUTCOMES,
    outputs: st.SearchStrategy[Mapping[str, object]] | None = None,
) -> st.SearchStrategy[Workflow]:
    """Generate trees of nodes.

    They shrink to one task that succeeds at once, or to the least that comes to the end asked for.

    Args:
        max_nodes: The most nodes beside each other.
        max_depth: How many levels of nodes there may be below the top, those of executions that
            nodes launch included.
        max_seconds: When the end comes at the latest, if nothing is stopped by somebody.
        max_steps: The most phases of an attempt before it ends.
        outcomes: Some of :data:`OUTCOMES`.
        outputs: Draws what those give that succeed; by default what their last nodes give.
    """
    milliseconds = int(max_seconds * _SECOND)
    return _wholes(max_nodes, max_depth, milliseconds, max_steps, tuple(outcomes), outputs)


@st.composite
def _wholes(
    draw: st.DrawFn,
    max_nodes: int,
    max_depth: int,
    milliseconds: int,
    max_steps: int,
    outcomes: tuple[Outcome | None, ...],
    outputs: st.SearchStrategy[Mapping[str, object]] | None,
) -> Workflow:
    outcome = draw(st.sampled_from(outcomes))
    grown = _Grower(draw, max_nodes, max_steps).whole(outcome, max_depth, milliseconds)
    if outputs is not None and outcome == "SUCCEEDED":
        grown = grown.succeeds(draw(outputs))
    return grown


@dataclass(frozen=True)
class _Grower:
    """Grows one tree.

    Attributes:
        draw: What draws.
        max_nodes: The most nodes beside each other.
        max_steps: The most phases of an attempt.
        numbers: Names every node otherwise: gates of one name have one signal, launch plans of one
            name one workflow.
    """

    draw: st.DrawFn
    max_nodes: int
    max_steps: int
    numbers: count[int] = field(default_factory=count)

    def whole(self, outcome: Outcome | None, depth: int, lasts: int) -> Workflow:
        """Grow all that happens in an execution."""
        draw = self.draw
        fate: Fate = None if outcome in {None, "ABORTED"} else outcome  # type: ignore[assignment]
        beginning, lasts = None, lasts // 2
        if draw(RARELY):
            opener = undefined if draw(st.booleans()) else queued
            beginning = opener(seconds(draw, lasts))
        whole = nodes.workflow(beginning, **self.scope(fate, depth, lasts // 2))
        if draw(RARELY):
            whole = whole.on_failure(**self.at_the_end(depth, lasts // 4))
        if draw(RARELY):
            whole = whole.others(opened(draw, lasts // 8, self.max_steps).succeeds())
        if outcome == "ABORTED":
            principal = draw(STORABLE) if draw(RARELY) else ""
            at = seconds(draw, lasts)
            whole = whole.aborts(draw(_CAUSES), at=at, principal=principal)
        if draw(RARELY):
            whole = whole.on_terminate(aborting(seconds(draw, lasts)))
        return whole

    def at_the_end(self, depth: int, lasts: int) -> dict[str, Node]:
        """Grow a failure node; it comes to an end."""
        fate: Fate = "FAILED" if self.draw(RARELY) else "SUCCEEDED"
        name = self.name()
        if depth > 0 and self.draw(RARELY):
            return {name: nodes.subworkflow(self.scope(fate, depth - 1, lasts))}
        return {name: self.task(fate, lasts)}

    def name(self) -> str:
        """Name a node."""
        number = next(self.numbers)
        return chr(ord("a") + number) if number < 26 else f"a{number}"

    def scope(
        self, fate: Fate, depth: int, lasts: int, *, at_once: bool = False
    ) -> dict[str, Node]:
        """Grow nodes beside each other.

        Args:
            fate: What comes of them.
            depth: How many levels may follow below.
            lasts: How long they may last, one after another, in milliseconds.
            at_once: Whether they begin at once, as what a dynamic task yields does.
        """
        draw, grown = self.draw, dict[str, Any]()
        size = draw(st.integers(1, self.max_nodes))
        turn = draw(st.integers(0, size - 1))  # drawn in any case: see _drawing
        for number in range(size):
            own: Fate = fate if number == turn else "SUCCEEDED"
            if number > turn:
                own = draw(_BESIDE[fate])
            name, after = self.name(), draw(_AFTER)
            if after is not None and len(after) > 0:
                after = tuple(list(grown)[:1])
            elif at_once:
                after = None
            given = self.promises(grown)
            grown[name] = self.node(own, depth, lasts // size, name, after, given)
        return grown

    def promises(self, before: Mapping[str, Node]) -> dict[str, object]:
        """Draw what a task is given: sometimes what a node before it gives."""
        draw = self.draw
        if not before or not draw(RARELY):
            return {}
        known = [f"{name}.{one}" for name, node in before.items() for one in facts.outputs_of(node)]
        return {"x": nodes.promise(draw(st.sampled_from(known)))} if known else {}

    def node(
        self,
        fate: Fate,
        depth: int,
        lasts: int,
        name: str,
        after: tuple[str, ...] | None,
        given: dict[str, object],
    ) -> Node:
        """Grow one node, of any kind."""
        draw = self.draw
        kind = draw(_KINDS[fate, depth > 0])
        if kind in {"task", "dynamic"}:
            made = self.task(fate, lasts, is_dynamic=kind == "dynamic", depth=depth)
            return _with(made, after=after, inputs=given) if given else _with(made, after=after)
        if kind == "array":
            return _with(array(draw, fate, lasts, self.max_steps), after=after)
        if kind == "cached":
            return nodes.cached(draw(OUTPUTS), after=after)
        if kind == "gate":
            return _with(gate(draw, fate, lasts), after=after)
        if kind == "sleep":
            return nodes.sleep(seconds(draw, lasts), after=after)
        if kind == "branch":
            arm = self.name()
            below = self.node(fate, depth - 1, lasts, arm, None, given)
            return nodes.branch({arm: below}, after=after)
        if kind == "launch plan":
            script = self.child(fate, depth - 1, lasts)
            return nodes.launch_plan(script, of=f"plan-{name}", after=after)
        inner = nodes.subworkflow(self.scope(fate, depth - 1, lasts // 2), after=after)
        if draw(RARELY):
            inner = inner.on_failure(**self.at_the_end(depth - 1, lasts // 4))
        return inner

    def task(
        self, fate: Fate, lasts: int, *, is_dynamic: bool = False, depth: int = 0
    ) -> nodes.Task:
        """Grow a node that runs a task, which may be dynamic."""
        draw = self.draw
        if not is_dynamic and draw(_PLAINLY):
            return _PLAIN[fate]
        if fate == "SUCCEEDED" and draw(_SELDOM):
            return nodes.dynamic() if is_dynamic else nodes.task()
        yields = is_dynamic and depth > 0
        if yields and fate != "SUCCEEDED" and draw(_SELDOM):
            yields = False
        ends: Fate = "SUCCEEDED" if yields else fate
        outputs = draw(OUTPUTS) if ends == "SUCCEEDED" and not yields else {}
        made = attempts(draw, ends, lasts // 2, self.max_steps, outputs)
        needed = nodes.task(*made).least_retries
        if yields:
            made[-1] = self.yields(made[-1], fate, depth - 1, lasts // 2)
        elif is_dynamic and fate == "FAILED" and draw(RARELY):
            made[-1] = nodes.immediately.running(0).fails(named.futures_not_built())
            needed = nodes.dynamic(*made).least_retries
        said = {"interruptible": draw(_SELDOM), "deck": draw(_SELDOM)}
        retries = spare_retries(draw, made, needed)
        word = nodes.dynamic if is_dynamic else nodes.task
        return word(*made, retries=retries, **said)

    def yields(self, attempt: Attempt, fate: Fate, depth: int, lasts: int) -> Attempt:
        """Let an attempt yield nodes, named ones or alike ones, or none at all."""
        draw = self.draw
        story = nodes.OpenAttempt(attempt.steps)
        form = draw(_FORMS)
        if form == "none" and fate == "SUCCEEDED":
            return story.yields([])
        if form == "alike":
            return story.yields([self.task(fate, lasts)] * draw(st.integers(1, self.max_nodes)))
        return story.yields(self.scope(fate, depth, lasts, at_once=True))

    def child(self, fate: Fate, depth: int, lasts: int) -> Timeline | Workflow:
        """Grow what an execution does that a node launches."""
        draw = self.draw
        if depth > 0 and draw(st.booleans()):
            outcome = "ABORTED" if fate == "FAILED" and draw(RARELY) else fate
            return self.whole(outcome, depth - 1, lasts)
        outcomes: tuple[Outcome | None, ...] = (fate,)
        if fate == "FAILED":
            outcomes = ("FAILED", "ABORTED", "TIMED_OUT")
        if lasts < _SECOND and fate == "SUCCEEDED":
            return immediately.succeeds()
        return draw(
            timelines(max_seconds=lasts / _SECOND, max_steps=self.max_steps, outcomes=outcomes)
        )


def _with(node: NodeT, **said: Any) -> NodeT:
    """Return a node with more said of it."""
    said = {name: value for name, value in said.items() if value is not None}
    return replace(node, **said) if said else node


_CAUSES: Final = st.one_of(st.just("stop it"), STORABLE)
_AFTER: Final[st.SearchStrategy[tuple[str, ...] | None]] = st.sampled_from(
    (None, None, (), ("first",))
)
_BESIDE: Final[Mapping[Fate, st.SearchStrategy[Fate]]] = {
    "SUCCEEDED": st.just("SUCCEEDED"),
    "FAILED": st.sampled_from(("SUCCEEDED", None, "FAILED")),
    None: st.sampled_from(("SUCCEEDED", None)),
}
"""What may come of a node beside one that comes to this end."""
_SELDOM: Final = st.sampled_from((False,) * 7 + (True,))
_PLAINLY: Final = st.sampled_from((True, False, False))
_PLAIN: Final[Mapping[Fate, nodes.Task]] = {
    "SUCCEEDED": nodes.task(nodes.immediately.succeeds()),
    "FAILED": nodes.task(nodes.immediately.fails("it fails")),
    None: nodes.task(nodes.running().never_ends()),
}
_FORMS: Final = st.sampled_from(("named", "named", "alike", "none"))
_LEAVES: Final[Mapping[Fate, tuple[str, ...]]] = {
    "SUCCEEDED": ("task", "task", "array", "gate", "dynamic", "cached", "sleep"),
    "FAILED": ("task", "task", "array", "gate", "dynamic", "task", "array"),
    None: ("task", "task", "array", "gate", "dynamic", "task", "array"),
}
"""As many for each, so that another end leaves the kind as it is when a tree shrinks."""
_PARENTS: Final = ("subworkflow", "dynamic", "branch", "launch plan")
_KINDS: Final = {
    (fate, is_deep): st.sampled_from(leaves + (_PARENTS if is_deep else ()))
    for fate, leaves in _LEAVES.items()
    for is_deep in (False, True)
}
