"""Small scripts that bring a phase about, of a node or of an attempt, and are played until they do.

Ignorant of which messages are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from flyte_testkit import failures, nodes
from flyte_testkit.propeller.places import END, START
from flyte_testkit.strategies import _identifiers, _times
from flyte_testkit.strategies._attempts import PLAIN, Fate, opened, seconds
from flyte_testkit.strategies._drawing import RARELY
from flyte_testkit.strategies._leaves import array
from flyte_testkit.strategies._theatre import USUAL, Manner, Play
from flyte_testkit.strategies._wholes import Grower

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flyte_testkit.nodes import Node, Workflow
    from flyte_testkit.timeline import OpenAttempt

__all__ = ["node_scene", "task_scene"]

_LONGEST: Final = 3_600_000
_EDGES: Final = frozenset({START, END})
_PARENT: Final = "n3"
"""How a node is called that has others inside."""


@dataclass(frozen=True)
class _Scene:
    """A script, and how it is played.

    Attributes:
        script: The script.
        manner: How it is played.
        ends: The node with whose end all is over that may be meant; empty if others follow.
        is_once: Whether there is only one moment that may be meant.
    """

    script: Workflow
    manner: Manner = USUAL
    ends: str = ""
    is_once: bool = False


def node_scene(draw: st.DrawFn, phase: str, *, named: bool) -> Any:
    """Play until a node is in a phase, and return that node."""
    at_the_edge = phase == "SUCCEEDED" and draw(_SELDOM)
    scene = _Scene(_ONE) if at_the_edge else _of_node(draw, phase)

    def is_meant(what: str, row: Any) -> bool:
        if what != "node" or row.phase != phase:
            return False
        return (row.node_id in _EDGES) == at_the_edge

    return _found(draw, scene, is_meant, phase, named=named)


def task_scene(draw: st.DrawFn, phase: str, *, named: bool) -> Any:
    """Play until an attempt of a task is in a phase, and return that attempt."""
    scene = _of_task(draw, phase)

    def is_meant(what: str, row: Any) -> bool:
        return what == "task" and row.phase == phase

    return _found(draw, scene, is_meant, phase, named=named)


def _found(
    draw: st.DrawFn,
    scene: _Scene,
    is_meant: Callable[[str, Any], bool],
    phase: str,
    *,
    named: bool,
) -> Any:
    """Play until something is there that is meant, and return it; or more often, as drawn.

    Not everything comes by every phase, such as what is cached: then the plainest task does.
    """
    more = 0 if scene.is_once else draw(_MORE)
    id_ = _identifiers.draw_execution_id(draw, named=named)
    created = _times.draw_instant(draw)
    plainest = _Scene(_FAILING if phase == "FAILED" else _ONE, scene.manner, scene.ends and "n0")
    for one in (scene, plainest):
        found = None
        for what, row in Play(one.script, id_, created, one.manner, begins=timedelta(0)):
            if is_meant(what, row):
                found, more = row.message, more - 1
                if more < 0:
                    break
            if what == "node" and row.node_id == one.ends and row.phase in _ENDS:
                break
        if found is not None:
            return found
    raise AssertionError(phase)  # the scripts are chosen so that this does not happen


def _of_node(draw: st.DrawFn, phase: str) -> _Scene:
    """Return what brings a phase of a node about."""
    if phase == "TIMED_OUT":
        late = [nodes.immediately.queued(_lasts(draw)).times_out() for _ in range(2)]
        return _scene(nodes.task(*late), is_once=True)
    if phase == "FAILED" and draw(_SELDOM):
        return _Scene(_UNBOUND, is_once=True)
    if phase == "SKIPPED":
        return _Scene(draw(_SKIPPING), Manner(patient=True), is_once=True)
    fate: Fate = "SUCCEEDED"
    if phase in {"FAILED", "ABORTED"}:
        fate = "FAILED" if phase == "FAILED" else None
    if phase == "DYNAMIC_RUNNING":
        yielding = nodes.running(_lasts(draw)).yields(fit=nodes.sleep(0))  # not begun yet then
        return _scene(nodes.dynamic(yielding), is_once=True)
    if phase == "QUEUED":  # of a node with nothing inside, nothing but the kind is seen then
        node = draw(_QUEUED) or _parent(draw)
    else:
        node = _that_comes_by(phase, _node(draw, fate))
    is_once = not node.below()
    if phase == "RECOVERED":
        return _scene(node, Manner(recovers=True), is_once=True)
    if phase == "ABORTED":
        return _Scene(_aborted(draw, node), is_once=is_once)
    return _scene(node, is_once=is_once)


def _of_task(draw: st.DrawFn, phase: str) -> _Scene:
    """Return what brings a phase of an attempt about."""
    behind = draw(_BEHIND)
    if phase in _ONLY_SAID:
        word = _ONLY_SAID[phase]
        story = getattr(nodes.immediately, word)(draw(_SECONDS)).running(draw(_SECONDS))
        task: Node = nodes.task(story.succeeds())
    elif phase == "ABORTED" and draw(RARELY):
        task = nodes.task(_story(draw).times_out())
    else:
        fate: Fate = "SUCCEEDED"
        if phase in {"FAILED", "ABORTED"}:
            fate = "FAILED" if phase == "FAILED" else None
        if phase in _OF_MAPS and draw(RARELY):
            task = array(draw, fate, _LONGEST, 3)
            if not task.size:
                task = replace(task, size=2)
        elif phase == "FAILED" and draw(_SELDOM):
            task = nodes.task(nodes.immediately.queued(0).fails(failures.bad_image()))
        else:
            task = Grower(draw, 1, 4, simply=True).task(fate, _LONGEST, {})
        if phase == "ABORTED":
            return _Scene(_aborted(draw, task), Manner(behind=behind))
    if phase == "ABORTED":  # of what takes too long, which its node tells first
        return _Scene(_whole(task), Manner(behind=behind))
    return _scene(task, Manner(behind=behind))


def _node(draw: st.DrawFn, fate: Fate) -> Node:
    """Draw a node of any kind; one time in four it may have others inside."""
    depth = 1 if draw(RARELY) else 0
    return Grower(draw, 2, 3).node(fate, depth, _LONGEST, "a", {})


def _parent(draw: st.DrawFn) -> Node:
    """Draw a node of any kind that may have others inside."""
    return Grower(draw, 2, 3).node("SUCCEEDED", 1, _LONGEST, "a", {})


def _that_comes_by(phase: str, node: Node) -> Node:
    """Return a node that comes by a phase: the plainest instead of one that never does."""
    if phase == "FAILED" and isinstance(node, nodes.Task):
        times_out = [one.ending.phase for one in node.attempts].count("TIMED_OUT")
        return PLAIN["FAILED"] if times_out > 1 else node
    never = isinstance(node, nodes.Cached) and phase in {"RUNNING", "RECOVERED"}
    return PLAIN["SUCCEEDED"] if never else node


def _scene(node: Node, manner: Manner = USUAL, *, is_once: bool = False) -> _Scene:
    """Return a scene of a node with nothing beside it."""
    return _Scene(_whole(node), manner, _name(node), is_once)


def _whole(node: Node) -> Workflow:
    return nodes.workflow(**{_name(node): node})


def _name(node: Node) -> str:
    return _PARENT if node.below() else "n0"


def _aborted(draw: st.DrawFn, node: Node) -> Workflow:
    """Let a node that never ends be stopped, by somebody or because another one has failed."""
    if draw(RARELY):
        failing = nodes.task(nodes.running(draw(_SECONDS) + 5).fails("it fails"), after=())
        return nodes.workflow(**{_name(node): node}, n1=failing)
    return _whole(node).aborts("stop it", at=draw(_SECONDS) + 5)


def _lasts(draw: st.DrawFn) -> float:
    """Draw how long an attempt takes of which a node shows nothing else."""
    return seconds(draw, _LONGEST // 2)


def _story(draw: st.DrawFn) -> OpenAttempt:
    return opened(draw, _LONGEST, 3)


_ONE: Final = nodes.workflow(n0=PLAIN["SUCCEEDED"])
_FAILING: Final = nodes.workflow(n0=PLAIN["FAILED"])
_UNBOUND: Final = nodes.workflow(
    n1=nodes.task(nodes.immediately.succeeds(xs=[0.5])),
    n0=nodes.task(inputs={"x": nodes.promise("n1.xs[9]")}),
)
"""A node that is promised what there is not, so that it never runs."""
_INSIDE: Final = {"a": PLAIN["SUCCEEDED"]}
_LEAVES: Final[tuple[Node, ...]] = (
    *(PLAIN["SUCCEEDED"],) * 2,
    nodes.array(nodes.immediately.succeeds(), size=2),
    nodes.gate(nodes.immediately.succeeds()),
    nodes.dynamic(nodes.immediately.succeeds()),
    nodes.cached(),
    nodes.sleep(0),
)
_PARENTS: Final[tuple[Node, ...]] = (
    nodes.subworkflow(_INSIDE),
    nodes.dynamic(nodes.immediately.yields(_INSIDE)),
    nodes.branch(_INSIDE),
    nodes.launch_plan(nodes.workflow(**_INSIDE), of="plan-a"),
)
_QUEUED: Final[st.SearchStrategy[Node | None]] = st.sampled_from(
    [*[one for one in _LEAVES if not isinstance(one, nodes.Cached)] * 3, *[None] * 6]
)
"""A node that is queued; None: one that may have others inside."""
_SKIPPING: Final = st.sampled_from(
    [
        nodes.workflow(
            n1=nodes.gate(nodes.immediately.times_out()),
            **{_name(node): replace(node, after=("n1",))},
            n2=nodes.sleep(60, after=()),  # as long as something goes on, the others are skipped
        )
        for node in (*_LEAVES * 4, *_PARENTS)
    ]
)
"""What skips a node of any kind, of which nothing but the kind is seen then."""
_ENDS: Final = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "RECOVERED"})
_ONLY_SAID: Final[Mapping[str, str]] = {"WAITING_FOR_RESOURCES": "waiting"}
_OF_MAPS: Final = frozenset({"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "ABORTED"})
_SECONDS: Final = st.integers(0, 600)
_BEHIND: Final = st.sampled_from((0, 0, 0, 1, 2))
_SELDOM: Final = st.sampled_from((False,) * 7 + (True,))
_MORE: Final = st.sampled_from((0, 0, 1, 3))
