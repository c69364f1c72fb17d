"""What a client in a world and a server in the same process have to know of each other.

Most of it travels with a call, as metadata. Ignorant of who writes and who reads it.
"""

from typing import Final

__all__ = ["CALL_ID", "EXACT_TIMEOUT", "ON_THE_CLOCK", "REAL_PORTS", "UNMARKED"]

CALL_ID = "flyte-testkit-call"
"""The id by which the clock knows who stands in the call."""

UNMARKED = ""
"""The id of a call that has none: its client is outside of the process, or an asynchronous one."""

EXACT_TIMEOUT = "flyte-testkit-timeout"
"""The timeout in seconds as the client meant it: gRPC rounds it up on its way."""

ON_THE_CLOCK = "_flyte_testkit_call"
"""An attribute of the condition of a call: whoever waits for it stands in the call that it names,
or sleeps on the clock if it names none."""

REAL_PORTS: Final[set[int]] = set()
"""The ports at which threads serve that take no part, whatever the world: a client that waits for
an answer from there waits for real, though its peer is in this process."""
