"""Which phases an execution has gone through by an instant, told without playing it.

It is the same performance, by somebody who makes no messages; so what is told is what will be seen.

Ignorant of FlyteAdmin, and of what happens inside of an execution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import event_pb2

from flyte_testkit.engine.performance import Act
from flyte_testkit.engine.scripts import perform
from flyte_testkit.engine.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flyte_testkit.timeline import Timeline

__all__ = ["outlined"]

_NOTHING: Final = event_pb2.WorkflowExecutionEventRequest()


def outlined(
    script: Timeline, stage: Stage, at: datetime, until: datetime
) -> Iterator[tuple[datetime, str]]:
    """Yield the phases that a script comes to, and when, as long as nobody terminates it.

    Args:
        script: The script; none of its steps waits for looks.
        stage: Who plays it.
        at: When it begins.
        until: The last instant that counts.
    """
    silent = _Silent(stage.id, stage.root, stage.inputs, stage.outputs)
    performance = perform(script, silent, at)
    try:
        told = next(performance)
        while True:
            if isinstance(told, Act):
                at = told.at
                yield at, told.rpc
            elif told.at is None or told.at > until:
                return
            else:
                at = max(at, told.at)
            told = performance.send(at)
    except StopIteration:
        return


class _Silent(Stage):
    """Says of each act only to which phase it leads."""

    def workflow_event(self, at: datetime, phase: str, **_: Any) -> Act:
        return Act(at, phase, _NOTHING)

    def start(self, at: datetime) -> Iterator[Act]:
        yield self.workflow_event(at, "RUNNING")

    def wind_up(self, at: datetime) -> Iterator[Act]:
        yield self.workflow_event(at, "SUCCEEDING")

    def success(self, at: datetime) -> Act:
        return self.workflow_event(at, "SUCCEEDED")

    def termination(self, at: datetime, cause: str, principal: str) -> Act:  # noqa: ARG002  it says neither
        return self.workflow_event(at, "ABORTING")
