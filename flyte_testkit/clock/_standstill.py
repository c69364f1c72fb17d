"""To say where a thread blocks, when time stands still because of it for long.

Whatever blocks for real counts as running, and time waits for it: a socket, a pipe, a debugger.
Only a lock or a queue that nobody can see into is a trap: its holder may sleep on the clock, then,
which stands still. Stacks are read for these words, and never to decide whether time moves.

Ignorant of turns.
"""

from __future__ import annotations

import dis
import linecache
import os
import sysconfig
from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.clock._stacks import innermost, stack

if TYPE_CHECKING:
    import threading
    from types import CodeType, FrameType

__all__ = ["Block", "find_block"]

_STDLIB = sysconfig.get_path("stdlib")
_PACKAGES = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
_OWN = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120  compared with file names
_BLOCKING = frozenset({"acquire", "get", "put", "wait"})
_ENTERING = frozenset({"BEFORE_WITH", "SETUP_WITH", "LOAD_SPECIAL"})


class Block(NamedTuple):
    """Where a thread blocks.

    Attributes:
        where: In words.
        in_lock: Whether it waits there for a lock or a queue that is written in C.
    """

    where: str
    in_lock: bool

    def told(self, at: str, seconds: float) -> tuple[str, str]:
        """Return what happens, and what to do, in words."""
        reason = (
            f"time has stood still at {at} for {seconds:.0f} real seconds, although others wait "
            f"for it to pass: {self.where}."
        )
        if self.in_lock:
            return reason, (
                "A lock or a queue from before the world does not show who waits for it. Make it "
                "inside, or let a module, a class or an object of a module name it."
            )
        return reason, (
            "Whatever blocks for real counts as running. Let what it waits for not sleep on the "
            "clock, or start it outside of the world."
        )


def find_block(thread: threading.Thread) -> Block | None:
    """Say where a thread blocks; None if it has no stack in Python."""
    top = None if thread.ident is None else innermost().get(thread.ident)
    if top is None:
        return None
    shown = next((frame for frame in stack(top) if not _is_installed(frame)), top)
    line = linecache.getline(shown.f_code.co_filename, shown.f_lineno).strip()
    where = (
        f"the thread {thread.name!r} blocks in {shown.f_code.co_filename}, line {shown.f_lineno}, "
        f"in {shown.f_code.co_name}"
    )
    return Block(f"{where}: {line}" if line else where, _waits_for_a_lock(top))


def _is_installed(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith((_STDLIB, *_PACKAGES, _OWN, "<frozen"))


def _waits_for_a_lock(frame: FrameType) -> bool:
    """Whether the topmost function, which is no part of Python, stands at such an instruction."""
    name = frame.f_code.co_filename
    if name.startswith(_STDLIB) and not name.startswith(_PACKAGES):
        return False
    return _blocks(frame.f_code, frame.f_lasti)


def _blocks(code: CodeType, offset: int) -> bool:
    named = None
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_METHOD", "LOAD_ATTR", "LOAD_SPECIAL"):
            named = instruction.argval
        if instruction.offset == offset:
            return instruction.opname in _ENTERING or (
                instruction.opname.startswith("CALL")
                and (named in _BLOCKING or "enter" in str(named))
            )
    return False
