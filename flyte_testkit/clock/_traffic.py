"""What is known of the RPCs under way: who stands in which, and which of them are held back.

Ignorant of turns, and of what follows from any of it: ``_calls`` acts on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flyte_testkit.clock._heard import anew

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.clock._members import Member
    from flyte_testkit.errors import HopelessWait

__all__ = ["Hold", "Traffic"]


@dataclass(eq=False)
class Hold:
    """A call that the server holds back: what it is called, its id, and who waits for it."""

    what: str
    call: object
    waiter: Member | None = None


class Traffic:
    """The calls under way; only with the mover's lock held, but for what a member says of itself.

    Attributes:
        standing: Who stands in which call, by id, in the order of their sending.
        sent: Futures that are not done.
        flying: Those of them that are not held back.
        held: What is held back.
        stills: What is to be called once one that flies is held back, or done.
    """

    __slots__ = ("_verdicts", "_within", "flying", "held", "sent", "standing", "stills")

    def __init__(self) -> None:
        self.standing: dict[object, Member] = {}
        self.sent: dict[object, None] = {}
        self.flying: dict[object, None] = {}
        self.held: dict[object, Hold] = {}
        self.stills: dict[object, Callable[[], object]] = {}
        self._verdicts: dict[Member, HopelessWait] = {}
        self._within: set[Member] = set()  # whose threads answer their own calls at this moment

    def stander(self, call: object) -> Member | None:
        """Return who stands in a call."""
        return self.standing.get(call)

    def stands(self, member: Member) -> bool:
        """Whether a member stands in a call, held back or not."""
        return member in self._within or member in self.standing.values()

    def is_held(self, member: Member) -> bool:
        """Whether the server holds back the call that a member stands in."""
        return any(hold.waiter is member for hold in self.held.values())

    def oldest(self) -> object:
        """Return the call that has been under way for longest, of those that are not held back."""
        held = {hold.call for hold in self.held.values()}
        known = (call for calls in (self.standing, self.flying) for call in calls)
        return next((call for call in known if call not in held), None)

    def sentence(self, member: Member, verdict: HopelessWait) -> None:
        """Let who stands in a call raise this when it is answered.

        Not before: whoever is interrupted within gRPC may leave with one of its locks.
        """
        self._verdicts[member] = verdict

    def tell(self, member: Member) -> None:
        """Raise what was said of the calling thread, a member, while it stood in a call."""
        if (verdict := self._verdicts.pop(member, None)) is not None:
            raise anew(verdict)

    def go_within(self, member: Member) -> bool:
        """Say that the calling thread, a member, answers its own call; False if it did already."""
        if member in self._within:
            return False
        self._within.add(member)
        return True

    def come_out(self, member: Member, *, waits: bool) -> None:
        """Say that it does so no longer; perhaps it waits in that call from now on.

        Raises:
            HopelessWait: Somebody wanted to raise it there meanwhile.
        """
        self._within.discard(member)
        if self._verdicts and not waits:
            self.tell(member)
