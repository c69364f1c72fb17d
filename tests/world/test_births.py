"""What is made is told, however old it has grown, and at the price of a few looks."""

import gc

import pytest

from flyte_testkit.world._births import Births


class Child:
    pass


@pytest.fixture
def births():
    births = Births(lambda it: type(it) is Child)
    yield births
    births.stop()


def test_nothing_was_made(births):
    births.watch()

    assert not births.any()


def test_what_was_there_before_is_not_told(births):
    before = Child()
    gc.collect()
    births.watch()

    assert not births.any()
    del before


@pytest.mark.parametrize("generation", [None, 0, 1, 2])
def test_what_was_made_is_told_however_old_it_has_grown(births, generation):
    births.watch()
    child = Child()
    if generation is not None:
        for _ in range(3):
            gc.collect(generation)

    assert births.any()
    del child


@pytest.fixture
def asked(monkeypatch):
    """Which generations were looked at; ``None`` for all."""
    asked = []
    monkeypatch.setattr(gc, "get_objects", lambda generation=None: asked.append(generation) or [])
    return asked


@pytest.mark.parametrize("generation", [1, 2])
def test_it_looks_at_the_young_only(births, asked, generation):
    births.watch()
    for _ in range(5):
        gc.collect(generation)

    assert not births.any()
    assert set(asked) == {0, 1}


def test_after_many_looks_it_looks_at_everything_once(births, asked):
    births.watch()
    for _ in range(200):
        gc.collect(1)
    looks = len(asked)

    assert not births.any()
    assert asked[looks:] == [None]
    assert looks < 300  # others may look, too


def test_it_begins_anew(births):
    births.watch()
    child = Child()
    gc.collect()
    births.watch()

    assert not births.any()
    del child


def test_it_stops(births):
    before = list(gc.callbacks)
    births.watch()
    births.watch()
    assert len(gc.callbacks) == len(before) + 1

    births.stop()

    assert gc.callbacks == before
