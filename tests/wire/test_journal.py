import pytest
from flyteidl.admin import event_pb2, execution_pb2

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


def attempts(journal, *asked):
    """The attempts of calls that begin then, and fail so much later."""
    numbers = []
    for at, takes in asked:
        call = journal.begin("GetExecution", GET(), at=at, deadline=None)
        journal.end(call, "UNAVAILABLE", None, "", at=at + takes)
        numbers.append((call.turn, call.attempt))
    return numbers


def test_what_follows_the_end_of_a_slow_failure_at_once_is_an_attempt():
    asked = [(0, 5), (5, 5), (10, 0), (10, 0), (10, 0)]

    assert attempts(Journal(), *asked) == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1)]


def test_on_a_real_clock_an_instant_lasts_a_moment():
    asked = [(0, 0), (0.1, 0), (0.34, 0), (0.6, 0), (5, 0)]

    assert attempts(Journal(blur=0.25), *asked) == [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1)]


def test_failures_of_calls_in_between_do_not_matter():
    journal = Journal()
    seen = []
    for name in ("a", "b", "a", "b"):
        request = GET()
        request.id.name = name
        call = journal.begin("GetExecution", request, at=0, deadline=None)
        journal.end(call, "INTERNAL", None, "")
        seen.append((call.turn, call.attempt))

    assert seen == [(1, 1), (2, 1), (1, 2), (2, 2)]


def test_messages_are_read_as_they_were_sent():
    journal, request = Journal(), GET()
    request.id.name = "run"
    call = journal.begin("GetExecution", request, at=0, deadline=None)
    request.id.name = "changed"
    long = execution_pb2.ExecutionList(token="x" * 10_000)
    assert call.reply is None
    journal.end(call, "OK", long, "")

    assert call.request.id.name == "run"
    assert call.reply == long


def test_equal_messages_are_kept_once():
    journal = Journal()
    kept = set()
    for at in range(10):
        call = journal.begin("GetExecution", GET(), at=at, deadline=None)
        journal.end(call, "OK", execution_pb2.Execution(), "")
        kept |= {id(call._request.raw), id(call._reply.raw)}

    assert len(kept) == 1  # both are empty


@pytest.mark.parametrize(("keep", "kept"), [(None, [0, 1, 2]), (2, [1, 2]), (0, [])])
def test_a_journal_may_forget(keep, kept):
    journal = Journal(keep=keep)
    for at in range(3):
        call = journal.begin("GetExecution", GET(), at=at, deadline=None)
        journal.end(call, "OK", execution_pb2.Execution(), "")

    assert [call.at for call in journal.calls] == kept
    assert journal.counts == {("GetExecution", "OK"): 3}
    assert (call.reply is None) is (keep == 0)


def test_whoever_listens_for_answers_hears_how_long_they_took():
    journal, heard = Journal(), []
    journal.answered.append(lambda call: heard.append((call.code, call.ended - call.at)))

    journal.end(journal.begin("GetExecution", GET(), at=3, deadline=None), "OK", None, "", at=5)

    assert heard == [("OK", 2)]


def test_failures_are_not_remembered_for_ever():
    journal = Journal(keep=0, blur=0.25)
    for number in range(1000):
        request = GET()
        request.id.name = str(number)
        call = journal.begin("GetExecution", request, at=number / 100, deadline=None)
        journal.end(call, "NOT_FOUND", None, "")

    assert len(journal._failed) + len(journal._failed_before) <= 60


def test_equal_metadata_is_kept_once():
    journal = Journal()
    for team in ("ml", "ops", "ml", "ops"):
        journal.begin("GetExecution", GET(), at=0, deadline=None, metadata=(("team", team),))

    assert [dict(call.metadata)["team"] for call in journal.calls] == ["ml", "ops", "ml", "ops"]
    assert len({id(call.metadata) for call in journal.calls}) == 2


def test_details_are_kept_as_they_were_sent():
    journal = Journal()
    reason = event_pb2.EventFailureReason()
    reason.already_in_terminal_state.current_phase = "FAILED"
    call = journal.begin("GetExecution", GET(), at=0, deadline=None)
    journal.end(call, "FAILED_PRECONDITION", None, "over", details=[reason])
    reason.Clear()

    assert [d.already_in_terminal_state.current_phase for d in call.details] == ["FAILED"]


def test_a_journal_that_remembers_nothing_keeps_no_details():
    journal = Journal(keep=0)
    call = journal.begin("GetExecution", GET(), at=0, deadline=None)
    journal.end(call, "ABORTED", None, "over", details=[event_pb2.EventFailureReason()])

    assert call.details == ()


def test_calls_are_counted_by_their_rpc():
    journal = Journal(keep=1)
    for rpc, code in (("GetExecution", "OK"), ("GetExecution", "ABORTED"), ("GetVersion", "OK")):
        journal.end(journal.begin(rpc, GET(), at=0, deadline=None), code, None, "")

    assert (journal.count("GetExecution"), journal.count("GetTask"), journal.count(None)) == (
        *(2, 0, 3),
    )
