"""Examples of a property test that launches, waits and reads, against the bare RPCs they make.

    python benchmarks/examples.py --seed 7

Each of 200 examples has a clean server and a fresh ``FlyteRemote``, in one world. flytekit fetches
a launch plan, executes it, waits for its end and reads what came of it, with all of Hypothesis's
health checks on. On the other side plain stubs send the same requests to as many clean servers: no
Hypothesis, no flytekit, no world, and nobody waits.

A second bound holds the fake to what flytekit itself costs: the same client makes the same calls as
often, to a plain server of each example that has every reply ready.

How plain stubs on plain servers compare is printed too, but not judged: a fresh ``FlyteRemote``
costs more than the RPCs that an example needs, whatever the server. That a seed makes the same
calls each time is checked.
"""

from __future__ import annotations

import argparse
import hashlib
import sys

from flytekit.configuration import Config, PlatformConfig
from flytekit.remote import FlyteRemote
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from measuring import bare_server, ratio, send_all, verdict

from flyte_testkit import VirtualClock, laws
from flyte_testkit.strategies import timelines
from flyte_testkit.world import governed_by

EXAMPLES = 200
ROUNDS = 5
OUTPUTS = st.fixed_dictionaries({"auc": st.floats(0, 1)})


def launch(remote):
    """Fetch a launch plan and execute it; named, since flytekit's own names follow no seed."""
    plan = remote.fetch_launch_plan(name="nightly", version="v1")
    return remote.execute(plan, inputs={"day": "2024-03-10"}, execution_name="nightly-1")


def prepare(admin, timeline):
    """Register the launch plan, and script its next launch."""
    admin.register("nightly", inputs={"day": str}, outputs={"auc": float})
    admin.on_launch("nightly").plays(timeline)


def read(execution):
    """Read what came of it."""
    return execution.error or dict(execution.outputs.items())


def run_examples(number):
    """Run the examples of a seed; return the timeline of each, and its calls."""
    examples = []

    @seed(number)
    @settings(max_examples=EXAMPLES, phases=[Phase.generate], database=None, deadline=None)
    @given(timelines(outputs=OUTPUTS))
    def tells_how_it_ended(timeline):
        with laws.backend(transport="tcp") as admin:
            prepare(admin, timeline)
            remote = admin.remote()
            read(remote.wait(launch(remote)))
            examples.append((timeline, admin.calls))

    with governed_by(VirtualClock()):
        tells_how_it_ended()
    return examples


class Bare:
    """The same calls, as others would make them."""

    def __init__(self, examples):
        self.scripted = examples
        self.examples = [calls for _, calls in examples]
        self.calls = [call for calls in self.examples for call in calls]
        # While an execution runs: that of one that has ended would spare flytekit calls.
        longest = max(self.examples, key=len)
        self.replies = {call.rpc: call.reply for call in longest[: len(longest) // 2]}

    def fakes(self):
        """Send all requests by plain stubs, to a fake of each example."""
        for timeline, calls in self.scripted:
            with laws.backend(transport="tcp") as admin:
                prepare(admin, timeline)
                with admin.channel() as channel:
                    send_all(channel, calls)

    def one_server(self):
        """Send all requests by plain stubs to one server."""
        with bare_server(self.replies) as (channel, _):
            send_all(channel, self.calls)

    def servers(self):
        """Send them by plain stubs, to a server of each example."""
        for calls in self.examples:
            with bare_server(self.replies) as (channel, _):
                send_all(channel, calls)

    def flytekit(self):
        """Let flytekit make the same calls, to a server of each example."""
        for calls in self.examples:
            with bare_server(self.replies) as (_, endpoint):
                remote = FlyteRemote(
                    Config(PlatformConfig(endpoint=endpoint, insecure=True)),
                    "flytesnacks",
                    "development",
                )
                execution = launch(remote)
                for _ in range(sum(call.rpc == "ListNodeExecutions" for call in calls)):
                    remote.sync_execution(execution, sync_nodes=True)


def digest(calls):
    """A short name for what was asked and answered, and when."""
    hashed = hashlib.sha256()
    for call in calls:
        hashed.update(f"{call.at} {call.rpc} {call.code}".encode())
        hashed.update(call.request.SerializeToString(deterministic=True))
        if call.reply is not None:
            hashed.update(call.reply.SerializeToString(deterministic=True))
    return hashed.hexdigest()[:16]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    number = parser.parse_args().seed
    bare, again = Bare(run_examples(number)), Bare(run_examples(number))
    print(f"seed {number}: {len(bare.examples)} examples, {len(bare.calls):,} calls")
    same = digest(bare.calls) == digest(again.calls)
    print("run again, the seed makes " + ("the same calls" if same else "OTHER CALLS"))
    print("the examples, against plain stubs that send their requests to fakes:")
    measured = ratio(lambda: run_examples(number), bare.fakes, rounds=ROUNDS)
    print("against flytekit on a plain server for each example:")
    fake = ratio(lambda: run_examples(number), bare.flytekit, rounds=ROUNDS)
    print("flytekit there, against plain stubs on as many plain servers:")
    client = ratio(bare.flytekit, bare.servers, rounds=ROUNDS)
    print("those, against plain stubs on one plain server:")
    servers = ratio(bare.servers, bare.one_server, rounds=ROUNDS)
    print(
        f"against plain stubs there: {fake * client:.2f}, and on one server"
        f" {fake * client * servers:.2f}, of which flytekit itself {client:.2f}"
        f" and fresh servers {servers:.2f}"
    )
    bound = max(
        verdict(f"{EXAMPLES} examples, against the bare RPCs they make", measured, 2),
        verdict(f"{EXAMPLES} examples, against those of the same client", fake, 2),
    )
    return bound if same else 1


if __name__ == "__main__":
    sys.exit(main())
