import pytest

from flyte_testkit.errors import UnexpectedUse
from flyte_testkit.surprises import Surprises


def test_a_story_is_told_once_however_often_it_happened():
    surprises = Surprises()
    for _ in range(4):  # flytekit sends a failing call four times
        surprises.add("nightly was launched")

    with pytest.raises(UnexpectedUse) as caught:
        surprises.raise_if_any()

    assert str(caught.value) == "nightly was launched"
    surprises.raise_if_any()


def test_what_was_told_is_not_told_again_when_it_is_found_again():
    surprises = Surprises()
    surprises.add("nightly was never launched")
    surprises.take()

    surprises.add("nightly was never launched")
    surprises.add("hourly was never launched")

    assert surprises.take() == ("hourly was never launched",)


def test_stories_are_told_in_the_order_in_which_they_happened():
    surprises = Surprises()
    surprises.add("first")
    surprises.add("second")

    assert list(surprises) == ["first", "second"]
    assert surprises.take() == ("first", "second")
    assert not surprises


def test_of_very_many_stories_some_are_told():
    surprises = Surprises()
    for number in range(1000):
        surprises.add(f"story {number}")

    told = surprises.take()

    assert told == (*(f"story {number}" for number in range(10)), "… and 990 more like these.")
    assert surprises.take() == ()
