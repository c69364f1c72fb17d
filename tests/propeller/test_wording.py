from __future__ import annotations

from flyte_testkit.propeller import wording
from flyte_testkit.propeller.kinds import KINDS
from flyte_testkit.propeller.wording import Worded, node_error

LAST = Worded("no lock", "USER:NotReady", "SYSTEM")


def test_an_error_that_is_final_goes_up_as_it_is():
    assert node_error(LAST, 0, is_map=False) is LAST


def test_a_last_attempt_is_counted_and_blamed_and_then_it_is_the_users():
    assert node_error(LAST, 2, is_map=False) == Worded(
        "[3/3] currentAttempt done. Last Error: SYSTEM::no lock",
        "RetriesExhausted|USER:NotReady",
        "USER",
    )


def test_what_was_wrapped_may_be_wrapped_again():
    twice = node_error(node_error(LAST, 1, is_map=False), 1, is_map=False)

    assert twice.code == "RetriesExhausted|RetriesExhausted|USER:NotReady"


def test_a_map_names_its_item_and_has_no_code():
    assert node_error(LAST, 0, is_map=True) == Worded("[0]: no lock\n", "", "UNKNOWN")


def test_scopes_that_fail_are_kinds_of_nodes_with_children():
    parents = {kind.name for kind in KINDS if kind.children}

    assert set(wording.SCOPE_FAILED) <= parents
    assert len(set(wording.ABORT_REASONS)) == 4
