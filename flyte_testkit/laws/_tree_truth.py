"""What is true of an execution and its nodes now: what the code under test is held against.

It is read off what the fake FlyteAdmin has, as tests read it. Ignorant of the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flyte_testkit.laws._tree_names import Meant, Step, spellings
from flyte_testkit.nodes._names import FAILURE_NODE
from flyte_testkit.propeller.phases import NODE_OUTCOMES, OUTCOMES
from flyte_testkit.propeller.places import END, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from flyte_testkit.inside import NodeRun, NodeRuns
    from flyte_testkit.launches import Launch

__all__ = ["TrueNode", "Truth", "truth_of"]

_FAILED: Final = {"FAILED", "FAILING", "TIMED_OUT"}


@dataclass(frozen=True, eq=False)
class TrueNode:
    """What is true of one node.

    Attributes:
        way: How one comes to it, from the top; the node itself is last.
        path: Its path, as ``"train.fit"``.
        phase: Its phase by name.
        counts: How many attempts it has made: of a map also how many its items made at most.
        is_group: Whether other nodes are inside of it, or in the execution that it launched.
        is_failure_node: Whether it runs because another one failed.
        changed_at: When it came into its phase.
        codes: The codes of its errors: its own, and that of its last attempt.
        messages: Likewise the messages.
        items: Which items of a map failed.
        names: All that it may be called.
    """

    way: tuple[Step, ...]
    path: str
    phase: str
    counts: frozenset[int]
    is_group: bool
    is_failure_node: bool
    changed_at: datetime | None
    codes: frozenset[str]
    messages: frozenset[str]
    items: frozenset[int]
    names: frozenset[str]

    @property
    def id(self) -> str:
        """The unique id."""
        return self.way[-1].id

    @property
    def name(self) -> str:
        """The name."""
        return self.way[-1].name

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.phase in NODE_OUTCOMES

    @property
    def has_failed(self) -> bool:
        """Whether it failed, or its time was up."""
        return self.phase in _FAILED

    def is_meant(self, said: Meant) -> bool:
        """Whether an answer may mean this node."""
        if said.identity is not None:
            return said.identity == (self.way[-1].execution, self.id)
        return said.text in self.names

    def __str__(self) -> str:
        also = "" if self.id == self.path else f" ({self.id})"
        return f"{self.path!r}{also}"


@dataclass(frozen=True)
class Truth:
    """What is true of an execution.

    Attributes:
        phase: Its phase by name.
        nodes: All nodes that somebody wrote, at any depth, those of child executions among them.
        culprits: The node that made it fail, if one did; several, if each would be a true answer.
        others: What the nodes are called that every workflow begins and ends with.
    """

    phase: str
    nodes: tuple[TrueNode, ...]
    culprits: tuple[TrueNode, ...]
    others: frozenset[str]

    @property
    def outcome(self) -> str | None:
        """How it ended; None if it has not."""
        return self.phase if self.phase in OUTCOMES else None


def truth_of(launch: Launch) -> Truth:
    """Return what is true of an execution now."""
    found = list(_walk(launch.nodes, (), launch.id.name))
    failing = launch.failing
    culprits: tuple[TrueNode, ...] = ()
    wrote = [(run, node) for run, node in found if run.spec_id not in {START, END}]
    nodes = tuple(node for _, node in wrote)
    if failing is not None:
        culprits = next((_as_true_as(node, nodes) for run, node in found if run == failing), ())
    others = (node.names for run, node in found if run.spec_id in {START, END})
    return Truth(launch.phase, nodes, culprits, frozenset().union(*others))


def _walk(
    runs: NodeRuns, above: tuple[Step, ...], execution: str
) -> Iterator[tuple[NodeRun, TrueNode]]:
    for run in runs._siblings().all:  # noqa: SLF001  those that come by themselves among them
        way = (*above, Step(execution, run.id, run.spec_id, run.name, run.full_name))
        launched = run.execution
        inside = execution if launched is None else launched.id.name
        below = list(_walk(run.nodes, way, inside))
        yield run, _true(run, way, is_group=bool(below))
        yield from below


def _true(run: NodeRun, way: tuple[Step, ...], *, is_group: bool) -> TrueNode:
    attempts, items = run.attempts, run.items
    errors = [run.error, *(each.error for each in attempts[-1:])]
    return TrueNode(
        way=way,
        path=run.path,
        phase=run.phase,
        counts=frozenset(
            {len(attempts), *([max(each.attempts for each in items)] if items else [])}
        ),
        is_group=is_group,
        is_failure_node=run.spec_id == FAILURE_NODE,
        changed_at=run.updated_at,
        codes=frozenset(error.code for error in errors if error and error.code),
        messages=frozenset(error.message for error in errors if error and error.message),
        items=frozenset(each.index for each in items if each.phase == "FAILED"),
        names=spellings(way),
    )


def _as_true_as(culprit: TrueNode, nodes: Sequence[TrueNode]) -> tuple[TrueNode, ...]:
    """Return the culprit, and those whose failure is the cause as much as that.

    Of several that failed at one instant it is chance whose error is told; and where the failure
    node has failed as well the execution carries its error, but it was not the first.
    """
    failed = [node for node in nodes if node.has_failed and node is not culprit]
    ways = {node.way[:length] for node in (culprit, *failed) for length in range(1, len(node.way))}
    leaves = [node for node in failed if node.way not in ways]
    if culprit.is_failure_node:
        return culprit, *(leaf for leaf in leaves if not leaf.is_failure_node)
    return culprit, *(leaf for leaf in leaves if leaf.changed_at == culprit.changed_at)
