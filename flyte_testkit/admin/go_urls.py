"""URLs as Go reads, joins and prints them, for FlyteAdmin keeps its data at URLs (§18).

Go is more lenient than the standards and than Python, and keeps the spelling of what it is given.
Ignorant of what lies at a URL, and of FlyteAdmin.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

__all__ = ["GoUrl", "InvalidUrlError", "parse", "within"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT = re.compile(r"(:[0-9]*)?")
_HOST_ESCAPE = re.compile(r"%(?![89A-Fa-f][0-9A-Fa-f]|25)")
_HOST = re.compile(r"[A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"%]*")
_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")

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
        flyte_testkit.admin.go_urls.InvalidUrlError: parse ":": missing protocol scheme
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
    path = "".join(f"/{part.strip('/')}" for part in parts)
    parse(path)
    bare, _, fragment = path.partition("#")
    bare, mark, query = bare.partition("?")
    place = _resolved(_escaped(bare, _ENCODED_PATH, _PLAIN_IN_PATH))
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
    _check(text, valid, f"invalid port {_quoted(port)} after host")
    if bad := _HOST_ESCAPE.search(host):
        _check(text, False, f"invalid URL escape {_quoted(host[bad.start() : bad.start() + 3])}")
    odd = next((c for c in host if c.isascii() and not _HOST.fullmatch(c)), None)
    _check(text, odd is None, f"invalid character {_quoted(odd or '')} in host name")
    return _decoded(host)


def _check(text: str, fine: bool, complaint: str) -> None:  # noqa: FBT001  a condition
    if not fine:
        raise InvalidUrlError(f"parse {_quoted(text)}: {complaint}")


def _check_escapes(text: str, part: str) -> None:
    if bad := _BAD_ESCAPE.search(part):
        escape = part[bad.start() : bad.start() + 3]
        _check(text, False, f"invalid URL escape {_quoted(escape)}")


def _quoted(text: str) -> str:
    """Quote a text as Go's ``%q`` does."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    names = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}
    escaped = _CONTROL.sub(
        lambda found: "\\" + names.get(found[0], f"x{ord(found[0]):02x}"),
        text,
    )
    return f'"{escaped}"'


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
