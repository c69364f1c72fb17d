"""The agenda: who goes on when, what is to come, and how a termination arrives."""

from datetime import datetime, timedelta, timezone

import pytest
from google.protobuf.empty_pb2 import Empty

from flyte_testkit.engine.performance import (
    PATIENCE,
    Act,
    Audience,
    Looks,
    Terminated,
    Until,
    Wait,
    When,
)
from flyte_testkit.engine.runs import Runs
from flyte_testkit.propeller.pace import ABORTING_TAKES

START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def at(seconds):
    return START + timedelta(seconds=seconds)


class Stage:
    """Runs whose acts are written down, and a clock."""

    def __init__(self):
        self.now = START
        self.sent = []
        self.refuse = set()
        self.runs = Runs(self.send, lambda: self.now)

    def send(self, act):
        self.sent.append((act.rpc, (act.at - START).total_seconds()))
        return ValueError(act.rpc) if act.rpc in self.refuse else None

    def begin(self, performance, audience=None, second=0):
        return self.runs.begin(performance, audience or Audience(), at(second))

    def go_to(self, second):
        self.now = at(second)
        self.runs.hand_over(self.now)
        return [rpc for rpc, _ in self.sent]


@pytest.fixture
def stage():
    return Stage()


def steps(name, *seconds):
    """Acts at these seconds, then nothing for ever."""
    for second in seconds:
        now = yield Until(at(second))
        yield Act(now, f"{name}{second}", Empty())
    yield Wait()


def held(audience, polls):
    """Waits for looks, and tells of it; tells of a termination, too."""
    try:
        now = yield Looks(audience, polls)
        yield Act(now, "seen", Empty())
    except Terminated as terminated:
        yield Act(terminated.at, "aborted", Empty())


def test_nothing_happens_before_it_is_handed_over(stage):
    stage.begin(steps("a", 0))

    assert stage.sent == []
    assert stage.go_to(0) == ["a0"]


def test_all_that_is_due_happens_at_its_own_time_and_in_order(stage):
    stage.begin(steps("a", 10, 30))
    stage.begin(steps("b", 20))

    stage.go_to(100)

    assert stage.sent == [("a10", 10), ("b20", 20), ("a30", 30)]


def test_of_one_instant_the_elder_goes_first(stage):
    stage.begin(steps("a", 5, 10))
    stage.begin(steps("b", 10))

    assert stage.go_to(10) == ["a5", "a10", "b10"]


def test_the_next_thing_due_is_what_is_still_to_come(stage):
    stage.begin(steps("a", 10, 20))

    assert stage.go_to(5) == []
    assert stage.runs.next_due() == at(10)
    stage.now = at(15)  # nobody has looked since, but it has happened for whoever will
    assert stage.runs.next_due() is None
    stage.go_to(15)
    assert stage.runs.next_due() == at(20)
    stage.go_to(20)
    assert stage.runs.next_due() is None


def test_what_has_gone_on_unseen_is_named(stage):
    first, second = stage.begin(steps("a", 10)), stage.begin(steps("b", 30))
    stage.go_to(5)
    stage.now = at(20)

    assert stage.runs.unseen() == {first}
    stage.go_to(40)
    assert stage.runs.unseen() == set()
    assert second.wait is not None


def test_a_wait_that_is_over_already_takes_no_turn(stage):
    def performance():
        now = yield When(lambda: True)
        yield Act(now, "there already", Empty())

    stage.begin(performance())

    assert stage.go_to(0) == ["there already"]


def test_the_last_look_moves_a_run_at_that_instant(stage):
    audience = Audience()
    run = stage.begin(held(audience, 2), audience)
    stage.go_to(7)

    stage.runs.looked_at(run, at(7))
    assert (stage.sent, str(run.looks)) == ([], "1 of 2")
    stage.runs.looked_at(run, at(7))
    assert stage.sent == [("seen", 7)]
    assert run.looks is None


def test_somebody_is_expected_to_look_for_an_hour_and_again_after_each_look(stage):
    audience = Audience()
    run = stage.begin(held(audience, 2), audience)
    stage.go_to(0)
    assert stage.runs.next_due() == at(0) + PATIENCE

    stage.go_to(60)
    stage.runs.looked_at(run, at(60))
    assert stage.runs.next_due() == at(60) + PATIENCE
    stage.go_to(90)
    stage.runs.looked_at(run, at(90))  # the last: nobody has seen what it changed
    assert stage.runs.next_due() == at(90) + PATIENCE
    stage.runs.looked_at(run, at(90))
    assert stage.runs.next_due() is None


def test_what_a_look_set_going_is_awaited_until_somebody_sees_it(stage):
    audience = Audience()

    def performance():
        now = yield Looks(audience, 1)
        now = yield Until(now + timedelta(seconds=5))
        yield Act(now, "done", Empty())

    run = stage.begin(performance(), audience)
    stage.go_to(10)
    stage.runs.looked_at(run, at(10))

    stage.go_to(15)
    assert stage.runs.next_due() == at(10) + PATIENCE
    stage.runs.looked_at(run, at(15))
    assert stage.runs.next_due() is None


def test_a_termination_arrives_a_moment_later_through_the_agenda(stage):
    audience = Audience()
    run = stage.begin(held(audience, 9), audience)
    stage.go_to(10)

    stage.runs.terminate(run, at(10))
    stage.runs.terminate(run, at(10.2))  # twice is once

    assert stage.sent == []
    assert stage.runs.next_due() == at(10) + ABORTING_TAKES
    stage.go_to(20)
    assert stage.sent == [("aborted", 10.5)]


def test_nobody_is_expected_to_look_at_what_was_aborted(stage):
    audience = Audience()
    run = stage.begin(held(audience, 9), audience)
    stage.go_to(10)
    stage.runs.terminate(run, at(10))

    stage.go_to(11)

    assert stage.runs.next_due() is None


def test_until_it_hears_of_its_termination_a_run_does_nothing(stage):
    run = stage.begin(steps("a", 10, 10.25, 11))
    stage.go_to(10)
    stage.runs.terminate(run, at(10))

    stage.go_to(20)

    assert stage.sent == [("a10", 10)]


def test_what_was_terminated_waits_for_no_looks_any_more(stage):
    audience = Audience()
    run = stage.begin(held(audience, 1), audience)
    stage.go_to(10)
    stage.runs.terminate(run, at(10))

    stage.runs.looked_at(run, at(10))

    assert run.looks is None
    assert stage.runs.next_due() == at(10) + ABORTING_TAKES
    stage.go_to(20)
    assert stage.sent == [("aborted", 10.5)]


def test_what_terminates_itself_hears_nothing_of_it(stage):
    run = None

    def performance():
        yield Act(START, "terminates itself", Empty())
        now = yield Until(at(30))
        yield Act(now, "aborted", Empty())

    def send(act):
        stage.sent.append(act.rpc)
        if act.rpc == "terminates itself":
            stage.runs.terminate(run, act.at)

    stage.runs = Runs(send, lambda: stage.now)
    run = stage.begin(performance())
    stage.runs.hand_over(START)
    stage.runs.terminate(run, at(5))  # somebody else, later: it is aborting already
    stage.runs.hand_over(at(60))

    assert stage.sent == ["terminates itself", "aborted"]
    assert run.aborting


def test_what_has_ended_hears_nothing_either(stage):
    def performance():
        yield Act(START, "done", Empty())

    run = stage.begin(performance())
    stage.go_to(0)
    stage.runs.terminate(run, at(5))

    assert stage.runs.next_due() is None
    assert stage.go_to(60) == ["done"]


def test_what_is_refused_is_kept_with_the_reason_and_the_run_goes_on(stage):
    stage.refuse = {"a10"}
    run = stage.begin(steps("a", 10, 20))

    assert stage.go_to(60) == ["a10", "a20"]
    ((act, reason),) = run.refusals
    assert (act.rpc, str(reason)) == ("a10", "a10")


def test_who_waits_for_what_others_do_goes_on_when_they_have_done_it(stage):
    done = []

    def waits():
        now = yield When(lambda: bool(done))
        yield Act(now, "goes on", Empty())

    def does():
        now = yield Until(at(5))
        yield Act(now, "does", Empty())
        done.append(True)
        stage.runs.stirred()
        yield Wait()

    stage.begin(waits())
    stage.begin(does())
    stage.go_to(9)
    assert stage.sent == [("does", 5), ("goes on", 5)]


def test_nobody_goes_on_for_whom_nothing_has_happened(stage):
    def waits():
        now = yield When(lambda: False)
        yield Act(now, "goes on", Empty())

    def does():
        yield Until(at(5))
        stage.runs.stirred()
        yield Wait()

    stage.begin(waits())
    stage.begin(does())
    assert stage.go_to(9) == []


def alone(stage, name, *seconds):
    """A run that concerns no other, and knows when it goes on."""
    instants = [at(second) for second in seconds]

    def performance():
        for number, instant in enumerate(instants):
            now = yield Until(instant, tuple(instants[number + 1 :]))
            yield Act(now, f"{name}{int((now - START).total_seconds())}", Empty())

    return stage.runs.begin(performance(), Audience(), at(0), later=tuple(instants))


def asked(stage, second, *runs):
    stage.now = at(second)
    stage.runs.hand_over_to(runs, stage.now)
    return [rpc for rpc, _ in stage.sent]


def test_what_concerns_no_other_waits_until_somebody_asks_for_it(stage):
    a, b = alone(stage, "a", 10, 30), alone(stage, "b", 20, 40)

    assert asked(stage, 25) == []
    assert asked(stage, 25, b) == ["b20"]
    assert asked(stage, 50, b) == ["b20", "b40"]
    assert asked(stage, 50, a) == ["b20", "b40", "a10", "a30"]


def test_who_asks_for_all_sees_all_in_order(stage):
    alone(stage, "a", 10, 30), alone(stage, "b", 20, 40)
    asked(stage, 25)

    assert stage.go_to(35) == ["a10", "b20", "a30"]


def test_one_that_may_concern_others_lets_nobody_wait(stage):
    alone(stage, "a", 10)
    asked(stage, 15)
    stage.begin(steps("b", 12))

    assert asked(stage, 15) == ["a10", "b12"]


def test_what_waits_for_somebody_who_asks_is_unseen_and_still_to_come(stage):
    a = alone(stage, "a", 10, 30)
    asked(stage, 15)

    assert stage.runs.unseen() == {a}
    assert stage.runs.next_due() == at(30)
    asked(stage, 35)
    assert stage.runs.next_due() is None


def test_one_that_is_brought_up_does_once_what_it_was_asked_for(stage):
    a = alone(stage, "a", 10, 30)
    asked(stage, 35)
    stage.runs.bring_up(a, at(20))
    assert asked(stage, 35, a) == ["a10", "a30"]
    assert asked(stage, 35, a) == ["a10", "a30"]


def test_one_that_was_terminated_and_waited_hears_it_when_somebody_asks(stage):
    def reacts():
        try:
            yield Until(at(99))
        except Terminated as terminated:
            yield Act(terminated.at, "aborted", Empty())

    run = stage.runs.begin(reacts(), Audience(), at(0), later=(at(99),))
    asked(stage, 5, run)
    stage.runs.terminate(run, at(5))

    assert asked(stage, 50) == []
    assert asked(stage, 50, run) == ["aborted"]


def test_who_counts_what_runs_lets_all_catch_up_that_waited(stage):
    alone(stage, "a", 10)
    asked(stage, 15)
    stage.runs.catch_up()
    assert stage.sent == [("a10", 10)]
