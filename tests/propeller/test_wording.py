from __future__ import annotations

from flyte_testkit.propeller import wording
from flyte_testkit.propeller.wording import Worded, exhausted, item_failed

LAST = Worded("no lock", "USER:NotReady", "SYSTEM")


def test_a_last_attempt_is_counted_and_blamed_and_then_it_is_the_users():
    assert exhausted(LAST, 3) == Worded(
        "[3/3] currentAttempt done. Last Error: SYSTEM::no lock",
        "RetriesExhausted|USER:NotReady",
        "USER",
    )


def test_what_was_wrapped_may_be_wrapped_again():
    twice = exhausted(exhausted(LAST, 2), 2)

    assert twice.code == "RetriesExhausted|RetriesExhausted|USER:NotReady"


def test_a_map_names_its_item_and_has_no_code():
    assert item_failed(0, "no lock") == Worded("[0]: no lock\n", "", "UNKNOWN")


def test_scopes_that_fail_are_kinds_of_nodes_with_children():
    reasons = {wording.WORKFLOW_ABORTED, wording.NODE_FAILED, *wording.SCOPE_FAILED.values()}

    assert set(wording.SCOPE_FAILED) <= {"sub-workflow", "dynamic", "branch"}
    assert len(reasons) == 4
