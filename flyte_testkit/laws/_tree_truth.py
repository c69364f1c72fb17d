"""What is true of an execution and its nodes now: what the code under test is held against.

It is read off what the fake FlyteAdmin has, as tests read it. Ignorant of the code under test.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from flyte_testkit.laws._tree_names import Meant, Step, spellings
from flyte_testkit.nodes._names import FAILURE_NODE
from flyte_testkit.propeller.phases import NODE_OUTCOMES, OUTCOMES
from flyte_testkit.propeller.places import END, START

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flyte_testkit.inside import AttemptRun, NodeRun, NodeRuns, RunError
    from flyte_testkit.launches import Launch

__all__ = ["TrueNode", "Truth"]

_FAILED: Final = {"FAILED", "FAILING", "TIMED_OUT"}


class TrueNode:
    """What is true of one node.

    Args:
        run: The node as a client would read it.
        way: How one comes to it, from the top; the node itself is last.
        is_group: Whether other nodes are inside of it, or in the execution that it launched.
    """

    def __init__(self, run: NodeRun, way: tuple[Step, ...], *, is_group: bool) -> None:
        self.run = run
        self.way = way
        self.is_group = is_group

    @property
    def id(self) -> str:
        """The unique id."""
        return self.run.id

    @property
    def name(self) -> str:
        """The name."""
        return self.run.name

    @property
    def path(self) -> str:
        """The path, as ``"train.fit"``."""
        return self.run.path

    @property
    def is_failure_node(self) -> bool:
        """Whether it runs because another one failed."""
        return self.run.spec_id == FAILURE_NODE

    @property
    def comes_by_itself(self) -> bool:
        """Whether it is one of those that every workflow begins and ends with."""
        return self.run.spec_id in {START, END}

    @cached_property
    def phase(self) -> str:
        """The phase by name."""
        return self.run.phase

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.phase in NODE_OUTCOMES

    @property
    def has_failed(self) -> bool:
        """Whether it failed, or its time was up."""
        return self.phase in _FAILED

    @cached_property
    def counts(self) -> frozenset[int]:
        """How many attempts it has made; of a map also how many one of its items made at most."""
        made = [item.attempts for item in self.run.items]
        return frozenset({len(self._attempts), *([max(made)] if made else [])})

    @cached_property
    def items(self) -> frozenset[int]:
        """Which items of a map failed."""
        return frozenset(item.index for item in self.run.items if item.phase == "FAILED")

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes of its own error, and of that of its last attempt."""
        return frozenset(error.code for error in self._errors if error.code)

    @cached_property
    def messages(self) -> frozenset[str]:
        """Likewise the messages."""
        return frozenset(error.message for error in self._errors if error.message.strip())

    @cached_property
    def names(self) -> frozenset[str]:
        """All that it may be called."""
        return spellings(self.way)

    def is_meant(self, said: Meant) -> bool:
        """Whether an answer may mean this node."""
        if said.identity is not None:
            return said.identity == (self.way[-1].execution, self.id)
        return said.text in self.names

    def __str__(self) -> str:
        also = "" if self.id == self.path else f" ({self.id})"
        return f"{self.path!r}{also}"

    @cached_property
    def _attempts(self) -> tuple[AttemptRun, ...]:
        return self.run.attempts

    @property
    def _errors(self) -> list[RunError]:
        found = [self.run.error, *(attempt.error for attempt in self._attempts[-1:])]
        return [error for error in found if error is not None]


class Truth:
    """What is true of an execution, read when it is asked for: time has to stand still for that.

    Args:
        launch: The execution.
    """

    def __init__(self, launch: Launch) -> None:
        self._launch = launch

    @cached_property
    def phase(self) -> str:
        """The phase by name."""
        return self._launch.phase

    @property
    def outcome(self) -> str | None:
        """How it ended; None if it has not."""
        return self.phase if self.phase in OUTCOMES else None

    @property
    def nodes(self) -> list[TrueNode]:
        """All nodes that somebody wrote, at any depth, those of child executions among them."""
        return [node for node in self._all if not node.comes_by_itself]

    @property
    def others(self) -> list[TrueNode]:
        """The nodes that come by themselves."""
        return [node for node in self._all if node.comes_by_itself]

    @cached_property
    def culprits(self) -> tuple[TrueNode, ...]:
        """The node that made it fail, if one did; several, if each would be a true answer."""
        failing = self._launch.failing
        if failing is None:
            return ()
        return next((_as_true_as(it, self.nodes) for it in self._all if it.run == failing), ())

    @cached_property
    def _all(self) -> list[TrueNode]:
        return list(_walk(self._launch.nodes, (), self._launch.id.name))


def _walk(runs: NodeRuns, above: tuple[Step, ...], execution: str) -> Iterator[TrueNode]:
    for run in runs._siblings().all:  # noqa: SLF001  those that come by themselves among them
        way = (*above, Step(execution, run.id, run.spec_id, run.name, run.full_name))
        launched = run.execution
        inside = execution if launched is None else launched.id.name
        below = list(_walk(run.nodes, way, inside))
        yield TrueNode(run, way, is_group=bool(below))
        yield from below


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
    return culprit, *(leaf for leaf in leaves if leaf.run.updated_at == culprit.run.updated_at)
