from __future__ import annotations

import itertools
import math
from datetime import timedelta

import pytest
from client_stage import FakeTime
from flyteidl.admin import execution_pb2, launch_plan_pb2, node_execution_pb2, workflow_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flyte_testkit.client import FlyteWorkflowExecution, _time
from flyte_testkit.client._rpc import pauses
from flyte_testkit.client._waiting import LAST_LOOK, Budget, GaveUp, seconds_of, wait_until
from flyte_testkit.client.exceptions import (
    FlyteAssertion,
    FlyteEntityNotExistException,
    FlyteSystemException,
    FlyteTimeout,
)

RUNNING, SUCCEEDED, FAILED = 2, 4, 6


class Blip(Exception):  # noqa: N818  that is what it is called
    pass


def wait(look, timeout=None, poll=30.0, jitter=lambda: 0.0):
    wait_until(
        look,
        budget=Budget(timeout),
        poll_interval=poll,
        heals=lambda error: isinstance(error, Blip),
        pauses=lambda: pauses(jitter, first=1.0),
    )


def done_at(time, seconds, cost=0.0):
    """A look that takes some time and finds the end from some time on."""

    def look(left):
        time.spend(min(cost, left()))
        return time.elapsed >= seconds

    return look


# ---------------------------------------------------------------------------- the pure rhythm


def test_what_is_over_already_takes_one_look_and_no_sleep(fake_time):
    wait(done_at(fake_time, 0), timeout=60)

    assert fake_time.sleeps == []


def test_the_end_is_seen_at_the_poll_after_it(fake_time):
    wait(done_at(fake_time, 70), timeout=3600)

    assert fake_time.sleeps == [30, 30, 30]


def test_an_end_exactly_at_the_deadline_is_seen(fake_time):
    wait(done_at(fake_time, 60), timeout=60)

    assert fake_time.elapsed == 60


def test_an_end_a_moment_after_the_deadline_is_not(fake_time):
    with pytest.raises(GaveUp):
        wait(done_at(fake_time, 60.01), timeout=60)

    assert fake_time.elapsed == 60


def test_a_poll_longer_than_the_budget_does_not_oversleep(fake_time):
    with pytest.raises(GaveUp) as caught:
        wait(done_at(fake_time, 12), timeout=10)

    assert fake_time.sleeps == [10]
    assert caught.value.looks == 2


def test_no_budget_is_one_look(fake_time):
    with pytest.raises(GaveUp) as caught:
        wait(done_at(fake_time, 1), timeout=0)

    assert caught.value.looks == 1
    wait(done_at(fake_time, 0), timeout=0)
    assert fake_time.sleeps == []


def test_a_look_is_bounded_by_what_is_left_and_the_last_by_a_second(fake_time):
    bounds = []

    def look(left):
        bounds.append(left())
        fake_time.spend(4)
        return False

    with pytest.raises(GaveUp):
        wait(look, timeout=20, poll=8)
    assert bounds == [20, 8, LAST_LOOK]


def test_every_rpc_of_a_look_is_bounded_anew(fake_time):
    bounds = []

    def look(left):
        for _ in range(2):
            bounds.append(left())
            fake_time.spend(6)
        return True

    wait(look, timeout=10)
    assert bounds == [10, 4]


def test_without_a_budget_nothing_bounds_a_look(fake_time):
    bounds = []

    def look(left):
        bounds.append(left())
        return len(bounds) == 3

    wait(look)
    assert bounds == [math.inf] * 3


def test_a_hung_server_costs_the_budget_and_one_last_look(fake_time):
    def look(left):
        fake_time.spend(left())
        raise Blip

    with pytest.raises(GaveUp) as caught:
        wait(look, timeout=5)
    assert fake_time.elapsed == 5 + LAST_LOOK
    assert (caught.value.looks, caught.value.failed) == (2, 2)
    assert isinstance(caught.value.failure, Blip)


def test_slow_looks_count_against_the_budget(fake_time):
    with pytest.raises(GaveUp):
        wait(done_at(fake_time, math.inf, cost=50), timeout=60, poll=5)

    assert fake_time.elapsed == 60 + LAST_LOOK


def test_what_heals_is_waited_out_with_growing_pauses(fake_time):
    failing = itertools.chain([True] * 7, itertools.repeat(False))

    def look(left):
        if next(failing):
            raise Blip
        return True

    wait(look, timeout=3600)
    assert fake_time.sleeps == [1, 2, 4, 8, 16, 30, 30]


def test_pauses_begin_anew_after_a_look_that_worked(fake_time):
    script = iter(["blip", "blip", "ok", "blip", "done"])

    def look(left):
        seen = next(script)
        if seen == "blip":
            raise Blip
        return seen == "done"

    wait(look, timeout=3600)
    assert fake_time.sleeps == [1, 2, 30, 1]


def test_an_outage_longer_than_the_budget_ends_with_it(fake_time):
    def look(left):
        raise Blip

    with pytest.raises(GaveUp) as caught:
        wait(look, timeout=10)
    assert fake_time.sleeps == [1, 2, 4, 3]
    assert caught.value.failed == caught.value.looks == 5


def test_what_does_not_heal_ends_the_wait_at_once(fake_time):
    def look(left):
        raise KeyError

    with pytest.raises(KeyError):
        wait(look, timeout=3600)
    assert fake_time.sleeps == []


def test_jitter_shortens_pauses_by_up_to_a_half():
    assert list(itertools.islice(pauses(lambda: 1.0, first=1), 3)) == [0.5, 1, 2]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    timeout=st.integers(0, 5000).map(lambda n: n / 10),
    poll=st.integers(1, 900).map(lambda n: n / 10),
    end=st.integers(0, 9000).map(lambda n: n / 10),
    cost=st.integers(0, 200).map(lambda n: n / 10),
    failing=st.lists(st.booleans(), max_size=30),
    jitter=st.floats(0, 1),
)
def test_no_wait_oversleeps_and_every_end_within_the_budget_is_seen(
    monkeypatch, timeout, poll, end, cost, failing, jitter
):
    time = FakeTime()
    script = iter(failing)

    def look(left):
        started = time.elapsed
        took = min(cost, left())
        time.spend(took)
        if took < cost or next(script, False):
            raise Blip
        return started >= end

    with monkeypatch.context() as patch:
        patch.setattr(_time, "monotonic", time.monotonic)
        patch.setattr(_time, "sleep", time.sleep)
        try:
            wait(look, timeout, poll, lambda: jitter)
        except GaveUp:
            # It may go unseen only if the looks at the deadline failed or took too long.
            assert time.elapsed >= timeout
            assert end > timeout or cost > LAST_LOOK or any(failing)
    assert time.elapsed <= timeout + LAST_LOOK + 0.0101
    assert sum(time.sleeps) <= timeout + 0.0101


# -------------------------------------------------------------------------------- durations


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), (5, 5.0), (0.5, 0.5), (timedelta(minutes=1), 60.0), (0, 0.0), (True, 1.0)],
)
def test_durations_are_seconds_or_timedeltas(value, seconds):
    assert seconds_of(value, "timeout") == seconds


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ("10", TypeError, "timeout='10' is no duration: give seconds or a timedelta, not a str"),
        (-5, ValueError, "timeout=-5 is no duration: it must not be below 0"),
        (timedelta(seconds=-1), ValueError, "must not be below 0"),
        (math.nan, ValueError, "timeout=nan is no duration"),
        (math.inf, OverflowError, "timeout=inf is infinite: leave it out to have no limit"),
        (10**400, OverflowError, "too large"),
    ],
)
def test_what_is_no_duration_is_refused_in_words(value, error, words):
    with pytest.raises(error, match=words):
        seconds_of(value, "timeout")


# ---------------------------------------------------------------- an execution on a scripted server


def execution_pb(phase, **closure):
    return execution_pb2.Execution(
        id={"project": "flytesnacks", "domain": "development", "name": "x1"},
        spec={"launch_plan": {"resource_type": 3, "name": "nightly", "version": "v1"}},
        closure=execution_pb2.ExecutionClosure(phase=phase, **closure),
    )


@pytest.fixture
def played(server, fake_time):
    """Play (second, phase) on the scripted server; returns the caller's execution object."""

    def play(remote, *story):
        def get(request):
            phase = [phase for second, phase in story if second <= fake_time.elapsed][-1]
            return phase if isinstance(phase, Exception) else execution_pb(phase)

        server.on(
            GetExecution=get,
            GetExecutionData=lambda _: execution_pb2.WorkflowExecutionGetDataResponse(),
            ListNodeExecutions=lambda _: node_execution_pb2.NodeExecutionList(),
            GetLaunchPlan=lambda _: launch_plan_pb2.LaunchPlan(),
            GetWorkflow=lambda _: workflow_pb2.Workflow(),
        )
        return FlyteWorkflowExecution.promote_from_model(
            FlyteWorkflowExecution.from_flyte_idl(execution_pb(RUNNING)), remote=remote
        )

    return play


def test_wait_returns_the_same_object_with_its_remote_and_hints(played, remote):
    execution = played(remote, (0, RUNNING), (45, SUCCEEDED))
    execution._type_hints = {"x": int}

    assert execution.wait(timeout=60, poll_interval=10) is execution
    assert remote.wait(execution) is execution
    assert execution.is_successful
    assert execution._remote is remote
    assert execution._type_hints == {"x": int}


def test_a_failed_end_is_returned_and_not_raised(played, remote):
    assert played(remote, (0, FAILED)).wait().closure.phase == FAILED


def test_a_poll_is_one_call_and_the_rest_is_fetched_at_the_end(played, remote, server):
    played(remote, (0, RUNNING), (60, SUCCEEDED)).wait()

    assert server.rpcs[:3] == ["GetExecution"] * 3
    assert sorted(server.rpcs[3:]) == [
        "GetExecutionData",
        "GetLaunchPlan",
        "GetWorkflow",
        "ListNodeExecutions",
    ]


def test_nodes_are_not_asked_for_unless_wanted(played, remote, server):
    played(remote, (0, SUCCEEDED)).wait(sync_nodes=False)

    assert "ListNodeExecutions" not in server.rpcs


def test_the_end_of_patience_is_told_with_name_phase_budget_and_looks(played, remote):
    execution = played(remote, (0, RUNNING))

    with pytest.raises(FlyteTimeout) as caught:
        execution.wait(timeout=timedelta(minutes=1))
    assert str(caught.value) == (
        "USER:Timeout: Execution 'flytesnacks/development/x1' was RUNNING when last seen and did "
        "not complete within 60 s. It was looked at 3 times in 60.0 s."
    )
    assert caught.value.__cause__ is None


def test_a_server_that_stays_away_is_told_with_its_last_words(played, remote, failure):
    gone = failure("UNAVAILABLE", "connection refused")
    execution = played(remote, (0, RUNNING), (30, gone))

    with pytest.raises(FlyteTimeout, match="1 times with an answer") as caught:
        execution.wait(timeout=60)
    assert "failed with UNAVAILABLE: connection refused" in str(caught.value)
    assert "'flytesnacks/development/x1'" in str(caught.value)
    assert caught.value.__cause__ is gone


@pytest.mark.parametrize(
    "code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED"]
)
def test_a_blip_is_waited_out(played, remote, failure, code):
    execution = played(remote, (0, RUNNING), (30, failure(code)), (31, RUNNING), (50, SUCCEEDED))

    assert execution.wait(timeout=120).is_successful


def test_a_blip_while_the_rest_is_fetched_is_waited_out(played, remote, server, failure):
    execution = played(remote, (0, SUCCEEDED))
    answers = iter([failure("UNAVAILABLE"), execution_pb2.WorkflowExecutionGetDataResponse()])
    server.on(GetExecutionData=lambda _: next(answers))

    assert execution.wait(timeout=60).inputs == {}


def test_an_end_whose_data_stays_unreadable_is_told_as_such(played, remote, server, failure):
    execution = played(remote, (0, SUCCEEDED))
    server.on(GetExecutionData=lambda _: failure("UNAVAILABLE"))

    with pytest.raises(FlyteTimeout, match="SUCCEEDED, but what it has to say could not be read"):
        execution.wait(timeout=5)


@pytest.mark.parametrize(
    ("code", "details", "error"),
    [
        ("NOT_FOUND", "missing", FlyteEntityNotExistException),
        ("PERMISSION_DENIED", "no", FlyteSystemException),
        ("INTERNAL", "bug", FlyteSystemException),
        ("UNKNOWN", "?", FlyteSystemException),
        (
            "RESOURCE_EXHAUSTED",
            "CLIENT: Received message larger than max (20 vs. 10)",
            FlyteSystemException,
        ),
    ],
)
def test_what_cannot_heal_is_not_tried_again(
    played, remote, failure, server, fake_time, code, details, error
):
    execution = played(remote, (0, failure(code, details)))

    with pytest.raises(error, match=f"'flytesnacks/development/x1' failed with {code}: "):
        execution.wait(timeout=3600)
    assert server.rpcs == ["GetExecution"]
    assert fake_time.sleeps == []


def test_what_cannot_heal_says_how_the_wait_stood(played, remote, failure):
    execution = played(remote, (0, RUNNING), (30, failure("INTERNAL", "a bug")))

    with pytest.raises(FlyteSystemException) as caught:
        execution.wait(timeout=60)
    assert str(caught.value) == (
        "SYSTEM:Unknown: GetExecution of 'flytesnacks/development/x1' failed with INTERNAL: a bug "
        "(It was RUNNING when last seen, 30.0 s after a wait for 60 s began.)"
    )


def test_each_rpc_is_bounded_by_the_budget_and_by_a_minute(played, remote, server):
    played(remote, (0, SUCCEEDED)).wait(timeout=5)
    played(remote, (0, SUCCEEDED)).wait(timeout=timedelta(days=1))

    timeouts = [call[2] for call in server.calls]
    assert max(timeouts) == 60
    assert timeouts[:4] == [5] * 4


@pytest.mark.parametrize(
    "arguments",
    [
        {"timeout": "10"},
        {"timeout": -1},
        {"timeout": math.inf},
        {"poll_interval": "10"},
        {"poll_interval": -1},
        {"poll_interval": 0},
        {"poll_interval": timedelta(0)},
        {"poll_interval": math.nan},
    ],
)
def test_bad_durations_are_refused_before_any_call(played, remote, server, arguments):
    with pytest.raises((TypeError, ValueError, OverflowError)):
        played(remote, (0, RUNNING)).wait(**arguments)

    assert server.calls == []


def test_the_longest_timedelta_is_as_good_as_no_limit(played, remote):
    assert played(remote, (0, RUNNING), (9000, SUCCEEDED)).wait(timeout=timedelta.max).is_done


def test_without_a_remote_there_is_nothing_to_wait_or_sync_with():
    execution = FlyteWorkflowExecution.from_flyte_idl(execution_pb(RUNNING))

    with pytest.raises(FlyteAssertion, match="Cannot wait Execution 'x1' without a remote"):
        execution.wait()
    with pytest.raises(FlyteAssertion, match="Cannot sync Execution 'x1' without a remote"):
        execution.sync()
    assert execution.execution_url is None
