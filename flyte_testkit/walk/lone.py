"""The one task of an execution whose workflow is only known by its name.

It lives what the execution lives: it begins when that runs, and ends as that ends, with the face of
the error that a task shows, and that which a node does. Where the failure says that an engine tried
more than once, the earlier attempts have failed likewise, at once.

Ignorant of scripts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyte_testkit.failures import Failure
from flyte_testkit.nodes.retries import NOT_OF_TASKS
from flyte_testkit.propeller import wording
from flyte_testkit.propeller.places import END, START, Place
from flyte_testkit.propeller.wording import SYSTEM_RETRIES
from flyte_testkit.walk.failing import Stopped
from flyte_testkit.walk.pods import Pod
from flyte_testkit.walk.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyteidl.core import compiler_pb2, literals_pb2, tasks_pb2, workflow_pb2

    from flyte_testkit.engine.performance import Act
    from flyte_testkit.engine.stage import Stage
    from flyte_testkit.timeline import TaskPhase

__all__ = ["LoneTask", "lone_task"]

_EDGES: Final = frozenset({START, END})
_UNTIL_IT_RUNS: Final[tuple[TaskPhase, ...]] = ("QUEUED", "INITIALIZING", "RUNNING")
_UNKNOWN: Final = Failure("unknown error", code="")  # of a FAILING that says nothing


def lone_task(
    closure: compiler_pb2.CompiledWorkflowClosure, stage: Stage, ending: Failure | None
) -> LoneTask | None:
    """Return the one task of a workflow, inside of an execution; None if there is more to it.

    Args:
        closure: The workflow.
        stage: The execution.
        ending: Why the execution will fail, if it will.
    """
    found = [node for node in closure.primary.template.nodes if node.id not in _EDGES]
    if len(found) != 1 or not found[0].HasField("task_node") or len(closure.tasks) != 1:
        return None
    return LoneTask(stage, found[0], closure.tasks[0].template, ending)


class LoneTask:
    """What stands inside an execution that has one task.

    Args:
        stage: The execution.
        node: The node.
        task: The task that it runs.
        ending: Why the execution will fail, if it will: that says how many attempts there are.
    """

    def __init__(
        self,
        stage: Stage,
        node: workflow_pb2.Node,
        task: tasks_pb2.TaskTemplate,
        ending: Failure | None = None,
    ) -> None:
        target = node.task_node.reference_id
        self._site = Site(stage, node, Place(stage.root, node.id), (node.id,), target=target)
        self._stage = stage
        self._task = task
        self._ending = ending
        self._pod: Pod | None = None  # while an attempt is under way
        self._over = False

    def begins(self, at: datetime) -> Iterator[Act]:
        """Let the node run, and its attempt; those that failed before are over at once."""
        yield self._site.queued(at, self._stage.inputs)
        count = 1 if self._ending is None else self._ending.attempts
        for number in range(count):
            pod = self._pod = Pod(self._site, self._task, number, self._may_be_taken_away(number))
            for phase in _UNTIL_IT_RUNS:
                yield pod.phase(at, phase)
                if phase == "QUEUED" and not number:
                    yield self._site.event(at, "RUNNING")
            if number + 1 < count and self._ending is not None:
                yield pod.failed(at, self._site.error(self._ending.of_task, at, number))

    def _may_be_taken_away(self, number: int) -> bool:
        """Whether the machine of an attempt can be: a stub says nothing, but its launch may."""
        is_system = self._ending is not None and self._ending.budget == "system"
        return self._stage.spec.interruptible.value and not (is_system and number == SYSTEM_RETRIES)

    def succeeds(self, at: datetime, outputs: literals_pb2.LiteralMap) -> Iterator[Act]:
        """Let both have ended well."""
        if (pod := self._pod) is not None:
            self._pod, self._over = None, True
            yield pod.succeeded(at, outputs)
            yield self._site.succeeded(
                at, outputs, pod.number, task_node_metadata=self._site.checkpoint(pod.number)
            )

    def fails(self, at: datetime, failure: Failure | None) -> Iterator[Act]:
        """Let both have failed.

        A node that never ran has no attempt. What no task says of itself the node says, and it
        stops its attempt.
        """
        if self._over:
            return
        pod, self._pod, self._over = self._pod, None, True
        why = failure or _UNKNOWN
        last = why.of_task
        number = why.attempts - 1 if pod is None else pod.number
        error = self._site.error(why, at, number)
        if pod is not None and last.code not in NOT_OF_TASKS:
            yield pod.failed(at, self._site.error(last, at, number))
            yield self._site.event(
                at, "FAILED", error=error, task_node_metadata=self._site.checkpoint(number)
            )
        else:
            is_out_of_time = last.code == wording.node_timed_out().code
            yield self._site.event(
                at,
                "TIMED_OUT" if is_out_of_time else "FAILED",
                error=None if is_out_of_time else error,
            )
            if pod is not None:
                yield pod.aborted(at)

    def times_out(self, at: datetime) -> Iterator[Act]:
        """Let the node have timed out, which stops its attempt."""
        if (pod := self._pod) is not None:
            self._pod, self._over = None, True
            yield self._site.event(at, "TIMED_OUT")
            yield pod.aborted(at)

    def stops(self, at: datetime) -> Iterator[Act]:
        """Let both have been stopped."""
        if (pod := self._pod) is not None:
            self._pod, self._over = None, True
            yield pod.aborted(at)
            yield self._site.aborted(Stopped(at, wording.WORKFLOW_ABORTED))
