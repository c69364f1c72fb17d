"""Data that is too large for a reply, read from where a reply says that it is."""

import urllib.error
import urllib.request

import pytest
from flyteidl.admin import event_pb2 as admin_events
from flyteidl.admin import execution_pb2, node_execution_pb2
from flyteidl.core import execution_pb2 as execution
from flyteidl.core import identifier_pb2, literals_pb2
from flyteidl.event import event_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import immediately, running
from flyte_testkit.admin.database.objects import Place
from flyte_testkit.admin.settings import MAX_BLOB_BYTES
from flyte_testkit.wire.signatures import link

HUGE = "x" * 3_000_000


@pytest.fixture
def stub(flyte_admin):
    with flyte_admin.channel() as channel:
        yield admin_pb2_grpc.AdminServiceStub(channel)


def data_of(stub, flyte_admin, name="big"):
    request = execution_pb2.WorkflowExecutionGetDataRequest()
    request.id.project, request.id.domain = flyte_admin.project, flyte_admin.domain
    request.id.name = name
    return stub.GetExecutionData(request)


def got(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:  # noqa: S310  our own
        return answer.read(), int(answer.headers["Content-Length"])


def test_outputs_that_are_too_large_come_back_with_a_url_to_read(stub, flyte_admin):
    flyte_admin.add_execution("big", immediately.succeeds(text=HUGE))

    data = data_of(stub, flyte_admin)

    assert not data.full_outputs.literals
    content, length = got(data.outputs.url)
    assert data.outputs.bytes == length == len(content) > MAX_BLOB_BYTES
    literals = literals_pb2.LiteralMap.FromString(content)
    assert literals.literals["text"].scalar.primitive.string_value == HUGE
    assert got(data.outputs.url, "HEAD") == (b"", length)


def test_inputs_that_are_too_large_do_as_well(stub, flyte_admin):
    flyte_admin.register("plan", inputs={"text": str})
    flyte_admin.add_execution(
        "big", immediately.succeeds(), launch_plan="plan", inputs={"text": HUGE}
    )

    data = data_of(stub, flyte_admin)

    literals = literals_pb2.LiteralMap.FromString(got(data.inputs.url)[0])
    assert literals.literals["text"].scalar.primitive.string_value == HUGE
    assert not data.outputs.url


def test_what_fits_into_a_reply_has_no_url(stub, flyte_admin):
    flyte_admin.add_execution("small", immediately.succeeds(text="x"))

    data = data_of(stub, flyte_admin, "small")

    assert data.full_outputs.literals["text"].scalar.primitive.string_value == "x"
    assert data.HasField("outputs")
    assert (data.outputs.url, data.outputs.bytes) == ("", 0)


def test_nodes_say_it_too(stub, flyte_admin):
    outputs = literals_pb2.LiteralMap()
    outputs.literals["text"].scalar.primitive.string_value = HUGE
    uri = "s3://my-s3-bucket/metadata/somewhere/outputs.pb"
    flyte_admin._backend.admin.store.blobs[uri] = outputs.SerializeToString()
    flyte_admin.add_execution("big", running(60).succeeds())
    event = event_pb2.NodeExecutionEvent(
        id=node_of("big"), phase=execution.NodeExecution.SUCCEEDED, output_uri=uri
    )
    event.occurred_at.GetCurrentTime()
    stub.CreateNodeEvent(admin_events.NodeExecutionEventRequest(event=event))

    data = stub.GetNodeExecutionData(
        node_execution_pb2.NodeExecutionGetDataRequest(id=node_of("big"))
    )

    assert len(got(data.outputs.url)[0]) == data.outputs.bytes > MAX_BLOB_BYTES


def node_of(name):
    made = identifier_pb2.NodeExecutionIdentifier(node_id="n0")
    made.execution_id.project, made.execution_id.domain = "flytesnacks", "development"
    made.execution_id.name = name
    return made


def test_flytekit_reads_from_there(flyte_admin, flyte_clock):
    pytest.importorskip("flytekit")
    pytest.importorskip("aiohttp")  # fsspec's way to HTTP
    flyte_admin.add_execution("big", immediately.succeeds(text=HUGE))

    remote = flyte_admin.remote()
    fetched = remote.sync(remote.fetch_execution(name="big"))

    assert fetched.outputs["text"] == HUGE


def refusal(url, method="GET"):
    with pytest.raises(urllib.error.HTTPError) as caught:
        got(url, method)
    return caught.value.code, caught.value.read().decode()


def test_a_url_holds_for_an_hour_and_one_object(stub, flyte_admin):
    flyte_admin.add_execution("big", immediately.succeeds(text=HUGE))
    url = data_of(stub, flyte_admin).outputs.url

    assert "SignatureDoesNotMatch" in refusal(url.replace("outputs.pb", "inputs.pb"))[1]
    assert refusal(url, "PUT")[0] == 403
    assert "SignatureDoesNotMatch" in refusal(url.replace("/flyte-testkit/", "/flyte-testkit/x"))[1]
    flyte_admin.clock.advance(3600)
    assert got(url)
    flyte_admin.clock.advance(1)
    assert "Request has expired" in refusal(url)[1]


def test_a_link_has_no_query_which_flytekit_takes_for_a_wildcard(flyte_clock):
    url = link(Place("bucket", "a b?c"), host="h", now=flyte_clock.now(), seconds=60)

    assert url.endswith("/bucket/a%20b%3Fc")
    assert "?" not in url
