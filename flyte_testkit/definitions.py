"""What is registered under a name: its versions, what each takes and makes, and where else it is.

Ignorant of who registered it, and of scripts.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, types_pb2

    from flyte_testkit.admin.database.rows import LaunchPlanRow
    from flyte_testkit.admin.database.store import Store, Table
    from flyte_testkit.inferred import Name

__all__ = ["Definition", "Kind", "Whereabouts", "definitions", "elsewhere", "whereabouts"]


Kind = Literal["launch_plan", "workflow", "task"]


class Whereabouts(NamedTuple):
    """What there is of a name that somebody looks for.

    Attributes:
        versions: The versions of it in the project and domain that were asked about, oldest first.
        elsewhere: The other projects and domains that have it.
        near: Close names in the project and domain that were asked about.
        kinds: What else goes by that name there: ``"launch_plan"``, ``"workflow"``, ``"task"``.
        inferred: Whether it is only known from scripts, so that nobody said what goes in.
    """

    versions: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()
    near: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    inferred: bool = False


class Definition(NamedTuple):
    """A version of a launch plan; or of a task or a workflow, if that is all there is of the name.

    Attributes:
        id: Its identifier.
        inputs: The type of each input that a run has.
        outputs: What a run makes.
        open: The type of each input that a launch may give.
        fixed: The inputs that no launch can change.
        runs: Whether it can be launched; a workflow by itself cannot.
    """

    id: identifier_pb2.Identifier
    inputs: Mapping[str, types_pb2.LiteralType]
    outputs: interface_pb2.VariableMap
    open: Mapping[str, types_pb2.LiteralType]
    fixed: Mapping[str, literals_pb2.Literal]
    runs: bool = True


def definitions(store: Store, name: Name) -> list[Definition]:
    """Return all versions of a name, oldest first."""
    where = {"project": name.project, "domain": name.domain, "name": name.name}
    if plans := store.launch_plans.where(where):
        return [_launch_plan(store, plan) for plan in plans]
    return [
        *(
            _of(task.message.id, task.message.closure.compiled_task.template.interface)
            for task in store.tasks.where(where)
        ),
        *(
            _of(workflow.message.id, workflow.typed_interface)._replace(runs=False)
            for workflow in store.workflows.where(where)
        ),
    ]


def whereabouts(store: Store, kind: Kind, name: Name) -> Whereabouts:
    """Return what there is of a name; who registered it is not known here."""
    tables, place = _tables(store), (name.project, name.domain)
    here = {row.name for row in tables[kind] if (row.project, row.domain) == place}
    where = {"project": name.project, "domain": name.domain, "name": name.name}
    return Whereabouts(
        versions=tuple(row.version for row in tables[kind].where(where)),
        elsewhere=tuple(elsewhere(store, name, kind)),
        near=tuple(difflib.get_close_matches(name.name, sorted(here - {name.name}), n=3)),
        kinds=tuple(k for k, table in tables.items() if k != kind and table.where(where)),
    )


def elsewhere(store: Store, name: Name, *kinds: Kind) -> list[tuple[str, str]]:
    """Return the other projects and domains that have something of this name."""
    tables = _tables(store)
    found = dict.fromkeys(
        (row.project, row.domain)
        for kind in kinds or tables
        for row in tables[kind].where({"name": name.name})
    )
    return [place for place in found if place != (name.project, name.domain)]


def _tables(store: Store) -> dict[Kind, Table[Any]]:
    return {"launch_plan": store.launch_plans, "workflow": store.workflows, "task": store.tasks}


def _of(id_: identifier_pb2.Identifier, interface: interface_pb2.TypedInterface) -> Definition:
    inputs = {key: variable.type for key, variable in interface.inputs.variables.items()}
    return Definition(id_, inputs, interface.outputs, inputs, {})


def _launch_plan(store: Store, plan: LaunchPlanRow) -> Definition:
    id_, closure = plan.message.spec.workflow_id, plan.message.closure
    workflow = store.workflows.get(id_.project, id_.domain, id_.name, id_.version)
    expected = closure.expected_inputs.parameters
    taken = {key: parameter.var.type for key, parameter in expected.items()}
    inputs = workflow.typed_interface.inputs.variables if workflow else {}
    return Definition(
        id=plan.message.id,
        inputs={**taken, **{key: variable.type for key, variable in inputs.items()}},
        outputs=closure.expected_outputs,
        open=taken,
        fixed=plan.message.spec.fixed_inputs.literals,
    )
