"""``FlyteRemote``: the part of flytekit's that launches executions, watches and stops them.

Launching and listing are here; connecting and entities are in ``_connection``, syncing and waiting
in ``_watching``, signals in ``_signals``. Ignorant of whether the server is a fake.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flyteidl.admin import common_pb2, execution_pb2

from flyte_testkit.client import _launching
from flyte_testkit.client._connection import named
from flyte_testkit.client._console import console_url
from flyte_testkit.client._fetching import NEWEST_FIRST, joined
from flyte_testkit.client._signals import Signaling
from flyte_testkit.client._watching import Watching
from flyte_testkit.client.entities import FlyteLaunchPlan, FlyteTask, FlyteWorkflow
from flyte_testkit.client.exceptions import FlyteEntityAlreadyExistsException
from flyte_testkit.client.models import WorkflowExecutionIdentifier
from flyte_testkit.errors import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flyte_testkit.client.executions import FlyteWorkflowExecution

__all__ = ["FlyteRemote"]

logger = logging.getLogger(__name__)


class FlyteRemote(Watching, Signaling):
    """A connection to a FlyteAdmin, real or fake.

    Args:
        config: Where it is; see ``Config``. (flytekit's ``Config`` is understood too.)
        default_project: For names that are given without one.
        default_domain: Likewise.
        channel: An open channel to use instead; closing it stays with who opened it.
        options: More options for the channel.
        seed: Of the jitter between retries, and of the names of executions that are given none:
            with one, pauses and names repeat from run to run. A name that is taken already, by
            another client with this seed, is passed over.

    Raises:
        FlyteAssertion: There is no endpoint, or client credentials are wanted and missing.

    Example:
        >>> from flyte_testkit.client import Config, FlyteRemote, WorkflowExecutionIdentifier
        >>> remote = FlyteRemote(Config.for_endpoint("localhost:30080", insecure=True))
        >>> remote.generate_console_url(WorkflowExecutionIdentifier("p", "d", "x"))
        'http://localhost:30080/console/projects/p/domains/d/executions/x'
        >>> remote.close()
    """

    def fetch_execution(
        self, project: str | None = None, domain: str | None = None, name: str | None = None
    ) -> FlyteWorkflowExecution:
        """Fetch an execution, with inputs and outputs but without nodes.

        It knows this remote, so it can ``sync`` and ``wait`` (flytekit's cannot).

        Raises:
            FlyteAssertion: No name was given.
            FlyteEntityNotExistException: There is none.
        """
        execution_id = self._execution_id(named(name), project, domain)
        return self._fill(self._rpc, self._got(self._rpc, execution_id), sync_nodes=False)

    def recent_executions(
        self,
        project: str | None = None,
        domain: str | None = None,
        limit: int = 100,
        filters: str | Sequence[str] | None = None,
    ) -> list[FlyteWorkflowExecution]:
        """List executions, the latest first, as they are now but without inputs and outputs.

        Args:
            project: The default project, if left out.
            domain: Likewise.
            limit: How many at most.
            filters: In FlyteAdmin's words, such as ``"eq(phase,FAILED)"``; all must hold.
        """
        place = self._place(project, domain)
        request = common_pb2.ResourceListRequest(
            id=common_pb2.NamedEntityIdentifier(project=place[0], domain=place[1]),
            limit=limit,
            filters=joined(filters),
            sort_by=NEWEST_FIRST,
        )
        listed = self._rpc("ListExecutions", request).executions
        return [self._promoted(pb) for pb in listed]

    def execute(  # noqa: PLR0913  flytekit's signature
        self,
        entity: FlyteLaunchPlan | FlyteWorkflow | FlyteTask,
        inputs: Mapping[str, object] | None = None,
        project: str | None = None,
        domain: str | None = None,
        *,
        execution_name: str | None = None,
        execution_name_prefix: str | None = None,
        options: _launching.Options | None = None,
        wait: bool = False,
        type_hints: Mapping[str, object] | None = None,
        overwrite_cache: bool | None = None,
        interruptible: bool | None = None,
        envs: Mapping[str, str] | None = None,
        tags: list[str] | None = None,
        cluster_pool: str | None = None,
        execution_cluster_label: str | None = None,
    ) -> FlyteWorkflowExecution:
        """Launch a launch plan, a workflow (by its launch plan of the same name) or a task.

        The execution is named here if you do not name it, so a lost answer does not launch twice.

        Args:
            entity: What a ``fetch_…`` returned.
            inputs: Python values by name, of the declared types.
            project: Where to run; the default project, if left out.
            domain: Likewise.
            execution_name: If it is taken already, that execution is returned.
            execution_name_prefix: Followed by a dash and chance.
            options: Labels, annotations and the like.
            wait: Wait for its end, as ``wait`` does.
            type_hints: Python types of outputs by name, used when they are read.
            overwrite_cache: Run what is cached, and cache what comes of it.
            interruptible: Instead of what the entity says.
            envs: Environment variables.
            tags: Tags.
            cluster_pool: Where to run.
            execution_cluster_label: Likewise.

        Raises:
            FlyteValueException: There is no such input.
            TypeTransformerFailedError: A value is not of the declared type.
            ValueError: Both a name and a prefix were given.
            NotImplementedError: The entity is something else.
        """
        if execution_name is not None and execution_name_prefix is not None:
            raise ValueError(
                f"execution_name={execution_name!r} and execution_name_prefix="
                f"{execution_name_prefix!r} exclude each other: give one."
            )
        if isinstance(entity, FlyteWorkflow):
            i = entity.id
            entity = self.fetch_launch_plan(i.project, i.domain, i.name, i.version)
        if not isinstance(entity, (FlyteLaunchPlan, FlyteTask)):
            raise NotImplementedError(
                f"{shown(entity)} ({type(entity).__name__}) cannot be launched here: fetch it with "
                "fetch_launch_plan, fetch_workflow or fetch_task of this remote first."
            )
        literals = _launching.launch_inputs(entity, inputs)
        spec = _launching.launch_spec(
            entity,
            options or _launching.Options(),
            overwrite_cache=overwrite_cache,
            interruptible=interruptible,
            envs=envs,
            tags=tags,
            cluster_pool=cluster_pool,
            execution_cluster_label=execution_cluster_label,
        )
        name = execution_name or self._names.fresh(execution_name_prefix)
        where = self._execution_id(name, project, domain)
        request = execution_pb2.ExecutionCreateRequest(
            project=where.project, domain=where.domain, name=name, spec=spec, inputs=literals
        )
        prefix = None if execution_name else execution_name_prefix or ""
        execution = self._created("CreateExecution", request, where, prefix, type_hints)
        return self.wait(execution) if wait else execution

    def relaunch(
        self,
        execution: FlyteWorkflowExecution | WorkflowExecutionIdentifier,
        name: str | None = None,
        *,
        overwrite_cache: bool = False,
    ) -> FlyteWorkflowExecution:
        """Launch an execution again with the same inputs, and return the new one."""
        old, prefix = _id_of(execution), None if name else ""
        name = name or self._names.fresh()
        request = execution_pb2.ExecutionRelaunchRequest(
            id=old.to_flyte_idl(), name=name, overwrite_cache=overwrite_cache
        )
        new = WorkflowExecutionIdentifier(old.project, old.domain, name)
        return self._created("RelaunchExecution", request, new, prefix)

    def recover(
        self,
        execution: FlyteWorkflowExecution | WorkflowExecutionIdentifier,
        name: str | None = None,
    ) -> FlyteWorkflowExecution:
        """Launch a failed execution again from where it failed, and return the new one."""
        old, prefix = _id_of(execution), None if name else ""
        name = name or self._names.fresh()
        request = execution_pb2.ExecutionRecoverRequest(id=old.to_flyte_idl(), name=name)
        new = WorkflowExecutionIdentifier(old.project, old.domain, name)
        return self._created("RecoverExecution", request, new, prefix)

    def terminate(
        self, execution: FlyteWorkflowExecution | WorkflowExecutionIdentifier, cause: str
    ) -> None:
        """Stop an execution, ours or flytekit's. The object is not changed: sync it to see.

        Raises:
            ValueError: It is no execution and no id of one.
        """
        request = execution_pb2.ExecutionTerminateRequest(
            id=_id_of(execution).to_flyte_idl(), cause=cause
        )
        self._rpc("TerminateExecution", request)

    def generate_console_url(self, entity: object) -> str:
        """Return where Flyte's console shows an execution or entity. No call is made."""
        return console_url(self._config.platform, entity)

    def _created(
        self,
        rpc: str,
        request: Any,
        wanted: WorkflowExecutionIdentifier,
        prefix: str | None,
        type_hints: Mapping[str, Any] | None = None,
    ) -> FlyteWorkflowExecution:
        """Create an execution, unless it is there: an attempt whose answer was lost has made it.

        If a seeded client drew the name (with a ``prefix``), and its very first attempt finds it
        taken, another client made that one: the next name is drawn.
        """
        try:
            created = WorkflowExecutionIdentifier.from_flyte_idl(self._rpc(rpc, request).id)
        except FlyteEntityAlreadyExistsException as error:
            if prefix is not None and self._names.repeat and not error.retried:
                request.name = self._names.fresh(prefix)
                wanted = WorkflowExecutionIdentifier(wanted.project, wanted.domain, request.name)
                return self._created(rpc, request, wanted, prefix, type_hints)
            logger.warning("Execution %r exists already and is taken for this one.", wanted.name)
            created = wanted
        return self._got(self._rpc, created, type_hints)


def _id_of(execution: object) -> WorkflowExecutionIdentifier:
    """Return the id of an execution, or an id itself: flytekit's and plain messages, too."""
    found = getattr(execution, "id", execution)
    parts = [getattr(found, part, None) for part in ("project", "domain", "name")]
    if isinstance(found, WorkflowExecutionIdentifier):
        return found
    if all(isinstance(part, str) for part in parts) and not hasattr(found, "resource_type"):
        return WorkflowExecutionIdentifier(*parts)
    raise ValueError(
        f"{shown(execution)} ({type(execution).__name__}) is no execution and no id of one: give "
        "what fetch_execution(name=…) returns, or a WorkflowExecutionIdentifier."
    )
