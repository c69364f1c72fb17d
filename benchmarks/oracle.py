"""Thousands of random programs of threads, in the world and in a simulation of its four rules.

    python benchmarks/oracle.py 10000
    python benchmarks/oracle.py 1000 --load 10

Programs that would never end are not counted. The first that differs is shortened, and printed as
code with both logs. ``--load`` keeps so many processes busy meanwhile.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import sys
import time
from pathlib import Path

from measuring import busy

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "world"))

from oracle_programs import draw
from oracle_runner import agrees, program_of, run, shrunk, told
from oracle_simulation import Endless, simulate

BATCH = 250


def ends(seed):
    try:
        simulate(draw(seed))
    except Endless:
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="to begin with (%(default)s)")
    parser.add_argument("--load", type=int, default=0, help="busy processes beside (%(default)s)")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs them")
    options = parser.parse_args()
    seeds = itertools.islice(filter(ends, itertools.count(options.seed)), options.count)
    counts, wrong, began = collections.Counter(), [], time.monotonic()
    patience = 60 + BATCH * (options.load + 1) / 5
    with busy(options.load):
        while batch := list(itertools.islice(seeds, BATCH)):
            for seed, outcome in run(batch, seconds=patience, python=options.python):
                kind = "same" if agrees(outcome) else next(iter(outcome))
                counts["different" if kind in ("got", "wanted") else kind] += 1
                if not agrees(outcome):
                    wrong.append((seed, outcome))
                    print(f"seed {seed}: {kind}", flush=True)
    took = time.monotonic() - began
    print(f"{sum(counts.values())} programs: {dict(counts)}, {took:.0f} s, load {options.load}")
    if wrong:
        seed, outcome = wrong[0]
        print(told(seed, outcome))
        print("shortened:", repr(shrunk(program_of(seed))))
    return min(len(wrong), 1)


if __name__ == "__main__":
    sys.exit(main())
