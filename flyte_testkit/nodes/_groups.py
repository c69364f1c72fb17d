"""Nodes that have nodes inside: sub-workflows, and branches.

Ignorant of what they are inside of.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, final

from flyte_testkit.errors import TimelineError
from flyte_testkit.nodes import _text
from flyte_testkit.nodes._inside import (
    FailureNode,
    Inside,
    check_inside,
    check_promises,
    failure_node,
    inside,
    with_failure_node,
)
from flyte_testkit.nodes._node import After, Node, named_after, once
from flyte_testkit.nodes._values import Named, Values
from flyte_testkit.timeline._endings import succeeds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flyte_testkit.nodes._promise import Promise

__all__ = ["Branch", "Subworkflow", "branch", "subworkflow"]

_OPTIONS = ("after",)


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Subworkflow(Node):
    """A node that is a workflow of its own; :func:`subworkflow` makes it.

    Attributes:
        nodes: The nodes inside, as they are written.
        failure_node: Its failure node, with its name.
        outputs: What it gives; None: what those give that nobody comes after.
        after: The names of the nodes that it comes after; None is all that are written before it.
    """

    nodes: Inside = field(default_factory=Named)
    failure_node: FailureNode | None = None
    outputs: Values | None = None

    def __post_init__(self) -> None:
        """Refuse what no engine does."""
        what = "nodes.subworkflow(…)"
        keep = object.__setattr__
        keep(self, "after", named_after(self.after, what))
        keep(self, "nodes", check_inside(self.nodes, what))
        if not self.nodes:
            raise TimelineError(
                f"{what} has no nodes; FlyteAdmin refuses an empty workflow."
                "\nWrite nodes.subworkflow(fit=nodes.task(…))."
            )
        if self.failure_node is not None:
            told = dict([self.failure_node])
            keep(self, "failure_node", failure_node(told, self.nodes, f"{what}.on_failure(…)"))
        if self.outputs is not None:
            keep(self, "outputs", Values(self.outputs, f"{what}.succeeds(…)"))
            check_promises(self.outputs, self.nodes, f"{what}.succeeds(…)")

    @property
    def word(self) -> str:
        """How it is written."""
        return "nodes.subworkflow"

    def below(self) -> Mapping[str, Node]:
        """Return the nodes inside of it, and its failure node."""
        return with_failure_node(self.nodes, self.failure_node)

    def on_failure(self, **node: Node) -> Subworkflow:
        """Return it with a failure node, which runs when another one has failed."""
        once("on_failure", self.failure_node)
        found = failure_node(node, self.nodes, "nodes.subworkflow(…).on_failure(…)")
        return replace(self, failure_node=found)

    def succeeds(
        self, mapping: Mapping[str, object] | None = None, /, **outputs: object
    ) -> Subworkflow:
        """Return it with these outputs, values and :func:`promises <promise>`, if it succeeds."""
        once("succeeds", self.outputs)
        return replace(self, outputs=Values(succeeds(mapping, outputs).outputs))

    def _as_code(self) -> str:
        said = _text.arguments(self.nodes, _OPTIONS)
        text = f"nodes.subworkflow({', '.join([*said, *self._after_as_code()])})"
        if self.failure_node is not None:
            text += f".on_failure({', '.join(_text.keywords([self.failure_node]))})"
        if self.outputs is not None:
            text += f".succeeds({_text.outputs(self.outputs)})"
        return text


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Branch(Node):
    """A node that is a conditional; :func:`branch` makes it.

    Attributes:
        nodes: The one arm that is taken, by its name.
        after: The names of the nodes that it comes after; None is all that are written before it.
    """

    nodes: Inside = field(default_factory=Named)

    def __post_init__(self) -> None:
        """Refuse what no engine does."""
        what = "nodes.branch(…)"
        keep = object.__setattr__
        keep(self, "after", named_after(self.after, what))
        keep(self, "nodes", check_inside(self.nodes, what, is_branch=True))
        if len(self.nodes) != 1:
            arms = f"{len(self.nodes)} of them are named" if self.nodes else "none is named"
            raise TimelineError(
                f"{what}: a conditional takes one arm, and {arms}."
                "\nName the arm that is taken: nodes.branch(retrain=nodes.task(…))."
            )

    @property
    def word(self) -> str:
        """How it is written."""
        return "nodes.branch"

    @property
    def arm(self) -> tuple[str, Node]:
        """The arm that is taken, with its name."""
        ((name, node),) = self.nodes.items()
        return name, node

    def promises(self) -> Iterator[Promise]:
        """Yield what nodes beside it shall give to its arm."""
        yield from self.arm[1].promises()

    def below(self) -> Mapping[str, Node]:
        """Return the arm."""
        return self.nodes

    def _as_code(self) -> str:
        said = _text.arguments(self.nodes, _OPTIONS)
        return f"nodes.branch({', '.join([*said, *self._after_as_code()])})"


def subworkflow(
    mapping: Mapping[str, Node] | None = None, /, *, after: After = None, **nodes: Node
) -> Subworkflow:
    """Return a node that is a workflow of its own.

    Args:
        mapping: Nodes by name, for names that are no Python identifiers, or that are ``after``.
        after: The names of the nodes it comes after: one, several, or ``()`` for none. Left out, it
            comes after all that are written before it.
        **nodes: The nodes inside, each after all that are written before it, unless its ``after=``
            says otherwise.

    Raises:
        TimelineError: No engine would do so.

    Example:
        >>> from flyte_testkit import nodes, running
        >>> nodes.subworkflow(fit=nodes.task(running(600).succeeds()), test=nodes.task())
        nodes.subworkflow(fit=nodes.task(running(600).succeeds()), test=nodes.task())
    """
    what = "nodes.subworkflow(…)"
    return Subworkflow(
        nodes=Named(inside(mapping, nodes, what).items()),
        after=named_after(after, what),
    )


def branch(
    mapping: Mapping[str, Node] | None = None, /, *, after: After = None, **arm: Node
) -> Branch:
    """Return a node that is a conditional, with the arm that is taken.

    On a registered workflow the values decide, and an arm that they do not take is refused.

    Args:
        mapping: The arm by its name, if that is no Python identifier, or is ``after``.
        after: The names of the nodes it comes after: one, several, or ``()`` for none. Left out, it
            comes after all that are written before it.
        **arm: The one arm.

    Raises:
        TimelineError: No engine would do so.

    Example:
        >>> from flyte_testkit import nodes, running
        >>> nodes.branch(retrain=nodes.task(running(600).succeeds()), after="evaluate")
        nodes.branch(retrain=nodes.task(running(600).succeeds()), after='evaluate')
    """
    what = "nodes.branch(…)"
    return Branch(nodes=Named(inside(mapping, arm, what).items()), after=named_after(after, what))
