from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.vendor import pretty

import flyte_testkit
from flyte_testkit import TimelineError, failures, immediately, polls, queued, running, undefined
from flyte_testkit.failures import Failure
from flyte_testkit.timeline import (
    Aborts,
    Fails,
    NeverEnds,
    OpenTimeline,
    Step,
    Succeeds,
    Timeline,
    TimesOut,
    require_timeline,
)
from flyte_testkit.timeline import _durations as durations

if TYPE_CHECKING:
    from collections.abc import Callable

UNTYPED: Any = running  # what a type checker would refuse has to be written down somehow

PHASES = ("UNDEFINED", "QUEUED", "RUNNING", "SUCCEEDING", "FAILING", "ABORTING")

# What FlyteAdmin answers to these changes of phase: catalogue section 9.1.
REFUSED = {
    *((phase, phase) for phase in PHASES if phase != "QUEUED"),
    *(("ABORTING", phase) for phase in PHASES),
    ("RUNNING", "QUEUED"),
}

STORIES = [
    "immediately.succeeds()",
    "immediately.never_ends()",
    "running().never_ends()",
    "running(0).succeeds()",
    "queued(5).running(600).fails('OOMKilled')",
    "running(600).fails(failures.oom_killed())",
    "running(600).fails('x', code='', kind='SYSTEM')",
    "running(3600).succeeds(auc=0.91, name='best')",
    "undefined(polls(1)).running(polls(3)).succeeding(2).succeeds()",
    "running(polls(2)).never_ends()",
    "running(60).failing(polls(2), 'first').fails('last')",
    "running(60).fails(failures.process_died(exit_code=137))",
    "running(60).failing(5, failures.retries_exhausted(attempts=2)).fails('x')",
    "running(60).times_out(failures.node_timed_out())",
    "running(60).failing(5, failures.user_error()).fails('x')",
    "running(0.5).succeeds({'not a name': 1, 'class': 2})",
    "undefined(2).queued(3).queued(4).running(1000000000).succeeding(1).succeeds()",
    "running(60).failing(30).fails('x')",
    "running(60).failing(30, 'first').fails('last')",
    "running(60).failing(30, failures.oom_killed()).aborts('enough')",
    "running(60).failing(None, 'first').never_ends()",
    "running(60).aborting(30).aborts('too dear', principal='ann')",
    "immediately.aborting(30).succeeds()",
    "running(60).aborting(cause='too dear', principal='ann').never_ends()",
    "running(60).aborting(30, cause='too dear').fails('x')",
    "running(60).times_out()",
    "running(60).times_out('Timeout in node')",
    "running(60).times_out(failures.Failure('x', kind='SYSTEM'))",
]


def made_by(code: str) -> Any:
    words = {
        "failures": failures,
        "immediately": immediately,
        "polls": polls,
        "queued": queued,
        "running": running,
        "undefined": undefined,
    }
    return eval(code, words)  # noqa: S307  our own repr


def said_by(action: Callable[[], object]) -> str:
    with pytest.raises(TimelineError) as caught:
        action()
    return str(caught.value)


# --- the sentence ---------------------------------------------------------------------------------


def test_a_sentence_becomes_steps_and_an_ending() -> None:
    story = queued(5).running(timedelta(minutes=10)).succeeding(1).succeeds(auc=0.91)

    assert story.steps == (Step("QUEUED", 5.0), Step("RUNNING", 600.0), Step("SUCCEEDING", 1.0))
    assert story.ending == Succeeds({"auc": 0.91})
    assert story.phase == "SUCCEEDED"
    assert story.seconds == 606.0


@pytest.mark.parametrize(
    ("story", "ending", "phase"),
    [
        (immediately.succeeds(), Succeeds({}), "SUCCEEDED"),
        (immediately.succeeds({"a b": 1}, c=2), Succeeds({"a b": 1, "c": 2}), "SUCCEEDED"),
        (immediately.fails("x"), Fails(Failure("x")), "FAILED"),
        (immediately.aborts("why"), Aborts("why", ""), "ABORTED"),
        (immediately.aborts("why", principal="ann"), Aborts("why", "ann"), "ABORTED"),
        (immediately.times_out(), TimesOut(None), "TIMED_OUT"),
        (immediately.times_out("late"), TimesOut(Failure("late", code="Timeout")), "TIMED_OUT"),
        (immediately.never_ends(), NeverEnds(), None),
    ],
)
def test_every_ending_says_how_it_ends(story: Timeline, ending: object, phase: object) -> None:
    assert story.steps == ()
    assert story.ending == ending
    assert story.phase == phase
    assert story.seconds == (None if phase is None else 0)


def test_a_beginning_can_be_shared_by_many_stories() -> None:
    start = running(60)

    assert start.succeeds() == running(60).succeeds()
    assert start.fails("x") == running(60).fails("x")
    assert start == running(60)


def test_code_and_kind_override_those_of_a_failure() -> None:
    story = running(1).fails(failures.oom_killed(), code="OOM", kind="SYSTEM")

    assert isinstance(story.ending, Fails)
    assert story.ending.failure.message == failures.oom_killed().message
    assert (story.ending.failure.code, story.ending.failure.kind) == ("OOM", "SYSTEM")


def test_a_failing_step_says_the_failure_it_ends_with() -> None:
    assert running(1).failing(2).fails("x").steps[-1].failure == Failure("x")
    assert running(1).failing(2, "y").fails("x").steps[-1].failure == Failure("y")
    assert running(1).failing(2).succeeds().steps[-1].failure is None
    assert running(1).failing(2, "x").fails("x") == running(1).failing(2).fails("x")


def test_an_aborting_step_says_the_cause_it_ends_with() -> None:
    story = running(1).aborting(30, cause="old", principal="ann").aborts("new")

    assert story.steps[-1] == Step("ABORTING", 30.0, cause="new", principal="ann")
    assert story.ending == Aborts("new", "ann")
    assert running(1).aborting(30, principal="ann").aborts("x", principal="bob").ending == Aborts(
        "x", "bob"
    )


def test_no_timeline_is_an_open_timeline_nor_the_other_way_round() -> None:
    assert not isinstance(running(1), Timeline)
    assert not isinstance(running(1).succeeds(), OpenTimeline)
    same: object = running(1).succeeds()
    assert running(1) != same


# --- what a real server refuses -------------------------------------------------------------------


@pytest.mark.parametrize(("current", "following"), sorted(product(PHASES, PHASES)))
def test_phases_follow_each_other_as_on_a_real_server(current: str, following: str) -> None:
    start: OpenTimeline = getattr(immediately, current.lower())(5)
    step = getattr(start, following.lower())

    if (current, following) in REFUSED:
        assert f"FlyteAdmin refuses {following} " in said_by(lambda: step(5))
    else:
        assert [s.phase for s in step(5).steps] == [current, following]


@pytest.mark.parametrize("current", PHASES)
@pytest.mark.parametrize("ending", ["succeeds()", "fails('x')", "aborts('x')", "times_out()"])
def test_every_phase_can_end_in_every_way(current: str, ending: str) -> None:
    assert made_by(f"immediately.{current.lower()}(5).{ending}").seconds == 5


def test_the_error_shows_what_was_written_and_what_to_write() -> None:
    assert said_by(lambda: running(60).queued(5)) == (
        "running(60).queued(5): FlyteAdmin refuses QUEUED after RUNNING: a running execution is"
        " not queued again.\nPut .queued() before .running(), or leave it out."
    )


@pytest.mark.parametrize(
    "action",
    [
        lambda: running().succeeds(),
        lambda: running().fails("x"),
        lambda: running().succeeding(5),
        lambda: running(5).aborting().aborts("x"),
    ],
)
def test_only_never_ends_follows_a_step_without_a_duration(action: Callable[[], object]) -> None:
    said = said_by(action)

    assert "has no duration, so it lasts until something else happens" in said
    assert "never_ends()" in said


def test_the_constructors_are_as_strict_as_the_sentence() -> None:
    twice = (Step("RUNNING", 1), Step("RUNNING", 1))

    assert "twice in a row" in said_by(lambda: Timeline(twice, NeverEnds()))
    assert "twice in a row" in said_by(lambda: OpenTimeline(twice))
    assert "is not a step" in said_by(lambda: Timeline((1,), NeverEnds()))  # type: ignore[arg-type]  # that is the test
    assert "is not an ending" in said_by(lambda: Timeline((), "FAILED"))  # type: ignore[arg-type]  # that is the test
    assert "Did you mean 'RUNNING'?" in said_by(lambda: Step("runing", 5))  # type: ignore[arg-type]  # that is the test
    assert "only FAILING" in said_by(lambda: Step("RUNNING", 5, failure=Failure("x")))
    assert "only ABORTING" in said_by(lambda: Step("RUNNING", 5, cause="x"))


# --- durations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(600, 600.0), (0.5, 0.5), (timedelta(hours=1), 3600.0), (Fraction(1, 2), 0.5), (-0.0, 0.0)],
)
def test_a_duration_is_seconds_or_a_timedelta(duration: Any, seconds: float) -> None:
    (step,) = running(duration).steps

    assert repr(step.duration) == repr(seconds)


@pytest.mark.parametrize(
    ("duration", "help_"),
    [
        (-1, "not negative"),
        (timedelta(seconds=-1), "not negative"),
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        (10**400, "finite"),
        (True, "a number of seconds, a timedelta or polls(n)"),
        ("10m", "Write running(600)."),
        ("1h 30 min", "Write running(5400)."),
        ("3 polls", "Write running(polls(3))."),
        (polls, "Say how many: running(polls(3))."),
        (1e22, "a hundred years at most, which are 3,155,760,000 seconds"),
        (timedelta.max, "a hundred years at most"),
        ("soon", "a number of seconds, a timedelta or polls(n)"),
        ([5], "a number of seconds, a timedelta or polls(n)"),
    ],
)
def test_a_duration_that_is_none_is_refused_with_help(duration: Any, help_: str) -> None:
    said = said_by(lambda: running(duration))

    assert said.startswith(f"running({duration!r}): ")
    assert help_ in said


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (5, "5s"),
        (90, "1m30s"),
        (600, "10m"),
        (5400, "1h30m"),
        (86400, "24h"),
        (0.5, "0.5s"),
        (90.25, "90.25s"),
        (3155760000, "876600h"),
    ],
)
def test_durations_print_as_people_write_them(seconds: float, text: str) -> None:
    assert durations.human(float(seconds)) == text


def test_polls_count_from_one() -> None:
    assert (repr(polls(3)), polls(3).count) == ("polls(3)", 3)
    assert running(polls(3)).steps == (Step("RUNNING", polls(3)),)
    assert "Write 0 instead of polls(0)" in said_by(lambda: polls(0))
    assert "whole numbers" in said_by(lambda: polls(True))
    assert "whole numbers" in said_by(lambda: polls(2.5))  # type: ignore[arg-type]  # that is the test


def test_no_clock_can_tell_when_a_story_with_polls_ends() -> None:
    assert running(60).succeeding(polls(2)).succeeds().seconds is None
    assert running(60).succeeding(polls(2)).never_ends().seconds is None


def test_a_whole_timeline_lasts_a_hundred_years_at_most() -> None:
    century = running(3_155_760_000)

    assert century.succeeds().seconds == 3_155_760_000
    assert "a hundred years at most" in said_by(lambda: century.succeeding(1))
    assert "a hundred years at most" in said_by(
        lambda: Timeline.parse("RUNNING 800000h -> SUCCEEDING 800000h -> SUCCEEDED")
    )


@given(st.floats(0, durations.LONGEST) | st.integers(0, int(durations.LONGEST)).map(float))
def test_printed_durations_read_back_exactly(seconds: float) -> None:
    text = durations.human(seconds)

    assert durations.read(text) == (seconds, len(text))
    assert float(durations.code(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10 min", 600.0),
        ("1 hour 30 minutes", 5400.0),
        ("2 days", 172800.0),
        ("500ms", 0.5),
        ("600", 600.0),
        ("1H30M", 5400.0),
        ("3 polls", polls(3)),
        ("1 Poll", polls(1)),
        ("007polls", polls(7)),
        ("0 polls", None),
        ("3 pollsters", None),
        ("1h30", None),
        ("ten minutes", None),
        ("10 parsecs", None),
    ],
)
def test_durations_may_be_written_in_words(text: str, seconds: float | None) -> None:
    found = durations.read(text)

    assert (found and found[1] == len(text) and found[0]) == (seconds or False if found else None)


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", STORIES)
def test_the_repr_is_the_code_that_makes_it(code: str) -> None:
    story = made_by(code)

    assert repr(story) == code
    assert pretty.pretty(story) == code


def test_an_open_timeline_prints_as_code_too() -> None:
    assert repr(immediately) == "immediately"
    assert repr(queued(5).running()) == "queued(5).running()"
    assert pretty.pretty(immediately.succeeding(1)) == "immediately.succeeding(1)"


def test_the_parts_print_as_code() -> None:
    assert repr(Succeeds({"auc": 0.91})) == "Succeeds({'auc': 0.91})"
    assert repr(NeverEnds()) == "NeverEnds()"


def test_equal_stories_are_equal_however_their_time_is_written() -> None:
    assert running(timedelta(minutes=1)).succeeds() == running(60.0).succeeds()
    assert hash(running(timedelta(minutes=1)).succeeds()) == hash(running(60).succeeds())
    assert running(1).succeeds(a=1, b=2) == running(1).succeeds(b=2, a=1)
    assert hash(running(1).succeeds(a=1, b=2)) == hash(running(1).succeeds(b=2, a=1))
    assert running(60).succeeds() != running(61).succeeds()
    assert running(60).fails("x") != running(60).fails("x", kind="SYSTEM")


def test_a_timeline_is_hashable_when_its_outputs_are() -> None:
    assert len({running(1).succeeds(a=1), running(1).succeeds(a=1)}) == 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(running(1).succeeds(a=[]))


def test_a_timeline_cannot_be_changed() -> None:
    given_outputs = {"a": 1}
    story = running(1).succeeds(given_outputs)
    given_outputs["a"] = 2

    assert isinstance(story.ending, Succeeds)
    assert story.ending.outputs == {"a": 1}
    with pytest.raises(TypeError):
        story.ending.outputs["a"] = 3  # type: ignore[index]  # that is the test
    with pytest.raises(AttributeError):
        story.steps = ()  # type: ignore[misc]  # that is the test


@pytest.mark.parametrize("code", STORIES)
def test_a_timeline_can_be_copied_and_pickled(code: str) -> None:
    story = made_by(code)

    assert copy.copy(story) == story
    assert copy.deepcopy(story) == story
    assert repr(pickle.loads(pickle.dumps(story))) == code  # noqa: S301  our own bytes


# --- the one-line form ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "line"),
    [
        (
            queued(5).running(600).fails("OOMKilled"),
            "QUEUED 5s -> RUNNING 10m -> FAILED 'OOMKilled'",
        ),
        (running(600).succeeds(auc=0.91), 'RUNNING 10m -> SUCCEEDED {"auc": 0.91}'),
        (immediately.succeeds(), "SUCCEEDED"),
        (running().never_ends(), "RUNNING -> never ends"),
        (running(1).fails(failures.oom_killed()), "RUNNING 1s -> FAILED oom_killed()"),
        (
            running(polls(3)).fails(failures.process_died(exit_code=3, reason="(sic)")),
            "RUNNING 3 polls -> FAILED process_died(exit_code=3, reason='(sic)')",
        ),
        (
            running(polls(1)).fails(failures.retries_exhausted(last=Failure("x", code="Y"))),
            "RUNNING 1 poll -> FAILED retries_exhausted(last=failures.Failure('x', code='Y'))",
        ),
        (
            running(1).fails("x", code="OOM", kind="SYSTEM"),
            "RUNNING 1s -> FAILED 'x' code='OOM' kind=SYSTEM",
        ),
        (
            running(1).aborting(30).aborts("too dear", principal="ann"),
            "RUNNING 1s -> ABORTING 30s -> ABORTED 'too dear' by 'ann'",
        ),
        (
            running(1).aborting(cause="too dear").never_ends(),
            "RUNNING 1s -> ABORTING 'too dear' -> never ends",
        ),
        (
            running(1).failing(2, "a").times_out("b"),
            "RUNNING 1s -> FAILING 2s 'a' -> TIMED_OUT 'b'",
        ),
        (
            immediately.succeeds(name="it's\n\u2028"),
            r'SUCCEEDED {"name": "it' + r"'s\n\u2028" + '"}',
        ),
    ],
)
def test_a_timeline_prints_in_one_line(story: Timeline, line: str) -> None:
    assert str(story) == line
    assert Timeline.parse(line) == story


@pytest.mark.parametrize("code", STORIES)
def test_what_is_read_back_prints_as_the_same_code(code: str) -> None:
    assert repr(Timeline.parse(str(made_by(code)))) == code


TEXTS = st.text(max_size=8) | st.sampled_from(["it's", 'say "x"', "\\d", "-> ", "{pod}", "\\", "é"])
COLUMNS = TEXTS.filter(lambda text: "\0" not in text)
WRITTEN = st.builds(
    Failure, TEXTS, code=COLUMNS, kind=st.sampled_from(["USER", "SYSTEM", "UNKNOWN"])
)
FAILURES = (
    st.sampled_from([make() for make in failures.BUILDERS.values()])
    | st.builds(failures.retries_exhausted, last=WRITTEN, attempts=st.integers(1, 9))
    | st.builds(failures.conditional_failed, message=TEXTS)
    | st.builds(failures.timeout_expired, after=st.floats(0, 1e9))
    | WRITTEN
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
DURATIONS = (
    st.integers(0, 10**6).map(float) | st.floats(0, 7e8) | st.builds(polls, st.integers(1, 10**20))
)
ENDINGS = (
    st.builds(Succeeds, st.dictionaries(TEXTS, JSON, max_size=3))
    | st.builds(Fails, FAILURES)
    | st.builds(Aborts, COLUMNS, TEXTS)
    | st.builds(TimesOut, st.none() | FAILURES)
    | st.just(NeverEnds())
)


@st.composite
def stories(draw: st.DrawFn) -> Timeline:
    steps: list[Step] = []
    for _ in range(draw(st.integers(0, 4))):
        allowed = [p for p in PHASES if not steps or (steps[-1].phase, p) not in REFUSED]
        if not allowed:
            break
        phase: Any = draw(st.sampled_from(allowed))
        told: dict[str, Any] = {}
        if phase == "FAILING":
            told = {"failure": draw(st.none() | FAILURES)}
        if phase == "ABORTING":
            told = {"cause": draw(COLUMNS), "principal": draw(TEXTS)}
        steps.append(Step(phase, draw(DURATIONS), **told))
    ending = draw(ENDINGS)
    if steps and ending == NeverEnds() and draw(st.booleans()):
        last = steps[-1]
        steps[-1] = Step(last.phase, None, last.failure, last.cause, last.principal)
    return Timeline(tuple(steps), ending)


@given(stories())
def test_parse_is_the_inverse_of_str(story: Timeline) -> None:
    line = str(story)

    assert Timeline.parse(line) == story
    assert line.isprintable()


@given(stories())
def test_the_repr_of_any_story_makes_an_equal_one(story: Timeline) -> None:
    assert made_by(repr(story)) == story


@given(stories())
def test_every_cut_of_a_line_is_read_or_refused_in_words(story: Timeline) -> None:
    line = str(story)
    for end in range(0, len(line), 3):
        try:
            Timeline.parse(line[:end])
        except TimelineError as error:
            assert "column" in str(error)  # noqa: PT017  it may also be a whole story


def test_lines_may_be_written_by_people() -> None:
    story = queued(5).running(600).fails(failures.oom_killed())

    assert Timeline.parse("queued 5 -> Running 10 min -> failed failures.oom_killed()") == story
    assert Timeline.parse("\n QUEUED 5s\n -> RUNNING 10m\n → FAILED oom_killed( )\n") == story
    assert Timeline.parse("RUNNING -> Never Ends") == running().never_ends()
    assert Timeline.parse("RUNNING 1s->SUCCEEDED{}") == running(1).succeeds()
    assert Timeline.parse('running 1s -> failed "x" kind=system') == running(1).fails(
        "x", kind="SYSTEM"
    )


def test_an_unknown_escape_stays_as_it_is() -> None:
    assert Timeline.parse(r"FAILED 'C:\data'") == immediately.fails(r"C:\data")


@pytest.mark.parametrize(
    "outputs",
    [{"day": date(2024, 3, 10)}, {"pair": (1, 2)}, {"x": float("inf")}, {"x": {1: "a key"}}],
)
def test_outputs_that_json_does_not_know_print_but_do_not_read_back(outputs: Any) -> None:
    line = str(immediately.succeeds(outputs))
    (value,) = outputs.values()

    assert f"<{value!r}>" in line
    assert "no JSON object" in said_by(lambda: Timeline.parse(line))


def test_an_error_points_at_the_place() -> None:
    assert said_by(lambda: Timeline.parse("QUEUED 5s -> RUNING 10m")) == (
        "'RUNING' is not an execution phase; did you mean 'RUNNING'?\n"
        "  column 14\n"
        "    QUEUED 5s -> RUNING 10m\n"
        "                 ^^^^^^"
    )


def test_an_error_in_a_long_text_shows_its_own_line() -> None:
    said = said_by(lambda: Timeline.parse("QUEUED 5s\n  -> RUNING 10m\n  -> SUCCEEDED"))

    assert said.endswith("  column 6\n      -> RUNING 10m\n         ^^^^^^")


@pytest.mark.parametrize(
    ("line", "problem", "marked"),
    [
        ("", "A phase is missing here.", ""),
        ("RUNNING 5s ->", "A phase is missing here.", ""),
        ("LOITERING 5s -> SUCCEEDED", "'LOITERING' is not an execution phase.", "LOITERING"),
        ("RUNNING 5s", "has no ending; add -> SUCCEEDED", ""),
        ("RUNNING 5s SUCCEEDED", "'->' leads to the next phase", "SUCCEEDED"),
        ("RUNNING 10 parsecs -> SUCCEEDED", "This is no duration; write 5s", "10"),
        ("RUNNING 0 polls -> SUCCEEDED", "0.5s or 3 polls", "0"),
        ("RUNNING 1e9s -> QUEUED 5s -> SUCCEEDED", "refuses QUEUED after RUNNING", "QUEUED"),
        ("RUNNING 876601h -> SUCCEEDED", "a hundred years at most", "876601h"),
        ("RUNNING -5s -> SUCCEEDED", "A duration is not negative", "-5s"),
        ("RUNNING 1e999s -> SUCCEEDED", "a hundred years at most", "1e999s"),
        ("RUNNING -> SUCCEEDED", "RUNNING has no duration, so SUCCEEDED", "SUCCEEDED"),
        ("RUNNING -> FAILING 5s -> SUCCEEDED", "RUNNING has no duration", "FAILING"),
        ("RUNNING 5s -> QUEUED 5s -> SUCCEEDED", "refuses QUEUED after RUNNING", "QUEUED"),
        ("SUCCEEDED -> RUNNING 5s", "Nothing may follow 'SUCCEEDED'", "->"),
        ("never ends -> RUNNING 5s", "Nothing may follow 'never ends'", "->"),
        ("SUCCEEDED soon", "This was not expected after 'SUCCEEDED'", "soon"),
        ('SUCCEEDED {"a": oops}', "The outputs are no JSON object", "o"),
        (
            "SUCCEEDED auc=0.9",
            "takes no 'auc'. Outputs are a JSON object: SUCCEEDED {\"auc\"",
            "auc",
        ),
        ("FAILED", "FAILED needs a message in quotes", ""),
        ("FAILED OOMKilled", "FAILED needs a message in quotes", "OOMKilled"),
        ("FAILED 'OOMKilled", "This quote is never closed", "'OOMKilled"),
        ("FAILED oom_kiled()", "Did you mean 'oom_killed'?", "oom_kiled"),
        ("FAILED process_died(exit_code=3", "This call is never closed", "process_died("),
        (
            "FAILED process_died(exit=3)",
            "process_died(exit=3) cannot be called so",
            "process_died(exit=3)",
        ),
        ("FAILED process_died(exit_code=-1)", "from 0 on, not -1", "process_died(exit_code=-1)"),
        ("FAILED 'x' kind=usr", "Did you mean 'USER'?", "usr"),
        ("FAILED 'x' kind=", "A kind is one of USER, SYSTEM, UNKNOWN.", ""),
        ("FAILED 'x' code=OOM", "A code is written in quotes", "OOM"),
        ("FAILED 'x' knd=USER", "FAILED takes no 'knd'. Did you mean 'kind'?", "knd"),
        ("ABORTED", "ABORTED needs a cause in quotes", ""),
        ("ABORTED 'x' by ann", "'by' needs a principal in quotes", "ann"),
    ],
)
def test_every_parse_error_names_the_problem_and_marks_it(
    line: str, problem: str, marked: str
) -> None:
    said = said_by(lambda: Timeline.parse(line)).split("\n")
    start, end = said[-1].find("^"), len(said[-1])

    assert problem in said[0]
    assert said[-2][start:end] == marked
    assert said[1] == f"  column {start - 3}"


def test_parse_reads_text_only() -> None:
    assert "it reads text" in said_by(lambda: Timeline.parse(5))  # type: ignore[arg-type]  # that is the test


# --- mistakes of tired people ---------------------------------------------------------------------


def test_a_misspelt_word_is_suggested() -> None:
    with pytest.raises(AttributeError) as caught:
        running(5).suceeds()  # type: ignore[attr-defined]  # that is the test

    assert str(caught.value).startswith(
        "running(5) has no 'suceeds'. Did you mean 'succeeds'?\nIt goes on with .undefined()"
    )


def test_nothing_follows_an_ending() -> None:
    with pytest.raises(AttributeError) as caught:
        running(5).succeeds().running(5)  # type: ignore[attr-defined]  # that is the test

    assert str(caught.value) == (
        "running(5).succeeds() has no 'running'. It has ended, and nothing may follow."
        "\nWrite .running(…) before the end."
    )
    with pytest.raises(AttributeError, match="Did you mean 'seconds'"):
        _ = running(5).succeeds().secnds  # type: ignore[attr-defined]  # that is the test


@pytest.mark.parametrize("value", [running(5), running(5).succeeds()])
def test_machinery_may_ask_for_names_that_are_not_there(value: object) -> None:
    assert not hasattr(value, "__array__")
    assert not hasattr(object.__new__(type(value)), "steps")


def test_an_unknown_keyword_is_named() -> None:
    with pytest.raises(TypeError, match="knd"):
        running(5).fails("x", knd="USER")  # type: ignore[call-arg]  # that is the test


@pytest.mark.parametrize(
    ("action", "help_"),
    [
        (lambda: UNTYPED(5).fails("x", kind="user"), "Did you mean 'USER'?"),
        (lambda: UNTYPED(5).fails(ValueError("bad")), "Write .fails('bad')."),
        (lambda: UNTYPED(5).failing(5, 7), ".failing(7): a failure is a message"),
        (lambda: UNTYPED(5).times_out(7), ".times_out(7): a failure is a message"),
        (lambda: UNTYPED(5).succeeds(0.91), "Write .succeeds(o0=0.91)"),
        (lambda: UNTYPED(5).succeeds({"a": 1}, a=2), "gives 'a' twice"),
        (lambda: UNTYPED(5).succeeds({1: 2}), "the name of an output is text, not 1"),
        (lambda: UNTYPED(5).aborts(None), "the cause of an abort is text, not None"),
        (lambda: UNTYPED(5).aborts("a\0b"), "NUL"),
        (lambda: UNTYPED(5).aborting(1, cause="a\0b"), "NUL"),
        (lambda: UNTYPED(5).aborting(1, principal=7), "the principal of an abort is text"),
    ],
)
def test_other_mistakes_get_help(action: Callable[[], object], help_: str) -> None:
    assert help_ in said_by(action)


def test_a_timeline_passes_where_one_is_required() -> None:
    story = running(5).succeeds()

    assert require_timeline(story, "plays") is story


def test_a_missing_ending_says_how_to_end() -> None:
    assert said_by(lambda: require_timeline(running(60), "add_execution('x')")) == (
        "add_execution('x'): running(60) has no ending."
        "\nEnd it with .succeeds(), .fails(message) or .never_ends()."
    )
    assert said_by(lambda: require_timeline(running(), "plays")) == (
        "plays: running() has no ending.\nEnd it with .never_ends()."
    )


@pytest.mark.parametrize(
    ("value", "help_"),
    [
        (running, "Write running(60).succeeds()."),
        (running(5).succeeds, "running(5).succeeds is not called yet."),
        ("RUNNING 5s -> SUCCEEDED", "Timeline.parse('RUNNING 5s -> SUCCEEDED')"),
        (None, "None is not a timeline."),
        (len, "is not a timeline."),
    ],
)
def test_anything_else_is_told_how_to_become_one(value: object, help_: str) -> None:
    assert help_ in said_by(lambda: require_timeline(value, "plays"))


# --- the door -------------------------------------------------------------------------------------


def test_the_door_opens_with_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); import flyte_testkit;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'flyte_testkit'}))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert printed.stdout.strip() == b"[]"


def test_the_door_shows_sorted_names_that_exist() -> None:
    assert list(flyte_testkit.__all__) == sorted(flyte_testkit.__all__)
    assert all(hasattr(flyte_testkit, name) for name in flyte_testkit.__all__)
