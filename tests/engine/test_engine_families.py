"""Who launched whom: parents hear of the ends of children, at their instant and in one order."""

from datetime import datetime, timedelta, timezone

from flyte_testkit.engine.performance import Act, Audience, End, Until, When
from flyte_testkit.engine.rehearsal import Rehearsed, rehearse
from flyte_testkit.engine.runs import Runs

NOON = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def waits(audience, went_on):
    """Launch something after ten seconds, wait for its end, and go on for five more."""
    now = yield Until(at(10))
    yield Act(now, "CreateExecution", None)
    now = yield When(lambda: audience.end_of("child") is not None)
    went_on.append(now)
    yield Until(now + timedelta(seconds=5))


def test_who_is_poked_goes_on_after_all_else_of_that_instant():
    now, audience, told = [at(0)], Audience(), []
    runs = Runs(lambda _: None, lambda: now[0])
    parent = runs.begin(waits(audience, told), audience, at(0))

    def beside():
        yield Until(at(20))
        runs.poke(parent, at(20))  # too early: nothing has ended
        audience.hears_of(End("child", "SUCCEEDED"))
        runs.poke(parent, at(20))
        runs.poke(parent, at(20))  # twice is once
        yield Until(at(20))
        told.append("beside")

    runs.begin(beside(), Audience(), at(0))
    runs.hand_over(at(30))

    assert told == ["beside", at(20)]


def test_who_has_ended_is_not_poked():
    audience = Audience()
    runs = Runs(lambda _: None, lambda: at(0))
    parent = runs.begin(waits(audience, []), audience, at(0))
    audience.hears_of(End("child", "SUCCEEDED"))
    runs.hand_over(at(100))
    runs.poke(parent, at(100))

    assert runs.next_due() is None


def test_a_rehearsal_knows_the_ends_that_were_heard_of():
    audience = Audience()
    found = Rehearsed(lambda who: waits(who, []), audience)
    performance = found.perform()
    for value in (None, at(10), at(10)):
        performance.send(value)
    audience.hears_of(End("child", "SUCCEEDED"))
    assert list(found.to_come()) == []  # it has not gone on since

    performance.send(at(20))

    assert list(found.to_come()) == [at(25)]


def test_what_is_yet_to_be_launched_counts_as_to_come_for_an_hour():
    found = Rehearsed(lambda who: waits(who, []), Audience())

    assert list(found.to_come()) == [at(10), at(10) + timedelta(hours=1)]
    performance = waits(Audience(), [])
    assert rehearse(performance, next(performance)).launches
