from pathlib import Path

import broken_suites
import pytest
from breaking import fails_again, pasted, told
from broken_suites import BROKEN
from odd_suites import ODD

from flyte_testkit.errors import BrokenLaw

HERE = Path(__file__).parent

SLOW = {  # pasted, these spin, and the server's own guard against that takes two real seconds
    "retries_without_a_pause",
    "takes_no_for_an_outage",
    "hammers_the_server",
}


@pytest.mark.parametrize("bug", BROKEN)
def test_the_laws_find(bug):
    text = told(*BROKEN[bug])

    compile(pasted(text), bug, "exec")


def test_what_is_told_pastes_into_a_file_and_fails_the_same_way(pytester):
    one_a_law = {law: bug for bug, (_, law) in BROKEN.items() if bug not in SLOW}.values()
    pytester.syspathinsert(HERE)

    fails_again(pytester, {bug: BROKEN[bug] for bug in one_a_law})


def test_what_has_more_to_set_up_pastes_and_fails_the_same_way_as_well(pytester):
    pytester.syspathinsert(HERE)

    text = fails_again(pytester, ODD)

    assert "RegistrationError" not in text
    assert "EntityNotExist" not in text


@pytest.mark.parametrize(
    ("bug", "story"),
    [
        (
            "takes_no_error_for_success",
            "timeline  immediately.",
        ),  # whichever has none
        ("does_not_look_again", "timeline  running(0.5).succeeds()"),
        ("oversleeps", "timeline  running().never_ends()\n  timeout   1 s"),
        ("dies_of_one_blip", "flyte_admin.on().fails_with('UNAVAILABLE').between(0, 1)"),
        ("launches_twice", "timeline  running(0).succeeds()"),
        ("does_not_name_it", "flyte_admin.on('CreateExecution').loses_reply(attempts=1)"),
    ],
)
def test_a_broken_law_is_told_with_the_simplest_story(bug, story):
    assert story in told(*BROKEN[bug], max_examples=50)


def test_a_broken_law_shows_what_the_client_did_when():
    text = told(*BROKEN["oversleeps"], max_examples=50)

    assert text == OVERSLEEPS


OVERSLEEPS = """\
oversleeps breaks the law: keeps its time budget.
wait was given 1 s, and at 10 s it raised TimeoutError(), 9 s too late.

The shortest story that shows it:
  timeline  running().never_ends()
  timeout   1 s

What happened when:
  run  RUNNING ···
       0 s
       running().never_ends()
       calls: GetExecution ×3, GetExecutionData ×1; the last at 10 s
  other calls: GetLaunchPlan ×1, GetWorkflow ×1; the last at 0 s

         0 s  GetExecution
        10 s  GetExecution
        10 s  the code under test raised TimeoutError()

A test that shows it again:

import contextlib

from flyte_testkit import running

import broken_suites


def test_keeps_its_time_budget_again(flyte_admin, flyte_client):
    flyte_admin.add_execution("run", running().never_ends())
    execution = flyte_client.fetch_execution(name="run")
    with contextlib.suppress(TimeoutError):
        broken_suites.oversleeps().wait(flyte_client, execution, 1)
    assert flyte_admin.clock.elapsed <= 1.1"""


def test_long_pictures_are_cut_in_the_middle():
    text = told(*BROKEN["asks_all_the_time"])

    assert "more instants …" in text
    assert len(text.splitlines()) < 70


def test_suites_in_functions_are_told_of_by_their_bare_name():
    class Local(broken_suites.Waiting):
        loop = broken_suites.BUGS["oversleeps"][0]

    with pytest.raises(BrokenLaw) as broken:
        Local().test_keeps_its_time_budget()

    assert "    Local().wait(flyte_client, execution, " in str(broken.value)
    assert "import broken_suites" not in str(broken.value)
