"""GetExecution on the fake, against a bare gRPC servicer that returns a ready message."""

from __future__ import annotations

import sys

from flyteidl.admin import execution_pb2
from flyteidl.service import admin_pb2_grpc
from measuring import bare_server, ratio, verdict

from flyte_testkit import VirtualClock, failures, running
from flyte_testkit.server import FakeFlyteAdmin

CALLS = 1000
ROUNDS = 11


def repeated(stub, request):
    """A thousand calls, one after the other."""

    def act():
        for _ in range(CALLS):
            stub.GetExecution(request)

    return act


def main():
    # Without a limit the clock does not ask whether the calls of a standing clock are a loop.
    with FakeFlyteAdmin(clock=VirtualClock(limit=None)) as admin, admin.channel() as channel:
        launch = admin.add_execution("train", running(60).fails(failures.oom_killed()))
        admin.clock.advance(60)
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        request = execution_pb2.WorkflowExecutionGetRequest(id=launch.id)
        ready = stub.GetExecution(request)
        with bare_server({"GetExecution": ready}) as (other, _):
            bare = admin_pb2_grpc.AdminServiceStub(other)
            measured = ratio(repeated(stub, request), repeated(bare, request), rounds=ROUNDS)
    return verdict("GetExecution, against a ready message", measured, 1.5)


if __name__ == "__main__":
    sys.exit(main())
