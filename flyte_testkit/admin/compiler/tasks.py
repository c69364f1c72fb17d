"""Compiles a task: the few things of a template that the engine could not run (§5).

Ignorant of requests, rows and the platform's limits.
"""

from __future__ import annotations

from flyteidl.core import compiler_pb2, tasks_pb2

from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.database import enums
from flyte_testkit.admin.go.kubernetes_names import name_problems
from flyte_testkit.admin.go.quantities import InvalidQuantityError, parse
from flyte_testkit.admin.rules import pod_specs

__all__ = ["compile_task"]


def compile_task(template: tasks_pb2.TaskTemplate) -> compiler_pb2.CompiledTask:
    """Return the task as it will be stored.

    Raises:
        CompileErrors: The engine could not run it.
        AdminError: Its pod is none.
    """
    errors = CompileErrors()
    if template.HasField("container"):
        _container(template, errors)
    if template.HasField("k8s_pod"):
        for container in pod_specs.containers(template.k8s_pod.pod_spec):
            if name_problems(container.name):
                errors.add("InvalidValue", "root", "Invalid value [k8s pod spec container name].")
    errors.raise_if_any()
    return compiler_pb2.CompiledTask(template=template)


def _container(template: tasks_pb2.TaskTemplate, errors: CompileErrors) -> None:
    container, interface = template.container, template.interface
    has_data = interface.inputs.variables or interface.outputs.variables
    if has_data and not container.command and not container.args:
        errors.add("ValueRequired", "container", "Value required [command].")
    for entry in (*container.resources.requests, *container.resources.limits):
        try:
            parse(entry.value)
        except InvalidQuantityError:
            errors.add(
                "UnrecognizedValue",
                f"resources.{enums.column(tasks_pb2.Resources.ResourceName, entry.name)}",
                f"Unrecognized value [{entry.value}].",
            )
