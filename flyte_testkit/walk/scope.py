"""A workflow that is being walked, at the top or inside of a node: what its nodes are given.

Nodes begin as those before them end. Once one has failed nothing new begins, and whoever owns the
scope stops the others; under the patient policy all goes on that can, and what cannot is skipped.

Ignorant of kinds of nodes, and of what is said of the whole.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flyteidl.core import interface_pb2

from flyte_testkit import flow
from flyte_testkit.engine.nursery import Nursery
from flyte_testkit.engine.performance import Until
from flyte_testkit.engine.stage import error_of
from flyte_testkit.propeller import wording
from flyte_testkit.propeller.places import END, START
from flyte_testkit.walk.failing import NodeFailed
from flyte_testkit.walk.graph import Graph
from flyte_testkit.walk.pods import Pod
from flyte_testkit.walk.slots import Line, takes_a_slot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from flyteidl.core import compiler_pb2, literals_pb2, workflow_pb2
    from flyteidl.core import execution_pb2 as core

    from flyte_testkit.engine.performance import Act, Performance
    from flyte_testkit.walk.company import Company
    from flyte_testkit.walk.failing import Stopped
    from flyte_testkit.walk.site import Site

__all__ = ["Scope"]


class Scope:
    """One workflow that is being walked.

    Args:
        company: Who plays.
        workflow: The workflow.
        path: Its path of ids; empty at the top.
        inputs: What it is given.
        place: Says where one of its nodes stands.
        asked: What is asked of its outputs.
    """

    def __init__(
        self,
        company: Company,
        workflow: compiler_pb2.CompiledWorkflow,
        path: tuple[str, ...],
        inputs: literals_pb2.LiteralMap,
        place: Callable[[workflow_pb2.Node], Site],
        asked: Mapping[str, flow.Demand] | None = None,
    ) -> None:
        self.company = company
        self._workflow = workflow
        self._path = path
        self._place = place
        self._asked = asked or {}
        self._graph = Graph(workflow)
        self._given = {START: inputs}
        self._failed: dict[str, Exception] = {}
        self._nursery = Nursery(patient=company.patient)
        self._playing = 0
        self._line = Line(company.slots)
        self._rank = company.rank_of(path)
        self._went_on: datetime | None = None  # when something last ended otherwise than failed

    @property
    def interface(self) -> interface_pb2.TypedInterface:
        """What it takes and gives."""
        return self._workflow.template.interface

    def run(self, at: datetime) -> Performance[datetime]:
        """Walk until all has ended.

        Raises:
            NodeFailed: A node has failed; others may be there still.
        """
        for id_ in self._graph.first():
            self._begin(id_, at)
        try:
            try:
                return (yield from self._nursery.run(at))
            except NodeFailed:
                if not self.company.patient:
                    raise
            raise self._graph.last_failed(self._failed)
        finally:
            self._failed.clear()  # they hold it

    @property
    def now(self) -> datetime:
        """How late it was when something happened in it last."""
        return self._nursery.at

    def stop(self, stopped: Stopped) -> Performance[datetime]:
        """Stop whatever is still there."""
        return self._nursery.stop(stopped, stopped.at)

    def play(self, site: Site, at: datetime) -> Performance[literals_pb2.LiteralMap]:
        """Let a node be played that is given what nodes of this scope gave.

        Raises:
            NodeFailed: It has.
        """
        try:
            inputs = self.resolved(site.node)
        except flow.UnresolvedError as missing:
            return self.company.tells(site, self._unresolved(site, missing, at))
        return self.company.tells(site, self.company.play(site, inputs, self, at))

    def arm(self, site: Site, at: datetime) -> Performance[literals_pb2.LiteralMap]:
        """Let an arm of a branch be played; it waits for a slot where the branch stands.

        Raises:
            NodeFailed: It has failed.
        """
        if not takes_a_slot(site.node):
            return (yield from self.play(site, at))
        slots = self.company.slots
        at = yield from slots.turn(self.company.rank_of(site.path), site.id, at)
        return (yield from slots.during(site.id, self.play(site, at)))

    def resolved(self, node: workflow_pb2.Node) -> literals_pb2.LiteralMap:
        """Return what a node is given.

        Raises:
            UnresolvedError: There is no such thing.
        """
        return flow.resolved(node.inputs, self._given)

    def outputs_of(
        self, site: Site, values: Mapping[str, object], declared: interface_pb2.VariableMap
    ) -> literals_pb2.LiteralMap:
        """Return the outputs of a node: what is scripted, or what those accept who ask for it."""
        name = site.node.metadata.name or site.node.id
        is_open = not values and declared.variables  # what it gives is nobody's to choose else
        asked = self.asked_of(site) if is_open else {}
        return flow.outputs(values, declared, asked, name=name)

    def asked_of(self, site: Site) -> Mapping[str, flow.Demand]:
        """Return what is asked of a node's outputs."""
        return self.company.demands(self._workflow, self._asked).get(site.node.id, {})

    def start_node(self, at: datetime) -> Act:
        """Give on what it was given, before anything runs."""
        site = self._place(self._graph.nodes[START])
        return site.succeeded(at, self._given[START])

    def outputs(self, at: datetime) -> Performance[literals_pb2.LiteralMap]:
        """Gather what it gives, once all has ended.

        Raises:
            NodeFailed: It is bound to what is not there.
        """
        end = self._graph.nodes[END]
        scripted = self.company.cast.outputs.get(self._path, {})
        bindings = [one for one in end.inputs if one.var not in scripted]
        try:
            bound = flow.resolved(bindings, self._given)
        except flow.UnresolvedError as missing:
            yield from self._unresolved(self._place(end), missing, at)
            raise
        if scripted:
            declared = self.interface.outputs.variables
            known = interface_pb2.VariableMap(
                variables={key: declared[key] for key in scripted if key in declared}
            )
            name = self._workflow.template.id.name
            bound.MergeFrom(flow.outputs(scripted, known, name=name))
        return bound

    def end_node(self, at: datetime, outputs: literals_pb2.LiteralMap) -> Performance[None]:
        """Let the end-node do what it does inside of another node."""
        site = self._place(self._graph.nodes[END])
        yield site.queued(at, outputs)
        yield site.event(at, "SUCCEEDED")

    def failure_node(
        self, error: core.ExecutionError, at: datetime
    ) -> Performance[tuple[core.ExecutionError, datetime]]:
        """Let the failure node play if there is one; return what is said of the scope then.

        Nobody stops a failure node: whoever is stopped meanwhile leaves it as it is.
        """
        template = self._workflow.template
        if not template.HasField("failure_node"):
            return error, at
        site = self._place(template.failure_node)
        try:
            inputs = self.company.told(self.resolved(site.node), site.node, error)
            performance = self.company.play(site, inputs, self, at)
        except flow.UnresolvedError as missing:
            performance = self._unresolved(site, missing, at)
        performance = self.company.tells(site, performance)
        try:
            told = next(performance)
            while True:
                at = yield told
                told = performance.send(at)
        except StopIteration:
            return error, at
        except NodeFailed as failure:
            return failure.error, at

    def _begin(self, id_: str, at: datetime) -> None:
        site = self._place(self._graph.nodes[id_])
        self._playing += 1
        self.company.ranks[site.path] = rank = (*self._rank, self._graph.ranks[id_])
        if takes_a_slot(site.node) and not self.company.slots.enter(site.id):
            if self._line.hold(rank, site):
                self._nursery.start(self._line.lets_in(self._start))
            return
        self._start(site, at)

    def _start(self, site: Site, at: datetime) -> None:
        id_, performance = site.node.id, self._in_next_round(site, at)
        if takes_a_slot(site.node):
            performance = self.company.slots.during(site.id, performance)
        self._nursery.start(
            performance, partial(self._has_ended, id_), partial(self._has_failed, id_)
        )

    def _in_next_round(self, site: Site, at: datetime) -> Performance[literals_pb2.LiteralMap]:
        """Play a node as soon as it is noticed that those before it have ended."""
        pace = self.company.stage.pace
        if not pace.round:
            return self.play(site, at)

        def plays() -> Performance[literals_pb2.LiteralMap]:
            begun = yield Until(at + pace.round)
            return (yield from self.play(site, begun))

        return plays()

    def _has_ended(self, id_: str, outputs: literals_pb2.LiteralMap, at: datetime) -> None:
        self._given[id_] = outputs
        self._playing -= 1
        self._went_on = at
        for later, can_run in self._graph.ended(id_):
            if later != END and can_run:
                self._begin(later, at)
            elif not can_run:
                self._nursery.start(self._skips(later, at))

    def _has_failed(self, id_: str, failure: Exception, at: datetime) -> None:
        self._playing -= 1
        if self.company.patient:  # else the failure is raised, and would hold the scope
            self._failed[id_] = failure
            for later, _ in self._graph.ended(id_, well=False):
                self._nursery.start(self._skips(later, at))

    def _skips(self, id_: str, at: datetime) -> Performance[None]:
        """Skip what can never run, in the next round; if there is one."""
        at = yield Until(at)
        if self._playing or self._went_on == at:
            site = self._place(self._graph.nodes[id_])
            flaw = self.company.flaw_of(site)
            if flaw is None or not flaw.missing:
                yield site.event(at, "SKIPPED")
            self._went_on = at
            for later, _ in self._graph.ended(id_, well=False):
                self._nursery.start(self._skips(later, at))

    def _unresolved(
        self, site: Site, missing: flow.UnresolvedError, at: datetime
    ) -> Performance[Any]:
        """Fail before it is queued; its task is stopped that never was."""
        upstream, variable, cause = missing.upstream, missing.variable, missing.cause
        worded = wording.binding_failed(site.node.id, variable, upstream, cause)
        error = error_of(worded, at)
        yield site.event(at, "FAILED", error=error)
        if site.node.HasField("task_node"):
            task, company = self.company.task_of(site.node), self.company
            yield Pod(site, task, 0, company.is_interruptible(site.node)).aborted(at)
        raise NodeFailed(error)
