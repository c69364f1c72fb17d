"""The verbs by which a test says what there is and what it will do.

They turn names and Python values into requests, here and for :class:`~flyte_testkit.server.\
FakeFlyteAdmin`, which has them. Ignorant of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flyteidl.admin import execution_pb2

from flyte_testkit.errors import FlyteTestkitError, RegistrationError, shown, suggests_keywords
from flyte_testkit.launches import require_played
from flyte_testkit.naming import entity_name, execution_mode, texts
from flyte_testkit.registering import register, register_tree
from flyte_testkit.schedules import schedule_message

if TYPE_CHECKING:
    from flyte_testkit.backend import Backend
    from flyte_testkit.launches import Launch, LaunchRoute, Planting, Played
    from flyte_testkit.naming import Mode
    from flyte_testkit.nodes import Workflow
    from flyte_testkit.registry import Registry
    from flyte_testkit.timeline import Timeline

__all__ = ["Scripting"]


class Scripting:
    """What a test does before and while the code under test runs."""

    _backend: Backend
    _registry: Registry
    project: str
    domain: str

    @suggests_keywords
    def register(
        self,
        entity: object,
        tree: Workflow | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        version: str = "v1",
        schedule: object = None,
        project: str | None = None,
        domain: str | None = None,
    ) -> None:
        """Register a launch plan by its name, with its interface or nodes, or a real entity.

        A name makes a task, a workflow and an active launch plan of that name. A tree of nodes
        makes a workflow of them: what they do is planted by :meth:`on_launch`. An entity of
        flytekit (task, workflow, launch plan) is compiled and registered by flytekit itself. What
        was only known from scripts so far steps aside.

        Args:
            entity: A name, or an entity of flytekit.
            tree: With a name: which nodes its workflow has, as a ``nodes.workflow(…)`` whose tasks
                have no attempts.
            inputs: With a name: Python types of the inputs, by name; flytekit's own among them.
            outputs: Likewise of the outputs.
            version: The version to register.
            schedule: With a name: when the launch plan runs by itself, as a cron expression
                (``"0 8 * * *"``, ``"@daily"``), a ``timedelta`` or a schedule of flytekit. Nothing
                launches it here: add the executions that it would have made.
            project: Where, if not in the server's own project; it is created if need be.
            domain: Likewise the domain.

        Raises:
            RegistrationError: The interface or the name cannot be registered; then nothing is.
            TimelineError: FlyteAdmin has no room for such a tree.

        Example:
            >>> from flyte_testkit import nodes
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin() as admin:
            ...     admin.register("nightly", inputs={"day": str}, outputs={"auc": float})
            ...     admin.register("hourly", schedule="@hourly", domain="production")
            ...     admin.register("etl", nodes.workflow(extract=nodes.task(), fit=nodes.task()))
        """
        from flyte_testkit import flytekit_bridge as bridge  # noqa: PLC0415  flytekit is optional

        place = self._registry.place(project, domain)
        when = schedule_message(schedule)
        if isinstance(entity, str):
            types = bridge.declared(inputs or {}), bridge.declared(outputs or {})
            if tree is None:
                register(self._backend, place, entity, *types, version, schedule=when)
            elif when is None:
                register_tree(self._backend, place, entity, tree, *types, version)
            else:
                raise RegistrationError(
                    f"register({entity!r}, nodes.workflow(…), schedule=…): a workflow that is made"
                    " up has no schedule.\nLeave it out: nothing launches it here anyway."
                )
        else:
            given = {"tree": tree, "inputs": inputs, "outputs": outputs, "schedule": schedule}
            beside = [what for what, value in given.items() if value]
            bridge.register(self.remote(), entity, version, place=place, beside=beside)

    def remote(self) -> Any:
        """Return a fresh ``FlyteRemote`` of flytekit that talks to this server."""
        raise NotImplementedError

    @suggests_keywords
    def add_execution(  # noqa: PLR0913  keywords, each of them of one execution
        self,
        name: str,
        script: Played,
        *,
        launch_plan: object = None,
        version: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        principal: str = "",
        mode: Mode | int | None = None,
        created_at: datetime | None = None,
        project: str | None = None,
        domain: str | None = None,
    ) -> Launch:
        """Add an execution that somebody else launched, and that plays this script.

        Args:
            name: The execution's name.
            script: What it does, from its creation on: a timeline, or a tree of
                :mod:`nodes <flyte_testkit.nodes>`.
            launch_plan: What was launched: a name, or an entity that has one. By default a launch
                plan of the execution's name, which is registered if it is not there yet.
            version: The version of it; by default the latest.
            inputs: What it was launched with, as Python values.
            labels: The labels it was launched with.
            annotations: Likewise the annotations.
            principal: Who launched it.
            mode: How it came to be: ``"SCHEDULED"``, ``"CHILD_WORKFLOW"``, …; by default
                ``"MANUAL"``.
            created_at: When, if not just now; an aware time that is not in the future.
            project: Where, if not in the server's own project; it is created if need be. The
                launch plan is looked for there as well.
            domain: Likewise the domain.

        Raises:
            TimelineError: The script is no finished timeline, or no tree that this can play.
            RegistrationError: Inputs or outputs do not fit what is declared.
            FlyteTestkitError: FlyteAdmin refuses such an execution.
        """
        call = f"add_execution({name!r}, …)"
        if not isinstance(name, str):
            raise FlyteTestkitError(f"{call}: an execution is named by a text, such as 'run-1'.")
        script = require_played(script, call)
        if not isinstance(principal, str):
            raise FlyteTestkitError(f"{call}: principal={principal!r}: who launched it is a text.")
        plan = name if launch_plan is None else entity_name(launch_plan)
        place = (
            None if project is None and domain is None else self._registry.place(project, domain)
        )
        if created_at is not None and not _is_aware(created_at):
            raise FlyteTestkitError(
                f"add_execution({name!r}, created_at={shown(created_at)}): that is no instant, "
                "for it has no time zone.\nWrite datetime(…, tzinfo=timezone.utc), or count back "
                "from the clock: flyte_clock.now() - timedelta(hours=1)."
            )
        metadata = execution_pb2.ExecutionMetadata(mode=execution_mode(mode, call))  # type: ignore[arg-type]  # a number of the enum
        if metadata.mode == execution_pb2.ExecutionMetadata.SCHEDULED:
            metadata.scheduled_at.FromDatetime(created_at or self._backend.clock.now())
        spec = execution_pb2.ExecutionSpec(metadata=metadata)
        spec.labels.values.update(texts(labels, f"{call}: labels"))
        spec.annotations.values.update(texts(annotations, f"{call}: annotations"))
        runnable, literals = self._registry.runnable(
            plan, _by_name(inputs, call), script, version=version, place=place
        )
        spec.launch_plan.CopyFrom(runnable)
        request = execution_pb2.ExecutionCreateRequest(name=name, spec=spec, inputs=literals)
        request.project, request.domain = place or (self.project, self.domain)
        return self._backend.add(request, script, principal=principal, created_at=created_at)

    def _add_alike(self, born: Mapping[str, datetime], script: Timeline, launch_plan: str) -> None:
        """Add executions by their names that differ in age alone, as ``add_execution`` would."""
        runnable, inputs = self._registry.runnable(launch_plan, {}, script)
        spec = execution_pb2.ExecutionSpec(
            launch_plan=runnable, metadata=execution_pb2.ExecutionMetadata()
        )
        place = {"project": self.project, "domain": self.domain}
        for name, created_at in born.items():
            request = execution_pb2.ExecutionCreateRequest(
                **place, name=name, spec=spec, inputs=inputs
            )
            self._backend.add(request, script, principal="", created_at=created_at)

    @suggests_keywords
    def on_launch(
        self,
        entity: object = None,
        *,
        version: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        name: str | None = None,
        project: str | None = None,
        domain: str | None = None,
        strict: bool | None = None,
    ) -> LaunchRoute:
        """Return what scripts, and remembers, the launches of an entity.

        Of several routes that fit a launch the most particular one answers it, for good: when its
        scripts are used up a further launch is one too many, even if a more general route always
        plays something. One without an entity is the least particular of all.

        Inputs match if they are what is sent: a value is compared as the literal that a client
        sends for it. What the launch plan gives by itself counts, and what is left out is None.

        Args:
            entity: The name of a launch plan, or of a task that is launched alone; or an entity of
                flytekit that has one. Left out, any launch will do.
            version: Only launches of this version.
            inputs: Only launches with these inputs, whatever the others are.
            name: Only the launch that asks for this execution name.
            project: Only launches of the entity of this project.
            domain: Only launches of the entity of this domain.
            strict: False lets scripts of this route go unplayed, and launches beyond them stay
                UNDEFINED, which fails the test otherwise.

        Raises:
            RouteError: The entity has no name, or something else is of a wrong type.

        Example:
            >>> from flyte_testkit import failures, running
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin(strict=False) as admin:
            ...     admin.on_launch("nightly").plays(
            ...         running(600).fails(failures.oom_killed()),
            ...         running(540).succeeds(auc=0.91),
            ...     )
            <on_launch('nightly'): 0 launched, 2 still scripted>
        """
        named = None if entity is None else entity_name(entity)
        with self._backend.still():
            return self._backend.routes.on_launch(
                named,
                version=version,
                inputs=inputs,
                name=name,
                project=project,
                domain=domain,
                strict=strict,
            )

    def _scripted(self, planting: Planting) -> None:
        self._registry.scripted(planting)

    def _doubt(self, planting: Planting) -> str:
        return self._registry.doubt(planting)


def _is_aware(at: object) -> bool:
    return isinstance(at, datetime) and at.utcoffset() is not None


def _by_name(inputs: object, call: str) -> Mapping[str, Any]:
    """Return inputs by name, which are none at all if they are None.

    Raises:
        FlyteTestkitError: They have no names.
    """
    if inputs is None:
        return {}
    if isinstance(inputs, Mapping) and all(isinstance(key, str) for key in inputs):
        return inputs
    raise FlyteTestkitError(
        f"{call}: inputs={inputs!r} are not values by name.\n"
        "Write inputs={'day': 'monday'}, for example."
    )
