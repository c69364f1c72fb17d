"""Executions that failed because a node did, for a reason that is no task's.

The engine passes these on as they are. Ignorant of whether there is such a node: its
id is a text like any other.
"""

from __future__ import annotations

from flyte_testkit.errors import TimelineError, shown, suggests_keywords
from flyte_testkit.failures._failure import Failure, check_text, engines, spelled
from flyte_testkit.failures._tasks import user_error
from flyte_testkit.propeller import wording

__all__ = [
    "approval_refused",
    "binding_failed",
    "child_aborted",
    "child_failed",
    "conditional_failed",
    "futures_not_built",
    "node_aborted",
    "node_timed_out",
]


@suggests_keywords
def approval_refused() -> Failure:
    """Return the failure of an execution whose approval was asked for, and refused.

    Code ``ReceivedRejectSignal``, kind ``USER``.

    Example:
        >>> approval_refused().message
        'received a reject signal to disapprove the node input values'
    """
    return spelled(engines(wording.approval_refused()), approval_refused)


@suggests_keywords
def binding_failed(
    *,
    node: str = "n1",
    variable: str = "a",
    upstream: str = "n0",
    cause: str = "index [0] is out of range of []",
) -> Failure:
    """Return the failure of an execution in which a node asked for what its input does not hold.

    As ``rows[0]`` where an upstream task returned no rows. It is final. Code
    ``BindingResolutionFailure``, kind ``SYSTEM``.

    Args:
        node: The id of the node that could not start.
        variable: Its input.
        upstream: The id of the node whose output was asked; ``start-node`` for inputs of the
            workflow.
        cause: What was wrong with the output.

    Example:
        >>> print(binding_failed().message)
        failed at Node[n1]. BindingResolutionError: Error binding Var [wf].[a], caused by: failed at Node[n0]. PromiseAttributeResolveError: index [0] is out of range of []
    """  # noqa: E501  a line of output
    failure = engines(wording.binding_failed(node, variable, upstream, cause))
    said = {"node": node, "variable": variable, "upstream": upstream, "cause": cause}
    return spelled(failure, binding_failed, **said)


@suggests_keywords
def child_failed(*, failure: Failure | None = None, child: str | None = None) -> Failure:
    """Return the failure of an execution that launched another one, which failed.

    It is the child's, word for word: code, kind and message, names of the child's pods included.

    Args:
        failure: Why the child failed; left out, a :func:`user_error`.
        child: The child's name, for its pods. Left out, they are named after the parent's.

    Example:
        >>> from flyte_testkit import failures
        >>> child = child_failed(failure=failures.oom_killed(), child="f1")
        >>> child.code, "[f1-n0-0]" in child.message
        ('RetriesExhausted|OOMKilled', True)
    """
    if failure is not None and not isinstance(failure, Failure):
        raise TimelineError(
            f"child_failed(failure={shown(failure)}): a child fails with a failure."
            f"\nWrite failures.user_error(message={shown(str(failure))})."
        )
    theirs = failure or user_error()
    if child is not None:
        theirs = theirs.worded_for(check_text("the name of a child", child))
    same = Failure(theirs.message, code=theirs.code, kind=theirs.kind)
    return spelled(same, child_failed, failure=failure, child=child)


@suggests_keywords
def child_aborted(*, node: str = "n0", child: str = "{node.child}") -> Failure:
    """Return the failure of an execution that launched another one, which somebody terminated.

    The parent fails; it is not aborted. Code ``RemoteChildWorkflowExecutionFailed``, kind ``USER``.

    Args:
        node: The id of the node that launched the child.
        child: The child's name; by default the one that an engine gives.

    Example:
        >>> print(child_aborted().worded_for("nightly-1").message)
        failed at Node[n0]. RemoteChildWorkflowExecutionFailed: launchplan [nightly-1-n0-0] aborted, caused by: launchplan execution aborted
    """  # noqa: E501  a line of output
    failure = engines(wording.child_aborted(node, child))
    return spelled(failure, child_aborted, node=node, child=child)


@suggests_keywords
def conditional_failed(*, message: str = "no case fits") -> Failure:
    """Return the failure of an execution that came to the ``.fail(…)`` of a conditional.

    Code ``UserProvidedError``, kind ``USER``.

    Args:
        message: What the workflow passes to ``.fail``.

    Example:
        >>> conditional_failed(message="too small").message
        '[UserProvidedError] too small'
    """
    failure = engines(wording.conditional_failed(message))
    return spelled(failure, conditional_failed, message=message)


@suggests_keywords
def futures_not_built(
    *,
    cause: str = "incorrectly specified launchplan flytesnacks:development:train:v1, caused by:"
    " not found",
) -> Failure:
    """Return the failure of an execution whose dynamic task yielded what is no workflow.

    The attempt of the task has ended well; its node fails, and nothing is tried again. Code
    ``DynamicWorkflowBuildFailed``, kind ``USER``.

    Args:
        cause: What is wrong with it, as that it names a launch plan that there is not.

    Example:
        >>> futures_not_built(cause="no such task").message
        '[User] no such task'
    """
    failure = engines(wording.futures_not_built(cause))
    return spelled(failure, futures_not_built, cause=cause)


@suggests_keywords
def node_timed_out() -> Failure:
    """Return the failure of an execution in which a task with retries took longer than it may.

    However many retries are left, the node is TIMED_OUT after twice its timeout, without an error
    of its own. The execution is FAILED. Without retries see :func:`timeout_expired`. Code
    ``Timeout``, kind ``USER``.

    Example:
        >>> node_timed_out()
        failures.node_timed_out()
        >>> node_timed_out().message
        'Timeout in node'
    """
    return spelled(engines(wording.node_timed_out()), node_timed_out)


@suggests_keywords
def node_aborted(*, reason: str = wording.WORKFLOW_ABORTED) -> Failure:
    """Return the error of a node that the engine stopped: it is no execution's.

    Code ``NodeAborted``, kind ``UNKNOWN``. An execution that was terminated has no error at all.

    Args:
        reason: ``Workflow aborted.`` if the execution was terminated; if another node failed
            ``Some node execution failed, auto-abort.``, inside a sub-workflow ``subworkflow
            failed``, inside a dynamic workflow ``Dynamic workflow failed``.

    Example:
        >>> node_aborted().kind
        'UNKNOWN'
    """
    return spelled(engines(wording.node_aborted(reason)), node_aborted, reason=reason)
