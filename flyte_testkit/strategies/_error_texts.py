"""Errors as real clusters word them: the texts that people's code greps for.

A table and nothing else. Most of it comes from :mod:`flyte_testkit.failures`.
Ignorant of Hypothesis.
"""

from __future__ import annotations

from typing import Final

from flyte_testkit import failures
from flyte_testkit.propeller.wording import EXHAUSTED

__all__ = ["CODES", "LAUNCH_CODES", "REALISTIC", "WRAPPERS"]

CODES: Final = (
    "USER:RuntimeError",
    "USER:ValueError",
    "USER:Recoverable",
    "USER:NotReady",
    "USER:Unknown",
    "USER",
    "SYSTEM",
    "SYSTEM:Unknown",
    "OOMKilled",
    "Error",
    "Interrupted",
    "Evicted",
    "ResourceDeletedExternally",
    "OutputsNotFound",
    "ContainersNotReady|ImagePullBackOff",
    "ContainersNotReady|ErrImagePull",
    "ContainersNotReady|InvalidImageName",
    "CreateContainerConfigError",
    "TaskFailedUnknownError",
    "TimeoutExpired",
    "Timeout",
    "UserProvidedError",
    "BindingResolutionFailure",
    "DynamicWorkflowBuildFailed",
    "RemoteChildWorkflowExecutionFailed",
    "ReceivedRejectSignal",
    "NodeAborted",
    "Workflow abort failed",
    "",
)
"""Codes without a wrapper, the commonest first; a failed map has none at all."""

WRAPPERS: Final = ("", EXHAUSTED, EXHAUSTED * 2)
"""What a code may stand behind. The last comes from executions that launch executions."""

LAUNCH_CODES: Final = ("Internal", "Unknown", "InvalidArgument", "NotFound")
"""Codes of executions that failed while FlyteAdmin made them."""

REALISTIC: Final = (
    *(build() for build in failures.BUILDERS.values()),
    failures.process_died(exit_code=137),  # out of memory, but Kubernetes did not notice
    failures.retries_exhausted(last=failures.Failure("not yet", code="USER:NotReady")),
    failures.Failure(
        "The node was low on resource: memory. Container main was using 15Gi, request is 1Gi.",
        code="Evicted",
        kind="SYSTEM",
    ),
    failures.retries_exhausted(
        last=failures.Failure(
            "containers with unready status: [{pod}]|Back-off pulling image"
            ' "ghcr.io/flyteorg/gone:v1"',
            code="ContainersNotReady|ImagePullBackOff",
        ),
        attempts=1,
    ),
    failures.Failure(
        "Workflow[flytesnacks:development:nightly] failed. RuntimeExecutionError: max number of"
        " system retry attempts [51/50] exhausted. Last known status message: failed",
        code="Workflow abort failed",
        kind="SYSTEM",
    ),
    failures.Failure("\x1b[31mValueError\x1b[0m: größer als 3 \N{PILE OF POO}\r\n\tat line 1"),
)
"""Whole errors: all that :mod:`flyte_testkit.failures` can word, and some that it cannot."""
