"""What a termination by somebody else leads to, as a script says it.

An execution is ABORTING for a while, and then ends; a real engine takes half a second and ends it
ABORTED. Ignorant of what was under way before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.timeline._parts import Aborts, Step, Succeeds, check_parts, settle, trouble

if TYPE_CHECKING:
    from flyte_testkit.timeline._parts import Ending

__all__ = ["Steps", "reaction"]


class Steps(Protocol):
    """A timeline, open or not."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The phases it passes through, in order."""


_WITH_CAUSE: Final = (Step, Aborts)
_ADVICE: Final = (
    "Write .on_terminate(aborting(30)) for one that takes so long, aborting().never_ends() for one"
    " that is stuck, aborting(3).succeeds() for one that is done first."
)


def reaction(script: object, what: str) -> tuple[tuple[Step, ...], Ending]:
    """Return the steps and the ending that somebody wrote for a termination.

    Args:
        script: An ABORTING timeline; without an end it ends ABORTED.
        what: Where it stands, for the error.

    Raises:
        TimelineError: It is none.
    """
    steps, ending = getattr(script, "steps", None), getattr(script, "ending", None)
    if not isinstance(steps, tuple) or not all(isinstance(step, Step) for step in steps):
        raise TimelineError(
            f"{what}: {shown(script)} is not what a termination leads to.\n{_ADVICE}"
        )
    if getattr(script, "terminated", None) is not None:
        raise TimelineError(
            f"{what}: {shown(script)} says itself what a termination leads to; FlyteAdmin"
            " terminates an execution once.\nLeave one of them out."
        )
    if any(step.phase != "ABORTING" for step in steps):
        phase = next(step.phase for step in steps if step.phase != "ABORTING")
        raise TimelineError(
            f"{what}: {shown(script)}: what is terminated is ABORTING until it ends, and"
            f" never {phase} again.\n{_ADVICE}"
        )
    if any(
        part.cause or part.principal for part in (*steps, ending) if isinstance(part, _WITH_CAUSE)
    ):
        raise TimelineError(
            f"{what}: {shown(script)}: whoever terminates says why, and is somebody."
            "\nLeave out cause and principal."
        )
    if ending is None:
        if not steps or steps[-1].duration is None:
            raise TimelineError(f"{what}: {shown(script)} has no ending.\n{_ADVICE}")
        ending = Aborts("")
    elif isinstance(ending, Succeeds) and ending.outputs:
        raise TimelineError(
            f"{what}: {shown(script)}: it gives what it would have given, had nobody terminated it."
            "\nSay outputs there: running(60).succeeds(auc=0.9)"
            ".on_terminate(aborting(3).succeeds())."
        )
    check_parts(steps, ending)
    if problem := trouble(steps, ending):
        raise TimelineError(f"{what}: {shown(script)}: {problem}")
    return settle(steps, ending)
