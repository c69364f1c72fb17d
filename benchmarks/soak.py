"""Hold what the strategies draw to those who read it: flytekit's models, and our client's.

    python benchmarks/soak.py 100000

Every strategy of messages draws so many examples. Each is read and written by both, and every
property of our models is read. Nothing may raise, and ours give back the same message. The first
that breaks this is shrunk, printed as code, and ends the run. Without flytekit only our client is
asked.

What ``messages(cls, legal=False)`` draws flytekit is known not to read, some of it: only our client
is asked, and the last column counts those.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Mapping

from flyteidl.admin import execution_pb2, node_execution_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from hypothesis import Phase, given, seed, settings

from flyte_testkit import strategies
from flyte_testkit.client import models
from flyte_testkit.client._model import Model

try:
    from flytekit.models import execution, literals, node_execution, types
    from flytekit.models.admin import task_execution
    from flytekit.models.core import execution as core_execution
    from flytekit.models.core import identifier
except ImportError:  # it is an extra
    FLYTEKIT = {}
else:
    FLYTEKIT = {
        model.__name__: model
        for model in (
            execution.Execution,
            execution.ExecutionClosure,
            node_execution.NodeExecution,
            node_execution.NodeExecutionClosure,
            task_execution.TaskExecution,
            task_execution.TaskExecutionClosure,
            core_execution.ExecutionError,
            identifier.Identifier,
            literals.Literal,
            literals.LiteralMap,
            types.LiteralType,
        )
    }
"""flytekit's model of each message, by the name of the message; none without flytekit."""

LEGAL = {
    "execution_closures": strategies.execution_closures(),
    "executions": strategies.executions(),
    "node_execution_closures": strategies.node_execution_closures(),
    "node_executions": strategies.node_executions(),
    "task_execution_closures": strategies.task_execution_closures(),
    "task_executions": strategies.task_executions(),
    "node_trees": strategies.node_trees(),
    "execution_errors": strategies.execution_errors(),
    "identifiers": strategies.identifiers(),
    "literal_types": strategies.literal_types(),
    "literals": strategies.literals(),
    "literal_maps": strategies.literal_maps(),
}
BROKEN = {
    f"{name}(legal=False)": getattr(strategies, name)(legal=False)
    for name in (
        "execution_closures",
        "executions",
        "node_execution_closures",
        "node_executions",
        "task_execution_closures",
        "task_executions",
    )
}
CLASSES = (
    execution_pb2.Execution,
    node_execution_pb2.NodeExecution,
    task_execution_pb2.TaskExecution,
    core.ExecutionError,
    identifier_pb2.Identifier,
    literals_pb2.Literal,
    types_pb2.LiteralType,
)
ANY = {f"messages({cls.__name__})": strategies.messages(cls) for cls in CLASSES}
UNREAD = {
    f"messages({cls.__name__}, legal=False)": strategies.messages(cls, legal=False)
    for cls in CLASSES
}
STRATEGIES = {**LEGAL, **BROKEN, **ANY, **UNREAD}

SETTINGS = settings(
    phases=[Phase.generate, Phase.shrink],
    database=None,
    deadline=None,
    report_multiple_bugs=False,
)
BATCH = 1_000
"""Hypothesis remembers every example of a run, so a long run is made of short ones."""


class Soak:
    """Draws from a strategy, and lets both readers read what comes.

    Attributes:
        counts: How many were ``drawn``, how many messages that were ``read`` (a tree is many), and
            how many flytekit was not asked about, ``unasked``.
        failing: The message that could not be read, shrunk.
        error: What was raised.
    """

    def __init__(self, name):
        self.strategy = STRATEGIES[name]
        self.readers = {} if name in UNREAD else FLYTEKIT
        self.counts = Counter()
        self.failing = self.error = None

    def draw(self, count, number=0, within=SETTINGS):
        """Draw so many examples, others for each number; say whether all could be read."""

        @seed(number)
        @settings(within, max_examples=count)
        @given(self.strategy)
        def read(drawn):
            self.counts["drawn"] += 1
            for message in messages_of(drawn):
                self.failing = message
                self.read(message)
            self.failing = None

        try:
            read()
        except Exception as error:  # noqa: BLE001  whatever is raised is the finding
            self.error = error
        return self.error is None

    def read(self, message):
        """Let both read a message, and write it."""
        self.counts["read"] += 1
        name = type(message).__name__
        ours = getattr(models, name).from_flyte_idl(message)
        read_all(ours)
        assert ours.to_flyte_idl() == message, "our client's model gives back another message"
        if name in self.readers:
            self.readers[name].from_flyte_idl(message).to_flyte_idl()
        else:
            self.counts["unasked"] += 1


def messages_of(drawn):
    """Yield the messages of what was drawn, which may be a tree of them."""
    if not isinstance(drawn, strategies.NodeTree):
        yield drawn
        return
    yield drawn.execution
    for node in drawn.walk():
        yield node.node
        yield from node.tasks


def read_all(value):
    """Read every property of a model, and of those that it holds."""
    if isinstance(value, Model):
        for name in value._fields:
            read_all(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            read_all(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            read_all(item)


def soak(name, count, *, seed=0, seconds=600.0):
    """Draw from one strategy, a batch at a time, until it is enough or takes too long."""
    until = time.monotonic() + seconds
    soaked = Soak(name)
    for start in range(0, count, BATCH):
        number = seed * 1_000_000 + start // BATCH
        if not soaked.draw(min(BATCH, count - start), number) or time.monotonic() > until:
            break
    return soaked


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "count", nargs="?", type=int, default=100_000, help="examples of each (%(default)s)"
    )
    parser.add_argument("--only", choices=STRATEGIES, action="append", help="may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600, help="for each (%(default)s)")
    options = parser.parse_args()
    if not FLYTEKIT:
        print("Without flytekit only our client reads.")
    print(f"{'':40} {'drawn':>8} {'messages':>9} {'unasked':>8} {'s':>6}")
    for name in options.only or STRATEGIES:
        began = time.monotonic()
        soaked = soak(name, options.count, seed=options.seed, seconds=options.seconds)
        counts, took = soaked.counts, time.monotonic() - began
        print(
            f"{name:40} {counts['drawn']:8,} {counts['read']:9,} {counts['unasked']:8,}"
            f" {took:6.0f}",
            flush=True,
        )
        if soaked.error is not None:
            traceback.print_exception(soaked.error)
            if soaked.failing is not None:
                print(strategies.as_code(soaked.failing))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
