"""On whose behalf a request is answered.

A real FlyteAdmin takes the user from the credentials of a call and writes it down as ``principal``;
with auth off it is empty. Ignorant of how a user proves who they are.
"""

from __future__ import annotations

__all__ = ["Identity"]


class Identity:
    """The user behind the request that is being answered.

    Example:
        >>> identity = Identity()
        >>> with identity.acting_as("ada"):
        ...     identity.user
        'ada'
        >>> identity.user
        ''
    """

    def __init__(self) -> None:
        self.user = ""

    def acting_as(self, user: str) -> _Acting:
        """Answer requests on behalf of this user for a while."""
        return _Acting(self, user)


class _Acting:
    """One while; each event of an engine is one, and a generator would take thrice as long."""

    __slots__ = ("_before", "_identity", "_user")

    def __init__(self, identity: Identity, user: str) -> None:
        self._identity = identity
        self._user = user
        self._before = ""

    def __enter__(self) -> None:
        self._before, self._identity.user = self._identity.user, self._user

    def __exit__(self, *_: object) -> None:
        self._identity.user = self._before
