import base64
import gc
import hashlib
import socket
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flyteidl.service import dataproxy_pb2, dataproxy_pb2_grpc
from google.protobuf.duration_pb2 import Duration

from flyte_testkit.errors import FlyteTestkitError, UnexpectedUse
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.wire import object_store

HELLO = b"hello"
HASH = hashlib.md5(HELLO, usedforsecurity=False).digest()
MD5 = {"Content-MD5": base64.b64encode(HASH).decode()}
THREAD = "flyte-testkit objects"
DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture
def admin():
    admin = FakeFlyteAdmin()
    with admin.serving():
        yield admin


@pytest.fixture
def stub(admin):
    with admin.channel() as channel:
        yield dataproxy_pb2_grpc.DataProxyServiceStub(channel)


@pytest.fixture
def location(stub):
    request = dataproxy_pb2.CreateUploadLocationRequest(
        project="p",
        domain="development",
        content_md5=HASH,
        filename="f.txt",
        expires_in=Duration(seconds=60),
    )
    return stub.CreateUploadLocation(request)


def download_url(stub, native_url):
    request = dataproxy_pb2.CreateDownloadLocationRequest(native_url=native_url)
    return stub.CreateDownloadLocation(request).signed_url


def http(verb, url, body=None, headers=()):
    split = urlsplit(url)
    connection = HTTPConnection(split.netloc, timeout=10)
    try:
        connection.request(verb, f"{split.path}?{split.query}", body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def raw(url, request):
    """Send bytes, and return all that comes back."""
    split = urlsplit(url)
    with socket.create_connection((split.hostname, split.port), timeout=10) as connection:
        connection.sendall(request.replace(b"TARGET", f"{split.path}?{split.query}".encode()))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def serving_threads():
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def test_an_upload_can_be_downloaded(stub, location):
    assert http("PUT", location.signed_url, HELLO, MD5)[0] == 200

    assert http("GET", download_url(stub, location.native_url)) == (200, HELLO)


def test_an_upload_is_what_flyte_admin_finds_there(admin, location):
    http("PUT", location.signed_url, HELLO, MD5)

    assert admin._backend.admin.store.blobs == {location.native_url: HELLO}


def test_a_url_expires_on_the_time_of_the_clock(admin, location):
    admin.clock.advance(60)
    assert http("PUT", location.signed_url, HELLO, MD5)[0] == 200

    admin.clock.advance(1)

    status, body = http("PUT", location.signed_url, HELLO, MD5)
    assert status == 403
    assert b"Request has expired" in body


def test_the_same_server_signs_the_same_urls(location, stub):
    url = download_url(stub, location.native_url)

    assert url.startswith("http://127.0.0.1:")
    assert url == download_url(stub, location.native_url)


def test_asking_with_head_gets_no_body(location):
    assert http("HEAD", location.signed_url) == (403, b"")


@pytest.mark.parametrize("verb", ["POST", "DELETE"])
def test_other_verbs_are_not_implemented(location, verb):
    assert http(verb, location.signed_url)[0] == 501


def test_a_client_may_ask_before_it_sends(location):
    answer = raw(
        location.signed_url,
        b"PUT TARGET HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
    )

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 ")


def test_an_upload_must_say_how_long_it_is(location):
    assert b" 411 " in raw(location.signed_url, b"PUT TARGET HTTP/1.1\r\nHost: x\r\n\r\n")


def test_an_upload_in_chunks_is_refused_as_s3_refuses_it(location):
    status, body = http("PUT", location.signed_url, iter([b"a" * 100_000] * 3), MD5)

    assert status == 501
    assert b"Transfer-Encoding" in body


def test_an_upload_that_stops_halfway_is_told_so(location, monkeypatch):
    monkeypatch.setattr(object_store._Handler, "timeout", 0.01)

    answer = raw(
        location.signed_url,
        b"PUT TARGET HTTP/1.1\r\nHost: x\r\nContent-Length: 24\r\n\r\nhello",
    )

    assert b"24 bytes were announced; fewer came." in answer


def test_what_is_no_http_is_refused(location):
    assert b"<Code>BadRequest</Code>" in raw(location.signed_url, b"hello\r\n\r\n")


def test_a_client_that_goes_away_does_no_harm(admin, stub, location):
    split = urlsplit(location.signed_url)
    socket.create_connection((split.hostname, split.port)).close()

    assert http("PUT", location.signed_url, HELLO, MD5)[0] == 200
    admin.verify()


def test_a_bug_fails_the_test(admin, location, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr(object_store, "answer", broken)

    assert http("PUT", location.signed_url, HELLO, MD5)[0] == 500
    with pytest.raises(UnexpectedUse, match="a bug of ours"):
        admin.verify()


def test_nothing_runs_before_the_first_url(admin):
    before = serving_threads()

    with admin.channel() as channel:
        stub = dataproxy_pb2_grpc.DataProxyServiceStub(channel)
        download_url(stub, "s3://b/k")
        download_url(stub, "s3://b/k")

    assert len(serving_threads()) == len(before) + 1


def test_all_ends_with_the_server_even_while_a_client_is_still_sending():
    threads = set(threading.enumerate())
    with FakeFlyteAdmin() as admin, admin.channel() as channel:
        split = urlsplit(download_url(dataproxy_pb2_grpc.DataProxyServiceStub(channel), "s3://b/k"))
        client = socket.create_connection((split.hostname, split.port), timeout=10)
        client.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100)

    with client:
        assert client.recv(100) == b""
    left = [thread for thread in threading.enumerate() if thread not in threads]
    assert not [thread for thread in left if THREAD in thread.name]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((split.hostname, split.port), timeout=10)


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="descriptors are counted in /proc")
def test_thirty_servers_with_uploads_leave_nothing():
    def cycle():
        with FakeFlyteAdmin() as admin, admin.channel() as channel:
            stub = dataproxy_pb2_grpc.DataProxyServiceStub(channel)
            request = dataproxy_pb2.CreateUploadLocationRequest(
                project="p", domain="development", filename_root="r", filename="f"
            )
            location = stub.CreateUploadLocation(request)
            assert http("PUT", location.signed_url, HELLO)[0] == 200
            assert http("GET", download_url(stub, location.native_url)) == (200, HELLO)

    def left():
        return threading.active_count(), len(list(DESCRIPTORS.iterdir()))

    cycle()  # what is loaded or opened once in a process
    gc.collect()
    before = left()
    for _ in range(30):
        cycle()

    until = time.monotonic() + 5  # gRPC's own threads take a while
    while not all(now <= then for now, then in zip(left(), before, strict=True)):
        assert time.monotonic() < until, (before, left())
        gc.collect()
        threading.Event().wait(0.01)


LENGTHS = [
    (b"Content-Length: 12345678901234\r\n", b"400", b"<Code>EntityTooLarge</Code>"),
    (b"Content-Length: " + b"9" * 5000 + b"\r\n", b"400", b"<Code>EntityTooLarge</Code>"),
    (b"Content-Length: -5\r\n", b"400", b"<Code>InvalidRequest</Code>"),
    (b"Content-Length: five\r\n", b"400", b"one number of bytes, not ['five']"),
    (b"Content-Length: 5.0\r\n", b"400", b"<Code>InvalidRequest</Code>"),
    (b"Content-Length: \xb2\r\n", b"400", b"<Code>InvalidRequest</Code>"),
    (b"Content-Length:\r\n", b"400", b"<Code>InvalidRequest</Code>"),
    (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"400", b"one number of bytes"),
    (b"", b"411", b"<Code>MissingContentLength</Code>"),
    (b"Transfer-Encoding: chunked\r\n", b"501", b"<Code>NotImplemented</Code>"),
    (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"501", b"NotImplemented"),
]


@pytest.mark.parametrize(("header", "status", "told"), LENGTHS)
def test_a_length_that_is_none_is_refused_and_no_bug(admin, location, header, status, told):
    request = b"PUT TARGET HTTP/1.1\r\nHost: store\r\n" + header + b"\r\n" + HELLO

    answered = raw(location.signed_url, request)

    assert answered.startswith(b"HTTP/1.1 " + status)
    assert told in answered
    admin.verify()


def test_a_length_that_is_said_twice_alike_is_taken(location):
    md5 = MD5["Content-MD5"].encode()
    request = b"PUT TARGET HTTP/1.1\r\nHost: %s\r\nContent-MD5: %s\r\n" % (
        urlsplit(location.signed_url).netloc.encode(),
        md5,
    )

    answered = raw(location.signed_url, request + 2 * b"Content-Length: 5\r\n" + b"\r\nhello")

    assert answered.startswith(b"HTTP/1.1 200")


def test_a_range_of_thousands_of_digits_is_no_bug(admin, stub, location):
    http("PUT", location.signed_url, HELLO, MD5)
    url = download_url(stub, location.native_url)

    assert http("GET", url, headers={"Range": f"bytes={'9' * 5000}-"}) == (200, HELLO)
    assert http("GET", url, headers={"Range": f"bytes={'9' * 19}-"})[0] == 416
    admin.verify()


def test_urls_from_before_hold_when_the_server_has_started_again():
    admin = FakeFlyteAdmin()
    request = dataproxy_pb2.CreateUploadLocationRequest(
        project="p", domain="development", content_md5=HASH, filename="f.txt"
    )
    with admin.serving(), admin.channel() as channel:
        stub = dataproxy_pb2_grpc.DataProxyServiceStub(channel)
        upload = stub.CreateUploadLocation(request)
        assert http("PUT", upload.signed_url, HELLO, MD5)[0] == 200
        download = download_url(stub, upload.native_url)

    with pytest.raises(ConnectionRefusedError):
        http("GET", download)
    with admin.serving():
        assert http("GET", download) == (200, HELLO)
        with admin.channel() as channel:
            again = dataproxy_pb2_grpc.DataProxyServiceStub(channel)
            assert download_url(again, upload.native_url) == download
    assert not serving_threads()


def test_nothing_runs_again_where_no_url_was_signed():
    admin = FakeFlyteAdmin()
    for _ in range(2):
        with admin.serving():
            assert not serving_threads()


def test_a_server_whose_urls_lead_to_somebody_else_by_now_says_so():
    admin = FakeFlyteAdmin()
    with admin.serving(), admin.channel() as channel:
        stub = dataproxy_pb2_grpc.DataProxyServiceStub(channel)
        url = download_url(stub, "s3://my-s3-bucket/f.txt")
    port = urlsplit(url).port

    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(FlyteTestkitError) as caught,
        admin.serving(),
    ):
        pass

    assert str(caught.value).startswith(
        f"the object store of this FakeFlyteAdmin listened on port {port} of 127.0.0.1 and starts "
        "again, but another server has taken the port meanwhile."
    )
    with admin.serving(), admin.channel() as channel:  # nothing of it was left running
        stub = dataproxy_pb2_grpc.DataProxyServiceStub(channel)
        assert download_url(stub, "s3://my-s3-bucket/f.txt") == url
