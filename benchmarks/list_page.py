"""A filtered and sorted page of 100 executions among 10,000."""

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


def main():
    with FakeFlyteAdmin(clock=VirtualClock(limit=None)) as admin, admin.channel() as channel:
        scripts = running(60).succeeds(), running(60).fails(failures.oom_killed())
        for number in range(EXECUTIONS):
            admin.add_execution(f"e{number}", scripts[number % 2], launch_plan="nightly")
            admin.clock.advance(1)
        admin.clock.advance(60)
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        request = common_pb2.ResourceListRequest(
            limit=100,
            filters="eq(phase,FAILED)+contains(execution_name,7)",
            sort_by=common_pb2.Sort(key="started_at", direction="DESCENDING"),
        )
        request.id.project, request.id.domain = admin.project, admin.domain
        page = stub.ListExecutions(request)
        assert len(page.executions) == 100
        took = []
        for _ in range(ROUNDS):
            began = now()
            stub.ListExecutions(request)
            took.append((now() - began) * 1000)
    print("  " + ", ".join(f"{each:.1f}" for each in took))
    measured = statistics.median(took)
    return verdict(f"a page of 100 among {EXECUTIONS:,}", measured, 10, " ms")


if __name__ == "__main__":
    sys.exit(main())
