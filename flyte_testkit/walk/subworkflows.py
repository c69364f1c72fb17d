"""A node that is a workflow of its own.

Its start-node comes before its own RUNNING. If one of its nodes fails, the others are stopped
before it says so itself; its failure node comes between.

Ignorant of what its nodes do.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flyte_testkit.engine.performance import Until
from flyte_testkit.propeller import wording
from flyte_testkit.walk.failing import NodeFailed, Stopped
from flyte_testkit.walk.scope import Scope

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.walk.site import Site

__all__ = ["plays_subworkflow"]

_REASON = wording.SCOPE_FAILED["sub-workflow"]


def plays_subworkflow(
    site: Site, inputs: literals_pb2.LiteralMap, around: Scope, at: datetime
) -> Performance[literals_pb2.LiteralMap]:
    """Play a sub-workflow.

    Args:
        site: Where it stands.
        inputs: What it is given.
        around: The scope that it is in.
        at: When it is queued.
    """
    company = around.company
    scope = Scope(
        company,
        company.workflow_of(site.node),
        site.path,
        inputs,
        partial(company.below, site),
        around.asked_of(site),
    )
    try:
        yield site.queued(at, inputs)
        at = yield Until(at + site.stage.pace.round)
        yield scope.start_node(at)
        yield site.event(at, "RUNNING")
        try:
            at = yield from scope.run(at)
            outputs = yield from scope.outputs(at)
        except NodeFailed as failure:
            at = scope.now
            yield from scope.stop(Stopped(at, _REASON))
            error, at = yield from scope.failure_node(failure.error, at)
            yield site.event(at, "FAILED", error=error)
            raise NodeFailed(error) from None
        yield from scope.end_node(at, outputs)
        has_outputs = bool(scope.interface.outputs.variables)
        yield site.succeeded(at, outputs if has_outputs else None)
    except Stopped as stopped:
        yield from scope.stop(stopped)
        yield site.aborted(stopped)
        raise
    return outputs
