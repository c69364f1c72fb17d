"""Whether a test with threads makes one journal, however busy the machine is.

    python benchmarks/journals.py 30 --load 10
    python benchmarks/journals.py 30 --at-once 11

finds the tests of the suite in which threads or jobs take part in virtual time, repeats them, and
compares their journals. Repeats at once are a load to each other, and waste none. The order of
calls is promised unless calls are sent by ``.future`` or the watch let a second thread run; such
tests are listed, and not judged.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import busy

ROOT = Path(__file__).parent.parent


def repeat(tests, *options):
    """Run some tests in a process of its own, and return what the keeper wrote of each."""
    with tempfile.NamedTemporaryFile() as file:
        here = os.pathsep.join([str(ROOT / "benchmarks"), str(ROOT)])
        environment = {**os.environ, "PYTHONPATH": here, "JOURNALS": file.name}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "journal_keeper",
            "-p",
            "no:cacheprovider",
        ]
        subprocess.run(
            [*command, *options, *tests],
            cwd=ROOT,
            env=environment,
            check=False,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        return [json.loads(line) for line in Path(file.name).read_text().splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=30, help="repeats (%(default)s)")
    parser.add_argument("--load", type=int, default=0, help="busy processes beside (%(default)s)")
    parser.add_argument("--at-once", type=int, default=1, help="repeats at a time (%(default)s)")
    parser.add_argument("--tests", nargs="*", default=["tests", "examples"], help="where to look")
    options = parser.parse_args()
    ignored = ["--ignore=tests/world/test_oracle.py", "--ignore=tests/world/test_mutants.py"]
    threaded = [it["test"] for it in repeat(options.tests, *ignored) if it["threads"] > 0]
    print(f"{len(threaded)} tests have threads or jobs that take part", flush=True)
    seen = collections.defaultdict(list)
    pool = concurrent.futures.ThreadPoolExecutor(options.at_once)
    with busy(options.load), pool:
        for repeats in pool.map(lambda _: repeat(threaded), range(options.count)):
            for told in repeats:
                seen[told["test"]].append(told)
    different = 0
    excused = collections.Counter()
    for test in threaded:
        journals = {told["journal"] for told in seen[test]}
        futures = any(told["futures"] for told in seen[test])
        preempted = sum(bool(told["preempted"]) for told in seen[test])
        why = "calls by .future" if futures else f"preempted in {preempted}" if preempted else ""
        if why:
            excused["calls by .future" if futures else "preempted"] += 1
            print(f"{test}: {why}, {len(journals)} journal(s)")
        elif len(journals) > 1:
            different += 1
            print(f"{test}: {len(journals)} JOURNALS in {len(seen[test])} repeats")
    beside = options.load + options.at_once - 1
    held = len(threaded) - different - sum(excused.values())
    print(f"{held} tests made one journal each in {options.count} repeats at load {beside},")
    print(f"{different} did not; not judged: {dict(excused)}")
    return min(different, 1)


if __name__ == "__main__":
    sys.exit(main())
