"""Each test finds the modules and the heap that it would find alone, near enough.

A plugin of pytest. Whoever enters a world looks through all modules of code under test, for names
to exchange, and through all objects, for what holds the functions of time; the collector looks
through all objects, too. With twelve thousand tests collected that is four hundred modules and half
a million objects of other tests. So while a test runs, only the module it stands in is among
``sys.modules`` (and what that imported), and what there was before the first test is frozen.

Objects made while tests are collected are therefore never found by a search for held references: a
test that is about such an object makes it. Ignorant of what the tests do.
"""

import gc
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

aside = {}  # modules of tests by their names, while no test of theirs runs


def module_of(item):
    """The module in which a test stands, if it stands in one: some are made of docstrings."""
    parent = item.getparent(pytest.Module)
    return None if parent is None else parent.obj


@settings(max_examples=1, database=None)
@given(st.none())
def first_example(_):
    """Let Hypothesis register its chance while those who hold it are found."""


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let no object be looked at again that is there now; hardly any is garbage until then."""
    gc.disable()
    try:
        return (yield)
    finally:
        first_example()
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_finish(session):
    """Put the modules of all tests aside, but for those that others import by their names."""
    for item in session.items:
        module = module_of(item)
        if module is not None and sys.modules.get(module.__name__) is module:
            aside[module.__name__] = sys.modules.pop(module.__name__)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    module = module_of(item)
    if module is not None and module.__name__ in aside:
        sys.modules[module.__name__] = aside.pop(module.__name__)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """Put a module aside after its last test in a row."""
    module = module_of(item)
    follows = None if nextitem is None else module_of(nextitem)
    if module is not None and module is not follows and sys.modules.get(module.__name__) is module:
        aside[module.__name__] = sys.modules.pop(module.__name__)
