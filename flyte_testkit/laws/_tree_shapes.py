"""Trees of nodes on which code that reads them breaks: a cause, what it is inside of, and company.

The cause is a leaf that fails in its own way; it stands at the top, or inside of up to three nodes;
beside it are nodes that have ended well, that are stopped for its sake, that failed at first, or of
which some items failed. Everything shrinks towards one task. Ignorant of who reads trees.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final

from hypothesis import reject
from hypothesis import strategies as st

from flyte_testkit import nodes
from flyte_testkit.errors import TimelineError
from flyte_testkit.laws._tree_kinds import (
    ENDS_WELL,
    FAIL,
    GOES_ON,
    LONG,
    LOST,
    MAPS_THAT_FAIL,
    QUICK,
    TASKS_THAT_FAIL,
    says,
)
from flyte_testkit.timeline import aborting, immediately, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flyte_testkit.laws._tree_kinds import Kind
    from flyte_testkit.nodes import Workflow
    from flyte_testkit.nodes._node import Node

    Draw = Callable[..., Any]
    Level = Mapping[str, Node]

__all__ = [
    "clean_ups",
    "failing_maps",
    "failing_trees",
    "families",
    "flawed_trees",
    "many_nodes",
    "recoverable_trees",
    "sound_trees",
    "stopped_trees",
]

_WORDS: Final = ("fit", "load", "score", "tune", "clean", "join", "rank", "split")

_RECOVERABLE: Final = (*TASKS_THAT_FAIL, *MAPS_THAT_FAIL)
_BESIDE: Final = (*GOES_ON, *ENDS_WELL, *TASKS_THAT_FAIL[:1])
_TOLD_WRONGLY: Final = (*ENDS_WELL, *GOES_ON[:1], *FAIL)
_FLAWS: Final[tuple[dict[str, Any], ...]] = (
    {"stays": "RUNNING"},
    {"missing": True},
    {"data_after": 30},
    {"stays": "QUEUED"},
    {"unnoticed": True},
)

_SELDOM: Final = st.sampled_from([False, False, True])
_DEPTHS: Final = {
    0: st.just(0),
    1: st.sampled_from([0, 1]),
    2: st.sampled_from([0, 1, 2]),
    3: st.sampled_from([0, 1, 0, 2, 3]),
}
_INSIDE: Final = ("subworkflow", "dynamic", "branch", "launch_plan")


def _names() -> Iterator[str]:
    """Yield names, each once."""
    for number in count():
        word = _WORDS[number % len(_WORDS)]
        yield word if number < len(_WORDS) else f"{word}{number // len(_WORDS)}"


@st.composite
def failing_trees(draw: Draw, depth: int = 3) -> Workflow:
    """Generate trees of which one leaf fails, so deep at most; some clean up, well or not."""
    return _cleaned_up(draw, nodes.workflow(**_around(draw, _names(), FAIL, depth)))


@st.composite
def failing_maps(draw: Draw) -> Workflow:
    """Generate trees of which a map fails."""
    return _cleaned_up(draw, nodes.workflow(**_around(draw, _names(), MAPS_THAT_FAIL, 1)))


@st.composite
def sound_trees(draw: Draw) -> Workflow:
    """Generate trees that end well, or never."""
    names: Iterator[str] = _names()
    level: dict[str, Node] = {}
    for kind in draw(_few(ENDS_WELL, least=1, most=3)):
        _add(level, names, kind, draw(st.sampled_from([None, ()])))
    for kind in draw(_few(GOES_ON, most=1)):
        _add(level, names, kind, ())
    return nodes.workflow(**level)


@st.composite
def stopped_trees(draw: Draw) -> Workflow:
    """Generate trees that somebody terminates: before anything fails, or while it is cleaned up."""
    if draw(st.sampled_from([False, False, True])):
        tree = nodes.workflow(**_around(draw, _names(), FAIL, 1))
        return tree.on_failure(clean_up=nodes.task(LONG)).aborts("enough", at=20)
    names: Iterator[str] = _names()
    level: dict[str, Node] = {}
    for kind in (GOES_ON[0], *draw(_few((*GOES_ON, *ENDS_WELL, *FAIL), most=2))):
        _add(level, names, kind, ())
    return nodes.workflow(**level).aborts("enough", at=5)


@st.composite
def recoverable_trees(draw: Draw) -> Workflow:
    """Generate trees that fail, and what has ended well before that is no launch plan's failure."""
    inside = ("subworkflow", "dynamic", "branch")
    names: Iterator[str] = _names()
    top: dict[str, Node] = {}
    _add(top, names, draw(st.sampled_from(ENDS_WELL)), None)
    level = _around(draw, names, _RECOVERABLE, 1, inside, beside=())
    if len(level) == 1 and draw(st.booleans()):
        return nodes.workflow(**top, **level)
    _add(top, names, _wrapped(draw(st.sampled_from(inside)), level), None)
    return nodes.workflow(**top)


@st.composite
def families(draw: Draw) -> Workflow:
    """Generate trees that launch others, which may do so in turn: all of them have a node n0."""
    attempts = st.sampled_from([(QUICK,), (LOST, QUICK), (LOST, running(4).fails("nan in it"))])
    tree = nodes.workflow(fit=nodes.task(*draw(attempts)))
    for plan in ("training", "tuning")[: draw(st.sampled_from([1, 2, 2]))]:
        load = nodes.task(*draw(attempts))
        level: dict[str, Node] = {"load": load, "train": nodes.launch_plan(tree, of=plan)}
        if draw(st.booleans()):  # n0 goes on while one of its nodes, an n0 as well, is over
            level = dict(reversed(level.items()))
        tree = nodes.workflow(**level)
    return tree


@st.composite
def clean_ups(draw: Draw) -> Workflow:
    """Generate trees that take their time to end: they clean up, or are slow to stop."""
    name = next(_names())
    kind = draw(st.sampled_from(TASKS_THAT_FAIL))
    tree = nodes.workflow(**{name: kind(name, None)})
    if draw(st.booleans()):
        return nodes.workflow(fit=nodes.task(LONG)).aborts("enough", at=5).on_terminate(aborting(9))
    return tree.on_failure(clean_up=nodes.task(draw(st.sampled_from([LONG, QUICK]))))


@st.composite
def flawed_trees(draw: Draw) -> Workflow:
    """Generate trees of which one node is told of wrongly, whatever it does."""
    names: Iterator[str] = _names()
    kind, flaw = draw(st.sampled_from(_TOLD_WRONGLY)), draw(st.sampled_from(_FLAWS))
    level: dict[str, Node] = {}
    try:
        _add(level, names, lambda name, after: nodes.flawed(kind(name, after), **flaw), None)
    except TimelineError:  # not every node can have every flaw
        reject()
    if draw(st.booleans()):
        _add(level, names, draw(st.sampled_from([*ENDS_WELL[:1], *TASKS_THAT_FAIL[:1]])), ())
    for _ in range(draw(_DEPTHS[1])):
        wrap = _wrapped(draw(st.sampled_from(_INSIDE)), level)
        level = {}
        _add(level, names, wrap, None)
    return nodes.workflow(**level)


def many_nodes() -> st.SearchStrategy[Workflow]:
    """Generate trees with more nodes in one place than a page of a list holds; these are few."""
    fit, last = nodes.task(immediately.succeeds()), nodes.task(running(9).fails(says("the last")))
    retried = nodes.task(LOST, running(6).fails(says("the last")))
    tune = nodes.dynamic(running(3).yields([fit] * 104 + [last]))
    again = nodes.dynamic(running(3).yields([fit] * 129 + [retried]))
    return st.sampled_from(
        [
            nodes.workflow(tune=tune),
            nodes.workflow(train=nodes.launch_plan(nodes.workflow(tune=again), of="training")),
        ]
    )


def _around(
    draw: Draw,
    names: Iterator[str],
    causes: tuple[Kind, ...],
    depth: int,
    inside: tuple[str, ...] = _INSIDE,
    beside: tuple[Kind, ...] = _BESIDE,
) -> Level:
    """Draw a cause inside of some nodes, with company wherever it may have some."""
    level = _in_company(draw, names, draw(st.sampled_from(causes)), beside, most=2)
    for _ in range(draw(_DEPTHS[depth])):
        wrap = _wrapped(draw(st.sampled_from(inside)), level)
        level = _in_company(draw, names, wrap, beside, most=1)
    return level


def _in_company(
    draw: Draw, names: Iterator[str], cause: Kind, beside: tuple[Kind, ...], *, most: int
) -> dict[str, Node]:
    """Draw what ends before a cause, what lives beside it, and what comes after it, or would."""
    level: dict[str, Node] = {}
    if draw(_SELDOM):
        _add(level, names, draw(st.sampled_from(ENDS_WELL)), None)
    start = tuple(level)
    company = draw(_few(beside, most=most)) if beside else []
    is_first = draw(st.booleans()) if company else True
    for kind in (cause, *company) if is_first else (*company, cause):
        _add(level, names, kind, start)
    if draw(_SELDOM):
        _add(level, names, ENDS_WELL[0], None)
    return level


def _add(
    level: dict[str, Node], names: Iterator[str], kind: Kind, after: tuple[str, ...] | None
) -> None:
    name = next(names)
    level[name] = kind(name, after if level else None)  # the first comes after none anyway


def _wrapped(inside: str, level: Level) -> Kind:
    """Return what makes a node that these nodes are inside of."""
    if inside == "subworkflow":
        return lambda _, after: nodes.subworkflow(level, after=after)
    if inside == "dynamic":
        return lambda _, after: nodes.dynamic(running(1).yields(**level), after=after)
    if inside == "launch_plan":
        return lambda name, after: nodes.launch_plan(
            nodes.workflow(**level), of=f"{name}_plan", after=after
        )
    if len(level) == 1:
        return lambda _, after: nodes.branch(level, after=after)
    return lambda name, after: nodes.branch({f"{name}_arm": nodes.subworkflow(level)}, after=after)


def _cleaned_up(draw: Draw, tree: Workflow) -> Workflow:
    """Draw what a tree's failure node does, if it has one."""
    ending = draw(st.sampled_from([None, None, QUICK, LONG, running(3).fails("no way to clean")]))
    return tree if ending is None else tree.on_failure(clean_up=nodes.task(ending))


def _few(kinds: tuple[Kind, ...], *, least: int = 0, most: int) -> st.SearchStrategy[list[Kind]]:
    return st.lists(st.sampled_from(kinds), min_size=least, max_size=most)
