"""The node that made an execution fail: the one whose error went up to it.

Ignorant of why it failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.inside._runs import NodeRuns
from flyte_testkit.inside._values import RunError, error_of
from flyte_testkit.nodes._names import FAILURE_NODE
from flyte_testkit.propeller.phases import NODE_OUTCOMES

if TYPE_CHECKING:
    from flyte_testkit.inside._reader import Reader
    from flyte_testkit.inside._runs import NodeRun

__all__ = ["failing"]


def failing(reader: Reader) -> NodeRun | None:
    """Return the innermost node whose failure the execution carries; None if no node failed.

    Of several that failed it is the one whose error went up; where errors do not tell, the one that
    failed first, and a failure node after all others. A node that has not failed may have one
    inside that did: it is about to, or nobody has told it.
    """
    execution = reader.execution()
    error = None if execution is None else error_of(execution.closure)
    return _leaf(NodeRuns(reader), error)


def _leaf(nodes: NodeRuns, error: RunError | None) -> NodeRun | None:
    parent = nodes.parent
    failed = [run for run in nodes.failed() if parent is None or _of_last_attempt(run, parent)]
    if not failed:
        under_way = (run for run in nodes.values() if run.phase not in NODE_OUTCOMES)
        return next((leaf for run in under_way if (leaf := _leaf(run.nodes, error))), None)
    failed.sort(key=_when)
    culprit = next((run for run in failed if _is_told(run.error, error)), failed[0])
    return _leaf(culprit.nodes, culprit.error) or culprit


def _when(run: NodeRun) -> tuple[bool, int]:
    stamp = run.closure.updated_at
    return run.spec_id == FAILURE_NODE, stamp.ToNanoseconds()


def _is_told(error: RunError | None, above: RunError | None) -> bool:
    """Whether an error is what is told above: the same, or wrapped with a count of attempts."""
    if error is None or above is None:
        return False
    if error.message:
        return error.message in above.message
    return error.code == above.code


def _of_last_attempt(run: NodeRun, parent: NodeRun) -> bool:
    """Whether a node belongs to the last attempt of its parent: earlier ones were got over."""
    attempts = parent.attempts
    return not attempts or run.retry_group in {"", str(attempts[-1].number - 1)}
