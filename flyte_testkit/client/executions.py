"""Executions one can watch: of workflows, of nodes, of tasks.

Each is the model of its message (``models.Execution`` and its kin) plus what a sync brings:
inputs, outputs, and the executions below. They are live objects: ``sync`` and ``wait`` change them
in place, so do not use a running one as a key of a dict.

This module is ignorant of how a sync is done, and of what a remote is but for the three things that
it asks of one.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Protocol

from flyte_testkit.client._live import Live
from flyte_testkit.client.exceptions import FlyteAssertion
from flyte_testkit.client.models import Execution, NodeExecution, TaskExecution
from flyte_testkit.client.phases import (
    NodeExecutionPhase,
    TaskExecutionPhase,
    WorkflowExecutionPhase,
)

if TYPE_CHECKING:
    import sys
    from collections.abc import Mapping
    from datetime import timedelta

    from flyte_testkit.client.entities import FlyteTask, FlyteWorkflow
    from flyte_testkit.client.literals import LiteralsResolver
    from flyte_testkit.client.models import (
        ExecutionClosure,
        NodeExecutionClosure,
        NodeExecutionIdentifier,
        TaskExecutionClosure,
        TaskExecutionIdentifier,
        TypedInterface,
        WorkflowExecutionIdentifier,
    )

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

__all__ = ["FlyteNodeExecution", "FlyteTaskExecution", "FlyteWorkflowExecution", "Remote"]


class Remote(Protocol):
    """What an execution asks of its ``FlyteRemote``."""

    def sync_execution(
        self, execution: FlyteWorkflowExecution, *, sync_nodes: bool
    ) -> FlyteWorkflowExecution:
        """Bring an execution up to date."""

    def wait(
        self,
        execution: FlyteWorkflowExecution,
        *,
        timeout: timedelta | float | None,
        poll_interval: timedelta | float | None,
        sync_nodes: bool,
    ) -> FlyteWorkflowExecution:
        """Wait until it is over, and bring it up to date."""

    def generate_console_url(self, entity: object) -> str:
        """Return where Flyte's console shows it."""


class FlyteTaskExecution(Live, TaskExecution):
    """One attempt of a task."""

    _phases = TaskExecutionPhase
    _over = frozenset(
        {TaskExecutionPhase.SUCCEEDED, TaskExecutionPhase.ABORTED, TaskExecutionPhase.FAILED}
    )
    _bad = frozenset({TaskExecutionPhase.ABORTED, TaskExecutionPhase.FAILED})
    id: TaskExecutionIdentifier
    closure: TaskExecutionClosure
    _task: FlyteTask | None = None

    @property
    def task(self) -> FlyteTask | None:
        """The task, if the sync came across it (flytekit never knows it)."""
        return self._task

    @property
    def _called(self) -> str:
        return f"Attempt {self.id.retry_attempt} of task {self.id.task_id.name!r}"

    @classmethod
    def promote_from_model(cls, base_model: TaskExecution) -> Self:
        """Return a live execution of a model."""
        return cls.from_flyte_idl(base_model.to_flyte_idl())


class FlyteNodeExecution(Live, NodeExecution):
    """One node of an execution, with whatever ran below it."""

    _phases = NodeExecutionPhase
    # flytekit leaves RECOVERED out: to it, such a node never ends.
    _over = frozenset(
        {
            NodeExecutionPhase.SUCCEEDED,
            NodeExecutionPhase.FAILED,
            NodeExecutionPhase.ABORTED,
            NodeExecutionPhase.SKIPPED,
            NodeExecutionPhase.TIMED_OUT,
            NodeExecutionPhase.RECOVERED,
        }
    )
    _bad = frozenset(
        {NodeExecutionPhase.FAILED, NodeExecutionPhase.ABORTED, NodeExecutionPhase.TIMED_OUT}
    )
    id: NodeExecutionIdentifier
    closure: NodeExecutionClosure
    _task_executions: tuple[FlyteTaskExecution, ...] = ()
    _workflow_executions: tuple[FlyteWorkflowExecution, ...] = ()
    _children: tuple[FlyteNodeExecution, ...] = ()
    _interface: TypedInterface | None = None

    @property
    def task_executions(self) -> list[FlyteTaskExecution]:
        """The attempts, for a task node."""
        return list(self._task_executions)

    @property
    def workflow_executions(self) -> list[FlyteWorkflowExecution]:
        """The execution that a launch-plan node started."""
        return list(self._workflow_executions)

    @property
    def subworkflow_node_executions(self) -> dict[str, FlyteNodeExecution]:
        """The nodes below a sub-workflow, branch or dynamic node, by node id."""
        return {child.id.node_id: child for child in self._children}

    @property
    def executions(
        self,
    ) -> list[FlyteTaskExecution] | list[FlyteNodeExecution] | list[FlyteWorkflowExecution]:
        """Whatever ran below: attempts, else nodes, else the launched execution."""
        return self.task_executions or list(self._children) or self.workflow_executions

    @property
    def interface(self) -> TypedInterface | None:
        """What goes in and out, once synced."""
        return self._interface

    @property
    def _called(self) -> str:
        return f"Node {self.id.node_id!r} of execution {self.id.execution_id.name!r}"

    @classmethod
    def promote_from_model(cls, base_model: NodeExecution) -> Self:
        """Return a live execution of a model."""
        return cls.from_flyte_idl(base_model.to_flyte_idl())


class FlyteWorkflowExecution(Live, Execution):
    """One execution of a workflow, launch plan or task.

    Args:
        type_hints: Python types of outputs by name, used when they are read.
        remote: The ``FlyteRemote`` that ``sync`` and ``wait`` go through.
        *args: As for ``models.Execution``: id, spec, closure.
        **kwargs: Likewise.
    """

    _phases = WorkflowExecutionPhase
    _over = frozenset(
        {
            WorkflowExecutionPhase.SUCCEEDED,
            WorkflowExecutionPhase.FAILED,
            WorkflowExecutionPhase.ABORTED,
            WorkflowExecutionPhase.TIMED_OUT,
        }
    )
    _bad = _over - {WorkflowExecutionPhase.SUCCEEDED}
    id: WorkflowExecutionIdentifier
    closure: ExecutionClosure
    _remote: Remote | None = None
    _type_hints: Mapping[str, Any] | None = None
    _flyte_workflow: FlyteWorkflow | None = None
    _node_executions: dict[str, FlyteNodeExecution] | None = None

    def __init__(
        self,
        type_hints: Mapping[str, object] | None = None,
        remote: Remote | None = None,
        *args: object,
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._type_hints = type_hints
        self._remote = remote

    @property
    def is_successful(self) -> bool:
        """Whether it ended well; ``False`` while it runs."""
        return bool(self.closure.phase == WorkflowExecutionPhase.SUCCEEDED)

    @property
    def outputs(self) -> LiteralsResolver | None:
        """The outputs, read with the type hints given; see ``Live.outputs`` for what is raised."""
        outputs = super().outputs
        if outputs and self._type_hints:
            outputs.update_type_hints(self._type_hints)
        return outputs

    @property
    def flyte_workflow(self) -> FlyteWorkflow | None:
        """The workflow, once synced; never for the execution of a single task."""
        return self._flyte_workflow

    @property
    def node_executions(self) -> dict[str, FlyteNodeExecution]:
        """The nodes by id, as of the last sync that asked for them."""
        return self._node_executions or {}

    @property
    def execution_url(self) -> str | None:
        """Where Flyte's console shows it; ``None`` without a remote."""
        return None if self._remote is None else self._remote.generate_console_url(self)

    @classmethod
    def promote_from_model(
        cls,
        base_model: Execution,
        remote: Remote | None = None,
        type_hints: Mapping[str, object] | None = None,
    ) -> Self:
        """Return a live execution of a model."""
        self = cls.from_flyte_idl(base_model.to_flyte_idl())
        self._remote, self._type_hints = remote, type_hints
        return self

    def sync(self, sync_nodes: bool = False) -> Self:  # noqa: FBT001, FBT002  flytekit's signature
        """Fetch the present state, change this object to it, and return it.

        (The reference speaks of a new object; flytekit returns the same one, and so does this.)

        Raises:
            FlyteAssertion: There is no remote.
        """
        self._needed("sync").sync_execution(self, sync_nodes=sync_nodes)
        return self

    def wait(
        self,
        timeout: timedelta | float | None = None,
        poll_interval: timedelta | float | None = None,
        sync_nodes: bool = True,  # noqa: FBT001, FBT002  flytekit's signature
    ) -> Self:
        """Wait until it is over, well or not, and return this object; see ``FlyteRemote.wait``.

        Raises:
            FlyteTimeout: It did not end in time.
            FlyteAssertion: There is no remote.
        """
        self._needed("wait").wait(
            self, timeout=timeout, poll_interval=poll_interval, sync_nodes=sync_nodes
        )
        return self

    def _needed(self, verb: str) -> Remote:
        if self._remote is None:
            raise FlyteAssertion(
                f"Cannot {verb} {self._called} without a remote. Fetch it with "
                "FlyteRemote.fetch_execution, or give remote= when you build it."
            )
        return self._remote

    @property
    def _called(self) -> str:
        return f"Execution {self.id.name!r}"

    def _repr_html_(self) -> str:
        if self.execution_url is None:
            return super()._repr_html_()
        url = html.escape(self.execution_url, quote=True)
        said = self.closure.error.message if self.closure.error else ""
        state = f"Execution {self._phase}." if self.is_done else "Execution is in progress."
        return f"<b>{state}</b> <a href='{url}'>{url}</a>" + (
            f"<pre>{html.escape(said)}</pre>" if said else ""
        )
