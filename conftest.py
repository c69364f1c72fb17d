"""What all tests of the project share."""

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# The same examples in every run, and few enough for the suite to stay under a minute. For a longer
# look there is the option --hypothesis-profile=default.
settings.register_profile("quick", max_examples=20, derandomize=True, deadline=None)
settings.load_profile("quick")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let examples in docstrings be somebody else's code: flyte_testkit's own sleeps for real."""
    example = getattr(item, "dtest", None)
    if example is not None:
        example.globs["__name__"] = "an_example"
