"""Promises: inputs that are given the output of another node, or a part of it (§6).

Ignorant of constants, lists and maps, and of the edges that promises make.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flyteidl.core import types_pb2

from flyte_testkit.admin.compiler.graph import START
from flyte_testkit.admin.compiler.type_text import type_text
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.rules.castability import castable

if TYPE_CHECKING:
    from flyte_testkit.admin.compiler.graph import Site, Step

__all__ = ["UNTYPED", "resolve"]

UNTYPED = types_pb2.LiteralType(simple=types_pb2.NONE)
"""What is printed as the type of an input that anything will do for."""

_VARIABLE = re.compile(r"(?:\[(?P<index>\d+)\]\.)?(?P<name>\w+)", re.ASCII)


def resolve(
    site: Site,
    step: Step,
    name: str,
    promise: types_pb2.OutputReference,
    expected: types_pb2.LiteralType | None,
) -> types_pb2.LiteralType | None:
    """Return the type of what is promised, or None after noting what is wrong with it.

    A promise of no node in particular becomes one of the start node.

    Args:
        site: Where the workflow is compiled.
        step: The node that is promised something.
        name: The input that it is promised for.
        promise: The promise.
        expected: The type of that input; None if anything will do.
    """
    giver = site.graph.steps.get(promise.node_id or START)
    if giver is None:
        text = f"Referenced node [{promise.node_id}] not found."
        site.errors.add("NodeReferenceNotFound", promise.node_id, text)
        site.not_bound(step, name)
        return None
    parsed = [*_VARIABLE.finditer(promise.var)]
    if len(parsed) != 1:
        site.note("SyntaxError", step, f"Failed to parse element [{promise.var}].")
        return None
    output = _output(site, giver, parsed[0]["name"])
    if output is None:
        site.not_bound(step, name)
        return None
    source = output
    if parsed[0]["index"] is not None:
        if output.HasField("collection_type"):
            source = output.collection_type
        else:
            _mismatch(site, (giver, promise.var, output), (step, name, expected))
    part = _part(site, step, promise, source)
    if part is None:
        return None
    if expected is not None and not castable(part, expected):
        _mismatch(site, (giver, promise.var, part), (step, name, expected))
        return None
    promise.node_id = giver.id
    return part


def _output(site: Site, giver: Step, name: str) -> types_pb2.LiteralType | None:
    before = site.errors.count
    outputs = giver.outputs(site.errors)
    if site.errors.count > before:
        return None
    if outputs is None or name not in outputs:
        text = f"Variable [{name}] not found on node [{giver.id}]."
        site.note("VariableNameNotFound", giver, text)
        return None
    return outputs[name].type


def _part(
    site: Site,
    step: Step,
    promise: types_pb2.OutputReference,
    source: types_pb2.LiteralType,
) -> types_pb2.LiteralType | None:
    """Follow the path into what is promised; steps into what has no parts are not looked at."""
    for attribute in promise.attr_path:
        fields = source.structure.dataclass_type
        if source.HasField("collection_type"):
            source = source.collection_type
        elif source.HasField("map_value_type"):
            source = source.map_value_type
        elif fields and attribute.string_value in fields:
            source = fields[attribute.string_value]
        elif fields:
            site.note(
                "FieldNotFound",
                step,
                f"Variable [{promise.var}] (type [{prototext(source)}]) "
                f"doesn't have field [{attribute.string_value}].",
            )
            return None
    return source


def _mismatch(
    site: Site,
    given: tuple[Step, str, types_pb2.LiteralType],
    wanted: tuple[Step, str, types_pb2.LiteralType | None],
) -> None:
    giver, output, source = given
    taker, name, expected = wanted
    site.note(
        "MismatchingTypes",
        taker,
        f"The output variable '{_qualified(giver, output)}' has type [{type_text(source)}], "
        f"but it's assigned to the input variable '{_qualified(taker, name)}' "
        f"which has type type [{type_text(UNTYPED if expected is None else expected)}].",
    )


def _qualified(step: Step, variable: str) -> str:
    has_metadata = step.node.HasField("metadata")
    return f"{step.node.metadata.name}.{variable}" if has_metadata else variable
