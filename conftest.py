"""What all tests of the project share."""

from hypothesis import settings

pytest_plugins = ["pytester"]

# The same examples in every run, and few enough for the suite to stay under a minute; for a longer
# look: pytest --hypothesis-profile=default
settings.register_profile("quick", max_examples=30, derandomize=True, deadline=None)
settings.load_profile("quick")
