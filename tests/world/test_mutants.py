"""Whatever a scheduler may do wrong, the oracle notices: with few programs, and not by luck."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from oracle_mutants import MUTANTS
from oracle_programs import TEMPLATES, Program, started
from oracle_runner import agrees, program_of, run

SECONDS = 3.0  # for most mutants a program hangs

POLLER = TEMPLATES["a poller lets a waiter go, and another sleeps on"]
LOCKS = TEMPLATES["a lock that is held in a sleep"]
ORDER = started((("set", 0), ("sleep", 1)), (("wait", 0, 1), ("sleep", 1)), (("clear", 0),))
TIE = started((("sleep", 1), ("set", 0)), (("wait", 0, 1),))
CALLED = started(
    (("run_loop", 0, ((("await_flag", 0, 9),),)),),
    (("wait", 0, 9),),
    (("sleep", 1), ("call_loop", 0, 0), ("set", 0), ("sleep", 1)),
)

# The shortest programs that tell right from wrong. Nobody sleeps in vain: all that is wrong hangs
# or differs.
WITNESSES = {
    "time_moves_twice_as_far": Program(((("sleep", 1),),)),
    "the_last_that_is_ready_runs_first": ORDER,
    "two_entries_are_taken_at_once": TIE,
    "a_joiner_is_forgotten": TEMPLATES["a join that gives up"],
    "nobody_hands_on_at_the_end_of_a_thread": POLLER,
    "a_lock_is_not_handed_over": LOCKS,
    "a_lock_goes_to_who_came_last": LOCKS,
    "a_pool_knows_no_limit": TEMPLATES["three jobs for two workers"],
    "a_timeout_counts_as_settled": TEMPLATES["a waiter whose lock is held when its time comes"],
    "nobody_knocks_at_a_loop": TEMPLATES["two loops and a thread"],
    "a_loop_that_is_called_sleeps_on": CALLED,
    "callbacks_come_after_sleepers": TEMPLATES["callbacks beside sleepers"],
}


def test_without_a_mutant_nothing_is_noticed():
    assert [outcome for _, outcome in run(WITNESSES.values()) if not agrees(outcome)] == []


def test_the_rules_need_no_watch():
    programs = [seed for seed in (*TEMPLATES, *range(60)) if not calls(program_of(seed))]
    outcomes = run(programs, "the_watch_is_away")
    assert [outcome for _, outcome in outcomes if not agrees(outcome)] == []


def calls(program):
    return "call" in program or "send" in program


@pytest.fixture(scope="module")
def outcomes():
    """What comes of each mutant. Four at a time: those that hang only wait to be given up."""
    with ThreadPoolExecutor(4) as pool:
        yield {mutant: pool.submit(outcomes_of, mutant) for mutant in MUTANTS}


def outcomes_of(mutant):
    return list(run([WITNESSES[mutant]], mutant, seconds=SECONDS))


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_oracle_notices_that(mutant, outcomes):
    assert [outcome for _, outcome in outcomes[mutant].result() if not agrees(outcome)]
