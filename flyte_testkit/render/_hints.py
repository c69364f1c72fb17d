"""What may help with a test that failed: names that were looked for in vain, above all.

The real server would have said NOT_FOUND as well, so it is no surprise; often it is the reason.
Ignorant of what the code under test wanted with them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from flyte_testkit.errors import close_names
from flyte_testkit.propeller.phases import OUTCOMES
from flyte_testkit.render._signals import refused_signals
from flyte_testkit.render._values import in_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flyte_testkit.definitions import Kind
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call

__all__ = ["hints"]

_LOOK_UPS: dict[str, Kind] = {
    **dict.fromkeys(("GetLaunchPlan", "GetActiveLaunchPlan", "ListLaunchPlans"), "launch_plan"),
    **dict.fromkeys(("GetWorkflow", "ListWorkflows"), "workflow"),
    **dict.fromkeys(("GetTask", "ListTasks"), "task"),
}
_LOOKS = {"GetExecution", "GetExecutionData", "TerminateExecution"}
_TASK = 1  # flyteidl.core.ResourceType.TASK

_MOST = 5  # hints
_LOOKED_INTO = 100  # look-ups
_VAIN = 20  # looks at one instant, after which somebody is taken to have waited in real time


class LookUp(NamedTuple):
    """What somebody looked for."""

    rpc: str
    kind: Kind
    project: str
    domain: str
    name: str
    version: str

    @property
    def thing(self) -> str:
        """The kind in words."""
        return self.kind.replace("_", " ")


def hints(admin: FakeFlyteAdmin) -> list[str]:
    """Return what may help with a test that failed: names looked up in vain, and the like."""
    look_ups = dict.fromkeys(_look_ups(admin.calls))
    texts = [
        text
        for look_up in list(look_ups)[:_LOOKED_INTO]
        if (text := _text_of(look_up, admin)) is not None
    ]
    texts += _missing_executions(admin)
    texts += refused_signals(admin.calls)
    texts += _looks_in_vain(admin)
    texts = list(dict.fromkeys(texts))
    more = len(texts) - _MOST
    return [*texts[:_MOST], *([f"… and {more} more like these."] if more > 0 else [])]


def _look_ups(calls: Iterable[Call]) -> Iterator[LookUp]:
    for call in calls:
        if call.rpc in _LOOK_UPS:
            sought, kind = call.request.id, _LOOK_UPS[call.rpc]
        elif call.rpc == "CreateExecution" and call.code != "OK":
            sought = call.request.spec.launch_plan
            kind = "task" if sought.resource_type == _TASK else "launch_plan"
        else:
            continue
        if sought.name:
            version = getattr(sought, "version", "")
            yield LookUp(call.rpc, kind, sought.project, sought.domain, sought.name, version)


def _text_of(sought: LookUp, admin: FakeFlyteAdmin) -> str | None:
    """Say what is wrong with a look-up, if anything is."""
    found = admin.whereabouts(sought.kind, sought.project, sought.domain, sought.name)
    name = repr(sought.name)
    place, own = (sought.project, sought.domain), (admin.project, admin.domain)
    if found.versions:
        if not sought.version or sought.version in found.versions:
            return None
        known = ", ".join(map(repr, found.versions[-_MOST:]))
        return (
            f"{sought.rpc} looked for {sought.thing} {name}, of which there is no such version "
            f"{sought.version!r}; known: {known}.{close_names(sought.version, found.versions)}\n"
            f"Ask for a version that is there, or register({name}, version={sought.version!r})."
        )
    there = f" in project {place[0]!r}, domain {place[1]!r}"
    if found.elsewhere:
        others = " and ".join(
            f"project {project!r}, domain {domain!r}" for project, domain in found.elsewhere[:_MOST]
        )
        asked = f"project={place[0]!r}, domain={place[1]!r}"
        return (
            f"{sought.rpc} looked for {sought.thing} {name}{there}; it is registered in {others}.\n"
            "Let the client ask there, or "
            + (
                f"register({name}, {asked})."
                if place == own  # which project and domain the server has is no matter then
                else f"let the server have that project and domain: @pytest.mark.flyte({asked})."
            )
        )
    if found.kinds:
        kinds = " and ".join(f"a {kind.replace('_', ' ')}" for kind in found.kinds)
        return (
            f"{sought.rpc} looked for a {sought.thing} {name}{'' if place == own else there}; "
            f"what is registered under that name is {kinds}."
        )
    near = found.near or admin.whereabouts(sought.kind, *own, sought.name).near
    mean = f" Did you mean {near[0]!r}?" if near else ""
    if place == own:
        return (
            f"{sought.rpc} looked for {name}, which is not registered.{mean}\n"
            f"Register it with register({name}), or script it with on_launch({name})."
        )
    return (
        f"{sought.rpc} looked for {name}{there}, where it is not registered.{mean}\n"
        f"This server's own project is {own[0]!r}, its domain {own[1]!r}: what register({name}) "
        f"and on_launch({name}) make is there."
    )


def _missing_executions(admin: FakeFlyteAdmin) -> Iterator[str]:
    """Say of executions that were looked for in vain where they are, or which come close."""
    vain = {
        (call.rpc, named.project, named.domain, named.name)
        for call in admin.calls
        if call.rpc in _LOOKS and call.code == "NOT_FOUND"
        for named in [call.request.id]
        if named.name
    }
    if not vain:
        return
    places: dict[str, set[tuple[str, str]]] = {}
    for glance in admin.glances():
        row = glance.row
        place = (row.execution_project, row.execution_domain)
        places.setdefault(row.execution_name, set()).add(place)
    for rpc, project, domain, name in sorted(vain)[:_LOOKED_INTO]:
        looked = f"{rpc} looked for execution {name!r}"
        there: Any = places.get(name, set())
        if there and (project, domain) not in there:
            others = " and ".join(f"project {p!r}, domain {d!r}" for p, d in sorted(there))
            yield f"{looked} in project {project!r}, domain {domain!r}; it is in {others}."
        elif not there and (mean := close_names(name, places)):
            yield f"{looked}, which does not exist.{mean}"


def _looks_in_vain(admin: FakeFlyteAdmin) -> Iterator[str]:
    """Say of executions that were looked at again and again that the clock stood still."""
    now = admin.clock.elapsed
    looks = Counter(
        call.request.id.name
        for call in admin.calls
        if call.rpc == "GetExecution" and call.code == "OK" and call.at == now
    )
    often = {name: times for name, times in looks.items() if times >= _VAIN}
    if not often:
        return
    for glance in admin.glances():
        name = glance.row.execution_name
        if name in often and glance.phase not in OUTCOMES:
            yield (
                f"{name!r} was looked at {often[name]:,} times at {in_seconds(now)}, where the "
                "clock stands still. Only waiting in this process moves it; child processes wait "
                "in real time.\nFor those script looks instead of seconds: running(polls(3))."
            )
