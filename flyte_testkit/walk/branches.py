"""A node that is a conditional: one of its arms is played, as its inputs decide.

It has no start and no end. The arm is given what the nodes beside the branch gave.

Ignorant of how conditions are decided, and of what arms do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import workflow_pb2

from flyte_testkit import flow
from flyte_testkit.engine.nursery import Nursery
from flyte_testkit.engine.performance import Until
from flyte_testkit.engine.stage import error_of
from flyte_testkit.propeller import wording
from flyte_testkit.propeller.wording import Worded
from flyte_testkit.walk.failing import NodeFailed, Stopped

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["plays_branch"]


def plays_branch(
    site: Site, inputs: literals_pb2.LiteralMap, around: Scope, at: datetime
) -> Performance[literals_pb2.LiteralMap]:
    """Play a branch; the arguments are those of any node."""
    given: list[literals_pb2.LiteralMap] = []
    arm = Nursery()
    try:
        yield site.queued(at, inputs)
        at = yield Until(at + site.stage.pace.round)
        taken = _taken(site, inputs)
        if isinstance(taken, Worded):
            error = error_of(taken, at)
            yield site.event(at, "FAILED", error=error)
            raise NodeFailed(error)
        yield site.event(at, "RUNNING")
        below = around.company.below(site, taken)
        arm.start(around.arm(below, at), lambda outputs, _: given.append(outputs))
        try:
            at = yield from arm.run(at)
        except NodeFailed as failure:
            yield site.event(arm.at, "FAILED", error=failure.error)
            raise
        yield site.succeeded(at, given[0])
    except Stopped as stopped:
        yield from arm.stop(stopped, stopped.at)
        yield site.aborted(stopped)
        raise
    return given[0]


def _taken(site: Site, inputs: literals_pb2.LiteralMap) -> workflow_pb2.Node | Worded:
    """Return the arm that is played, or why none is."""
    try:
        taken = flow.arm(site.node.branch_node.if_else, inputs)
    except flow.UndecidedError as undecided:
        return wording.no_case(undecided.cause)
    if isinstance(taken, workflow_pb2.Node):
        return taken
    return wording.conditional_failed(taken.message)
