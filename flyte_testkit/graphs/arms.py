"""Arms of conditionals that a script names: they must be those that the values take.

Values that come from inputs of the workflow alone are known at once. All others are what the
scripted nodes will give: a rehearsal of the run tells. Ignorant of what the nodes do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import literals_pb2, workflow_pb2

from flyte_testkit import flow
from flyte_testkit.errors import TimelineError
from flyte_testkit.graphs.compiled import called, kind, told
from flyte_testkit.nodes import Branch, Where
from flyte_testkit.propeller.places import START
from flyte_testkit.walk import reached

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.graphs.compiled import Compiled, Scope
    from flyte_testkit.nodes import Node
    from flyte_testkit.walk import Cast, Setting
    from flyte_testkit.walk.site import Site

__all__ = ["check_arms"]


def check_arms(
    compiled: Compiled, who: Cast, inputs: literals_pb2.LiteralMap, setting: Setting | None = None
) -> None:
    """Refuse an arm that is named and not taken.

    Args:
        compiled: The workflow.
        who: Who plays what.
        inputs: What the workflow runs with.
        setting: What it meets that it did not bring along; None for nothing.

    Raises:
        TimelineError: Says what the condition is, with its values, and which arm is taken.
    """
    if not any(isinstance(node, Branch) for node in who.nodes.values()):
        return
    arms = _Arms(compiled, who.nodes)
    arms.check(compiled.top, inputs)
    if isinstance(who.script, Where):  # of what is made up the named arm is taken
        for site, given in reached(who, inputs, setting):
            arms.check_reached(site, given)


class _Arms:
    def __init__(self, compiled: Compiled, scripted: Mapping[tuple[str, ...], Node]) -> None:
        self._compiled = compiled
        self._scripted = scripted

    def check(self, scope: Scope, inputs: literals_pb2.LiteralMap) -> None:
        """Check the branches among nodes beside each other, and those inside of them."""
        for node in scope.nodes:
            if (*scope.path, node.id) in self._scripted:
                self._node(scope, node, inputs)

    def check_reached(self, site: Site, given: literals_pb2.LiteralMap) -> None:
        """Check a node that the run will reach, if it is a branch."""
        if not isinstance(self._scripted.get(site.path), Branch):
            return
        for scope, node in self._compiled.everywhere():
            if (*scope.path, node.id) == site.path:
                self._check_taken(scope, node, given)

    def _node(self, scope: Scope, node: workflow_pb2.Node, inputs: literals_pb2.LiteralMap) -> None:
        if kind(node) not in {"branch", "sub-workflow"}:
            return
        try:
            given = flow.resolved(node.inputs, {START: inputs})
        except flow.UnresolvedError:
            return  # it hangs on what other nodes give
        below = self._compiled.below(scope, node)
        if kind(node) == "sub-workflow":
            self.check(below, given)
            return
        self._check_taken(scope, node, given)
        self.check(below, inputs)  # an arm is given what stands beside the branch

    def _check_taken(
        self, scope: Scope, node: workflow_pb2.Node, given: literals_pb2.LiteralMap
    ) -> None:
        try:
            taken = flow.arm(node.branch_node.if_else, given)
        except flow.UndecidedError:
            return  # the run will fail of it
        below = self._compiled.below(scope, node)
        (named,) = [one for one in below.nodes if (*below.path, one.id) in self._scripted]
        if isinstance(taken, workflow_pb2.Node):
            if taken.id == named.id:
                return
            truth, advice = f"takes {told(taken)}", f"Script that one: {called(taken)}=…"
        else:
            truth, advice = f"fails: {taken.message}", "Leave the branch out"
        raise TimelineError(
            f"{called(node)!r} ({node.id}) of {scope.whose} does not take {told(named)}: with these"
            f" values it {truth}.\nIts conditions: {flow.told(node.branch_node.if_else, given)}."
            f"\n{advice}, or {self._otherwise(scope, node)}."
        )

    def _otherwise(self, scope: Scope, node: workflow_pb2.Node) -> str:
        """Return how a condition gets other values."""
        promises = [one.binding.promise for one in node.inputs if one.binding.HasField("promise")]
        given = dict.fromkeys(one.node_id for one in promises if one.node_id != START)
        if not given:
            return "launch with other inputs"
        sources = [(id_, self._compiled.source(scope, id_)) for id_ in given]
        names = dict.fromkeys(repr(id_) if one is None else told(one) for id_, one in sources)
        return f"script what {' and '.join(names)} shall give"
