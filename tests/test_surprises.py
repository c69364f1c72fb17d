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


def test_stories_are_told_in_the_order_in_which_they_happened():
    surprises = Surprises()
    surprises.add("first")
    surprises.add("second")

    assert list(surprises) == ["first", "second"]
    assert surprises.take() == ("first", "second")
    assert not surprises
