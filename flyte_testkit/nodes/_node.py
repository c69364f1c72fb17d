"""What all nodes have in common: that they are values, and what they come after.

Ignorant of which kinds there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from flyte_testkit.errors import TimelineError, close_names, shown
from flyte_testkit.nodes._flaw import Flaw  # noqa: TC001  Hypothesis resolves hints
from flyte_testkit.nodes._names import check_name

if TYPE_CHECKING:
    from flyte_testkit.nodes._promise import Promise

__all__ = ["After", "Node", "Value", "check_of", "named_after", "once"]

_ADVICE: Final = {
    ("Where", "succeeds"): (
        "What a registered workflow gives is what it is bound to.\nScript the node that makes it:"
        " nodes.where(train=nodes.task(running(60).succeeds(auc=0.9)))."
    ),
    ("Subworkflow", "others"): (
        "What the other tasks do is said once.\nWrite nodes.workflow(…).others(…) or"
        " nodes.where(…).others(…)."
    ),
    ("Task", "yields"): (
        "Only a dynamic task yields.\nWrite nodes.dynamic(running(20).yields(fit=nodes.task(…)))."
    ),
    ("Dynamic", "yields"): (
        "It is its last attempt that yields.\nWrite nodes.dynamic(running(20).yields(…))."
    ),
    ("Cached", "succeeds"): (
        "What is cached has succeeded already.\nWrite what it gives: nodes.cached(rows=1000)."
    ),
    **dict.fromkeys(
        [
            (kind, ending)
            for kind in ("Task", "Dynamic")
            for ending in ("succeeds", "fails", "times_out", "never_ends")
        ],
        "It is its attempts that end.\nWrite nodes.task(running(60).succeeds()).",
    ),
    **dict.fromkeys(
        [("Array", "succeeds"), ("Array", "fails"), ("Array", "times_out")],
        "It is the attempts of its items that end.\nWrite nodes.array(running(60).succeeds()).",
    ),
    **dict.fromkeys(
        [("Gate", "succeeds"), ("Gate", "fails"), ("Gate", "times_out"), ("Gate", "never_ends")],
        "It is its script that ends.\nWrite nodes.gate(running(60).succeeds()).",
    ),
    **dict.fromkeys(
        [("LaunchPlan", "succeeds"), ("LaunchPlan", "fails"), ("LaunchPlan", "never_ends")],
        "It is the execution that ends.\nWrite nodes.launch_plan(running(60).succeeds()).",
    ),
}
"""What to do instead of a method that something does not have."""

After: TypeAlias = str | Collection[str] | None


class Value:
    """A value that prints as code; its class says how."""

    __slots__ = ()

    if not TYPE_CHECKING:  # to a type checker a misspelt name stays an error

        def __getattr__(self, name: str) -> NoReturn:
            kind = type(self)
            if name.startswith("_") or any(name == one.name for one in fields(self)):
                text = f"{kind.__name__!r} object has no attribute {name!r}"
            else:
                advice = _ADVICE.get((kind.__name__, name)) or close_names(name, dir(kind)).strip()
                text = f"{shown(self, 1000)} has no {name!r}. {advice}".strip()
            raise AttributeError(text, name=name, obj=None)  # else Python suggests a second time

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  IPython's protocol, which Hypothesis speaks
        printer.text(repr(self))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Node(Value):
    """What happens in one node of an execution.

    Attributes:
        after: The names of the nodes that it comes after; None is all that are written before it.
        flaw: What is wrong with how it is told of; None if nothing is.
    """

    after: tuple[str, ...] | None = None
    flaw: Flaw | None = None

    @property
    def word(self) -> str:
        """How the node is written, as ``nodes.task``."""
        raise NotImplementedError

    @property
    def defined_as(self) -> str:
        """How a node is written that is defined as this one is: a dynamic task is a task."""
        return self.word

    @property
    def makes_up(self) -> bool:
        """Whether what is inside of it is made up by itself, even where a workflow is real."""
        return False

    def promises(self) -> Iterator[Promise]:
        """Yield what nodes beside it shall give to it."""
        yield from ()

    @property
    def defines(self) -> list[str]:
        """What is said here that a registered workflow says itself."""
        return []

    def below(self) -> Mapping[str, Node]:
        """Return the nodes inside of it, and its failure node."""
        return {}

    def __repr__(self) -> str:
        return self._as_code() if self.flaw is None else self.flaw.as_code(self._as_code())

    def _as_code(self) -> str:
        """Print it as it would be written without a flaw."""
        raise NotImplementedError

    def _after_as_code(self) -> list[str]:
        if self.after is None:
            return []
        told = self.after[0] if len(self.after) == 1 else self.after
        return [f"after={told!r}"]


def named_after(after: object, what: str) -> tuple[str, ...] | None:
    """Return what ``after=`` says, each name once.

    Raises:
        TimelineError: It is neither a name nor several.
    """
    if after is None:
        return None
    if isinstance(after, str):
        after = (after,)
    if isinstance(after, Node):
        raise TimelineError(
            f"{what}: after={shown(after)}: after= says by name what a node comes after."
            "\nWrite after='extract', say. A node that is itself called 'after' is written in a"
            " mapping: {'after': nodes.task(…)}."
        )
    if not isinstance(after, Collection) or isinstance(after, (Mapping, bytes)):
        raise TimelineError(
            f"{what}: after={shown(after)} is neither the name of a node nor a list of names."
            "\nWrite after='extract', after=['a', 'b'], or after=() for one that waits for nobody."
        )
    names = sorted(after, key=str) if isinstance(after, (set, frozenset)) else after
    return tuple(dict.fromkeys(check_name(name, f"{what}: after=…") for name in names))


def check_of(of: object, word: str, said: Sequence[str]) -> None:
    """Refuse what is no name of a registered task, and what the task of that name says itself.

    Args:
        of: The name; empty for none.
        word: How the node is written.
        said: What is said of its task beside that.

    Raises:
        TimelineError: It is no text, or something is said twice.
    """
    if not isinstance(of, str):
        raise TimelineError(
            f"{word}(of={shown(of)}): a registered task is named by a text.\nWrite of='flows.fit'."
        )
    if of and said:
        raise TimelineError(
            f"{word}(of={of!r}, {said[0]}): the registered task says that itself."
            "\nLeave one of them out."
        )


def once(method: str, said: object) -> None:
    """Refuse to say something a second time.

    Raises:
        TimelineError: It was said already.
    """
    if said is not None:
        raise TimelineError(f".{method}(…): it says {shown(said)} already.\nLeave one of them out.")
