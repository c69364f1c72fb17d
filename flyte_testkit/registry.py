"""Which launch plans there are, as those who write tests name them: in one project, by name alone.

A launch plan that is scripted but was never registered gets a stub whose interface is inferred from
its scripts, so that a first test needs no set-up; registering the name properly replaces it.
Ignorant of how launches find their scripts.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from flyteidl.admin import project_pb2

from flyte_testkit import literals
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.settings import DOMAINS
from flyte_testkit.errors import FlyteTestkitError, RegistrationError, close_names
from flyte_testkit.stubs import Stub, check_outputs, infer_outputs
from flyte_testkit.timeline import Succeeds, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flyteidl.core import identifier_pb2, literals_pb2

    from flyte_testkit.admin.rows import LaunchPlanRow
    from flyte_testkit.admin.store import Table
    from flyte_testkit.backend import Backend

__all__ = ["DEFAULT_VERSION", "Kind", "Registry", "Whereabouts"]

DEFAULT_VERSION = "v1"

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


class Registry:
    """The launch plans of one project and domain, which it creates.

    Args:
        backend: Where they are registered.
        project: The project of all names.
        domain: Likewise the domain.

    Raises:
        RegistrationError: There is no such domain, or no project can have this name.
    """

    def __init__(self, backend: Backend, project: str, domain: str) -> None:
        self._backend = backend
        self._place = (project, domain)
        self._inferred: dict[str, tuple[Stub, dict[str, Any]]] = {}  # with the inputs' types
        if domain not in DOMAINS:
            raise RegistrationError(
                f"domain={domain!r} is none that a FlyteAdmin has; "
                f"it has {', '.join(map(repr, DOMAINS))}.{close_names(domain, DOMAINS)}"
            )
        request = project_pb2.ProjectRegisterRequest()
        request.project.id = request.project.name = project
        try:
            backend.answer("RegisterProject", request)
        except AdminError as refusal:
            raise RegistrationError(
                f"project={project!r} is refused by FlyteAdmin: {refusal.message}"
            ) from refusal

    def register(
        self, name: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any], version: str
    ) -> None:
        """Register a launch plan by its interface; an inferred one of that name gives way.

        Raises:
            RegistrationError: It cannot be registered.
        """
        for what, types in (("inputs", inputs), ("outputs", outputs)):
            if not isinstance(types, Mapping):
                raise RegistrationError(
                    f"register({name!r}, {what}={types!r}): {what} are types by name.\n"
                    f"Write {what}={{'day': str}}, for example."
                )
        stub = Stub.declared(self._place, name, version, inputs, outputs)
        self._forget(name)
        stub.register(self._backend.answer)

    def ensure(
        self,
        name: str,
        inputs: Mapping[str, Any],
        scripts: Iterable[object],
        *,
        version: str | None = None,
    ) -> None:
        """See to it that a launch plan is there which can have the outputs of these scripts.

        Args:
            name: The launch plan, or the task that is launched alone.
            inputs: Inputs that are known by value.
            scripts: Timelines, or functions that return them and of which nothing is known.
            version: The version to register if it is not there.

        Raises:
            RegistrationError: The scripts succeed with outputs that it does not declare.
        """
        endings = [script.ending for script in scripts if isinstance(script, Timeline)]
        made = [ending.outputs for ending in endings if isinstance(ending, Succeeds)]
        if name not in self._inferred and self._is_there(name):
            declared = self._outputs_of(name)
            for outputs in made:
                check_outputs(name, outputs, declared)
            return
        _, known_inputs = self._inferred.get(name, (None, {}))
        types = {**known_inputs, **{key: literals.infer_type(v) for key, v in inputs.items()}}
        stub = Stub.declared(
            self._place, name, version or DEFAULT_VERSION, types, infer_outputs(name, made)
        )
        self._forget(name)
        stub.register(self._backend.answer)
        self._inferred[name] = (stub, types)

    def names(self) -> frozenset[str]:
        """Return the names of everything that is registered here."""
        store = self._backend.admin.store
        tables = (store.launch_plans, store.workflows, store.tasks)
        return frozenset(
            row.name
            for table in tables
            for row in table
            if (row.project, row.domain) == self._place
        )

    def whereabouts(self, kind: Kind, project: str, domain: str, name: str) -> Whereabouts:
        """Return what there is of a name: for whoever looked for it in vain, or is told why.

        Args:
            kind: What is looked for.
            project: Where.
            domain: Likewise.
            name: Its name.
        """
        store, place = self._backend.admin.store, (project, domain)
        tables: dict[Kind, Table[Any]] = {
            "launch_plan": store.launch_plans,
            "workflow": store.workflows,
            "task": store.tasks,
        }
        found = tables[kind].where({"name": name})
        here = {row.name for row in tables[kind] if (row.project, row.domain) == place}
        return Whereabouts(
            versions=tuple(row.version for row in found if (row.project, row.domain) == place),
            elsewhere=tuple(
                dict.fromkeys(
                    (row.project, row.domain) for row in found if (row.project, row.domain) != place
                )
            ),
            near=tuple(difflib.get_close_matches(name, sorted(here - {name}), n=3)),
            kinds=tuple(
                other
                for other, table in tables.items()
                if other != kind
                and table.where({"project": project, "domain": domain, "name": name})
            ),
            inferred=place == self._place and name in self._inferred,
        )

    def latest(self, name: str) -> identifier_pb2.Identifier:
        """Return the launch plan of this name that was registered last.

        Raises:
            FlyteTestkitError: There is none.
        """
        return self._plan(name).message.id

    def inputs_of(self, name: str, values: Mapping[str, Any]) -> literals_pb2.LiteralMap:
        """Return inputs as literals of the types that a launch plan declares.

        Raises:
            RegistrationError: They do not fit.
        """
        expected = self._plan(name).message.closure.expected_inputs.parameters
        types = {key: parameter.var.type for key, parameter in expected.items()}
        return literals.literal_map(values, types, of="input")

    def _plan(self, name: str) -> LaunchPlanRow:
        store = self._backend.admin.store
        if found := store.launch_plans.where(self._named(name)):
            return found[-1]
        known = {row.name for row in store.launch_plans}
        raise FlyteTestkitError(
            f"there is no launch plan {name!r} in {self._place[0]}/{self._place[1]}."
            f"{close_names(name, known)}\nRegister it: register({name!r}, inputs={{…}})."
        )

    def _outputs_of(self, name: str) -> Any:
        """Return the outputs of what a launch by this name would run: the task's, if it is one."""
        store, named = self._backend.admin.store, self._named(name)
        if tasks := store.tasks.where(named):
            return tasks[-1].message.closure.compiled_task.template.interface.outputs
        return store.launch_plans.where(named)[-1].message.closure.expected_outputs

    def _is_there(self, name: str) -> bool:
        store, named = self._backend.admin.store, self._named(name)
        return bool(store.launch_plans.where(named) or store.tasks.where(named))

    def _named(self, name: str) -> dict[str, str]:
        return {"project": self._place[0], "domain": self._place[1], "name": name}

    def _forget(self, name: str) -> None:
        stub, _ = self._inferred.pop(name, (None, {}))
        if stub is None:
            return
        store = self._backend.admin.store
        for table in (store.launch_plans, store.workflows, store.tasks):
            table.discard(*self._place, name, stub.version)
