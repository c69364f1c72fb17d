"""What type checkers make of the execution client: checked by mypy, never run."""

from __future__ import annotations

from typing_extensions import assert_type

from flyte_testkit.client import FlyteRemote, FlyteWorkflowExecution


def check_types(remote: FlyteRemote, anything: object) -> None:
    # An execution takes the client's own remote, or whatever can do what it asks of one.
    FlyteWorkflowExecution({}, remote)
    fetched = remote.fetch_execution(name="run")
    execution = FlyteWorkflowExecution.promote_from_model(fetched, remote=remote)
    FlyteWorkflowExecution(remote=anything)  # type: ignore[arg-type]
    FlyteWorkflowExecution(remote="localhost")  # type: ignore[arg-type]

    assert_type(execution.sync(), FlyteWorkflowExecution)
    assert_type(execution.wait(timeout=1), FlyteWorkflowExecution)
    assert_type(remote.wait(execution), FlyteWorkflowExecution)
