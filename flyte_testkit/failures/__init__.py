"""Errors of executions, worded as a real engine words them.

A :class:`Failure` is what FlyteAdmin shows as ``closure.error``: a message, a code and a kind. The
functions of this module make those that clusters really produce, so that code under test which
looks for ``"OOMKilled"`` meets the very text that it meets in production. Each function's words
come from a recorded run, and are those of the *execution's* error: where the engine wraps what a
task reported, they are wrapped. The attempt of a task that fails so says ``failure.of_task``, and
its node ``failure.of_node(retries)``.

================================ ======================================== =======
what happened                    code                                     kind
================================ ======================================== =======
:func:`approval_refused`         ``ReceivedRejectSignal``                 USER
:func:`bad_image`                ``ContainersNotReady|InvalidImageName``  USER
:func:`binding_failed`           ``BindingResolutionFailure``             SYSTEM
:func:`child_aborted`            ``RemoteChildWorkflowExecutionFailed``   USER
:func:`child_failed`             the child's own                          its own
:func:`conditional_failed`       ``UserProvidedError``                    USER
:func:`futures_not_built`        ``DynamicWorkflowBuildFailed``           USER
:func:`map_item_failed`          none                                     UNKNOWN
:func:`node_aborted`             ``NodeAborted``                          UNKNOWN
:func:`node_timed_out`           ``Timeout``                              USER
:func:`oom_killed`               ``RetriesExhausted|OOMKilled``           USER
:func:`outputs_not_found`        ``RetriesExhausted|OutputsNotFound``     USER
:func:`pod_deleted`              ``RetriesExhausted|ResourceDeleted…``    USER
:func:`preempted`                ``RetriesExhausted|Interrupted``         USER
:func:`process_died`             ``RetriesExhausted|Interrupted``         USER
:func:`recoverable`              ``RetriesExhausted|USER:Recoverable``    USER
:func:`retries_exhausted`        ``RetriesExhausted|`` and the last code  USER
:func:`system_error`             ``SYSTEM``                               SYSTEM
:func:`timeout_expired`          ``RetriesExhausted|TimeoutExpired``      USER
:func:`user_error`               ``USER:RuntimeError``                    USER
================================ ======================================== =======

To add one: a function beside its kin, in ``_tasks`` or ``_nodes``, and its name here. All can be
called without arguments, and the one-line form of a timeline calls them by name.

This package is ignorant of timelines, time and protobuf.
"""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from flyte_testkit.failures._calls import made_by
from flyte_testkit.failures._failure import KINDS as KINDS
from flyte_testkit.failures._failure import USER_ERROR as USER_ERROR
from flyte_testkit.failures._failure import ErrorKind, Failure
from flyte_testkit.failures._nodes import (
    approval_refused,
    binding_failed,
    child_aborted,
    child_failed,
    conditional_failed,
    futures_not_built,
    node_aborted,
    node_timed_out,
)
from flyte_testkit.failures._tasks import (
    bad_image,
    map_item_failed,
    oom_killed,
    outputs_not_found,
    pod_deleted,
    preempted,
    process_died,
    recoverable,
    retries_exhausted,
    system_error,
    timeout_expired,
    user_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "BUILDERS",
    "ErrorKind",
    "Failure",
    "approval_refused",
    "bad_image",
    "binding_failed",
    "child_aborted",
    "child_failed",
    "conditional_failed",
    "futures_not_built",
    "map_item_failed",
    "node_aborted",
    "node_timed_out",
    "oom_killed",
    "outputs_not_found",
    "parse",
    "pod_deleted",
    "preempted",
    "process_died",
    "recoverable",
    "retries_exhausted",
    "system_error",
    "timeout_expired",
    "user_error",
]

BUILDERS: Final[Mapping[str, Callable[..., Failure]]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            approval_refused,
            bad_image,
            binding_failed,
            child_aborted,
            child_failed,
            conditional_failed,
            futures_not_built,
            map_item_failed,
            node_aborted,
            node_timed_out,
            oom_killed,
            outputs_not_found,
            pod_deleted,
            preempted,
            process_died,
            recoverable,
            retries_exhausted,
            system_error,
            timeout_expired,
            user_error,
        )
    }
)
"""The functions that make failures, by name; each may be called without arguments."""


def __getattr__(name: str) -> object:
    """Tell which failure was meant."""
    from flyte_testkit.errors import no_such_name  # noqa: PLC0415  only a mistake pays for it

    asker = sys._getframe(1)  # noqa: SLF001  to tell an import from a look
    raise no_such_name(__name__, name, __all__, asker)


def parse(call: str) -> Failure:
    """Return the failure that a call of this module makes, written as its ``repr`` prints it.

    No code is run. The one-line form of timelines is read so.

    Raises:
        TimelineError: There is no such function, or it cannot be called so.

    Example:
        >>> parse("failures.process_died(exit_code=3)")
        failures.process_died(exit_code=3)
        >>> parse("oom_kiled()")
        Traceback (most recent call last):
        ...
        flyte_testkit.errors.TimelineError: 'oom_kiled' is not a named failure. Did you mean 'oom_killed'?
    """  # noqa: E501  a line of output
    return made_by(call, {**BUILDERS, "Failure": Failure})
