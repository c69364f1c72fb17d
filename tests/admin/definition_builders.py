"""Small makers of templates, bindings and nodes, and the managers that register them."""

from __future__ import annotations

import json

import pytest
from builders import NOW, identifier, variables
from flyteidl.admin import project_pb2, task_pb2, workflow_pb2
from flyteidl.core import (
    identifier_pb2,
    interface_pb2,
    literals_pb2,
    tasks_pb2,
    types_pb2,
)
from flyteidl.core import workflow_pb2 as core_workflow_pb2
from google.protobuf import json_format

from flyte_testkit.admin.errors import AdminError

INT = types_pb2.LiteralType(simple=types_pb2.INTEGER)
TEXT = types_pb2.LiteralType(simple=types_pb2.STRING)
STRUCT = types_pb2.LiteralType(simple=types_pb2.STRUCT)
DATETIME = types_pb2.LiteralType(simple=types_pb2.DATETIME)
NONE = types_pb2.LiteralType(simple=types_pb2.NONE)

TASK = identifier_pb2.TASK
WORKFLOW = identifier_pb2.WORKFLOW
LAUNCH_PLAN = identifier_pb2.LAUNCH_PLAN


def list_of(kind):
    return types_pb2.LiteralType(collection_type=kind)


def map_of(kind):
    return types_pb2.LiteralType(map_value_type=kind)


def union_of(*kinds):
    return types_pb2.LiteralType(union_type=types_pb2.UnionType(variants=kinds))


def enum_of(*values):
    return types_pb2.LiteralType(enum_type=types_pb2.EnumType(values=values))


def interface(inputs=None, outputs=None):
    return interface_pb2.TypedInterface(
        inputs=variables(inputs or {}), outputs=variables(outputs or {})
    )


def promise(node, var, *path):
    """A promise of a node's output, or of a part of it."""
    reference = types_pb2.OutputReference(node_id=node, var=var)
    for step in path:
        attribute = reference.attr_path.add()
        if isinstance(step, int):
            attribute.int_value = step
        else:
            attribute.string_value = step
    return literals_pb2.BindingData(promise=reference)


def scalar(value):
    """A constant; None is the none type, other Python values are primitives."""
    if value is None:
        return literals_pb2.Scalar(none_type=literals_pb2.Void())
    field = {int: "integer", str: "string_value", float: "float_value", bool: "boolean"}
    return literals_pb2.Scalar(primitive=literals_pb2.Primitive(**{field[type(value)]: value}))


def constant(value):
    """A constant, a list or a map of bindings, or a binding as it is."""
    if isinstance(value, literals_pb2.BindingData):
        return value
    if isinstance(value, list):
        parts = [constant(part) for part in value]
        return literals_pb2.BindingData(
            collection=literals_pb2.BindingDataCollection(bindings=parts)
        )
    if isinstance(value, dict):
        parts = {name: constant(part) for name, part in value.items()}
        return literals_pb2.BindingData(map=literals_pb2.BindingDataMap(bindings=parts))
    return literals_pb2.BindingData(scalar=scalar(value))


def bind(**values):
    return [literals_pb2.Binding(var=name, binding=constant(v)) for name, v in values.items()]


def node(id_, task="t", *, inputs=None, upstream=(), **fields):
    """A node that runs a task, or whatever else the fields say."""
    made = core_workflow_pb2.Node(
        id=id_, inputs=bind(**(inputs or {})), upstream_node_ids=upstream, **fields
    )
    if made.WhichOneof("target") is None and task is not None:
        made.task_node.reference_id.CopyFrom(identifier(TASK, task))
    return made


def template(*nodes, name="w", inputs=None, outputs=None, returns=None, **fields):
    """A workflow; ``outputs`` are types, ``returns`` what they are bound to."""
    return core_workflow_pb2.WorkflowTemplate(
        id=identifier(WORKFLOW, name),
        interface=interface(inputs, outputs),
        nodes=nodes,
        outputs=bind(**(returns or {})),
        **fields,
    )


def workflow_request(*nodes, sub_workflows=(), description=None, **fields):
    made = template(*nodes, **fields)
    spec = workflow_pb2.WorkflowSpec(template=made, sub_workflows=sub_workflows)
    if description is not None:
        spec.description.CopyFrom(description)
    return workflow_pb2.WorkflowCreateRequest(id=made.id, spec=spec)


def task_template(name="t", *, inputs=None, outputs=None, **fields):
    made = tasks_pb2.TaskTemplate(
        id=identifier(TASK, name),
        type="container",
        metadata=tasks_pb2.TaskMetadata(),
        interface=interface(inputs, outputs),
        **fields,
    )
    if made.WhichOneof("target") is None:
        made.container.image = "img:1"
        made.container.args.append("run")
    return made


def task_request(made=None, description=None, **fields):
    made = task_template(**fields) if made is None else made
    spec = task_pb2.TaskSpec(template=made)
    if description is not None:
        spec.description.CopyFrom(description)
    return task_pb2.TaskCreateRequest(id=made.id, spec=spec)


def container(*requests, limits=(), **fields):
    """A container that asks for these (name, size)s."""

    def entries(pairs):
        return [
            tasks_pb2.Resources.ResourceEntry(
                name=tasks_pb2.Resources.ResourceName.Value(name), value=size
            )
            for name, size in pairs
        ]

    return tasks_pb2.Container(
        image="img:1",
        args=["run"],
        resources=tasks_pb2.Resources(requests=entries(requests), limits=entries(limits)),
        **fields,
    )


def pod(spec):
    made = tasks_pb2.K8sPod()
    json_format.Parse(json.dumps(spec), made.pod_spec)
    return made


def archive(make, name="p", state=project_pb2.Project.ARCHIVED):
    return make.project(name, state=state)


def refusal(call, *arguments, now=NOW):
    """What a manager's method says when it refuses a request."""
    with pytest.raises(AdminError) as caught:
        call(*arguments, now)
    return caught.value
