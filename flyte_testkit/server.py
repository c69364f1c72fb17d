"""The fake Flyte backend: a FlyteAdmin in the test process that plays scripts over real gRPC.

The door for tests without pytest's fixtures: ``unittest``, scripts, property tests. It joins
backend and wire, and turns names and Python values into requests. Ignorant of FlyteAdmin's rules.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import grpc
from flyteidl.admin import execution_pb2

from flyte_testkit.backend import Backend
from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import suggests_keywords
from flyte_testkit.naming import entity_name, execution_id
from flyte_testkit.past import Past
from flyte_testkit.registry import Registry
from flyte_testkit.timeline import require_timeline
from flyte_testkit.wire.faults import FaultRoute, Faults
from flyte_testkit.wire.host import Host
from flyte_testkit.wire.journal import Journal
from flyte_testkit.wire.listener import CLIENT_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from typing_extensions import Self

    from flyte_testkit.admin.rows import ExecutionRow
    from flyte_testkit.clock import Clock
    from flyte_testkit.engine.history import Change
    from flyte_testkit.launches import Launch, LaunchRoute
    from flyte_testkit.timeline import Timeline
    from flyte_testkit.wire.journal import Call
    from flyte_testkit.wire.names import Rpc

__all__ = ["FakeFlyteAdmin"]


class FakeFlyteAdmin(Past):
    """A FlyteAdmin 1.16 in this process, on a free loopback port.

    Use it as a context manager. On leaving, what no script foresaw fails the block: a launch that
    nothing was scripted for, a script that was never played, an RPC that is not faked.

    Waiting moves its clock only for code that it governs; fixtures and ``fake_flyte`` see to that.

    Args:
        clock: What its time is; a new :class:`~flyte_testkit.clock.VirtualClock` by default.
        port: Where it listens; 0 finds a free port.
        strict: Whether the unforeseen fails the block, and unscripted launches are refused.
        seed: What generated execution names are drawn from.
        project: The project that names belong to which are given without one.
        domain: Likewise the domain.

    Raises:
        UnexpectedUse: On leaving the block, if something happened that no script foresaw.

    Example:
        >>> from flyte_testkit import running
        >>> from flyte_testkit.server import FakeFlyteAdmin
        >>> with FakeFlyteAdmin() as admin:
        ...     train = admin.add_execution("train", running(3600).succeeds(auc=0.91))
        ...     admin.clock.advance(3600)
        ...     train.phase
        'SUCCEEDED'
    """

    @suggests_keywords
    def __init__(
        self,
        *,
        clock: Clock | None = None,
        port: int = 0,
        strict: bool = True,
        seed: int = 0,
        project: str = "flytesnacks",
        domain: str = "development",
    ) -> None:
        self.clock: Clock = clock or VirtualClock()
        self.strict = strict
        self.project = project
        self.domain = domain
        self._journal = Journal()
        self._faults = Faults(self.clock, self._journal)
        self._backend = Backend(self.clock, strict=strict, seed=seed, scripted=self._scripted)
        self._registry = Registry(self._backend, project, domain)
        self._host = Host(self._backend, self._journal, self._faults.hooks, port)
        self._serving = ExitStack()

    def __enter__(self) -> Self:
        self._serving.enter_context(self.serving())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._serving.close()
        if kind is None:
            self.verify()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve for a while without failing the block at its end; see :meth:`verify`."""
        self._host.start()
        try:
            yield
        finally:
            self._host.stop()

    @property
    def endpoint(self) -> str:
        """Host and port, such as ``127.0.0.1:40123``.

        Raises:
            FlyteTestkitError: The server does not run.
        """
        return self._host.endpoint

    def channel(self) -> grpc.Channel:
        """Return a new gRPC channel to this server, for stubs of flyteidl; closing it is yours."""
        return grpc.insecure_channel(self.endpoint, options=CLIENT_OPTIONS)

    def remote(self) -> Any:
        """Return a fresh ``FlyteRemote`` of flytekit that talks to this server.

        Fresh, because flytekit remembers fetched entities for each client.

        Raises:
            MissingFlytekit: flytekit is not installed.
        """
        __tracebackhide__ = True  # of pytest's: if it is missing, the caller's line says it
        from flyte_testkit.flytekit_bridge import remote  # noqa: PLC0415  flytekit is optional

        return remote(self.endpoint, self.project, self.domain)

    @contextmanager
    def env(self) -> Iterator[Mapping[str, str]]:
        """Let everything that builds its own client land here, for a while.

        The context gives the variables that say so, for subprocesses. Under it flytekit reads
        no configuration but this server's, asks no keyring and uses no proxy, and channels to
        anything but loopback are refused.
        """
        from flyte_testkit.environment import pointed_at  # noqa: PLC0415  a wing, for convenience

        place = self.endpoint, self.project, self.domain
        with pointed_at(*place, self._backend.surprises.add, self._met) as self.variables:
            yield self.variables

    # Scripting

    @suggests_keywords
    def register(
        self,
        entity: object,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        version: str = "v1",
    ) -> None:
        """Register a launch plan by its name and interface, or a real entity of flytekit.

        A name makes a task, a workflow and an active launch plan of that name. An entity of
        flytekit (task, workflow, launch plan) is compiled and registered by flytekit itself.

        Args:
            entity: A name, or an entity of flytekit.
            inputs: With a name: Python types of the inputs, by name; flytekit's own among them.
            outputs: Likewise of the outputs.
            version: The version to register.

        Raises:
            RegistrationError: The interface or the name cannot be registered.

        Example:
            >>> with FakeFlyteAdmin() as admin:
            ...     admin.register("nightly", inputs={"day": str}, outputs={"auc": float})
        """
        from flyte_testkit import flytekit_bridge as bridge  # noqa: PLC0415  flytekit is optional

        if isinstance(entity, str):
            types = bridge.declared(inputs or {}), bridge.declared(outputs or {})
            self._registry.register(entity, *types, version)
        else:
            given = bool(inputs or outputs)
            bridge.register(self.remote(), entity, version, interface_given=given)

    @suggests_keywords
    def add_execution(
        self,
        name: str,
        script: Timeline,
        *,
        launch_plan: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        principal: str = "",
        created_at: datetime | None = None,
    ) -> Launch:
        """Add an execution that somebody else launched, and that plays this script.

        Args:
            name: The execution's name.
            script: What it does, from its creation on.
            launch_plan: What was launched; by default a launch plan of the execution's name, which
                is registered if it is not there yet.
            inputs: What it was launched with, as Python values.
            labels: The labels it was launched with.
            principal: Who launched it.
            created_at: When, if not just now; an aware time that is not in the future.

        Raises:
            TimelineError: The script is no finished timeline.
            RegistrationError: Inputs or outputs do not fit what is declared.
            FlyteTestkitError: FlyteAdmin refuses such an execution.
        """
        script = require_timeline(script, f"add_execution({name!r}, …)")
        plan = launch_plan or name
        self._registry.ensure(plan, inputs or {}, [script])
        request = execution_pb2.ExecutionCreateRequest(
            project=self.project,
            domain=self.domain,
            name=name,
            spec=execution_pb2.ExecutionSpec(
                launch_plan=self._registry.latest(plan),
                metadata=execution_pb2.ExecutionMetadata(),
            ),
            inputs=self._registry.inputs_of(plan, inputs or {}),
        )
        for key, value in (labels or {}).items():
            request.spec.labels.values[key] = value
        return self._backend.add(request, script, principal=principal, created_at=created_at)

    @suggests_keywords
    def on_launch(
        self,
        entity: object,
        *,
        version: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> LaunchRoute:
        """Return what scripts, and remembers, the launches of an entity.

        Args:
            entity: The name of a launch plan, or of a task that is launched alone; or an entity of
                flytekit that has one.
            version: Only launches of this version.
            inputs: Only launches with these inputs, whatever the others are.
            name: Only the launch that asks for this execution name.

        Example:
            >>> from flyte_testkit import failures, running
            >>> with FakeFlyteAdmin(strict=False) as admin:
            ...     admin.on_launch("nightly").plays(
            ...         running(600).fails(failures.oom_killed()),
            ...         running(540).succeeds(auc=0.91),
            ...     )
            <on_launch('nightly'): 0 launched, 2 still scripted>
        """
        return self._backend.routes.on_launch(
            entity_name(entity), version=version, inputs=inputs, name=name
        )

    def on(self, rpc: Rpc | None = None) -> FaultRoute:
        """Return what plants faults between the calls of an RPC and their answers.

        Args:
            rpc: The bare name of an RPC; left out, the route is that of every RPC.

        Raises:
            RouteError: There is no such RPC.

        Example:
            >>> with FakeFlyteAdmin() as admin:
            ...     lookups = admin.on("GetExecution").fails_with("UNAVAILABLE", times=2)
            ...     lookups.struck
            0
        """
        return self._faults.on(rpc)

    # Acting now

    @suggests_keywords
    def terminate(self, execution: object, cause: str, *, principal: str = "") -> None:
        """Terminate an execution now, as somebody else would from the console.

        Args:
            execution: Its name, a :class:`~flyte_testkit.launches.Launch`, or an execution object.
            cause: Why.
            principal: Who.

        Raises:
            FlyteTestkitError: There is no such execution, or it has ended.
        """
        found = execution_id(execution, self.project, self.domain)
        self._backend.terminate(found, cause, principal=principal)

    # Reading the past

    @property
    def launches(self) -> list[Launch]:
        """All launches that were scripted, in order."""
        return list(self._backend.routes.launches)

    @property
    def calls(self) -> list[Call]:
        """All calls that reached the server, attempt by attempt, in order."""
        return list(self._journal.calls)

    def lives(self) -> Iterator[tuple[ExecutionRow, Sequence[Change], str]]:
        """Yield every execution with its changes of phase and its script, for pictures."""
        return self._backend.lives()

    def unforeseen(self) -> tuple[str, ...]:
        """Return what no script foresaw and was not told yet; scripts that were not played, too."""
        return self._backend.surprised().take()

    def names(self) -> frozenset[str]:
        """Return the names of all launch plans, workflows and tasks, for hints."""
        return self._registry.names()

    def verify(self) -> None:
        """Tell, once, what happened that no script foresaw; leaving the block does this by itself.

        Raises:
            UnexpectedUse: Something did, and ``strict`` is on.
        """
        surprises = self._backend.surprised()
        if self.strict:
            surprises.raise_if_any()
        surprises.take()

    def _scripted(self, route: LaunchRoute) -> None:
        scripts = [s for s in (*route.scripts, route.always) if s is not None]
        self._registry.ensure(
            route.criteria.entity,
            dict(route.criteria.inputs or ()),
            scripts,
            version=route.criteria.version,
        )
