"""A day of waiting with flytekit's default poll, against as many bare RPCs.

The one side is everything: the start of the server, 2,880 polls by the real client under the
virtual clock, about 17,300 RPCs. The other sends the same requests by plain stubs, to a server like
it: no flytekit, no world, and nobody waits.

A second bound holds the fake to what flytekit itself costs: the same client makes the same calls as
often, to a plain server that has every reply ready, and no clock. What is left is the fake.

How plain stubs on that plain server compare is printed too, but not judged: most of it is flytekit,
whose interceptors and models cost as much as half an RPC.
"""

from __future__ import annotations

import sys

from flytekit.configuration import Config
from flytekit.remote import FlyteRemote
from measuring import bare_server, ratio, send_all, verdict

from flyte_testkit import SystemClock, running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

DAY = 24 * 3600
ROUNDS = 3


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
    # Replies of the first half, while it runs: those of the end would spare flytekit calls.
    replies = {call.rpc: call.reply for call in [*calls[::-1], *calls[: len(calls) // 2]]}
    polls = sum(call.rpc == "ListNodeExecutions" for call in calls)
    print(f"{len(calls):,} RPCs in {polls:,} polls")

    def bare_rpcs():
        with FakeFlyteAdmin(clock=SystemClock()) as admin:
            admin.add_execution("train", running(DAY).succeeds(auc=0.91))
            with admin.channel() as channel:
                send_all(channel, calls)

    print("a day of waiting, against plain stubs that send its requests to the fake:")
    measured = ratio(wait_a_day, bare_rpcs, rounds=ROUNDS)
    with bare_server(replies) as (channel, endpoint):
        config = Config.for_endpoint(endpoint, insecure=True)
        remote = FlyteRemote(config, "flytesnacks", "development")
        execution = remote.fetch_execution(name="train")

        def polled():
            for _ in range(polls):
                remote.sync_execution(execution, sync_nodes=True)

        print("against flytekit on a plain server:")
        fake = ratio(wait_a_day, polled, rounds=ROUNDS)
        print("flytekit on that server, against plain stubs on it:")
        client = ratio(polled, lambda: send_all(channel, calls), rounds=ROUNDS)
    print(f"against plain stubs there: {fake * client:.2f}, of which flytekit itself {client:.2f}")
    return max(
        verdict("a day of waiting, against bare RPCs", measured, 1.5),
        verdict("a day of waiting, against the same client on a plain server", fake, 1.5),
    )


if __name__ == "__main__":
    sys.exit(main())
