"""What one launch left: the executions there are, and which of them the caller knows of.

Ignorant of how it came about, and of which of it breaks a law.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.laws._watching import ENDED, Attempt, named

if TYPE_CHECKING:
    from flyte_testkit.laws._rivals import Part
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call

__all__ = ["Launched"]

_TERMINATED = frozenset({"ABORTING", "ABORTED"})
_STOPPED = ENDED | _TERMINATED


class Launched(NamedTuple):
    """What one launch left.

    Attributes:
        admin: The server, which answers no more.
        ended: How the call of the code under test ended.
        at: When, in seconds.
        phases: The phase of each execution that was launched, by name.
        calls: The calls of the launch.
        limit: When it would have been stopped.
        bystanders: The phase of each execution that is no business of the code, by name.
        part: What a rehearsal has shown of the launch, if rivals had to know.
        later: The calls that came when it was long over, if that was looked at.
    """

    admin: FakeFlyteAdmin
    ended: Attempt
    at: float
    phases: dict[str, str]
    calls: tuple[Call, ...]
    limit: float
    bystanders: dict[str, str]
    part: Part | None = None
    later: tuple[Call, ...] = ()

    @property
    def name(self) -> str | None:
        """The execution that the code says it launched, if it says so."""
        return named(self.ended.returned)

    @property
    def known(self) -> str | None:
        """The execution that the caller knows of by the return; the latest if none is named."""
        if self.ended.raised is not None:
            return None
        return self.name if self.name is not None else next(reversed(self.phases), None)

    @property
    def dead(self) -> bool:
        """Whether what was returned had been terminated, as only the code can have done."""
        return self.phases.get(self.known or "") in _TERMINATED

    @property
    def orphans(self) -> list[str]:
        """The executions that go on, and of which the caller does not know."""
        running_on = [name for name, phase in self.phases.items() if phase not in _STOPPED]
        if self.ended.raised is None:
            return [name for name in running_on if name != self.known]
        told = _chain(self.ended.raised)
        return [name for name in running_on if name not in told]


def _chain(error: BaseException | None) -> str:
    """Return all that an error says, with what its traceback shows that it came of."""
    told: list[str] = []
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        told += [str(error), *getattr(error, "__notes__", ())]
        hidden = error.__suppress_context__  # raised from something, if only from None
        error = error.__cause__ if hidden else error.__context__
    return "\n".join(told)
