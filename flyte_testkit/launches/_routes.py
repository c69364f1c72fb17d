"""All routes of one fake FlyteAdmin, and which of them answers a launch.

Of the routes that fit a launch the most particular one answers. When it has nothing left the launch
is one too many: a route for any launch does not step in, or a surprise relaunch would pass.
Ignorant of what is registered, and of how a refusal travels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.errors import RouteError, close_names, shown
from flyte_testkit.launches._criteria import Criteria
from flyte_testkit.launches._route import LaunchRoute, Planting, UnscriptedLaunch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from flyte_testkit.launches._launch import Launch
    from flyte_testkit.launches._scripts import Played

__all__ = ["Routes"]

_SHOWN = 5  # routes that a refusal names: it travels in HTTP/2 trailers, which are short


class Routes:
    """All routes of one fake FlyteAdmin.

    Args:
        scripted: Told of scripts before a route is given them; what it raises is told instead.
        doubt: Says why these could not be planted as things are by now; empty if they could.
    """

    def __init__(
        self, scripted: Callable[[Planting], None], doubt: Callable[[Planting], str] = lambda _: ""
    ) -> None:
        self._routes: dict[Hashable, LaunchRoute] = {}
        self._by_entity: dict[str | None, list[LaunchRoute]] = {}
        self._scripted = scripted
        self._doubt = doubt
        self._looked_for: set[str] = set()
        self.launches: list[Launch] = []

    def __iter__(self) -> Iterator[LaunchRoute]:
        return iter(tuple(self._routes.values()))  # others may plant meanwhile

    def on_launch(
        self,
        entity: str | None,
        *,
        inputs: Mapping[str, object] | None = None,
        version: str | None = None,
        name: str | None = None,
        project: str | None = None,
        domain: str | None = None,
        strict: bool | None = None,
    ) -> LaunchRoute:
        """Return the route of these launches: the same one each time.

        Raises:
            RouteError: Something is of a type that it cannot have.
        """
        if strict is not None and not isinstance(strict, bool):
            raise RouteError(f"on_launch(…, strict={strict!r}): strict is True or False.")
        criteria = Criteria.checked(
            entity, version=version, inputs=inputs, name=name, project=project, domain=domain
        )
        key = criteria.key
        if key not in self._routes:
            self._routes[key] = LaunchRoute(criteria, self._scripted)
            self._by_entity.setdefault(entity, []).append(self._routes[key])
        if strict is not None:
            self._routes[key].strict = strict
        return self._routes[key]

    def looked_for(self, entity: str) -> None:
        """Take down that somebody asked for what goes by this name."""
        self._looked_for.add(entity)

    def complaints(self) -> Iterator[str]:
        """Yield what every route has to say of scripts that were never played."""
        for route in self:
            entity = route.criteria.entity
            looked_at = bool(self._looked_for) if entity is None else entity in self._looked_for
            if complaint := route.complaint(looked_at=looked_at):
                doubt = self._doubt(route.planting)
                yield f"{complaint}\n{doubt}" if doubt else complaint

    def claim(self, launch: Launch, made: Callable[[Played], object] = lambda _: None) -> Played:
        """Find the script of a launch among the planted routes, the most particular first.

        Args:
            launch: The launch.
            made: Asked whether this launch can play a script; it raises what is wrong.

        Raises:
            UnscriptedLaunch: There is none.
            FlyteTestkitError: Its script is wrong. Nothing has changed then.
        """
        candidates = (*self._by_entity.get(launch.spec.launch_plan.name, ()), *self._any())
        fitting = [route for route in candidates if route.planted and route.criteria.fits(launch)]
        if not fitting:
            raise UnscriptedLaunch(self._unscripted(launch))
        weight = max(route.criteria.weight for route in fitting)
        equals = [route for route in fitting if route.criteria.weight == weight]
        route = next((route for route in equals if not route.used_up), equals[0])
        script: Played = route.next_script(launch, made)
        self.launches.append(launch)
        return script

    def _any(self) -> list[LaunchRoute]:
        return self._by_entity.get(None, [])

    def _unscripted(self, launch: Launch) -> str:
        asked = launch.spec.launch_plan
        scripted = [route.criteria for route in self if route.planted]
        planted = sorted({criteria.entity for criteria in scripted if criteria.entity is not None})
        near = [criteria for criteria in scripted if criteria.entity in {None, asked.name}]
        if near:
            truth = f"Scripted are only {_listed([str(criteria) for criteria in near])}; "
            truth += f"inputs were {shown(dict(launch.inputs), 1000)}."
            if any(criteria.version or criteria.project or criteria.domain for criteria in near):
                truth += (
                    f" It was version {asked.version!r}, of {asked.project!r} and {asked.domain!r}."
                )
        elif planted:
            truth = f"Scripted are {_listed([repr(entity) for entity in planted])}."
            truth += close_names(asked.name, planted)
        else:
            truth = "No launch is scripted at all."
        doubts = [self._doubt(Planting(criteria, ())) for criteria in near[:_SHOWN]]
        advice = (
            f"Script it with on_launch({asked.name!r}).plays(running(60).succeeds()), "
            "or let unscripted launches stay UNDEFINED with strict=False."
        )
        heading = f"{asked.name!r} was launched, but nothing is scripted for it. {truth}"
        return "\n".join([heading, *dict.fromkeys(filter(None, doubts)), advice])


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more
