"""What is still to come of a performance, before it goes on."""

from datetime import datetime, timedelta, timezone

from google.protobuf.empty_pb2 import Empty

from flyte_testkit.engine.performance import PATIENCE, Act, Audience, Looks, Terminated, Until, Wait
from flyte_testkit.engine.rehearsal import Rehearsed, rehearse

START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def at(seconds):
    return START + timedelta(seconds=seconds)


def seconds(instants):
    return [(instant - START).total_seconds() for instant in instants]


def steps(*durations, audience=None):
    """Acts after each of these seconds; None is a look."""
    now = START
    for number, duration in enumerate(durations):
        if duration is None:
            now = yield Looks(audience, 1)
        else:
            now = yield Until(now + timedelta(seconds=duration))
        yield Act(now, f"act {number}", Empty())


def rehearsed(*durations):
    audience = Audience()
    found = Rehearsed(lambda who: steps(*durations, audience=who), audience)
    return found, found.perform(), audience


def test_before_it_begins_all_of_it_is_to_come():
    found, _, _ = rehearsed(10, 20)
    assert seconds(found.to_come()) == [10, 30]


def test_what_it_has_heard_counts_as_it_was():
    found, performance, _ = rehearsed(10, 20, 5)
    next(performance)
    performance.send(at(12))  # late
    performance.send(at(12))
    assert seconds(found.to_come()) == [32, 37]


def test_looks_that_nobody_has_taken_are_awaited_for_an_hour():
    found, _, _ = rehearsed(10, None, 5)
    assert seconds(found.to_come()) == [10, 10 + PATIENCE.total_seconds()]


def test_looks_that_were_taken_are_remembered_and_later_ones_do_not_count():
    found, performance, audience = rehearsed(10, None, 5, None)
    next(performance)
    performance.send(at(10))
    performance.send(at(10))
    audience.seen += 1
    performance.send(at(70))
    assert seconds(found.to_come()) == [75, 75 + PATIENCE.total_seconds()]
    audience.seen += 5
    performance.send(at(70))
    assert seconds(found.to_come()) == [75, 75 + PATIENCE.total_seconds()]


def test_it_is_asked_once_for_as_long_as_nothing_happens():
    begun = []

    def begin(audience):
        begun.append(audience)
        return steps(10)

    found = Rehearsed(begin, Audience())
    assert found.to_come() is found.to_come()
    assert len(begun) == 1


def test_one_that_waits_for_nothing_has_nothing_to_come():
    def endless(_):
        yield Wait()

    assert list(Rehearsed(endless, Audience()).to_come()) == []


def test_a_termination_goes_through():
    def stopped(_):
        try:
            yield Until(at(10))
        except Terminated as terminated:
            yield Act(terminated.at, "aborted", Empty())

    performance = Rehearsed(stopped, Audience()).perform()
    next(performance)
    assert performance.throw(Terminated(at(3))).rpc == "aborted"


def test_a_rehearsal_tells_where_it_ends():
    performance = steps(10, None, audience=Audience())
    found = rehearse(performance, next(performance))
    assert (seconds(found.instants), found.at, found.waits_for_looks) == ([10], at(10), True)
    performance = steps(10)
    assert rehearse(performance, next(performance)).wait is None


def test_a_look_that_is_awaited_at_once_is_awaited_for_an_hour():
    def looked_at(audience):
        yield Act(at(3), "act", Empty())
        yield Looks(audience, 1)

    found = Rehearsed(looked_at, Audience())
    assert found.to_come() == [at(3) + PATIENCE]


def test_what_goes_wrong_is_told_to_whoever_performs_it():
    def broken(_):
        yield Until(at(10))
        raise ValueError("no such type")

    found = Rehearsed(broken, Audience())
    assert list(found.to_come()) == []
