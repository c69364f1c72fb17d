"""How a connection that is none would be: idle until it is needed, then ready.

Ignorant of calls.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    Told = Callable[[grpc.ChannelConnectivity], object]

__all__ = ["Connectivity"]

_logger = logging.getLogger(__name__)
_IDLE, _READY = grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.READY


class Connectivity:
    """Tells subscribers, as grpcio does by threads that are none of theirs.

    Attributes:
        waiting: Whether somebody wants to hear that the channel is used.
    """

    def __init__(self) -> None:
        self.waiting = False
        self._ready = False
        self._subscribers: list[Told] = []

    def subscribe(self, told: Told, *, connects: bool) -> None:
        """Tell how it is, and how it will be.

        Args:
            told: Called with each state.
            connects: Whether the connection is needed from now on.
        """
        states = [_READY] if self._ready else [_IDLE]
        self._subscribers.append(told)
        self.waiting = not self._ready
        _deliver([told], states)
        if connects:
            self.connect()

    def unsubscribe(self, told: Told) -> None:
        """Tell somebody no longer."""
        if told in self._subscribers:
            self._subscribers.remove(told)

    def clear(self) -> None:
        """Tell nobody any longer."""
        self._subscribers = []

    def connect(self) -> None:
        """Be ready from now on."""
        if not self._ready:
            self._ready, self.waiting = True, False
            _deliver(list(self._subscribers), [_READY])


def _deliver(
    subscribers: list[Told],
    states: list[grpc.ChannelConnectivity],
) -> None:
    thread = threading.Thread(target=_tell, args=(subscribers, states), daemon=True)
    thread.start()


def _tell(subscribers: list[Told], states: list[grpc.ChannelConnectivity]) -> None:
    for state in states:
        for told in subscribers:
            try:
                told(state)
            except Exception:
                _logger.exception("Exception calling channel subscription callback!")
