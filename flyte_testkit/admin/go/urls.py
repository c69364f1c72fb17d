"""URLs as Go reads, joins and prints them, for FlyteAdmin keeps its data at URLs (§18).

Go is more lenient than the standards and than Python, and keeps the spelling of what it is given.
Ignorant of what lies at a URL, and of FlyteAdmin.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from flyte_testkit.admin.go.quotes import quoted

__all__ = ["GoUrl", "InvalidUrlError", "joined", "parse", "within"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT = re.compile(r"(:[0-9]*)?")
_NO_HOST = re.compile(
    r"%(?![89A-Fa-f][0-9A-Fa-f]|25)|[^A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"%\u0080-\U0010ffff]"
)
_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/-]*")
_PLAIN_IN_PATH = "-_.~$&+,/:;=@"
_PLAIN_IN_FRAGMENT = _PLAIN_IN_PATH + "?!()*"
_ENCODED_PATH = re.compile(r"(?:[A-Za-z0-9\-_.~!$&'()*+,/;=:@\[\]]|%[0-9A-Fa-f]{2})*")
_ENCODED_FRAGMENT = re.compile(r"(?:[A-Za-z0-9\-_.~!$&'()*+,/;=:@\[\]?]|%[0-9A-Fa-f]{2})*")


class InvalidUrlError(ValueError):
    """A text is no URL; the message is Go's."""


class GoUrl(NamedTuple):
    """What of a URL says where something lies.

    Attributes:
        host: With the port, if there is one.
        path: Decoded.
    """

    host: str
    path: str


@lru_cache(maxsize=1024)  # most lie in the same few places
def parse(text: str) -> GoUrl:
    """Read a URL.

    Raises:
        InvalidUrlError: Go refuses it.

    Example:
        >>> parse("s3://bucket/a%20b?c#d")
        GoUrl(host='bucket', path='/a b')
        >>> parse("no url")
        GoUrl(host='', path='no url')
        >>> parse(":")
        Traceback (most recent call last):
        flyte_testkit.admin.go.urls.InvalidUrlError: parse ":": missing protocol scheme
    """
    bare, _, fragment = text.partition("#")
    _check(bare, _CONTROL.search(bare) is None, "net/url: invalid control character in URL")
    scheme = _SCHEME.match(bare)
    _check(bare, not bare.startswith(":"), "missing protocol scheme")
    rest = (bare[scheme.end() :] if scheme else bare).partition("?")[0]
    if scheme and not rest.startswith("/"):
        return GoUrl("", "")  # opaque, such as mailto:ann
    colon_first = not scheme and ":" in rest.split("/", 1)[0]
    _check(bare, not colon_first, "first path segment in URL cannot contain colon")
    host, path = "", rest
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, tail = rest[2:].partition("/")
        host, path = _host(bare, authority), slash + tail
    _check_escapes(bare, path)
    _check_escapes(text, fragment)
    return GoUrl(host, _decoded(path))


def within(container: str, *parts: str) -> str:
    """Return the URL of a place in a container, whose name has no path.

    The outer slashes of each part are trimmed, inner ones kept; ``.`` and ``..`` are followed, but
    not out of the container. What cannot stand in a URL is escaped.

    Raises:
        InvalidUrlError: The parts make no URL.

    Example:
        >>> within("s3://bucket", "p", "/a b/", "c//d")
        's3://bucket/p/a%20b/c//d'
    """
    return joined(container, "", *parts)


def joined(container: str, *parts: str) -> str:
    """Return the URL of parts in a container, as :func:`within` does for an empty one and others.

    What follows a ``?`` or a ``#`` stays, but belongs to no path.

    Raises:
        InvalidUrlError: The parts make no URL.

    Example:
        >>> joined("s3://bucket", "metadata", "../a b?c/../d", "e")
        's3://bucket/a%20b?c/../d/e'
    """
    path = "/".join([part.strip("/") for part in parts])
    if _PLAIN.fullmatch(path):  # as mostly: there is nothing to look at, nothing to escape
        return f"{container}/{path}"
    parse(path)
    bare, _, fragment = path.partition("#")
    bare, mark, query = bare.partition("?")
    place = _resolved("/" + _escaped(bare, _ENCODED_PATH, _PLAIN_IN_PATH).removeprefix("/"))
    if fragment:
        fragment = "#" + _escaped(fragment, _ENCODED_FRAGMENT, _PLAIN_IN_FRAGMENT)
    return f"{container}{place}{mark}{query}{fragment}"


def _host(text: str, authority: str) -> str:
    user, at, host = authority.rpartition("@")
    _check(text, not at or _USER.fullmatch(user) is not None, "net/url: invalid userinfo")
    port = ""
    if host.startswith("["):
        _check(text, "]" in host, "missing ']' in host")
        port = host.rpartition("]")[2]
    elif ":" in host:
        port = ":" + host.rpartition(":")[2]
    valid = _PORT.fullmatch(port) is not None
    _check(text, valid, f"invalid port {quoted(port)} after host")
    if bad := _NO_HOST.search(host):
        escape = _escape_at(host, bad.start())
        broken = f"invalid URL escape {escape}"
        odd = f"invalid character {quoted(bad[0])} in host name"
        _check(text, False, broken if bad[0] == "%" else odd)
    return _decoded(host)


def _check(text: str, fine: bool, complaint: str) -> None:  # noqa: FBT001  a condition
    if not fine:
        raise InvalidUrlError(f"parse {quoted(text)}: {complaint}")


def _check_escapes(text: str, part: str) -> None:
    if bad := _BAD_ESCAPE.search(part):
        _check(text, False, f"invalid URL escape {_escape_at(part, bad.start())}")


def _escape_at(text: str, start: int) -> str:
    """Quote what stands where an escape begins: three bytes, be they whole letters or not."""
    return quoted(text[start : start + 3].encode()[:3].decode("utf-8", "surrogateescape"))


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape")


def _escaped(text: str, encoded: re.Pattern[str], plain: str) -> str:
    """Escape a text, unless it could have been escaped already: then its spelling stays."""
    return text if encoded.fullmatch(text) else quote(unquote_to_bytes(text), safe=plain)


def _resolved(path: str) -> str:
    """Follow ``.`` and ``..``; a path that ends in one of them ends in a slash afterwards."""
    names = path.split("/")[1:]
    if not {".", ".."}.intersection(names):
        return path
    kept: list[str] = []
    for name in names:
        if name == "..":
            del kept[-1:]
        elif name != ".":
            kept.append(name)
    if names[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
