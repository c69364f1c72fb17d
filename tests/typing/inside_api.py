"""What type checkers make of what is read inside of a launch: checked by mypy, never run.

A line with an ignore must not type-check; ``warn_unused_ignores`` fails it as soon as it does.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flyteidl.admin.execution_pb2 import Execution
from typing_extensions import assert_type

from flyte_testkit.inside import AttemptRun, NodeRun, NodeRuns, RunError

if TYPE_CHECKING:
    from flyte_testkit.launches import Launch


def check_types(launch: Launch) -> None:
    """Each word has its type."""
    train = launch.nodes["train"]
    assert_type(launch.nodes, NodeRuns)
    assert_type(train, NodeRun)
    assert_type(launch.nodes.get("train"), NodeRun | None)
    assert_type(launch.failing, NodeRun | None)
    assert_type(train.attempts, tuple[AttemptRun, ...])
    assert_type(train.attempts[0].started_at, datetime | None)
    assert_type(train.outputs, dict[str, Any])
    assert_type(train.error, RunError | None)
    assert_type(train.nodes["fit"].path, str)
    assert_type(train.execution, Execution | None)


def check_what_is_refused(launch: Launch) -> None:
    """The mistakes of tired people."""
    launch.nodes[0]  # type: ignore[index]
    launch.nodes["train"]["fit"]  # type: ignore[index]
    launch.nodes["train"].phase = "FAILED"  # type: ignore[misc]
    launch.failing.path  # type: ignore[union-attr]  # noqa: B018
