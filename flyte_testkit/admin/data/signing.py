"""URLs that give whoever holds them access to one object for a while: what is asked of a signer.

FlyteAdmin only hands out such URLs; whoever serves the objects signs them, and knows how they are
reached. Ignorant of HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from flyte_testkit.admin.errors import AdminError, internal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flyte_testkit.admin.database.objects import Place

__all__ = ["NoSigner", "Signer", "Verb", "signed_url"]

Verb = Literal["GET", "PUT"]

_NOTHING: Mapping[str, str] = {}


class Signer(Protocol):
    """Makes URLs of objects that hold for one verb, for a while."""

    def signed_url(
        self,
        verb: Verb,
        where: Place,
        *,
        now: datetime,
        seconds: int,
        headers: Mapping[str, str],
    ) -> str:
        """Return the URL.

        Args:
            verb: What it allows to be done with the object.
            where: The object.
            now: From when on it holds.
            seconds: For how long.
            headers: The headers that a request must carry, word for word.

        Raises:
            AdminError: It cannot be signed.
        """

    def link(self, where: Place, *, now: datetime, seconds: int) -> str:
        """Return a URL without a query by which an object can be got.

        Raises:
            AdminError: It cannot be signed.
        """


class NoSigner:
    """Stands for a store that nobody serves, as one in memory."""

    def signed_url(
        self,
        verb: Verb,
        where: Place,
        *,
        now: datetime,
        seconds: int,
        headers: Mapping[str, str],
    ) -> str:
        """Refuse.

        Raises:
            AdminError: Always.
        """
        del verb, where, now, seconds, headers
        raise _refused("unsupported")

    def link(self, where: Place, *, now: datetime, seconds: int) -> str:
        """Refuse.

        Raises:
            AdminError: Always.
        """
        del where, now, seconds
        raise _refused("unsupported")


def signed_url(
    signer: Signer,
    verb: Verb,
    where: Place,
    *,
    now: datetime,
    nanoseconds: int,
    headers: Mapping[str, str] = _NOTHING,
) -> str:
    """Let a signer make a URL, unless the client library of S3 would not let it.

    A URL holds for whole seconds, so one for half a second holds for an instant.

    Raises:
        AdminError: It would never hold, or bucket or key are missing.
    """
    if nanoseconds <= 0:
        raise _refused(
            "InvalidPresignExpireError: presigned URL requires an expire duration greater than 0"
        )
    lacking = [name for name, part in zip(("Bucket", "Key"), where, strict=True) if not part]
    if lacking:
        request = f"{verb.capitalize()}ObjectInput"
        lines = "".join(f"- minimum field size of 1, {request}.{name}.\n" for name in lacking)
        raise _refused(f"InvalidParameter: {len(lacking)} validation error(s) found.\n{lines}")
    return signer.signed_url(verb, where, now=now, seconds=nanoseconds // 10**9, headers=headers)


def _refused(why: str) -> AdminError:
    return internal(f"failed to create a signed url. Error: {why}")
