"""The examples in docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import flyte_testkit

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FINDER = doctest.DocTestFinder()

MODULES = [
    "flyte_testkit",
    *(
        info.name
        for info in pkgutil.walk_packages(flyte_testkit.__path__, "flyte_testkit.")
        if not info.name.endswith("__main__")
    ),
]


def examples(module):
    """The doctests of a module, as somebody else's code: it must not pass for the toolkit's."""
    globs = {**vars(module), "__name__": "an_example"}
    return [test for test in FINDER.find(module, globs=globs) if test.examples]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    told = []

    for test in examples(importlib.import_module(name)):
        runner.run(test, out=told.append)

    assert runner.failures == 0, "".join(told)
