"""What travels with a call, as metadata, from a client in a world to a server in the same process.

Ignorant of who writes and who reads it.
"""

__all__ = ["CALL_ID", "EXACT_TIMEOUT"]

CALL_ID = "flyte-testkit-call"
"""The id by which the clock knows who stands in the call."""

EXACT_TIMEOUT = "flyte-testkit-timeout"
"""The timeout in seconds as the client meant it: gRPC rounds it up on its way."""
