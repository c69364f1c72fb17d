"""What a tree of nodes makes up, registered: made once for all trees of one shape.

A play adds nothing to it, so all plays of one shape share it. Ignorant of who plays the trees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import project_pb2, task_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit import graphs
from flyte_testkit.admin.database.store import Store
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.children import children
from flyte_testkit.guesses import Guess
from flyte_testkit.nodes import Workflow
from flyte_testkit.strategies._identifiers import EVERY_PROJECT
from flyte_testkit.stubs import Stub

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.message import Message

    from flyte_testkit.admin.database import rows
    from flyte_testkit.admin.database.store import Table
    from flyte_testkit.graphs import Graph, Plan

__all__ = ["LAUNCH_PLAN", "WORKFLOW", "registered"]

_PLACE: Final = ("flytesnacks", "development")
_NAME: Final = "flows.train"
_VERSION: Final = "v1"
_BEFORE: Final = datetime(2023, 12, 31, tzinfo=timezone.utc)

LAUNCH_PLAN: Final = identifier_pb2.Identifier(
    resource_type=identifier_pb2.LAUNCH_PLAN,
    project=_PLACE[0],
    domain=_PLACE[1],
    name=_NAME,
    version=_VERSION,
)
"""What is launched, whatever the tree."""
WORKFLOW: Final = (*_PLACE, _NAME, _VERSION)
"""The key of the workflow that it runs."""


def registered(tree: Workflow) -> Store:
    """Return a store in which is registered what a tree makes up, and nothing else happened."""
    known, store = _store(_Shape.of(tree)), Store()
    for table in ("projects", "tasks", "workflows", "launch_plans"):  # nobody adds to them
        setattr(store, table, getattr(known, table))
    return store


@dataclass(frozen=True)
class _Shape:
    """What is registered for a tree.

    Attributes:
        key: All that matters of it.
        parts: The graphs of what its nodes launch, by name, and at last its own; None is the graph
            of what is only known from timelines.
    """

    key: tuple[Any, ...]
    parts: Mapping[str, Graph | None] = field(compare=False)

    @classmethod
    def of(cls, tree: Workflow) -> _Shape:
        """Return the shape of a tree."""
        parts = dict(_parts(tree, _NAME))
        return cls(tuple((name, graph and _key(graph)) for name, graph in parts.items()), parts)


def _parts(tree: Workflow, name: str) -> Iterator[tuple[str, Graph | None]]:
    for child in children([tree]):
        if isinstance(child.script, Workflow):
            yield from _parts(child.script, child.name)
        else:
            yield child.name, None
    yield name, graphs.drawn(tree, repr(name))


def _key(value: Any) -> Any:
    """Return what is equal for equal graphs and parts of them, and hashable."""
    if isinstance(value, graphs.Graph):
        inside = [(name, _key(part)) for name, part in value.parts.items()]
        end = value.failure_node and (value.failure_node[0], _key(value.failure_node[1]))
        return (*inside, end, tuple(value.before.items()), repr(value.outputs))
    outputs = [(name, str(seen)) for name, seen in value.outputs.items()]
    return (
        *(value.word, value.retries, value.most, value.interruptible, value.deck, value.cached),
        *(value.mapped, value.lasts, value.plan and value.plan.name, repr(value.inputs)),
        *outputs,
        value.inside and _key(value.inside),
    )


@lru_cache(maxsize=1)
def _projects() -> Table[rows.ProjectRow]:
    admin = FlyteAdmin()
    for project in EVERY_PROJECT:
        named = project_pb2.Project(id=project, name=project)
        request = project_pb2.ProjectRegisterRequest(project=named)
        admin.answer("RegisterProject", request, _BEFORE)
    return admin.store.projects


@lru_cache(maxsize=1024)  # trees of many shapes have tasks in common
def _task(request: bytes) -> rows.TaskRow:
    admin = FlyteAdmin()
    admin.store.projects = _projects()
    admin.answer("CreateTask", task_pb2.TaskCreateRequest.FromString(request), _BEFORE)
    (row,) = admin.store.tasks
    return row


@lru_cache(maxsize=1024)
def _store(shape: _Shape) -> Store:
    admin = FlyteAdmin()
    store = admin.store
    store.projects = _projects()

    def answer(rpc: str, request: Message) -> Message:
        if rpc != "CreateTask":
            return admin.answer(rpc, request, _BEFORE)
        store.tasks.insert(_task(request.SerializeToString(deterministic=True)))
        return task_pb2.TaskCreateResponse()

    def find(plan: Plan) -> Plan:
        row = store.launch_plans.get(*_PLACE, plan.name, _VERSION)
        assert row is not None  # noqa: S101  it was registered before
        given = row.message.closure.expected_outputs.variables
        return graphs.Plan(
            plan.name, _VERSION, outputs={name: one.type for name, one in given.items()}
        )

    for name, graph in shape.parts.items():
        whole = None if graph is None else graphs.with_plans(graph, find)
        stub = Stub.guessed(_PLACE, name, _VERSION, Guess(), whole)
        if name == _NAME:  # nobody launches it by its plan
            stub.register_workflow(answer)
        else:
            stub.register(answer, active=False)
    return store
