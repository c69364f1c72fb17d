"""One scene for many fake Flytes, one after another: entered once, where each needs a fresh server.

A world and an environment take longer to enter than most examples of a law take to run. On a scene
all share them: the world only changes its clock, the endpoint stays the same, and what it leads to
is each time another server. Ignorant of what is played there.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from flyte_testkit.clock import VirtualClock
from flyte_testkit.environment import kept, pointed_at
from flyte_testkit.wire.reservation import Reservation
from flyte_testkit.world import governed_by, governing_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flyte_testkit.server import FakeFlyteAdmin

__all__ = ["Scene", "current", "shared"]

_scenes: list[Scene] = []  # those that are entered, innermost last


def current() -> Scene | None:
    """Return the scene that is entered, if one is."""
    return _scenes[-1] if _scenes else None


@contextmanager
def shared() -> Iterator[Scene]:
    """Let every ``fake_flyte`` that is entered meanwhile play on one scene."""
    with governed_by(governing_clock() or VirtualClock()), ExitStack() as stack:
        scene = Scene(stack)
        _scenes.append(scene)
        stack.callback(_scenes.remove, scene)
        yield scene


class Scene:
    """A world, and an environment that leads to whichever server plays.

    Args:
        stack: What lasts as long as the scene.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._place: Reservation | None = None
        self._variables: dict[tuple[str, str], Mapping[str, str]] = {}
        self._admin: FakeFlyteAdmin | None = None

    @contextmanager
    def playing(self, admin: FakeFlyteAdmin) -> Iterator[None]:
        """Let a server play for a while, and the environment lead to it."""
        if self._admin is not None or not self._fits(admin):
            with admin.serving(), admin.env():
                yield
            return
        place = self._port()
        variables = self._led_to(admin, place)
        self._admin = admin
        try:
            with kept(), admin.playing(place, variables):
                yield
        finally:
            self._admin = None

    def _fits(self, admin: FakeFlyteAdmin) -> bool:
        """Whether a server can play where others do, as far as clients notice."""
        known = not self._variables or (admin.project, admin.domain) in self._variables
        return known and admin.transport == "direct" and admin.is_anywhere

    def _port(self) -> Reservation:
        if self._place is None:
            self._place = Reservation()
            self._stack.callback(self._place.release)
        return self._place

    def _led_to(self, admin: FakeFlyteAdmin, place: Reservation) -> Mapping[str, str]:
        """Return the variables of the environment, which is entered with the first server."""
        key = admin.project, admin.domain
        if key not in self._variables:
            endpoint = f"127.0.0.1:{place.port}"
            pointed = pointed_at(endpoint, *key, self._refused, self._met)
            self._variables[key] = self._stack.enter_context(pointed)
        return self._variables[key]

    def _refused(self, text: str) -> None:
        if self._admin is not None:
            self._admin.refused(text)

    def _met(self, text: str) -> None:
        if self._admin is not None:
            self._admin.met(text)
