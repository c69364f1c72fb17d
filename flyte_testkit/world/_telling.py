"""Warn where a warning must not become an error: raising there would end what is only to be told.

Ignorant of what is told.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["asker", "tell"]

_WAITS = frozenset({"threading", "queue", "concurrent.futures._base", "multiprocessing.pool"})
_ROOMS = (f"{__package__}.", "flyte_testkit.clock.", "flyte_testkit.wire.", "grpc.", "asyncio.")
_frame = sys._getframe  # noqa: SLF001  the line to be told is a caller's


def tell(message: str, frame: FrameType) -> None:
    """Show a ``RuntimeWarning`` at a frame's line, whatever the filters say; pytest lists it."""
    warnings.showwarning(
        RuntimeWarning(message), RuntimeWarning, frame.f_code.co_filename, frame.f_lineno
    )


def asker() -> FrameType:
    """Return the frame that asked: the innermost one where somebody can mend a line.

    So it is none of the world's own modules, nor of what carries calls, of the standard library's
    waits or of its event loops.
    """
    frame: FrameType = _frame(1)
    while frame.f_back and _only_hands_on(str(frame.f_globals.get("__name__"))):
        frame = frame.f_back
    return frame


def _only_hands_on(module: str) -> bool:
    return module in _WAITS or module.startswith(_ROOMS)
