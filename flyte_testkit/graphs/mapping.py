"""Maps of registered tasks, as flytekit makes them where a dynamic task yields one.

A map is a task of its own: what is mapped over is a list, and so is all that it gives. Ignorant of
what else is yielded.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flyteidl.core import interface_pb2, literals_pb2, tasks_pb2, types_pb2

from flyte_testkit import flow, literals
from flyte_testkit.admin.rules.castability import castable
from flyte_testkit.errors import RegistrationError, close_names
from flyte_testkit.graphs.bound import bound, constant
from flyte_testkit.graphs.compiled import is_map
from flyte_testkit.graphs.kinds import type_of
from flyte_testkit.guesses import Seen
from flyte_testkit.nodes.facts import promised

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from flyteidl.core import workflow_pb2

    from flyte_testkit.graphs.drawn import Part
    from flyte_testkit.graphs.mapped import Mapped
    from flyte_testkit.graphs.templates import Scope

__all__ = ["check_inputs", "given", "map_of"]


def check_inputs(part: Part, takes: interface_pb2.VariableMap, path: str) -> None:
    """Refuse inputs that a registered task does not take.

    Raises:
        RegistrationError: There are some.
    """
    for name in part.inputs:
        if name not in takes.variables:
            raise RegistrationError(
                f"{path!r} is given {name!r}, but {part.of!r} takes no such thing."
                f"{close_names(name, takes.variables)}"
                f"\nIt takes {', '.join(map(repr, sorted(takes.variables))) or 'nothing'}."
            )


def given(
    scope: Scope, path: str, name: str, value: object, kind: types_pb2.LiteralType
) -> literals_pb2.Binding:
    """Return the binding of an input of a registered task.

    Raises:
        RegistrationError: The value is of another type.
    """
    try:
        return bound(name, value, kind, scope.ids)
    except RegistrationError as wrong:
        raise RegistrationError(f"the input {name!r} of {path!r}: {wrong}") from None


def map_of(
    scope: Scope,
    node: workflow_pb2.Node,
    part: Part,
    mapped: Mapped,
    task: tasks_pb2.TaskTemplate,
    path: str,
) -> tasks_pb2.TaskTemplate:
    """Let a node map a registered task; return the map, which is a task of its own.

    What is given that the task takes itself is the same for all items, and a list of that is mapped
    over. What is left out is a plain value; if nothing else is mapped over, that is. A registered
    map maps over all of its lists.

    Raises:
        RegistrationError: It is given what it does not take.
    """
    takes = task.interface.inputs.variables
    check_inputs(part, task.interface.inputs, path)
    if is_map(task.id.name):
        template, over = task, {name for name in takes if _is_list(takes[name].type)}
    else:
        over = {name for name, value in part.inputs.items() if _is_over(scope, value, takes[name])}
        over = over or takes.keys() - part.inputs.keys()
        template = _mapping(task, over, mapped)
    size = len(mapped.numbers(repr(path))) if over - part.inputs.keys() else 0
    for name, variable in sorted(template.interface.inputs.variables.items()):
        if name in part.inputs:
            node.inputs.append(given(scope, path, name, part.inputs[name], variable.type))
        else:
            node.inputs.append(
                constant(name, _plain(variable.type, size if name in over else None))
            )
    node.task_node.reference_id.CopyFrom(template.id)
    mapped.node(node, task.metadata.retries.retries)
    node.array_node.node.id = node.array_node.node.metadata.name = template.id.name
    node.array_node.bound_inputs.extend(sorted(takes.keys() - over))
    return template


def _is_over(scope: Scope, value: object, variable: interface_pb2.Variable) -> bool:
    """Whether an input is mapped over: a list of what the task takes, and not that itself."""
    if any(promised(value)):
        kind = type_of(value, scope.kinds)
        return kind.HasField("collection_type") and not castable(kind, variable.type)
    return isinstance(value, (list, tuple)) and not _fits(value, variable.type)


def _fits(value: object, kind: types_pb2.LiteralType) -> bool:
    try:
        literals.literal(value, kind)
    except RegistrationError:
        return False
    return True


def _is_list(kind: types_pb2.LiteralType) -> bool:
    return kind.HasField("collection_type")


def _plain(kind: types_pb2.LiteralType, size: int | None) -> literals_pb2.Literal:
    """Return a plain value of a type; a list of as many as there are items, if so it is."""
    element = kind if size is None else kind.collection_type
    declared = interface_pb2.VariableMap(variables={"x": interface_pb2.Variable(type=element)})
    one = flow.outputs(None, declared, name="x").literals["x"]
    if size is None:
        return one
    return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=[one] * size))


def _mapping(
    task: tasks_pb2.TaskTemplate, over: AbstractSet[str], mapped: Mapped
) -> tasks_pb2.TaskTemplate:
    """Return the task that maps another one, made and called as flytekit does."""
    template = tasks_pb2.TaskTemplate()
    template.CopyFrom(task)
    ratio = 1.0 if mapped.min_success_ratio is None else mapped.min_success_ratio
    inputs, outputs = template.interface.inputs.variables, template.interface.outputs.variables
    told = f"{','.join(sorted(inputs.keys() - over))}{mapped.concurrency}{None}{ratio}"
    digest = hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()
    module, dot, name = task.id.name.rpartition(".")
    template.id.name = f"{module}{dot}map_{name}_{digest}-arraynode"
    for name in over:
        inputs[name].type.CopyFrom(types_pb2.LiteralType(collection_type=inputs[name].type))
    for variable in outputs.values():
        element = Seen(variable.type, nullable=ratio != 1.0).type
        variable.type.CopyFrom(types_pb2.LiteralType(collection_type=element))
    return template
