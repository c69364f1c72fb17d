"""Which launch plans there are, as those who write tests name them: by name alone, mostly.

A launch plan that is scripted but was never registered gets a stub whose interface is inferred from
its scripts, so that a first test needs no set-up; what a client or a test registers under the name
takes its place. Ignorant of how launches find their scripts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyte_testkit import literals, trees
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.settings import DOMAINS
from flyte_testkit.beside import Beside
from flyte_testkit.children import Child, children
from flyte_testkit.definitions import definitions, elsewhere, whereabouts
from flyte_testkit.errors import (
    FlyteTestkitError,
    RegistrationError,
    close_names,
)
from flyte_testkit.flow import check_outputs
from flyte_testkit.inferred import Name
from flyte_testkit.launches import Criteria, Planting
from flyte_testkit.misfits import check_inputs, no_version, places, unregistered
from flyte_testkit.ready import put_project
from flyte_testkit.registering import require_version
from flyte_testkit.timeline import Succeeds, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from flyteidl.core import identifier_pb2, literals_pb2

    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.backend import Backend
    from flyte_testkit.definitions import Definition, Kind, Whereabouts
    from flyte_testkit.launches import Played

__all__ = ["Registry"]


class Registry:
    """The launch plans of one FlyteAdmin, which are in one project and domain unless it is said.

    Args:
        backend: Where they are registered.
        project: The project of names that come without one; it is created.
        domain: Likewise the domain.

    Raises:
        RegistrationError: There is no such domain, or no project can have this name.
    """

    def __init__(self, backend: Backend, project: str, domain: str) -> None:
        self._backend = backend
        self._place = (project, domain)
        self._place = self.place()

    def place(self, project: str | None = None, domain: str | None = None) -> tuple[str, str]:
        """Return a project, which is created if need be, and a domain; by default one's own.

        Raises:
            RegistrationError: There is no such domain, or no project can have this name.
        """
        project = self._place[0] if project is None else project
        domain = self._place[1] if domain is None else domain
        if domain not in DOMAINS:
            raise RegistrationError(
                f"domain={domain!r} is none that a FlyteAdmin has; "
                f"it has {', '.join(map(repr, DOMAINS))}.{close_names(str(domain), DOMAINS)}"
            )
        if not isinstance(project, str):
            raise RegistrationError(f"project={project!r}: a project is named by a text.")
        with self._backend.still():
            if (project,) in self._store.projects:
                return project, domain
            try:
                with self._backend.moment() as now:
                    put_project(project, self._backend.admin, now)
            except AdminError as refusal:
                raise RegistrationError(
                    f"project={project!r} is refused by FlyteAdmin: {refusal.message}"
                ) from refusal
        return project, domain

    def scripted(self, planting: Planting) -> None:
        """See to it that launches can be as a route wants them, which is about to be planted.

        Raises:
            RegistrationError: The scripts succeed with outputs that are not declared.
            RouteError: The route asks for inputs that no launch can have.
        """
        criteria = planting.criteria
        if criteria.entity is None:
            trees.check_nameless(planting.scripts)
            return
        name = Name(*self.place(criteria.project, criteria.domain), criteria.entity)
        with self._backend.moment() as now:
            self._children(name, children(planting.scripts))
            if self._is_to_be_inferred(name) and (criteria.placed or not self._elsewhere(name)):
                inputs = dict(criteria.inputs or ())
                self._infer(name, inputs, planting.scripts, criteria.version, now)
            else:
                self._check(planting)
                self._grow(name, planting.scripts, now)

    def doubt(self, planting: Planting) -> str:
        """Say why scripts could not be planted as things are by now, if so."""
        with self._backend.still():
            return self._doubt(planting)

    def _doubt(self, planting: Planting) -> str:
        criteria, inferred = planting.criteria, self._backend.inferred
        if criteria.entity is None:
            return ""
        name = Name(*self._asked(criteria))
        if name in inferred and not inferred.is_closed(name):
            if inferred.was_launched(name):  # so its inputs sufficed
                return ""
            misled = planting.scripts and inferred.may_mislead(name)
            return unregistered(name.name, inferred.guess(name)) if misled else ""
        try:
            self._check(planting)
        except FlyteTestkitError as misfit:
            return str(misfit)
        versions = [definition.id.version for definition in definitions(self._store, name)]
        if not versions and (others := self._elsewhere(name)):
            return f"{criteria.entity!r} is registered in {places(others)} alone."
        if versions and criteria.version not in {None, *versions}:
            return no_version(criteria.entity, str(criteria.version), versions)
        return ""

    def runnable(
        self,
        name: str,
        inputs: Mapping[str, object],
        script: Played,
        *,
        version: str | None = None,
        place: tuple[str, str] | None = None,
    ) -> tuple[identifier_pb2.Identifier, literals_pb2.LiteralMap]:
        """Return a launch plan, or a task to be run alone, that can play a script, and its inputs.

        Args:
            name: Its name; if nothing of that name is registered it is inferred.
            inputs: What it is launched with, as Python values.
            script: What it plays.
            version: Its version; by default the latest.
            place: Its project and domain, where they are not one's own.

        Raises:
            RegistrationError: There is no such version, or the outputs or inputs do not fit.
        """
        if version is not None:
            require_version(version, "add_execution(…)")
        named = Name(*(place or self._place), name)
        with self._backend.glimpse() as now:
            self._children(named, children([script]))
            if self._is_to_be_inferred(named):
                if place is None and (others := self._elsewhere(named)):
                    raise RegistrationError(
                        f"there is no launch plan {name!r} in {places([named[:2]])}, but in "
                        f"{places(others)}.\n"
                        "Say so with project=… and domain=…, or register it here as well."
                    )
                version = self._infer(named, inputs, [script], version, now, complete=True)
            chosen = self._chosen(named, version)
            if named not in self._backend.inferred:
                for outputs in _outputs([script]):
                    check_outputs(name, outputs, chosen.outputs)
                self._launched(trees.check(self._store, [chosen], [script]))
            self._grow(named, [script], now)
        return chosen.id, literals.literal_map(inputs, chosen.open, of="input")

    def latest(self, name: str) -> identifier_pb2.Identifier:
        """Return what was registered last of a name, if it can be launched.

        Raises:
            RegistrationError: There is nothing of this name, or only a workflow.
        """
        with self._backend.still():
            return self._chosen(Name(*self._place, name)).id

    def inputs_of(self, name: str, values: Mapping[str, object]) -> literals_pb2.LiteralMap:
        """Return inputs as literals of the types that the latest version of a name declares.

        Raises:
            RegistrationError: They do not fit.
        """
        with self._backend.still():
            types = self._chosen(Name(*self._place, name)).open
        return literals.literal_map(values, types, of="input")

    def names(self) -> frozenset[str]:
        """Return the names of everything that is registered here."""
        store = self._store
        with self._backend.still():
            return frozenset(
                row.name
                for table in (store.launch_plans, store.workflows, store.tasks)
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
        named = Name(project, domain, name)
        with self._backend.still():
            found = whereabouts(self._store, kind, named)
            return found._replace(inferred=named in self._backend.inferred)

    def _infer(
        self,
        name: Name,
        inputs: Mapping[str, object],
        scripts: Iterable[object],
        version: str | None,
        now: datetime,
        *,
        complete: bool = False,
    ) -> str:
        """Learn from scripts, and from inputs that a launch has or may have; return the version."""
        inferred = self._backend.inferred
        before = guess = inferred.guess(name)
        late = any(key not in before.inputs for key in inputs) and inferred.was_launched(name)
        guess = guess.with_inputs(name.name, inputs, complete=complete, late=late)
        for outputs in _outputs(scripts):
            guess = guess.with_outputs(name.name, outputs)
        planted = trees.among(scripts)
        known = Beside(self._store)
        learnt = guess, version, trees.settled(inferred, name, planted, known)
        return trees.learn(inferred, name, learnt, planted, now, known)

    def _children(self, parent: Name, launched: Iterable[Child]) -> None:
        """See to it that what nodes launch can be as these want it.

        Raises:
            FlyteTestkitError: It cannot.
        """
        for name, script, inputs, complete in launched:
            named = parent._replace(name=name)
            if script is not None:
                criteria = Criteria.checked(name, project=named.project, domain=named.domain)
                self.scripted(Planting(criteria, (script,)))
            if named in self._backend.inferred and self._is_to_be_inferred(named):
                with self._backend.moment() as now:
                    self._infer(named, inputs, (), None, now, complete=complete)

    def _launched(self, launched: Iterable[tuple[identifier_pb2.Identifier, Played]]) -> None:
        for id_, script in launched:
            named = Name(id_.project, id_.domain, id_.name)
            self._children(named, [Child(id_.name, script, {})])

    def _grow(self, name: Name, scripts: Iterable[object], now: datetime) -> None:
        """Learn what nodes give by scripts, of a name whose nodes were registered by a tree.

        Raises:
            FlyteTestkitError: It has not these nodes, or they cannot do that.
        """
        inferred = self._backend.inferred
        if inferred.is_closed(name):
            planted = trees.among(scripts)
            known = Beside(self._store)
            learnt = inferred.guess(name), None, trees.settled(inferred, name, planted, known)
            trees.learn(inferred, name, learnt, planted, now, known)

    def _check(self, planting: Planting) -> None:
        """Compare inputs and outputs of a route with what is declared, wherever that is.

        Raises:
            RegistrationError: The scripts succeed with outputs that are not declared.
            RouteError: The route asks for inputs that no launch can have.
        """
        criteria = planting.criteria
        name = Name(*self._asked(criteria))
        found = definitions(self._store, name)
        if not found and not criteria.placed:
            for place in self._elsewhere(name):
                found += definitions(self._store, Name(*place, name.name))
        found = [d for d in found if criteria.version in {None, d.id.version}]
        if found:
            check_inputs(criteria, found)
        for outputs in _outputs(planting.scripts) if found else ():
            check_outputs(name.name, outputs, found[-1].outputs)
        if name not in self._backend.inferred:
            self._launched(trees.check(self._store, found, planting.scripts))

    def _chosen(self, name: Name, version: str | None = None) -> Definition:
        """Return a version of a name that can be launched, by default the latest.

        Raises:
            RegistrationError: There is none.
        """
        found = definitions(self._store, name)
        if not found:
            known = {row.name for row in self._store.launch_plans}
            raise RegistrationError(
                f"there is no launch plan {name.name!r} in {places([name[:2]])}."
                f"{close_names(name.name, known)}\n"
                f"Register it: register({name.name!r}, inputs={{…}})."
            )
        fitting = [d for d in found if version in {None, d.id.version}]
        if not fitting:
            versions = [definition.id.version for definition in found]
            raise RegistrationError(no_version(name.name, str(version), versions))
        if not fitting[-1].runs:
            raise RegistrationError(
                f"{name.name!r} is a workflow without a launch plan, so nobody can launch it.\n"
                "Register a launch plan of it."
            )
        return fitting[-1]

    def _is_to_be_inferred(self, name: Name) -> bool:
        inferred = self._backend.inferred
        known = name in inferred or not definitions(self._store, name)
        return known and not inferred.is_closed(name)

    def _asked(self, criteria: Criteria) -> tuple[str, str, str]:
        project, domain = criteria.project or self._place[0], criteria.domain or self._place[1]
        return project, domain, str(criteria.entity)

    def _elsewhere(self, name: Name) -> list[tuple[str, str]]:
        """Return where else something of this name was registered, not just scripted."""
        others = elsewhere(self._store, name)
        return [p for p in others if Name(*p, name.name) not in self._backend.inferred]

    @property
    def _store(self) -> Store:
        return self._backend.admin.store


def _outputs(scripts: Iterable[object]) -> list[Mapping[str, Any]]:
    """Return the outputs of those scripts that succeed; nobody knows what a function returns."""
    endings = [script.ending for script in scripts if isinstance(script, Timeline)]
    return [ending.outputs for ending in endings if isinstance(ending, Succeeds)]
