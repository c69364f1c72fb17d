import pytest
from flyteidl.admin import project_pb2

from flyte_testkit.admin.errors import MAX_MESSAGE_BYTES, inactive_project, invalid_argument
from flyte_testkit.wire.answers import refusal


def test_a_refusal_travels_word_for_word_with_its_details():
    answer = refusal(inactive_project("p"))

    assert (answer.code, answer.message) == ("INVALID_ARGUMENT", "project [p] is not active")
    assert list(answer.details) == [project_pb2.InactiveProject(id="p")]


def test_a_text_that_is_too_long_is_cut_by_bytes_and_loses_its_details():
    answer = refusal(invalid_argument("ü" * MAX_MESSAGE_BYTES, project_pb2.InactiveProject(id="p")))

    assert len(answer.message.encode()) == MAX_MESSAGE_BYTES
    assert answer.details == ()


@pytest.mark.parametrize(("begins", "left"), [("", 2), ("x", 1), ("xx", 0)])
def test_of_a_letter_that_is_cut_in_two_each_byte_is_replaced(begins, left):
    message = refusal(invalid_argument(begins + "\u20ac" * MAX_MESSAGE_BYTES)).message

    whole = (MAX_MESSAGE_BYTES - len(begins) - left) // 3
    assert message == begins + "\u20ac" * whole + "\ufffd" * left


def test_the_data_proxy_cuts_nothing():
    long = "x" * (MAX_MESSAGE_BYTES + 1)

    assert refusal(invalid_argument(long), service="DataProxyService").message == long
