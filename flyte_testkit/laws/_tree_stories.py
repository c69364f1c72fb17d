"""What the laws of trees are tested with: an execution with nodes, and an instant of its play.

Stories shrink towards one task, read when all is over. Ignorant of what the laws make of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from flyte_testkit import nodes
from flyte_testkit.laws import _tree_shapes as shapes
from flyte_testkit.propeller.phases import OUTCOMES
from flyte_testkit.strategies import scripts, timelines
from flyte_testkit.timeline import queued, running, undefined

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.laws._tree_promises import TreePromises
    from flyte_testkit.nodes import Where, Workflow
    from flyte_testkit.timeline import Timeline

    Draw = Callable[..., Any]
    Suite = type[TreePromises]

__all__ = [
    "TreeStory",
    "any_instant",
    "anything",
    "endings",
    "failures",
    "few",
    "flawed",
    "maps",
    "pages",
    "phases",
    "shallow_failures",
    "unfailing",
]

_WHEN: Final = {  # by then most are nearly over
    "instant": st.sampled_from([*[None] * 3, *range(8)]),
    "realistic": st.sampled_from([*[None] * 3, *range(16)]),
}

_LIVES: Final = (
    running(5).fails("no disk"),
    running(5).succeeds(),
    running(5).aborts("enough"),
    running(5).times_out(),
    running(5).never_ends(),
    undefined(5).fails("no such workflow"),
    queued(5).running(5).succeeding(5).succeeds(),
    running(5).failing(5).fails("no disk"),
    running(5).aborting(5).aborts("enough"),
)
"""The ways in which executions live and end, whatever becomes of their nodes."""


@dataclass(frozen=True)
class TreeStory:
    """What is read, and when.

    Attributes:
        script: What the execution does.
        events: How many instants at which something happens are past when it is read; None: all.
        again: What the run does that recovers the one of the script, and is read in its place; None
            if none does.
        pace: How long the engine takes for what takes it time by itself.
    """

    script: Workflow | Timeline
    events: int | None = None
    again: Where | None = None
    pace: str = "instant"


def _read_when_over(scripts: st.SearchStrategy[Any]) -> st.SearchStrategy[TreeStory]:
    return st.builds(TreeStory, scripts)


def failures(suite: Suite) -> st.SearchStrategy[TreeStory]:  # noqa: ARG001  stories are of a class
    """Generate executions of which a node failed, at any depth, read when all is over."""
    return _read_when_over(shapes.failing_trees())


def shallow_failures(suite: Suite) -> st.SearchStrategy[TreeStory]:  # noqa: ARG001  likewise
    """Generate executions of which a node failed that is not far down, read when all is over."""
    return _read_when_over(shapes.failing_trees(depth=1))


def maps(suite: Suite) -> st.SearchStrategy[TreeStory]:  # noqa: ARG001  likewise
    """Generate executions of which a map failed, and some others, read when all is over."""
    others = shapes.failing_trees(depth=0)
    return _read_when_over(st.one_of(shapes.failing_maps(), shapes.failing_maps(), others))


def pages(suite: Suite) -> st.SearchStrategy[TreeStory]:  # noqa: ARG001  likewise
    """Generate executions with more nodes than a page holds: few, since each costs many calls."""
    return _read_when_over(shapes.many_nodes())


def endings(suite: Suite) -> st.SearchStrategy[TreeStory]:  # noqa: ARG001  likewise
    """Generate executions that end in each way there is, or never, read when all is over."""
    trees = shapes.stopped_trees(), shapes.failing_trees(depth=0)
    lives = st.sampled_from(_LIVES), _timelines()
    return st.one_of(*map(_read_when_over, (*lives, *trees)), _recovered())


@st.composite
def phases(draw: Draw, suite: Suite) -> TreeStory:
    """Generate executions in each phase that they can be in, if the code may be called then."""
    trees = shapes.clean_ups(), shapes.sound_trees()
    story = TreeStory(draw(st.one_of(st.sampled_from(_LIVES), _timelines(), *trees)))
    if not suite.while_it_runs:
        return story
    return replace(story, events=draw(st.sampled_from([None, 0, 1, 2, 3])))


@st.composite
def any_instant(draw: Draw, suite: Suite) -> TreeStory:
    """Generate executions of all kinds, read at any instant, if the code may be called then."""
    trees = (
        shapes.failing_trees(depth=2),
        shapes.sound_trees(),
        shapes.stopped_trees(),
        shapes.clean_ups(),
        *[shapes.families()] * 2,
        scripts(nodes=True, max_nodes=3, max_depth=2, max_seconds=60, max_steps=2),
        st.sampled_from(_LIVES),
    )
    story = draw(st.one_of(*map(_read_when_over, trees), _recovered()))
    return _at_an_instant(draw, suite, story)


def anything(suite: Suite) -> st.SearchStrategy[TreeStory]:
    """Generate what ``any_instant`` does, and more that never ends: nobody should wait for that."""
    endless = TreeStory(running(5).never_ends())
    return st.one_of(*[any_instant(suite)] * 7, st.just(endless))


@st.composite
def flawed(draw: Draw, suite: Suite) -> TreeStory:
    """Generate executions that a broken server shows: what it tells of a node is not the truth."""
    story: TreeStory = draw(_read_when_over(shapes.flawed_trees()))
    if not suite.while_it_runs:
        return story
    return replace(story, events=draw(_WHEN["instant"]))


@st.composite
def unfailing(draw: Draw, suite: Suite) -> TreeStory:
    """Generate executions of which no node has failed, or none has yet."""
    trees = shapes.sound_trees(), shapes.stopped_trees(), shapes.failing_trees(depth=1)
    story = draw(st.one_of(*map(_read_when_over, trees), _recovered()))
    return _at_an_instant(draw, suite, story)


@st.composite
def few(draw: Draw, suite: Suite) -> TreeStory:
    """Generate some simple executions, in each phase that they can be in."""
    script = draw(shapes.clean_ups())
    events = st.sampled_from([None, 1, 2] if suite.while_it_runs else [None])
    return TreeStory(script, events=draw(events))


def _timelines() -> st.SearchStrategy[Timeline]:
    return timelines(max_seconds=60, max_steps=3, outcomes=(*OUTCOMES, None))


@st.composite
def _recovered(draw: Draw) -> TreeStory:
    """Generate runs that recover one that failed: they end well, or have still to."""
    again = draw(st.sampled_from([nodes.where(), nodes.where().others(running(600).succeeds())]))
    return TreeStory(draw(shapes.recoverable_trees()), again=again)


def _at_an_instant(draw: Draw, suite: Suite, story: TreeStory) -> TreeStory:
    """Draw when it is read; an engine that takes its time shows more of what is in between."""
    if not suite.while_it_runs:
        return story
    pace = draw(st.sampled_from(["instant", "realistic"]))
    return replace(story, events=draw(_WHEN[pace]), pace=pace)
