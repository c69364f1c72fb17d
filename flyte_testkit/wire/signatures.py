"""Signed URLs: shaped as those of S3, signed in a simpler way.

A URL holds for one verb, one object and a while, and asks for the headers that were signed with
it. The secret is no secret: the objects are a test's, and the same test makes the same URLs.

Ignorant of sockets, and of what lies where.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from flyte_testkit.admin.database.objects import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ForbiddenError", "link", "place_of", "sign"]

_SECRET = b"flyte-testkit"
_TIME = "%Y%m%dT%H%M%SZ"
_LINK = "/flyte-testkit/"  # no bucket is called that
_PREFIX = "X-Amz-"
_SIGNATURE = _PREFIX + "Signature"
_FIELDS = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders")


class ForbiddenError(Exception):
    """A request may not do what it asks for; its name is the code by which S3 says so.

    Attributes:
        code: ``AccessDenied`` or ``SignatureDoesNotMatch``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def sign(
    verb: str,
    where: Place,
    *,
    host: str,
    now: datetime,
    seconds: int,
    headers: Mapping[str, str],
) -> str:
    """Return the URL by which an object can be got or put.

    Args:
        verb: ``GET`` or ``PUT``.
        where: The object.
        host: Host and port of who serves it.
        now: From when on the URL holds; fractions of a second are dropped.
        seconds: For how long.
        headers: The headers that a request must carry, word for word.
    """
    fields = {
        "Algorithm": "AWS4-HMAC-SHA256",
        "Credential": f"flyte-testkit/{now:%Y%m%d}/us-east-1/s3/aws4_request",
        "Date": now.strftime(_TIME),
        "Expires": str(seconds),
        "SignedHeaders": ";".join(sorted({"host", *map(str.lower, headers)})),
    }
    values = {"host": host} | {name.lower(): value for name, value in headers.items()}
    signature = _signature(verb, where, fields.values(), sorted(values.items()))
    query = {_PREFIX + name: value for name, value in fields.items()} | {_SIGNATURE: signature}
    path = quote(f"{where.bucket}/{where.key}", errors="surrogateescape")
    return f"http://{host}/{path}?{urlencode(query)}"


def link(where: Place, *, host: str, now: datetime, seconds: int) -> str:
    """Return a URL without a query by which an object can be got and asked about.

    flytekit takes the ``?`` of a signed URL for a wildcard, and cannot read data from there.

    Args:
        where: The object.
        host: Host and port of who serves it.
        now: From when on the URL holds.
        seconds: For how long.
    """
    until = f"{now.timestamp() + seconds:.0f}"
    signature = _signature("GET", where, [until], [])
    path = quote(f"{where.bucket}/{where.key}", errors="surrogateescape")
    return f"http://{host}{_LINK}{until}-{signature}/{path}"


def place_of(verb: str, target: str, headers: Mapping[str, str], now: datetime) -> Place:
    """Return which object a request is about, if it may do with it what it asks for.

    Args:
        verb: ``GET`` or ``PUT``; no URL holds for another.
        target: The path and query of the URL.
        headers: The headers of the request, by their names in lower case.
        now: When.

    Raises:
        ForbiddenError: It may not.
    """
    split = urlsplit(target)
    if split.path.startswith(_LINK):
        return _linked(verb, split.path.removeprefix(_LINK), now)
    _, bucket, key = [*split.path.split("/", 2), "", ""][:3]
    where = Place(unquote(bucket), unquote(key, errors="surrogateescape"))
    query = dict(parse_qsl(split.query, keep_blank_values=True))
    fields = {name: query.get(_PREFIX + name, "") for name in _FIELDS}
    values = [(name, headers.get(name, "").strip()) for name in fields["SignedHeaders"].split(";")]
    signature = _signature(verb, where, fields.values(), values)
    if _SIGNATURE not in query:
        raise ForbiddenError("AccessDenied", "The URL is not signed.")
    if signature != query[_SIGNATURE]:
        named = ", ".join(name for name, _ in values)
        raise ForbiddenError(
            "SignatureDoesNotMatch",
            f"The URL is signed for another verb than {verb}, for another object, or for other "
            f"values of these headers: {named}.",
        )
    signed_at = datetime.strptime(fields["Date"], _TIME).replace(tzinfo=timezone.utc)
    if now > signed_at + timedelta(seconds=int(fields["Expires"])):
        raise ForbiddenError("AccessDenied", "Request has expired")
    return where


def _linked(verb: str, path: str, now: datetime) -> Place:
    """Return which object a link is about.

    Raises:
        ForbiddenError: It may not be had.
    """
    ticket, bucket, key = [*path.split("/", 2), "", ""][:3]
    until, _, signed = ticket.partition("-")
    where = Place(unquote(bucket), unquote(key, errors="surrogateescape"))
    if verb not in {"GET", "HEAD"} or signed != _signature("GET", where, [until], []):
        raise ForbiddenError("SignatureDoesNotMatch", "The link is one to get another object.")
    if now.timestamp() > int(until):
        raise ForbiddenError("AccessDenied", "Request has expired")
    return where


def _signature(
    verb: str, where: Place, fields: Iterable[str], headers: Iterable[tuple[str, str]]
) -> str:
    lines = [verb, *where, *fields, *(f"{name}:{value}" for name, value in headers)]
    text = "\n".join(lines).encode("utf-8", "surrogateescape")
    return hmac.new(_SECRET, text, hashlib.sha256).hexdigest()
