"""Fingerprints of definitions, and what a second registration under one id is told (§1.2).

FlyteAdmin hashes the JSON of a message; here its deterministic bytes are hashed, which are equal in
the same cases: the order of maps and scalars at their default do not count, the order of lists and
messages that are present but empty do. Ignorant of tasks and workflows: any message is a definition
here, and its kind is a word that is handed in.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from flyte_testkit.admin.errors import MAX_MESSAGE_BYTES, AdminError, invalid_argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

__all__ = [
    "differences",
    "different_structure",
    "digest",
    "identical_structure",
    "is_too_long_to_show",
]

_MOST_DIFFERENCES = 8
_MOST_LETTERS = 120


def digest(*messages: Message) -> bytes:
    """Return a fingerprint of the messages, whose unknown fields do not count."""
    found = hashlib.sha256()
    for message in messages:
        known = type(message)()
        known.CopyFrom(message)
        known.DiscardUnknownFields()
        content = known.SerializeToString(deterministic=True)
        found.update(len(content).to_bytes(8, "big") + content)
    return found.digest()


def identical_structure(kind: str, *details: Message) -> AdminError:
    """Say that this very definition is registered already; clients take it as success."""
    return AdminError("ALREADY_EXISTS", f"{kind} with identical structure already exists", *details)


def different_structure(
    kind: str, name: str, old: Message, new: Message, *details: Message
) -> AdminError:
    """Refuse another definition under an id that is taken."""
    return invalid_argument(
        f"{name} {kind} with different structure already exists. "
        f"(Please register a new version of the {kind}):\n{differences(old, new)}",
        *details,
    )


def is_too_long_to_show(definition: Message) -> bool:
    """Say whether a refusal that shows a whole definition is cut, and so loses its details (§1.1).

    For a workflow the real server knows no more than the old interface (§1.2): all else differs.
    """
    shown = _go_text(_json(definition))
    return len(shown.encode()) > MAX_MESSAGE_BYTES


def differences(old: Message, new: Message) -> str:
    r"""Return what differs, path by path, as ``/path:\n\t- old \n\t+ new``; the first few only.

    The real server shows all of it, which is more than Python's gRPC can read of an error.
    """
    before, after = (dict(_leaves(_json(message))) for message in (old, new))
    paths = [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]
    shown = [
        f"{path}:\n\t- {_shown(before, path)} \n\t+ {_shown(after, path)}"
        for path in paths[:_MOST_DIFFERENCES]
    ]
    if len(paths) > _MOST_DIFFERENCES:
        shown.append(f"\n... [{len(paths) - _MOST_DIFFERENCES} more differences]")
    return "\n".join(shown)


def _json(message: Message) -> dict[str, Any]:
    """Return a message as JSON, which is nothing where a Struct in it holds infinity or NaN."""
    try:
        return json_format.MessageToDict(message, preserving_proto_field_name=True)
    except (ValueError, json_format.SerializeToJsonError):
        return {}


def _go_text(value: Any) -> str:
    """Print what JSON holds about as Go does: without quotes and commas."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{name}:{_go_text(part)}' for name, part in value.items())}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_go_text, value))}]"
    return str(value)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    if not value or not isinstance(value, (dict, list)):
        yield path, value
    for name, part in parts:
        yield from _leaves(part, f"{path}/{name}")


def _shown(leaves: dict[str, Any], path: str) -> str:
    if path not in leaves:
        return "<nil>"
    text = json.dumps(leaves[path])
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."
