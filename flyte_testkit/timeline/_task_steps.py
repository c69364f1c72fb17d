"""The phases that an attempt of a task stays in for a while, and how they print.

Ignorant of which may follow which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, final, get_args

from flyte_testkit.errors import TimelineError, close_names, shown
from flyte_testkit.failures._failure import check_text
from flyte_testkit.timeline import _durations
from flyte_testkit.timeline._durations import Polls  # noqa: TC001  Hypothesis resolves hints

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ORDER", "WORDS", "TaskPhase", "TaskStep", "step_as_line", "steps_as_code"]

TaskPhase = Literal["WAITING_FOR_RESOURCES", "QUEUED", "INITIALIZING", "RUNNING"]

ORDER: Final[tuple[TaskPhase, ...]] = get_args(TaskPhase)
WORDS: Final[Mapping[TaskPhase, str]] = dict(
    zip(ORDER, ("waiting", "queued", "initializing", "running"), strict=True)
)


@final
@dataclass(frozen=True, slots=True)
class TaskStep:
    """A phase that an attempt stays in for a while.

    Attributes:
        phase: One of the four phases of a task that are no end.
        duration: How long it lasts: seconds or polls; None means until something else happens.
        reason: What the cluster says of it; empty for what a real one says. RUNNING has none.
    """

    phase: TaskPhase
    duration: float | Polls | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse a step that means nothing."""
        if self.phase not in ORDER:
            near = close_names(str(self.phase).upper(), ORDER)
            raise TimelineError(
                f"{shown(self.phase)} is not a phase that an attempt of a task can stay in.{near}"
                f"\nSuch phases are {', '.join(ORDER)}."
            )
        if self.duration is not None:
            duration = _durations.checked(self.duration, WORDS[self.phase])
            object.__setattr__(self, "duration", duration)
        check_text("the reason of a phase", self.reason)
        if self.reason and self.phase == "RUNNING":
            raise TimelineError(
                f"running(…, reason={shown(self.reason)}): a cluster gives no reason for RUNNING."
                "\nLeave it out, or give it to the phase before."
            )


def steps_as_code(steps: tuple[TaskStep, ...], *, plain: bool = False) -> str:
    """Print steps as the code that makes them; plain where a timeline is an attempt, too."""
    words = [_step_as_code(step) for step in steps] or ["immediately"]
    needs_nodes = steps and (
        steps[0].phase in {"WAITING_FOR_RESOURCES", "INITIALIZING"} or steps[0].reason
    )
    return ("nodes." if needs_nodes or not plain else "") + ".".join(words)


def _step_as_code(step: TaskStep) -> str:
    said = [] if step.duration is None else [_durations.code(step.duration)]
    if step.reason:
        said.append(f"reason={step.reason!r}")
    return f"{WORDS[step.phase]}({', '.join(said)})"


def step_as_line(step: TaskStep) -> str:
    """Print a step in a few words."""
    said: list[str] = [step.phase]
    if step.duration is not None:
        said.append(_durations.human(step.duration))
    if step.reason:
        said.append(repr(step.reason))
    return " ".join(said)
