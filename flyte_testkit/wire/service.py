"""What the wire serves: all that it knows of whoever answers.

Ignorant of how calls arrive, and of what is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
    from google.protobuf.message import Message

    from flyte_testkit.admin.data.signing import Signer
    from flyte_testkit.admin.database.store import Store
    from flyte_testkit.clock import Clock, Source
    from flyte_testkit.wire.services import Method

__all__ = ["Objects", "Service"]


class Service(Protocol):
    """Answers requests, on a clock."""

    @property
    def clock(self) -> Clock:
        """What says how late it is."""

    @property
    def engine(self) -> Source:
        """What happens in it by itself as time passes: the clock asks it, and the guard."""

    @property
    def methods(self) -> Mapping[str, Method]:
        """What it speaks: the methods of its services, by path. Others are unknown to it."""

    @property
    def rpcs(self) -> Collection[str]:
        """Which of them it answers, by bare name; the others are unforeseen."""

    def answer(self, rpc: str, request: Message) -> Message:
        """Answer a request now.

        Raises:
            AdminError: It refuses.
        """

    def looked_at(self, execution: WorkflowExecutionIdentifier) -> None:
        """Hear that a client is about to be answered how an execution is."""

    def counts(self, rpc: str, request: Message) -> bool:
        """Say whether something waits for calls like this one, so that repeating it is no loop."""

    def unforeseen(self, text: str) -> None:
        """Hear of what should not have happened: an RPC that is not answered, a bug."""


class Objects(Protocol):
    """Has objects that are got and put by signed URLs."""

    def moment(self) -> AbstractContextManager[datetime]:
        """Hold everything still at one instant."""

    @property
    def store(self) -> Store:
        """Where the objects are; to be read and changed in a moment."""

    def signs(self, signer: Signer) -> None:
        """Have URLs signed by this from now on."""

    def unforeseen(self, text: str) -> None:
        """Hear of a bug."""
