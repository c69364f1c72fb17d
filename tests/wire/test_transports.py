"""Every kind of call is the same over every transport, but for what the docs list."""

import contract
import contract_holding  # noqa: F401  it adds stories
import pytest
from contract_stories import STORIES


@pytest.mark.parametrize("name", STORIES)
def test_it_is_one_story_over_both_transports(name):
    over_tcp, direct = (contract.seen(STORIES[name], transport) for transport in ("tcp", "direct"))

    assert direct == over_tcp
