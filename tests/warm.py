"""Children that start warm: what takes a child a second to import is there when it begins.

A plugin of pytest. Its fixture ``warm`` runs pytest as ``pytester.runpytest_subprocess`` does, in a
fork of a helper process that has imported pytest, gRPC and the toolkit, and done nothing with them.
What a child does to itself ends with it. Where Python cannot fork, or would start in another way
than the helper did, it is a process of its own after all.

Take ``pytester`` itself for what a warm child cannot show: how long a start takes, in which order
packages are imported and what they warn of, and what is said while an interpreter is taken down.
Ignorant of what the children run.
"""

import atexit
import json
import os
import runpy
import select
import signal
import site
import subprocess
import sys
import threading
import time
import traceback
import warnings
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from _pytest.config import default_plugins

# Neither what pytest wants to import itself, as it rewrites the assertions there: plugins, and
# Hypothesis with its own; nor flytekit: half of the children's time would go to looking through it.
IMPORTED = [
    *(f"_pytest.{plugin}" for plugin in default_plugins),
    *("flyte_testkit.client", "flyte_testkit.fixtures", "flyte_testkit.server"),
]


def settings_of(environment):
    """What Python reads once, when it starts."""
    return {k: v for k, v in environment.items() if k.startswith("PYTHON") and k != "PYTHONPATH"}


class Child:
    """A run of pytest in a fork: as much of a ``subprocess.Popen`` as pytester needs."""

    stdin = None

    def __init__(self, helper, **asked):
        helper.stdin.write(json.dumps(asked).encode() + b"\n")
        self._answers = helper.stdout
        self.pid = int(self._answers.readline())

    def wait(self, timeout=None):
        if not select.select([self._answers], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("pytest", timeout)
        return int(self._answers.readline())

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def warm_popen(tmp_path_factory):
    """Starts a warm child; the helper itself starts when the first is wanted."""
    home, started = tmp_path_factory.mktemp("warm"), settings_of(os.environ)
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        cwd=home,
        env={**os.environ, "HOME": str(home)},
    ) as helper:

        def popen(command, *, stdout, stderr, cold, **more):
            if settings_of(os.environ) != started:
                return cold(command, stdout=stdout, stderr=stderr, **more)
            cwd = str(Path.cwd())
            path = os.pathsep.join(filter(None, [cwd, os.environ.get("PYTHONPATH")]))
            return Child(
                helper,
                arguments=command[2:],  # after python and -mpytest
                cwd=cwd,
                environment={**os.environ, "PYTHONPATH": path},
                files=[os.devnull, stdout.name, stderr.name],
            )

        yield popen
        helper.kill()


@pytest.fixture
def warm(request, pytester, monkeypatch):
    """Runs pytest as ``pytester.runpytest_subprocess`` does, in a child that starts warm."""
    if not hasattr(os, "fork"):
        return pytester.runpytest_subprocess
    popen = partial(request.getfixturevalue("warm_popen"), cold=pytester.popen)

    def run(*options, **more):
        with monkeypatch.context() as patched:
            patched.setattr(pytester, "popen", popen)
            return pytester.runpytest_subprocess(*options, **more)

    return run


def help_out():
    """Fork for each line of input; answer with the child's process, then with how it ended."""
    with warnings.catch_warnings():
        for name in IMPORTED:
            import_module(name)
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = [entry for entry in sys.path[1:] if entry not in given]
    while line := sys.stdin.readline():
        if not (pid := os.fork()):
            run(path, **json.loads(line))
        os.write(1, b"%d\n" % pid)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def run(path, *, arguments, cwd, environment, files):
    """Be ``python -m pytest``, as if this process were a new one, and end."""
    for number, file in enumerate(files):
        with Path(file).open("r+b" if number else "rb") as opened:
            os.dup2(opened.fileno(), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.path[:] = [*environment["PYTHONPATH"].split(os.pathsep), *path]
    site.removeduppaths()
    sys.path.insert(0, cwd)
    sys.argv[1:] = arguments
    code = 1
    try:
        runpy.run_module("pytest", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = int(end.code)
    except BaseException:  # noqa: BLE001  as an interpreter does
        traceback.print_exc()
    finally:  # all that an interpreter does at its end but one: to take its modules apart
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    help_out()
