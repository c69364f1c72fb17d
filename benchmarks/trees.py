"""Hold trees of nodes that nobody thought of to both clients, and to what was scripted.

    python benchmarks/trees.py 2000

Each drawn tree is launched on a fake FlyteAdmin of its own, and read at some instants of its play
by flytekit and by our client, with all its nodes. Neither may raise, both must read the nodes and
attempts that the server has, and these must be what the tree says: which attempts a task makes, how
each ends, and that all fits the phase of what is above. The first tree that breaks this is shrunk,
printed as code, and ends the run. Without flytekit only our client reads.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from importlib.util import find_spec

from flyteidl.core import execution_pb2
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from flyte_testkit import VirtualClock, failures, nodes
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.strategies import scripts
from flyte_testkit.world import governed_by

CLIENTS = ("flytekit", "testkit") if find_spec("flytekit") else ("testkit",)
LONGEST = 600
SETTINGS = settings(
    phases=[Phase.generate, Phase.shrink],
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
BATCH = 250
"""Hypothesis remembers every example of a run, so a long run is made of short ones."""

RUN = execution_pb2.WorkflowExecution.Phase.Name
NODE = execution_pb2.NodeExecution.Phase.Name
TASK = execution_pb2.TaskExecution.Phase.Name
ENDED = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}
NOT_BUILT = failures.futures_not_built().of_task.code
LOST = "lost"
"""flytekit has the attempts of a dynamic task's children in the place of its own."""


class Trees:
    """Plays trees, and has both clients read them.

    Args:
        at_the_end: Whether they are read once more when nothing happens any more.

    Attributes:
        counts: How many were ``drawn``, how often one was ``read``, and how many ``nodes`` and
            ``attempts`` were held against what is scripted.
        error: What was raised.
    """

    def __init__(self, *, at_the_end=True):
        self.counts = Counter()
        self.error = None
        self._last = [LONGEST] if at_the_end else []

    def draw(self, count, number=0, within=SETTINGS):
        """Draw so many trees, others for each number; say whether all were read as scripted."""

        @seed(number)
        @settings(within, max_examples=count)
        @given(scripts(nodes=True, max_seconds=LONGEST), st.integers(0, LONGEST))
        def holds(tree, instant):
            self.counts["drawn"] += 1
            self.play(tree, [instant, *self._last])

        try:
            holds()
        except Exception as error:  # noqa: BLE001  whatever is raised is the finding
            self.error = error
        return self.error is None

    def play(self, tree, instants):
        """Play a tree, and read it at these instants."""
        clock = VirtualClock(limit=None)
        with FakeFlyteAdmin(clock=clock, transport="direct") as admin:
            admin.add_execution("run", tree, launch_plan="etl")
            with governed_by(clock), admin.env():
                for instant in instants:
                    clock.advance(max(0.0, instant - clock.elapsed))
                    for client in CLIENTS:
                        self.read(client, admin)
                    self.hold(tree, admin)

    def read(self, client, admin):
        """Read all by a client: it must be what the server has."""
        self.counts["read"] += 1
        remote = admin.remote()
        if client == "testkit":
            config = Config.for_endpoint(admin.endpoint, insecure=True)
            remote = FlyteRemote(config, admin.project, admin.domain)
        run = remote.sync_execution(remote.fetch_execution(name="run"), sync_nodes=True)
        has = on_the_server(admin._backend.store, "run")  # noqa: SLF001  all at once
        read = (RUN(run.closure.phase), as_read(run.node_executions))
        assert read == without_lost(has, read), f"{client} reads {read} of {has}"
        if client == "testkit":
            remote.close()

    def hold(self, tree, admin):
        """Hold what the server has against a tree."""
        phase, found = on_the_server(admin._backend.store, "run")  # noqa: SLF001  as above
        self.hold_all(tree, phase, found, "n", "")

    def hold_all(self, above, phase, found, prefix, path):
        """Hold nodes beside each other against what is scripted."""
        at_the_end = getattr(above, "failure_node", None)
        ids = numbered(above.nodes, prefix)
        known = {ids[name]: node for name, node in above.nodes.items()}
        if at_the_end is not None:
            known["fn0"] = at_the_end[1]
        for id_, node in known.items():
            there = [one for one in found.values() if one["spec"] == id_]
            assert len(there) <= 1, f"{path}{id_} is there twice"
            assert there or phase != "SUCCEEDED" or id_ == "fn0", f"{path}{id_} is not there"
            for one in there:
                self.hold_one(node, one, phase, prefix, f"{path}{id_}")

    def hold_one(self, node, found, above, prefix, path):
        """Hold a node against what is scripted of it."""
        phase, attempts = found["phase"], found["attempts"]
        self.counts["nodes"] += 1
        self.counts["attempts"] += len(attempts)
        assert phase in ENDED or above not in ENDED, f"{path} is {phase} in what is {above}"
        assert phase == "SUCCEEDED" or above != "SUCCEEDED", f"{path} is {phase}"
        if isinstance(node, nodes.Task):
            hold_attempts(node, found, path)
        elif not isinstance(node, nodes.Array):
            assert not attempts, f"{path} has {attempts}"
        if isinstance(node, nodes.LaunchPlan):
            for child, inside in found["launched"].values():
                if isinstance(node.script, nodes.Workflow):
                    self.hold_all(node.script, child, inside, "n", f"{path}.")
        elif isinstance(node, nodes.Branch):
            assert len(found["below"]) == 1 or phase != "SUCCEEDED", f"{path} takes no arm"
            for arm in found["below"].values():
                self.hold_one(node.arm[1], arm, phase, prefix, f"{path}.{arm['spec']}")
        elif node.below():
            prefix = "dn" if isinstance(node, nodes.Dynamic) else prefix
            self.hold_all(node, phase, found["below"], prefix, f"{path}.")


def hold_attempts(node, found, path):
    """Hold the attempts of a task against what is scripted of it."""
    phase, attempts = found["phase"], found["attempts"]
    told = [as_told(one.ending) for one in node.attempts] or ["SUCCEEDED"]
    if found["is_unbound"]:
        told = ["ABORTED"]  # of a task that never was
    assert len(attempts) <= len(told), f"{path}: {attempts} of {told}"
    is_over = bool(attempts) and attempts[-1] in {"SUCCEEDED", "FAILED"}
    over = len(attempts) if is_over else max(0, len(attempts) - 1)
    assert attempts[:over] == told[:over], f"{path}: {attempts} of {told}"
    if phase in {"SUCCEEDED", "FAILED", "TIMED_OUT"}:
        assert attempts == told, f"{path}: {attempts} of {told}"


def as_told(ending):
    """Return the phase of an attempt that ends so."""
    failure = getattr(ending, "failure", None)
    if failure is not None and failure.of_task.code == NOT_BUILT:
        return "SUCCEEDED"  # its task: only what that yielded was not built
    return "ABORTED" if ending.phase == "TIMED_OUT" else ending.phase or "RUNNING"


def numbered(named, prefix):
    """Return the ids of nodes by their names."""
    own = [name for name in named if name.startswith(prefix) and name[len(prefix) :].isdigit()]
    free = (f"{prefix}{number}" for number in range(1000) if f"{prefix}{number}" not in own)
    return {name: name if name in own else next(free) for name in named}


def on_the_server(store, name):
    """Return the phase of an execution, and all its nodes, as the server has them."""
    (run,) = (row for row in store.executions if row.execution_name == name)
    rows = [row for row in store.node_executions if row.execution_name == name]
    tasks = [row for row in store.task_executions if row.execution_name == name]

    def below(parent):
        return {row.node_id: one(row) for row in rows if row.parent_id == parent}

    def one(row):
        closure = row.message.closure
        launched = {}
        if closure.HasField("workflow_node_metadata"):
            child = closure.workflow_node_metadata.executionId.name
            launched[child] = on_the_server(store, child)
        attempts = [task for task in tasks if task.node_id == row.node_id]
        attempts.sort(key=lambda task: task.message.id.retry_attempt)
        return {
            "spec": row.message.metadata.spec_node_id,
            "phase": row.phase,
            "attempts": [task.phase for task in attempts],
            "is_unbound": closure.error.code == "BindingResolutionFailure",
            "below": below(row.id),
            "launched": launched,
        }

    return run.phase, below(None)


def as_read(found):
    """Return nodes as a client has read them, in the same form."""
    return {id_: one_as_read(node) for id_, node in (found or {}).items()}


def one_as_read(node):
    attempts = LOST
    if not any(isinstance(one, list) for one in node.task_executions):
        ordered = sorted(node.task_executions, key=lambda one: one.id.retry_attempt)
        attempts = [TASK(one.closure.phase) for one in ordered]
    error = node.closure.error
    return {
        "spec": node.metadata.spec_node_id,
        "phase": NODE(node.closure.phase),
        "attempts": attempts,
        "is_unbound": bool(error) and error.code == "BindingResolutionFailure",
        "below": as_read(node.subworkflow_node_executions),
        "launched": {
            run.id.name: (RUN(run.closure.phase), as_read(run.node_executions))
            for run in node.workflow_executions
        },
    }


def without_lost(has, read):
    """Return what the server has, without the attempts that a client lost in reading it."""
    return has[0], {id_: _less(one, read[1].get(id_)) for id_, one in has[1].items()}


def _less(one, read):
    if read is None:
        return one
    launched = {
        name: without_lost(run, read["launched"].get(name, ("", {})))
        for name, run in one["launched"].items()
    }
    below = {id_: _less(child, read["below"].get(id_)) for id_, child in one["below"].items()}
    attempts = LOST if read["attempts"] == LOST else one["attempts"]
    return {**one, "attempts": attempts, "below": below, "launched": launched}


def trees(count, *, first=0):
    """Draw so many trees, a batch at a time."""
    drawn = Trees()
    for start in range(0, count, BATCH):
        if not drawn.draw(min(BATCH, count - start), first + start // BATCH):
            break
    return drawn


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=2_000, help="trees (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    drawn = trees(options.count, first=options.seed * 1_000)
    told = ", ".join(f"{count:,} {what}" for what, count in drawn.counts.items())
    print(f"{told}; {', '.join(CLIENTS)}; {time.monotonic() - began:.0f} s")
    if drawn.error is not None:
        traceback.print_exception(drawn.error)
    return 0 if drawn.error is None else 1


if __name__ == "__main__":
    sys.exit(main())
