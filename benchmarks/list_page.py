"""Pages of executions among 10,000: how long one takes, and whether one ever takes much longer."""

from __future__ import annotations

import statistics
import sys

from flyteidl.admin import common_pb2
from flyteidl.service import admin_pb2_grpc
from measuring import now, verdict

from flyte_testkit import VirtualClock, failures, running
from flyte_testkit.server import FakeFlyteAdmin

EXECUTIONS = 10_000
ROUNDS = 21
CALLS = 400


def listing(admin, limit, **asked):
    request = common_pb2.ResourceListRequest(limit=limit, **asked)
    request.id.project, request.id.domain = admin.project, admin.domain
    return request


def times(stub, request, count):
    """How long each of so many lists takes, in milliseconds."""
    took = []
    for _ in range(count):
        began = now()
        page = stub.ListExecutions(request)
        took.append((now() - began) * 1000)
        assert len(page.executions) == request.limit
    return took


def spread(what, took):
    """Hold the slowest lists against the usual one."""
    median, p99 = statistics.median(took), statistics.quantiles(took, n=100)[-1]
    print(f"  {what}: median {median:.1f} ms, p99 {p99:.1f} ms, longest {max(took):.1f} ms")
    return verdict(f"{what}, p99 against its median", p99 / median, 3)


def main():
    with FakeFlyteAdmin(clock=VirtualClock(limit=None)) as admin, admin.channel() as channel:
        scripts = running(60).succeeds(), running(60).fails(failures.oom_killed())
        for number in range(EXECUTIONS):
            admin.add_execution(f"e{number}", scripts[number % 2], launch_plan="nightly")
            admin.clock.advance(1)
        admin.clock.advance(60)
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        descending = common_pb2.Sort(key="started_at", direction="DESCENDING")
        filtered = listing(
            admin, 100, filters="eq(phase,FAILED)+contains(execution_name,7)", sort_by=descending
        )
        took = times(stub, filtered, ROUNDS)
        print("  " + ", ".join(f"{each:.1f}" for each in took))
        latest = common_pb2.Sort(key="created_at", direction="DESCENDING")
        failed = [
            verdict(f"a page of 100 among {EXECUTIONS:,}", statistics.median(took), 10, " ms"),
            spread("list(20)", times(stub, listing(admin, 20), CALLS)),
            spread("the latest 20", times(stub, listing(admin, 20, sort_by=latest), CALLS)),
        ]
    return max(failed)


if __name__ == "__main__":
    sys.exit(main())
