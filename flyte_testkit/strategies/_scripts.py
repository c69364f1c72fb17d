"""Scripts: all that a launch route plays.

Ignorant of who plays them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit.errors import suggests_keywords
from flyte_testkit.propeller.phases import OUTCOMES as ENDS
from flyte_testkit.strategies._arguments import at_least, check_bool, choose
from flyte_testkit.strategies._timelines import ENDINGS, checked
from flyte_testkit.strategies._wholes import OUTCOMES, wholes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from flyte_testkit.nodes import Workflow
    from flyte_testkit.timeline import Outcome, Timeline

__all__ = ["scripts"]


class _Function:
    """A script that is a function of the launch, and prints as the lambda to write."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline

    def __call__(self, launch: object) -> Timeline:  # noqa: ARG002  called as a lambda of it
        return self.timeline

    def __repr__(self) -> str:
        return f"lambda launch: {self.timeline!r}"


@overload
def scripts(
    *,
    max_seconds: float = ...,
    max_steps: int = ...,
    outcomes: Collection[Outcome | None] = ...,
    outputs: st.SearchStrategy[Mapping[str, object]] | None = ...,
    any_order: bool = ...,
    max_polls: int = ...,
    nodes: Literal[False] = ...,
    max_nodes: int = ...,
    max_depth: int = ...,
) -> st.SearchStrategy[Timeline | Callable[[Any], Timeline]]: ...
@overload
def scripts(
    *,
    max_seconds: float = ...,
    max_steps: int = ...,
    outcomes: Collection[Outcome | None] = ...,
    outputs: st.SearchStrategy[Mapping[str, object]] | None = ...,
    any_order: Literal[False] = ...,
    max_polls: Literal[0] = ...,
    nodes: Literal[True],
    max_nodes: int = ...,
    max_depth: int = ...,
) -> st.SearchStrategy[Workflow]: ...
@suggests_keywords
def scripts(  # noqa: PLR0913  keywords, each of them of one script
    *,
    max_seconds: float = 3600,
    max_steps: int = 4,
    outcomes: Collection[Outcome | None] = ENDS,
    outputs: st.SearchStrategy[Mapping[str, object]] | None = None,
    any_order: bool = False,
    max_polls: int = 0,
    nodes: bool = False,
    max_nodes: int = 3,
    max_depth: int = 2,
) -> st.SearchStrategy[Timeline | Callable[[Any], Timeline] | Workflow]:
    """Generate what a launch route plays: timelines and functions that return one, or trees.

    A route takes several, one for each launch: ``lists(scripts(), min_size=1)`` and then
    ``.plays(*drawn)``. Functions print as the ``lambda`` to write.

    With ``nodes=True`` they are trees of :mod:`nodes <flyte_testkit.nodes>` instead: tasks with
    attempts in all phases and with all kinds of failures, dynamics, maps, sub-workflows, branches,
    gates, sleeps, caches, failure nodes, and launch plans with what they do. All trees that are
    planted for one name are of one workflow, which drawn ones are not: give each a name or a server
    of its own.

    Shrinks to ``immediately.succeeds()``, or to one task that does so.

    Args:
        max_seconds: When the ending comes at the latest. A test waits that long on its clock; what
            is terminated takes half a second more.
        max_steps: The most phases before the ending; of a tree, those of each attempt.
        outcomes: As of :func:`timelines`. No tree is ``"TIMED_OUT"``.
        outputs: Draws the outputs of those that succeed, by name; none by default, or what a
            tree's last nodes give.
        any_order: As of :func:`timelines`; there are no such trees.
        max_polls: As of :func:`timelines`; there are no such trees.
        nodes: Whether to draw trees of nodes.
        max_nodes: The most nodes of a workflow in a tree, beside its start and end.
        max_depth: How many levels of nodes there may be below the top of a tree; what a launch plan
            does counts.

    Raises:
        InvalidArgument: As for :func:`timelines`, or no tree is so.

    Example:
        >>> from hypothesis import find
        >>> find(scripts(), callable)
        lambda launch: immediately.succeeds()
        >>> from hypothesis import given
        >>> @given(scripts(nodes=True, max_nodes=2))
        ... def test_has_two_nodes_at_most(tree):
        ...     assert len(tree.nodes) <= 2
    """
    check_bool("scripts", "nodes", nodes)
    at_least("scripts", "max_nodes", max_nodes, 1)
    at_least("scripts", "max_depth", max_depth, 0)
    drawn = checked("scripts", max_seconds, max_steps, outcomes, outputs, any_order, max_polls)
    if not nodes:
        return st.one_of(drawn, _functions(drawn))
    if any_order or max_polls:
        said = "any_order=True" if any_order else f"max_polls={max_polls}"
        raise InvalidArgument(
            f"scripts(nodes=True, {said}): nodes come in their order, and by the clock."
            "\nLeave it out."
        )
    ends = tuple(one for one in choose("scripts", "outcomes", outcomes, ENDINGS) if one in OUTCOMES)
    if not ends:
        raise InvalidArgument(
            f"scripts(nodes=True, outcomes={outcomes!r}): no engine lets an execution with nodes be"
            " TIMED_OUT: it has FAILED if a node has timed out.\nWrite outcomes=['FAILED']."
        )
    return wholes(
        max_nodes=max_nodes,
        max_depth=max_depth,
        max_seconds=max_seconds,
        max_steps=max_steps,
        outcomes=ends,
        outputs=outputs,
    )


@st.composite
def _functions(draw: st.DrawFn, drawn: st.SearchStrategy[Timeline]) -> Callable[[Any], Timeline]:
    return _Function(draw(drawn))
