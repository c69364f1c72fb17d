"""All that happens in an execution: one that is made up, or what is unusual about a real one.

Ignorant of launches, and of what is registered.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, final

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.nodes import _text
from flyte_testkit.nodes._array import Array
from flyte_testkit.nodes._cached import Cached
from flyte_testkit.nodes._groups import Subworkflow
from flyte_testkit.nodes._inside import (
    FailureNode,
    Inside,
    check_inside,
    check_promises,
    deep,
    failure_node,
    with_failure_node,
)
from flyte_testkit.nodes._node import Node, Value, once
from flyte_testkit.nodes._stops import Stop, check_terminated, stop
from flyte_testkit.nodes._stops import as_code as stops_as_code
from flyte_testkit.nodes._task import Task, others
from flyte_testkit.nodes._values import Named, Values
from flyte_testkit.timeline import Attempt, OpenTimeline, Timeline
from flyte_testkit.timeline._endings import succeeds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.nodes.retries import Script
    from flyte_testkit.timeline import Duration

__all__ = ["MOST_NODES", "Where", "Workflow", "where", "workflow"]

MOST_NODES: Final = 100
"""How many nodes FlyteAdmin lets a workflow have, those inside of others aside."""


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Workflow(Value):
    """All that happens in an execution of a workflow that is made up; :func:`workflow` makes it.

    Attributes:
        nodes: The nodes at the top, as they are written.
        beginning: What the execution does before it runs.
        failure_node: The failure node, with its name.
        outputs: What it gives; None: what those give that nobody comes after.
        rest: What tasks do that have no attempts; None: they succeed at once.
        terminated: What a termination leads to; None: nodes go on for half a second, then all stop.
        stop: When somebody terminates it, why and who; None: nobody does by itself.
    """

    nodes: Inside = field(default_factory=Named)
    beginning: OpenTimeline | None = None
    failure_node: FailureNode | None = None
    outputs: Values | None = None
    rest: Attempt | None = None
    terminated: Timeline | None = None
    stop: Stop | None = None

    def __post_init__(self) -> None:
        """Refuse what no engine does."""
        what = "nodes.workflow(…)"
        _check_whole(self, what)
        if not self.nodes:
            raise TimelineError(
                f"{what} has no nodes; FlyteAdmin refuses an empty workflow."
                "\nWrite nodes.workflow(train=nodes.task(…)), or play a plain timeline."
            )
        for name, node in deep(self.below(), made_up=False):
            if isinstance(node, (Task, Array, Cached)) and node.of:
                raise TimelineError(
                    f"{what}: {name!r} says of={node.of!r}, but its task is made up with the"
                    " workflow.\nLeave it out, or register the real workflow; what a dynamic task"
                    " yields may be of a registered one."
                )
        if self.outputs is not None:
            object.__setattr__(self, "outputs", Values(self.outputs, f"{what}.succeeds(…)"))
            check_promises(self.outputs, self.nodes, f"{what}.succeeds(…)")

    def below(self) -> Mapping[str, Node]:
        """Return the nodes at the top, and the failure node."""
        return with_failure_node(self.nodes, self.failure_node)

    def on_failure(self, **node: Node) -> Workflow:
        """Return it with a failure node, which runs when another one has failed."""
        return replace(self, failure_node=_failure_node(self, node, "nodes.workflow(…)"))

    def others(self, script: Script) -> Workflow:
        """Return it with what the one attempt of all tasks does that have no attempts."""
        return replace(self, rest=_rest(self, script))

    def aborts(self, cause: str, /, *, at: Duration, principal: str = "") -> Workflow:
        """Return it terminated by somebody, some time after its launch.

        Args:
            cause: What ``closure.abort_metadata`` says.
            at: How many seconds after the launch; what ends at this very instant has ended.
            principal: Who terminates it.
        """
        once("aborts", self.stop)
        return replace(self, stop=stop(cause, at, principal, "nodes.workflow(…)"))

    def on_terminate(self, script: Timeline | OpenTimeline, /) -> Workflow:
        """Return it with what a termination by somebody else leads to.

        Nodes go on until then, and may win: ``aborting(30)`` stops all of them 30 s later, if there
        is anything left to stop; after ``aborting().never_ends()`` nothing happens any more.
        """
        once("on_terminate", self.terminated)
        return replace(self, terminated=check_terminated(script, "nodes.workflow(…)"))

    def succeeds(
        self, mapping: Mapping[str, object] | None = None, /, **outputs: object
    ) -> Workflow:
        """Return it with these outputs, values and :func:`promises <promise>`, if it succeeds."""
        once("succeeds", self.outputs)
        return replace(self, outputs=Values(succeeds(mapping, outputs).outputs))

    def __repr__(self) -> str:
        said = "" if self.outputs is None else f".succeeds({_text.outputs(self.outputs)})"
        return f"nodes.workflow({_as_code(self)}{said}"


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Where(Value):
    """What is unusual about an execution of a registered workflow; :func:`where` makes it.

    Attributes:
        nodes: The nodes that something is said about.
        beginning: What the execution does before it runs.
        failure_node: What the failure node does, with its name.
        rest: What tasks do that nothing is said about; None: they succeed at once.
        terminated: What a termination leads to; None: nodes go on for half a second, then all stop.
        stop: When somebody terminates it, why and who; None: nobody does by itself.
    """

    nodes: Inside = field(default_factory=Named)
    beginning: OpenTimeline | None = None
    failure_node: FailureNode | None = None
    rest: Attempt | None = None
    terminated: Timeline | None = None
    stop: Stop | None = None

    def __post_init__(self) -> None:
        """Refuse what no engine does, and what the registered workflow says itself."""
        what = "nodes.where(…)"
        _check_whole(self, what)
        for name, node in deep(self.below(), made_up=False):
            if said := _defines(node):
                raise TimelineError(
                    f"{what}: {name!r} says {said[0]}, which the registered workflow says itself."
                    "\nLeave it out, or make up the whole with nodes.workflow(…)."
                )

    def below(self) -> Mapping[str, Node]:
        """Return the nodes at the top, and the failure node."""
        return with_failure_node(self.nodes, self.failure_node)

    def on_failure(self, **node: Node) -> Where:
        """Return it with what the failure node does."""
        return replace(self, failure_node=_failure_node(self, node, "nodes.where(…)"))

    def others(self, script: Script) -> Where:
        """Return it with what the one attempt of all tasks does that nothing is said about."""
        return replace(self, rest=_rest(self, script))

    def aborts(self, cause: str, /, *, at: Duration, principal: str = "") -> Where:
        """Return it terminated by somebody, as :meth:`Workflow.aborts` does."""
        once("aborts", self.stop)
        return replace(self, stop=stop(cause, at, principal, "nodes.where(…)"))

    def on_terminate(self, script: Timeline | OpenTimeline, /) -> Where:
        """Return it with what a termination leads to, as :meth:`Workflow.on_terminate` does."""
        once("on_terminate", self.terminated)
        return replace(self, terminated=check_terminated(script, "nodes.where(…)"))

    def __repr__(self) -> str:
        return f"nodes.where({_as_code(self)}"


def workflow(beginning: OpenTimeline | None = None, /, **nodes: Node) -> Workflow:
    """Return all that happens in an execution of a workflow that is made up.

    Each node comes after all that are written before it, unless its ``after=`` says otherwise.

    Args:
        beginning: What the execution does before it runs, as ``undefined(30)``.
        **nodes: The nodes.

    Raises:
        TimelineError: No engine would do so.

    Example:
        >>> from flyte_testkit import nodes, running, undefined
        >>> nodes.workflow(
        ...     undefined(30),
        ...     extract=nodes.task(running(60).succeeds(rows=1000)),
        ...     train=nodes.task(running(600).fails("no disk")),
        ... ).on_failure(clean_up=nodes.task())
        nodes.workflow(undefined(30), extract=nodes.task(running(60).succeeds(rows=1000)), \
train=nodes.task(running(600).fails('no disk'))).on_failure(clean_up=nodes.task())
    """
    return Workflow(nodes=Named(nodes.items()), beginning=beginning)


def where(beginning: OpenTimeline | None = None, /, **nodes: Node) -> Where:
    """Return what is unusual about an execution of a registered workflow; all else succeeds.

    Nodes inside of others are written inside of them; ``_`` stands for ``-`` in ids.

    Args:
        beginning: What the execution does before it runs, as ``undefined(30)``.
        **nodes: The nodes that something is said about.

    Raises:
        TimelineError: No engine would do so, or the registered workflow says it itself.

    Example:
        >>> from flyte_testkit import nodes, running
        >>> nodes.where(train=nodes.subworkflow(fit=nodes.task(running(9).fails("nan"))))
        nodes.where(train=nodes.subworkflow(fit=nodes.task(running(9).fails('nan'))))
    """
    return Where(nodes=Named(nodes.items()), beginning=beginning)


def _check_whole(whole: Workflow | Where, what: str) -> None:
    keep = object.__setattr__
    _check_beginning(whole.beginning, what)
    if whole.beginning is not None and not whole.beginning.steps:
        keep(whole, "beginning", None)  # immediately
    keep(whole, "nodes", check_inside(whole.nodes, what))
    if len(whole.nodes) > MOST_NODES:
        raise TimelineError(
            f"{what} has {len(whole.nodes)} nodes; FlyteAdmin refuses workflows of more than"
            f" {MOST_NODES}.\nPut some of them into a nodes.subworkflow(…)."
        )
    if whole.failure_node is not None:
        told = dict([whole.failure_node])
        keep(whole, "failure_node", failure_node(told, whole.nodes, f"{what}.on_failure(…)"))
    if whole.rest is not None:
        keep(whole, "rest", others(whole.rest))
    if whole.terminated is not None:
        keep(whole, "terminated", check_terminated(whole.terminated, what))


def _check_beginning(beginning: object, what: str) -> None:
    if beginning is None:
        return
    if isinstance(beginning, Node):
        raise TimelineError(
            f"{what}: {shown(beginning)} has no name.\nWrite {what[:-3]}(train={shown(beginning)})."
        )
    if isinstance(beginning, Timeline):
        raise TimelineError(
            f"{what}: {shown(beginning)} has an ending, but it is the nodes that end a workflow."
            "\nWrite the beginning without one, as undefined(30), or play the timeline alone."
        )
    if not isinstance(beginning, OpenTimeline):
        raise TimelineError(
            f"{what}: {shown(beginning)} is not what an execution does before it runs."
            "\nWrite undefined(30), or leave it out; nodes are given by keyword."
        )
    for step in beginning.steps:
        if step.phase not in ("UNDEFINED", "QUEUED"):
            raise TimelineError(
                f"{what}: {shown(beginning)}: it is {step.phase} by itself, as its nodes make it."
                "\nSay only what it does before: undefined(30), or queued(30)."
            )
        if step.duration is None:
            raise TimelineError(
                f"{what}: {shown(beginning)} has no duration, so no node would ever begin."
                f"\nWrite {step.phase.lower()}(30), or play {step.phase.lower()}().never_ends()."
            )


def _failure_node(whole: Workflow | Where, named: Mapping[str, Node], what: str) -> FailureNode:
    once("on_failure", whole.failure_node)
    return failure_node(named, whole.nodes, f"{what}.on_failure(…)")


def _rest(whole: Workflow | Where, script: object) -> Attempt:
    once("others", whole.rest)
    return others(script)


def _defines(node: Node) -> list[str]:
    """Return what a node says that is a matter of its definition."""
    said = [] if node.after is None else [f"after={node.after!r}"]
    said += node.defines
    if isinstance(node, Subworkflow) and node.outputs is not None:
        said.append(f".succeeds({_text.outputs(node.outputs)})")
    return said


def _as_code(whole: Workflow | Where) -> str:
    said = [] if whole.beginning is None else [repr(whole.beginning)]
    text = ", ".join([*said, *_text.keywords(whole.nodes.items())]) + ")"
    if whole.failure_node is not None:
        text += f".on_failure({', '.join(_text.keywords([whole.failure_node]))})"
    if whole.rest is not None:
        text += f".others({whole.rest.as_argument()})"
    return text + stops_as_code(whole.stop, whole.terminated)
