"""What several scripts say together of the nodes of one workflow, which is more than each says.

Nodes and orders are united, what tasks give grows as guesses do, and what no workflow could be is
refused. Ignorant of FlyteAdmin, and of what was registered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flyte_testkit.errors import RegistrationError, TimelineError, shown
from flyte_testkit.graphs.drawn import Graph, Part, as_part
from flyte_testkit.guesses import Seen
from flyte_testkit.literals import describe
from flyte_testkit.nodes import Array, Branch, Cached, Promise, Subworkflow, Task, facts
from flyte_testkit.nodes._names import same
from flyte_testkit.nodes._wholes import MOST_NODES
from flyte_testkit.nodes.order import check_order, last_of, upstream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flyte_testkit.graphs.drawn import Gives
    from flyte_testkit.graphs.mapped import Mapped
    from flyte_testkit.nodes import Node, Where, Workflow

__all__ = ["declaring", "joined", "scripted"]


def joined(one: Graph, other: Graph, whose: str) -> Graph:
    """Return the one graph that two are of; the first of them if the other one says nothing new.

    Raises:
        TimelineError: They disagree about a node, or about the order of nodes.
        RegistrationError: They disagree about a type.
    """
    spelled = {same(name): name for name in one.parts}
    names = {name: spelled.get(same(name), name) for name in other.parts}
    parts = dict(one.parts)
    for name, part in other.parts.items():
        known = parts.get(names[name])
        parts[names[name]] = (
            part if known is None else _joined(known, part, f"{names[name]!r} of {whose}")
        )
    before = {name: tuple(one.before.get(name, ())) for name in parts}
    orders = {} if other.before == one.before else other.before
    for name, earlier in orders.items():
        united = dict.fromkeys((*before[names[name]], *(names[one] for one in earlier)))
        before[names[name]] = tuple(united)
    if orders:
        check_order(before, what=f"the scripts of {whose} together")
        before = upstream(before)
    _check_size(parts, whose)
    failure_node = _failure_node(one, other, parts, whose)
    outputs = _united(one.outputs, other.outputs, whose)
    grown = Graph(parts, before, failure_node, outputs)
    return one if grown == one else grown


def scripted(
    graph: Graph,
    script: Workflow | Where | Subworkflow | Branch,
    whose: str,
    *,
    late: bool = False,
    gives: Gives,
) -> Graph:
    """Return a graph after a script that says what happens in some of its nodes.

    What it does not know stays out of it: whoever casts the script says what is wrong with that.

    Args:
        graph: The graph.
        script: The script.
        whose: Whose it is, for messages.
        late: Whether tasks have the retries that they have.
        gives: Knows what is registered, as :func:`drawn <flyte_testkit.graphs.drawn>` asks it.

    Raises:
        TimelineError: Scripts disagree.
        RegistrationError: They disagree about a type.
    """
    parts = dict(graph.parts)
    for name, node in script.nodes.items():
        spelled = graph.meant(name)
        if spelled is not None and parts[spelled].word == node.defined_as:
            parts[spelled] = _after(
                parts[spelled], node, f"{spelled!r} of {whose}", gives, late=late
            )
    failure_node = graph.failure_node
    at_the_end = None if isinstance(script, Branch) else script.failure_node
    if failure_node is not None and at_the_end and failure_node[1].word == at_the_end[1].defined_as:
        name, part = failure_node
        failure_node = name, _after(part, at_the_end[1], f"{name!r} of {whose}", gives, late=late)
    grown = replace(graph, parts=parts, failure_node=failure_node)
    return graph if grown == graph else grown


def declaring(graph: Graph, outputs: Mapping[str, Seen]) -> Graph:
    """Return a graph whose whole gives outputs of these types, by the task that makes them.

    That is the one whose output is promised; or the last one, if nobody says so. What no task makes
    stays out of it.
    """
    parts = dict(graph.parts)
    last = last_of(graph.before)
    for name, seen in outputs.items():
        promise = (graph.outputs or {}).get(name)
        if isinstance(promise, Promise) and not promise.path:
            giver, output = graph.spelled(promise.node), promise.output
        elif graph.outputs is None and len(last) == 1:
            giver, output = last[0], name
        else:
            continue
        if giver is None or (part := parts[giver]).inside is not None:
            continue
        if (made := seen if part.mapped is None else part.mapped.item_of(seen)) is not None:
            parts[giver] = replace(part, outputs={**part.outputs, output: made})
    return replace(graph, parts=parts)


def _after(part: Part, node: Node, whose: str, gives: Gives, *, late: bool) -> Part:
    if isinstance(node, Cached):
        seen = as_part(node, whose, gives)
        outputs = _outputs(part.outputs, seen.outputs, whose)
        return replace(part, outputs=outputs, cached=part.cached or not late)
    if isinstance(node, (Task, Array)):
        seen = as_part(node, whose, gives)
        outputs = _outputs(part.outputs, seen.outputs, whose)
        if late or not (node.attempts or seen.mapped):
            return replace(part, outputs=outputs)
        retries, most = _retries(part, seen, whose)
        mapped = _mapped(part, seen, whose)
        cached = part.cached or seen.cached
        return replace(
            part, outputs=outputs, retries=retries, most=most, mapped=mapped, cached=cached
        )
    if isinstance(node, (Subworkflow, Branch)) and part.inside is not None:
        return replace(part, inside=scripted(part.inside, node, whose, late=late, gives=gives))
    return part


def _joined(one: Part, other: Part, whose: str) -> Part:
    if one.word != other.word:
        raise TimelineError(
            f"the scripts disagree about {whose}: it is {one.word}(…) and {other.word}(…)."
            "\nAll scripts of one name are of one workflow: let them agree, or call one of the"
            " nodes otherwise."
        )
    if one.plan is not None and other.plan is not None and one.plan.name != other.plan.name:
        raise TimelineError(
            f"the scripts disagree about what {whose} launches: {one.plan.name!r} and"
            f" {other.plan.name!r}.\nAll scripts of one name are of one workflow: let them agree,"
            " or call one of the nodes otherwise."
        )
    inside = other.inside
    if one.inside is not None and inside is not None:
        if one.word == "nodes.branch":
            _check_arms(one.inside, inside, whose)
        inside = joined(one.inside, inside, whose)
    return Part(
        one.word,
        *_retries(one, other, whose),
        one.interruptible or other.interruptible,
        one.deck or other.deck,
        _united(one.inputs, other.inputs, whose, "input") or {},
        _outputs(one.outputs, other.outputs, whose),
        inside,
        one.cached or other.cached,
        _mapped(one, other, whose),
        plan=one.plan,
        lasts=_lasts(one, other, whose),
    )


def _mapped(one: Part, other: Part, whose: str) -> Mapped | None:
    if one.mapped is None or other.mapped is None:
        return one.mapped
    return one.mapped.joined(other.mapped, whose)


def _retries(one: Part, other: Part, whose: str) -> tuple[int, int | None]:
    least = max(one.retries, other.retries)
    most = min((part.most for part in (one, other) if part.most is not None), default=None)
    if most is not None and least > most:
        raise TimelineError(
            f"the scripts disagree about the retries of {whose}: one of them needs {least}, and in"
            f" another attempt {most + 1} is the last, although it fails and may be tried again."
            "\nA task has the same retries in every run: script one more attempt there."
        )
    return least, most


def _lasts(one: Part, other: Part, whose: str) -> float | None:
    if one.lasts is None or other.lasts is None or one.lasts == other.lasts:
        return other.lasts if one.lasts is None else one.lasts
    raise TimelineError(
        f"the scripts disagree about {whose}: it waits {one.lasts:g} s and {other.lasts:g} s."
        "\nA workflow says it once, whatever a run does."
    )


def _check_arms(one: Graph, other: Graph, whose: str) -> None:
    (mine,), (others,) = one.parts, other.parts
    if same(mine) != same(others):
        raise TimelineError(
            f"the scripts disagree about the arm of {whose}: {mine!r} and {others!r}."
            "\nA condition that is made up takes one arm; register the real workflow, whose values"
            " decide."
        )


def _check_outputs(one: Iterable[str], other: Iterable[str], whose: str, kind: str) -> None:
    """Refuse scripts that give this in one run, and that in another: all of it is declared."""
    ways = sorted(one), sorted(other)
    if all(ways) and ways[0] != ways[1]:
        said = " and ".join(", ".join(map(repr, names)) for names in ways)
        raise TimelineError(
            f"the scripts disagree about what {whose} gives: {said}."
            f"\nA {kind} that succeeds gives all of its outputs: script all of them, or none."
        )


def _outputs(one: Mapping[str, Seen], other: Mapping[str, Seen], whose: str) -> Mapping[str, Seen]:
    _check_outputs(one, other, whose, "task")
    found = dict(one)
    for name, seen in other.items():
        known = found.get(name, seen)
        both = known.joined(seen)
        if both is None:
            kinds = " and ".join(sorted(describe(kind.type) for kind in (known, seen)))
            raise RegistrationError(
                f"the scripts disagree about the output {name!r} of {whose}: it is {kinds}."
                "\nScript values of one type."
            )
        found[name] = both
    return found


def _united(
    one: Mapping[str, object] | None,
    other: Mapping[str, object] | None,
    whose: str,
    what: str = "output",
) -> Mapping[str, object] | None:
    """Return what is bound; of outputs, values may differ from run to run and a promise wins."""
    if one is None or other is None:
        return other if one is None else one
    if what == "output":
        _check_outputs(one, other, whose, "workflow")
    found = dict(one)
    for name, value in other.items():
        known = found.setdefault(name, value)
        if _equal(known, value):
            continue
        promises = [any(facts.promised(said)) for said in (known, value)]
        if what == "output" and not all(promises):
            found[name] = value if promises[1] or _holds(value, known) else known
            continue
        raise TimelineError(
            f"the scripts disagree about the {what} {name!r} of {whose}: it is {shown(known)} and"
            f" {shown(value)}.\nA workflow binds it once, whatever a run does."
        )
    return found


def _holds(one: object, other: object) -> bool:
    """Say whether the type of a value holds another value, too, and not the other way round."""
    try:
        seen, twin = Seen.of(one), Seen.of(other)
    except RegistrationError:
        return False
    return seen != twin and seen.joined(twin) == seen


def _equal(one: Any, other: Any) -> bool:
    """Say whether two values are alike; what is not equal to itself, as NaN, prints alike."""
    try:
        return type(one) is type(other) and (bool(one == other) or repr(one) == repr(other))
    except Exception:  # noqa: BLE001  values are users' own, and compare as they like
        return one is other


def _failure_node(
    one: Graph, other: Graph, parts: Mapping[str, Part], whose: str
) -> tuple[str, Part] | None:
    found = one.failure_node or other.failure_node
    if one.failure_node and other.failure_node:
        (name, part), (second, twin) = one.failure_node, other.failure_node
        if same(name) != same(second):
            raise TimelineError(
                f"the scripts disagree about the failure node of {whose}: {name!r} and {second!r}."
                "\nA workflow has one: call it alike."
            )
        found = name, _joined(part, twin, f"{name!r} of {whose}")
    if found is not None and any(same(known) == same(found[0]) for known in parts):
        raise TimelineError(
            f"the scripts disagree about {found[0]!r} of {whose}: it is a node, and the failure"
            " node.\nCall one of them otherwise."
        )
    return found


def _check_size(parts: Mapping[str, Part], whose: str) -> None:
    if len(parts) > MOST_NODES:
        raise TimelineError(
            f"the scripts of {whose} have {len(parts)} nodes together; FlyteAdmin refuses workflows"
            f" of more than {MOST_NODES}.\nAll scripts of one name are of one workflow: let them"
            " share nodes, or put some into a nodes.subworkflow(…)."
        )
