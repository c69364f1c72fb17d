"""The object store: where FlyteAdmin puts inputs and outputs, and how it reads them back.

Ignorant of what the literals belong to: callers name the parts of the path.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from flyteidl.core import literals_pb2
from google.protobuf.message import DecodeError

from flyte_testkit.admin.errors import internal
from flyte_testkit.admin.settings import MAX_BLOB_BYTES

if TYPE_CHECKING:
    from flyte_testkit.admin.store import Store

__all__ = ["CONTAINER", "offload", "read_literals", "reference"]

CONTAINER = "s3://my-s3-bucket"
"""What every URI of the store begins with."""

_PLAIN = "-_.~$&+,/:;=@"
_ENCODED = re.compile(r"(?:[A-Za-z0-9\-_.~!$&'()*+,/;=:@\[\]]|%[0-9A-Fa-f]{2})*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class _InvalidReferenceError(ValueError):
    """The parts make no URL."""


def offload(store: Store, literals: literals_pb2.LiteralMap, *parts: str) -> str:
    """Write literals to the place that these parts name, and return its URI.

    Raises:
        AdminError: A part holds a ``%`` that begins no escape.
    """
    try:
        uri = reference("metadata", *parts)
    except _InvalidReferenceError as error:
        raise internal(
            f"Failed to construct data reference for [[{' '.join(parts)}]] with err: "
            f"Reference is of an invalid format [{CONTAINER}]: {error}",
        ) from None
    store.blobs[uri] = literals.SerializeToString(deterministic=True)
    return uri


def read_literals(store: Store, uri: str) -> literals_pb2.LiteralMap:
    """Return the literals at a URI: none where nothing, or nothing that can be read, is (§10.4)."""
    blob = store.blobs.get(uri, b"")
    if len(blob) > MAX_BLOB_BYTES:
        return literals_pb2.LiteralMap()
    try:
        return literals_pb2.LiteralMap.FromString(blob)
    except DecodeError:
        return literals_pb2.LiteralMap()


def reference(*parts: str) -> str:
    """Return the URI of the parts below the container, escaped and resolved as Go's URLs are.

    Example:
        >>> reference("metadata", "p", "d", "e1", "a b", "offloaded_inputs")
        's3://my-s3-bucket/metadata/p/d/e1/a%20b/offloaded_inputs'

    Raises:
        ValueError: A part holds a ``%`` that begins no escape.
    """
    path = "/".join(part.strip("/") for part in parts)
    if bad := _BAD_ESCAPE.search(path):
        escape = path[bad.start() : bad.start() + 3]
        raise _InvalidReferenceError(f'parse "{path}": invalid URL escape "{escape}"')
    if not _ENCODED.fullmatch(path):
        path = quote(unquote_to_bytes(path), safe=_PLAIN)
    return f"{CONTAINER}/{_resolved(path)}"


def _resolved(path: str) -> str:
    """Follow ``.`` and ``..``, which never climb out of the container; keep empty parts."""
    if not {".", ".."}.intersection(path.split("/")):
        return path
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    return "/".join(kept)
