"""What ``docs/known-differences.md`` says of the fake, beyond the recorded cases."""

from __future__ import annotations

import re
from pathlib import Path

import grpc
import pytest
from flyteidl.admin import common_pb2, execution_pb2, project_pb2, signal_pb2, task_pb2
from flyteidl.core import tasks_pb2
from flyteidl.service import admin_pb2_grpc, signal_pb2_grpc

from flyte_testkit.errors import UnexpectedUse
from flyte_testkit.server import FakeFlyteAdmin

DOCUMENT = Path(__file__).parents[2] / "docs" / "known-differences.md"


@pytest.fixture
def admin():
    admin = FakeFlyteAdmin()
    with admin.serving():
        yield admin


@pytest.fixture
def channel(admin):
    with admin.channel() as channel:
        yield channel


@pytest.fixture
def stub(channel):
    return admin_pb2_grpc.AdminServiceStub(channel)


def refusal(call, request, code):
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    assert caught.value.code() is grpc.StatusCode[code]
    return caught.value.details()


def execution(name, admin):
    request = execution_pb2.ExecutionCreateRequest(
        project=admin.project, domain=admin.domain, name=name
    )
    plan = request.spec.launch_plan
    plan.resource_type, plan.project, plan.domain = 3, admin.project, admin.domain
    plan.name, plan.version = "nightly", "v1"
    return request


def task(version, env):
    request = task_pb2.TaskCreateRequest()
    request.id.project, request.id.domain = "flytesnacks", "development"
    request.id.resource_type, request.id.name, request.id.version = 1, "t", version
    template = request.spec.template
    template.type = "container"
    template.id.CopyFrom(request.id)
    template.interface.inputs.SetInParent()
    template.interface.outputs.SetInParent()
    template.metadata.runtime.version = "1"
    template.container.image = "image"
    template.container.args.append("run")
    resources = tasks_pb2.Resources
    template.container.resources.CopyFrom(resources())
    for number, value in enumerate(env):
        template.container.env.add(key=f"k{number}", value=value)
    return request


def test_a_launch_that_no_script_foresees(admin, stub):
    admin.register("nightly")

    refusal(stub.CreateExecution, execution("e1", admin), "FAILED_PRECONDITION")

    with pytest.raises(UnexpectedUse):
        admin.verify()


def test_time_between_two_calls(stub):
    for name in ("a", "b"):
        project = project_pb2.Project(id=name, name=name)
        stub.RegisterProject(project_pb2.ProjectRegisterRequest(project=project))
    order = common_pb2.Sort(key="created_at", direction="ASCENDING")

    listed = stub.ListProjects(project_pb2.ProjectListRequest(sort_by=order)).projects

    assert [project.id for project in listed][-2:] == ["a", "b"]


def test_a_request_of_five_mebibytes(stub):
    project = project_pb2.Project(id="p", name="p", description="x" * 5 * 2**20)
    request = project_pb2.ProjectRegisterRequest(project=project)

    said = refusal(stub.RegisterProject, request, "INVALID_ARGUMENT")

    assert said == "project_description cannot exceed 300 characters"


def test_definitions_that_differ_in_many_places(stub):
    stub.CreateTask(task("v1", ["old"] * 500))

    said = refusal(stub.CreateTask, task("v1", ["new"] * 500), "INVALID_ARGUMENT")

    assert said.startswith("t task with different structure already exists. ")
    assert re.search(r"\[\d+ more differences\]$", said)
    assert len(said) < 8000


def test_a_value_for_a_signal_without_a_type(channel):
    signals = signal_pb2_grpc.SignalServiceStub(channel)
    made = signal_pb2.SignalGetOrCreateRequest()
    made.id.signal_id = "approved"
    of = made.id.execution_id
    of.project, of.domain, of.name = "flytesnacks", "development", "e1"
    made.type.SetInParent()
    signals.GetOrCreateSignal(made)
    given = signal_pb2.SignalSetRequest(id=made.id)
    given.value.scalar.primitive.boolean = True

    said = refusal(signals.SetSignal, given, "INVALID_ARGUMENT")

    assert "is not castable to existing signal type" in said


@pytest.mark.parametrize(
    ("service", "rpc"),
    [
        ("grpc.health.v1.Health", "Check"),
        ("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo"),
    ],
)
def test_health_checks_and_reflection(channel, service, rpc):
    said = refusal(channel.unary_unary(f"/{service}/{rpc}"), b"", "UNIMPLEMENTED")

    assert said == f"unknown service {service}"


def test_the_order_of_texts(stub):
    for name in ("a", "B", "ä", "_"):
        project = project_pb2.Project(id=f"x{ord(name)}", name=name)
        stub.RegisterProject(project_pb2.ProjectRegisterRequest(project=project))
    order = common_pb2.Sort(key="name", direction="ASCENDING")
    request = project_pb2.ProjectListRequest(sort_by=order, filters="contains(identifier,x)")

    listed = stub.ListProjects(request).projects

    assert [project.name for project in listed] == ["B", "_", "a", "ä"]


def test_the_table_names_each_of_these_tests_and_no_other():
    here = {name for name in globals() if name.startswith("test_")}
    here.remove("test_the_table_names_each_of_these_tests_and_no_other")

    named = re.findall(r"`(test_\w+)` \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(here)
