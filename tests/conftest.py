"""What several files of tests share."""

import gc
from importlib.util import find_spec

import pytest

needs_flytekit = pytest.mark.skipif(find_spec("flytekit") is None, reason="flytekit is optional")


@pytest.fixture(params=[pytest.param("flyte_remote", marks=needs_flytekit), "flyte_client"])
def remote(request, flyte_admin):
    """Each client in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def uncollected():
    """Let nothing be freed meanwhile but by reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
