"""The object store: where FlyteAdmin puts inputs and outputs, and how it reads them back.

Ignorant of what the literals belong to: callers name the parts of the path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import literals_pb2
from google.protobuf.message import DecodeError

from flyte_testkit.admin.errors import internal
from flyte_testkit.admin.go import urls as go_urls
from flyte_testkit.admin.settings import MAX_BLOB_BYTES
from flyte_testkit.propeller.places import STORE

if TYPE_CHECKING:
    from flyte_testkit.admin.database.store import Store

__all__ = [
    "CONTAINER",
    "address",
    "needed_literals",
    "offload",
    "read_literals",
    "reference",
    "size_if_too_large",
]

CONTAINER = STORE
"""What every URI of the store begins with."""

_MEBIBYTE = 2**20


def offload(store: Store, literals: literals_pb2.LiteralMap, *parts: str) -> str:
    """Write literals to the place that these parts name, and return its URI.

    Raises:
        AdminError: The parts make no URL.
    """
    try:
        uri = reference("metadata", *parts)
    except go_urls.InvalidUrlError as error:
        raise internal(
            f"Failed to construct data reference for [[{' '.join(parts)}]] with err: "
            f"Reference is of an invalid format [{CONTAINER}]: {error}",
        ) from None
    store.blobs[address(uri)] = literals.SerializeToString(deterministic=True)
    return uri


def read_literals(store: Store, uri: str) -> literals_pb2.LiteralMap:
    """Return the literals at a URI: none where nothing, or nothing that can be read, is (§10.4)."""
    blob = store.blobs.get(address(uri), b"")
    if len(blob) > MAX_BLOB_BYTES:
        return literals_pb2.LiteralMap()
    try:
        return literals_pb2.LiteralMap.FromString(blob)
    except DecodeError:
        return literals_pb2.LiteralMap()


def needed_literals(store: Store, uri: str) -> literals_pb2.LiteralMap:
    """Return the literals at a URI for what cannot do without them, as a relaunch cannot (§8.6).

    Raises:
        AdminError: There is more than FlyteAdmin reads of one blob.
    """
    if size := size_if_too_large(store, uri):
        raise internal(
            f"path:{uri}: [LIMIT_EXCEEDED] limit exceeded. {size / _MEBIBYTE:.6f}mb > "
            f"{MAX_BLOB_BYTES // _MEBIBYTE}mb. You can increase the limit by setting "
            "maxDownloadMBs."
        )
    return read_literals(store, uri)


def size_if_too_large(store: Store, uri: str) -> int:
    """Return how many bytes there are at a URI if they are too many to be read; else 0."""
    size = len(store.blobs.get(address(uri), b""))
    return size if size > MAX_BLOB_BYTES else 0


def reference(*parts: str) -> str:
    """Return the URI of the parts below the container, escaped and resolved as Go's URLs are.

    Example:
        >>> reference("metadata", "p", "d", "e1", "a b", "offloaded_inputs")
        's3://my-s3-bucket/metadata/p/d/e1/a%20b/offloaded_inputs'

    Raises:
        InvalidUrlError: The parts make no URL.
    """
    return go_urls.joined(CONTAINER, *parts)


def address(uri: str) -> str:
    """Return what of a URI tells where its blob lies: what comes before ``?`` and ``#``.

    Example:
        >>> address("s3://my-s3-bucket/metadata/p/d/e1/a?b/offloaded_inputs")
        's3://my-s3-bucket/metadata/p/d/e1/a'
    """
    return uri.partition("#")[0].partition("?")[0]
