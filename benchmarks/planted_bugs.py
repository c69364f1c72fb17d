"""How soon the laws find planted bugs, how short the stories are, and whether right code is spared.

    python benchmarks/planted_bugs.py 2000

The bugs, and the right loops and launchers that they differ from by the bug alone, are those of
``tests/laws``. A bug has to be found within 200 examples, by the law that is named for it, and its
story to shrink to three steps, a tree to eight nodes; what is right keeps every law for so many
examples, reports of trees for a tenth of that.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "laws"))

from broken_suites import BROKEN, Launching, Waiting
from launchers import RIGHT_LAUNCHERS
from more_loops import RIGHT_LOOPS
from tree_bugs import TREE_BUGS, Trees

from flyte_testkit import failures, immediately, queued, running, undefined
from flyte_testkit.errors import BrokenLaw

EXAMPLES, STEPS, NODES = 200, 3, 8
WORDS = {
    "failures": failures,
    "Failure": failures.Failure,
    "immediately": immediately,
    "queued": queued,
    "running": running,
    "undefined": undefined,
}
TOLD = re.compile(r"^  (?:timeline|run\d from .* s)  (.*)$", re.MULTILINE)


def found(name):
    """Let a law look for a bug; return how many steps its story has, or None."""
    base, law = BROKEN[name]
    body = {
        "__module__": base.__module__,
        "settings": settings(derandomize=True, database=None, max_examples=EXAMPLES),
    }
    try:
        getattr(type(name, (base,), body)(), law)()
    except BrokenLaw as broken:
        lives = [eval(life, dict(WORDS)) for life in TOLD.findall(str(broken))]  # noqa: S307  our own reprs
        return max(len(life.steps) for life in lives)
    return None


def look_for_bugs():
    """Print for each bug if it is found; return how many are not."""
    missed = 0
    for name in BROKEN:
        began = time.monotonic()
        steps = found(name)
        kept = steps is not None and steps <= STEPS
        missed += not kept
        told = "NOT FOUND" if steps is None else f"{steps} step(s)" + ("" if kept else ": TOO LONG")
        print(
            f"{name:44} {BROKEN[name][1]:48} {told} {time.monotonic() - began:6.1f} s", flush=True
        )
    return missed


def look_for_bugs_in_reports():
    """Print for each bug in reports of trees if it is found; return how many are not."""
    missed = 0
    for name, (base, law) in TREE_BUGS.items():
        began, seen = time.monotonic(), []
        body = {
            "__module__": base.__module__,
            "settings": settings(derandomize=True, database=None, max_examples=EXAMPLES),
            "read": lambda self, *of, read=base.read, seen=seen: seen.append(0) or read(self, *of),
        }
        said = "NOT FOUND"
        try:
            getattr(type(name, (base,), body)(), law)()
        except BrokenLaw as broken:
            script = re.search(r"^  script    (.*)$", str(broken), re.MULTILINE)[1]
            count = len(re.findall(r"nodes\.(?!workflow|where)\w+\(", script))
            long = count > NODES and law != "test_reads_every_page"
            said = f"{count} node(s){': TOO MANY' if long else ''}"
            missed += long
        else:
            missed += 1
        took = time.monotonic() - began
        print(f"{name:44} {law:48} {said} {len(seen)} reads {took:6.1f} s", flush=True)
    return missed


def spare_what_is_right(name, base, count, **code):
    """Print for each law if it spares what is right; return how many do not."""
    options = settings(derandomize=True, database=None, max_examples=count)
    body = {"__module__": base.__module__, "settings": options, **code}
    right, missed = type("Right", (base,), body)(), 0
    for law in sorted(law for law in dir(right) if law.startswith("test_")):
        if (name, law) == ("looks whose it is", "test_threads_launch_apart"):
            continue  # it gives one name to all launches of a day, so they are one
        began = time.monotonic()
        said = "kept"
        try:
            getattr(right, law)()
        except Exception as broken:  # noqa: BLE001  a flaky law is as bad as a broken one
            missed += 1
            said = f"BROKEN\n{broken}"
        print(f"{name:44} {law:48} {time.monotonic() - began:6.1f} s {said}", flush=True)
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=2000, help="(%(default)s)")
    count = parser.parse_args().count
    missed = look_for_bugs() + look_for_bugs_in_reports()
    for name, loop in RIGHT_LOOPS.items():
        missed += spare_what_is_right(name, Waiting, count, loop=staticmethod(loop))
    for name, launcher in RIGHT_LAUNCHERS.items():
        missed += spare_what_is_right(name, Launching, count, launcher=staticmethod(launcher))
    clients = ["testkit", *(["flytekit"] if find_spec("flytekit") else [])]
    for client in clients:
        missed += spare_what_is_right(f"a report by {client}", Trees, count // 10, client=client)
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
