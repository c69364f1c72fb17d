from __future__ import annotations

import gc
import sys
import textwrap
import threading
import types

import pytest

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import _patched, _repairs, governed_by

NAME = "code_under_test"


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def governed(clock):
    with governed_by(clock) as entered:
        yield entered


@pytest.fixture
def module_of():
    """Make a module of some code, as if it had been imported before; it is code under test.

    What there is already is not searched for held references: it is a million objects of other
    tests, and each test enters a world or two.
    """
    gc.collect()
    gc.freeze()
    before = sys.modules.keys() | set()
    _repairs.forget()  # and tell anew
    _patched.forget()

    def make(code, name=NAME):
        made = types.ModuleType(name)
        sys.modules[name] = made
        exec(textwrap.dedent(code), made.__dict__)  # noqa: S102  code of the test's own
        return made

    yield make
    for name in sys.modules.keys() - before:
        if name.startswith(NAME):
            object.__getattribute__(sys.modules.pop(name), "__dict__").clear()
    gc.unfreeze()
    gc.collect()
    _repairs.forget()  # what was not searched


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
