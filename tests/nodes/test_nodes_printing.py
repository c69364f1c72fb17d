"""The ``repr`` of nodes is code, and short."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyte_testkit import failures, immediately, nodes, polls, queued, running, undefined
from flyte_testkit.nodes import _text
from flyte_testkit.nodes.retries import check_attempts
from flyte_testkit.timeline import Succeeds

NAMES = st.sampled_from(
    ["a", "b", "extract", "fit_a", "sleep-gate", "n0", "n1", "n2", "n3", "class", "after", "x9"]
)
DURATIONS = st.sampled_from([0, 0.5, 60, 3600, polls(3)])
VALUES = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
OUTPUTS = st.dictionaries(st.sampled_from(["rows", "o0", "a b", "class", "i"]), VALUES, max_size=2)
FINAL = st.sampled_from([failures.Failure("no disk"), failures.user_error(), failures.bad_image()])
RETRIED = st.sampled_from([failures.recoverable("no lock"), failures.oom_killed()])
WRITTEN_ORDER = st.none()
LOST = st.sampled_from([failures.preempted(), failures.process_died(exit_code=3)])


YES = st.booleans()
REASONS = st.sampled_from(["", "why'"])
ENDS = st.one_of(  # made once, as all of these: Hypothesis takes long to look at a new strategy
    OUTPUTS.map(lambda outputs: lambda attempt: attempt.succeeds(outputs)),
    FINAL.map(lambda failure: lambda attempt: attempt.fails(failure)),
    st.just(lambda attempt: attempt.times_out()),
    st.just(lambda attempt: attempt.never_ends()),
)
FAILURES = RETRIED | LOST
UP_TO_TWO = st.integers(0, 2)


@st.composite
def opened(draw):
    attempt = nodes.immediately
    for phase in ("waiting", "queued", "initializing", "running"):
        if draw(YES):
            reason = {} if phase == "running" else {"reason": draw(REASONS)}
            attempt = getattr(attempt, phase)(draw(DURATIONS), **reason)
    return attempt


OPENED = opened()


@st.composite
def ended(draw):
    attempt = draw(OPENED)
    return draw(ENDS)(attempt)


ENDED = ended()


@st.composite
def tasks(draw, after=WRITTEN_ORDER):
    failed = [draw(OPENED).fails(draw(FAILURES)) for _ in range(draw(UP_TO_TWO))]
    attempts = [*failed, draw(ENDED)] if failed or draw(YES) else []
    return nodes.task(
        *attempts,
        deck=draw(YES),
        interruptible=draw(YES),
        inputs=draw(OUTPUTS),
        after=draw(after),
    )


TASKS = tasks()


def _given(attempts):
    """The outputs that a task gives; those of items are all the same, or none."""
    ending = attempts[-1].ending if attempts else None
    return {*ending.outputs} if isinstance(ending, Succeeds) else set()


INDICES = st.lists(st.integers(0, 9), max_size=3, unique=True)
SIZES = st.sampled_from([None, 10, 20])
RATIOS = st.sampled_from([None, 0, 0.9, 1])
AT_ONCE = st.sampled_from([None, 1, 7])


@st.composite
def arrays(draw, after=WRITTEN_ORDER):
    indices = draw(INDICES)
    each = draw(TASKS).attempts
    allowed = [set(), _given(each)]
    others = TASKS.filter(lambda task: task.attempts and _given(task.attempts) in allowed)
    return nodes.array(
        *each,
        size=draw(SIZES),
        but={index: draw(others).attempts for index in indices},
        min_success_ratio=draw(RATIOS),
        concurrency=draw(AT_ONCE),
        after=draw(after),
    )


SOME_NAMES = st.lists(NAMES, min_size=1, max_size=5, unique=True)


@st.composite
def insides(draw, node):
    names = draw(SOME_NAMES)
    return {name: draw(node) for name in names}


NODES = st.recursive(
    tasks(after=st.none() | st.just(())) | arrays(after=st.none() | st.just(())),
    lambda node: st.one_of(
        insides(node).map(nodes.subworkflow),
        st.builds(
            lambda inside, end, out: nodes.subworkflow(inside).on_failure(zz=end).succeeds(out),
            insides(node),
            tasks(),
            OUTPUTS,
        ),
        st.builds(lambda name, arm: nodes.branch({name: arm}), NAMES, node),
    ),
    max_leaves=6,
)


BEGINNINGS = st.none() | st.builds(undefined, DURATIONS) | st.builds(queued, DURATIONS)
INSIDES = insides(NODES)


@st.composite
def wholes(draw):
    whole = nodes.workflow(draw(BEGINNINGS), **draw(INSIDES))
    if draw(YES):
        whole = whole.on_failure(zz=draw(TASKS))
    if draw(YES):
        whole = whole.others(draw(ENDED))
    return whole.succeeds(draw(OUTPUTS)) if draw(YES) else whole


@given(wholes())
@settings(max_examples=200)
def test_a_whole_prints_as_the_code_that_makes_it(whole):
    again = eval(repr(whole))  # noqa: S307  ours

    assert again == whole
    assert repr(again) == repr(whole)


@given(ended())
def test_an_attempt_prints_as_the_code_that_makes_it(attempt):
    assert eval(repr(attempt)) == attempt  # noqa: S307  ours
    assert nodes.task(eval(attempt.as_argument())).attempts == (attempt,)  # noqa: S307  ours


@given(tasks())
def test_attempts_pass_with_the_retries_that_they_need(task):
    check_attempts(task.attempts, task.least_retries, "these")


FIT = nodes.task(running(60).succeeds())
BAD = nodes.task(running(65).fails("nan"))


@pytest.mark.parametrize(
    "code",
    [
        "nodes.workflow(**{f'n{i}': nodes.task(running(60).succeeds()) for i in range(50)})",
        "nodes.workflow(**{f'n{i}': nodes.task(running(60).succeeds()) for i in range(3, 9)})",
        "nodes.subworkflow(**dict.fromkeys(['a', 'b', 'c'], nodes.task()), d=nodes.task(after=()))",
        "nodes.task(*[running(6).fails(failures.preempted())] * 4)",
        "nodes.workflow(a=nodes.task(after=('b', 'c')), b=FREE, c=nodes.branch(d=FREE, after='b'))",
        "nodes.task(immediately.succeeds())",
        "nodes.where(BEGINNING, **{'sleep-gate': nodes.task()}).others(running(30).succeeds())",
        "nodes.workflow(a=nodes.task()).on_failure(**{'class': nodes.task()})",
        "nodes.workflow(a=nodes.task()).succeeds({'a b': 1})",
        "nodes.subworkflow({'after': nodes.task()}, after='x')",
        "nodes.array(running(60).succeeds(), size=20, but={4: running(9).fails('nan')})",
        "nodes.array(size=9, but={0: [*[LOST] * 3, running(9).succeeds()]}, concurrency=2)",
    ],
)
def test_what_is_written_short_prints_short(code):
    code = code.replace("BEGINNING", "undefined(30)").replace("FREE", "nodes.task(after=())")
    code = code.replace("LOST", "running(6).fails(failures.preempted())")

    assert repr(eval(code, {**globals(), "immediately": immediately})) == code  # noqa: S307  ours


def test_seventeen_good_ones_a_bad_one_and_thirty_two_more_print_short():
    fits = [FIT] * 17 + [BAD] + [FIT] * 32
    whole = nodes.workflow(**{f"fit{number}": fit for number, fit in enumerate(fits)})

    assert len(repr(whole)) < 250
    assert eval(repr(whole)) == whole  # noqa: S307  ours


def test_values_that_are_equal_and_not_alike_are_all_printed():
    whole = nodes.workflow(
        a=nodes.task(running(6).succeeds(x=1)),
        b=nodes.task(running(6).succeeds(x=True)),
        c=nodes.task(running(6).succeeds(x=1.0)),
    )

    assert "x=True" in repr(whole)
    assert "x=1.0" in repr(whole)


@pytest.mark.parametrize("names", [["n08", "n09", "n10"], ["n1", "n3", "n5"], ["a", "n1", "n2"]])
def test_names_that_do_not_count_on_are_listed(names):
    (said,) = _text.keywords([(name, 1) for name in names])

    assert said == f"**dict.fromkeys({names!r}, 1)"


@pytest.mark.parametrize(
    "text", ["a.x", "fit-a.o0", "a.x.y[0].z", "a.x[0][1]", "a.some output", "a.x.0"]
)
def test_promises_print_as_they_are_written(text):
    promise = nodes.promise(text)

    assert repr(promise) == f"nodes.promise({text!r})"
    assert eval(repr(promise)) == promise  # noqa: S307  ours
