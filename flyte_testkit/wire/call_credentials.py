"""What call credentials add to the metadata of a call: gRPC asks them for it on secure channels.

Ignorant of calls.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from flyte_testkit.wire.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["asked", "plugins_of"]


def plugins_of(credentials: Any) -> Iterator[Any]:
    """Yield the plugins among channel or call credentials, as grpcio has them within."""
    if (within := getattr(credentials, "_channel_credentials", None)) is not None:
        yield from plugins_of(within)
    for part in getattr(credentials, "_call_credentialses", ()):
        yield from plugins_of(part)
    if (plugin := getattr(credentials, "_metadata_plugin", None)) is not None:
        yield plugin


def asked(plugins: Sequence[Any], target: str, path: str) -> tuple[Any, ...] | Answer:
    """Return what plugins add, or what a client sees if one of them fails."""
    service, _, method = path.removeprefix("/").rpartition("/")
    added: list[Any] = []
    for plugin in plugins:
        told: list[Any] = []
        done = threading.Event()

        def hear(*what: Any, told: list[Any] = told, done: threading.Event = done) -> None:
            told.extend(what)
            done.set()

        plugin(f"https://{target}/{service}", method, hear)
        done.wait()
        metadata, _, error = told
        if metadata is None:
            text = f"Getting metadata from plugin failed with error: {error}"
            return Answer("UNAVAILABLE", None, text)
        added += metadata
    return tuple(added)
