"""What FlyteAdmin shows of names that are scripted and were never registered.

Such a name gets a stub, so that a first test needs no set-up. The stub grows in place with what is
seen: its rows keep their numbers, their state and their times, so that nothing which refers to them
is cut off. Clients may remember what they were shown of a version, for in life it never changes
(flytekit does): so what grows after somebody looked is there in a new version too.

As soon as a client registers anything of that name, in whatever version, the stub steps aside: it
stands in no list any more and is active no longer, and only what ran against it finds it.

Ignorant of scripts: it is told what was seen.
"""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import execution_pb2, launch_plan_pb2

from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.guesses import Guess
from flyte_testkit.stubs import Stub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.core import identifier_pb2, interface_pb2

    from flyte_testkit.admin.database.rows import Key, LaunchPlanRow
    from flyte_testkit.admin.database.store import Store, Table

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
    """

    guess: Guess
    versions: list[str] = field(default_factory=list)
    named: bool = False
    looked_at: bool = False


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

    def learn(self, name: Name, guess: Guess, version: str | None, now: datetime) -> str:
        """Let the stub of a name be what is guessed now, and return the version to be launched.

        Args:
            name: The name.
            guess: What was known of it, grown.
            version: The version that must be there; by default it is the newest.
            now: The time.

        Raises:
            RegistrationError: FlyteAdmin has no such stub.
        """
        entry = self._entries.get(name, _Entry(guess))
        grown = guess is not entry.guess
        if grown:
            entry.guess = guess
            for known in entry.versions:
                self._redefine(Stub.guessed(name[:2], name.name, known, guess), now)
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
        if not name:
            shown = [e for known, e in self._entries.items() if known[:2] == (project, domain)]
        else:
            entry = self._entries.get(Name(project, domain, name))
            shown = [] if entry is None else [entry]
        for entry in shown:
            entry.looked_at = True

    def _add(self, name: Name, entry: _Entry, version: str, now: datetime) -> None:
        """Register another version, which is active unless somebody deactivated the others."""
        plans = self._admin.store.launch_plans
        others = [plan for known in entry.versions if (plan := plans.get(*name, known))]
        active = not others or any(plan.state == launch_plan_pb2.ACTIVE for plan in others)
        stub = Stub.guessed(name[:2], name.name, version, entry.guess)
        stub.register(lambda rpc, request: self._admin.answer(rpc, request, now), active=active)
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
        if name not in self._entries:
            yield
            return
        store = self._admin.store
        retired = [
            (table, key)
            for table in _tables(store)
            for key in self._keys(name)
            if table.retire(*key)
        ]
        try:
            yield
        except BaseException:
            for table, key in retired:
                table.reinstate(*key)
            raise
        del self._entries[name]

    def _keys(self, name: Name) -> list[Key]:
        """Return the keys of all rows of a stub, and of what FlyteAdmin wrapped around its task."""
        versions = self._entries[name].versions if name in self._entries else ()
        return [key for version in versions for key in _keys(name, version)]

    def _redefine(self, stub: Stub, now: datetime) -> None:
        """Change a stub's rows in place to what a FlyteAdmin makes of it that sees it first."""
        store, elsewhere = self._admin.store, FlyteAdmin()
        elsewhere.store.projects = store.projects
        stub.register(lambda rpc, request: elsewhere.answer(rpc, request, now))
        elsewhere.single_tasks.runnable(execution_pb2.ExecutionSpec(launch_plan=stub.task), now)
        for table, defined in zip(_tables(store), _tables(elsewhere.store), strict=True):
            for row in defined:
                if (old := table.get(*row.key)) is not None:
                    table.update(_in_place_of(old, row))
        self._adapt_launch_plans(stub)

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
                store.launch_plans.update(_adapted(row, expected))


def _keys(name: Name, version: str) -> tuple[Key, Key]:
    project, domain, bare = name
    return (project, domain, bare, version), (project, domain, _WRAPPED + bare, version)


def _tables(store: Store) -> tuple[Table[Any], ...]:
    return store.tasks, store.workflows, store.launch_plans


def _in_place_of(old: Any, row: Any) -> Any:
    """Return a row with the number, the state and the times of the one that it takes over."""
    message = type(row.message)()
    message.CopyFrom(row.message)
    message.closure.created_at.CopyFrom(old.message.closure.created_at)
    kept: dict[str, Any] = {"id": old.id, "created_at": old.created_at}
    if isinstance(message, launch_plan_pb2.LaunchPlan):
        message.closure.updated_at.CopyFrom(old.message.closure.updated_at)
        message.closure.state = old.message.closure.state
        kept.update(workflow_id=old.workflow_id, state=old.state)
    return replace(row, **kept, updated_at=old.updated_at, message=message)


def _adapted(row: LaunchPlanRow, expected: interface_pb2.ParameterMap) -> LaunchPlanRow:
    """Return a launch plan that expects these inputs, but for those that it fixes.

    Defaults of its own stay; what is new to it may be left out.
    """
    message = launch_plan_pb2.LaunchPlan()
    message.CopyFrom(row.message)
    parameters = message.closure.expected_inputs.parameters
    for key, parameter in expected.parameters.items():
        if key in message.spec.fixed_inputs.literals:
            continue
        own = parameters[key]
        default = own.default if own.HasField("default") else None
        own.CopyFrom(parameter)
        if default is not None:
            own.default.CopyFrom(default)
    message.spec.default_inputs.CopyFrom(message.closure.expected_inputs)
    return replace(row, message=message)
