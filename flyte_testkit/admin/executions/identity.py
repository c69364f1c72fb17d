"""On whose behalf a request is answered.

A real FlyteAdmin takes the user from the credentials of a call and writes it down as ``principal``;
with auth off it is empty. Ignorant of how a user proves who they are.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    @contextmanager
    def acting_as(self, user: str) -> Iterator[None]:
        """Answer requests on behalf of this user for a while."""
        before, self.user = self.user, user
        try:
            yield
        finally:
            self.user = before
