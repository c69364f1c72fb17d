"""Whatever answers as a Service does is served, over real gRPC."""

import grpc
import pytest
from flyteidl.admin import execution_pb2, signal_pb2
from flyteidl.service import (
    admin_pb2_grpc,
    dataproxy_pb2,
    dataproxy_pb2_grpc,
    signal_pb2_grpc,
)

from flyte_testkit import running
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.wire.host import Host
from flyte_testkit.wire.journal import Journal
from flyte_testkit.wire.listener import CLIENT_OPTIONS
from flyte_testkit.wire.services import methods


class Snapshot:
    """A FlyteAdmin as it was: its store is a copy, and nothing happens in it by itself."""

    def __init__(self, store, clock, speaks="/"):
        self.clock = clock
        self.engine = Journal()
        self.store = store
        self.methods = {path: m for path, m in methods().items() if path.startswith(speaks)}
        self.told = []
        self._admin = FlyteAdmin(store=store)
        self.rpcs = self._admin.handlers.keys()
        self.unforeseen = self.told.append

    def answer(self, rpc, request):
        return self._admin.answer(rpc, request, self.clock.now())

    def counts(self, *_):
        return False

    def looked_at(self, execution):
        self.told.append(execution.name)

    def signs(self, signer):
        self._admin.data_proxy.signer = signer


class Serving:
    def __init__(self, service):
        self.journal = Journal()
        self._host = Host(service, self.journal, lambda _: (), 0)

    def __enter__(self):
        self._host.start()
        self._channel = grpc.insecure_channel(self._host.endpoint, options=CLIENT_OPTIONS)
        return self._channel

    def __exit__(self, *_):
        self._channel.close()
        self._host.stop()


@pytest.fixture
def admin():
    with FakeFlyteAdmin() as admin:
        yield admin


def test_a_copy_of_the_store_is_served_as_it_was_when_it_was_taken(admin):
    train = admin.add_execution("train", running(60).succeeds())
    admin.clock.advance(1)
    assert train.phase == "RUNNING"
    snapshot = Snapshot(admin._backend.store.copy(), admin.clock)
    admin.clock.advance(60)
    request = execution_pb2.WorkflowExecutionGetRequest(id=train.id)

    with Serving(snapshot) as stale, admin.channel() as fresh:
        phases = [
            admin_pb2_grpc.AdminServiceStub(channel).GetExecution(request).closure.phase
            for channel in (stale, fresh)
        ]

    assert phases == [2, 4]
    assert snapshot.told == ["train"]


def test_what_is_written_to_a_served_copy_the_other_never_sees(admin):
    train = admin.add_execution("train", running(60).succeeds())
    admin.clock.advance(1)
    assert train.phase == "RUNNING"
    request = execution_pb2.ExecutionTerminateRequest(id=train.id, cause="in the copy alone")

    with Serving(Snapshot(admin._backend.store.copy(), admin.clock)) as channel:
        admin_pb2_grpc.AdminServiceStub(channel).TerminateExecution(request)

    assert train.phase == "RUNNING"


def test_a_service_speaks_what_it_says_that_it_speaks(admin):
    signals = "/flyteidl.service.SignalService/"
    snapshot = Snapshot(admin._backend.store.copy(), admin.clock, signals)
    with Serving(snapshot) as channel:
        request = signal_pb2.SignalListRequest(limit=1)
        request.workflow_execution_id.project = "flytesnacks"
        request.workflow_execution_id.domain = "development"
        request.workflow_execution_id.name = "train"
        listed = signal_pb2_grpc.SignalServiceStub(channel).ListSignals(request)
        other = dataproxy_pb2_grpc.DataProxyServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            other.GetData(dataproxy_pb2.GetDataRequest())

    assert list(listed.signals) == []
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == "unknown service flyteidl.service.DataProxyService"
    assert snapshot.told == []
