"""GetExecution with 10,000 executions stored, against 10."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from flyteidl.admin import execution_pb2
from flyteidl.service import admin_pb2_grpc
from get_execution import repeated
from measuring import ratio, verdict

from flyte_testkit import VirtualClock, running
from flyte_testkit.server import FakeFlyteAdmin

MANY, FEW = 10_000, 10
ROUNDS = 11


def asked_of(stack, count):
    """Calls to a server that holds so many executions."""
    admin = stack.enter_context(FakeFlyteAdmin(clock=VirtualClock(limit=None)))
    for number in range(count):
        admin.add_execution(f"e{number}", running(60).succeeds(), launch_plan="nightly")
    admin.clock.advance(60)
    stub = admin_pb2_grpc.AdminServiceStub(stack.enter_context(admin.channel()))
    request = execution_pb2.WorkflowExecutionGetRequest()
    request.id.project, request.id.domain = admin.project, admin.domain
    request.id.name = f"e{count // 2}"
    return repeated(stub, request)


def main():
    with ExitStack() as stack:
        many, few = asked_of(stack, MANY), asked_of(stack, FEW)
        measured = ratio(many, few, rounds=ROUNDS)
    return verdict(f"GetExecution among {MANY:,}, against among {FEW}", measured, 1.2)


if __name__ == "__main__":
    sys.exit(main())
