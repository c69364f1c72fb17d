"""What several files of tests share."""

from importlib.util import find_spec

import pytest

needs_flytekit = pytest.mark.skipif(find_spec("flytekit") is None, reason="flytekit is optional")


@pytest.fixture(params=[pytest.param("flyte_remote", marks=needs_flytekit), "flyte_client"])
def remote(request, flyte_admin):
    """Each client in turn."""
    return request.getfixturevalue(request.param)
