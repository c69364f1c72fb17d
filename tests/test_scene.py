"""One scene for many servers: each is fresh, and nothing of one is seen by the next."""

import os
import socket
import threading
import time

import grpc
import pytest
from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import VirtualClock, fake_flyte, running, scene
from flyte_testkit.errors import UnexpectedUse
from flyte_testkit.world import local_time


def ask(where=None):
    with grpc.insecure_channel(where or os.environ["FLYTE_PLATFORM_URL"]) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        return stub.GetVersion(version_pb2.GetVersionRequest(), timeout=60)


def test_each_server_is_fresh_at_one_endpoint():
    endpoints = set()
    with scene.shared():
        for _ in range(3):
            with fake_flyte() as admin:
                assert (admin.calls, admin.clock.elapsed, list(admin.lives())) == ([], 0, [])
                admin.add_execution("run", running(60).succeeds())
                time.sleep(60)
                ask()
                endpoints.add(admin.endpoint)
                assert len(admin.calls) == 1

    assert len(endpoints) == 1


def test_a_channel_that_outlasts_its_server_leads_to_the_next():
    with scene.shared():
        with fake_flyte() as first:
            channel = grpc.insecure_channel(first.endpoint)
        with fake_flyte() as second:
            admin_pb2_grpc.AdminServiceStub(channel).GetVersion(version_pb2.GetVersionRequest())

    assert (len(first.calls), len(second.calls)) == (0, 1)
    channel.close()


def test_what_one_changes_of_the_environment_the_next_does_not_see():
    before = dict(os.environ)
    with scene.shared():
        with fake_flyte():
            os.environ["FLYTE_PLATFORM_URL"] = "elsewhere:1"
            os.environ["FLYTE_CREDENTIALS_CLIENT_ID"] = "me"
            del os.environ["PATH"]
        with fake_flyte() as admin:
            assert os.environ["FLYTE_PLATFORM_URL"] == admin.endpoint
            assert "FLYTE_CREDENTIALS_CLIENT_ID" not in os.environ
            assert os.environ["PATH"] == before["PATH"]

    assert dict(os.environ) == before


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="its zone cannot be changed")
def test_a_time_zone_around_the_first_of_them_does_not_last():
    before = os.environ.get("TZ"), time.tzname
    with scene.shared(), local_time("CET-1CEST"), fake_flyte():
        pass

    time.tzset()
    assert (os.environ.get("TZ"), time.tzname) == before


@pytest.mark.parametrize(
    "other",
    [{"project": "shop"}, {"domain": "production"}, {"transport": "tcp"}],
    ids=["project", "domain", "transport"],
)
def test_one_that_does_not_fit_has_its_own_place(other):
    with scene.shared(), fake_flyte() as usual:
        usual_endpoint = usual.endpoint
        with fake_flyte(**other) as admin:
            assert admin.endpoint != usual_endpoint
            ask()
            assert len(admin.calls) == 1
        ask()
        assert len(usual.calls) == 1


def test_one_with_a_port_of_its_own_has_it():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with scene.shared(), fake_flyte(port=port) as admin:
        assert admin.endpoint == f"127.0.0.1:{port}"
        ask()


def test_one_in_another_is_another():
    with scene.shared(), fake_flyte() as outer, fake_flyte() as inner:
        assert inner.endpoint != outer.endpoint
        ask()
        ask(outer.endpoint)

    assert (len(inner.calls), len(outer.calls)) == (1, 1)


def test_a_socket_that_one_needed_is_gone_with_it():
    with scene.shared():
        for _ in range(3):
            with fake_flyte() as admin:
                host, _, port = admin.variables["FLYTE_PLATFORM_URL"].rpartition(":")
                socket.create_connection((host, int(port))).close()
        with fake_flyte() as admin, pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)))


def test_what_leads_away_is_refused_and_told_by_whose_it_is():
    with scene.shared():
        with pytest.raises(UnexpectedUse), fake_flyte():
            grpc.insecure_channel("flyte.example.com:443")
        with fake_flyte() as admin:
            grpc.insecure_channel("127.0.0.1:9").close()
            assert "127.0.0.1:9" in "".join(admin.strangers())
        with fake_flyte() as admin:
            assert not tuple(admin.strangers())


def leave_behind(woken):
    with fake_flyte() as admin:
        threading.Thread(target=lambda: (time.sleep(60), woken.append(1))).start()
        admin.clock.advance(0)


def test_each_has_its_own_clock_and_threads_of_one_end_with_it():
    woken = []
    with scene.shared():
        with pytest.warns(RuntimeWarning, match="still waited"):
            leave_behind(woken)
        clock = VirtualClock()
        with fake_flyte(clock=clock) as admin:
            time.sleep(3600)
            assert (admin.clock, clock.elapsed) == (clock, 3600)

    assert woken == []


def test_it_leaves_nothing_behind():
    before = dict(os.environ), time.sleep, grpc._channel.Channel.__init__
    with scene.shared(), fake_flyte():
        pass

    assert (dict(os.environ), time.sleep, grpc._channel.Channel.__init__) == before
    assert scene.current() is None
