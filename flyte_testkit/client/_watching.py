"""Bringing executions up to date, and waiting for their end.

It is ignorant of how executions come about.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flyteidl.admin import execution_pb2

from flyte_testkit.client import _waiting
from flyte_testkit.client._connection import Connection
from flyte_testkit.client._live import learn
from flyte_testkit.client._model import message_of, view
from flyte_testkit.client._nodes import NodeWalk, Scope, assign_data
from flyte_testkit.client._rpc import RPC_TIMEOUT, heals, pauses
from flyte_testkit.client.exceptions import FlyteException, FlyteTimeout
from flyte_testkit.client.executions import FlyteWorkflowExecution
from flyte_testkit.client.phases import ResourceType, WorkflowExecutionPhase
from flyte_testkit.errors import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from flyte_testkit.client._rpc import Rpc
    from flyte_testkit.client.entities import FlyteTask, FlyteWorkflow
    from flyte_testkit.client.models import WorkflowExecutionIdentifier

__all__ = ["Watching"]

logger = logging.getLogger(__name__)


class Watching(Connection):
    """The part of a remote that looks at executions."""

    def sync(
        self,
        execution: FlyteWorkflowExecution,
        entity_definition: None = None,
        sync_nodes: bool = False,  # noqa: FBT001, FBT002  flytekit's signature
    ) -> FlyteWorkflowExecution:
        """Bring an execution up to date; see ``sync_execution``.

        Raises:
            ValueError: It is no workflow execution of this client.
        """
        return self.sync_execution(execution, entity_definition, sync_nodes)

    def sync_execution(
        self,
        execution: FlyteWorkflowExecution,
        entity_definition: None = None,
        sync_nodes: bool = False,  # noqa: FBT001, FBT002  flytekit's signature
        rpc_timeout: timedelta | float | None = RPC_TIMEOUT,
    ) -> FlyteWorkflowExecution:
        """Fetch the present state of an execution, change the object to it, and return it.

        Args:
            execution: The object to change.
            entity_definition: Not supported, as in flytekit.
            sync_nodes: Fetch the nodes too, and all that ran below them.
            rpc_timeout: How long each call may take; ``None`` means a minute.

        Raises:
            ValueError: It is no workflow execution of this client.
        """
        _refuse_others(execution, "sync")
        if entity_definition is not None:
            raise ValueError("entity_definition is not supported when an execution is synced.")
        seconds = _waiting.seconds_of(rpc_timeout, "rpc_timeout") or RPC_TIMEOUT
        rpc = self._rpc.bounded(lambda: seconds)
        self._refresh(rpc, execution)
        return self._fill(rpc, execution, sync_nodes=sync_nodes)

    def wait(
        self,
        execution: FlyteWorkflowExecution,
        timeout: timedelta | float | None = None,
        poll_interval: timedelta | float | None = None,
        sync_nodes: bool = True,  # noqa: FBT001, FBT002  flytekit's signature
    ) -> FlyteWorkflowExecution:
        """Wait until an execution is over, well or not, and return the same object.

        While it runs, each poll is one call; inputs, outputs and nodes are fetched at the end.
        What can heal (the server is away, slow or busy) is waited out until the time is up.

        Args:
            execution: The object to wait with. A failed end is returned, not raised.
            timeout: Seconds or a ``timedelta``; by default there is no limit. It is kept on a
                monotonic clock, and there is a last look when it ends.
            poll_interval: Likewise; 30 s by default.
            sync_nodes: Fetch the nodes at the end.

        Raises:
            FlyteTimeout: The time was up first.
            TypeError: A duration is no duration.
            ValueError: A duration is negative, ``poll_interval`` is 0, or it is no workflow
                execution of this client.
            OverflowError: A duration is infinite.
        """
        _refuse_others(execution, "wait for")
        seconds = _waiting.seconds_of(timeout, "timeout")
        interval = _waiting.seconds_of(poll_interval, "poll_interval")
        if interval == 0:
            raise ValueError(
                "poll_interval=0 would ask the server without a pause (flytekit takes it for "
                "30 s): give the seconds between two looks."
            )
        budget = _waiting.Budget(seconds)

        def look(left: Any) -> bool:
            rpc = self._rpc.bounded(lambda: min(RPC_TIMEOUT, left()), retries=0)
            self._refresh(rpc, execution)
            if is_over := execution.is_done:
                self._fill(rpc, execution, sync_nodes=sync_nodes)
            return is_over

        def away(error: Exception) -> bool:
            healing = heals(error.__cause__)
            if healing:
                told = str(error)  # a record may be kept, and the error holds frames
                logger.warning("Waiting for execution %r goes on: %s", execution.id.name, told)
            elif isinstance(error, FlyteException):
                limit = "without a limit" if seconds is None else f"for {seconds:g} s"
                error.remark(
                    f"(It was {_phase(execution)} when last seen, {budget.spent:.1f} s after a "
                    f"wait {limit} began.)"
                )
            return healing

        try:
            _waiting.wait_until(
                look,
                budget=budget,
                poll_interval=30.0 if interval is None else interval,
                heals=away,
                pauses=lambda: pauses(self._rpc.jitter, first=1.0),
            )
        except _waiting.GaveUp as end:
            raise _timed_out(execution, budget, end) from end.failure and end.failure.__cause__
        return execution

    def _refresh(self, rpc: Rpc, execution: FlyteWorkflowExecution) -> None:
        """Replace the closure of an execution, and nothing else of its message."""
        known = message_of(execution)
        request = execution_pb2.WorkflowExecutionGetRequest(id=known.id)
        closure = rpc("GetExecution", request).closure
        if closure != known.closure:  # most polls bring nothing new
            pb = execution.to_flyte_idl()
            pb.closure.CopyFrom(closure)
            learn(execution, pb=pb)

    def _fill(
        self, rpc: Rpc, execution: FlyteWorkflowExecution, *, sync_nodes: bool
    ) -> FlyteWorkflowExecution:
        """Fetch inputs, outputs and nodes, after the closure: they are never older than it."""
        request = execution_pb2.WorkflowExecutionGetDataRequest(id=message_of(execution).id)
        data = rpc("GetExecutionData", request)
        launched = execution.spec.launch_plan
        entity: FlyteTask | FlyteWorkflow
        if launched.resource_type == ResourceType.TASK:
            entity = self._entities.task(rpc, launched)
        else:
            entity = self._entities.launch_plan(rpc, launched).flyte_workflow
            learn(execution, flyte_workflow=entity)
        if sync_nodes:
            walk = NodeWalk(
                rpc,
                launched=lambda child: self._child(rpc, child),
                interface_of=lambda identifier: self._entities.interface(rpc, identifier),
            )
            learn(execution, node_executions=walk.of(execution.id, Scope.of(entity)))
        assign_data(execution, data, entity.interface)
        return execution

    def _child(self, rpc: Rpc, execution_id: WorkflowExecutionIdentifier) -> FlyteWorkflowExecution:
        """Fetch the execution that a launch-plan node started, with its nodes."""
        return self._fill(rpc, self._got(rpc, execution_id), sync_nodes=True)

    def _got(
        self,
        rpc: Rpc,
        execution_id: WorkflowExecutionIdentifier,
        type_hints: Mapping[str, object] | None = None,
    ) -> FlyteWorkflowExecution:
        request = execution_pb2.WorkflowExecutionGetRequest(id=message_of(execution_id))
        return self._promoted(rpc("GetExecution", request), type_hints)

    def _promoted(
        self, pb: execution_pb2.Execution, type_hints: Mapping[str, object] | None = None
    ) -> FlyteWorkflowExecution:
        execution = view(FlyteWorkflowExecution, pb)
        learn(execution, remote=self, type_hints=type_hints)
        return execution


def _refuse_others(execution: object, verb: str) -> None:
    """Refuse what cannot be changed in place: flytekit's executions, ids, names, nodes."""
    if isinstance(execution, FlyteWorkflowExecution):
        return
    cls = type(execution)
    theirs = cls.__module__.partition(".")[0] == "flytekit"
    name = getattr(getattr(execution, "id", execution), "name", execution)
    what = (
        f"{shown(name)} of flytekit's {cls.__name__}"
        if theirs
        else f"{shown(execution)} ({cls.__name__})"
    )
    raise ValueError(
        f"this client cannot {verb} {what}: it changes the object that it is given, and only knows "
        "how to change a workflow execution of its own. "
        f"Fetch one: remote.fetch_execution(name={name if isinstance(name, str) else '…'!r})."
    )


def _phase(execution: FlyteWorkflowExecution) -> str:
    return WorkflowExecutionPhase.enum_to_string(execution.closure.phase)


def _timed_out(
    execution: FlyteWorkflowExecution, budget: _waiting.Budget, end: _waiting.GaveUp
) -> FlyteTimeout:
    """Return the end of a wait in words: whose, how it stood, how long, and what went wrong."""
    i = execution.id
    phase = _phase(execution)
    answered = end.looks - end.failed
    name = f"Execution '{i.project}/{i.domain}/{i.name}'"
    within = f"within {budget.seconds:g} s"
    if execution.is_done:
        text = f"{name} is {phase}, but what it has to say could not be read {within}."
    else:
        text = f"{name} was {phase} when last seen and did not complete {within}."
    text += f" It was looked at {end.looks} times in {budget.spent:.1f} s"
    if end.failure is None:
        return FlyteTimeout(f"{text}.")
    return FlyteTimeout(f"{text}, {answered} times with an answer. Last failure: {end.failure}")
