"""What the laws of trees are tested with: an execution with nodes, and an instant of its play.

Stories shrink towards one task, read when all is over. Ignorant of what the laws make of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flyte_testkit import nodes
from flyte_testkit.laws import _tree_shapes as shapes
from flyte_testkit.propeller.phases import OUTCOMES
from flyte_testkit.strategies import timelines
from flyte_testkit.timeline import running

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
    "maps",
    "pages",
    "unfailing",
]

_EVENTS = 12
"""After so many instants at which something happens most trees are over."""


@dataclass(frozen=True)
class TreeStory:
    """What is read, and when.

    Attributes:
        script: What the execution does.
        events: How many instants at which something happens are past when it is read; None: all.
        again: What the run does that recovers the one of the script, and is read in its place; None
            if none does.
    """

    script: Workflow | Timeline
    events: int | None = None
    again: Where | None = None


def failures(suite: Suite) -> st.SearchStrategy[TreeStory]:  # noqa: ARG001  stories are of a class
    """Generate executions of which a node failed, read when all is over."""
    return st.builds(TreeStory, shapes.failing_trees())


def maps(suite: Suite) -> st.SearchStrategy[TreeStory]:  # noqa: ARG001  likewise
    """Generate executions of which a map failed, and some others, read when all is over."""
    return st.builds(TreeStory, st.one_of(shapes.failing_maps(), shapes.failing_trees()))


def pages(suite: Suite) -> st.SearchStrategy[TreeStory]:  # noqa: ARG001  likewise
    """Generate executions with more nodes than a page holds: few, since each costs many calls."""
    return st.builds(TreeStory, shapes.many_nodes())


def endings(suite: Suite) -> st.SearchStrategy[TreeStory]:  # noqa: ARG001  likewise
    """Generate executions that end in each way there is, or never, read when all is over."""
    lives = timelines(max_seconds=60, max_steps=2, outcomes=(*OUTCOMES, None))
    trees = (shapes.failing_trees(), shapes.stopped_trees(), shapes.sound_trees())
    return st.one_of(st.builds(TreeStory, st.one_of(lives, *trees)), recovered())


@st.composite
def any_instant(draw: Draw, suite: Suite) -> TreeStory:
    """Generate executions that are read at any instant, if the code may be called then."""
    story = draw(endings(suite))
    if not suite.while_it_runs:
        return story
    return replace(story, events=draw(st.one_of(st.none(), st.integers(0, _EVENTS))))


@st.composite
def unfailing(draw: Draw, suite: Suite) -> TreeStory:
    """Generate executions of which no node has failed: it ended well, was stopped, or runs on."""
    sound = st.builds(TreeStory, st.one_of(shapes.stopped_trees(), shapes.sound_trees()))
    story = draw(st.one_of(sound, recovered()))
    if not suite.while_it_runs:
        return story
    return replace(story, events=draw(st.one_of(st.none(), st.integers(0, _EVENTS))))


@st.composite
def recovered(draw: Draw) -> TreeStory:
    """Generate runs that recover one that failed: they end well, or have still to."""
    again = draw(st.sampled_from([nodes.where(), nodes.where().others(running(600).succeeds())]))
    return TreeStory(draw(shapes.recoverable_trees()), again=again)
