"""Whole trees of nodes as scripts: what a fake FlyteAdmin plays, whatever comes.

Every tree is made with the words of :mod:`flyte_testkit.nodes`, so that neither they nor
FlyteAdmin refuse it, and comes to the end that is asked for: of the nodes of a scope one comes to
that end, those before it succeed, and those beside it do nothing that would change it.

Ignorant of who plays them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from flyte_testkit import failures as named
from flyte_testkit import nodes
from flyte_testkit.nodes import facts
from flyte_testkit.strategies._attempts import (
    OUTPUTS,
    PLAIN,
    Fate,
    attempts,
    opened,
    seconds,
    spare_retries,
)
from flyte_testkit.strategies._drawing import EITHER, RARELY, among, whole_numbers
from flyte_testkit.strategies._errors import STORABLE
from flyte_testkit.strategies._leaves import array, gate
from flyte_testkit.strategies._timelines import timelines
from flyte_testkit.timeline import Outcome, aborting, immediately, queued, undefined

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flyte_testkit.nodes import Node, Workflow
    from flyte_testkit.timeline import Attempt, Timeline

__all__ = ["OUTCOMES", "Grower", "wholes"]

OUTCOMES: Final[tuple[Outcome | None, ...]] = ("SUCCEEDED", "FAILED", "ABORTED", None)
"""How an execution ends that has nodes; None: it never does. No engine lets it be TIMED_OUT."""

_SECOND: Final = 1000


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
        max_nodes: The most nodes beside each other, a failure node included.
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
    outcome = draw(among(*outcomes))
    grown = Grower(draw, max_nodes, max_steps).whole(outcome, max_depth, milliseconds)
    if outputs is not None and outcome == "SUCCEEDED":
        grown = grown.succeeds(draw(outputs))
    return grown


@dataclass(frozen=True)
class Grower:
    """Grows one tree.

    Attributes:
        draw: What draws.
        max_nodes: The most nodes beside each other.
        max_steps: The most phases of an attempt.
        simply: Whether to draw the plainest more often: smaller trees, that are played faster.
        numbers: Names every node otherwise: gates of one name have one signal, launch plans of one
            name one workflow.
    """

    draw: st.DrawFn
    max_nodes: int
    max_steps: int
    simply: bool = False
    numbers: count[int] = field(default_factory=count)

    def whole(self, outcome: Outcome | None, depth: int, lasts: int) -> Workflow:
        """Grow all that happens in an execution."""
        draw = self.draw
        fate: Fate = None if outcome in {None, "ABORTED"} else outcome  # type: ignore[assignment]
        said: frozenset[str] = draw(_SAID[self.simply])
        beginning, lasts = None, lasts // 2
        if "beginning" in said:
            opener = undefined if draw(EITHER) else queued
            beginning = opener(seconds(draw, lasts))
        inside = self.scope(fate, depth, lasts // 2)
        whole = nodes.workflow(beginning, **inside)
        if "on_failure" in said and len(inside) < self.max_nodes:
            whole = whole.on_failure(**self.at_the_end(depth, lasts // 4))
        if "others" in said:
            whole = whole.others(opened(draw, lasts // 8, self.max_steps).succeeds())
        if outcome == "ABORTED":
            cause, user = (draw(STORABLE) if text is None else text for text in draw(_STOPPED))
            whole = whole.aborts(cause, at=seconds(draw, lasts), principal=user)
        if "on_terminate" in said:
            whole = whole.on_terminate(aborting(seconds(draw, lasts)))
        return whole

    def at_the_end(self, depth: int, lasts: int) -> dict[str, Node]:
        """Grow a failure node; it comes to an end."""
        fate: Fate = "FAILED" if self.draw(RARELY) else "SUCCEEDED"
        name = self.name()
        if depth > 0 and self.draw(RARELY):
            return {name: nodes.subworkflow(self.scope(fate, depth - 1, lasts))}
        return {name: self.task(fate, lasts, {})}

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
        size = draw(whole_numbers(1, self.max_nodes))
        turn = 0 if fate == "SUCCEEDED" else draw(whole_numbers(0, size - 1))
        for number in range(size):
            own: Fate = fate if number == turn else "SUCCEEDED"
            if number > turn and fate != "SUCCEEDED":
                own = draw(_BESIDE[fate])
            name, order = self.name(), draw(_ORDERS) if number else "written"
            said: dict[str, Any] = {}
            if order == "first":
                said["after"] = next(iter(grown))
            elif order == "free" and not at_once:
                said["after"] = ()
            given = self.promises(grown, own) if order == "given" else {}
            grown[name] = self.node(own, depth, lasts // size, name, given, **said)
        return grown

    def promises(self, before: Mapping[str, Node], fate: Fate) -> dict[str, object]:
        """Draw what a task is given: what a node before it gives, or what that does not give."""
        known = [f"{name}.{one}" for name, node in before.items() for one in facts.outputs_of(node)]
        if not known:
            return {}
        one = self.draw(among(*known))
        is_list = fate == "FAILED" and one.endswith(".xs")
        return {"x": nodes.promise(f"{one}[9]" if is_list else one)}

    def node(
        self,
        fate: Fate,
        depth: int,
        lasts: int,
        name: str,
        given: dict[str, object],
        **said: Any,
    ) -> Node:
        """Grow one node, of any kind.

        Args:
            fate: What comes of it.
            depth: How many levels may follow below.
            lasts: How long it may last, in milliseconds.
            name: Its name.
            given: What it is given, if it is a task.
            **said: What else is said of it.
        """
        draw = self.draw
        kind = draw(_KINDS[fate, depth > 0, self.simply])
        if kind == "task":
            return self.task(fate, lasts, given, **said)
        if kind == "late task":
            late = [opened(draw, lasts // 2, self.max_steps).times_out() for _ in range(2)]
            return nodes.task(*late, inputs=given, **said)
        if kind == "dynamic":
            return self.dynamic(fate, lasts, depth, given, **said)
        if kind == "array":
            return array(draw, fate, lasts, self.max_steps, **said)
        if kind == "cached":
            return nodes.cached(draw(OUTPUTS), **said)
        if kind == "gate":
            return gate(draw, fate, lasts, **said)
        if kind == "sleep":
            return nodes.sleep(seconds(draw, lasts), **said)
        return self.parent(kind, fate, depth, lasts, name, given, **said)

    def parent(
        self,
        kind: str,
        fate: Fate,
        depth: int,
        lasts: int,
        name: str,
        given: dict[str, object],
        **said: Any,
    ) -> Node:
        """Grow a node that has others inside, or launches them; the arguments are those of any."""
        if kind == "branch":
            arm = self.name()
            return nodes.branch({arm: self.node(fate, depth - 1, lasts, arm, given)}, **said)
        if kind == "launch plan":
            script = self.child(fate, depth - 1, lasts)
            return nodes.launch_plan(script, of=f"plan-{name}", **said)
        inside = self.scope(fate, depth - 1, lasts // 2)
        inner = nodes.subworkflow(inside, **said)
        if self.draw(RARELY) and len(inside) < self.max_nodes:
            inner = inner.on_failure(**self.at_the_end(depth - 1, lasts // 4))
        return inner

    def task(self, fate: Fate, lasts: int, given: dict[str, object], **said: Any) -> nodes.Task:
        """Grow a node that runs a task."""
        draw = self.draw
        if draw(_PLAINLY[self.simply]):
            plain = PLAIN[fate]
            return nodes.task(*plain.attempts, inputs=given, **said) if given or said else plain
        if fate == "SUCCEEDED" and draw(_SELDOM):
            return nodes.task(inputs=given, **said)
        outputs = draw(OUTPUTS) if fate == "SUCCEEDED" else {}
        made = attempts(draw, fate, lasts, self.max_steps, outputs)
        options = draw(_OPTIONS)
        return nodes.task(*made, retries=spare_retries(draw, made), inputs=given, **options, **said)

    def dynamic(
        self, fate: Fate, lasts: int, depth: int, given: dict[str, object], **said: Any
    ) -> nodes.Task:
        """Grow a node that runs a dynamic task, which may yield nothing."""
        draw = self.draw
        yields = depth > 0 and (fate == "SUCCEEDED" or not draw(RARELY))
        made = attempts(draw, "SUCCEEDED" if yields else fate, lasts // 2, self.max_steps, {})
        retries = spare_retries(draw, made)
        if yields:
            made[-1] = self.yields(made[-1], fate, depth - 1, lasts // 2)
        elif fate == "FAILED" and draw(EITHER):
            made = [nodes.immediately.fails(named.futures_not_built())]
        return nodes.dynamic(*made, retries=retries, inputs=given, **draw(_OPTIONS), **said)

    def yields(self, attempt: Attempt, fate: Fate, depth: int, lasts: int) -> Attempt:
        """Let an attempt yield nodes, named ones or alike ones, or none at all."""
        draw = self.draw
        story = nodes.OpenAttempt(attempt.steps)
        form = draw(_FORMS)
        if form == "none" and fate == "SUCCEEDED":
            return story.yields([])
        if form == "alike":
            times = draw(whole_numbers(1, self.max_nodes))
            return story.yields([self.task(fate, lasts, {})] * times)
        return story.yields(self.scope(fate, depth, lasts, at_once=True))

    def child(self, fate: Fate, depth: int, lasts: int) -> Timeline | Workflow:
        """Grow what an execution does that a node launches."""
        draw = self.draw
        if depth > 0 and draw(EITHER):
            outcome = "ABORTED" if fate == "FAILED" and draw(RARELY) else fate
            return self.whole(outcome, depth - 1, lasts)
        outcomes: tuple[Outcome | None, ...] = (fate,)
        if fate == "FAILED":
            outcomes = ("FAILED", "ABORTED", "TIMED_OUT")
        if lasts < _SECOND and fate == "SUCCEEDED":
            return immediately.succeeds()
        return draw(_timelines(lasts, self.max_steps, outcomes))


@lru_cache(maxsize=500)  # Hypothesis looks each new strategy over
def _timelines(
    lasts: int, max_steps: int, outcomes: tuple[Outcome | None, ...]
) -> st.SearchStrategy[Timeline]:
    return timelines(max_seconds=lasts / _SECOND, max_steps=max_steps, outcomes=outcomes)


_SAID: Final = [
    st.sampled_from(
        (
            *[frozenset[str]()] * plainly,
            frozenset({"on_failure"}),
            frozenset({"beginning"}),
            frozenset({"others"}),
            frozenset({"on_terminate"}),
            frozenset({"beginning", "on_failure", "others", "on_terminate"}),
        )
    )
    for plainly in (5, 15)
]
"""What is said of a whole besides its nodes."""
_ORDERS: Final = st.sampled_from(("written", "written", "free", "first", "given"))
_STOPPED: Final[st.SearchStrategy[tuple[str | None, str | None]]] = st.sampled_from(
    (*[("stop it", ""), (None, "")] * 3, ("stop it", None), (None, None))
)
"""Why somebody stops it, and who; None: any text."""
_BESIDE: Final[Mapping[Fate, st.SearchStrategy[Fate]]] = {
    "FAILED": st.sampled_from(("SUCCEEDED", None, "FAILED")),
    None: st.sampled_from(("SUCCEEDED", None)),
}
"""What may come of a node beside one that comes to this end; all succeed if it does."""
_SELDOM: Final = st.sampled_from((False,) * 7 + (True,))
_PLAINLY: Final = [st.sampled_from((True, False)), st.sampled_from((True,) * 5 + (False,))]
_OPTIONS: Final[st.SearchStrategy[Mapping[str, Any]]] = st.sampled_from(
    ({}, {}, {}, {}, {"deck": True}, {"interruptible": True})
)
_FORMS: Final = st.sampled_from(("named", "named", "alike", "none"))
_LEAVES: Final[Mapping[Fate, tuple[str, ...]]] = {
    "SUCCEEDED": ("task", "cached", "array", "gate", "dynamic", "cached", "sleep"),
    "FAILED": ("task", "task", "array", "gate", "dynamic", "late task", "array"),
    None: ("task", "task", "array", "gate", "dynamic", "task", "array"),
}
"""As many for each, so that another end leaves the kind as it is when a tree shrinks."""
_PARENTS: Final = ("subworkflow", "dynamic", "branch", "launch plan")
_KINDS: Final = {
    (fate, is_deep, simply): st.sampled_from(
        ("task",) * (8 if simply else 0) + leaves + (_PARENTS if is_deep else ())
    )
    for fate, leaves in _LEAVES.items()
    for is_deep in (False, True)
    for simply in (False, True)
}
