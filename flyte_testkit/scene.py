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
def shared(place: tuple[str, str] = ("flytesnacks", "development")) -> Iterator[Scene]:
    """Let every ``fake_flyte`` that is entered meanwhile play on one scene.

    Args:
        place: The project and domain of the servers that do. One of another place, one with a
            socket, and one beside another has its own environment, and shares the world.
    """
    with ExitStack() as stack:
        port = Reservation()
        stack.callback(port.release)
        scene = Scene(port, place)
        endpoint = f"127.0.0.1:{port.port}"
        pointed = pointed_at(endpoint, *place, scene.refused, scene.met)
        scene.variables = stack.enter_context(pointed)  # imports what the world would look through
        stack.enter_context(governed_by(governing_clock() or VirtualClock()))
        _scenes.append(scene)
        stack.callback(_scenes.remove, scene)
        yield scene


class Scene:
    """A world, and an environment that leads to whichever server plays.

    Args:
        port: Where all of them serve.
        place: The project and domain that they have.

    Attributes:
        variables: Those of the environment.
    """

    def __init__(self, port: Reservation, place: tuple[str, str]) -> None:
        self.variables: Mapping[str, str] = {}
        self._port = port
        self._place = place
        self._admin: FakeFlyteAdmin | None = None

    @contextmanager
    def playing(self, admin: FakeFlyteAdmin) -> Iterator[None]:
        """Let a server play for a while, and the environment lead to it."""
        if self._admin is not None or not self._fits(admin):
            with admin.serving(), admin.env():
                yield
            return
        self._admin = admin
        try:
            with kept(), admin.playing(self._port, self.variables):
                yield
        finally:
            self._admin = None

    def _fits(self, admin: FakeFlyteAdmin) -> bool:
        """Whether a server can play where others do, as far as clients notice."""
        same = (admin.project, admin.domain) == self._place
        return same and admin.transport == "direct" and admin.is_anywhere

    def refused(self, text: str) -> None:
        """Hear of a channel that would have led away from this machine."""
        if self._admin is not None:
            self._admin.refused(text)

    def met(self, text: str) -> None:
        """Hear of a channel that leads to this machine, and to no server that is known."""
        if self._admin is not None:
            self._admin.met(text)
