"""What an object store says to a request: as S3 does, as far as signed URLs go.

Ignorant of sockets.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.admin.database import objects
from flyte_testkit.wire.signatures import ForbiddenError, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from flyte_testkit.admin.database.store import Store

__all__ = ["Response", "announced", "answer", "refusal"]

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
_MD5_BYTES = 16
_LARGEST = 5 * 2**30  # bytes that S3 takes at once


class Response(NamedTuple):
    """Status, headers and body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _RefusedError(Exception):
    """A request that is refused: status, S3's code and a text."""


def answer(
    store: Store,
    verb: str,
    target: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> Response:
    """Get or put the object that a signed URL is about.

    Args:
        store: Where the objects are.
        verb: ``GET`` or ``PUT``; other verbs are nobody's.
        target: Path and query of the URL.
        headers: Those of the request, by their names in lower case.
        body: The content that is put.
        now: When.
    """
    try:
        where = place_of(verb, target, headers, now)
        if verb == "PUT":
            return _put(store, where, headers, body)
        return _get(store, where, headers)
    except ForbiddenError as error:
        return refusal(403, error.code, str(error))
    except _RefusedError as error:
        return refusal(*error.args)


def announced(lengths: Sequence[str]) -> int | Response:
    """Return how long an upload says that it is, or the refusal of what it says.

    Args:
        lengths: Its headers ``Content-Length``.
    """
    if not lengths:
        return refusal(411, "MissingContentLength", "You must provide Content-Length.")
    (length, *others) = {length.strip() for length in lengths}
    if others or not (length.isascii() and length.isdecimal()):
        return refusal(
            400, "InvalidRequest", f"Content-Length is one number of bytes, not {lengths!r}."
        )
    if len(length) > len(str(_LARGEST)) or int(length) > _LARGEST:
        return refusal(
            400,
            "EntityTooLarge",
            f"Your proposed upload exceeds the maximum allowed size, {_LARGEST} bytes.",
        )
    return int(length)


def refusal(status: int, code: str, message: str) -> Response:
    """Return a refusal in S3's words."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{html.escape(message, quote=False)}</Message></Error>"
    )
    return Response(status, {"Content-Type": "application/xml"}, text.encode())


def _put(store: Store, where: objects.Place, headers: Mapping[str, str], body: bytes) -> Response:
    claimed = headers.get("content-md5")
    if claimed is not None:
        _check_hash(claimed, body)
    _check_bucket(where)
    objects.write(store, where, body)
    return Response(200, {"ETag": _etag(body)}, b"")


def _check_hash(claimed: str, body: bytes) -> None:
    """Check that a content is what its sender says it is.

    Raises:
        _RefusedError: It is not, or what is said is no MD5.
    """
    try:
        digest = base64.b64decode(claimed, validate=True)
    except ValueError:
        digest = b""
    if len(digest) != _MD5_BYTES:
        raise _RefusedError(400, "InvalidDigest", "The Content-MD5 you specified is not valid.")
    if digest != _md5(body).digest():
        raise _RefusedError(
            400, "BadDigest", "The Content-MD5 you specified did not match what we received."
        )


def _get(store: Store, where: objects.Place, headers: Mapping[str, str]) -> Response:
    _check_bucket(where)
    content = objects.read(store, where)
    if content is None:
        raise _RefusedError(404, "NoSuchKey", f"There is no object {where.key!r}.")
    described = {
        "Accept-Ranges": "bytes",
        "Content-Type": "binary/octet-stream",
        "ETag": _etag(content),
    }
    wanted = _RANGE.fullmatch(headers.get("range", ""))
    if wanted is None or wanted[0] == "bytes=-":
        return Response(200, described, content)
    first, last = _span(wanted[1], wanted[2], len(content))
    described["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(206, described, content[first : last + 1])


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first and last byte of a range; without a first, it is so many at the end.

    Raises:
        _RefusedError: It lies outside.
    """
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        raise _RefusedError(416, "InvalidRange", "The requested range is not satisfiable")
    return start, end


def _check_bucket(where: objects.Place) -> None:
    if where.bucket != objects.BUCKET:
        raise _RefusedError(404, "NoSuchBucket", f"There is no bucket {where.bucket!r}.")


def _etag(content: bytes) -> str:
    return f'"{_md5(content).hexdigest()}"'


def _md5(content: bytes) -> hashlib._Hash:
    return hashlib.md5(content, usedforsecurity=False)
