import pytest
from flyteidl.admin import execution_pb2

from flyte_testkit.wire.journal import Journal, blurred

GET = execution_pb2.WorkflowExecutionGetRequest


def test_a_retry_is_an_attempt_of_the_same_call():
    journal = Journal()
    for _ in range(3):
        call = journal.begin("GetExecution", GET(), at=0, deadline=None)
        journal.end(call, "UNAVAILABLE", None, "away")

    assert [call.attempt for call in journal.calls] == [1, 2, 3]
    assert repr(journal.calls[1]) == "<GetExecution (attempt 2) at 0 s: UNAVAILABLE>"


def test_another_instant_makes_another_call():
    journal = Journal()
    for at in (0, 30):
        journal.end(
            journal.begin("GetExecution", GET(), at=at, deadline=None), "INTERNAL", None, ""
        )

    assert [call.attempt for call in journal.calls] == [1, 1]


def test_a_call_after_a_success_is_another_call():
    journal = Journal()
    for code in ("OK", "INTERNAL", "OK", "INTERNAL"):
        journal.end(journal.begin("GetExecution", GET(), at=0, deadline=None), code, None, "")

    assert [call.attempt for call in journal.calls] == [1, 1, 2, 1]


def test_another_request_makes_another_call():
    journal = Journal()
    for name in ("a", "b"):
        request = GET()
        request.id.name = name
        journal.end(
            journal.begin("GetExecution", request, at=0, deadline=None), "INTERNAL", None, ""
        )

    assert [call.attempt for call in journal.calls] == [1, 1]


def test_listeners_hear_of_a_call_before_it_is_answered():
    journal, heard = Journal(), []
    journal.listeners.append(lambda call: heard.append((call.rpc, call.code)))

    journal.begin("GetExecution", GET(), at=0, deadline=None)

    assert heard == [("GetExecution", None)]


def test_a_call_is_answered_once():
    journal = Journal()
    call = journal.begin("GetExecution", GET(), at=0, deadline=None)

    assert journal.end(call, "OK", None, "")
    assert not journal.end(call, "CANCELLED", None, "")
    assert call.code == "OK"


@pytest.mark.parametrize(
    ("seen", "meant"),
    [(60.0998, 60), (0.501, 0.5), (9.97, 10), (None, None), (10.0**9, None)],
)
def test_deadlines_are_read_as_they_were_meant(seen, meant):
    assert blurred(seen) == meant


def test_long_deadlines_are_right_within_one_per_cent():
    assert blurred(3609.99) == pytest.approx(3600, rel=0.01)
