"""What all tests of the project share."""

import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest_plugins = ["pytester", "tests.apart", "tests.pages", "tests.warm"]

# The same examples in every run, and few enough for the suite to stay short. For a longer look
# there is the option --hypothesis-profile=default.
settings.register_profile("quick", max_examples=20, derandomize=True, deadline=None)
settings.load_profile("quick")


def pytest_configure(config: pytest.Config) -> None:
    """Keep each of xdist's workers on one processor, with client and server and all.

    They pass Python's lock to and fro at every call, which takes half as long again between two.
    """
    worker = getattr(config, "workerinput", {}).get("workerid", "")
    if worker and hasattr(os, "sched_setaffinity"):
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[int(worker[2:]) % len(processors)]})


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let examples in docstrings be somebody else's code: flyte_testkit's own sleeps for real."""
    example = getattr(item, "dtest", None)
    if example is not None:
        example.globs["__name__"] = "an_example"


@pytest.fixture(autouse=True)
def stays_in_its_time_zone() -> Iterator[None]:
    """Fail the test that leaves the process in another time zone, not the one that comes after."""
    before = time.tzname
    yield
    assert time.tzname == before  # noqa: S101  a test, in effect
