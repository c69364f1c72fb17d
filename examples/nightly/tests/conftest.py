"""The pipeline is registered as it is; a test says only what is unusual about it."""

import pytest
from hypothesis import settings

from nightly.workflows import nightly

# A law makes 100 examples, and flytekit needs its time for each. The option for a longer look is
# --hypothesis-profile=default.
settings.register_profile("quick", max_examples=10)
settings.load_profile("quick")


@pytest.fixture
def pipeline(flyte_admin):
    """What each launch of the pipeline plays."""
    flyte_admin.register(nightly)
    return flyte_admin.on_launch("nightly.workflows.nightly")
