"""What the client raises: flytekit's class names, in flytekit's order of descent.

Code that catches ``FlyteTimeout`` or ``AssertionError`` with flytekit catches the same here. These
are not flytekit's classes, though (it need not be installed): import them from this module.

::

    Exception
    └── FlyteException
        ├── FlyteUserException                           the caller can do something about it
        │   ├── FlyteAssertion (AssertionError)
        │   │   ├── FlyteTimeout (TimeoutError)          a wait or an RPC ran out of time
        │   │   ├── FlyteEntityNotExistException         NOT_FOUND
        │   │   ├── FlyteEntityAlreadyExistsException    ALREADY_EXISTS
        │   │   └── FlyteAuthenticationException         UNAUTHENTICATED
        │   ├── FlyteValueException (ValueError)         an input that nobody declared
        │   └── FlyteInvalidInputException               INVALID_ARGUMENT; carries ``request``
        └── FlyteRecoverableException
            └── FlyteSystemException                     every other status of gRPC
                └── FlyteSystemUnavailableException      UNAVAILABLE
    TypeError, AssertionError, ValueError
    └── TypeTransformerFailedError                       a value that does not fit its Flyte type

An exception that began as a gRPC error keeps it as ``__cause__``. This module is ignorant of gRPC:
which status becomes which class is written in ``_rpc``.
"""

from __future__ import annotations

from typing import ClassVar

from flyte_testkit.errors import shown

__all__ = [
    "FlyteAssertion",
    "FlyteAuthenticationException",
    "FlyteEntityAlreadyExistsException",
    "FlyteEntityNotExistException",
    "FlyteException",
    "FlyteInvalidInputException",
    "FlyteRecoverableException",
    "FlyteSystemException",
    "FlyteSystemUnavailableException",
    "FlyteTimeout",
    "FlyteUserException",
    "FlyteValueException",
    "TypeTransformerFailedError",
]


class FlyteException(Exception):  # noqa: N818  flytekit's name
    """The root of what the client raises about Flyte.

    Attributes:
        retried: Whether the call that failed was not the first attempt.
    """

    error_code: ClassVar[str] = "UnknownFlyteException"
    retried: bool = False

    def __str__(self) -> str:
        return f"{self.error_code}: {super().__str__()}"

    def remark(self, text: str) -> None:
        """Say more: what was going on when it happened."""
        self.args = (f"{super().__str__()} {text}",)


class FlyteUserException(FlyteException):
    """Something that the caller can put right."""

    error_code = "USER:Unknown"


class FlyteAssertion(FlyteUserException, AssertionError):  # noqa: N818  flytekit's name
    """Something was asked for at the wrong moment, or of the wrong object."""

    error_code = "USER:AssertionError"


class FlyteTimeout(FlyteAssertion, TimeoutError):  # noqa: N818  flytekit's name
    """A wait or an RPC ran out of time; Python's ``TimeoutError`` too, unlike flytekit's."""

    error_code = "USER:Timeout"


class FlyteEntityNotExistException(FlyteAssertion):
    """The server knows nothing by that name (NOT_FOUND)."""

    error_code = "USER:EntityNotExist"


class FlyteEntityAlreadyExistsException(FlyteAssertion):
    """The server knows that name already (ALREADY_EXISTS)."""

    error_code = "USER:EntityAlreadyExists"


class FlyteAuthenticationException(FlyteAssertion):
    """The server does not accept who we say we are (UNAUTHENTICATED)."""

    error_code = "USER:AuthenticationError"


class FlyteValueException(FlyteUserException, ValueError):  # noqa: N818  flytekit's name
    """A value that does not belong where it was given."""

    error_code = "USER:ValueError"

    def __init__(self, received_value: object, error_message: str) -> None:
        super().__init__(f"Received {shown(received_value)}. {error_message}")


class FlyteInvalidInputException(FlyteUserException):
    """The server refused the request (INVALID_ARGUMENT).

    Attributes:
        request: The message that was refused.
    """

    error_code = "USER:BadInputToAPI"

    def __init__(self, request: object, message: str = "") -> None:
        super().__init__(message)
        self.request = request


class FlyteRecoverableException(FlyteException):
    """Something that may heal."""

    error_code = "RecoverableFlyteException"


class FlyteSystemException(FlyteRecoverableException):
    """The server, or the way to it, failed."""

    error_code = "SYSTEM:Unknown"


class FlyteSystemUnavailableException(FlyteSystemException):
    """The server cannot be reached (UNAVAILABLE)."""

    error_code = "SYSTEM:Unavailable"


class TypeTransformerFailedError(TypeError, AssertionError, ValueError):
    """A Python value and a Flyte type do not fit each other."""
