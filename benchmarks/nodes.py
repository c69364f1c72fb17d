"""A test of one tree, against the bare RPCs it makes; and what playing a node costs.

The one side is a test as users write them: it scripts a tree, launches it, waits for it by flytekit
and reads its nodes. The other sends the same requests by plain stubs to a fake like it, at the same
virtual times: no flytekit, no world, and nobody waits.

Then trees of 100 nodes, at the top and in sub-workflows, and 1,000 that a dynamic task yields, are
played alone: the time of the engine and of FlyteAdmin's answers to its events, for each node.

At last flytekit reads what dynamic tasks of 100 and of 1,000 nodes yielded, and what it asked is
answered once more, without network and flytekit: the fake's share of it, for each node.
"""

from __future__ import annotations

import statistics
import sys
from contextlib import contextmanager

from measuring import now, ratio, send_all, verdict

from flyte_testkit import VirtualClock, failures, nodes, running, undefined
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

ROUNDS = 9
TREE = nodes.workflow(
    extract=nodes.task(running(60).succeeds(rows=1000)),
    train=nodes.task(
        running(600).fails(failures.preempted()),
        running(540).fails(failures.oom_killed()),
    ),
    report=nodes.task(running(5).succeeds()),
)
TASK = nodes.task(running(60).succeeds(), after=())
WIDE = nodes.workflow(undefined(1), **{f"t{number}": TASK for number in range(100)})
DEEP = nodes.workflow(
    undefined(1),
    **{
        f"s{outer}": nodes.subworkflow(**{f"t{inner}": TASK for inner in range(9)}, after=())
        for outer in range(10)
    },
)


def fan_out(count):
    """Return a script of a dynamic task that yields so many nodes."""
    return nodes.workflow(tune=nodes.dynamic(running(20).yields([TASK] * count)))


def tests_a_tree():
    """Be a test of a tree; return the calls that it took, and the failing node's name."""
    with FakeFlyteAdmin() as admin, governed_by(admin.clock), admin.env():
        etl = admin.on_launch("etl").plays(TREE)
        remote = admin.remote()
        execution = remote.execute(
            remote.fetch_launch_plan(name="etl"), inputs={}, execution_name="etl-1"
        )
        ended = remote.wait(execution)
        assert ended.node_executions["n1"].closure.phase
        assert etl.launches[0].failing.path == "train"
        return admin.calls


def plays(script, count):
    """Return how many seconds a node of a script takes to be played."""
    with FakeFlyteAdmin(clock=VirtualClock(limit=None)) as admin:
        admin.add_execution("run", script, launch_plan="etl")
        admin.clock.advance(24 * 3600)
        began = now()
        launched = admin.lives()
        next(iter(launched))
        return (now() - began) / count


@contextmanager
def read_by_flytekit(count):
    """Give what answers again all that flytekit asks of so many nodes, and how often it asks."""
    with FakeFlyteAdmin() as admin:
        with governed_by(admin.clock), admin.env():
            admin.on_launch("etl").plays(fan_out(count))
            remote = admin.remote()
            plan = remote.fetch_launch_plan(name="etl")
            execution = remote.execute(plan, inputs={}, execution_name="etl-1")
            admin.clock.advance(3600)
            before = len(admin.calls)
            remote.sync_execution(execution, sync_nodes=True)
            assert len(execution.node_executions["n0"].subworkflow_node_executions) == count + 2
        calls = admin.calls[before:]

        def answer():
            for call in calls:
                admin._backend.answer(call.rpc, call.request)  # noqa: SLF001  the fake's share

        yield answer, len(calls)


def main():
    calls = tests_a_tree()
    print(f"{len(calls)} RPCs")

    def bare_rpcs():
        with FakeFlyteAdmin() as admin:
            admin.on_launch("etl").plays(TREE)
            with admin.channel() as channel:
                for call in calls:
                    admin.clock.advance(max(0.0, call.at - admin.clock.elapsed))
                    send_all(channel, [call])

    code = 0
    print("a test of one tree, against plain stubs that send its requests:")
    measured = ratio(tests_a_tree, bare_rpcs, rounds=ROUNDS)
    code |= verdict("a test of one tree", measured, 1.5)
    for what, script, count in (
        ("100 side by side", WIDE, 100),
        ("90 in 10 others", DEEP, 100),
        ("1,000 of a dynamic task", fan_out(1000), 1000),
    ):
        took = statistics.median(plays(script, count) for _ in range(ROUNDS))
        code |= verdict(f"playing a node, {what}", took * 1000, 1, " ms")
    print("reading a node of 1,000 that were yielded (x 10), against one of 100:")
    with read_by_flytekit(1000) as (many, asked), read_by_flytekit(100) as (few, asked_of_few):
        print(f"{asked} and {asked_of_few} RPCs")

        def ten_times():
            for _ in range(10):
                few()

        measured = ratio(many, ten_times, rounds=ROUNDS)
        code |= verdict("reading a node of 1,000 against one of 100", measured, 1.3)
    return code


if __name__ == "__main__":
    sys.exit(main())
