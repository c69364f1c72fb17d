"""A server without a socket, for those tests here that have none of their own."""

import pytest
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import running
from flyte_testkit.server import FakeFlyteAdmin


@pytest.fixture
def admin():
    admin = FakeFlyteAdmin(transport="direct")
    with admin.serving():
        admin.add_execution("run", running(1000).succeeds())
        yield admin


@pytest.fixture
def stub(admin):
    with admin.channel() as channel:
        yield admin_pb2_grpc.AdminServiceStub(channel)
