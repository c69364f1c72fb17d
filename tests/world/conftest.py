from __future__ import annotations

import threading

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def governed(clock):
    with governed_by(clock) as entered:
        yield entered


@pytest.fixture
def together():
    """Run bodies side by side, each in a thread; they start in this order."""

    def run(*bodies):
        threads = [threading.Thread(target=body) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run
