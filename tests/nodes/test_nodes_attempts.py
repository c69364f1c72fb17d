"""Attempts of tasks: phases, endings, and which may follow which."""

import copy
import pickle
from datetime import timedelta

import pytest

from flyte_testkit import (
    Timeline,
    TimelineError,
    failures,
    immediately,
    nodes,
    polls,
    queued,
    running,
    undefined,
)
from flyte_testkit.nodes import Attempt
from flyte_testkit.nodes.retries import check_attempts, least_retries
from flyte_testkit.timeline import Aborts, NeverEnds, Succeeds, TaskStep, TimesOut

PARTS = (Aborts, Attempt, Succeeds, TaskStep, TimesOut)  # the tables call them by name

DONE = running(60).succeeds()
LOST = running(6).fails(failures.preempted())
DIED = running(6).fails(failures.process_died())
AGAIN = running(6).fails(failures.recoverable("no lock"))
OOM = running(6).fails(failures.oom_killed())
FINAL = running(6).fails("no disk")
SLOW = running(6).times_out()
STUCK = running().never_ends()


def test_an_attempt_passes_through_a_tasks_phases_in_the_recorded_order():
    attempt = nodes.waiting(30, reason="quota").queued(2).initializing(9).running(60).succeeds()

    assert [(step.phase, step.duration, step.reason) for step in attempt.steps] == [
        ("WAITING_FOR_RESOURCES", 30.0, "quota"),
        ("QUEUED", 2.0, ""),
        ("INITIALIZING", 9.0, ""),
        ("RUNNING", 60.0, ""),
    ]
    assert attempt.seconds == 101
    assert str(attempt) == (
        "WAITING_FOR_RESOURCES 30s 'quota' -> QUEUED 2s -> INITIALIZING 9s -> RUNNING 1m"
        " -> SUCCEEDED"
    )


def test_a_plain_timeline_goes_on_as_an_attempt():
    assert queued(5).initializing(9).running(60).succeeds(rows=9) == (
        nodes.queued(5).initializing(9).running(60).succeeds(rows=9)
    )
    assert (
        immediately.waiting(3, reason="x").times_out() == nodes.waiting(3, reason="x").times_out()
    )


def test_a_plain_timeline_is_an_attempt():
    plain = nodes.task(queued(5).running(60).fails("no disk"))

    assert plain == nodes.task(nodes.queued(5).running(60).fails("no disk"))
    assert plain.attempts == (nodes.queued(5).running(60).fails("no disk"),)


@pytest.mark.parametrize("duration", [60, 60.0, timedelta(minutes=1)])
def test_durations_are_those_of_timelines(duration):
    assert nodes.running(duration).times_out() == nodes.running(60).times_out()


def test_an_attempt_may_be_held_for_looks_and_then_no_clock_tells_its_end():
    assert nodes.running(polls(3)).succeeds().seconds is None
    assert nodes.running(3).never_ends().seconds is None


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("nodes.running(3).queued(3)", "no attempt is QUEUED after RUNNING"),
        ("nodes.queued(3).queued(3)", "no attempt is QUEUED after QUEUED"),
        ("nodes.queued(3).waiting(3)", "no attempt is WAITING_FOR_RESOURCES after QUEUED"),
        ("running(3).initializing(3)", "no attempt is INITIALIZING after RUNNING"),
        ("undefined(3).waiting(3)", "UNDEFINED is a phase of executions"),
        ("running(3).failing(3).initializing(3)", "FAILING is a phase of executions"),
        ("nodes.waiting().running(3)", r"waiting\(\) has no duration"),
        ("nodes.waiting().succeeds()", r"waiting\(\) has no duration"),
        ("nodes.waiting(-1)", "a duration is not negative"),
        ("nodes.running('60')", r"Write running\(60\)"),
        ("nodes.running(True)", "a duration is a number of seconds"),
        ("nodes.queued(3, reason=4)", "the reason of a phase is text"),
        ("nodes.running(9e9)", "a hundred years"),
        ("nodes.waiting(2e9).queued(2e9)", "a hundred years"),
        ("nodes.running(3).fails(3)", "a failure is a message"),
        ("nodes.running(3).succeeds(3)", "outputs have names"),
        ("nodes.running(3).succeeds({'a': 1}, a=2)", "gives 'a' twice"),
        ("Attempt((), Aborts('x'))", "no engine aborts an attempt of its own accord"),
        ("Attempt((), 3)", "3 is not an ending"),
        ("Attempt((3,), Succeeds())", "3 is not a step of an attempt"),
        ("Attempt((), TimesOut(failures.oom_killed()))", "stopped without an error"),
        ("Attempt((TaskStep('QUEUED'),), Succeeds())", "has no duration"),
        ("TaskStep('RUNING')", "Did you mean 'RUNNING'"),
        ("TaskStep('RUNNING', 3, 'why')", "no reason for RUNNING"),
    ],
)
def test_what_no_attempt_does_is_refused(code, problem):
    with pytest.raises(TimelineError, match=problem):
        eval(code, globals())  # noqa: S307  ours


def test_nobody_aborts_one_attempt():
    with pytest.raises(AttributeError, match="terminate the execution"):
        _ = nodes.running(60).aborts
    with pytest.raises(TimelineError, match="terminate the execution"):
        nodes.task(running(60).aborts("too dear"))


def test_misspelt_words_are_answered():
    with pytest.raises(AttributeError, match="Did you mean 'initializing'"):
        _ = nodes.queued(3).initialising
    with pytest.raises(AttributeError, match="It has ended"):
        _ = nodes.queued(3).succeeds().running
    with pytest.raises(AttributeError, match="Did you mean 'seconds'"):
        _ = nodes.queued(3).succeeds().second
    with pytest.raises(TypeError, match="Did you mean 'reason'"):
        nodes.waiting(3, raeson="x")
    with pytest.raises(AttributeError, match="Did you mean 'waiting'"):
        _ = nodes.wating


def test_an_attempt_is_a_value():
    attempt = nodes.waiting(3).running(6).succeeds(rows=9)

    assert pickle.loads(pickle.dumps(attempt)) == attempt == copy.deepcopy(attempt)  # noqa: S301
    assert len({attempt, copy.copy(attempt)}) == 1
    assert attempt != nodes.waiting(3).running(6).succeeds(rows=8)
    with pytest.raises(AttributeError):
        attempt.ending = NeverEnds()


def test_an_attempt_alone_prints_so_that_it_stays_one():
    attempt = nodes.running(60).succeeds()

    assert repr(attempt) == "nodes.running(60).succeeds()"
    assert not isinstance(attempt, Timeline)
    assert repr(nodes.task(attempt)) == "nodes.task(running(60).succeeds())"
    assert repr(nodes.immediately.succeeds()) == "nodes.immediately.succeeds()"


def test_an_attempt_is_nothing_to_play_as_an_execution():
    from flyte_testkit.timeline import require_timeline

    with pytest.raises(TimelineError, match="what an attempt of a task does"):
        require_timeline(nodes.queued(3).succeeds(), "plays")


@pytest.mark.parametrize(
    ("attempts", "problem"),
    [
        ([DONE, DONE], "attempt 1 succeeds, so there is no attempt 2"),
        ([LOST, DONE, LOST], "attempt 2 succeeds, so there is no attempt 3"),
        ([STUCK, DONE], "attempt 1 never ends"),
        ([FINAL, DONE], r"which no engine tries again(.|\n)*failures\.recoverable\('no disk'\)"),
        ([running(6).fails(failures.bad_image()), DONE], "which no engine tries again"),
        ([running(6).fails(failures.system_error()), DONE], "which no engine tries again"),
        ([LOST], r"attempt 1 an engine makes another(.|\n)*Say what attempt 2 does(.|\n)*\] \* 4"),
        ([AGAIN, LOST], "after attempt 2 an engine makes another"),
        ([LOST, LOST, LOST], "after attempt 3 an engine makes another"),
        ([LOST, DIED, LOST, LOST, DONE], "attempt 4 is the 4th that the system spoils"),
        ([SLOW, SLOW, DONE], "attempt 2 is the second that takes too long"),
    ],
)
def test_attempts_that_no_engine_makes_in_a_row_are_refused(attempts, problem):
    with pytest.raises(TimelineError, match=problem):
        nodes.task(*attempts)


@pytest.mark.parametrize(
    ("attempts", "retries", "problem"),
    [
        ([AGAIN, DONE], 0, "attempt 1 is a failure too many for retries=0"),
        ([AGAIN, OOM, DONE], 1, "attempt 2 is a failure too many for retries=1"),
        ([SLOW, DONE], 0, "attempt 1 is a failure too many for retries=0"),
        ([AGAIN], 2, r"retries=2 are not used up(.|\n)*\* 3"),
        ([AGAIN, LOST, OOM], 2, "after attempt 3 an engine makes another"),
        ([SLOW], 1, r"retries=1 are not used up(.|\n)*\* 2"),
    ],
)
def test_attempts_are_held_to_the_retries_that_are_given(attempts, retries, problem):
    with pytest.raises(TimelineError, match=problem):
        nodes.task(*attempts, retries=retries)


@pytest.mark.parametrize(
    ("attempts", "retries"),
    [
        ([], 0),
        ([DONE], 0),
        ([FINAL], 0),
        ([STUCK], 0),
        ([OOM], 0),
        ([SLOW], 0),
        ([LOST, DONE], 0),
        ([LOST, DIED, LOST, LOST], 0),
        ([LOST, LOST, OOM], 0),
        ([AGAIN, DONE], 1),
        ([AGAIN, LOST, AGAIN], 1),
        ([LOST, AGAIN, FINAL], 1),
        ([SLOW, DONE], 1),
        ([SLOW, SLOW], 1),
        ([AGAIN, AGAIN, STUCK], 2),
        ([AGAIN, LOST, LOST, LOST, LOST], 1),
    ],
)
def test_a_task_has_as_many_retries_as_its_attempts_need(attempts, retries):
    task = nodes.task(*attempts)

    assert task.least_retries == least_retries(task.attempts) == retries
    assert nodes.task(*attempts, retries=retries).attempts == task.attempts


def test_the_second_timeout_ends_a_task_however_many_retries_it_has():
    assert nodes.task(SLOW, SLOW, retries=5).least_retries == 5


def test_attempts_can_be_checked_once_the_retries_are_known():
    task = nodes.task(AGAIN, DONE)

    check_attempts(task.attempts, 3, "train")
    with pytest.raises(TimelineError, match="train: attempt 1 is a failure too many"):
        check_attempts(task.attempts, 0, "train")


@pytest.mark.parametrize(
    "failure",
    [
        failures.approval_refused(),
        failures.binding_failed(),
        failures.child_aborted(),
        failures.conditional_failed(),
        failures.node_aborted(),
        failures.node_timed_out(),
        failures.timeout_expired(),
    ],
)
def test_a_task_does_not_report_what_only_nodes_fail_of(failure):
    with pytest.raises(TimelineError, match="no task reports it"):
        nodes.task(running(6).fails(failure))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (running(6), r"has no ending"),
        (nodes.running(6), r"has no ending"),
        (nodes.running(), r"End it with \.never_ends\(\)"),
        (running, "only opens a timeline"),
        (nodes.running(6).succeeds, r"is not called yet"),
        (running(6).succeeds, r"is not called yet"),
        ("RUNNING 6s -> SUCCEEDED", "is text"),
        ([DONE], "Attempts stand one by one"),
        (None, "is not a timeline"),
        (60, "is not a timeline"),
        (failures.oom_killed(), "is not a timeline"),
        (nodes.task(), "is not a timeline"),
        (undefined(6).running(6).succeeds(), "UNDEFINED is a phase of executions"),
        (running(6).failing(3).fails("x"), "FAILING is a phase of executions"),
        (running(6).times_out("x"), "stopped without an error"),
    ],
)
def test_what_is_no_attempt_is_refused(value, problem):
    with pytest.raises(TimelineError, match=rf"attempt 2(.|\n)*{problem}"):
        nodes.task(LOST, value)
