"""A node that runs a task.

Ignorant of the nodes beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flyte_testkit.errors import TimelineError, shown, suggests_keywords
from flyte_testkit.nodes import _text
from flyte_testkit.nodes._node import After, Node, check_of, named_after
from flyte_testkit.nodes._promise import promised
from flyte_testkit.nodes._values import Values
from flyte_testkit.nodes.retries import (
    Script,
    as_attempt,
    as_attempts,
    check_attempts,
    least_retries,
)
from flyte_testkit.timeline import Attempt  # noqa: TC001  Hypothesis resolves hints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flyte_testkit.nodes._promise import Promise

__all__ = ["Task", "others", "task"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Task(Node):
    """A node that runs a task; :func:`task` makes it.

    Attributes:
        attempts: What its attempts do, if it runs at all; empty: what ``.others(…)`` says.
        retries: What the task says of retries; None: as many as the attempts need.
        interruptible: Whether it may run on machines that can be taken away.
        deck: Whether it makes a deck.
        inputs: What it is given, values and promises; empty for what a registered one is bound to.
        of: The name of the registered task that it runs, below a dynamic task; empty if that is
            made up, or known already.
        after: The names of the nodes that it comes after; None is all that are written before it.
    """

    attempts: tuple[Attempt, ...] = ()
    retries: int | None = None
    interruptible: bool = False
    deck: bool = False
    inputs: Values = field(default_factory=lambda: Values({}))
    of: str = ""

    def __post_init__(self) -> None:
        """Refuse what no engine does."""
        keep, what = object.__setattr__, f"{self.word}(…)"
        keep(self, "after", named_after(self.after, what))
        attempts = as_attempts(self.attempts, what, is_dynamic=self.makes_up)
        keep(self, "attempts", attempts)
        keep(self, "inputs", Values(self.inputs, f"{self.word}(inputs=…)"))
        for option in ("interruptible", "deck"):
            if not isinstance(said := getattr(self, option), bool):
                raise TimelineError(
                    f"{self.word}({option}={shown(said)}): it is so or not.\nWrite {option}=True."
                )
        retries = self.retries
        if retries is not None and (
            not isinstance(retries, int) or isinstance(retries, bool) or retries < 0
        ):
            raise TimelineError(
                f"{self.word}(retries={shown(retries)}): retries are a whole number from 0 on."
                "\nWrite retries=2 for three attempts at most."
            )
        check_attempts(self.attempts, self.retries, what)
        said = [one for one in self._options if not one.startswith("inputs=")]
        check_of(self.of, self.word, said)

    @property
    def word(self) -> str:
        """How it is written."""
        return "nodes.task"

    def promises(self) -> Iterator[Promise]:
        """Yield what nodes beside it shall give to it."""
        yield from promised(self.inputs)

    @property
    def least_retries(self) -> int:
        """What the task says of retries, or else how many its attempts need."""
        return least_retries(self.attempts) if self.retries is None else self.retries

    @property
    def defines(self) -> list[str]:
        """What is said here that a registered task says itself."""
        return self._options + ([f"of={self.of!r}"] if self.of else [])

    @property
    def _options(self) -> list[str]:
        said = [] if self.retries is None else [f"retries={self.retries}"]
        said += [f"{name}=True" for name in ("interruptible", "deck") if getattr(self, name)]
        return said + ([f"inputs={self.inputs!r}"] if self.inputs else [])

    def _as_code(self) -> str:
        attempts = _text.attempts(attempt.as_argument() for attempt in self.attempts)
        return f"{self.word}({', '.join([*attempts, *self.defines, *self._after_as_code()])})"


@suggests_keywords
def task(
    *attempts: Script,
    retries: int | None = None,
    interruptible: bool = False,
    deck: bool = False,
    inputs: Mapping[str, object] | None = None,
    of: str = "",
    after: After = None,
) -> Task:
    """Return a node that runs a task, with what each of its attempts does.

    An attempt follows one that failed and may be tried again: see
    :attr:`Failure.budget <flyte_testkit.failures.Failure.budget>`. Attempts say what happens if the
    task runs at all.

    Args:
        *attempts: Timelines of what tasks do. None at all: what ``.others(…)`` says, or it succeeds
            at once.
        retries: What the task says of retries. Left out, as many as the attempts need; what the
            system does is counted apart, and needs none.
        interruptible: Whether it may run on machines that can be taken away.
        deck: Whether it makes a deck.
        inputs: What it is given, by name: values, and :func:`promises <promise>`.
        of: The name of the registered task that it runs, for what a dynamic task yields: that one
            says retries and types. Inputs that are left out are plain values.
        after: The names of the nodes it comes after: one, several, or ``()`` for none. Left out, it
            comes after all that are written before it.

    Raises:
        TimelineError: No engine would do so, such as try again what has succeeded.

    Example:
        >>> from flyte_testkit import failures, running
        >>> lost = running(600).fails(failures.preempted())
        >>> task(lost, lost, running(540).fails(failures.oom_killed()))
        nodes.task(*[running(600).fails(failures.preempted())] * 2, running(540).fails(failures.oom_killed()))
    """  # noqa: E501  a line of output
    return Task(
        attempts=attempts,  # type: ignore[arg-type]  # it reads timelines as attempts
        retries=retries,
        interruptible=interruptible,
        deck=deck,
        inputs=Values({} if inputs is None else inputs, "nodes.task(inputs=…)"),
        of=of,
        after=after,  # type: ignore[arg-type]  # it reads a name as several
    )


def others(script: object) -> Attempt:
    """Return the one attempt of all tasks that nobody scripted.

    Raises:
        TimelineError: It is none, or more would follow.
    """
    attempt = as_attempt(script, ".others(…)")
    check_attempts((attempt,), None, ".others(…)")
    return attempt
