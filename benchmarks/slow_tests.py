"""Slow, honest tests: real work between equal calls, a pause in a debugger, a busy machine.

    python benchmarks/slow_tests.py 200 --load 12 --pause 60

plays so many small tests. Each asks for the same execution again and again, and does something slow
in between; nobody waits on the clock meanwhile, which is just what a client does that asks without
waiting. Not one may be struck by a guard, and each has to end as if it had been fast.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import random
import subprocess
import sys
import threading
import time

from measuring import busy

from flyte_testkit import running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

C = ctypes.CDLL(None)
LONGEST = 6  # real seconds between the first and the last of the calls of one test


def nap(seconds):
    """Let real time pass in code written in C."""
    C.usleep(int(seconds * 1e6))


def compute(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(10_000))


def child(seconds):
    subprocess.run([sys.executable, "-c", f"import time; time.sleep({seconds})"], check=True)


def loop(seconds):
    asyncio.run(asyncio.sleep(seconds))


def thread(seconds):
    """Let a thread work, and join it."""
    working = threading.Thread(target=nap, args=[seconds])
    working.start()
    working.join()


WORK = {"C code": nap, "Python": compute, "a child": child, "asyncio": loop, "a thread": thread}


def one(work, calls, seconds):
    """Play one test; return what struck it, or None."""
    with FakeFlyteAdmin() as admin, governed_by(admin.clock):
        admin.add_execution("e", running(600).succeeds())
        config = Config.for_endpoint(admin.endpoint, insecure=True)
        with FlyteRemote(config, admin.project, admin.domain, seed=0) as client:
            try:
                run = client.fetch_execution(name="e")
                for _ in range(calls):
                    client.sync_execution(run)
                    work(seconds / calls)
                client.wait(run, timeout=3600)
            except BaseException as struck:  # noqa: BLE001  HopelessWait is no Exception
                return f"{type(struck).__name__}: {struck}"
        if not run.is_successful or admin.clock.broken is not None:
            return f"{run}, {admin.clock.broken}"
        bad = [call for call in admin.calls if call.code != "OK"]
        return f"{bad}" if bad else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=200, help="tests (%(default)s)")
    parser.add_argument("--load", type=int, default=0, help="busy processes beside (%(default)s)")
    parser.add_argument("--pause", type=float, default=60, help="real seconds (%(default)s)")
    options = parser.parse_args()
    chance, struck = random.Random(0), 0  # noqa: S311  not for secrets
    with busy(options.load):
        for number in range(options.count):
            name = list(WORK)[number % len(WORK)]
            calls = chance.choice((4, 8, 30))
            long = number % 100 < len(WORK)
            seconds = LONGEST if long else chance.uniform(0.02, 0.3)
            told = one(WORK[name], calls, seconds)
            if told:
                struck += 1
                print(f"{name}, {calls} calls in {seconds:.2f} s: {told}", flush=True)
        told = one(nap, 4, options.pause) if options.pause else None
        if told:
            struck += 1
            print(f"a pause of {options.pause} s: {told}")
    print(f"{struck} of {options.count} tests were struck, load {options.load}")
    return min(struck, 1)


if __name__ == "__main__":
    sys.exit(main())
