"""Who plays what: the names in a script become the ids of a compiled workflow.

What a script says must fit what is registered: names, kinds, what tasks give, and how often they
are tried again. Ignorant of launches, but for what one is given.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from flyte_testkit import flow, literals
from flyte_testkit.errors import RegistrationError, TimelineError, close_names, cut, shown
from flyte_testkit.graphs.arms import check_arms
from flyte_testkit.graphs.compiled import Compiled, called, kind, told
from flyte_testkit.graphs.drawn import numbered
from flyte_testkit.graphs.lengths import check_lengths
from flyte_testkit.graphs.waits import check_gate, check_sleep
from flyte_testkit.graphs.yielded import compiled
from flyte_testkit.nodes import (
    Array,
    Branch,
    Cached,
    Dynamic,
    Gate,
    LaunchPlan,
    Sleep,
    Subworkflow,
    Task,
    Where,
    Workflow,
)
from flyte_testkit.nodes._names import same
from flyte_testkit.nodes.facts import promised
from flyte_testkit.nodes.retries import check_attempts
from flyte_testkit.timeline import Succeeds, Yields
from flyte_testkit.walk import Cast, is_cached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flyteidl.core import compiler_pb2, identifier_pb2, literals_pb2, workflow_pb2

    from flyte_testkit.graphs.compiled import Scope
    from flyte_testkit.graphs.plans import Registered
    from flyte_testkit.nodes import Node
    from flyte_testkit.timeline import Attempt
    from flyte_testkit.walk import Setting
    from flyte_testkit.walk.cast import Child

__all__ = ["cast"]

_WORDS: Final = {
    "task": "nodes.task",
    "sub-workflow": "nodes.subworkflow",
    "branch": "nodes.branch",
    "map": "nodes.array",
    "launch plan": "nodes.launch_plan",
    "gate": "nodes.gate",
    "sleep": "nodes.sleep",
}
_SHOWN: Final = 1000
"""How many letters a list of nodes may have."""


def cast(
    closure: compiler_pb2.CompiledWorkflowClosure,
    script: Workflow | Where,
    inputs: literals_pb2.LiteralMap | None = None,
    registered: Registered | None = None,
    meets: Callable[[Cast], Setting] | None = None,
) -> Cast:
    """Return which node of a workflow plays what.

    Args:
        closure: The workflow as FlyteAdmin compiled it.
        script: What its nodes do.
        inputs: What it runs with; None if that is not known yet.
        registered: What is registered, for what dynamic tasks yield.
        meets: Says what it meets that it did not bring along; None for nothing.

    Raises:
        TimelineError: The script names a node that is not there, that is of another kind, that is
            one of several, or an arm that these inputs do not take; or a task cannot make these
            attempts.
        RegistrationError: A task gives what it does not declare, or less.
    """
    word = "nodes.where" if isinstance(script, Where) else "nodes.workflow"
    caster = _Caster(Compiled(closure), word, registered)
    caster.scope(caster.compiled.top, script)
    if script.rest is not None:
        caster.rest(script.rest)
    who = Cast(closure, script, caster.nodes, caster.outputs, caster.children, caster.yielded)
    if inputs is not None:
        check_arms(caster.compiled, who, inputs, None if meets is None else meets(who))
    return who


class _Caster:
    """Finds the nodes of one workflow.

    Args:
        compiled: The workflow.
        word: How the script is written.
        registered: What is registered, for what dynamic tasks yield.
        ids: The ids of nodes by their names, where the script has made them up; of others none.
    """

    def __init__(
        self,
        compiled: Compiled,
        word: str,
        registered: Registered | None,
        ids: Callable[[Iterable[str]], Mapping[str, str]] = lambda _: {},
    ) -> None:
        self.ids = ids
        self.compiled = compiled
        self.word = word
        self.registered = registered
        self.nodes: dict[tuple[str, ...], Node] = {}
        self.outputs: dict[tuple[str, ...], Mapping[str, object]] = {}
        self.yielded: dict[tuple[str, ...], compiler_pb2.CompiledWorkflowClosure] = {}
        self.children: list[tuple[identifier_pb2.Identifier, Child]] = []

    def scope(
        self, scope: Scope, script: Workflow | Where | Subworkflow | Branch | Dynamic
    ) -> None:
        """Find the nodes that stand beside each other, and those inside of them."""
        names: dict[str, str] = {}
        made_up = {} if isinstance(script, Branch) else self.ids(script.nodes)
        for name, node in script.nodes.items():
            found = self._found(scope, made_up.get(name, name))
            if (other := names.setdefault(found.id, name)) != name:
                raise TimelineError(
                    f"{self.word}(…): {other!r} and {name!r} are one node of {scope.whose}:"
                    f" {told(found)}.\nLeave one of them out."
                )
            self._node(scope, name, found, node)
        if not isinstance(script, (Branch, Dynamic)) and script.failure_node is not None:
            self._failure_node(scope, *script.failure_node)
        if isinstance(script, (Workflow, Subworkflow)) and script.outputs is not None:
            said = {k: v for k, v in script.outputs.items() if not any(promised(v))}
            _check_values(scope, said)
            self.outputs[scope.path] = said

    def rest(self, attempt: Attempt) -> None:
        """Hold what all other tasks do against each of them."""
        outputs = attempt.ending.outputs if isinstance(attempt.ending, Succeeds) else {}
        for scope, node in self.compiled.everywhere():
            if kind(node) in {"task", "map"} and (*scope.path, node.id) not in self.nodes:
                what = f".others(…): {called(node)!r} ({node.id}) of {scope.whose}"
                check_lengths((attempt,), node, what)
                if outputs:
                    self._check_outputs(what, node, outputs)

    def _found(self, scope: Scope, name: str) -> workflow_pb2.Node:
        found = scope.meant(name)
        if len(found) == 1:
            return found[0]
        if found:
            one = found[0].id.replace("-", "_")
            raise TimelineError(
                f"{self.word}(…): {name!r} may be any of {_listed(found)} in {scope.whose}."
                f"\nWrite the id: {one}=…"
            )
        at_the_end = scope.failure_node
        if at_the_end is not None and same(name) == same(called(at_the_end)):
            raise TimelineError(
                f"{self.word}(…): {name!r} is the failure node of {scope.whose}."
                f"\nWrite .on_failure({name}=…)."
            )
        if way := self.compiled.way_to(scope, name):
            raise TimelineError(
                f"{self.word}(…): there is no node {name!r} beside the others of {scope.whose}:"
                f" one is inside of {_listed([node for _, node in way])}."
                f"\nWrite it there: {_inside(way, name)}"
            )
        raise TimelineError(
            f"{self.word}(…): there is no node {name!r} in {scope.whose}."
            f"{close_names(name, scope.names)}\nThere is {_listed(scope.nodes)}."
        )

    def _node(self, scope: Scope, name: str, found: workflow_pb2.Node, node: Node) -> None:
        self._check_kind(scope, name, found, node)
        path = (*scope.path, found.id)
        self.nodes[path] = node
        self._check_deck(f"{name!r} ({found.id}) of {scope.whose}", found, node)
        if isinstance(node, (Subworkflow, Branch)):
            self.scope(self.compiled.below(scope, found), node)
        elif isinstance(node, Task) and node.attempts:
            whose = f"{name!r} ({found.id}) of {scope.whose}"
            self._check_attempts(whose, found, node.attempts)
            if isinstance(node, Dynamic) and node.nodes:
                self._yields(path, found, node, whose)
        elif isinstance(node, Array):
            what = f"{name!r} ({found.id}) of {scope.whose}"
            self._check_attempts(what, found, node.attempts)
            for index, cached in node.but.cached.items():
                self._check_cached(f"{what}, item {index},", found, cached)
            for index, attempts in node.but.items():
                self._check_attempts(f"{what}, item {index}", found, attempts)
        elif isinstance(node, Gate):
            check_gate(f"{name!r} ({found.id}) of {scope.whose}", found, node)
        elif isinstance(node, Sleep):
            check_sleep(f"{name!r} ({found.id}) of {scope.whose}", found, node)
        elif isinstance(node, LaunchPlan):
            self._launches(scope, name, found, node)

    def _launches(
        self, scope: Scope, name: str, found: workflow_pb2.Node, node: LaunchPlan
    ) -> None:
        """Take down what a launch plan does, if its node says so."""
        plan = found.workflow_node.launchplan_ref
        if node.of not in ("", plan.name):
            raise TimelineError(
                f"{self.word}(…): {name}={shown(node)}, but {name!r} ({found.id}) of"
                f" {scope.whose} launches {plan.name!r}.\nWrite of={plan.name!r}, or leave it"
                " out."
            )
        if node.script is not None:
            self.children.append((plan, node.script))

    def _yields(
        self, path: tuple[str, ...], found: workflow_pb2.Node, node: Dynamic, whose: str
    ) -> None:
        """Find the nodes that a dynamic task yields in the workflow that they make up."""
        closure = compiled(node, self.compiled.task(found), found.id, whose, self.registered)
        inner = _Caster(
            Compiled(closure, path, whose),
            self.word,
            self.registered,
            partial(numbered, prefix="dn"),
        )
        inner.scope(inner.compiled.top, node)
        self.nodes |= inner.nodes
        self.outputs |= inner.outputs
        self.children += inner.children
        self.yielded |= {path: closure, **inner.yielded}

    def _failure_node(self, scope: Scope, name: str, node: Node) -> None:
        if scope.failure_node is None:
            raise TimelineError(
                f"{self.word}(…).on_failure({name}=…): {scope.whose} has no failure node."
                "\nLeave it out, or register a workflow with on_failure=…"
            )
        self._node(scope, name, scope.failure_node, node)

    def _check_kind(self, scope: Scope, name: str, found: workflow_pb2.Node, node: Node) -> None:
        word = _WORDS.get(kind(found))
        if word == node.defined_as:
            if isinstance(node, Cached):
                self._check_cached(f"{name!r} ({found.id}) of {scope.whose}", found, node)
            return
        advice = (
            f"Write {name}={word}(…)." if word else "Leave it out: no script says what it does."
        )
        raise TimelineError(
            f"{self.word}(…): {name}={shown(node)}, but {name!r} is a {kind(found)} of"
            f" {scope.whose}: {told(found)}.\n{advice}"
        )

    def _check_cached(self, what: str, found: workflow_pb2.Node, node: Cached) -> None:
        task = self.compiled.task(found)
        if not is_cached(found.array_node.node if kind(found) == "map" else found, task):
            raise TimelineError(
                f"{self.word}(…): {what} is {shown(node)}, but its task {task.id.name!r} is not"
                " declared to be cached.\nWrite nodes.task(…), or let the task say cache=True."
            )
        if node.outputs:
            self._check_outputs(what, found, node.outputs)

    def _check_attempts(
        self, what: str, found: workflow_pb2.Node, attempts: tuple[Attempt, ...]
    ) -> None:
        check_attempts(attempts, self.compiled.retries(found), what)
        check_lengths(attempts, found, what)
        ending = attempts[-1].ending if attempts else None
        if isinstance(ending, Yields) and ending.nodes:
            return  # its outputs come of them
        if isinstance(ending, (Succeeds, Yields)) and ending.outputs:
            self._check_outputs(what, found, ending.outputs)

    def _check_deck(self, what: str, found: workflow_pb2.Node, node: Node) -> None:
        """Refuse that a deck is missing where there would be none."""
        if node.flaw is None or not node.flaw.deck:
            return
        task = self.compiled.task(found)
        if not task.metadata.generates_deck.value:
            raise TimelineError(
                f"{what}: deck='missing', but {task.id.name!r} makes no deck that could be."
                "\nLet it make one: nodes.task(…, deck=True), or @task(enable_deck=True)."
            )

    def _check_outputs(
        self, what: str, node: workflow_pb2.Node, outputs: Mapping[str, object]
    ) -> None:
        task = self.compiled.task(node)
        declared = task.interface.outputs
        if kind(node) == "map":
            declared = flow.of_an_item(declared, outputs)
        try:
            flow.outputs(outputs, declared, name=task.id.name)
        except RegistrationError as error:
            raise RegistrationError(f"{what}: {error}") from None


def _check_values(scope: Scope, said: Mapping[str, object]) -> None:
    """Hold what a whole is said to give against what it is bound to by all scripts together."""
    types = {name: scope.outputs[name].type for name in said if name in scope.outputs}
    try:
        literals.literal_map({name: said[name] for name in types}, types, of="output")
    except RegistrationError as error:
        raise RegistrationError(
            f"{scope.whose}: {error}\nAll scripts of one name are of one workflow: let them give"
            " values of one type."
        ) from None


def _listed(nodes: Sequence[workflow_pb2.Node]) -> str:
    return cut(", ".join(map(told, nodes)), _SHOWN)


def _inside(way: Sequence[tuple[Scope, workflow_pb2.Node]], name: str) -> str:
    """Return how a node is scripted that is inside of others, the outermost first."""
    written = f"{name}=…" if name.isidentifier() else f"**{{{name!r}: …}}"
    for scope, node in reversed(way):
        short = called(node)
        is_clear = short.isidentifier() and len(scope.meant(short)) == 1
        key = short if is_clear else node.id.replace("-", "_")
        written = f"{key}={_WORDS[kind(node)]}({written})"
    return written
