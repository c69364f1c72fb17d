"""Small builders of what FlyteAdmin holds, put straight into a store."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from flyteidl.admin import (
    execution_pb2,
    launch_plan_pb2,
    matchable_resource_pb2,
    node_execution_pb2,
    project_pb2,
    task_pb2,
    workflow_pb2,
)
from flyteidl.core import (
    identifier_pb2,
    interface_pb2,
    literals_pb2,
    tasks_pb2,
    types_pb2,
)
from flyteidl.core.execution_pb2 import WorkflowExecution

from flyte_testkit.admin.database import rows
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.projects.attributes import kind_of

INTEGER = types_pb2.LiteralType(simple=types_pb2.INTEGER)
STRING = types_pb2.LiteralType(simple=types_pb2.STRING)
NOW = datetime(2024, 3, 10, 12, tzinfo=timezone.utc)
NUL = (  # what a text with a NUL is answered with
    "UNKNOWN",
    'failed database operation with invalid byte sequence for encoding "UTF8": 0x00',
)


def integer(value):
    return literals_pb2.Literal(
        scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=value))
    )


def text(value):
    return literals_pb2.Literal(
        scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(string_value=value))
    )


def literals(**values):
    """A literal map; Python ints and texts are made literals."""
    made = {
        name: value
        if isinstance(value, literals_pb2.Literal)
        else integer(value)
        if isinstance(value, int)
        else text(value)
        for name, value in values.items()
    }
    return literals_pb2.LiteralMap(literals=made)


def identifier(resource_type, name, *, project="p", domain="development", version="v1"):
    return identifier_pb2.Identifier(
        resource_type=resource_type, project=project, domain=domain, name=name, version=version
    )


def execution_id(name="e1", *, project="p", domain="development"):
    return identifier_pb2.WorkflowExecutionIdentifier(project=project, domain=domain, name=name)


def node_id(node="n0", execution="e1", *, project="p", domain="development"):
    return identifier_pb2.NodeExecutionIdentifier(
        node_id=node, execution_id=execution_id(execution, project=project, domain=domain)
    )


def variables(types):
    return interface_pb2.VariableMap(
        variables={name: interface_pb2.Variable(type=kind) for name, kind in types.items()}
    )


def refusal_of(call, *args, **fields):
    """What FlyteAdmin says when it refuses this call: the whole error."""
    with pytest.raises(AdminError) as refusal:
        call(*args, **fields)
    return refusal.value


def assign(attributes, domain="", workflow="", **target):
    """Attributes of one kind, for project ``p`` or a part of it."""
    message = matchable_resource_pb2.MatchingAttributes(**target)
    attributes.table.insert(
        rows.AttributesRow(
            project="p",
            domain=domain,
            workflow=workflow,
            kind=kind_of(message),
            message=message,
            created_at=NOW,
            updated_at=NOW,
        )
    )


class Make:
    """Puts rows into a store and returns them; every name has a default."""

    def __init__(self, store):
        self.store = store

    def project(self, name="p", *, state=0, labels=None):
        message = project_pb2.Project(
            id=name,
            name=name,
            state=state,
            domains=[
                project_pb2.Domain(id=domain, name=domain)
                for domain in ("development", "staging", "production")
            ],
        )
        if labels is not None:
            message.labels.values.update(labels)
        row = rows.ProjectRow(
            identifier=name,
            name=name,
            description="",
            labels=message.labels.SerializeToString(),
            state=state,
            message=message,
            created_at=NOW,
            updated_at=NOW,
        )
        if row.key in self.store.projects:
            return self.store.projects.update(row)
        return self.store.projects.insert(row)

    def task(self, name="t", *, inputs=None, outputs=None, retries=None, **place):
        id_ = identifier(identifier_pb2.TASK, name, **place)
        template = tasks_pb2.TaskTemplate(
            id=id_,
            type="container",
            interface=interface_pb2.TypedInterface(
                inputs=variables(inputs or {}), outputs=variables(outputs or {})
            ),
            container=tasks_pb2.Container(image="img:1"),
        )
        if retries is not None:
            template.metadata.retries.retries = retries
        message = task_pb2.Task(id=id_)
        message.closure.compiled_task.template.CopyFrom(template)
        message.closure.created_at.FromDatetime(NOW)
        return self.store.tasks.insert(
            rows.TaskRow(**_versioned(id_), type="container", short_description="", message=message)
        )

    def workflow(self, name="w", *, inputs=None, **place):
        id_ = identifier(identifier_pb2.WORKFLOW, name, **place)
        interface = interface_pb2.TypedInterface(
            inputs=variables(inputs or {}), outputs=interface_pb2.VariableMap()
        )
        message = workflow_pb2.Workflow(id=id_)
        template = message.closure.compiled_workflow.primary.template
        template.id.CopyFrom(id_)
        template.interface.CopyFrom(interface)
        message.closure.created_at.FromDatetime(NOW)
        return self.store.workflows.insert(
            rows.WorkflowRow(
                **_versioned(id_),
                typed_interface=interface,
                remote_closure_identifier="",
                short_description="",
                message=message,
            )
        )

    def launch_plan(
        self, name="w", *, workflow="w", inputs=None, defaults=None, fixed=None, spec=None, **place
    ):
        """A launch plan with these required inputs, defaults (name: literal) and fixed inputs."""
        id_ = identifier(identifier_pb2.LAUNCH_PLAN, name, **place)
        message = launch_plan_pb2.LaunchPlan(id=id_)
        if spec is not None:
            message.spec.CopyFrom(spec)
        message.spec.workflow_id.CopyFrom(identifier(identifier_pb2.WORKFLOW, workflow, **place))
        message.spec.fixed_inputs.CopyFrom(literals(**(fixed or {})))
        expected = message.closure.expected_inputs
        expected.SetInParent()
        defaults = literals(**(defaults or {}))
        for input_, kind in (inputs or {}).items():
            parameter = expected.parameters[input_]
            parameter.var.type.CopyFrom(kind)
            if input_ in defaults.literals:
                parameter.default.CopyFrom(defaults.literals[input_])
            else:
                parameter.required = True
        message.spec.default_inputs.CopyFrom(expected)
        message.closure.created_at.FromDatetime(NOW)
        message.closure.updated_at.FromDatetime(NOW)
        row = self.store.workflows.get(*_key(message.spec.workflow_id))
        return self.store.launch_plans.insert(
            rows.LaunchPlanRow(
                **_versioned(id_),
                workflow_id=row.id if row else 0,
                state=0,
                schedule_type="NONE",
                launch_condition_type=None,
                message=message,
            )
        )

    def execution(self, name="e1", *, project="p", domain="development", phase="UNDEFINED"):
        """An execution in a phase, as if it had just been created from launch plan ``w``."""
        message = execution_pb2.Execution(id=execution_id(name, project=project, domain=domain))
        message.spec.launch_plan.CopyFrom(
            identifier(identifier_pb2.LAUNCH_PLAN, "w", project=project, domain=domain)
        )
        message.spec.metadata.system_metadata.namespace = f"{project}-{domain}"
        message.closure.phase = WorkflowExecution.Phase.Value(phase)
        message.closure.created_at.FromDatetime(NOW)
        message.closure.updated_at.FromDatetime(NOW)
        message.closure.workflow_id.CopyFrom(
            identifier(identifier_pb2.WORKFLOW, "w", project=project, domain=domain)
        )
        return self.store.executions.insert(
            rows.ExecutionRow(
                execution_project=project,
                execution_domain=domain,
                execution_name=name,
                phase=phase,
                created_at=NOW,
                updated_at=NOW,
                launch_plan_id=1,
                workflow_id=1,
                task_id=0,
                execution_created_at=NOW,
                execution_updated_at=NOW,
                launch_entity="launch_plan",
                message=message,
            )
        )

    def node(self, node="n0", execution="e1", *, project="p", domain="development"):
        """A node that runs."""
        return self.store.node_executions.insert(
            rows.NodeExecutionRow(
                execution_project=project,
                execution_domain=domain,
                execution_name=execution,
                node_id=node,
                phase="RUNNING",
                created_at=NOW,
                updated_at=NOW,
                node_execution_created_at=NOW,
                node_execution_updated_at=NOW,
                message=node_execution_pb2.NodeExecution(
                    id=node_id(node, execution, project=project, domain=domain)
                ),
            )
        )


def _key(id_):
    return id_.project, id_.domain, id_.name, id_.version


def _versioned(id_):
    return {
        "project": id_.project,
        "domain": id_.domain,
        "name": id_.name,
        "version": id_.version,
        "digest": id_.SerializeToString(deterministic=True),
        "created_at": NOW,
        "updated_at": NOW,
    }


def create_request(name="e1", *, plan="w", project="p", domain="development", **fields):
    """A request for an execution; ``spec`` and ``inputs`` may be given as messages."""
    request = execution_pb2.ExecutionCreateRequest(
        project=project, domain=domain, name=name, **fields
    )
    if not request.spec.HasField("launch_plan"):
        request.spec.launch_plan.CopyFrom(
            plan
            if isinstance(plan, identifier_pb2.Identifier)
            else identifier(identifier_pb2.LAUNCH_PLAN, plan)
        )
    return request
