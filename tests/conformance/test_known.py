"""What is asked of the list of known differences, asked of made-up lists: the real one is empty."""

import known
import pytest

PAGE = """
| case | what differs | reason |
|-|-|-|
| `nodes/a gate twice` | the second answer | a race of the real server |
| `nodes/without a reason` | something | |
| none at present | | |
"""


def test_rows_are_read_off_the_page():
    assert known.listed(PAGE) == {
        "nodes/a gate twice": "a race of the real server",
        "nodes/without a reason": "",
    }


def test_what_differs_and_is_not_listed_is_told_and_so_is_what_is_listed_and_agrees():
    listed = known.listed(PAGE)

    verdict = known.judged("nodes", listed, {"nodes/a gate twice", "nodes/another"})

    assert verdict == (["nodes/another"], ["nodes/without a reason"])
    assert known.judged("listing", listed, set()) == ([], [])


@pytest.mark.parametrize(
    ("listed", "fault"),
    [
        ({"nodes/nobody recorded this": "a reason"}, "nodes/nobody recorded this is no"),
        ({"nodes/0": ""}, "nodes/0 has no reason"),
        ({"nodes/0": "x", "nodes/1": "y"}, "2 of 99 cases of nodes are too many"),
    ],
)
def test_a_list_that_is_out_of_order_is_told(listed, fault):
    areas = {"nodes": [f"nodes/{number}" for number in range(99)], "listing": ["listing/0"]}

    assert [told for told in known.faults(listed, areas) if told.startswith(fault)]


def test_a_list_in_order_has_no_faults():
    areas = {"nodes": [f"nodes/{number}" for number in range(99)]}

    assert list(known.faults({"nodes/0": "a race"}, areas)) == []
