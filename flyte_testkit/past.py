"""What a fake FlyteAdmin can be asked about the past, beyond launches and calls.

A part of :class:`~flyte_testkit.server.FakeFlyteAdmin`, for users and for reports. Ignorant of how
things come about.
"""

from __future__ import annotations

import itertools
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flyte_testkit.errors import FlyteTestkitError, shown
from flyte_testkit.launches import LaunchRoute
from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.backend import Backend
    from flyte_testkit.clock import Clock
    from flyte_testkit.engine.history import Change
    from flyte_testkit.glances import Glance, Origin
    from flyte_testkit.launches import Launch
    from flyte_testkit.wire.journal import Call

__all__ = ["Past", "Since"]


class Past:
    """The reading part of a fake FlyteAdmin.

    Attributes:
        variables: The environment variables that point at the server, while it has an environment.
    """

    variables: Mapping[str, str] = MappingProxyType({})
    clock: Clock
    strict: bool
    _backend: Backend

    if TYPE_CHECKING:  # what the whole brings along

        @property
        def calls(self) -> list[Call]:
            """All calls."""

        def lives(self) -> Iterator[tuple[ExecutionRow, Sequence[Change], Origin]]:
            """All executions."""

        def glances(self) -> list[Glance]:
            """All executions, for pictures."""

    def most_at_once(self, of: str | LaunchRoute | None = None) -> int:
        """Return how many executions there were at once, at most, so far.

        An execution counts from its creation until its end. One that ends at the instant at which
        the next is created is not there together with it.

        Args:
            of: A route, for what it launched; the name of a launch plan or task, for whatever was
                launched by that name; left out, all executions count.

        Raises:
            FlyteTestkitError: It is neither a route nor a name.

        Example:
            >>> from flyte_testkit import running
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin() as admin:
            ...     _ = admin.add_execution("one", running(60).succeeds())
            ...     _ = admin.add_execution("two", running(60).succeeds())
            ...     admin.clock.advance(60)
            ...     _ = admin.add_execution("three", running(60).succeeds())
            ...     admin.most_at_once(), admin.most_at_once("three")
            (2, 1)
        """
        if of is not None and not isinstance(of, (str, LaunchRoute)):
            raise FlyteTestkitError(
                f"most_at_once({shown(of)}): it takes a route, or the name of a launch plan or "
                "task.\nWrite most_at_once('nightly'), or most_at_once() for all executions."
            )
        ids = {_key(launch) for launch in of.launches} if isinstance(of, LaunchRoute) else None
        edges: list[tuple[float, int]] = []
        brief = 0
        for row, changes, _ in self.lives():
            if ids is not None and row.key not in ids:
                continue
            if isinstance(of, str) and row.message.spec.launch_plan.name != of:
                continue
            begun, last = changes[0].at.timestamp(), changes[-1]
            over = last.at.timestamp() if last.phase in OUTCOMES else None
            if over == begun:
                brief = 1  # there, but with nobody else for any length of time
                continue
            edges.append((begun, 1))
            if over is not None:
                edges.append((over, -1))
        most = now = 0
        for _, step in sorted(edges):  # of one instant the ends come first
            now += step
            most = max(most, now)
        return max(most, brief)

    def strangers(self) -> tuple[str, ...]:
        """Return what to say of channels to other servers on this machine, for hints."""
        return tuple(self._strangers)

    def tell_unforeseen(self) -> None:
        """Tell what happened so far that no script foresaw; scripts that may yet be played wait.

        Raises:
            UnexpectedUse: Something did, and ``strict`` is on.
        """
        unforeseen = self._backend.unforeseen_so_far
        if self.strict:
            unforeseen.raise_if_any()
        unforeseen.take()

    def take_unforeseen(self) -> tuple[str, ...]:
        """Return what happened so far that no script foresaw and was not told yet."""
        return self._backend.unforeseen_so_far.take()

    def since_now(self) -> Since:
        """Return what will be seen of this server from now on, for the report of one test."""
        return Since(self)

    @cached_property
    def _strangers(self) -> dict[str, None]:
        return {}

    def _met(self, text: str) -> None:
        self._strangers[text] = None


class Since:
    """What is to be seen of a server since some moment: its executions and calls since then.

    Everything else is the server's own.

    Args:
        admin: The server; the moment is now.
    """

    def __init__(self, admin: Past) -> None:
        self._admin = admin
        self._began = admin.clock.now()
        self._known = len(admin.glances())
        self._last = admin.calls[-1] if admin.calls else None
        self._met = frozenset(admin.strangers())

    @property
    def calls(self) -> list[Call]:
        """The calls since then."""
        calls = self._admin.calls
        later = itertools.takewhile(lambda call: call is not self._last, reversed(calls))
        return list(later)[::-1]

    def glances(self) -> list[Glance]:
        """Return the executions that were created since then, changed since, or were asked for."""
        asked = {_name(call.request) for call in self.calls}
        return [
            glance
            for number, glance in enumerate(self._admin.glances())
            if number >= self._known
            or glance.changes[-1].at > self._began
            or glance.row.execution_name in asked
        ]

    def strangers(self) -> tuple[str, ...]:
        """Return what to say of channels that were opened since then."""
        return tuple(text for text in self._admin.strangers() if text not in self._met)

    def unforeseen(self) -> tuple[str, ...]:
        """Return what no script foresaw; scripts may yet be played."""
        return self._admin.take_unforeseen()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._admin, name)


def _name(request: object) -> str:
    """Return the name of what a request is about, if it has one."""
    identifier = getattr(request, "id", None) or getattr(request, "workflow_execution_id", None)
    for part in ("node_execution_id", "execution_id"):
        identifier = getattr(identifier, part, identifier)
    return str(getattr(identifier, "name", ""))


def _key(launch: Launch) -> tuple[str, str, str]:
    return (launch.id.project, launch.id.domain, launch.id.name)
