"""The blobs of a store as an object store knows them: by bucket and key.

FlyteAdmin remembers blobs by URI, of which one object can have several spellings (``a b`` and
``a%20b``). Ignorant of who may read or write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.admin.database.blobs import CONTAINER, reference
from flyte_testkit.admin.go import urls as go_urls

if TYPE_CHECKING:
    from flyte_testkit.admin.database.store import Store

__all__ = ["BUCKET", "Place", "place", "read", "write"]

_SIGN = re.compile(r"[%?#\x00-\x1f\x7f]")  # what is more than a letter in a URL

BUCKET = CONTAINER.partition("://")[2]
"""The one bucket that there is."""


class Place(NamedTuple):
    """Where an object lies, or would."""

    bucket: str
    key: str


def place(uri: str) -> Place:
    """Return where a URI points to; its scheme does not matter.

    Raises:
        InvalidUrlError: It is no URL.

    Example:
        >>> place("s3://my-s3-bucket/p/a%20b")
        Place(bucket='my-s3-bucket', key='p/a b')
    """
    url = go_urls.parse(uri)
    return Place(url.host, url.path.strip("/"))


def read(store: Store, where: Place) -> bytes | None:
    """Return the object there, or None."""
    uri = _uri(store, where)
    return None if uri is None else store.blobs[uri]


def write(store: Store, where: Place, content: bytes) -> None:
    """Put an object there, in the place of the one that was."""
    store.blobs[_uri(store, where) or _spelled(where.key)] = content


def _uri(store: Store, where: Place) -> str | None:
    """Return the URI by which the store knows the object there, if there is one."""
    if where.bucket != BUCKET:
        return None
    usual = _spelled(where.key)
    if usual in store.blobs:
        return usual
    return next((uri for uri in store.blobs if _is_at(uri, where)), None)


def _spelled(key: str) -> str:
    return reference(_SIGN.sub(lambda found: f"%{ord(found[0]):02X}", key))


def _is_at(uri: str, where: Place) -> bool:
    try:
        return place(uri) == where
    except go_urls.InvalidUrlError:
        return False
