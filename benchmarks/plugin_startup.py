"""What the plugin costs a pytest run that does not use it: its import and its hooks.

The same run of one empty test, with the plugin and with ``-p no:flyte-testkit``, in turns. Nothing
but pytest is installed beside a copy of the package, as a wheel puts it there but without bytecode:
that is what a container sees that sets ``PYTHONDONTWRITEBYTECODE``. Counted is processor time,
which other work on the machine hardly changes.

What pytest spends on the wheel's RECORD is told beside it, not counted: to find which files it may
rewrite it reads the list of files of every distribution that has a plugin, blocked or not, and
asks of each what it is. Nothing that is imported changes that.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, PathDistribution, distribution
from pathlib import Path

from measuring import verdict

PACKAGE = Path(__file__).parent.parent / "flyte_testkit"
INFO = "flyte_testkit-0.0.0.dist-info"
ENTRY_POINTS = "[pytest11]\nflyte-testkit = flyte_testkit.plugin\n"
PYTEST = ("pytest", "pluggy", "iniconfig", "packaging", "pygments", "exceptiongroup", "tomli")
ROUNDS = 101


def installed(folder):
    """Install the package there, as a wheel does, without bytecode."""
    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    info = folder / INFO
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flyte-testkit\nVersion: 0.0.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    (info / "RECORD").write_text("".join(f"{path},sha256={'x' * 43},1234\n" for path in files))
    return info


def install_pytest(folder):
    """Let pytest be found there, and what it needs, with its bytecode."""
    for name in (*PYTEST, "typing_extensions"):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # not needed by this Python
        tops = {Path(file).parts[0] for file in found.files if ".." not in Path(file).parts}
        for top in tops - {"__pycache__"}:
            (folder / top).symlink_to(found.locate_file(top))


STOPWATCH = """
import sys, time
from importlib.metadata import EntryPoint
import pytest
from _pytest.config import PytestPluginManager

took = []

def timed(function):
    def wrapper(*args, **kwargs):
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            took.append(time.perf_counter() - began)
    return wrapper

load, register = EntryPoint.load, PytestPluginManager.register
EntryPoint.load = lambda self: (timed(load) if self.name == "flyte-testkit" else load)(self)

def registered(self, plugin, name=None):
    return (timed(register) if name == "flyte-testkit" else register)(self, plugin, name)

PytestPluginManager.register = registered

from _pytest.fixtures import FixtureManager

parse = FixtureManager.parsefactories

def parsed(*args, **kwargs):
    held = [getattr(one, "__name__", "") for one in (*args, *kwargs.values())]
    return (timed(parse) if "flyte_testkit.plugin" in held else parse)(*args, **kwargs)

FixtureManager.parsefactories = parsed
code = pytest.main(["-q", "-p", "no:cacheprovider"])
sys.stderr.write(str(sum(took) * 1000))
sys.exit(code)
"""


def own_milliseconds(folder):
    """What import, registering, options and fixtures take, by a stopwatch inside one run."""
    run = subprocess.run(
        [sys.executable, "-S", "-c", STOPWATCH],
        cwd=folder / "tests",
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(run.stderr)


def milliseconds(folder, *options):
    """Processor time of one run of pytest there."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    run = subprocess.Popen(
        [sys.executable, "-S", "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder / "tests",
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(run.pid, 0)
    assert status == 0
    return (used.ru_utime + used.ru_stime) * 1000


def reading_the_record(info):
    """Milliseconds that pytest's look at the list of files takes."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for file in PathDistribution(info).files:
            str(file)
        rounds.append((time.perf_counter() - began) * 1000)
    return statistics.median(rounds)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        info = installed(folder)
        install_pytest(folder)
        (folder / "tests").mkdir()
        (folder / "tests" / "test_nothing.py").write_text("def test_nothing(): pass\n")
        sides = (), ("-p", "no:flyte-testkit")
        for side in sides:  # let the files be in memory
            milliseconds(folder, *side)
        rounds = []
        for number in range(ROUNDS):
            first, second = sides if number % 2 else sides[::-1]
            used = {first: milliseconds(folder, *first), second: milliseconds(folder, *second)}
            rounds.append(used[sides[0]] - used[sides[1]])
        low, _, high = statistics.quantiles(rounds, n=4)
        print(f"  a run is {used[sides[1]]:.0f} ms; half of the rounds {low:.2f} to {high:.2f} ms")
        inside = statistics.median(own_milliseconds(folder) for _ in range(15))
        print(f"  a stopwatch inside tells of {inside:.2f} ms")
        print(f"  beside it: RECORD of the wheel takes pytest {reading_the_record(info):.2f} ms")
        return verdict("the plugin's import and hooks", statistics.median(rounds), 4, " ms")


if __name__ == "__main__":
    sys.exit(main())
