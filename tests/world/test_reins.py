"""Modules that are named in strings are there: who is judged by a name must not lose it."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import flyte_testkit
from flyte_testkit.client import FlyteRemote
from flyte_testkit.world import _readings, _reins
from flyte_testkit.world._reins import is_machinery

PACKAGE = Path(flyte_testkit.__file__).parent
OURS = re.compile(r"flyte_testkit(\.\w+)+")
NAMED = {
    *_reins._MACHINERY,
    *_reins._CODE_UNDER_TEST,
    *_reins._RUNNERS,
    *_reins._CLIENTS,
    *_reins._POOLS,
    _readings._OUR_CLIENT,
}


def is_always_there(module):
    root = module.partition(".")[0]
    return root == "flyte_testkit" or root in sys.stdlib_module_names


@pytest.mark.parametrize("module", sorted(filter(is_always_there, NAMED)))
def test_whoever_is_judged_by_name_is_there(module):
    import_module(module)


@pytest.mark.parametrize("module", sorted(NAMED - set(filter(is_always_there, NAMED))))
def test_machinery_of_others_is_there_if_it_is_installed(module):
    root = module.partition(".")[0]
    if find_spec(root) is None:
        pytest.skip(f"{root} is not installed")
    assert find_spec(module) is not None


def texts(path):
    return [node.value for node in ast.walk(ast.parse(path.read_text())) if is_text(node)]


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_module_of_ours_that_a_text_names_is_there():
    named = {text for path in PACKAGE.rglob("*.py") for text in texts(path) if OURS.fullmatch(text)}
    gone = []
    for module in named:
        try:
            import_module(module)
        except ImportError:
            gone.append(module)
    assert gone == []
    assert "flyte_testkit.clock._members" in named  # so the search finds something


def test_our_client_lives_on_the_clock_and_the_rest_of_us_in_real_time():
    assert not is_machinery("flyte_testkit.client._watching")
    assert is_machinery("flyte_testkit.server")
    assert is_machinery("flyte_testkit.clients")  # close to a name is not the name
    assert not is_machinery("grpc_retries")


@pytest.mark.parametrize("module", sorted(_reins._CLIENTS))
def test_waits_of_execution_clients_say_by_their_timeout_how_long(module):
    if find_spec(module.partition(".")[0]) is None:
        pytest.skip("flytekit is optional")
    assert "timeout" in inspect.signature(import_module(module).FlyteRemote.wait).parameters


def test_our_client_is_waited_for_by_the_same_name():
    assert "timeout" in inspect.signature(FlyteRemote.wait).parameters
