"""A day of waiting with flytekit's default poll, against as many bare RPCs.

The fake's side is everything: start, launch, 2,880 polls by the real client under the virtual
clock, its models and interceptors included. The bare side sends the very same requests by plain
stubs to a plain server that has every reply ready.

For a second ratio the same client, flytekit, polls the plain server as often: what the toolkit
itself adds to a client that is not ours.
"""

from __future__ import annotations

import sys

from flyteidl.service import admin_pb2_grpc
from flytekit.configuration import Config
from flytekit.remote import FlyteRemote
from measuring import bare_server, ratio, verdict

from flyte_testkit import running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

DAY = 24 * 3600
ROUNDS = 5


def wait_a_day():
    """Wait for an execution of a day; return the calls that it took."""
    with FakeFlyteAdmin() as admin, governed_by(admin.clock), admin.env():
        admin.add_execution("train", running(DAY).succeeds(auc=0.91))
        remote = admin.remote()
        remote.wait(remote.fetch_execution(name="train"))
        assert admin.clock.elapsed == DAY
        return admin.calls


def main():
    calls = wait_a_day()
    polls = sum(call.rpc == "GetExecutionData" for call in calls)
    # While it runs; the last replies, of the finished one, would end flytekit's polls.
    replies = {call.rpc: call.reply for call in calls[: len(calls) // 2]}
    print(f"{len(calls):,} RPCs, {polls:,} polls")
    with bare_server(replies) as (channel, _):
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        send = {rpc: getattr(stub, rpc) for rpc in replies}

        def bare():
            for call in calls:
                send[call.rpc](call.request, timeout=60)

        print("against bare RPCs:")
        measured = ratio(wait_a_day, bare, rounds=ROUNDS)

    with bare_server(replies) as (_, endpoint):
        config = Config.for_endpoint(endpoint, insecure=True)
        remote = FlyteRemote(config, "flytesnacks", "development")
        execution = remote.fetch_execution(name="train")

        def polled():
            for _ in range(polls):
                remote.sync_execution(execution, sync_nodes=True)

        print("against flytekit on a bare server:")
        client = ratio(wait_a_day, polled, rounds=ROUNDS)
    print(f"a day of waiting, against flytekit on a bare server: {client:.2f}")
    return verdict("a day of waiting, against as many bare RPCs", measured, 1.5)


if __name__ == "__main__":
    sys.exit(main())
