from __future__ import annotations

import gc
import importlib
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
def small_heap():
    """Let what there is already not be searched for held references.

    It is what other tests have left, and each search asks all of it.
    """
    gc.freeze()
    _repairs.forget()  # and tell anew
    yield
    _repairs.forget()


@pytest.fixture
def module_of(small_heap):
    """Make a module of some code, as if it had been imported before; it is code under test."""
    before = sys.modules.keys() | set()
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


@pytest.fixture
def fresh_sched(monkeypatch):
    """The standard library's, imported anew: its defaults hold functions of time."""
    monkeypatch.delitem(sys.modules, "sched", raising=False)
    return importlib.import_module("sched")


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
