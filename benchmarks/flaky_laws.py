"""Whether suites of laws judge alike on a machine that is busy with other things.

    python benchmarks/flaky_laws.py 50 --load 10

Runs the law suites of ``tests/laws`` so many times beside so many processes that only burn time.
Hypothesis says ``FlakyFailure`` where one example was judged twice, and differently; of those there
may be none. The busy processes end with this one, and by themselves when the time is up.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SUITES = ("waiting", "launching", "suite", "flytekit", "crowds", "right")
FLAKY = re.compile(r"\b(?:FlakyFailure|Flaky|FlakyReplay|Unreliable test timings)\b")
TIME_FOR_A_RUN = 1800  # seconds
BURN = """
import os, sys, time
parent, end = os.getppid(), time.monotonic() + float(sys.argv[1])
while os.getppid() == parent and time.monotonic() < end:
    for _ in range(1_000_000):
        pass
"""


@contextlib.contextmanager
def load(processes, seconds):
    """Keep the machine busy with so many processes, for so long at most."""
    busy = [subprocess.Popen([sys.executable, "-c", BURN, str(seconds)]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
        for process in busy:
            process.wait()


def run(files):
    """Run the suites once; return what pytest said, and whether all was well."""
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIME_FOR_A_RUN,
        check=False,
    )
    return done.stdout + done.stderr, done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=50, help="(%(default)s)")
    parser.add_argument("--load", type=int, default=10, help="busy processes (%(default)s)")
    parser.add_argument("--suites", nargs="*", default=SUITES, help="of tests/laws (all)")
    options = parser.parse_args()
    files = [f"tests/laws/test_laws_{suite}.py" for suite in options.suites]
    flaky = failed = 0
    with load(options.load, options.runs * TIME_FOR_A_RUN):
        for number in range(options.runs):
            began = time.monotonic()
            try:
                text, well = run(files)
            except subprocess.TimeoutExpired:
                text, well = f"no end within {TIME_FOR_A_RUN} s", False
            found = len(FLAKY.findall(text))
            flaky += bool(found)
            failed += not well
            took = time.monotonic() - began
            said = "passed" if well else "FAILED"
            print(f"run {number + 1:3}  {took:6.1f} s  {found} flaky  {said}", flush=True)
            if not well:
                print(text[-6000:], flush=True)
    print(f"{options.runs} runs at load {options.load}: {flaky} flaky, {failed} failed")
    return 1 if flaky or failed else 0


if __name__ == "__main__":
    sys.exit(main())
