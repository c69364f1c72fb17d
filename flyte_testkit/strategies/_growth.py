"""How the nodes of one run grow: which of them there are, how each ended, and when.

A *scope* is a workflow, a sub-workflow or the inside of a dynamic: nodes beside each other that
come to one outcome. Whatever happens in it is told from its beginning on, and later things get
later times. Ignorant of the execution above, and of how errors are worded on their way up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2
from hypothesis import strategies as st

from flyte_testkit.propeller.kinds import KINDS, Kind
from flyte_testkit.propeller.places import END, START, Place
from flyte_testkit.propeller.wording import SCOPE_FAILED
from flyte_testkit.strategies import _times
from flyte_testkit.strategies._drawing import RARELY
from flyte_testkit.strategies._errors import ERRORS
from flyte_testkit.strategies._node_errors import (
    aborted,
    item_error,
    node_error,
    recoverable,
    rejected,
    timed_out,
)
from flyte_testkit.strategies._nodes import NodeLife, node_execution
from flyte_testkit.strategies._tasks import Attempt, task_execution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flyteidl.admin import node_execution_pb2, task_execution_pb2

__all__ = ["Fate", "Grower", "Grown", "TreeNode"]

Fate = Literal["SUCCEEDED", "FAILED", "RUNNING", "ABORTED"]

_SHORT: Final = st.integers(1, 120_000).map(lambda milliseconds: milliseconds * 1_000_000)
_SECONDS: Final = st.integers(0, 600)
_RETRIES: Final = st.sampled_from((0, 1, 2))
_BY_NAME: Final = {kind.name: kind for kind in KINDS}
_LEAVES: Final[dict[Fate, tuple[str, ...]]] = {
    "SUCCEEDED": (
        "task",
        "task",
        "cache hit",
        "cached task",
        "map",
        "gate",
        "sleep",
        "launch plan",
    ),
    "FAILED": ("task", "task", "map", "gate", "launch plan"),
    "RUNNING": ("task", "map", "gate", "sleep", "launch plan"),
    "ABORTED": ("task", "map", "gate", "sleep", "launch plan"),
}
_PARENTS: Final = ("sub-workflow", "dynamic", "branch")
_ACTIVE: Final = st.sampled_from(("RUNNING", "QUEUED", "INITIALIZING", "WAITING_FOR_RESOURCES"))


@dataclass(frozen=True)
class TreeNode:
    """A node execution with what hangs on it.

    Attributes:
        node: The node execution.
        tasks: The attempts of its task, in order.
        children: The nodes below it, in the order in which they came to be.
    """

    node: node_execution_pb2.NodeExecution
    tasks: tuple[task_execution_pb2.TaskExecution, ...] = ()
    children: tuple[TreeNode, ...] = ()

    def walk(self) -> Iterator[TreeNode]:
        """Visit this node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Grown:
    """What came of a scope or a node.

    Attributes:
        nodes: The nodes, in the order in which they came to be.
        until: The last moment of which they tell.
        error: Why it failed, as whatever stands above says it.
    """

    nodes: tuple[TreeNode, ...]
    until: int
    error: core.ExecutionError | None = None


@dataclass(frozen=True)
class Grower:
    """Grows the nodes of one execution.

    Attributes:
        draw: What draws.
        execution: The execution.
        max_nodes: The most nodes of a scope, its start and end not counted.
    """

    draw: st.DrawFn
    execution: identifier_pb2.WorkflowExecutionIdentifier
    max_nodes: int

    def scope(
        self,
        place: Callable[[str], Place],
        fate: Fate,
        begin: int,
        depth: int,
        *,
        reason: str,
        siblings: Fate = "ABORTED",
        prefix: str = "n",
    ) -> Grown:
        """Grow the nodes of a workflow.

        Args:
            place: Where the node of a spec id stands.
            fate: What comes of the scope.
            begin: When it begins.
            depth: How many levels may follow below.
            reason: Why those are stopped that are still running when one fails.
            siblings: What comes of those.
            prefix: What spec ids begin with.
        """
        nodes = [self._boundary(place(START), "start", begin)]
        count = self.draw(st.integers(1, self.max_nodes))
        turn = count if fate == "SUCCEEDED" else self.draw(st.integers(0, count - 1))
        cursor = until = begin
        error = None
        for number in range(count):
            beside = self.draw(RARELY)
            if number > turn and not beside:
                continue  # what was not begun leaves no row
            own: Fate = "SUCCEEDED" if number < turn else fate
            if number > turn and fate == "FAILED":
                own = siblings
            if not beside:
                cursor = until
            spec_id = f"{prefix}{number}"
            grown = self.node(place(spec_id), own, cursor, depth, reason=reason, after=until)
            nodes += grown.nodes
            until = max(until, grown.until)
            error = error or grown.error
        if fate == "SUCCEEDED":
            nodes.append(self._boundary(place(END), "end", until))
            until = max(until, _told(nodes[-1]))
        return Grown(tuple(nodes), until, error)

    def node(
        self, place: Place, fate: Fate, begin: int, depth: int, *, reason: str, after: int
    ) -> Grown:
        """Grow one node and what hangs on it.

        Args:
            place: Where it stands.
            fate: What comes of it.
            begin: Before it comes to be.
            depth: How many levels may follow below.
            reason: Why it is stopped, if it is.
            after: Before it is stopped, if it is.
        """
        names = _LEAVES[fate] + (_PARENTS if depth > 0 else ())
        kind = _BY_NAME[self.draw(st.sampled_from(names))]
        created = begin + self.draw(_SHORT)
        if kind.children:
            return self._parent(place, kind, fate, created, depth, reason=reason, after=after)
        if kind.name in {"task", "cached task", "map"}:
            return self._with_attempts(place, kind, fate, created, reason=reason, after=after)
        started = created + self.draw(_SHORT)
        error = None
        if fate == "FAILED":
            error = self.draw(ERRORS)
            if kind.name == "gate":
                error = rejected()
        elif fate == "ABORTED":
            error = aborted(reason)
        return self._leaf(place, kind, fate, (created, started), error=error, after=after)

    def _leaf(
        self,
        place: Place,
        kind: Kind,
        fate: Fate,
        times: tuple[int, int],
        *,
        error: core.ExecutionError | None,
        after: int,
    ) -> Grown:
        created, started = times
        runs = started if kind.runs else None
        ended = started
        if fate != "RUNNING":
            ended = max(started, after if fate == "ABORTED" else 0) + self.draw(_SHORT)
        life = NodeLife(created, runs, ended, ended)
        made = node_execution(self.execution, place, kind, fate, life, error=error)
        return Grown((TreeNode(made),), ended, error if fate == "FAILED" else None)

    def _with_attempts(
        self, place: Place, kind: Kind, fate: Fate, created: int, *, reason: str, after: int
    ) -> Grown:
        retries = 0 if kind.is_array else self.draw(_RETRIES)
        failing = self.draw(ERRORS) if fate == "FAILED" else None
        expired = fate == "FAILED" and retries == 1 and self.draw(st.booleans())
        first = cursor = created + self.draw(_SHORT)
        tasks: list[task_execution_pb2.TaskExecution] = []
        for number in range(retries + 1):
            last = number == retries
            phase = self._attempt_phase(fate, last=last, expired=expired)
            least = after if last and fate == "ABORTED" else cursor
            made, cursor = self._attempt(place, kind, phase, number, cursor, least, failing)
            tasks.append(made)
        error = None if expired else node_error(failing, retries, is_map=kind.is_array)
        deck = fate == "FAILED" and kind.deck and not expired and self.draw(RARELY)
        phase = "TIMED_OUT" if expired else str(fate)
        ended = first if fate == "RUNNING" else cursor
        shown = aborted(reason) if fate == "ABORTED" else error
        if deck:
            shown = None
        life = NodeLife(created, first, ended, ended)
        made_node = node_execution(
            self.execution, place, kind, phase, life, error=shown, deck=deck, attempt=retries
        )
        above = error
        if expired:
            above = timed_out()
        return Grown((TreeNode(made_node, tuple(tasks)),), cursor, above)

    def _attempt_phase(self, fate: Fate, *, last: bool, expired: bool) -> str:
        if expired:
            return "ABORTED"
        if not last:
            return "FAILED"
        return str(self.draw(_ACTIVE)) if fate == "RUNNING" else str(fate)

    def _attempt(
        self,
        place: Place,
        kind: Kind,
        phase: str,
        number: int,
        cursor: int,
        least: int,
        failing: core.ExecutionError | None,
    ) -> tuple[task_execution_pb2.TaskExecution, int]:
        """Grow one attempt, and return when it was last told of."""
        if kind.is_array and phase in {"INITIALIZING", "WAITING_FOR_RESOURCES"}:
            phase = "RUNNING"
        error = None
        if phase == "FAILED":
            error = failing or recoverable()
            if kind.is_array:
                error = item_error(error)
        started = _times.whole_seconds(cursor) + self.draw(_SECONDS) * _times.SECOND
        ended = started + self.draw(_SECONDS) * _times.SECOND
        if kind.is_array:  # the engine's own times
            started, ended = cursor, cursor + ended - started
        if phase == "ABORTED":
            ended = max(ended, least, cursor)
        if phase in {"QUEUED", "INITIALIZING", "WAITING_FOR_RESOURCES"}:
            attempt = Attempt(number, cursor, None, None, cursor)
        elif phase == "RUNNING":
            attempt = Attempt(number, cursor, started, None, max(cursor, started))
        else:
            attempt = Attempt(number, cursor, started, ended, max(cursor, started, ended))
        told = replace(attempt, reported=attempt.reported + self.draw(_SHORT))
        made = task_execution(
            identifier_pb2.NodeExecutionIdentifier(
                node_id=place.node_id, execution_id=self.execution
            ),
            _task_id(self.execution, place),
            place,
            phase,
            told,
            error=error,
            items=2 if kind.is_array else None,
        )
        return made, told.reported

    def _parent(
        self,
        place: Place,
        kind: Kind,
        fate: Fate,
        created: int,
        depth: int,
        *,
        reason: str,
        after: int,
    ) -> Grown:
        tasks: tuple[task_execution_pb2.TaskExecution, ...] = ()
        started = cursor = created + self.draw(_SHORT)
        if kind.is_dynamic:
            made, cursor = self._attempt(place, kind, "SUCCEEDED", 0, cursor, cursor, None)
            tasks = (made,)
        inner = reason if fate == "ABORTED" else SCOPE_FAILED.get(kind.name, reason)
        if kind.name == "branch":
            child = place.below(f"{place.spec_id}-n0")
            grown = self.node(child, fate, cursor, depth - 1, reason=inner, after=after)
        else:
            prefix = "dn" if kind.is_dynamic else "n"
            grown = self.scope(place.below, fate, cursor, depth - 1, reason=inner, prefix=prefix)
        phase = "DYNAMIC_RUNNING" if kind.is_dynamic and fate == "RUNNING" else str(fate)
        ended = started
        if fate != "RUNNING":
            ended = grown.until + self.draw(_SHORT)
        elif kind.is_dynamic:
            ended = cursor
        shown = aborted(reason) if fate == "ABORTED" else grown.error
        life = NodeLife(created, started, ended, ended)
        node = node_execution(self.execution, place, kind, phase, life, error=shown)
        until = max(ended, grown.until)
        return Grown((TreeNode(node, tasks, grown.nodes),), until, grown.error)

    def _boundary(self, place: Place, name: str, begin: int) -> TreeNode:
        """Grow the start or the end of a scope; neither ever runs."""
        kind = _BY_NAME[name]
        created = begin + self.draw(_SHORT) if name == "end" else begin
        life = NodeLife(created, None, created, created)
        return TreeNode(node_execution(self.execution, place, kind, "SUCCEEDED", life))


def _told(node: TreeNode) -> int:
    stamp = node.node.closure.updated_at
    return stamp.seconds * _times.SECOND + stamp.nanos


def _task_id(
    execution: identifier_pb2.WorkflowExecutionIdentifier, place: Place
) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(
        resource_type=identifier_pb2.TASK,
        project=execution.project,
        domain=execution.domain,
        name=f"flows.{place.spec_id}",
        version="v1",
    )
