"""How large messages and trailers may be that a client takes in, by the options of its channel.

Ignorant of what they hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flyte_testkit.wire.answers import Answer
from flyte_testkit.wire.listener import LARGEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Limits"]

_RECEIVES = 4 * 2**20  # gRPC's own defaults
_SOFT = 8 * 2**10
_HARD = 16 * 2**10
_ENTRY = 32  # bytes that each entry of metadata counts for, besides name and value
_USUAL = 42 + 60 + 44  # what else comes with the trailers of a call that failed


class Limits(NamedTuple):
    """The limits of one channel, in bytes.

    Attributes:
        sends: How large a request may be.
        receives: How large a reply may be.
        trailers: How large the trailing metadata may be. Between its soft and its hard limit gRPC
            refuses them at random; here from the middle on.
    """

    sends: int
    receives: int
    trailers: int

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Limits:
        """Read the limits of a channel."""

        def given(name: str) -> int | None:
            value = options.get(name)
            return value if type(value) is int and value >= 0 else None

        sends, receives = given("grpc.max_send_message_length"), _RECEIVES
        if type(options.get("grpc.max_receive_message_length")) is int:
            told = given("grpc.max_receive_message_length")
            receives = LARGEST if told is None else told
        soft = given("grpc.max_metadata_size")
        hard = given("grpc.absolute_max_metadata_size")
        hard_or_usual = hard or max(_HARD, (soft or 0) * 5 // 4)
        soft_or_usual = soft or (_SOFT if hard is None else hard * 4 // 5)
        return cls(
            LARGEST if sends is None else sends,
            receives,
            (soft_or_usual + hard_or_usual) // 2,
        )

    def too_long(self, size: int) -> Answer:
        """Return what a client sees of a reply that is too large."""
        text = f"CLIENT: Received message larger than max ({size} vs. {self.receives})"
        return Answer("RESOURCE_EXHAUSTED", None, f"Stream removed ({text})")

    def checked(self, answer: Answer, trailers: Sequence[tuple[str, bytes]]) -> Answer:
        """Return a failure, or what a client sees of one whose trailers are too large."""
        size = _USUAL + sum(len(key) + len(value) + _ENTRY for key, value in trailers)
        size += len("grpc-message") + len(answer.message.encode("utf-8", "replace")) + _ENTRY
        if size <= self.trailers:
            return answer
        text = f"received metadata size exceeds hard limit ({size} vs. {self.trailers})"
        return Answer("RESOURCE_EXHAUSTED", None, f"Stream removed ({text})")
