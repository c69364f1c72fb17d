import pytest

from flyte_testkit.errors import UnexpectedUse
from flyte_testkit.unforeseen import Unforeseen


def test_a_text_is_told_once_however_often_it_happened():
    unforeseen = Unforeseen()
    for _ in range(4):  # flytekit sends a failing call four times
        unforeseen.add("nightly was launched")

    with pytest.raises(UnexpectedUse) as caught:
        unforeseen.raise_if_any()

    assert str(caught.value) == "nightly was launched"
    unforeseen.raise_if_any()


def test_what_was_told_is_not_told_again_when_it_is_found_again():
    unforeseen = Unforeseen()
    unforeseen.add("nightly was never launched")
    unforeseen.take()

    unforeseen.add("nightly was never launched")
    unforeseen.add("hourly was never launched")

    assert unforeseen.take() == ("hourly was never launched",)


def test_texts_are_told_in_the_order_in_which_they_happened():
    unforeseen = Unforeseen()
    unforeseen.add("first")
    unforeseen.add("second")

    assert list(unforeseen) == ["first", "second"]
    assert unforeseen.take() == ("first", "second")
    assert not unforeseen


def test_of_very_many_texts_some_are_told():
    unforeseen = Unforeseen()
    for number in range(1000):
        unforeseen.add(f"text {number}")

    told = unforeseen.take()

    assert told == (*(f"text {number}" for number in range(10)), "… and 990 more like these.")
    assert unforeseen.take() == ()
