"""What a scheduler may do wrong: each is a change of one place, and the oracle has to notice it.

They are made in a process of their own, since most of them make programs hang.
"""

from __future__ import annotations

from flyte_testkit.clock import _door, _mover
from flyte_testkit.clock._schedule import Entry
from flyte_testkit.world import _locks, _loops, _pools

Mover = _mover.Mover


def time_moves_twice_as_far():
    real = Mover.sleep
    Mover.sleep = lambda self, length: real(self, 2 * length)


def the_last_that_is_ready_runs_first():
    real = Mover.give_turn

    def give_turn(self):
        self.ready.rotate(1)
        real(self)

    Mover.give_turn = give_turn


def two_entries_are_taken_at_once():
    real = Mover.rouse

    def rouse(self, sleeper):
        real(self, sleeper)
        first = self.agenda.first()
        if sleeper.woken and isinstance(first, _mover.Sleeper) and first.when == self.us:
            first.woken = True
            real(self, first)

    Mover.rouse = rouse


def a_joiner_is_forgotten():
    real = Mover.end

    def end(self, thread):
        self._joiners.pop(thread, None)
        real(self, thread)

    Mover.end = end


def nobody_hands_on_at_the_end_of_a_thread():
    real = Mover.end

    def end(self, thread):
        self.go = lambda **_: None
        try:
            real(self, thread)
        finally:
            del self.go

    Mover.end = end


def a_lock_is_not_handed_over():
    def hand_on(lock):
        lock._line.clear()
        lock._inner.release()

    _locks._hand_on = hand_on


def a_lock_goes_to_who_came_last():
    real = _locks._hand_on

    def hand_on(lock):
        lock._line.reverse()
        real(lock)

    _locks._hand_on = hand_on


def a_pool_knows_no_limit():
    real = _pools.Jobs.__init__

    def init(self, clock, workers):
        real(self, clock, 99)

    _pools.Jobs.__init__ = init


def a_timeout_counts_as_settled():
    real = Mover.park
    Mover.park = lambda self, sleeper: real(self, sleeper) or sleeper.woken


def callbacks_come_after_sleepers():
    Entry.CALLBACK, Entry.SLEEPER = Entry.SLEEPER, Entry.CALLBACK


def nobody_knocks_at_a_loop():
    _door.Door.release = lambda _: None


def a_loop_that_is_called_sleeps_on():
    _loops._asleep = Forgetful()


class Forgetful(dict):
    """It forgets at once what it is told."""

    def __setitem__(self, *_):
        pass


def the_watch_is_away():
    """Take the net away: the watch hands on, too, if a hand-on was forgotten."""
    Mover.begin_watch = lambda _: None


MUTANTS = {
    name: it for name, it in list(globals().items()) if getattr(it, "__module__", "") == __name__
}
del MUTANTS["the_watch_is_away"], MUTANTS["Forgetful"]


def make(name):
    """Let the scheduler do something wrong."""
    the_watch_is_away()
    if name in MUTANTS:
        MUTANTS[name]()
