"""Nodes as they are now: what a test asserts on.

A :class:`NodeRun` remembers which node it is, and nothing that becomes of it: each look is a new
question. Ignorant of scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flyteidl.core.execution_pb2 import NodeExecution, WorkflowExecution

from flyte_testkit import literals
from flyte_testkit.admin.database import enums
from flyte_testkit.errors import FlyteTestkitError, NoSuchNode, close_names, cut, shown
from flyte_testkit.inside._graph import Graph, short
from flyte_testkit.inside._siblings import Siblings, ways
from flyte_testkit.inside._values import (
    AttemptRun,
    ItemRun,
    RunError,
    duration_of,
    error_of,
    moment,
    started_at,
    told,
)
from flyte_testkit.nodes._names import same
from flyte_testkit.propeller.phases import NODE_OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.admin import execution_pb2, node_execution_pb2

    from flyte_testkit.inside._reader import Reader

__all__ = ["AttemptRun", "ItemRun", "NodeRun", "NodeRuns", "RunError"]

_FAILED = {"FAILED", "FAILING", "TIMED_OUT"}
_LISTED, _LETTERS = 20, 300  # names in a message, and how long they may be


class NodeRun:
    """A node of an execution.

    Attributes:
        id: The unique id, as ``"n0-0-n1"``.
        spec_id: The id in the workflow that it stands in, as ``"n1"``.
        name: What that workflow calls it, without the module: ``"fit"``; else its id there.
        full_name: The same with all that stands before it: ``"flows.fit"``.
        path: The names from the top, with points between: ``"train.fit"``.
        retry_group: Which attempt of its parent it belongs to, as Flyte writes it: from ``"0"``;
            empty at the top.
        is_parent: Whether nodes stood inside of it when it was looked up.
    """

    def __init__(
        self,
        reader: Reader,
        listed: node_execution_pb2.NodeExecution,
        beside: NodeRuns,
        graph: Graph,
    ) -> None:
        self._reader = reader
        self._beside = beside
        self._graph = graph
        self.id: str = listed.id.node_id
        self.spec_id: str = listed.metadata.spec_node_id or self.id
        self.full_name: str = graph.name(self.spec_id) or self.spec_id
        self.name: str = short(self.full_name)
        self.retry_group: str = listed.metadata.retry_group
        self.is_parent: bool = listed.metadata.is_parent_node or listed.metadata.is_dynamic
        self._launches = graph.launches(self.spec_id)
        self._is_map: bool = listed.metadata.is_array
        self.path: str = self.name  # its siblings know better

    @property
    def closure(self) -> node_execution_pb2.NodeExecutionClosure:
        """The closure as a client would read it now."""
        return self._reader.node(self.id).closure

    @property
    def phase(self) -> str:
        """The phase as a client would read it now, by name."""
        return enums.column(NodeExecution.Phase, self.closure.phase)

    @property
    def attempts(self) -> tuple[AttemptRun, ...]:
        """The attempts of its task, the first one first; none where there is no task."""
        listed = self._reader.attempts(self.id)
        return tuple(AttemptRun.of(self._reader.attempt(each)) for each in listed)

    @property
    def items(self) -> tuple[ItemRun, ...]:
        """The items of a map, by their index; none of any other node."""
        attempts = self._reader.attempts(self.id) if self._is_map else ()
        return ItemRun.all_of(map(self._reader.attempt, attempts))

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs as Python values; none where nothing was written, or it is too large."""
        data = self._reader.data(self.id)
        return {} if data is None else literals.python_values(data.full_inputs)

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs as Python values; none where nothing was written, or it is too large."""
        data = self._reader.data(self.id)
        return {} if data is None else literals.python_values(data.full_outputs)

    @property
    def error(self) -> RunError | None:
        """Why it failed, timed out or was stopped; None if nothing of it is known.

        It is what the node itself says. A node that failed and says nothing, as one whose task made
        a deck does in life, has the error of its last attempt here.
        """
        closure = self.closure
        own = error_of(closure)
        if own is None and enums.column(NodeExecution.Phase, closure.phase) in _FAILED:
            return next((last.error for last in self.attempts[-1:]), None)
        return own

    @property
    def created_at(self) -> datetime | None:
        """When it was first told of."""
        return moment(self.closure.created_at)

    @property
    def started_at(self) -> datetime | None:
        """When it began to run; None if it did not."""
        return started_at(self.closure)

    @property
    def duration(self) -> float | None:
        """How many seconds it ran; None before its end, and if it never ran."""
        return duration_of(self.closure)

    @property
    def updated_at(self) -> datetime | None:
        """When it last came into another phase."""
        return moment(self.closure.updated_at)

    @property
    def execution(self) -> execution_pb2.Execution | None:
        """The execution that it has launched, as a client would read it now; None of others."""
        reader = self._launched()
        return None if reader is None else reader.execution()

    @property
    def nodes(self) -> NodeRuns:
        """The nodes inside of a sub-workflow, a branch or a dynamic task, by name.

        Of a node that has launched a launch plan they are those of that execution.
        """
        launched = self._launched()
        if launched is not None:
            return NodeRuns(launched, prefix=f"{self.path}.")
        return NodeRuns(self._reader, self)

    def _launched(self) -> Reader | None:
        if not self._launches:
            return None
        closure = self.closure
        if not closure.HasField("workflow_node_metadata"):
            return None
        return self._reader.beside(closure.workflow_node_metadata.executionId)

    @property
    def parent(self) -> NodeRun | None:
        """The node that it is inside of; None at the top."""
        return self._beside.parent

    def inside(self) -> Graph:
        """Return how what is inside is called."""
        graph = self._graph.below(self.spec_id)
        return graph if graph.nodes else Graph.of(self._reader.yielded(self.id))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NodeRun):
            return NotImplemented
        return self.id == other.id and self._reader.of == other._reader.of

    def __hash__(self) -> int:
        return hash((self.id, self._reader.of.name))

    def __repr__(self) -> str:
        also = "" if self.id == self.path else f" ({self.id})"
        return f"<node {self.path!r}{also}: {self._told()}>"

    def _told(self) -> str:
        count = len(self._reader.attempts(self.id))
        return f"{self.phase}{f' in {count} attempts' if count > 1 else ''}{told(self.error)}"


class NodeRuns(Mapping[str, NodeRun]):
    """The nodes at the top of an execution, or inside of a node, by name.

    A name is what the workflow calls the node, its id there, or its unique id; ``_`` stands for
    ``-``. Names with points between lead inside: ``nodes["train.fit"]``. Iterating yields the names
    in the order in which the nodes began; the nodes that every workflow begins and ends with,
    ``"start-node"`` and ``"end-node"``, are found by name alone.

    Raises:
        NoSuchNode: A :class:`KeyError`; there is no such node (yet).
        FlyteTestkitError: A name means several nodes.
    """

    def __init__(self, reader: Reader, parent: NodeRun | None = None, *, prefix: str = "") -> None:
        self._reader = reader
        self._prefix = prefix if parent is None else f"{parent.path}."
        self.parent = parent

    def __getitem__(self, name: str) -> NodeRun:
        if not isinstance(name, str):
            raise TypeError(f"a node is called by a text, not {shown(name)}: 'train', 'train.fit'.")
        try:
            return self.found(name)
        except NoSuchNode as missing:
            called_so: list[str] = []
            for run in self.everywhere():
                if run.id == name:
                    return run
                if same(run.name) == same(name):
                    called_so.append(repr(run.path))
            if not called_so:
                raise
            inside = " and ".join(called_so[:_LISTED])
            raise NoSuchNode(f"{missing}\nFurther inside there is {inside}.") from None

    def __iter__(self) -> Iterator[str]:
        siblings = self._siblings()
        return (siblings.key(run) for run in siblings.own)

    def __len__(self) -> int:
        return len(self._siblings().own)

    def values(self) -> list[NodeRun]:  # type: ignore[override]  # read once, not name by name
        """Return the nodes, in the order in which they began."""
        return self._siblings().own

    def failed(self) -> list[NodeRun]:
        """Return those that failed; an end-node does if it is bound to what nobody gave."""
        return [run for run in self._siblings().all if run.phase in _FAILED]

    def items(self) -> list[tuple[str, NodeRun]]:  # type: ignore[override]  # likewise
        """Return the nodes with their names, in the order in which they began."""
        siblings = self._siblings()
        return [(siblings.key(run), run) for run in siblings.own]

    def __repr__(self) -> str:
        lines = [f"  {run!r}" for run in self.values()]
        return (
            f"<{len(lines)} node{'s' * (len(lines) != 1)} inside {self._whose()}"
            + "".join(f"\n{line}" for line in lines)
            + ">"
        )

    def _siblings(self) -> Siblings[NodeRun]:
        """Ask for all nodes here, those among them that come by themselves."""
        parent = self.parent
        listed = self._reader.below("" if parent is None else parent.id)
        if not listed:
            return Siblings((), {})
        graph = Graph.of(self._reader.workflow()) if parent is None else parent.inside()
        places = {spec_id: place for place, spec_id in enumerate(graph.nodes)}

        def beginning(run: NodeRun) -> tuple[int, int, int, str]:
            """Say when it began; of one instant those that are written first come first."""
            place = places.get(run.spec_id, len(places))
            return began[run.id], place, len(run.id), run.id

        began = {each.id.node_id: each.closure.created_at.ToNanoseconds() for each in listed}
        runs = [NodeRun(self._reader, each, self, graph) for each in listed]
        written = {spec_id: graph.name(spec_id) for spec_id in graph.nodes}
        siblings = Siblings(sorted(runs, key=beginning), written)
        for run in siblings.all:
            run.path = self._prefix + siblings.key(run)
        return siblings

    def found(self, name: str) -> NodeRun:
        """Return a node by its name or path, from here downward."""
        siblings = self._siblings()
        if run := self._meant(name, siblings):
            return run
        for head, tail in ways(name):
            if run := self._meant(head, siblings):
                return run.nodes.found(tail)
        raise NoSuchNode(self._no_such(name, siblings))

    def _meant(self, name: str, siblings: Siblings[NodeRun]) -> NodeRun | None:
        meant = siblings.meant(name)
        if len(meant) < 2:
            return next(iter(meant.values()), None)
        ids = [spec_id if run is None else run.id for spec_id, run in meant.items()]
        raise FlyteTestkitError(
            f"{name!r} means {len(ids)} nodes inside {self._whose()}: "
            f"{' and '.join(map(repr, ids[:_LISTED]))}.\nAsk by the id."
        )

    def everywhere(self) -> Iterator[NodeRun]:
        """Yield all nodes at whatever depth, those that come by themselves among them.

        Those of other executions are not among them, which have the same ids again.
        """
        for run in self._siblings().all:
            yield run
            if run.execution is None:
                yield from run.nodes.everywhere()

    def _whose(self) -> str:
        return repr(self._reader.of.name if self.parent is None else self.parent.path)

    def _no_such(self, name: str, siblings: Siblings[NodeRun]) -> str:
        """Say what is true of a node that was asked for in vain: it may not have begun."""
        there = [siblings.key(run) for run in siblings.own]
        whose, phase = self._whose(), self._phase()
        graph = Graph.of(self._reader.workflow()) if self.parent is None else self.parent.inside()
        coming = [called for id_ in graph.nodes for called in (short(graph.name(id_)), id_)]
        if name and same(name) in map(same, coming):
            verb = "never began" if phase in NODE_OUTCOMES else "has not begun yet"
            finding = f"{shown(name)} {verb} inside {whose}, which is {phase}."
        else:
            near = close_names(name, [*there, *filter(None, coming)])
            finding = f"there is no node {shown(name)} inside {whose}, which is {phase}.{near}"
        return f"{finding}\n{self._what_there_is(there)}"

    def _phase(self) -> str:
        """Return the phase of what these are inside of."""
        if self.parent is not None:
            return self.parent.phase
        run = self._reader.execution()
        return enums.column(WorkflowExecution.Phase, 0 if run is None else run.closure.phase)

    def _what_there_is(self, there: list[str]) -> str:
        if there:
            more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
            return f"There is {cut(', '.join(map(repr, there[:_LISTED])), _LETTERS)}{more}."
        if self.parent is not None:
            return "There is nothing inside of it."
        return (
            "Nothing has begun inside of it. Script it with nodes.workflow(…), or with "
            "nodes.where(…) if the workflow is registered: a plain timeline says nothing of nodes."
        )
