"""Whether programs with event loops come to the same each time, on a machine that is busy.

    python benchmarks/loops.py --times 1000 --load 8
    python benchmarks/loops.py c d --times 200 --at-once 8

Plays the programs of ``tests/world/loop_programs.py`` so many times each: every event has to come
at its instant, to the microsecond, in one order, and the journal has to be the same each time.
``--load`` keeps so many processes busy meanwhile; ``--at-once`` plays several batches at once,
which are a load to each other and waste none.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import subprocess
import sys
import time
from pathlib import Path

from measuring import busy

WORLD = Path(__file__).parent.parent / "tests" / "world"
BATCH = 25
TIME_FOR_A_PLAY = 40  # seconds, at any load
SHORT = "cdefgh"
PLAYS = """
import faulthandler, hashlib, json, sys
name, times, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
from loop_programs import WANTED, play
for _ in range(times):
    faulthandler.dump_traceback_later(seconds, exit=True)
    events, journal = play(name)
    wrong = None if events == [tuple(it) for it in WANTED[name]] else events
    digest = hashlib.sha256(repr(journal).encode()).hexdigest()
    print(json.dumps([wrong, digest]), flush=True)
"""


def batch(name, times, python):
    """Play a program some times in a process of its own; return what came of it."""
    try:
        done = subprocess.run(
            [python, "-c", PLAYS, name, str(times), str(TIME_FOR_A_PLAY)],
            cwd=WORLD,
            capture_output=True,
            text=True,
            timeout=TIME_FOR_A_PLAY * times,
            check=False,
        )
        out, told = done.stdout, done.stderr
    except subprocess.TimeoutExpired as error:
        out, told = (error.stdout or b"").decode(), "no end"
    plays = [json.loads(line) for line in out.splitlines()]
    failure = None if len(plays) == times else told[-6000:]
    return name, plays, failure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="*", default=list(SHORT), help="(%(default)s)")
    parser.add_argument("--times", type=int, default=200, help="each (%(default)s)")
    parser.add_argument("--load", type=int, default=0, help="busy processes (%(default)s)")
    parser.add_argument("--at-once", type=int, default=1, help="batches at a time (%(default)s)")
    parser.add_argument("--python", default=sys.executable, help="the interpreter")
    options = parser.parse_args()
    began, failed = time.monotonic(), 0
    played = dict.fromkeys(options.programs, 0)
    journals = {name: set() for name in options.programs}
    batches = [
        (name, min(BATCH, options.times - first))
        for first in range(0, options.times, BATCH)
        for name in options.programs
    ]
    with busy(options.load), concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        runs = [pool.submit(batch, *each, options.python) for each in batches]
        for ended in concurrent.futures.as_completed(runs):
            name, plays, failure = ended.result()
            played[name] += len(plays)
            journals[name] |= {digest for _, digest in plays}
            for wrong in (wrong for wrong, _ in plays if wrong is not None):
                failed += 1
                print(f"{name} differs: {wrong}", flush=True)
            if failure is not None:
                failed += 1
                print(f"{name} does not end:\n{failure}", flush=True)
    for name, count in played.items():
        one = len(journals[name]) == 1
        failed += not one
        print(f"{name}: {count} plays, {len(journals[name])} journal(s)")
    beside = options.load + options.at_once - 1
    print(f"{failed} failed, load {beside}, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
