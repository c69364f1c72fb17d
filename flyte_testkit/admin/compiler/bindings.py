"""Bindings: what a node's inputs are given, held against what they expect (§6).

Ignorant of what kinds of nodes there are, but knows the graph, for a promise makes one node wait
for another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from flyte_testkit.admin.compiler import promises
from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.compiler.graph import Site
from flyte_testkit.admin.compiler.type_text import type_text
from flyte_testkit.admin.errors import internal
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.rules.castability import castable
from flyte_testkit.literals.inference import type_of_literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flyte_testkit.admin.compiler.graph import Step

__all__ = ["bind", "check_variables"]


def check_variables(
    node: str, interface: interface_pb2.TypedInterface, errors: CompileErrors
) -> None:
    """Note variables without a name or a type, and make both sides of the interface present."""
    for side in (interface.inputs, interface.outputs):
        side.SetInParent()
        for name, variable in side.variables.items():
            if not name:
                errors.add("ValueRequired", node, "Value required [paramName].")
            if not variable.HasField("type"):
                errors.add("ValueRequired", node, "Value required [param.Type].")


def bind(
    site: Site,
    step: Step,
    bindings: Iterable[literals_pb2.Binding],
    parameters: Mapping[str, interface_pb2.Variable] | None,
    *,
    both_ways: bool,
) -> interface_pb2.VariableMap:
    """Bind the inputs of a node and draw the edges that its promises make.

    Args:
        site: Where the workflow is compiled.
        step: The node.
        bindings: What its inputs are given.
        parameters: What it expects; None lets the bindings say (branches and approvals).
        both_ways: Whether the nodes it waits for shall know of it.

    Returns:
        The types that were found, by the names of the inputs.
    """
    found = interface_pb2.VariableMap()
    bound: set[str] = set()
    for binding in bindings:
        name = binding.var
        if parameters is not None and name not in parameters:
            site.note(
                "VariableNameNotFound",
                step,
                f"Variable [{name}] not found on node [{step.id}].",
            )
        elif not binding.HasField("binding"):
            site.note("ValueRequired", step, "Value required [Binding].")
        elif name in bound:
            site.note(
                "ParameterBoundMoreThanOnce", step, f"Input [{name}] is bound more than once."
            )
        else:
            bound.add(name)
            expected = None if parameters is None else parameters[name].type
            resolved = _resolve(site, step, name, binding.binding, expected)
            if resolved is None:
                continue
            for promise in _promises(binding.binding):
                draw = site.graph.follows if both_ways else site.graph.waits
                draw(promise.node_id, step.id)
            found.variables[name].type.CopyFrom(resolved)
    for name, parameter in (parameters or {}).items():
        if name not in bound and not _is_optional(parameter.type):
            site.not_bound(step, name)
    return found


def _resolve(
    site: Site,
    step: Step,
    name: str,
    binding: literals_pb2.BindingData,
    expected: types_pb2.LiteralType | None,
) -> types_pb2.LiteralType | None:
    """Return the type of what is bound, or None after noting what is wrong with it."""
    before = site.errors.count
    kind = binding.WhichOneof("value")
    if kind == "promise":
        return promises.resolve(site, step, name, binding.promise, expected)
    if kind == "scalar":
        found = _scalar(site, step, name, binding.scalar, expected)
    elif expected is not None and expected.HasField("union_type"):
        return _variant(site, step, name, binding, expected)
    else:
        found = _parts(site, step, name, binding, expected)
    return found if site.errors.count == before else None


def _variant(
    site: Site,
    step: Step,
    name: str,
    binding: literals_pb2.BindingData,
    expected: types_pb2.LiteralType,
) -> types_pb2.LiteralType | None:
    """Find the one variant of a union that a list or map fits."""
    trial = Site(site.graph, CompileErrors())
    fitting = []
    for variant in expected.union_type.variants:
        resolved = _resolve(trial, step, name, binding, variant)
        if resolved is not None:
            fitting.append((variant, resolved))
    if len(fitting) == 1:
        return fitting[0][1]
    story = (
        f"Input [{name}] on node [{step.id}] expects bindings of union type "
        f"[{prototext(expected)}].  Received [{prototext(binding)}] which "
    )
    if fitting:
        (first, _), (second, _) = fitting[:2]
        site.note(
            "AmbiguousBindingUnionValue",
            step,
            f"{story}is ambiguous as both variants [{prototext(first)}] "
            f"and [{prototext(second)}] match.",
        )
    else:
        site.note(
            "IncompatibleBindingUnionValue",
            step,
            f"{story}does not match any of the variants.",
        )
    return None


def _parts(
    site: Site,
    step: Step,
    name: str,
    binding: literals_pb2.BindingData,
    expected: types_pb2.LiteralType | None,
) -> types_pb2.LiteralType:
    """Hold a list or map against the type of its elements; the last one's type stands."""
    found = types_pb2.LiteralType()
    wanted = promises.UNTYPED if expected is None else expected
    kind = binding.WhichOneof("value")
    if kind == "collection" and wanted.HasField("collection_type"):
        found.collection_type.SetInParent()
        for part in binding.collection.bindings:
            resolved = _resolve(site, step, name, part, wanted.collection_type)
            if resolved is not None:
                found.collection_type.CopyFrom(resolved)
    elif kind == "map" and wanted.HasField("map_value_type"):
        found.map_value_type.SetInParent()
        for _, part in sorted(binding.map.bindings.items()):
            resolved = _resolve(site, step, name, part, wanted.map_value_type)
            if resolved is not None:
                found.map_value_type.CopyFrom(resolved)
    else:
        received = "" if kind is None else prototext(getattr(binding, kind))
        site.note(
            "MismatchingBindings",
            step,
            f"Input [{name}] on node [{step.id}] expects bindings of type "
            f"[{prototext(wanted)}].  Received [{received}]",
        )
    return found


def _scalar(
    site: Site,
    step: Step,
    name: str,
    scalar: literals_pb2.Scalar,
    expected: types_pb2.LiteralType | None,
) -> types_pb2.LiteralType | None:
    found = type_of_literal(literals_pb2.Literal(scalar=scalar))
    if found is None:
        kind = scalar.WhichOneof("value")
        if kind is None:
            raise internal("")  # the real compiler stumbles here
        kind = kind.title().replace("_", "")
        site.note("UnrecognizedValue", step, f"Unrecognized value [*core.Scalar_{kind}].")
    elif expected is not None and not castable(found, expected):
        site.note(
            "MismatchingTypes",
            step,
            f"Variable [{name}] (type [{type_text(found)}]) "
            f"doesn't match expected type [{type_text(expected)}].",
        )
    if expected is not None and expected.HasField("enum_type"):
        text = scalar.primitive.string_value
        if text not in expected.enum_type.values:
            site.note(
                "IllegalEnumValue",
                step,
                f"Input [{name}] on node [{step.id}] is an Enum and expects value to be one of "
                f"[[{' '.join(expected.enum_type.values)}]].  Received [{text}]",
            )
    return found


def _promises(binding: literals_pb2.BindingData) -> Iterator[types_pb2.OutputReference]:
    """Return the promises in a binding, at whatever depth."""
    if binding.HasField("promise"):
        yield binding.promise
    for part in binding.collection.bindings:
        yield from _promises(part)
    for part in binding.map.bindings.values():
        yield from _promises(part)


def _is_optional(kind: types_pb2.LiteralType) -> bool:
    """Whether an input may stay unbound: a union with NONE, or with anything that is not simple.

    The latter is the real compiler's: what is not simple looks like NONE to it.
    """
    return any(variant.simple == types_pb2.NONE for variant in kind.union_type.variants)
