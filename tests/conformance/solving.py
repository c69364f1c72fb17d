"""Which values make a story go as it went: those that conditions and paths into values ask for.

A story does not hold what its tasks gave. Where a conditional took an arm because of it, values are
tried until the conditional takes that arm; where an input could not be found in it, a value is made
that lacks it; where a map had so many items, a list is made that is as long. All else is free.
Ignorant of scripts.
"""

from __future__ import annotations

import re
from itertools import islice, product

import go_texts
from flyteidl.core import interface_pb2, literals_pb2, workflow_pb2
from google.protobuf.json_format import ParseDict
from scopes import Scope

from flyte_testkit import flow, literals

MOST = 50_000
"""How many combinations of values are tried."""
LOST = re.compile(
    r"BindingResolutionError: Error binding Var \[wf\]\.\[(?P<variable>.*?)\],"
    r" caused by: failed at Node\[(?P<upstream>.*?)\]\."
    r" PromiseAttributeResolveError: (?P<cause>.*)",
    re.DOTALL,
)
MISSING = re.compile(
    r"(?:index|key) \[(?P<step>.*?)\] (?:is out of range of|does not exist in literal)"
    r"(?P<there>.*)",
    re.DOTALL,
)


class UnsolvedError(Exception):
    """No values were found; the message says for what."""


def solved(story, told):
    """Return the outputs that have to be given, by the unique ids of the tasks' nodes.

    Raises:
        UnsolvedError: There are none.
    """
    asked, lists, conditionals = {}, {}, []
    for scope in Scope.top(story, told).all():
        for node, unique in scope.told():
            if "branch_node" in node:
                conditionals += _conditional(scope, node, unique)
            if "array_node" in node:
                lists |= _mapped(scope, node, unique)
            asked |= _lost(scope, node, unique)
    asked |= _tried(conditionals)
    found = {unique: {} for unique, _, _ in (*lists, *asked)}
    for (unique, output, path), value in asked.items():
        of_node = found[unique]
        of_node[output] = _put(of_node.get(output), path, value)
    return {
        unique: {**_plain(story, told, unique, lists), **made} for unique, made in found.items()
    }


# Conditionals.


def _conditional(scope, node, unique):
    """Yield a conditional if it is known which arm it took: cases, arm, and where values are from.

    Of one that failed by its own word the arm is empty.
    """
    taken = [event.spec for event in scope.events if event.parent == unique and event.spec]
    code = scope.error(unique).get("code", "")
    if taken or code == "UserProvidedError":
        if_else = ParseDict(node["branch_node"]["if_else"], workflow_pb2.IfElseBlock())
        sources = {each["var"]: scope.source(each["binding"]) for each in node.get("inputs", ())}
        yield if_else, (taken or [""])[0], sources


def _tried(conditionals):
    free = {}
    for if_else, _, sources in conditionals:
        for name, source in sources.items():
            if isinstance(source, tuple):
                free[source] = {**free.get(source, {}), **dict.fromkeys(_near(if_else, name))}
    if not free:
        return {}
    for values in islice(product(*free.values()), MOST):
        given = dict(zip(free, values, strict=True))
        if all(_takes(*each, given) for each in conditionals):
            return given
    raise UnsolvedError("no outputs were found for which its conditionals take their arms")


def _takes(if_else, arm, sources, given):
    inputs = literals_pb2.LiteralMap()
    for name, source in sources.items():
        literal = literals.literal(given[source]) if isinstance(source, tuple) else source
        if literal is not None:
            inputs.literals[name].CopyFrom(literal)
    try:
        taken = flow.arm(if_else, inputs)
    except flow.UndecidedError:
        return False
    return (taken.id if isinstance(taken, workflow_pb2.Node) else "") == arm


def _near(if_else, name):
    """Values around those that an input is compared with."""
    found = []
    for case in (if_else.case, *if_else.other):
        for comparison in _comparisons(case.condition):
            sides = comparison.left_value, comparison.right_value
            for side, other in (sides, sides[::-1]):
                if side.var == name and other.HasField("primitive"):
                    scalar = literals_pb2.Scalar(primitive=other.primitive)
                    value = literals.python_value(literals_pb2.Literal(scalar=scalar))
                    found += _beside(value)
    return found or [0, 1, 2]


def _comparisons(expression):
    if expression.HasField("conjunction"):
        yield from _comparisons(expression.conjunction.left_expression)
        yield from _comparisons(expression.conjunction.right_expression)
    else:
        yield expression.comparison


def _beside(value):
    if isinstance(value, bool):
        return [value, not value]
    if isinstance(value, (int, float)):
        return [value, value + 1, value - 1]
    if isinstance(value, str):
        return [value, value + "z", ""]
    return [value]


# Maps.


def _mapped(scope, node, unique):
    """Return how many elements there are in each list that a map is given by a task."""
    events = [event for event in scope.events if event.node == unique and event.is_of_a_map]
    if not events:
        return {}
    size = len({item.get("index", 0) for event in events for item in event.items})
    bound = node["array_node"].get("bound_inputs", ())
    mapped = (each for each in node.get("inputs", ()) if each["var"] not in bound)
    sources = (scope.source(each["binding"]) for each in mapped)
    return {source: size for source in sources if isinstance(source, tuple)}


# Inputs that could not be found.


def _lost(scope, node, unique):
    """Return the one output because of which an input of a node could not be found."""
    error = scope.error(unique)
    said = LOST.search(error.get("message", ""))
    inside = any(event.parent == unique and event.phase == "FAILED" for event in scope.events)
    if said is None or error.get("code") != "BindingResolutionFailure" or inside:
        return {}
    bindings = [each for each in node.get("inputs", ()) if each["var"] == said["variable"]]
    for promise in _promises(bindings):
        if (promise.get("node_id") or "start-node") != said["upstream"]:
            continue
        source = scope.source({"promise": promise})
        if isinstance(source, tuple):
            return _without(source, said["cause"])
        if source is not None:  # it comes by itself, from what was given
            return {}
    raise UnsolvedError(f"where {unique} lacks {said['variable']!r} from is not known")


def _promises(value):
    if isinstance(value, dict):
        if isinstance(value.get("promise"), dict):
            yield value["promise"]
        for inner in value.values():
            yield from _promises(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _promises(inner)


def _without(source, cause):
    """An output in which a path ends as the cause says."""
    unique, output, path = source
    said = MISSING.match(cause)
    steps = [str(step) for step in path]
    try:
        number, there = steps.index(said["step"]), go_texts.read(said["there"])
    except (TypeError, ValueError):
        raise UnsolvedError(f"what {unique} gave is not known: {cause}") from None
    return {(unique, output, tuple(path[:number])): there}


# Values.


def _put(whole, path, value):
    """Put a value where a path leads to; what is missing on the way is made."""
    if not path:
        return value
    step, *rest = path
    if isinstance(step, int):
        made = list(whole) if isinstance(whole, list) else []
        inner = _put(made[step] if step < len(made) else None, rest, value)
        made += [inner] * (step + 1 - len(made))
        return [*made[:step], inner, *made[step + 1 :]]
    made = dict(whole) if isinstance(whole, dict) else {}
    return {**made, step: _put(made.get(step), rest, value)}


def _plain(story, told, unique, lists):
    """Plain values for all outputs of a node's task: who gives one gives all."""
    demanded = {}
    for (of, output, path), size in lists.items():
        if of == unique:
            demand = flow.Demand.of(path=(*path, size - 1) if size else path)
            demanded[output] = demanded.get(output, flow.Demand()) | demand
    for scope in Scope.top(story, told).all():
        for node, of in scope.told():
            if of == unique:
                declared = ParseDict(scope.interface(node), interface_pb2.VariableMap())
                return literals.python_values(flow.outputs(None, declared, demanded, name=unique))
    return {}
