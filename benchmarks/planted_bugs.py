"""How soon the laws find planted bugs, how short the stories are, and whether right code is spared.

    python benchmarks/planted_bugs.py 2000

The bugs, and the right loop that each of them differs from by the bug alone, are those of
``tests/laws``. A bug has to be found within 200 examples, and its story to shrink to three steps;
the right loop keeps every law for so many examples.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "laws"))

from broken_suites import BROKEN, Waiting
from waiting_loops import RIGHT

from flyte_testkit import failures, immediately, queued, running, undefined
from flyte_testkit.errors import BrokenLaw

EXAMPLES, STEPS = 200, 3
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=2000, help="(%(default)s)")
    count = parser.parse_args().count
    missed = 0
    for name in BROKEN:
        began = time.monotonic()
        steps = found(name)
        kept = steps is not None and steps <= STEPS
        missed += not kept
        told = "NOT FOUND" if steps is None else f"{steps} step(s)" + ("" if kept else ": TOO LONG")
        print(
            f"{name:32} {BROKEN[name][1]:48} {told} {time.monotonic() - began:6.1f} s", flush=True
        )
    options = settings(derandomize=True, database=None, max_examples=count)
    body = {"__module__": Waiting.__module__, "loop": staticmethod(RIGHT), "settings": options}
    right = type("Right", (Waiting,), body)()
    for law in sorted(name for name in dir(right) if name.startswith("test_")):
        began = time.monotonic()
        said = "kept"
        try:
            getattr(right, law)()
        except Exception as broken:  # noqa: BLE001  a flaky law is as bad as a broken one
            missed += 1
            said = f"BROKEN\n{broken}"
        print(
            f"{'the right loop':32} {law:48} {time.monotonic() - began:6.1f} s {said}", flush=True
        )
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
