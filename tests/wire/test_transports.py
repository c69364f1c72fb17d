"""Every kind of call is the same over every transport, but for what the docs list."""

import re
from pathlib import Path

import contract
import contract_holding  # noqa: F401  it adds stories
import pytest
from contract_stories import STORIES


@pytest.mark.parametrize("name", STORIES)
def test_it_is_one_story_over_both_transports(name):
    over_tcp, direct = (contract.seen(STORIES[name], transport) for transport in ("tcp", "direct"))

    assert direct == over_tcp


def test_each_difference_that_the_page_lists_has_its_test():
    page = Path(__file__).parents[2] / "docs" / "transports.md"
    listed = re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8"))
    files = sorted(Path(__file__).parent.glob("test_direct*.py"))
    tests = "".join(file.read_text(encoding="utf-8") for file in files)

    assert len(listed) == 11
    assert [name for name in listed if f"def {name}(" not in tests] == []
