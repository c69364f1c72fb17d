"""Executions that failed because a task did.

An engine passes on what a task of the user reports as it is, and wraps what was tried as often as
is allowed (:mod:`~flyte_testkit.propeller.wording`). Ignorant of how pods are named: ``{pod}``
stands for that until the execution is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.errors import TimelineError, shown, suggests_keywords
from flyte_testkit.failures._failure import USER_ERROR, Failure, check_text, engines, spelled
from flyte_testkit.failures._texts import exception_text, go_duration, seconds_of, whole
from flyte_testkit.propeller import wording
from flyte_testkit.propeller.wording import SYSTEM_RETRIES, Worded

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = [
    "bad_image",
    "map_item_failed",
    "oom_killed",
    "outputs_not_found",
    "pod_deleted",
    "preempted",
    "process_died",
    "recoverable",
    "retries_exhausted",
    "system_error",
    "timeout_expired",
    "user_error",
]

_LAST_POD = f"{{pod.{SYSTEM_RETRIES}}}"  # attempts are counted from 0


@suggests_keywords
def user_error(
    *,
    message: str = "something is wrong",
    exception: str = "ValueError",
    function: str = "train",
) -> Failure:
    """Return the failure of an execution in which a task raised a Python exception.

    It is final: the engine retries only ``FlyteRecoverableException``, see
    :func:`recoverable`. Code ``USER:RuntimeError`` whatever the exception's class, kind
    ``USER``.

    Args:
        message: What the exception says.
        exception: Its class, with its module unless that is built in.
        function: The task function, for the traceback.

    Example:
        >>> print(user_error(message="bad number 2").message)
        Trace:
        <BLANKLINE>
            Traceback (most recent call last):
              File "/root/workflow.py", line 7, in train
            ValueError: bad number 2
        <BLANKLINE>
        Message:
        <BLANKLINE>
            ValueError: bad number 2
    """
    text = _exception(exception, message, function)
    said = {"message": message, "exception": exception, "function": function}
    return spelled(Failure(text, code=USER_ERROR), user_error, **said)


@suggests_keywords
def system_error(
    *,
    message: str = "the inputs cannot be read",
    exception: str = "OSError",
    function: str = "train",
) -> Failure:
    """Return the failure of an execution in which flytekit itself failed inside a task.

    As when it cannot read the inputs. It is final. Code ``SYSTEM``, kind ``SYSTEM``.

    Args:
        message: What the exception says.
        exception: Its class, with its module unless that is built in.
        function: Where it was raised, for the traceback.

    Example:
        >>> system_error().kind
        'SYSTEM'
        >>> system_error().message.endswith("OSError: the inputs cannot be read")
        True
    """
    text = _exception(exception, message, function)
    said = {"message": message, "exception": exception, "function": function}
    return spelled(Failure(text, code="SYSTEM", kind="SYSTEM"), system_error, **said)


@suggests_keywords
def recoverable(
    message: str = "try again", *, attempts: int = 1, function: str = "train"
) -> Failure:
    """Return the failure of an execution whose task raised ``FlyteRecoverableException``.

    It is the one Python exception that an engine retries. The task says ``USER:Recoverable``; code
    ``RetriesExhausted|USER:Recoverable``, kind ``USER``.

    Args:
        message: What the exception says.
        attempts: The retries of the task and one more; all failed so.
        function: The task function, for the traceback.

    Example:
        >>> recoverable("no lock")
        failures.recoverable('no lock')
        >>> recoverable("no lock").code, recoverable("no lock").of_task.code
        ('RetriesExhausted|USER:Recoverable', 'USER:Recoverable')
        >>> recoverable("no lock").message.splitlines()[-1]
        '    FlyteRecoverableException: USER:Recoverable: error=no lock'
    """
    failure = _exhausted(_recoverable(message, function), attempts)
    said = {"message": message, "attempts": attempts, "function": function}
    return spelled(failure, recoverable, **said)


@suggests_keywords
def retries_exhausted(*, last: Failure | None = None, attempts: int = 3) -> Failure:
    """Return the failure of an execution in which the last attempt failed that was allowed.

    Code ``RetriesExhausted|`` and that of the last attempt, kind ``USER`` whatever the last one's.

    Args:
        last: What the last attempt reported. Left out, the task raised
            ``FlyteRecoverableException("try again")``, whose code is ``USER:Recoverable``.
        attempts: What the message counts. For failures of the user: the retries of the task and one
            more. For those of the system: the engine's maximum, 3, although it makes 4 attempts.

    Example:
        >>> retries_exhausted().code
        'RetriesExhausted|USER:Recoverable'
        >>> retries_exhausted(last=Failure("no lock", code="USER:NotReady"), attempts=5)
        failures.retries_exhausted(last=failures.Failure('no lock', code='USER:NotReady'), attempts=5)
        >>> retries_exhausted(last=Failure("no lock")).message
        '[3/3] currentAttempt done. Last Error: USER::no lock'
    """  # noqa: E501  a line of output
    if last is not None and not isinstance(last, Failure):
        raise TimelineError(
            f"retries_exhausted(last={shown(last)}): the last attempt reported a failure."
            f"\nWrite failures.Failure({shown(str(last))})."
        )
    return spelled(
        _exhausted(_recoverable() if last is None else last.of_task, attempts),
        retries_exhausted,
        last=last,
        attempts=attempts,
    )


@suggests_keywords
def oom_killed(*, attempts: int = 1) -> Failure:
    r"""Return the failure of an execution whose task was killed for its memory.

    Code ``RetriesExhausted|OOMKilled``, kind ``USER``: more memory is the user's to ask for. Out
    of memory looks different where Kubernetes does not notice: a child process that was killed ends
    as :func:`process_died` with exit code 137, or as :func:`outputs_not_found`.

    Args:
        attempts: The retries of the task and one more; all were killed.

    Example:
        >>> oom_killed()
        failures.oom_killed()
        >>> oom_killed().code
        'RetriesExhausted|OOMKilled'
        >>> oom_killed().worded_for("nightly-1").message.splitlines()[1]
        '[nightly-1-n0-0] terminated with exit code (137). Reason [OOMKilled]. Message: '
    """
    whole(attempts, "oom_killed(attempts=…)", least=1)
    pod = "{pod}" if attempts == 1 else f"{{pod.{attempts - 1}}}"
    last = engines(wording.oom_killed(pod))
    return spelled(_exhausted(last, attempts), oom_killed, attempts=attempts)


@suggests_keywords
def process_died(*, exit_code: int = 1, reason: str = "Error") -> Failure:
    """Return the failure of an execution whose process kept dying without a word.

    The engine takes it for the system's fault and makes four attempts, even of a task without
    retries. Code ``RetriesExhausted|Interrupted``, kind ``USER`` all the same.

    Args:
        exit_code: Of the last process: 137 if it was killed, 139 for a segmentation fault.
        reason: What Kubernetes says.

    Example:
        >>> process_died(exit_code=3).worded_for("nightly-1").message.splitlines()[1]
        '[nightly-1-n0-3] terminated with exit code (3). Reason [Error]. Message: '
    """
    whole(exit_code, "process_died(exit_code=…)", least=0)
    check_text("the reason of Kubernetes", reason)
    last = engines(wording.process_died(_LAST_POD, exit_code, reason))
    failure = _exhausted(last, SYSTEM_RETRIES)
    return spelled(failure, process_died, exit_code=exit_code, reason=reason)


@suggests_keywords
def preempted(
    *, message: str = "Pod Node is in progress of shutting down, not admitting any new pods"
) -> Failure:
    """Return the failure of an execution whose pods lost their machines, four times in a row.

    As spot instances do. Usually a later attempt works, and the execution does not fail at all.
    Code ``RetriesExhausted|Interrupted``, kind ``USER``.

    Args:
        message: What Kubernetes says of the pod.

    Example:
        >>> preempted().message[:54]
        '[3/3] currentAttempt done. Last Error: SYSTEM::Pod Nod'
    """
    last = engines(wording.interrupted(message))
    return spelled(_exhausted(last, SYSTEM_RETRIES), preempted, message=message)


@suggests_keywords
def pod_deleted() -> Failure:
    """Return the failure of an execution whose pods somebody deleted, four times in a row.

    Code ``RetriesExhausted|ResourceDeletedExternally``, kind ``USER``.

    Example:
        >>> print(pod_deleted().worded_for("nightly-1").message.partition("::")[2])
        resource not found, name [flytesnacks-development/nightly-1-n0-3]. reason: pods "nightly-1-n0-3" not found
    """  # noqa: E501  a line of output
    last = engines(wording.pod_deleted("{pod.namespace}", _LAST_POD))
    return spelled(_exhausted(last, SYSTEM_RETRIES), pod_deleted)


@suggests_keywords
def bad_image(*, containers: str = "x") -> Failure:
    """Return the failure of an execution whose task has an image name that is none.

    It is final, and not wrapped. Code ``ContainersNotReady|InvalidImageName``, kind ``USER``.

    Args:
        containers: What stands in brackets: the containers of the pod. In the recorded run it was
            called x; flytekit calls it as the pod, which is ``"{pod}"`` here.

    Example:
        >>> bad_image().message
        'containers with unready status: [x]|Failed to apply default image tag'
    """
    check_text("the containers of a pod", containers)
    return spelled(engines(wording.bad_image(containers)), bad_image, containers=containers)


@suggests_keywords
def outputs_not_found() -> Failure:
    """Return the failure of an execution whose task ended well and wrote no outputs.

    Code ``RetriesExhausted|OutputsNotFound``, kind ``USER``; the task says ``UNKNOWN``.

    Example:
        >>> outputs_not_found().message[4:]
        '] currentAttempt done. Last Error: UNKNOWN::Outputs not generated by task execution'
    """
    return spelled(_exhausted(engines(wording.outputs_not_found()), 1), outputs_not_found)


@suggests_keywords
def timeout_expired(*, after: float | timedelta = 3600) -> Failure:
    """Return the failure of an execution whose task, or gate, took longer than it may.

    So fail tasks without retries, and gates and approvals that nobody answers; what a task with
    retries does is :func:`node_timed_out`. The execution is FAILED, not TIMED_OUT. Code
    ``RetriesExhausted|TimeoutExpired``, kind ``USER``.

    Args:
        after: The timeout, in seconds or as a ``timedelta``.

    Example:
        >>> timeout_expired(after=6).message
        '[1/1] currentAttempt done. Last Error: USER::task execution timeout [6s] expired'
    """
    seconds = seconds_of(after, "timeout_expired(after=…)")
    last = engines(wording.timeout_expired(go_duration(seconds)))
    return spelled(_exhausted(last, 1), timeout_expired, after=seconds)


@suggests_keywords
def map_item_failed(
    *,
    index: int = 0,
    message: str = "something is wrong",
    exception: str = "ValueError",
    function: str = "train",
) -> Failure:
    """Return the failure of an execution in which an item of a map task raised an exception.

    It has no code at all, and the kind ``UNKNOWN``. The message names only items that failed in the
    very last moment, even if others had failed before.

    Args:
        index: Which item, counted from 0.
        message: What the exception says.
        exception: Its class, with its module unless that is built in.
        function: The task function, for the traceback.

    Example:
        >>> map_item_failed(index=1, message="two is bad").message[:11]
        '[1]: Trace:'
        >>> map_item_failed().code
        ''
    """
    whole(index, "map_item_failed(index=…)", least=0)
    text = _exception(exception, message, function)
    return spelled(
        engines(wording.item_failed(index, text)),
        map_item_failed,
        index=index,
        message=message,
        exception=exception,
        function=function,
    )


def _recoverable(message: str = "try again", function: str = "train") -> Failure:
    check_text("the message of an exception", message)
    said = f"USER:Recoverable: error={message}"  # flytekit's exception says its own code
    text = _exception("flytekit.exceptions.user.FlyteRecoverableException", said, function)
    return Failure(text, code="USER:Recoverable")


def _exhausted(last: Failure, attempts: int) -> Failure:
    whole(attempts, "attempts", least=1)
    return engines(wording.exhausted(Worded(last.message, last.code, last.kind), attempts))


def _exception(exception: str, message: str, function: str) -> str:
    for what, value in (("message", message), ("class", exception)):
        check_text(f"the {what} of an exception", value)
    return exception_text(exception, message, check_text("the name of a function", function))
