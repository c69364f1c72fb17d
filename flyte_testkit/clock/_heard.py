"""Whether anybody heard that a wait was hopeless.

One ``HopelessWait`` ends its test loudly; another ends a thread that nobody asks, or is swallowed
by ``except:``, and the test passes although it hung. So a verdict remembers the errors by which it
was told, and asks afterwards who caught them. Whoever names ``HopelessWait`` expected it:
``pytest.raises(HopelessWait)``, ``assertRaises``, ``suppress`` and ``isinstance`` ask for it by a
function, so the error notices itself; ``except HopelessWait`` is read in the code that caught it.

Ignorant of clocks, and of when a wait is hopeless.
"""

from __future__ import annotations

import dis
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._stacks import undisturbed
from flyte_testkit.errors import HopelessWait

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Verdicts", "anew"]

_ENOUGH = 100  # errors of one verdict, of a loop that swallows each: they hold frames
_OURS = ("flyte_testkit.clock.", "flyte_testkit.world.")
_MATCHES = frozenset({"CHECK_EXC_MATCH", "JUMP_IF_NOT_EXC_MATCH"})  # the second on Python 3.10


class Verdicts:
    """What a clock has said, and whether it was heard.

    Example:
        >>> verdicts = Verdicts()
        >>> said = verdicts.say("nothing is scheduled any more")
        >>> try:
        ...     raise said
        ... except BaseException:
        ...     pass
        >>> verdicts.unheard()
        HopelessWait('nothing is scheduled any more')
    """

    def __init__(self) -> None:
        self._said: dict[str, type[HopelessWait]] = {}

    def say(self, text: str) -> HopelessWait:
        """Return an error to be raised, or not; either way somebody should hear of it.

        Each verdict is a class of its own, and a new instance is the same verdict: Python takes a
        class, not an instance, to be raised in another thread.
        """
        if text not in self._said:
            self._said[text] = _verdict(text)
        return self._said[text]()

    def forgive(self) -> HopelessWait | None:
        """Take all verdicts so far as heard; returns the latest."""
        told = [kind() for kind in self._said.values()]
        for kind in self._said.values():
            kind.heard = True
            _errors(kind).clear()  # they hold frames
        self._said.clear()  # the same words may be said again, of something else
        return told[-1] if told else None

    def unheard(self) -> HopelessWait | None:
        """Return a verdict that nobody heard, once: who asks for it has heard it.

        It is the error that was raised first, if one was: its traceback says where.
        """
        untold = [kind for kind in self._said.values() if not _is_heard(kind)]
        told = next((_first(kind) for kind in untold), None)
        self.forgive()
        return told


def anew(verdict: HopelessWait) -> HopelessWait:
    """Return a verdict to be raised once more, for the same reason: an error has one traceback."""
    again = type(verdict)()
    again.__cause__ = verdict.__cause__
    return again


def _verdict(text: str) -> type[HopelessWait]:
    class Verdict(HopelessWait):
        errors: list[HopelessWait] = []  # noqa: RUF012  of this verdict, which is a class

        def __init__(self, *_: object) -> None:
            super().__init__(text)
            if len(self.errors) < _ENOUGH:
                self.errors.append(self)

        def __reduce__(self) -> Any:
            return HopelessWait, self.args

    Verdict.__name__, Verdict.__qualname__ = HopelessWait.__name__, HopelessWait.__qualname__
    Verdict.__module__, Verdict.__doc__ = HopelessWait.__module__, HopelessWait.__doc__
    return Verdict


def _errors(kind: Any) -> list[HopelessWait]:
    found: list[HopelessWait] = kind.errors
    return found


def _first(kind: type[HopelessWait]) -> HopelessWait:
    raised = (error for error in _errors(kind) if error.__traceback__ is not None)
    return next(raised, None) or kind()


def _is_heard(kind: type[HopelessWait]) -> bool:
    return kind.heard or any(
        error.__traceback__ is not None and _expects_it(error.__traceback__.tb_frame)
        for error in _errors(kind)
    )


def _expects_it(frame: FrameType) -> bool:
    """Whether the code that caught an error has an ``except`` clause that names it.

    A traceback begins with the frame that caught the error. Our own clauses only clear up.
    """
    if (frame.f_globals.get("__name__") or "").startswith(_OURS):
        return False
    known = {**frame.f_globals, **undisturbed(getattr, frame, "f_locals")}
    named: list[Any] = []
    for instruction in dis.get_instructions(frame.f_code):
        if instruction.opname in _MATCHES:
            if any(_is_it(value) for value in named):
                return True
        elif instruction.opname.startswith("LOAD_"):
            name = instruction.argval
            if isinstance(name, str):
                named.append(name if name == HopelessWait.__name__ else known.get(name))
            continue
        elif instruction.opname == "BUILD_TUPLE":
            continue
        named.clear()
    return False


def _is_it(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(_is_it(one) for one in value)
    return value is HopelessWait or (isinstance(value, str) and value == HopelessWait.__name__)
