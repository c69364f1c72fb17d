"""Launches and the scripts they get: what is planted before, and what can be read afterwards.

A :class:`LaunchRoute` is stub and spy in one: the object that scripts launches is the object that
remembers them. Routes know launch plans by name and scripts by value; they are ignorant of how a
script is played and of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flyteidl.core.execution_pb2 import WorkflowExecution

from flyte_testkit import literals
from flyte_testkit.admin import enums
from flyte_testkit.errors import RouteError, close_names
from flyte_testkit.timeline import Timeline, queued, require_timeline, running, undefined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flyteidl.admin import execution_pb2
    from flyteidl.core import identifier_pb2, literals_pb2

    Script = Timeline | Callable[["Launch"], Timeline]

__all__ = ["Launch", "LaunchRoute", "Routes", "UnscriptedLaunch"]


_OPENERS = (undefined, queued, running)  # called, they begin a script; themselves they are none


class UnscriptedLaunch(Exception):  # noqa: N818  it is a finding, which the engine words as a refusal
    """No script is left for a launch; the text says which, and what to do."""


class Launch:
    """One launch that a route answered.

    Attributes:
        id: The execution's identifier.
        inputs: The inputs as Python values, defaults and fixed ones of the launch plan included.
        spec: The spec as FlyteAdmin stored it.
        script: The timeline it plays; None while a script function is still being asked.
    """

    def __init__(
        self,
        read: Callable[[], execution_pb2.Execution],
        first: execution_pb2.Execution,
        inputs: literals_pb2.LiteralMap,
    ) -> None:
        self._read = read
        self.id: identifier_pb2.WorkflowExecutionIdentifier = first.id
        self.spec: execution_pb2.ExecutionSpec = first.spec
        self.inputs: Mapping[str, Any] = literals.python_values(inputs)
        self.script: Timeline | None = None

    @property
    def closure(self) -> execution_pb2.ExecutionClosure:
        """The closure as a client would read it now."""
        return self._read().closure

    @property
    def phase(self) -> str:
        """The phase as a client would read it now, by name."""
        return enums.column(WorkflowExecution.Phase, self.closure.phase)

    def __repr__(self) -> str:
        return f"<Launch of {self.spec.launch_plan.name!r} as {self.id.name!r}: {self.phase}>"


@dataclass(frozen=True)
class Criteria:
    """Which launches a route answers; what is None does not matter."""

    entity: str
    version: str | None = None
    inputs: tuple[tuple[str, Any], ...] | None = None
    name: str | None = None

    def fits(self, launch: Launch) -> bool:
        """Say whether a launch is one of these."""
        asked = launch.spec.launch_plan
        return (
            asked.name == self.entity
            and self.version in {None, asked.version}
            and self.name in {None, launch.id.name}
            and all(
                key in launch.inputs and launch.inputs[key] == value
                for key, value in self.inputs or ()
            )
        )

    @property
    def weight(self) -> int:
        """How particular these are: of two routes that fit, the more particular one answers."""
        return sum(part is not None for part in (self.version, self.inputs, self.name))

    def __str__(self) -> str:
        parts = [repr(self.entity)]
        if self.version is not None:
            parts.append(f"version={self.version!r}")
        if self.inputs is not None:
            parts.append(f"inputs={dict(self.inputs)!r}")
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        return f"on_launch({', '.join(parts)})"


class LaunchRoute:
    """What the launches of one launch plan, workflow or task will do, and what they did.

    Made by ``flyte_admin.on_launch(…)``; making one plants nothing.

    Attributes:
        launches: The launches that this route answered, in order.
    """

    def __init__(self, criteria: Criteria, scripted: Callable[[LaunchRoute], None]) -> None:
        self.criteria = criteria
        self.launches: list[Launch] = []
        self.scripts: list[Script] = []
        self.always: Script | None = None
        self._scripted = scripted

    def plays(self, *scripts: Script) -> LaunchRoute:
        """Answer the next launches with these scripts, one each, in order.

        Launching more often than scripted fails the test, on purpose: a surprise relaunch is
        usually the bug. So does a script that is never played. To answer every launch alike, see
        :meth:`always_plays`.

        Args:
            scripts: A timeline each, or a function that gets the :class:`Launch` and returns one.

        Returns:
            This same route, so that it can be asserted on.

        Raises:
            TimelineError: Something among them is no finished timeline.
            RouteError: There are no scripts, or the route always plays one already.

        Example:
            >>> from flyte_testkit import running
            >>> from flyte_testkit.server import FakeFlyteAdmin
            >>> with FakeFlyteAdmin(strict=False) as admin:
            ...     nightly = admin.on_launch("nightly").plays(running(600).succeeds(auc=0.9))
            ...     len(nightly.launches)
            0
        """
        if not scripts:
            raise RouteError(
                f"{self.criteria}.plays() was given no script. "
                "Give it one timeline for each launch, such as running(60).succeeds()."
            )
        if self.always is not None:
            raise RouteError(
                f"{self.criteria} always plays {self.always!r} already, so these scripts would "
                "never be played. Call .plays(…) before .always_plays(…)."
            )
        for number, script in enumerate(scripts, 1):
            _check(script, f"script {number} of {self.criteria}.plays(…)")
        self.scripts.extend(scripts)
        self._scripted(self)
        return self

    def always_plays(self, script: Script) -> LaunchRoute:
        """Answer every further launch with this script, however many there will be.

        Raises:
            TimelineError: It is no finished timeline.
        """
        _check(script, f"the script of {self.criteria}.always_plays(…)")
        self.always = script
        self._scripted(self)
        return self

    @property
    def planted(self) -> bool:
        """Whether this route has any script at all."""
        return bool(self.scripts) or self.always is not None

    @property
    def unplayed(self) -> int:
        """How many scripts of :meth:`plays` have not been played yet."""
        return max(0, len(self.scripts) - len(self.launches))

    def complaint(self) -> str | None:
        """Say which scripts were never played, if any."""
        if not self.unplayed:
            return None
        lines = [f"{self.criteria} was scripted, and never launched as often as that."]
        for number, script in enumerate(self.scripts, 1):
            state = "played" if number <= len(self.launches) else "NEVER PLAYED"
            lines.append(f"  {number}. {script!r}  {state}")
        again = " again" if self.launches else ""
        lines.append(f"Take the script out, or find out why the code did not launch{again}.")
        return "\n".join(lines)

    def script_for(self, launch: Launch) -> Timeline:
        """Return the script of the next launch, and count it as launched.

        Raises:
            UnscriptedLaunch: There is none left.
        """
        turn = len(self.launches)
        script = self.scripts[turn] if turn < len(self.scripts) else self.always
        if script is None:
            raise UnscriptedLaunch(self._surplus(launch))
        if not isinstance(script, Timeline):
            script = require_timeline(
                script(launch), f"what the script function of {self.criteria} returned"
            )
        launch.script = script
        self.launches.append(launch)
        return script

    def _surplus(self, launch: Launch) -> str:
        count = len(self.launches)
        heading = (
            f"{launch.spec.launch_plan.name!r} was launched for the {_ordinal(count + 1)} time, "
            f"but {_scripts(len(self.scripts))} planted by {self.criteria}.plays(…)."
        )
        lines = [heading]
        lines += [
            f"  {_ordinal(turn)}  {past.script!r}  is {past.phase} as {past.id.name!r}"
            for turn, past in enumerate(self.launches, 1)
        ]
        lines.append("Add a script to .plays(…), or answer every launch with .always_plays(…).")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<{self.criteria}: {len(self.launches)} launched, {self.unplayed} still scripted>"


class Routes:
    """All routes of one fake FlyteAdmin.

    Args:
        scripted: Told of a route each time it is given scripts.
    """

    def __init__(self, scripted: Callable[[LaunchRoute], None]) -> None:
        self._routes: dict[str, LaunchRoute] = {}
        self._scripted = scripted
        self.launches: list[Launch] = []

    def __iter__(self) -> Iterator[LaunchRoute]:
        return iter(self._routes.values())

    def on_launch(
        self,
        entity: str,
        *,
        version: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> LaunchRoute:
        """Return the route of these launches: the same one each time."""
        criteria = Criteria(
            entity, version, None if inputs is None else tuple(inputs.items()), name
        )
        return self._routes.setdefault(str(criteria), LaunchRoute(criteria, self._scripted))

    def complaints(self) -> Iterator[str]:
        """Yield what every route has to say of scripts that were never played."""
        for route in self:
            if complaint := route.complaint():
                yield complaint

    def claim(self, launch: Launch) -> Timeline:
        """Find the script of a launch among the planted routes, the most particular first.

        Raises:
            UnscriptedLaunch: There is none.
        """
        fitting = [route for route in self if route.planted and route.criteria.fits(launch)]
        fitting.sort(key=lambda route: -route.criteria.weight)  # stable: the elder of two equals
        refused: UnscriptedLaunch | None = None
        for route in fitting:
            try:
                script = route.script_for(launch)
            except UnscriptedLaunch as surplus:
                refused = refused or surplus
            else:
                self.launches.append(launch)
                return script
        raise refused or UnscriptedLaunch(self._unscripted(launch))

    def _unscripted(self, launch: Launch) -> str:
        name = launch.spec.launch_plan.name
        scripted = [route.criteria for route in self if route.planted]
        planted = sorted({criteria.entity for criteria in scripted})
        near = [str(criteria) for criteria in scripted if criteria.entity == name]
        if near:
            truth = f"Scripted are only {', '.join(near)}; inputs were {dict(launch.inputs)!r}."
        elif planted:
            truth = f"Scripted are {', '.join(map(repr, planted))}.{close_names(name, planted)}"
        else:
            truth = "No launch is scripted at all."
        return (
            f"{name!r} was launched, but nothing is scripted for it. {truth}\n"
            f"Script it with on_launch({name!r}).plays(running(60).succeeds()), "
            "or let unscripted launches stay UNDEFINED with strict=False."
        )


def _check(script: object, what: str) -> None:
    if isinstance(script, Timeline) or not callable(script) or script in _OPENERS:
        require_timeline(script, what)


def _ordinal(number: int) -> str:
    teens = 10 < number % 100 < 14
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _scripts(count: int) -> str:
    return "1 script is" if count == 1 else f"{count} scripts are"
