"""A world in which the code under test lives on a clock.

Under ``governed_by(clock)`` everything in the standard library that waits with a timeout waits on
the clock, in the body, in threads, in jobs of pools of any age: ``time.sleep`` (also by name),
``Event``, ``Condition``, ``Semaphore``, ``Barrier``, ``Lock``, the queues, ``Thread.join``,
``Future.result`` and its like, ``signal.alarm``; the timers of ``asyncio``; and every reading of
``time`` and ``datetime``. Everything that blocks for real (sockets, pipes, child processes) counts
as running: time stands still until it is done. So does all that the machinery does: gRPC,
Hypothesis, pytest, ``subprocess``.

Ignorant of Flyte, and of how the clock moves.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from freezegun import api

from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import ClockError, NestedFreezeError
from flyte_testkit.world import _alarms, _datetimes, _looks, _readings
from flyte_testkit.world._bindings import loaded_modules, module_bindings
from flyte_testkit.world._leftovers import end_leftovers, quiet
from flyte_testkit.world._locks import FACTORIES
from flyte_testkit.world._loops import adopt_loops, leave_loops
from flyte_testkit.world._older_locks import guarded_locks
from flyte_testkit.world._older_threads import adopt_older, forget_older
from flyte_testkit.world._patched import SleepTeller, tell_of_patch
from flyte_testkit.world._patches import install, uninstall
from flyte_testkit.world._reins import Reins, held, is_resident
from flyte_testkit.world._repairs import repair
from flyte_testkit.world._sleeps import REAL_SLEEP, sleep
from flyte_testkit.world._strangers import tell_of_real_time

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from flyte_testkit.clock import Clock

__all__ = ["World", "governed_by"]

_MISSING: Any = object()

_owners: list[World] = []  # the world that is entered, or none


def _forget_in_child() -> None:
    """Let a forked child live in real time: its clock's other threads are not there."""
    for world in _owners:
        world._unpatch()  # noqa: SLF001  of this module
    _owners.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_in_child)

for _module, _name, _, _ours in FACTORIES:  # see _locks: who imports this wants a world
    setattr(_module, _name, _ours)


def governed_by(clock: Clock) -> World:
    """Return a context manager under which the code under test lives on a clock.

    There is one world at a time: to change its clock, assign ``world.clock``. Entering it a second
    time with the same clock does nothing.

    Datetimes are the clock's time exactly; other readings are ahead of it by the least that tells
    two apart, and never by as much as a tenth of a millisecond. ``clock.elapsed`` stays exact.

    Raises:
        ClockError: Another clock governs already, or this one is no ``VirtualClock``.
        NestedFreezeError: freezegun's ``freeze_time`` is active; also whenever it is entered
            inside.

    Example:
        >>> import time
        >>> clock = VirtualClock()
        >>> with governed_by(clock):
        ...     time.sleep(3600)
        ...     time.strftime("%H:%M", time.gmtime())
        '01:00'
        >>> clock.elapsed
        3600.0
    """
    return World(clock)


class World:
    """What ``governed_by`` returns.

    Attributes:
        strays: Where code under test holds a real function of ``time`` that no patch reaches, in
            words.
    """

    def __init__(self, clock: Clock) -> None:
        self._reins = Reins(_checked(clock), heed=tell_of_real_time)
        self._entered = 0
        self._undo = contextlib.ExitStack()
        self._teller = SleepTeller()
        self._at_start: frozenset[str] = frozenset()
        self.strays: tuple[str, ...] = ()

    @property
    def clock(self) -> VirtualClock:
        """The clock that governs; may be exchanged, while no other thread sleeps on it."""
        return self._reins.clock

    @clock.setter
    def clock(self, clock: VirtualClock) -> None:
        old = self._reins.clock
        self._reins.exchange(_checked(clock))
        if self._entered:
            self._desert(old)
            self._inhabit(clock)

    def __enter__(self) -> Self:
        if held and held[-1].clock is self.clock:
            self._reins, self._teller = held[-1], _owners[-1]._teller  # noqa: SLF001  of this module
            self._entered += 1
            return self
        if held:
            raise ClockError(
                f"governed_by({self.clock!r}) was entered while {held[-1].clock!r} governs. One "
                "clock governs at a time: assign world.clock, or leave the other world first."
            )
        if api.freeze_factories:
            raise NestedFreezeError(
                f"governed_by({self.clock!r}) was entered under freezegun's freeze_time, frozen at "
                f"{api.freeze_factories[-1]().isoformat()}. Both govern time. Drop freeze_time and "
                f"start the clock there: {_start()}."
            )
        try:
            self._patch()
            self._inhabit(self.clock)
        except BaseException:  # ^C, say: nobody will leave what was not quite entered
            self._unpatch()
            raise
        self._entered = 1
        _owners.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered -= 1
        if not self._entered and self in _owners:
            _owners.remove(self)
            try:
                self._desert(self.clock)
            finally:
                self._unpatch()
            if kind is None:
                self.clock.verify()
            elif (unheard := self.clock.unheard()) and sys.version_info >= (3, 11) and error:
                error.add_note(f"Before that, a wait was hopeless:\n{unheard}")

    def _inhabit(self, clock: VirtualClock) -> None:
        clock.mover.is_resident = is_resident
        clock.mover.over = False
        clock.watch(self._teller)
        clock.join()
        adopt_older(clock.mover)
        adopt_loops(clock.mover)

    def _desert(self, clock: VirtualClock) -> None:
        _alarms.forget_alarm()
        forget_older()
        clock.unwatch(self._teller)
        clock.mover.is_resident = None
        end_leftovers(clock)

    def _patch(self) -> None:
        """Let time be virtual."""
        self._at_start = loaded_modules()
        with contextlib.ExitStack() as undo:
            replaced = _functions()
            self.strays = repair(undo, replaced)
            for name, (_, ours) in _readings.FUNCTIONS.items():
                _set(undo, time, name, ours)
            tell_of_patch(time.sleep)
            _set(undo, time, "sleep", sleep)
            _set(undo, threading, "excepthook", quiet(threading.excepthook))
            undo.callback(uninstall)
            install()
            for owner, name, ours in (*guarded_locks(), *_looks.PATCHES):
                _set(undo, owner, name, ours)
            wanted = {key: real for key, (real, _) in replaced.items()}
            for module, name, real in module_bindings(wanted, self._at_start, remember=True):
                _set(undo, module, name, replaced[id(real)][1])
            _datetimes.teach(undo)
            _readings.let_uuids_read(undo)
            refuse = functools.partialmethod(_refuse_to_freeze, self)
            _set(undo, api._freeze_time, "start", refuse)  # noqa: SLF001  its one door
            undo.callback(leave_loops)
            held.append(self._reins)
            undo.callback(held.remove, self._reins)
            self._undo = undo.pop_all()

    def _unpatch(self) -> None:
        """Let time be real, also in modules that were imported meanwhile."""
        try:
            self._undo.close()
        finally:
            self._undo.close()  # of what is left, if ^C came in between
        ours = {id(ours): real for real, ours in _functions().values()}
        new = loaded_modules() - self._at_start
        for module, name, value in module_bindings(ours, new, remember=False):
            setattr(module, name, ours[id(value)])


def _checked(clock: Clock) -> VirtualClock:
    if not isinstance(clock, VirtualClock):
        raise ClockError(f"governed_by({clock!r}) needs a VirtualClock: only that can be moved.")
    return clock


@functools.cache
def _functions() -> dict[int, tuple[Any, Any]]:
    """Return real function and ours, by the id of the real one."""
    pairs = [*_readings.FUNCTIONS.values(), (REAL_SLEEP, sleep)]
    pairs += [(real, ours) for _, _, real, ours in FACTORIES]
    pairs += _alarms.FUNCTIONS
    return {id(real): (real, ours) for real, ours in pairs}


def _refuse_to_freeze(freezer: Any, world: World) -> None:
    raise NestedFreezeError(
        f"freeze_time({freezer.time_to_freeze.isoformat()!r}) was entered under "
        f"governed_by({world.clock!r}). Both govern time. Drop freeze_time and move the clock: "
        f"flyte_clock.move_to(...), or start it there: {_start()}."
    )


def _start() -> str:
    """Return how a clock is started at an instant: by the marker, where pytest makes the clock."""
    start = "VirtualClock(start=...)"
    if "PYTEST_CURRENT_TEST" not in os.environ:
        return start
    return f"@pytest.mark.flyte(start=...) above the test, or {start} where you make the clock"


def _set(undo: contextlib.ExitStack, owner: Any, name: str, value: Any) -> None:
    """Set an attribute, or delete it, and put the old one back when all is undone."""
    old = vars(owner).get(name, _MISSING) if isinstance(owner, type) else getattr(owner, name)
    if value is _MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, value)
    undo.callback(_put_back, owner, name, value, old)


def _put_back(owner: Any, name: str, value: Any, old: Any) -> None:
    now = vars(owner).get(name, _MISSING) if isinstance(owner, type) else getattr(owner, name)
    if now is not value:
        return  # the test has put something else there
    if old is _MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, old)
