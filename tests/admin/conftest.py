"""A store with builders over it; ``builders`` has them and small makers of messages."""

from __future__ import annotations

import pytest
from builders import NOW, Make

from flyte_testkit.admin.store import Store


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def make(store):
    """Builders over ``store``, which holds project ``p`` already."""
    builders = Make(store)
    builders.project()
    return builders


@pytest.fixture
def now():
    return NOW
