"""What a dynamic task has yielded, which is played before its node ends.

The task has ended well by then, and nothing of what follows is tried again by it. If one of the
nodes fails, the others are stopped before the dynamic one says so itself. What it yielded may also
be no workflow: then it is its node that fails, at once.

Ignorant of what the nodes do.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import (
    compiler_pb2,
    dynamic_job_pb2,
    interface_pb2,
    literals_pb2,
)
from flyteidl.event import event_pb2 as events

from flyte_testkit.nodes import Dynamic
from flyte_testkit.propeller import names, wording
from flyte_testkit.propeller.places import END, START
from flyte_testkit.walk.failing import NodeFailed, Stopped
from flyte_testkit.walk.scope import Scope

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import execution_pb2 as core
    from flyteidl.core import workflow_pb2

    from flyte_testkit.engine.performance import Act, Performance
    from flyte_testkit.walk.caching import Caching
    from flyte_testkit.walk.site import Site

__all__ = ["futures_of", "not_built", "plays_yielded"]

_REASON: Final = wording.SCOPE_FAILED["dynamic"]
_EDGES: Final = frozenset({START, END})


def plays_yielded(
    site: Site,
    attempt: int,
    yielded: compiler_pb2.CompiledWorkflowClosure,
    around: Scope,
    at: datetime,
    caching: Caching | None = None,
) -> Performance[literals_pb2.LiteralMap]:
    """Play what a dynamic task has yielded; the result is what its node gives.

    Args:
        site: Where the dynamic node stands.
        attempt: Which attempt of its task it was that yielded.
        yielded: What that was.
        around: The scope that the dynamic node is in.
        at: When its task ended.
        caching: What it leaves for others; None if that is nothing.

    Raises:
        NodeFailed: One of the nodes has, and so has the dynamic one.
    """
    closure = _of_this_run(site, yielded)
    company = around.company.inside(closure)
    scope = Scope(
        company,
        closure.primary,
        site.path,
        literals_pb2.LiteralMap(),
        partial(company.below, site, attempt=attempt),
        around.asked_of(site),
    )
    yield _says_what(site, attempt, closure, at)
    try:
        yield scope.start_node(at)
        try:
            at = yield from scope.run(at)
            outputs = yield from scope.outputs(at)
            outputs.MergeFrom(_unsaid(site, closure.primary.template, around))
        except NodeFailed as failure:
            at = scope.now
            yield from scope.stop(Stopped(at, _REASON))
            yield site.event(at, "FAILED", error=failure.error, is_dynamic=True)
            raise NodeFailed(failure.error) from None
        yield from scope.end_node(at, outputs)
        metadata = events.TaskNodeMetadata()
        is_kept = caching is not None and caching.populated(outputs, attempt, metadata)
        fields: dict[str, Any] = {"task_node_metadata": metadata} if is_kept else {}
        given = outputs if scope.interface.outputs.variables else None
        yield site.succeeded(at, given, attempt, is_dynamic=True, **fields)
    except Stopped as stopped:
        yield from scope.stop(stopped)
        raise
    return outputs


def futures_of(site: Site, attempt: int) -> str:
    """Return where an attempt writes down what it yields."""
    return f"{site.place.data(attempt)}/futures.pb"


def not_built(site: Site, error: core.ExecutionError, at: datetime) -> Act:
    """Say that what a dynamic task yielded is no workflow, so that its node has failed."""
    return site.event(at, "FAILED", error=error, is_dynamic=True)


def _of_this_run(
    site: Site, yielded: compiler_pb2.CompiledWorkflowClosure
) -> compiler_pb2.CompiledWorkflowClosure:
    """Return what was yielded with a version of its own."""
    closure = compiler_pb2.CompiledWorkflowClosure()
    closure.CopyFrom(yielded)
    closure.primary.template.id.version = names.random_version(site.stage.id.name, site.id)
    return closure


def _unsaid(
    site: Site, template: workflow_pb2.WorkflowTemplate, around: Scope
) -> literals_pb2.LiteralMap:
    """Return plain values for outputs of which nobody says anything, as those ask who take them."""
    scripted = around.company.cast.nodes.get(site.path)
    said = scripted.yielded.outputs if isinstance(scripted, Dynamic) and scripted.yielded else {}
    free = {one.var for one in template.outputs if not _is_promised(one.binding)} - {*said}
    declared = template.interface.outputs.variables
    known = interface_pb2.VariableMap(variables={name: declared[name] for name in free})
    return around.outputs_of(site, {}, known)


def _is_promised(binding: literals_pb2.BindingData) -> bool:
    """Say whether a binding is, or holds, what another node gives."""
    inner = [*binding.collection.bindings, *binding.map.bindings.values()]
    return binding.HasField("promise") or any(map(_is_promised, inner))


def _says_what(
    site: Site, attempt: int, closure: compiler_pb2.CompiledWorkflowClosure, at: datetime
) -> Act:
    template, uri = closure.primary.template, futures_of(site, attempt)
    dynamic = events.DynamicWorkflowNodeMetadata(
        id=template.id, compiled_workflow=closure, dynamic_job_spec_uri=uri
    )
    written = dynamic_job_pb2.DynamicJobSpec(
        nodes=[node for node in template.nodes if node.id not in _EDGES],
        outputs=template.outputs,
        tasks=[one.template for one in closure.tasks],
        subworkflows=[one.template for one in closure.sub_workflows],
    )
    return site.event(
        at,
        "DYNAMIC_RUNNING",
        task_node_metadata=events.TaskNodeMetadata(dynamic_workflow=dynamic),
        is_parent=True,
        is_dynamic=True,
        blobs={uri: written.SerializeToString(deterministic=True)},
    )
