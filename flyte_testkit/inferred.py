"""What FlyteAdmin shows of names that are scripted and were never registered.

Such a name gets a stub, so that a first test needs no set-up. The stub grows in place with what is
seen: its rows keep their numbers, their state and their times, so that nothing which refers to them
is cut off. Clients may remember what they were shown of a version, for in life it never changes
(flytekit does): so what grows after somebody looked is there in a new version too.

As soon as a client registers anything of that name, in whatever version, the stub steps aside: it
stands in no list any more and is active no longer, and only what ran against it finds it.

Trees of nodes say which nodes there are; the tasks of those are called after the name, and step
aside with the stub.

Ignorant of scripts: it is told what was seen.
"""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import execution_pb2, launch_plan_pb2

from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.guesses import Guess
from flyte_testkit.ready import put
from flyte_testkit.replacing import adapted, in_place_of, whole
from flyte_testkit.stubs import Stub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.core import identifier_pb2
    from flyteidl.core.compiler_pb2 import CompiledWorkflowClosure as Compiled

    from flyte_testkit.admin.database.rows import Key, LaunchPlanRow
    from flyte_testkit.admin.database.store import Store, Table
    from flyte_testkit.graphs import Graph

__all__ = ["REGISTRATIONS", "Inferred", "Name"]

DEFAULT_VERSION = "v1"

REGISTRATIONS = frozenset({"CreateTask", "CreateWorkflow", "CreateLaunchPlan"})
"""The RPCs that register something under a name."""

_WRAPPED = ".flytegen."  # FlyteAdmin's wrapping of a task that is launched alone


class Name(NamedTuple):
    """What versions share."""

    project: str
    domain: str
    name: str


@dataclass
class _Entry:
    """A name that has a stub, in one version or several of one interface.

    Attributes:
        guess: What is known of it.
        versions: Its versions, oldest first.
        named: Whether a test asked for one of them; then no other is made up.
        looked_at: Whether a client may remember what the newest one was like.
        graph: Its nodes, if trees say which there are.
        closed: Whether a test registered these nodes, so that scripts add no others.
        taken: The names of tasks of nodes that a client has registered meanwhile.
    """

    guess: Guess
    versions: list[str] = field(default_factory=list)
    named: bool = False
    looked_at: bool = False
    graph: Graph | None = None
    closed: bool = False
    taken: set[str] = field(default_factory=set)


class Inferred:
    """The stubs of one FlyteAdmin.

    Args:
        admin: Where they are registered.
    """

    def __init__(self, admin: FlyteAdmin) -> None:
        self._admin = admin
        self._entries: dict[Name, _Entry] = {}
        self._stubs: set[Key] = set()

    def __contains__(self, name: Name) -> bool:
        return name in self._entries

    def guess(self, name: Name) -> Guess:
        """Return what is known of a name so far."""
        entry = self._entries.get(name)
        return entry.guess if entry else Guess()

    def graph(self, name: Name) -> Graph | None:
        """Return which nodes a name has, as far as trees say so; None if none does."""
        entry = self._entries.get(name)
        return entry.graph if entry else None

    def beside(self, name: Name) -> set[str]:
        """Return the names of all launch plans in the same project and domain."""
        plans = self._admin.store.launch_plans
        return {plan.name for plan in plans if (plan.project, plan.domain) == name[:2]}

    def is_closed(self, name: Name) -> bool:
        """Say whether a test registered the nodes of a name, so that no script adds to them."""
        return name in self._entries and self._entries[name].closed

    def close(self, name: Name) -> None:
        """Let the nodes of a name be those that it has."""
        self._entries[name].closed = True

    def compiled(self, name: Name) -> Compiled:
        """Return what FlyteAdmin has made of a name, in its newest version."""
        workflow = self._admin.store.workflows.get(*name, self._entries[name].versions[-1])
        assert workflow is not None  # noqa: S101  a stub has one
        return workflow.message.closure.compiled_workflow

    @contextmanager
    def at_first(self, name: Name) -> Iterator[None]:
        """Let a name be learnt of for the first time, unless something is wrong with that."""
        try:
            with whole(self._admin.store):
                yield
        except BaseException:
            self._entries.pop(name, None)
            raise

    def plans(self, name: Name) -> list[LaunchPlanRow]:
        """Return all versions of a launch plan, oldest first."""
        return list(self._admin.store.launch_plans.where(name._asdict()))

    def tried(self, name: Name, guess: Guess, graph: Graph, now: datetime) -> Compiled:
        """Return what FlyteAdmin would make of a name with these nodes; nothing is registered.

        Raises:
            RegistrationError: It would refuse them.
        """
        stub = Stub.guessed(name[:2], name.name, DEFAULT_VERSION, guess, graph)
        (workflow,) = self._elsewhere(stub, now).store.workflows
        return workflow.message.closure.compiled_workflow

    def may_mislead(self, name: Name) -> bool:
        """Say whether a client was shown a stub, and may miss in it what nobody told of."""
        return name in self._entries and self._entries[name].looked_at

    def is_stub(self, key: Key) -> bool:
        """Say whether a version of a workflow is a stub's, or was that of one before."""
        if key not in self._stubs:
            return False
        project, domain, bare, _ = key
        name = Name(project, domain, bare.removeprefix(_WRAPPED))
        return name in self._entries or key not in self._admin.store.workflows

    def was_launched(self, name: Name) -> bool:
        """Say whether anything hangs on the stub of a name: an execution, or a launch plan."""
        store, keys = self._admin.store, self._keys(name)
        numbers = {row.id for key in keys if (row := store.workflows.get(*key)) is not None}
        return any(row.workflow_id in numbers for row in store.executions) or any(
            row.workflow_id in numbers and row.key not in keys for row in store.launch_plans
        )

    def learn(
        self,
        name: Name,
        guess: Guess,
        version: str | None,
        now: datetime,
        graph: Graph | None = None,
    ) -> str:
        """Let the stub of a name be what is guessed now, and return the version to be launched.

        Args:
            name: The name.
            guess: What was known of it, grown.
            version: The version that must be there; by default it is the newest.
            now: The time.
            graph: Its nodes, grown; None if nothing new is known of them.

        Raises:
            RegistrationError: FlyteAdmin has no such stub.
        """
        entry = self._entries.get(name, _Entry(guess, graph=graph))
        graph = entry.graph if graph is None else graph
        grown = guess is not entry.guess or graph is not entry.graph
        if grown:
            entry.guess, entry.graph = guess, graph
            for known in entry.versions:
                self._redefine(self._stub(name, known, entry), entry.taken, now)
        if version is not None:
            entry.named = True
        elif not entry.versions:
            version = DEFAULT_VERSION
        elif grown and entry.looked_at and not entry.named:
            version = self._fresh_version(name)
        else:
            version = entry.versions[-1]
        if version not in entry.versions:
            self._add(name, entry, version, now)
        return version

    def looked_at(self, project: str, domain: str, name: str) -> None:
        """Take down that a client was shown what there is of a name, or of all if it is empty."""
        if name:
            shown = [self._entries.get(Name(project, domain, name))]
        else:
            shown = [e for known, e in self._entries.items() if known[:2] == (project, domain)]
        for entry in filter(None, shown):
            entry.looked_at = True

    def _add(self, name: Name, entry: _Entry, version: str, now: datetime) -> None:
        """Register another version, which is active unless somebody deactivated the others."""
        plans = self._admin.store.launch_plans
        others = [plan for known in entry.versions if (plan := plans.get(*name, known))]
        active = not others or any(plan.state == launch_plan_pb2.ACTIVE for plan in others)
        stub = self._stub(name, version, entry)
        put(stub, self._admin, now, active=active)
        if any(_keys(name, known)[1] in plans for known in entry.versions):
            spec = execution_pb2.ExecutionSpec(launch_plan=stub.task)
            self._admin.single_tasks.runnable(spec, now)  # as its task was launched alone before
            self._adapt_launch_plans(stub)
        entry.versions.append(version)
        entry.looked_at = False
        self._stubs.update(_keys(name, version))
        self._entries[name] = entry

    def _fresh_version(self, name: Name) -> str:
        plans = self._admin.store.launch_plans
        numbers = itertools.count(len(self._entries[name].versions) + 1)
        return next(f"v{n}" for n in numbers if (*name, f"v{n}") not in plans)

    @contextmanager
    def stepping_aside(self, id_: identifier_pb2.Identifier) -> Iterator[None]:
        """Let a client register something: a stub of this name goes, unless that is refused."""
        name = Name(id_.project, id_.domain, id_.name)
        tasks = self._admin.store.tasks
        if name in self._entries:
            found = [
                (table, key) for table in _tables(self._admin.store) for key in self._keys(name)
            ]
            found += [(tasks, key) for key in self._task_keys(name)]
        elif (owner := self._whose_task(id_)) is not None:
            found = [(tasks, (*name, version)) for version in owner.versions]
        else:
            yield
            return
        retired = [(table, key) for table, key in found if table.retire(*key)]
        try:
            yield
        except BaseException:
            for table, key in retired:
                table.reinstate(*key)
            raise
        if name in self._entries:
            del self._entries[name]
        elif owner is not None:
            owner.taken.add(name.name)

    def _whose_task(self, id_: identifier_pb2.Identifier) -> _Entry | None:
        """Return the stub of which a node runs a task of this name."""
        parts = id_.name.split(".")
        for count in range(1, len(parts)):
            name = Name(id_.project, id_.domain, ".".join(parts[:count]))
            entry = self._entries.get(name)
            if entry is not None and id_.name in self._stub(name, DEFAULT_VERSION, entry).tasks:
                return entry
        return None

    def _task_keys(self, name: Name) -> list[Key]:
        """Return the keys of the tasks of nodes, but for those that are a client's by now."""
        entry = self._entries[name]
        tasks = self._stub(name, DEFAULT_VERSION, entry).tasks if entry.graph else ()
        return [
            (*name[:2], task, version)
            for task in tasks
            for version in entry.versions
            if task not in {name.name, *entry.taken}
        ]

    @staticmethod
    def _stub(name: Name, version: str, entry: _Entry) -> Stub:
        return Stub.guessed(name[:2], name.name, version, entry.guess, entry.graph)

    def _keys(self, name: Name) -> list[Key]:
        """Return the keys of all rows of a stub, and of what FlyteAdmin wrapped around its task."""
        versions = self._entries[name].versions if name in self._entries else ()
        return [key for version in versions for key in _keys(name, version)]

    def _redefine(self, stub: Stub, taken: set[str], now: datetime) -> None:
        """Change a stub's rows in place to what a FlyteAdmin makes of it that sees it first."""
        store, elsewhere = self._admin.store, self._elsewhere(stub, now)
        elsewhere.single_tasks.runnable(execution_pb2.ExecutionSpec(launch_plan=stub.task), now)
        for table, defined in zip(_tables(store), _tables(elsewhere.store), strict=True):
            for row in defined:
                if table is store.tasks and row.name in taken:
                    continue
                if (old := table.get(*row.key)) is not None:
                    table.update(in_place_of(old, row))
                elif table is store.tasks:  # that of a node which is new
                    table.insert(row)
        self._adapt_launch_plans(stub)

    def _elsewhere(self, stub: Stub, now: datetime) -> FlyteAdmin:
        """Return another FlyteAdmin, in which there is a stub and nothing else.

        Raises:
            RegistrationError: It refuses it.
        """
        elsewhere = FlyteAdmin()
        elsewhere.store.projects = self._admin.store.projects
        launched, plans = self._admin.store.launch_plans, elsewhere.store.launch_plans
        keys = {(*stub.place, plan.name, plan.version) for plan in stub.plans}
        rows = [plans.insert(row) for key in keys if (row := launched.get(*key)) is not None]
        stub.register(lambda rpc, request: elsewhere.answer(rpc, request, now))
        for row in rows:
            plans.discard(*row.key)
        return elsewhere

    def _adapt_launch_plans(self, stub: Stub) -> None:
        """Let the other launch plans of a stub's workflow expect what it takes now.

        Those are what others made of it, and FlyteAdmin's own for its task.
        """
        store = self._admin.store
        own, wrapped = _keys(Name(stub.project, stub.domain, stub.name), stub.version)
        found = [store.workflows.get(*own), store.workflows.get(*wrapped)]
        numbers = {row.id for row in found if row is not None}
        plan = store.launch_plans.get(*own)
        for row in list(store.launch_plans):
            if plan is not None and row.workflow_id in numbers and row is not plan:
                expected = plan.message.closure.expected_inputs
                store.launch_plans.update(adapted(row, expected))


def _keys(name: Name, version: str) -> tuple[Key, Key]:
    project, domain, bare = name
    return (project, domain, bare, version), (project, domain, _WRAPPED + bare, version)


def _tables(store: Store) -> tuple[Table[Any], ...]:
    return store.tasks, store.workflows, store.launch_plans
