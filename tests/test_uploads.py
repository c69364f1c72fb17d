"""flytekit's uploads and downloads: code, files and data that travel beside the RPCs."""

import hashlib
import os
import subprocess
import sys

import pytest
from flyteidl.admin import event_pb2
from flyteidl.core.execution_pb2 import NodeExecution
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import immediately, running
from flyte_testkit.server import FakeFlyteAdmin

pytest.importorskip("flytekit")

MODULE = "flyte_testkit_uploads"
CODE = """
from flytekit import task, workflow
from flytekit.types.file import FlyteFile


@task
def count(data: FlyteFile, more: int) -> int:
    return len(open(data).read()) + more


@workflow
def counting(data: FlyteFile, more: int = 1) -> int:
    return count(data=data, more=more)
"""
NAME = f"{MODULE}.counting"


@pytest.fixture(autouse=True, params=["tcp", "direct"])
def over(request):
    """All of this is the same over both transports."""
    request.node.add_marker(pytest.mark.flyte(transport=request.param))


@pytest.fixture
def project(tmp_path):
    """A folder with a workflow and a file for it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / f"{MODULE}.py").write_text(CODE)
    (folder / "my data.csv").write_text("a,b\n")
    return folder


@pytest.fixture
def counting(project, monkeypatch):
    from flytekit.tools.module_loader import load_object_from_module  # as pyflyte does

    monkeypatch.syspath_prepend(project)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    yield load_object_from_module(NAME)
    sys.modules.pop(MODULE, None)


def objects(admin):
    """What was uploaded, by URI, without what FlyteAdmin and the engine wrote."""
    blobs = admin._backend.admin.store.blobs
    return {uri: content for uri, content in blobs.items() if "/metadata/" not in uri}


def test_fast_registration_uploads_the_code(flyte_admin, flyte_remote, counting):
    flyte_remote.fast_register_workflow(counting, version="v7")

    rpcs = [call.rpc for call in flyte_admin.calls]
    assert rpcs[:2] == ["CreateUploadLocation", "CreateTask"]
    ((uri, archive),) = objects(flyte_admin).items()
    assert archive.startswith(b"\x1f\x8b")  # gzip
    task = flyte_remote.fetch_task(name=f"{MODULE}.count", version="v7")
    assert uri in task.template.container.args


def test_a_file_among_the_inputs_is_uploaded(flyte_admin, flyte_remote, counting, project):
    from flytekit.types.file import FlyteFile

    flyte_admin.register(counting, version="v1")
    route = flyte_admin.on_launch(NAME).plays(running(60).succeeds(o0=5))
    data = FlyteFile(str(project / "my data.csv"))

    execution = flyte_remote.execute(counting, inputs={"data": data, "more": 1}, version="v1")

    assert flyte_remote.wait(execution).outputs["o0"] == 5
    assert list(objects(flyte_admin).values()) == [b"a,b\n"]
    assert route.launches[0].inputs["data"].endswith("/my data.csv")


def test_a_file_can_be_uploaded_by_itself_and_again(flyte_admin, flyte_remote, project):
    file = project / "my data.csv"

    for _ in range(2):
        md5, uri = flyte_remote.upload_file(file)

    assert md5 == hashlib.md5(file.read_bytes(), usedforsecurity=False).digest()
    assert objects(flyte_admin) == {uri: b"a,b\n"}


def test_pyflyte_runs_a_workflow_from_another_process(flyte_admin, flyte_env, project):
    route = flyte_admin.on_launch(NAME).plays(immediately.succeeds(o0=5))
    pyflyte = "from flytekit.clis.sdk_in_container.pyflyte import main; main()"
    options = ["run", "--remote", f"{MODULE}.py", "counting", "--data", "my data.csv"]

    run = subprocess.run(
        [sys.executable, "-c", pyflyte, *options],
        cwd=project,
        env={**os.environ, **flyte_env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    (launch,) = route.launches
    assert launch.id.name in run.stdout
    assert launch.inputs["more"] == 1
    assert sorted(uri.rpartition(".")[2] for uri in objects(flyte_admin)) == ["csv", "gz"]


def test_the_deck_of_a_node_can_be_read(tmp_path):
    deck = tmp_path / "deck.html"
    deck.write_text("<html>")
    with FakeFlyteAdmin() as admin, admin.env(), admin.channel() as channel:
        remote = admin.remote()
        launch = admin.add_execution("train", running(60).never_ends())
        event = event_pb2.NodeExecutionEventRequest()
        event.event.id.execution_id.CopyFrom(launch.id)
        event.event.id.node_id = "n9"
        event.event.phase = NodeExecution.RUNNING
        event.event.occurred_at.FromDatetime(admin.clock.now())
        event.event.deck_uri = remote.upload_file(deck)[1]
        admin_pb2_grpc.AdminServiceStub(channel).CreateNodeEvent(event)

        found = remote.get("flyte://v1/flytesnacks/development/train/n9/d")

    assert "<html>" in str(getattr(found, "data", found))  # wrapped where there is IPython


def test_the_data_of_a_node_can_be_read(flyte_admin, flyte_remote):
    flyte_admin.add_execution("train", running(60).succeeds(auc=0.5))
    flyte_admin.clock.advance(60)

    outputs = flyte_remote.get("flyte://v1/flytesnacks/development/train/end-node/i")

    assert outputs.get("auc", float) == 0.5


def test_an_upload_that_takes_its_time_is_too_late(flyte_admin, flyte_remote, project):
    file = project / "my data.csv"
    md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).digest()
    location = flyte_remote.client.get_upload_signed_url(
        "flytesnacks", "development", content_md5=md5, filename="f"
    )
    flyte_admin.clock.advance(3601)
    import requests

    response = requests.put(location.signed_url, b"a,b\n", headers=location.headers, timeout=10)

    assert response.status_code == 403
    assert "Request has expired" in response.text
