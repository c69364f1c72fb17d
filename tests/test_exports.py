"""What the doors show, and nothing else."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import flyte_testkit

PUBLIC = [
    "flyte_testkit",
    "flyte_testkit.client",
    "flyte_testkit.clock",
    "flyte_testkit.errors",
    "flyte_testkit.failures",
    "flyte_testkit.inside",
    "flyte_testkit.laws",
    "flyte_testkit.literals",
    "flyte_testkit.nodes",
    "flyte_testkit.render",
    "flyte_testkit.server",
    "flyte_testkit.strategies",
    "flyte_testkit.timeline",
    "flyte_testkit.world",
]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_door_shows_what_it_names_and_sorts_it(name):
    module = importlib.import_module(name)

    assert [n for n in module.__all__ if not hasattr(module, n)] == []
    assert list(module.__all__) == sorted(module.__all__)


@pytest.mark.parametrize("name", PUBLIC)
def test_what_a_door_shows_is_documented(name):
    module = importlib.import_module(name)
    silent = [
        n
        for n in module.__all__
        if (inspect.isclass(getattr(module, n)) or inspect.isfunction(getattr(module, n)))
        and not (getattr(module, n).__doc__ or "").strip()
    ]

    assert silent == []


def modules():
    """Every module but ``__main__``: its name, its docstring, and whether it is a package."""
    for info in pkgutil.walk_packages(flyte_testkit.__path__, "flyte_testkit."):
        if not info.name.endswith("__main__"):
            source = Path(importlib.util.find_spec(info.name).origin).read_text(encoding="utf-8")
            yield info.name, ast.get_docstring(ast.parse(source)) or "", info.ispkg


def test_every_module_says_what_it_is_for():
    docstrings = {name: docstring for name, docstring, _ in modules()}

    assert [name for name, docstring in docstrings.items() if not docstring] == []
    assert len(docstrings) > 30


def test_every_module_says_what_it_is_ignorant_of():
    silent = {
        name
        for name, docstring, is_package in modules()
        if not is_package and "gnorant" not in docstring
    }

    assert silent == set()


def test_nothing_collides_with_what_flytekit_users_import():
    theirs = {"task", "workflow", "dynamic", "map_task", "reference_task", "LaunchPlan"}

    assert theirs.isdisjoint(flyte_testkit.__all__)


def test_a_misspelt_word_is_answered_with_the_one_that_was_meant():
    with pytest.raises(AttributeError, match=r"no attribute 'runing'\. Did you mean 'running'\?"):
        _ = flyte_testkit.runing


def test_the_door_lists_its_words():
    assert dir(flyte_testkit) == sorted(flyte_testkit.__all__)
