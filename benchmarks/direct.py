"""Calls without a socket: what one costs, and a day of polls by flytekit.

One run does both sides of each comparison, taking turns: GetExecution over the direct transport
against serializing and parsing the same messages, and against TCP; and a day that flytekit waits,
polling each 30 s, against the same day over TCP. The median ratio counts.
"""

import sys
from datetime import timedelta

from flyteidl.admin.execution_pb2 import Execution, WorkflowExecutionGetRequest
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
from flyteidl.service.admin_pb2_grpc import AdminServiceStub
from measuring import ratio, verdict

from flyte_testkit import fake_flyte, running, scene
from flyte_testkit.server import FakeFlyteAdmin

CALLS, ROUNDS = 1000, 15
AS_OFTEN = 10
DAYS = 3
REQUEST = WorkflowExecutionGetRequest(
    id=WorkflowExecutionIdentifier(project="flytesnacks", domain="development", name="run")
)


def asking(admin, get):
    def ask():
        admin.clock.advance(1)  # else it would be a loop that never waits
        for _ in range(CALLS):
            get(REQUEST, timeout=60)

    return ask


def one_call():
    with FakeFlyteAdmin(transport="direct") as direct, FakeFlyteAdmin() as tcp:
        stubs = []
        for admin in (direct, tcp):
            admin.add_execution("run", running(3600).succeeds())
            stubs.append(AdminServiceStub(admin.channel()))
        reply = stubs[0].GetExecution(REQUEST)
        raw_request, raw_reply = REQUEST.SerializeToString(), reply.SerializeToString()
        print(f"GetExecution, {len(raw_request)} bytes there and {len(raw_reply)} back")

        def floor():
            for _ in range(AS_OFTEN * CALLS):  # so that whatever else runs meets both alike
                WorkflowExecutionGetRequest.FromString(REQUEST.SerializeToString())
                Execution.FromString(reply.SerializeToString())

        ask, ask_tcp = map(asking, (direct, tcp), (stub.GetExecution for stub in stubs))
        print(f"direct against serializing and parsing, {AS_OFTEN} times as often:")
        over_floor = AS_OFTEN * ratio(ask, floor, rounds=ROUNDS)
        print("direct against TCP:")
        over_tcp = ratio(ask, ask_tcp, rounds=5)
    return over_floor, over_tcp


def day(transport):
    def wait():
        with fake_flyte(transport=transport) as admin:
            admin.add_execution("run", running(24 * 3600).succeeds())
            remote = admin.remote()
            execution = remote.fetch_execution(name="run")
            ended = remote.wait(execution, poll_interval=timedelta(seconds=30))
            assert admin.clock.elapsed == 24 * 3600, admin.clock
            assert ended.closure.phase == 4
            day.calls[transport] = [(call.rpc, call.at, call.code) for call in admin.calls]

    return wait


day.calls = {}


def main():
    over_floor, over_tcp = one_call()
    with scene.shared():  # entering a world is another matter
        day("direct")()  # imports
        print("a day of polls by flytekit, direct against TCP:")
        over_a_day = ratio(day("direct"), day("tcp"), rounds=DAYS)
    assert day.calls["direct"] == day.calls["tcp"]
    print(f"  {len(day.calls['direct']):,} calls each, the same ones at the same instants")
    return (
        verdict("direct against serializing and parsing", over_floor, 10)
        | verdict("direct against TCP", over_tcp, 1 / 20)
        | verdict("a day of polls, direct against TCP", over_a_day, 1 / 5)
    )


if __name__ == "__main__":
    sys.exit(main())
