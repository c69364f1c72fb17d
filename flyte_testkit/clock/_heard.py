"""Whether anybody heard that a wait was hopeless.

One ``HopelessWait`` ends its test loudly; another ends a thread that nobody asks, or is swallowed
by ``except:``, and the test passes although it hung. So a clock remembers what it raised and asks
afterwards who caught it. Whoever names ``HopelessWait`` where it is caught has expected it: by
``pytest.raises(HopelessWait)``, ``except HopelessWait``, ``assertRaises`` and their like.

Ignorant of clocks, and of when a wait is hopeless.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from flyte_testkit.errors import HopelessWait

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Verdicts"]

_OURS = "flyte_testkit."
_frame = sys._getframe  # noqa: SLF001  who waits for this error is written in the stack


class Verdicts:
    """What a clock has said, and whether it was heard.

    Example:
        >>> verdicts = Verdicts()
        >>> try:
        ...     raise verdicts.worded("nothing is scheduled any more")
        ... except BaseException:
        ...     pass
        >>> verdicts.unheard()
        HopelessWait('nothing is scheduled any more')
    """

    def __init__(self) -> None:
        self._raised: list[tuple[HopelessWait, bool]] = []  # and whether somebody was prepared
        self._said: list[HopelessWait] = []
        self._forgiven: set[str] = set()

    def say(self, lost: HopelessWait) -> None:
        """Write down a verdict, raised or not."""
        self._said.append(lost)

    def worded(self, text: str) -> HopelessWait:
        """Return a new error that says so, for the calling thread to raise at once."""
        error = HopelessWait(text)
        self.raised(error)
        return error

    def raised(self, error: HopelessWait) -> None:
        """Remember an error that the calling thread is about to raise."""
        if not self._said:
            self._said.append(HopelessWait(*error.args))
        self._raised.append((error, _is_prepared(_frame(1))))

    def forgive(self) -> HopelessWait | None:
        """Take all verdicts so far as heard; returns the latest."""
        self._forgiven.update(str(lost) for lost in self._said)
        self._raised.clear()  # they hold frames, and all that those hold
        return self._said[-1] if self._said else None

    def unheard(self) -> HopelessWait | None:
        """Return a verdict that nobody heard, once: who asks for it has heard it.

        It is the error that was raised first, if one was: its traceback says where.
        """
        heard = {str(error) for error, prepared in self._raised if _was_caught(error, prepared)}
        heard |= self._forgiven
        raised = (error for error, _ in self._raised if error.__traceback__ is not None)
        untold = next((e for e in (*raised, *self._said) if str(e) not in heard), None)
        self.forgive()
        return untold


def _was_caught(error: BaseException, prepared: bool) -> bool:  # noqa: FBT001  a helper of two lines
    """Whether the frame that caught an error names it; ``unittest`` cuts the traceback off."""
    trace = error.__traceback__
    return prepared if trace is None else _names_it(trace.tb_frame)


def _is_prepared(frame: FrameType | None) -> bool:
    while frame is not None:
        if _names_it(frame):
            return True
        frame = frame.f_back
    return False


def _names_it(frame: FrameType) -> bool:
    if (frame.f_globals.get("__name__") or "").startswith(_OURS):
        return False
    if HopelessWait.__name__ in frame.f_code.co_names:
        return True
    known = {} if frame.f_locals is frame.f_globals else frame.f_locals  # to import is not to name
    return any(
        value is HopelessWait or (isinstance(value, tuple) and HopelessWait in value)
        for value in known.values()
    )
