"""The stacks of other threads, taken so that no thread goes on meanwhile.

On CPython 3.11 a frame becomes an object when somebody asks for it: by ``sys._current_frames()``,
``f_back``, ``f_locals`` or ``cr_frame``. To make one may start a collection; what is collected may
let other threads run (a channel of gRPC does, a ``__del__`` may); and if the thread whose frame it
is returns from it then, the interpreter writes into memory that something else has by now, and
crashes. (python/cpython#106883 is its kin: there the same collection ends in a deadlock. Since 3.12
collections begin only between two instructions.) So whoever wants frames that are not this thread's
own takes them here, all of a stack at once, and does not ask them for others later.

One risk is left on Python 3.12 and before, for variables only: a snapshot of them is renewed at
each look, and what an earlier one was the last to hold is destroyed in the middle of that. The
variables of another thread are read where it waits for a condition, whose own they are, and for
words about tests that fail.

Ignorant of why somebody looks.
"""

from __future__ import annotations

import gc
import sys
import threading
from itertools import accumulate, chain, repeat, starmap, takewhile
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["innermost", "stack", "undisturbed"]

T = TypeVar("T")
_ONCE: tuple[tuple[()]] = ((),)


def undisturbed(function: Callable[..., T], *args: Any) -> T:
    """Call what is written in C so that nothing is collected, and no other thread runs, meanwhile.

    No line of Python is between the three steps: threads take turns only there.

    Example:
        >>> undisturbed(gc.isenabled), gc.isenabled()
        (False, True)
    """
    collects = gc.isenabled()
    resume = gc.enable if collects else gc.isenabled
    steps: Any = chain(
        starmap(gc.disable, _ONCE), starmap(function, (args,)), starmap(resume, _ONCE)
    )
    try:
        _, result, _ = steps
    except BaseException:
        resume()
        raise
    found: T = result
    return found


def innermost() -> dict[int, FrameType]:
    """Return where all other threads are, by their identifiers."""
    frames = undisturbed(sys._current_frames)  # noqa: SLF001  there is no other way to see a stack
    frames.pop(threading.get_ident(), None)  # its variables hold all these: a circle
    return frames


def stack(frame: FrameType | None) -> list[FrameType]:
    """Return a frame and those that called it, innermost first."""
    steps: Any = accumulate(chain((frame,), repeat("f_back")), cast("Any", getattr))
    return undisturbed(list, takewhile(bool, steps))
