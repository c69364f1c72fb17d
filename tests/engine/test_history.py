"""The phases that executions have been in."""

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

from flyte_testkit.engine.history import Change, History

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
LATER = START + timedelta(minutes=1)


def row(phase, name="e1"):
    return SimpleNamespace(key=("p", "d", name), phase=phase)


def test_a_phase_is_taken_down_since_its_beginning_whatever_else_changes():
    history = History()
    history.note(row("RUNNING"), START)
    history.note(row("RUNNING"), LATER)  # archived, say

    assert history.lives() == {("p", "d", "e1"): [Change(START, "RUNNING")]}


def test_a_phase_may_come_again():
    history = History()
    for phase in ("RUNNING", "QUEUED", "RUNNING"):
        history.note(row(phase), START)

    (changes,) = history.lives().values()
    assert [change.phase for change in changes] == ["RUNNING", "QUEUED", "RUNNING"]


def test_executions_are_told_in_the_order_of_their_creation():
    history = History()
    for phase, name in (("UNDEFINED", "b"), ("UNDEFINED", "a"), ("RUNNING", "b")):
        history.note(row(phase, name), START)

    assert [name for _, _, name in history.lives()] == ["b", "a"]
