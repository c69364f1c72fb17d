"""Bytes from a URL: where inputs, outputs and big literals lie that were too large to send inline.

Paths, ``file://``, ``http://`` and ``https://`` are read with the standard library, anything else
(``s3://``, ``gs://``, ``abfs://``) through fsspec if it is installed. It is ignorant of what the
bytes mean.
"""

from __future__ import annotations

from pathlib import Path

from flyte_testkit.client.exceptions import FlyteAssertion

__all__ = ["read_url"]


def read_url(url: str) -> bytes:
    """Return what lies at a URL or path.

    Raises:
        FlyteAssertion: It cannot be read, or nothing here can read that kind of URL.
    """
    scheme, separator, rest = url.partition("://")
    try:
        if not separator:
            return Path(url).read_bytes()
        if scheme == "file":
            return Path("/" + rest.partition("/")[2]).read_bytes()
        if scheme in ("http", "https"):
            return _through_http(url)
        return _through_fsspec(url)
    except OSError as error:
        raise FlyteAssertion(f"The data at {url!r} cannot be read: {error}") from error


def _through_http(url: str) -> bytes:
    """Return what lies there; no proxy knows the way to a server on this very machine."""
    from urllib.parse import urlsplit  # noqa: PLC0415  a tenth of the import time
    from urllib.request import ProxyHandler, build_opener  # noqa: PLC0415  likewise

    here = urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}
    opener = build_opener(*([ProxyHandler({})] if here else []))
    with opener.open(url, timeout=60) as response:
        return bytes(response.read())


def _through_fsspec(url: str) -> bytes:
    try:
        import fsspec  # type: ignore[import-untyped]  # noqa: PLC0415  optional
    except ImportError:
        raise FlyteAssertion(
            f"The data lies at {url!r}, which takes fsspec to read. "
            "Install fsspec and its file system for that scheme."
        ) from None
    try:
        with fsspec.open(url, "rb") as file:
            return bytes(file.read())
    except (ImportError, ValueError) as error:  # no such file system, or an unknown scheme
        raise FlyteAssertion(f"The data at {url!r} cannot be read: {error}") from error
