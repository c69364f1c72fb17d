from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import FEW, MORE, simplest
from flyte_testkit import Timeline, failures, immediately, polls, queued, running, undefined
from flyte_testkit.strategies import scripts, terminal_outcomes, timelines
from flyte_testkit.timeline import Polls

WORDS = {
    "failures": failures,
    "immediately": immediately,
    "queued": queued,
    "running": running,
    "undefined": undefined,
}
ORDER = ["UNDEFINED", "QUEUED", "RUNNING", "SUCCEEDING", "FAILING", "ABORTING"]


@MORE
@given(timelines())
def test_a_timeline_prints_as_code_and_reads_back(timeline):
    assert eval(repr(timeline), dict(WORDS)) == timeline  # noqa: S307  our own repr
    assert Timeline.parse(str(timeline)) == timeline


@FEW
@given(st.data(), st.integers(0, 500), st.integers(0, 6), st.booleans())
def test_bounds_are_kept(data, seconds, steps, any_order):
    timeline = data.draw(timelines(max_seconds=seconds, max_steps=steps, any_order=any_order))

    assert timeline.seconds <= seconds + 1e-9
    assert len(timeline.steps) <= steps


@pytest.mark.parametrize("outcome", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT", None])
def test_only_the_chosen_outcomes_are_drawn(outcome):
    @FEW
    @given(timelines(outcomes=[outcome]))
    def is_chosen(timeline):
        assert timeline.phase == outcome

    is_chosen()


def test_all_outcomes_but_the_endless_one_are_drawn_by_default():
    seen = set()

    @MORE
    @given(timelines())
    def collect(timeline):
        seen.add(timeline.phase)

    collect()

    assert seen == {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}


@MORE
@given(timelines())
def test_phases_only_move_forward(timeline):
    ranks = [ORDER.index(step.phase) for step in timeline.steps]

    assert ranks == sorted(set(ranks))
    if ranks and ORDER[ranks[-1]] == "SUCCEEDING":
        assert timeline.phase == "SUCCEEDED"


def test_any_order_draws_what_only_admin_allows():
    back = simplest(
        timelines(any_order=True),
        lambda timeline: [step.phase for step in timeline.steps[:2]] == ["SUCCEEDING", "RUNNING"],
    )

    assert back == immediately.succeeding(0).running(0).succeeds()


@pytest.mark.parametrize(
    ("condition", "simple"),
    [
        (lambda _: True, immediately.succeeds()),
        (lambda timeline: timeline.steps, running(0).succeeds()),
        (lambda timeline: timeline.seconds >= 61, running(61).succeeds()),
        (lambda timeline: timeline.phase == "FAILED", immediately.fails("0")),
        (lambda timeline: timeline.phase == "ABORTED", immediately.aborts("stop it")),
        (lambda timeline: timeline.phase == "TIMED_OUT", immediately.times_out()),
        (lambda timeline: len(timeline.steps) > 1, running(0).succeeding(0).succeeds()),
    ],
    ids=range(7),
)
def test_a_timeline_shrinks_to_the_simple_one(condition, simple):
    assert simplest(timelines(), condition) == simple


def test_many_ends_lie_on_a_common_poll_or_a_second_beside_it():
    ends = []

    @settings(MORE, max_examples=200)
    @given(timelines())
    def collect(timeline):
        ends.append(timeline.seconds)

    collect()

    beside = {30, 60, 120, 29, 31, 59, 61, 119, 121}
    assert sum(end in beside for end in ends) > len(ends) / 50
    assert sum(end % 1 > 0 for end in ends) > len(ends) / 50


def test_a_part_of_a_second_is_drawn():
    assert simplest(timelines(), lambda timeline: timeline.seconds % 1).seconds == 0.001


def test_outputs_are_drawn_from_what_is_given():
    outputs = st.fixed_dictionaries({"auc": st.floats(0, 1)})

    found = simplest(timelines(outputs=outputs), lambda timeline: timeline.phase == "SUCCEEDED")

    assert found == immediately.succeeds(auc=0.0)


def test_what_never_ends_stays_in_a_phase():
    @FEW
    @given(timelines(outcomes=[None]))
    def stays(timeline):
        assert timeline.steps

    stays()

    assert simplest(timelines(outcomes=[None])) == running().never_ends() or (
        simplest(timelines(outcomes=[None])) == running(0).never_ends()
    )


def test_a_script_is_a_timeline_or_a_function_of_the_launch():
    assert simplest(scripts()) == immediately.succeeds()

    function = simplest(scripts(), callable)

    assert repr(function) == "lambda launch: immediately.succeeds()"
    assert function(None) == immediately.succeeds()


def test_terminal_outcomes_are_finished_and_told_apart():
    outcomes = terminal_outcomes()

    assert isinstance(outcomes, tuple)
    assert {timeline.phase for timeline in outcomes} == {
        "SUCCEEDED",
        "FAILED",
        "ABORTED",
        "TIMED_OUT",
    }
    assert len({str(timeline) for timeline in outcomes}) == len(outcomes)


@pytest.mark.parametrize("timeline", terminal_outcomes(), ids=str)
def test_every_terminal_outcome_pastes_back(timeline):
    assert eval(repr(timeline), dict(WORDS)) == timeline  # noqa: S307  our own repr
    assert timeline.seconds <= 120


@MORE
@given(timelines(max_polls=3))
def test_a_step_may_be_held_for_polls(timeline):
    held = [step.duration.count for step in timeline.steps if isinstance(step.duration, Polls)]

    assert all(1 <= count <= 3 for count in held)
    assert Timeline.parse(str(timeline)) == timeline


def test_polls_are_drawn_only_where_they_are_asked_for():
    assert simplest(timelines(max_polls=3), lambda timeline: timeline.seconds is None) == (
        running(polls(1)).succeeds()
    )
    assert simplest(timelines(max_polls=3), lambda timeline: timeline.steps) == (
        running(0).succeeds()
    )


@settings(FEW, max_examples=5)
@given(timelines(max_steps=0))
def test_no_steps_at_all_are_fine(timeline):
    assert timeline.steps == ()
