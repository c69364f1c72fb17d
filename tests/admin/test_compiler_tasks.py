from __future__ import annotations

import pytest
from definition_builders import INT, container, pod, task_template

from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.compiler.tasks import compile_task


def errors_of(**fields):
    with pytest.raises(CompileErrors) as raised:
        compile_task(task_template(**fields))
    return str(raised.value)


def test_keeps_the_template_as_it_is():
    template = task_template(inputs={"x": INT}, task_type_version=7)
    assert compile_task(template).template == template


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_container_with_an_interface_needs_a_command_or_arguments(side):
    bare = container()
    bare.args[:] = []
    assert errors_of(container=bare, **{side: {"x": INT}}) == (
        "Collected Errors: 1\n"
        "\tError 0: Code: ValueRequired, Node Id: container, "
        "Description: Value required [command].\n"
    )
    compile_task(task_template(container=bare))
    bare.args[:] = [""]
    compile_task(task_template(container=bare, **{side: {"x": INT}}))


def test_names_sizes_of_any_kind_that_are_none():
    asking = container(("UNKNOWN", "x"), ("UNKNOWN", "x"), limits=[("STORAGE", "y")])
    assert errors_of(container=asking) == (
        "Collected Errors: 2\n"
        "\tError 0: Code: UnrecognizedValue, Node Id: resources.STORAGE, "
        "Description: Unrecognized value [y].\n"
        "\tError 1: Code: UnrecognizedValue, Node Id: resources.UNKNOWN, "
        "Description: Unrecognized value [x].\n"
    )


@pytest.mark.parametrize("name", ["Bad_Name", "", "x" * 64, "a.b"])
def test_containers_of_pods_need_names_of_kubernetes(name):
    made = pod({"containers": [{"name": "ok"}, {"name": name}, {"name": name}]})
    assert errors_of(k8s_pod=made) == (
        "Collected Errors: 1\n"
        "\tError 0: Code: InvalidValue, Node Id: root, "
        "Description: Invalid value [k8s pod spec container name].\n"
    )


def test_containers_that_initialize_a_pod_may_have_any_name():
    compile_task(task_template(k8s_pod=pod({"initContainers": [{"name": "Bad_Name"}]})))


def test_a_task_needs_no_target():
    template = task_template()
    template.ClearField("container")
    assert compile_task(template).template == template
