"""What a suite of laws about trees promises, and which questions the code under test answers.

Ignorant of the laws.
"""

from __future__ import annotations

import difflib
import inspect
from typing import Any, ClassVar, Final

from hypothesis.errors import InvalidArgument

from flyte_testkit.laws._promises import Promises

__all__ = ["QUESTIONS", "TreePromises", "check_questions"]

QUESTIONS: Final = ("outcome", "failing", "error", "items", "attempts", "done")
"""What may be asked of that which ``read`` returns; each is a method that a suite may define."""


class TreePromises(Promises):
    """What a suite promises of code that reads trees; see ``TreeLaws`` for each attribute."""

    while_it_runs: ClassVar[bool] = True
    outcome: Any = None
    failing: Any = None
    error: Any = None
    items: Any = None
    attempts: Any = None
    done: Any = None

    def read(self, remote: Any, execution: Any) -> Any:
        """Call the code under test."""
        raise NotImplementedError

    @classmethod
    def answers(cls, question: str) -> bool:
        """Whether the suite says how a question is answered."""
        return inspect.getattr_static(cls, question) is not None


def check_questions(cls: type[TreePromises]) -> None:
    """Refuse what is nearly the name of a question, and a promise that means nothing."""
    if not isinstance(cls.while_it_runs, bool):
        raise InvalidArgument(
            f"{cls.__name__}.while_it_runs = {cls.while_it_runs!r}: it is True or False."
        )
    known = (*QUESTIONS, "while_it_runs", "read")
    for name in vars(cls):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
        if near and name not in known:
            raise InvalidArgument(f"{cls.__name__}.{name}: did you mean {near[0]!r}?")
