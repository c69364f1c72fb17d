"""What all tests of the project share."""

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# The same examples in every run, and few enough for the suite to stay under a minute. For a longer
# look there is the option --hypothesis-profile=default.
settings.register_profile("quick", max_examples=30, derandomize=True, deadline=None)
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def _examples_are_somebody_elses_code(doctest_namespace: dict[str, object]) -> None:
    """Let examples in docstrings sleep on the clock, as code of flyte_testkit itself would not."""
    doctest_namespace["__name__"] = "an_example"
