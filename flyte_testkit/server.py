"""The fake Flyte backend: a FlyteAdmin in the test process that plays scripts over real gRPC.

The door for tests without pytest's fixtures: ``unittest``, scripts, property tests. It joins
backend and wire, and turns names and Python values into requests. Ignorant of FlyteAdmin's rules.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import grpc

from flyte_testkit.acting import Acting
from flyte_testkit.backend import Backend
from flyte_testkit.clock import VirtualClock, governing_clock
from flyte_testkit.errors import FlyteTestkitError, close_names, shown, suggests_keywords
from flyte_testkit.naming import execution_id
from flyte_testkit.past import Past
from flyte_testkit.propeller.pace import PACES
from flyte_testkit.registry import Registry
from flyte_testkit.scripting import Scripting
from flyte_testkit.weak import weakly
from flyte_testkit.wire.faults import FaultRoute, Faults
from flyte_testkit.wire.host import Host
from flyte_testkit.wire.journal import Journal
from flyte_testkit.wire.listener import CLIENT_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from typing_extensions import Self

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.clock import Clock
    from flyte_testkit.definitions import Kind, Whereabouts
    from flyte_testkit.engine.history import Change
    from flyte_testkit.glances import Glance, Origin
    from flyte_testkit.launches import Launch
    from flyte_testkit.wire.journal import Call
    from flyte_testkit.wire.names import Rpc
    from flyte_testkit.wire.reservation import Reservation
    from flyte_testkit.wire.transports import Transport

__all__ = ["FakeFlyteAdmin"]


class FakeFlyteAdmin(Scripting, Acting, Past):
    """A FlyteAdmin 1.16 in this process, on a free loopback port.

    Use it as a context manager. On leaving, what no script foresaw fails the block: a launch that
    nothing was scripted for, a script that was never played, an RPC that is not faked.

    Its verbs say what there is and what will be (``register``, ``add_execution``, ``on_launch``,
    ``on``) and act now (``terminate``, ``approve``, ``reject``, ``set_signal``); its readings say
    what was (``launches``, ``calls``, ``most_at_once``). Clients find it by ``endpoint``,
    ``channel``, ``remote`` and ``env``. What stands at its end is for reports.

    Waiting moves its clock only for code that it governs; fixtures and ``fake_flyte`` see to that.

    Args:
        clock: What its time is; by default that of the world, and outside of any a new clock.
        port: Where it listens; 0 finds a free port. If it stops and starts again it keeps its port.
        strict: Whether the unforeseen fails the block, and unscripted launches are refused.
        seed: What generated execution names are drawn from, and the chances of the pace.
        pace: How long the engine takes for what takes it time by itself: ``"instant"``, so that
            only what is scripted takes time; or ``"realistic"``, as a real flytepropeller, which
            goes in rounds, notices late that a pod has ended, and looks every 30 s at executions
            that nodes have launched.
        project: The project that names belong to which are given without one.
        domain: Likewise the domain.
        keep_calls: How many of the latest calls :attr:`calls` remembers; all by default.
        transport: ``"tcp"`` serves over a socket, as a FlyteAdmin does. With ``"direct"`` channels
            of this process to its endpoint lead here without one, and are answered in the calling
            thread: a poll costs a twentieth. It listens as soon as somebody needs a socket:
            ``grpc.aio``, a child process, whoever reads :attr:`variables`.

    Attributes:
        transport: Likewise.

    Raises:
        UnexpectedUse: On leaving the block, as :meth:`verify` does; and so HopelessWait.

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
    def __init__(  # noqa: PLR0913  keywords, each of them of one server
        self,
        *,
        clock: Clock | None = None,
        port: int = 0,
        strict: bool = True,
        seed: int = 0,
        pace: str = "instant",
        project: str = "flytesnacks",
        domain: str = "development",
        keep_calls: int | None = None,
        transport: Transport = "tcp",
    ) -> None:
        if not isinstance(strict, bool):
            raise FlyteTestkitError(
                f"strict={strict!r} says neither yes nor no: it is True or False."
            )
        if not isinstance(seed, int):
            raise FlyteTestkitError(f"seed={seed!r} is no seed: it is a whole number, such as 0.")
        if not isinstance(pace, str) or pace not in PACES:
            raise FlyteTestkitError(
                f"pace={pace!r} is none; it is {' or '.join(map(repr, PACES))}."
                f"{close_names(str(pace), PACES)}"
            )
        self.clock: Clock = clock or governing_clock() or VirtualClock()
        self.strict = strict
        self.project = project
        self.domain = domain
        self._variables: Mapping[str, str] = {}
        self._journal = Journal.on(self.clock, keep=keep_calls)
        self._faults = Faults(self.clock, self._journal)
        self._backend = Backend(
            self.clock,
            strict=strict,
            seed=seed,
            scripted=weakly(self._scripted),
            doubt=weakly(self._doubt),
        )
        self._backend.engine.pace = PACES[pace].seeded(seed)
        self._backend.complaints.append(self._faults.complaints)
        self._registry = Registry(self._backend, project, domain)
        self._host = Host(self._backend, self._journal, self._faults.hooks, port, transport)
        self.transport = self._host.transport
        self._serving = ExitStack()

    def __enter__(self) -> Self:
        self._serving.enter_context(self.serving())
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._serving.close()
        if kind is None:
            self.verify()

    @contextmanager
    def serving(self, place: Reservation | None = None) -> Iterator[None]:
        """Serve for a while without failing the block at its end; see :meth:`verify`.

        More than once, if need be, as a server that is restarted: it keeps what it knows, and its
        ports.

        Args:
            place: The port that it serves at, if several servers have it in turn.

        Raises:
            FlyteTestkitError: It serves already, or somebody has taken its port.
        """
        self._host.start(place)
        self._backend.keeper = self
        try:
            yield
        finally:
            self._backend.keeper = None
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
        with pointed_at(*place, self.refused, self.met) as self._variables:
            yield self._variables

    @contextmanager
    def playing(self, place: Reservation, variables: Mapping[str, str]) -> Iterator[None]:
        """Serve where others do in turn, led to by an environment that lasts; see ``Scene``."""
        with self.serving(place):
            self._variables = variables
            yield

    @property
    def is_anywhere(self) -> bool:
        """Whether it has not served yet, and nobody has chosen its port."""
        return self._host.is_anywhere

    def refused(self, text: str) -> None:
        """Hear of a channel that would have led away from this machine."""
        self._backend.unforeseen(text)

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables of :meth:`env`, for other processes; it listens from now on."""
        if self._variables:
            self._host.listen()
        return self._variables

    def on(self, rpc: Rpc | None = None) -> FaultRoute:
        """Return what plants faults between calls and answers; one that never strikes is told.

        Args:
            rpc: The bare name of an RPC; left out, the route is that of every RPC.

        Raises:
            RouteError: There is no such RPC.

        Example:
            >>> with FakeFlyteAdmin() as admin:
            ...     admin.on("GetExecution")
            <on('GetExecution'): nothing is planted>
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
            FlyteTestkitError: There is no such execution, it has ended, or the cause is no text.
        """
        for what, text in (("cause", cause), ("principal", principal)):
            if not isinstance(text, str):
                raise FlyteTestkitError(
                    f"terminate({shown(execution)}, …): {what}={shown(text)}: a {what} is a text."
                )
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

    def verify(self) -> None:
        """Tell, once, what happened that no script foresaw; leaving the block does this by itself.

        Raises:
            HopelessWait: A wait was hopeless and nobody heard of it; see ``VirtualClock.verify``.
            UnexpectedUse: No script foresaw something, and ``strict`` is on.
        """
        self.clock.verify()
        unforeseen = self._backend.unforeseen_at_the_end()
        if self.strict:
            unforeseen.raise_if_any()
        unforeseen.take()

    # For reports and the plugin

    def lives(self) -> Iterator[tuple[ExecutionRow, Sequence[Change], Origin]]:
        """Yield every execution with its changes of phase and its origin, for pictures."""
        return self._backend.lives()

    def life(self, name: str) -> Sequence[Change]:
        """Return the changes of phase of one of its own executions, whatever becomes of others."""
        return self._backend.life((self.project, self.domain, name))

    def glances(self) -> list[Glance]:
        """Return every execution at a glance, for pictures of many."""
        return self._backend.glances()

    def unforeseen(self) -> tuple[str, ...]:
        """Return what no script foresaw and was not told yet; scripts that were not played, too."""
        return self._backend.unforeseen_at_the_end().take()

    def whereabouts(self, kind: Kind, project: str, domain: str, name: str) -> Whereabouts:
        """Return what there is of a name that somebody looks for, for hints."""
        return self._registry.whereabouts(kind, project, domain, name)
