"""What happens inside an execution: nodes, and what their tasks' attempts do.

::

    nodes.workflow(
        extract=nodes.task(running(60).succeeds(rows=1000)),
        train=nodes.task(
            nodes.waiting(30, reason="exceeded quota").running(600).fails(failures.preempted()),
            running(540).fails(failures.oom_killed()),
        ),
    ).on_failure(clean_up=nodes.task(running(15).succeeds()))

    nodes.where(train=nodes.subworkflow(fit=nodes.task(running(600).fails("no disk"))))

:func:`workflow` makes up a whole, :func:`where` says what is unusual about a registered one. Kinds
of nodes are :func:`task`, :func:`dynamic`, :func:`array`, :func:`subworkflow`, :func:`branch`,
:func:`gate`, :func:`sleep` and :func:`launch_plan`; :func:`cached` is a task that need not run,
and :func:`flawed` a node of any kind of which clients are told wrongly.
Each node comes after all that are written before it, unless its ``after=`` says otherwise; what a
dynamic task yields begins at once. The positional arguments of a task, or of an array, are its
attempts: plain timelines of ``queued`` and ``running``, or ones that are opened here, by
:func:`waiting`, :func:`queued`, :func:`initializing`, :func:`running` and :data:`immediately`,
which know a task's own phases and their reasons.

All are values: immutable, equal by value, printed as the code that makes them. What no engine could
do is refused where it is written. Write ``nodes.task``, not ``task``: flytekit has words of these
names.

This package is ignorant of FlyteAdmin, of who plays nodes, and of time.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from flyte_testkit.errors import suggests_keywords
from flyte_testkit.nodes._array import Array, array
from flyte_testkit.nodes._cached import Cached, cached
from flyte_testkit.nodes._dynamic import Dynamic, dynamic
from flyte_testkit.nodes._flaw import Flaw
from flyte_testkit.nodes._flawed import flawed
from flyte_testkit.nodes._gate import Gate, Sleep, gate, sleep
from flyte_testkit.nodes._groups import Branch, Subworkflow, branch, subworkflow
from flyte_testkit.nodes._launch_plan import LaunchPlan, launch_plan
from flyte_testkit.nodes._node import Node
from flyte_testkit.nodes._promise import Promise, promise
from flyte_testkit.nodes._task import Task, task
from flyte_testkit.nodes._wholes import Where, Workflow, where, workflow
from flyte_testkit.timeline import Attempt, OpenAttempt

if TYPE_CHECKING:
    from flyte_testkit.timeline import Duration

__all__ = [
    "Array",
    "Attempt",
    "Branch",
    "Cached",
    "Dynamic",
    "Flaw",
    "Gate",
    "LaunchPlan",
    "Node",
    "OpenAttempt",
    "Promise",
    "Sleep",
    "Subworkflow",
    "Task",
    "Where",
    "Workflow",
    "array",
    "branch",
    "cached",
    "dynamic",
    "flawed",
    "gate",
    "immediately",
    "initializing",
    "launch_plan",
    "promise",
    "queued",
    "running",
    "sleep",
    "subworkflow",
    "task",
    "waiting",
    "where",
    "workflow",
]

immediately: Final = OpenAttempt()
"""The opener of attempts that take no time: ``nodes.immediately.succeeds()``."""


@suggests_keywords
def waiting(duration: Duration | None = None, /, *, reason: str = "") -> OpenAttempt:
    """Open an attempt WAITING_FOR_RESOURCES: its pod cannot be made, for a quota say.

    Args:
        duration: Seconds, a ``timedelta`` or polls; none at all: until something else happens.
        reason: What the cluster says; left out, what a real one says of a quota.

    Example:
        >>> waiting(30, reason="exceeded quota: gpu").queued(2).running(600).succeeds()
        nodes.waiting(30, reason='exceeded quota: gpu').queued(2).running(600).succeeds()
    """
    return immediately.waiting(duration, reason=reason)


@suggests_keywords
def queued(duration: Duration | None = None, /, *, reason: str = "") -> OpenAttempt:
    """Open an attempt QUEUED: it is handed to Kubernetes.

    Args:
        duration: Seconds, a ``timedelta`` or polls; none at all: until something else happens.
        reason: What the cluster says; left out, what a real one says.

    Example:
        >>> queued(reason="unschedulable").never_ends()
        nodes.queued(reason='unschedulable').never_ends()
    """
    return immediately.queued(duration, reason=reason)


@suggests_keywords
def initializing(duration: Duration | None = None, /, *, reason: str = "") -> OpenAttempt:
    """Open an attempt INITIALIZING: its containers are made, an image is pulled.

    Args:
        duration: Seconds, a ``timedelta`` or polls; none at all: until something else happens.
        reason: What the cluster says; left out, what a real one says.

    Example:
        >>> initializing(9).running(60).succeeds(rows=9)
        nodes.initializing(9).running(60).succeeds(rows=9)
    """
    return immediately.initializing(duration, reason=reason)


def running(duration: Duration | None = None, /) -> OpenAttempt:
    """Open an attempt RUNNING; inside a task, a plain ``running(60)`` does as well.

    Args:
        duration: Seconds, a ``timedelta`` or polls; none at all: until something else happens.

    Example:
        >>> running(60).times_out()
        nodes.running(60).times_out()
    """
    return immediately.running(duration)


def __getattr__(name: str) -> object:
    """Tell which word was meant."""
    from flyte_testkit.errors import no_such_name  # noqa: PLC0415  only a mistake pays for it

    asker = sys._getframe(1)  # noqa: SLF001  to tell an import from a look
    raise no_such_name(__name__, name, __all__, asker)
