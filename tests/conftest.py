"""What several files of tests share."""

import gc
from importlib.util import find_spec

import pytest

from flyte_testkit.clock import _watch

needs_flytekit = pytest.mark.skipif(find_spec("flytekit") is None, reason="flytekit is optional")


@pytest.fixture(params=[pytest.param("flyte_remote", marks=needs_flytekit), "flyte_client"])
def remote(request, flyte_admin):
    """Each client in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def soon_hopeless(monkeypatch):
    """Let a wait be hopeless after a fifth of a real second of silence, not after two."""
    monkeypatch.setattr(_watch, "_SILENCE", 0.2)


@pytest.fixture
def uncollected():
    """Let nothing be freed meanwhile but by reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
