"""What is imported when: a test run that does not use the toolkit pays next to nothing."""

import os
import subprocess
import sys

import pytest

HEAVY = {"grpc", "flyteidl", "google.protobuf", "hypothesis", "freezegun", "flytekit"}


def loaded_by(statement):
    """The heavy packages that a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return HEAVY & set(run.stdout.split())


@pytest.mark.parametrize(
    "module", ["flyte_testkit", "flyte_testkit.plugin", "flyte_testkit.cli", "flyte_testkit.clock"]
)
def test_importing_it_loads_nothing_heavy(module):
    assert loaded_by(f"import {module}") == set()


def test_importing_the_door_loads_the_standard_library_alone():
    code = (
        "import sys; before = set(sys.modules); import flyte_testkit; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before} "
        "- set(sys.stdlib_module_names)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert run.stdout.split() == ["flyte_testkit"]


def test_the_server_needs_neither_pytest_nor_hypothesis_nor_flytekit():
    assert loaded_by("import flyte_testkit.server") == {"grpc", "flyteidl", "google.protobuf"}


def test_a_run_that_uses_no_fixture_loads_the_plugin_and_the_door_alone(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import sys\n\n"
        "def test_it():\n"
        "    loaded = {name for name in sys.modules if name.startswith('flyte_testkit')}\n"
        "    assert loaded == {'flyte_testkit', 'flyte_testkit.plugin'}\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, "-p", "flyte_testkit.plugin"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == 0, run.stdout
