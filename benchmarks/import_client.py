"""Importing our client, against importing what it cannot do without.

Each import happens in a fresh interpreter that times itself; the two sides take turns.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from measuring import verdict

STUBS = (
    "import grpc, flyteidl.service.admin_pb2_grpc, flyteidl.service.dataproxy_pb2_grpc, "
    "flyteidl.service.signal_pb2_grpc"
)
CLIENT = "import flyte_testkit.client"
ROUNDS = 15


def milliseconds(statement):
    """How long a statement takes in an interpreter of its own."""
    code = (
        "import time; began = time.perf_counter(); "
        f"{statement}; print((time.perf_counter() - began) * 1000)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout)


def main():
    for statement in (STUBS, CLIENT):  # let the files be in memory
        milliseconds(statement)
    pairs = [(milliseconds(CLIENT), milliseconds(STUBS)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"  {ours:.0f} ms against {theirs:.0f} ms")
    measured = statistics.median(one / other for one, other in pairs)
    return verdict("importing the client, against grpc and the stubs", measured, 2)


if __name__ == "__main__":
    sys.exit(main())
