from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW, identifier
from definition_builders import (
    INT,
    TASK,
    WORKFLOW,
    archive,
    container,
    pod,
    refusal,
    task_request,
    task_template,
)
from flyteidl.admin import common_pb2, description_entity_pb2, task_pb2

from flyte_testkit.admin.database import times
from flyte_testkit.admin.definitions.tasks import TaskManager

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def tasks(store, make):
    return TaskManager(store)


def get(tasks, id_):
    return tasks.get_task(common_pb2.ObjectGetRequest(id=id_), NOW)


def refused(tasks, request):
    return refusal(tasks.create_task, request).message


def test_shows_a_task_as_it_was_sent_under_the_id_of_the_request(tasks):
    request = task_request(inputs={"x": INT}, task_type_version=3)
    request.spec.template.id.name = "other"
    tasks.create_task(request, NOW)
    shown = get(tasks, identifier(TASK, "t"))
    expected = task_template(inputs={"x": INT}, task_type_version=3)
    assert shown.closure.compiled_task.template == expected
    assert shown.closure.created_at == times.stamp(NOW)


def test_shows_the_short_description_and_nothing_else_of_the_spec(tasks):
    said = description_entity_pb2.DescriptionEntity(short_description="what it does")
    tasks.create_task(task_request(description=said), NOW)
    assert get(tasks, identifier(TASK, "t")).short_description == "what it does"


def test_checks_the_id_then_the_place_then_the_spec(tasks, make):
    request = task_pb2.TaskCreateRequest()
    assert refused(tasks, request) == "missing id"
    request.id.CopyFrom(identifier(WORKFLOW, "t", project="q", domain="mars"))
    assert refused(tasks, request).startswith("unexpected resource type workflow")
    request.id.resource_type = TASK
    assert "project [q] not found" in refused(tasks, request)
    request.id.project = "p"
    assert refused(tasks, request) == "domain [mars] is unrecognized by system"
    request.id.domain = "staging"
    assert refused(tasks, request) == "missing spec"
    request.spec.SetInParent()
    assert refused(tasks, request) == "missing spec"
    request.spec.template.SetInParent()
    assert refused(tasks, request) == "missing type"
    request.spec.template.type = "container"
    assert refused(tasks, request) == "missing metadata"
    request.spec.template.metadata.runtime.SetInParent()
    assert refused(tasks, request) == "missing runtime version"
    request.spec.template.metadata.runtime.version = "1"
    assert refused(tasks, request) == "missing typed interface"
    request.spec.template.interface.SetInParent()
    request.spec.template.container.SetInParent()
    assert refused(tasks, request) == "missing image"
    request.spec.template.container.image = "img:1"
    tasks.create_task(request, NOW)


def test_makes_nothing_in_a_project_that_is_not_active(tasks, make):
    archive(make)
    assert refused(tasks, task_request()) == "project [p] is not active"


def test_looks_at_the_image_before_the_resources(tasks):
    made = container(("CPU", "x"))
    made.image = ""
    assert refused(tasks, task_request(container=made)) == "missing image"


def test_holds_containers_to_what_the_platform_allows(tasks):
    assert refused(tasks, task_request(container=container(("CPU", "3")))).startswith(
        "Requested CPU default [3] is greater than current limit"
    )


def test_holds_containers_of_pods_to_what_the_platform_allows(tasks):
    asking = {"requests": {"memory": "2Gi", "nvidia.com/gpu": "64"}}
    made = pod({"containers": [{"name": "a", "resources": asking}]})
    assert refused(tasks, task_request(k8s_pod=made)).startswith(
        "Requested MEMORY default [2Gi] is greater than current limit"
    )
    made = pod({"initContainers": [{"name": "a", "resources": asking}]})
    tasks.create_task(task_request(k8s_pod=made), NOW)


def test_asks_what_is_allowed_for_this_very_task(store, make):
    asked = []

    def limits(*place):
        asked.append(place)
        return {"cpu": "8"}

    made = container(("CPU", "8"), ("MEMORY", "100Gi"))
    TaskManager(store, limits).create_task(task_request(container=made), NOW)
    assert asked == [("p", "development", "t")]


def test_a_pod_needs_a_specification_but_that_may_be_empty(tasks):
    template = task_template()
    template.k8s_pod.SetInParent()
    assert refused(tasks, task_request(template)) == (
        "invalid TaskSpecification, pod tasks should specify their target as a K8sPod "
        "with a defined pod spec"
    )
    tasks.create_task(task_request(k8s_pod=pod({})), NOW)


def test_refuses_what_does_not_compile(tasks):
    made = container(("STORAGE", "x"))
    assert refused(tasks, task_request(container=made)) == (
        "task failed compilation with Collected Errors: 1\n"
        "\tError 0: Code: UnrecognizedValue, Node Id: resources.STORAGE, "
        "Description: Unrecognized value [x].\n"
    )


def test_takes_an_identical_task_for_success_in_disguise(tasks):
    tasks.create_task(task_request(), NOW)
    said = description_entity_pb2.DescriptionEntity(short_description="too late")
    again = refusal(tasks.create_task, task_request(description=said), now=LATER)
    assert (again.code, again.message) == (
        "ALREADY_EXISTS",
        "task with identical structure already exists",
    )
    shown = get(tasks, identifier(TASK, "t"))
    assert (shown.short_description, shown.closure.created_at) == ("", times.stamp(NOW))


def test_refuses_another_task_under_the_same_id(tasks):
    tasks.create_task(task_request(), NOW)
    again = refusal(tasks.create_task, task_request(outputs={"y": INT}))
    assert again.code == "INVALID_ARGUMENT"
    assert again.message.startswith(
        "t task with different structure already exists. "
        "(Please register a new version of the task):\n/template/interface"
    )


@pytest.mark.parametrize("part", ["name", "version"])
def test_keeps_names_of_any_text_but_for_nuls(tasks, part):
    template = task_template()
    setattr(template.id, part, "é \n'\"/" + "x" * 300)
    tasks.create_task(task_request(template), NOW)
    assert get(tasks, template.id).id == template.id
    setattr(template.id, part, "a\0")
    assert refusal(tasks.create_task, task_request(template)).code == "UNKNOWN"


def test_says_that_a_short_description_is_too_long(tasks):
    said = description_entity_pb2.DescriptionEntity(short_description="é" * 4001)
    too_long = refusal(tasks.create_task, task_request(description=said))
    assert (too_long.code, too_long.message) == (
        "UNKNOWN",
        "failed database operation with value too long for type character varying(4000)",
    )


def test_finds_a_task_by_some_parts_of_its_id_whatever_the_type(tasks):
    tasks.create_task(task_request(), NOW)
    assert get(tasks, identifier(WORKFLOW, "t", project="", version="")).id.name == "t"
    assert tasks.get_task(common_pb2.ObjectGetRequest(), NOW).id.name == "t"


def test_says_that_there_is_no_such_task_without_its_type(tasks):
    missing = refusal(tasks.get_task, common_pb2.ObjectGetRequest(id=identifier(TASK, "t")))
    assert (missing.code, missing.message) == (
        "NOT_FOUND",
        (
            "missing entity of type TASK with identifier "
            'project:"p" domain:"development" name:"t" version:"v1"'
        ),
    )


def test_lists_versions_of_tasks_whole(tasks):
    for name in ("b", "a"):
        tasks.create_task(task_request(name=name), NOW)
    place = common_pb2.NamedEntityIdentifier(project="p", domain="development")
    found = tasks.list_tasks(common_pb2.ResourceListRequest(id=place, limit=1), NOW)
    assert [task.id.name for task in found.tasks] == ["a"]
    assert found.tasks[0] == get(tasks, identifier(TASK, "a"))
    assert found.token == "1"


def test_lists_names_of_tasks_once(tasks):
    for version in ("v1", "v2"):
        template = task_template()
        template.id.version = version
        tasks.create_task(task_request(template), NOW)
    request = common_pb2.NamedEntityIdentifierListRequest(
        project="p", domain="development", limit=9
    )
    found = tasks.list_task_ids(request, NOW)
    assert [name.name for name in found.entities] == ["t"]


def test_cannot_store_a_type_with_a_nul(tasks):
    made = task_template("t")
    made.type = "a\0"
    refused = refusal(tasks.create_task, task_request(made))
    assert refused.code == "UNKNOWN"
    assert refused.message.endswith('invalid byte sequence for encoding "UTF8": 0x00')
