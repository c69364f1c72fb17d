"""Whether suites of laws judge alike on a machine that is busy with other things.

    python benchmarks/flaky_laws.py 50 --load 10
    python benchmarks/flaky_laws.py 50 --at-once 11 --load 0

Runs the law suites of ``tests/laws`` so many times beside so many processes that only burn time, or
several at once, which are a load to each other and waste none.
Hypothesis says ``FlakyFailure`` where one example was judged twice, and differently; of those there
may be none. The busy processes end with this one, and by themselves when the time is up.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SUITES = ("waiting", "launching", "suite", "flytekit", "crowds", "right")
FLAKY = re.compile(r"\b(?:FlakyFailure|Flaky|FlakyReplay|Unreliable test timings)\b")
TIME_FOR_A_RUN = 1800  # seconds, if it runs alone; more beside others
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


def run(files, limit):
    """Run the suites once; return what pytest said, whether all was well, and how long it took."""
    began = time.monotonic()
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *files],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end within {limit} s", False, limit
    return done.stdout + done.stderr, done.returncode == 0, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=50, help="(%(default)s)")
    parser.add_argument("--load", type=int, default=10, help="busy processes (%(default)s)")
    parser.add_argument("--suites", nargs="*", default=SUITES, help="of tests/laws (all)")
    parser.add_argument("--at-once", type=int, default=1, help="runs at a time (%(default)s)")
    options = parser.parse_args()
    files = [f"tests/laws/test_laws_{suite}.py" for suite in options.suites]
    limit = TIME_FOR_A_RUN * max(1, options.at_once // 2)
    flaky = failed = 0
    pool = concurrent.futures.ThreadPoolExecutor(options.at_once)
    with load(options.load, options.runs * limit), pool:
        runs = [pool.submit(run, files, limit) for _ in range(options.runs)]
        for number, ended in enumerate(concurrent.futures.as_completed(runs), 1):
            text, well, took = ended.result()
            found = len(FLAKY.findall(text))
            flaky += bool(found)
            failed += not well
            said = "passed" if well else "FAILED"
            print(f"run {number:3}  {took:6.1f} s  {found} flaky  {said}", flush=True)
            if not well:
                print(text[-6000:], flush=True)
    beside = options.load + options.at_once - 1
    print(f"{options.runs} runs at load {beside}: {flaky} flaky, {failed} failed")
    return 1 if flaky or failed else 0


if __name__ == "__main__":
    sys.exit(main())
