"""Maps: what the attempts of their items do, and what is refused at once."""

import pickle

import pytest

from flyte_testkit import TimelineError, failures, nodes, running

DONE = running(60).succeeds(o0=1.5)
BAD = running(30).fails("no disk")
LOST = running(6).fails(failures.preempted())
AGAIN = running(6).fails(failures.recoverable("no lock"))


def test_each_item_makes_the_same_attempts_but_some():
    fit = nodes.array(DONE, size=20, but={4: BAD, 11: [LOST, DONE]}, min_success_ratio=0.9)

    (done,) = nodes.task(DONE).attempts
    assert fit.script_of(0) == fit.script_of(19) == (done,)
    assert fit.script_of(4) == nodes.task(BAD).attempts
    assert fit.script_of(11) == nodes.task(LOST, DONE).attempts
    assert (fit.size, fit.min_success_ratio, fit.concurrency) == (20, 0.9, None)


def test_a_map_is_a_value():
    one, other = (nodes.array(DONE, but=but, size=9) for but in ({1: BAD, 3: LOST4}, PAIRS))

    assert one == other
    assert len({one, other, pickle.loads(pickle.dumps(one))}) == 1  # noqa: S301  ours
    assert one != nodes.array(DONE, size=9)
    with pytest.raises(TypeError):
        one.but[1] = BAD


LOST4 = [LOST] * 4
PAIRS = [(3, LOST4), (1, BAD)]


def test_an_item_has_as_many_retries_as_any_needs():
    assert nodes.array(AGAIN, DONE, but={2: [AGAIN, AGAIN, DONE]}).least_retries == 2
    assert nodes.array(retries=5).least_retries == 5
    assert nodes.array().least_retries == 0


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("nodes.array(size=20, but={20: BAD})", r"20 items, and but= says what item 20 does"),
        ("nodes.array(size=0, but={0: BAD})", r"0 items, and but= says what item 0 does"),
        ("nodes.array(but={-1: BAD})", "items are counted from 0"),
        ("nodes.array(but={True: BAD})", "items are counted from 0"),
        ("nodes.array(but={1.0: BAD})", "items are counted from 0"),
        ("nodes.array(but={'1': BAD})", "items are counted from 0"),
        ("nodes.array(but=[(4, BAD), (4, DONE)])", "item 4 stands twice"),
        ("nodes.array(but=[BAD])", "says by index"),
        ("nodes.array(but=BAD)", "says by index"),
        ("nodes.array(but='ab')", "says by index"),
        ("nodes.array(but={4: []})", "item 4 has no attempts"),
        ("nodes.array(but={4: [DONE, DONE]})", "item 4: attempt 1 succeeds"),
        ("nodes.array(but={4: LOST})", "item 4: after attempt 1 an engine makes another one"),
        ("nodes.array(but={4: [AGAIN, DONE]}, retries=0)", "a failure too many for retries=0"),
        ("nodes.array(but={4: running(3)})", "item 4, attempt 1: .* has no ending"),
        ("nodes.array(but={4: nodes.task(DONE)})", "item 4, attempt 1: .* is not a timeline"),
        ("nodes.array(DONE, DONE)", "attempt 1 succeeds"),
        ("nodes.array([LOST, DONE])", r"Attempts of each item stand one by one"),
        ("nodes.array({4: BAD})", r"Attempts of each item stand one by one"),
        ("nodes.array(running(3).aborts('x'))", "no engine aborts an attempt"),
        ("nodes.array(min_success_ratio=1.1)", "from 0 to 1"),
        ("nodes.array(min_success_ratio=-0.1)", "from 0 to 1"),
        ("nodes.array(min_success_ratio=90)", "from 0 to 1"),
        ("nodes.array(min_success_ratio=float('nan'))", "from 0 to 1"),
        ("nodes.array(min_success_ratio=True)", "from 0 to 1"),
        ("nodes.array(min_success_ratio='0.9')", "from 0 to 1"),
        ("nodes.array(concurrency=0)", "a whole number from 1 on"),
        ("nodes.array(concurrency=-1)", "a whole number from 1 on"),
        ("nodes.array(concurrency=True)", "a whole number from 1 on"),
        ("nodes.array(concurrency=1.5)", "a whole number from 1 on"),
        ("nodes.array(size=-1)", "a whole number from 0 on"),
        ("nodes.array(size=2.0)", "a whole number from 0 on"),
        ("nodes.array(size=10**9)", "has 1,000,000,000 items; a test has 10,000 of them at most"),
        ("nodes.array(but={10**9: BAD})", "has 1,000,000,001 items"),
        ("nodes.array(running(5).yields([nodes.task()]))", "which only a dynamic task does"),
        ("nodes.array(retries=-1)", "a whole number from 0 on"),
        ("nodes.array(size=3, inputs={'x': [1, 2]})", "there are x 2, size 3"),
        ("nodes.array(inputs={'x': [1, 2], 'y': [1]})", "there are x 2, y 1"),
        ("nodes.array(inputs=3)", "has no names"),
        ("nodes.array(running(1).succeeds(a=1), but={1: DONE})", "one item gives 'a', and another"),
        (
            "nodes.array(running(1).fails(failures.map_item_failed()))",
            "what a map says of its items",
        ),
        ("nodes.array(after=3)", "neither the name of a node"),
        ("nodes.where(fit=nodes.array(min_success_ratio=0.9))", "'fit' says min_success_ratio=0.9"),
        ("nodes.where(fit=nodes.array(concurrency=2))", "'fit' says concurrency=2"),
        ("nodes.where(fit=nodes.array(inputs={'x': [1]}))", "'fit' says inputs="),
        ("nodes.workflow(a=nodes.task()).on_failure(b=nodes.array())", "a task or a sub-workflow"),
        ("nodes.workflow(a=nodes.array)", r"nodes\.array is not called yet"),
        ("nodes.workflow(a=nodes.array(DONE), b=nodes.task(inputs=O1))", "'a' gives no 'o1'"),
    ],
)
def test_what_no_engine_could_do_is_refused_where_it_is_written(code, problem):
    with pytest.raises(TimelineError, match=problem) as refusal:
        eval(code)  # noqa: S307  ours

    assert "\n" in str(refusal.value), "no advice"


O1 = {"x": nodes.promise("a.o1")}


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("nodes.array(DONE).succeeds", r"the attempts of its items that end"),
        ("nodes.array(siz=3)", "Did you mean 'size'"),
        ("nodes.array(DONE).butt", "Did you mean 'but'"),
    ],
)
def test_a_misspelt_or_misplaced_word_is_answered(code, problem):
    with pytest.raises((AttributeError, TypeError), match=problem):
        eval(code)  # noqa: S307  ours


def test_a_registered_map_may_be_held_to_its_size():
    where = nodes.where(fit=nodes.array(DONE, size=20, but={4: BAD}))

    assert eval(repr(where)) == where  # noqa: S307  ours
