"""Executions one can watch: of workflows, of nodes, of tasks.

Each is the model of its message (``models.Execution`` and its kin) plus what a sync brings:
inputs, outputs, and the executions below. They are live objects: ``sync`` and ``wait`` change them
in place, so do not use a running one as a key of a dict.

This module is ignorant of how a sync is done: it asks its remote.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, ClassVar

from flyte_testkit.client.exceptions import FlyteAssertion
from flyte_testkit.client.models import Execution, NodeExecution, TaskExecution
from flyte_testkit.client.phases import (
    NodeExecutionPhase,
    TaskExecutionPhase,
    WorkflowExecutionPhase,
)
from flyte_testkit.errors import cut

if TYPE_CHECKING:
    import sys
    from collections.abc import Mapping
    from datetime import timedelta

    from flyte_testkit.client.entities import FlyteTask, FlyteWorkflow
    from flyte_testkit.client.literals import LiteralsResolver
    from flyte_testkit.client.models import (
        ExecutionClosure,
        ExecutionError,
        NodeExecutionClosure,
        NodeExecutionIdentifier,
        TaskExecutionClosure,
        TaskExecutionIdentifier,
        TypedInterface,
        WorkflowExecutionIdentifier,
    )
    from flyte_testkit.client.remote import FlyteRemote

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

__all__ = ["FlyteNodeExecution", "FlyteTaskExecution", "FlyteWorkflowExecution", "learn"]


class _Live:
    """What the three kinds of execution share: when they are over, and what came of them."""

    _phases: ClassVar[Any]
    _over: ClassVar[frozenset[int]]
    _bad: ClassVar[frozenset[int]]
    _inputs: LiteralsResolver | None = None
    _outputs: LiteralsResolver | None = None
    closure: Any
    id: Any

    def __setattr__(self, name: str, value: object) -> None:
        """Be a live object, unlike the model it is built on; but flytekit cannot bring it to date.

        Its remote would note what it finds where flytekit's own class keeps it, and loop for ever.
        """
        if name == "_closure":
            raise FlyteAssertion(
                f"flytekit's FlyteRemote was given {self._called} of flyte_testkit.client, which "
                "it cannot bring up to date. Fetch one with that remote: fetch_execution(name=…)."
            )
        object.__setattr__(self, name, value)

    @property
    def is_done(self) -> bool:
        """Whether it is over, well or not."""
        return self.closure.phase in self._over

    @property
    def inputs(self) -> LiteralsResolver | None:
        """The inputs; ``None`` before the first sync."""
        return self._inputs

    @property
    def error(self) -> ExecutionError | None:
        """Why it failed; ``None`` if it did not, or if nobody said why (as when it was aborted).

        Raises:
            FlyteAssertion: It is not over yet.
        """
        if not self.is_done:
            raise FlyteAssertion(f"{self._called} is {self._phase}: it has no error before it ends")
        error: ExecutionError | None = self.closure.error
        return error

    @property
    def outputs(self) -> LiteralsResolver | None:
        """The outputs; ``None`` before the first sync after its end.

        Raises:
            FlyteAssertion: It is not over yet, or did not end well. (flytekit gives empty outputs
                for what was aborted, timed out, or failed without a message.)
        """
        if not self.is_done:
            raise FlyteAssertion(
                f"{self._called} is {self._phase}: it has no outputs before it ends"
            )
        if self.error is not None or self.closure.phase in self._bad:
            said = f": {cut(self.error.message, 2000)}" if self.error else ""
            raise FlyteAssertion(f"{self._called} ended {self._phase}, without outputs{said}")
        return self._outputs

    @property
    def _phase(self) -> str:
        return str(self._phases.enum_to_string(self.closure.phase))

    @property
    def _called(self) -> str:
        raise NotImplementedError


def learn(execution: _Live, **found: object) -> None:
    """Note on an execution what a sync found: ``learn(node, inputs=…, children=…)``."""
    for name, value in found.items():
        setattr(execution, f"_{name}", value)


class FlyteTaskExecution(_Live, TaskExecution):
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


class FlyteNodeExecution(_Live, NodeExecution):
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


class FlyteWorkflowExecution(_Live, Execution):
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
    _remote: FlyteRemote | None = None
    _type_hints: Mapping[str, Any] | None = None
    _flyte_workflow: FlyteWorkflow | None = None
    _node_executions: dict[str, FlyteNodeExecution] | None = None

    def __init__(
        self,
        type_hints: Mapping[str, object] | None = None,
        remote: FlyteRemote | None = None,
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
        """The outputs, read with the type hints given; see ``_Live.outputs`` for what is raised."""
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
        remote: FlyteRemote | None = None,
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

    def _needed(self, verb: str) -> FlyteRemote:
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
