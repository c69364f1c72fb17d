"""Several performances side by side: members that join, fail, are stopped and clean up."""

from datetime import datetime, timedelta, timezone

import pytest
from google.protobuf.empty_pb2 import Empty

from flyte_testkit.engine.nursery import Nursery
from flyte_testkit.engine.performance import Act, Audience, Looks, Terminated, Until, Wait, When

START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def at(seconds):
    return START + timedelta(seconds=seconds)


def act(now, what):
    return Act(now, what, Empty())


def play(performance, pokes=()):
    """Perform as an engine does; pokes are functions by the second at which they are called."""
    pokes = sorted(pokes, key=lambda poke: poke[0])
    told, now, log = next(performance), START, []
    try:
        while True:
            if isinstance(told, Act):
                log.append((told.rpc, (now - START).total_seconds()))
                told = performance.send(now)
            elif told.is_over(now):
                told = performance.send(now)
            elif pokes and (told.at is None or at(pokes[0][0]) <= told.at):
                second, poke = pokes.pop(0)
                now = at(second)
                poke()
            else:
                assert told.at is not None, "it waits for ever"
                now = told.at
    except StopIteration as end:
        return log, end.value


def node(name, now, seconds, failure=None):
    try:
        yield act(now, f"{name} runs")
        now = yield Until(now + timedelta(seconds=seconds))
        if failure is not None:
            yield act(now, f"{name} fails")
            raise failure
        yield act(now, f"{name} ends")
    except Terminated as stop:
        yield act(stop.at, f"{name} stops")
        raise
    return name


def scope(*nodes, patient=False):
    """Play nodes; when one fails say so, stop the others, and say that too."""
    nursery = Nursery(patient=patient)
    for member in nodes:
        nursery.start(member)
    try:
        now = yield from nursery.run(START)
    except RuntimeError as failure:
        yield act(START, f"failing: {failure}")
        yield from nursery.stop(Terminated(START), START)
        yield act(START, "failed")
    else:
        yield act(now, "succeeded")


def names(log):
    return [name for name, _ in log]


def test_all_begin_before_any_goes_on():
    log, _ = play(scope(node("a", START, 0), node("b", START, 0)))

    assert names(log) == ["a runs", "b runs", "a ends", "b ends", "succeeded"]


def test_whoever_waited_longer_goes_first_at_one_instant():
    def twice(name):
        for number in (1, 2):
            yield act(START, f"{name}{number}")
            yield Until(START)

    log, _ = play(scope(twice("a"), twice("b")))

    assert names(log) == ["a1", "b1", "a2", "b2", "succeeded"]


def test_each_goes_on_in_its_time_and_the_end_is_the_last_ones():
    log, _ = play(scope(node("slow", START, 9), node("fast", START, 3)))

    assert log[2:] == [("fast ends", 3), ("slow ends", 9), ("succeeded", 9)]


def test_members_join_while_it_runs():
    nursery = Nursery()
    results = []

    def goes_on(name, now):
        results.append(name)
        nursery.start(node("second", now, 5), lambda name, _: results.append(name))

    nursery.start(node("first", START, 5), goes_on)
    log, end = play(nursery.run(START))

    assert log == [("first runs", 0), ("first ends", 5), ("second runs", 5), ("second ends", 10)]
    assert results == ["first", "second"]
    assert end == at(10)


def test_the_first_failure_is_raised_after_its_instant_and_the_owner_stops_the_rest():
    log, _ = play(
        scope(
            node("bad", START, 5, RuntimeError("disk full")),
            node("twin", START, 5),
            node("late", START, 50),
        )
    )

    assert names(log)[3:] == [
        "bad fails",
        "twin ends",
        "failing: disk full",
        "late stops",
        "failed",
    ]


def test_after_a_failure_nothing_begins():
    nursery = Nursery()
    nursery.start(node("bad", START, 5, RuntimeError("no")))
    nursery.start(node("good", START, 5), lambda _, now: nursery.start(node("next", now, 1)))

    def owner():
        with pytest.raises(RuntimeError, match="no"):
            yield from nursery.run(START)
        yield from nursery.stop(Terminated(at(5)), at(5))

    log, _ = play(owner())

    assert names(log) == ["bad runs", "good runs", "bad fails", "good ends"]


def test_a_patient_one_lets_all_end_and_then_raises_the_first_failure():
    log, _ = play(
        scope(
            node("bad", START, 5, RuntimeError("first")),
            node("worse", START, 7, RuntimeError("second")),
            node("late", START, 50),
            patient=True,
        )
    )

    assert names(log)[3:] == ["bad fails", "worse fails", "late ends", "failing: first", "failed"]


def test_what_cleaning_up_waits_for_is_waited_for_side_by_side():
    def careful(name, seconds):
        try:
            yield Wait()
        except Terminated as stop:
            now = yield Until(stop.at + timedelta(seconds=seconds))
            yield act(now, f"{name} is clean")
            raise

    def owner():
        nursery = Nursery()
        nursery.start(careful("slow", 9))
        nursery.start(careful("fast", 3))
        nursery.start(node("bad", START, 1, RuntimeError("no")))
        try:
            yield from nursery.run(START)
        except RuntimeError:
            return (yield from nursery.stop(Terminated(at(1)), at(1)))

    log, end = play(owner())

    assert log[2:] == [("fast is clean", 4), ("slow is clean", 10)]
    assert end == at(10)


def test_what_has_not_begun_never_begins_while_the_others_stop():
    nursery = Nursery()

    def careful():
        try:
            yield Wait()
        except Terminated as stop:
            now = yield Until(stop.at + timedelta(seconds=9))
            yield act(now, "clean")

    def owner():
        with pytest.raises(RuntimeError, match="no"):
            yield from nursery.run(START)
        nursery.start(node("late", START, 1))
        return (yield from nursery.stop(Terminated(at(1)), at(1)))

    nursery.start(careful())
    nursery.start(node("bad", START, 1, RuntimeError("no")))
    log, end = play(owner())

    assert log == [("bad runs", 0), ("bad fails", 1), ("clean", 10)]
    assert (end, len(nursery)) == (at(10), 0)


def test_what_was_stopped_is_not_told_as_ended():
    nursery = Nursery()
    ended = []

    def polite():
        try:
            yield Wait()
        except Terminated:
            return "stopped"

    def owner():
        with pytest.raises(RuntimeError, match="no"):
            yield from nursery.run(START)
        yield from nursery.stop(Terminated(at(1)), at(1))

    nursery.start(polite(), lambda result, _: ended.append(result))
    nursery.start(node("bad", START, 1, RuntimeError("no")))
    play(owner())

    assert ended == []


def test_a_member_that_fails_while_it_stops_is_told():
    def clumsy():
        try:
            yield Wait()
        except Terminated:
            raise ValueError("could not stop") from None

    def owner():
        nursery = Nursery()
        nursery.start(clumsy())
        nursery.start(node("bad", START, 1, RuntimeError("no")))
        with pytest.raises(RuntimeError, match="no"):
            yield from nursery.run(START)
        with pytest.raises(ValueError, match="could not stop"):
            yield from nursery.stop(Terminated(at(1)), at(1))

    play(owner())


def test_a_wait_for_something_is_over_once_it_is_there():
    signals = set()

    def gate():
        now = yield When(lambda: "approved" in signals)
        yield act(now, "approved")

    log, _ = play(scope(gate(), node("other", START, 60)), [(20, lambda: signals.add("approved"))])

    assert log[1:] == [("approved", 20), ("other ends", 60), ("succeeded", 60)]


def test_a_wait_for_something_has_an_end_of_its_own_if_it_is_given_one():
    def gate():
        now = yield When(lambda: False, at(30))
        yield act(now, "gave up")

    log, _ = play(scope(gate()))

    assert log == [("gave up", 30), ("succeeded", 30)]


def test_what_came_before_anybody_waited_is_not_missed():
    def gate():
        now = yield When(lambda: True)
        yield act(now, "was there already")

    log, _ = play(scope(gate()))

    assert log[0] == ("was there already", 0)


def test_looks_are_counted_from_the_wait_on_also_inside_nurseries():
    audience = Audience()

    def held(name, polls, after):
        now = yield Until(at(after))
        now = yield Looks(audience, polls)
        yield act(now, name)

    def inner():
        nursery = Nursery()
        nursery.start(held("inner", 2, 15))
        yield from nursery.run(START)

    def look():
        audience.seen += 1

    log, _ = play(
        scope(held("outer", 2, 0), inner()), [(second, look) for second in (10, 20, 30, 40)]
    )

    assert log[:2] == [("outer", 20), ("inner", 30)]


def test_a_nursery_says_which_looks_its_members_wait_for():
    audience = Audience()
    nursery = Nursery()

    def held():
        yield Looks(audience, 3)

    nursery.start(held())
    nursery.start(node("other", START, 60))
    performance = nursery.run(START)
    next(performance)
    wait = performance.send(START)
    audience.seen += 1

    assert [str(looks) for looks in wait.looks()] == ["1 of 3"]
    assert wait.at == at(60)


def test_an_error_thrown_into_many_members_does_not_grow():
    nursery = Nursery()
    for number in range(50):
        nursery.start(node(str(number), START, 60))
    nursery.start(node("bad", START, 1, RuntimeError("no")))
    stop = Terminated(at(1))

    def owner():
        with pytest.raises(RuntimeError):
            yield from nursery.run(START)
        yield from nursery.stop(stop, at(1))

    play(owner())
    depth = 0
    trace = stop.__traceback__
    while trace is not None:
        depth, trace = depth + 1, trace.tb_next

    assert depth < 10
    assert len(nursery) == 0


def test_who_asks_is_told_of_a_failure_and_when_it_was_and_may_start_others():
    told, nursery = [], Nursery(patient=True)

    def failed(failure, now):
        told.append((str(failure), (now - START).total_seconds()))
        nursery.start(node("b", now, 5))

    nursery.start(node("a", START, 10, RuntimeError("no disk")), failed=failed)

    def performance():
        with pytest.raises(RuntimeError, match="no disk"):
            yield from nursery.run(START)

    log, _ = play(performance())
    assert told == [("no disk", 10)]
    assert log[-1] == ("b ends", 15)
    assert nursery.at == at(15)


def test_members_that_are_stopped_are_no_failures():
    told, nursery = [], Nursery()
    nursery.start(node("a", START, 10), failed=lambda *failure: told.append(failure))
    nursery.start(node("b", START, 5, RuntimeError("no disk")))

    def performance():
        with pytest.raises(RuntimeError):
            yield from nursery.run(START)
        yield from nursery.stop(Terminated(at(5)), at(5))

    assert play(performance())[0][-1] == ("a stops", 5)
    assert told == []


def test_nobody_asks_those_that_wait_for_nothing():
    def silent():
        yield Wait()

    nursery = Nursery()
    nursery.start(silent())
    nursery.start(node("a", START, 10))
    performance = nursery.run(START)
    next(performance)
    wait = performance.send(START)
    assert (type(wait), wait.at) == (Wait, at(10))
