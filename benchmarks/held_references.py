"""What it costs to look for references that are held from before a world.

The search asks the garbage collector, so it takes as long as the process is large: it is measured
in looks, of which one goes once through all objects. It is made when a world is entered, but only
if a module was imported, or a function of ``time`` is held more or less often, since the last one;
what entering a world takes otherwise is printed too, but not judged here.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import statistics
import sys
import time

from measuring import now, ratio, verdict

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import _repairs, governed_by

ROUNDS = 15


def enter_and_leave():
    with governed_by(VirtualClock()):
        pass


def search():
    _repairs.forget()
    enter_and_leave()


def known():
    began = now()
    enter_and_leave()
    return (now() - began) * 1e6


def main():
    if importlib.util.find_spec("flytekit") is not None:
        importlib.import_module("flytekit.remote")
    print(f"{len(gc.get_objects()):,} objects in {len(sys.modules):,} modules")
    measured = ratio(search, lambda: gc.get_referrers(time.sleep), rounds=ROUNDS)
    print(f"without a search: {statistics.median(known() for _ in range(300)):.0f} µs a world")
    return verdict("a search for held references, in looks through all objects", measured, 20)


if __name__ == "__main__":
    sys.exit(main())
