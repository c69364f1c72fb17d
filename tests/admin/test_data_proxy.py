from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from builders import NOW, node_id
from flyteidl.service import dataproxy_pb2
from google.protobuf.duration_pb2 import Duration
from run_builders import Runs, refusal

from flyte_testkit.admin.data.data_proxy import DataProxy
from flyte_testkit.admin.database.objects import BUCKET, Place, write
from flyte_testkit.admin.executions.random_names import Chance

CONTAINER = f"s3://{BUCKET}"
HELLO = b"hello"
HASH = hashlib.md5(HELLO, usedforsecurity=False).digest()
HASH64 = base64.b64encode(HASH).decode()
HASH32 = base64.b32encode(HASH).decode()
UPLOAD = {"project": "p", "domain": "development"}
NAMED = {**UPLOAD, "filename_root": "r", "filename": "f.txt"}
THERE = f"{CONTAINER}/p/development/r/f.txt"
SIGNING = "failed to create a signed url. Error: "
NEVER = (
    "INTERNAL",
    SIGNING + "InvalidPresignExpireError: presigned URL requires an expire duration greater than 0",
)


class NotingSigner:
    """Notes what it signs."""

    def __init__(self):
        self.signed = []

    def signed_url(self, verb, where, *, now, seconds, headers):
        self.signed.append((verb, where, now, seconds, dict(headers)))
        return f"http://signed/{len(self.signed)}"


@pytest.fixture
def signer():
    return NotingSigner()


@pytest.fixture
def runs(make, store):
    make.execution("e1")
    return Runs(store)


@pytest.fixture
def proxy(store, runs, signer):
    proxy = DataProxy(store, nodes=runs.nodes, chance=Chance(0))
    proxy.signer = signer
    return proxy


@pytest.fixture
def upload(proxy):
    def upload(**fields):
        request = dataproxy_pb2.CreateUploadLocationRequest(**fields)
        return proxy.create_upload_location(request, NOW)

    return upload


@pytest.fixture
def download(proxy):
    def download(native_url, **fields):
        request = dataproxy_pb2.CreateDownloadLocationRequest(native_url=native_url, **fields)
        return proxy.create_download_location(request, NOW)

    return download


@pytest.fixture
def link(proxy):
    def link(node="n0", *, kind=dataproxy_pb2.ARTIFACT_TYPE_DECK, **fields):
        request = dataproxy_pb2.CreateDownloadLinkRequest(
            artifact_type=kind, node_execution_id=node and node_id(node), **fields
        )
        return proxy.create_download_link(request, NOW)

    return link


def lasting(seconds=0, nanos=0):
    return Duration(seconds=seconds, nanos=nanos)


# --- uploads


def test_an_upload_by_hash_goes_to_a_place_named_after_the_hash(upload, signer):
    reply = upload(**UPLOAD, content_md5=HASH, filename="f.txt")

    assert reply.native_url == f"{CONTAINER}/p/development/{HASH32}/f.txt"
    assert reply.headers == {"Content-MD5": HASH64, "Content-Length": "24"}
    assert reply.expires_at.ToDatetime(NOW.tzinfo) == NOW + timedelta(hours=1)
    where = Place(BUCKET, f"p/development/{HASH32}/f.txt")
    assert signer.signed == [("PUT", where, NOW, 3600, {"Content-MD5": HASH64})]
    assert reply.signed_url == "http://signed/1"


def test_a_root_names_the_place_rather_than_the_hash(upload):
    assert upload(**NAMED, content_md5=HASH).native_url == THERE


def test_an_organization_comes_first(upload):
    assert upload(**NAMED, org="o").native_url == f"{CONTAINER}/o/p/development/r/f.txt"


def test_without_a_hash_no_header_is_signed(upload, signer):
    reply = upload(**NAMED)

    assert reply.headers == {"Content-MD5": "", "Content-Length": "0"}
    assert signer.signed[0][-1] == {}


def test_the_hash_may_become_metadata_of_the_object(upload, signer):
    reply = upload(**NAMED, content_md5=HASH, add_content_md5_metadata=True)

    assert reply.headers["x-amz-meta-flyteContentMD5"] == HASH64
    assert signer.signed[0][-1]["x-amz-meta-flyteContentMD5"] == HASH64


def test_a_file_without_a_name_gets_twenty_characters(upload):
    first, second = (
        upload(**UPLOAD, filename_root="r").native_url.rpartition("/")[2] for _ in range(2)
    )

    assert len(first) == len(second) == 20
    assert first != second


def test_the_key_of_an_upload_is_decoded(upload, signer):
    upload(**{**NAMED, "filename": "f y.txt?x"})

    assert signer.signed[0][1].key == "p/development/r/f y.txt"


@pytest.mark.parametrize("lacking", ["project", "domain"])
def test_an_upload_needs_project_and_domain(upload, lacking):
    assert refusal(upload, **{**NAMED, lacking: ""}) == (
        "INVALID_ARGUMENT",
        "project and domain are required parameters",
    )


def test_an_upload_needs_a_hash_or_a_root(upload):
    assert refusal(upload, **UPLOAD, filename="f.txt") == (
        "INVALID_ARGUMENT",
        "content_md5 or filename_root is a required parameter",
    )


@pytest.mark.parametrize("hash_", [b"", b"another"])
def test_a_file_is_not_replaced_by_another(upload, store, hash_):
    write(store, Place(BUCKET, "p/development/r/f.txt"), HELLO)

    assert refusal(upload, **NAMED, content_md5=hash_) == (
        "ALREADY_EXISTS",
        (
            f"file already exists at location [{THERE}], "
            "specify a matching hash if you wish to rewrite"
        ),
    )


def test_a_file_may_be_replaced_by_itself(upload, store):
    write(store, Place(BUCKET, "p/development/r/f.txt"), HELLO)

    assert upload(**NAMED, content_md5=HASH).native_url == THERE


def test_a_place_named_after_a_hash_is_not_guarded(upload, store):
    write(store, Place(BUCKET, f"p/development/{HASH32}/f.txt"), b"changed")

    assert upload(**UPLOAD, content_md5=HASH, filename="f.txt").signed_url


def test_that_a_file_is_there_comes_before_a_wrong_time(upload, store):
    write(store, Place(BUCKET, "p/development/r/f.txt"), HELLO)

    assert refusal(upload, **NAMED, expires_in=lasting(7200))[0] == "ALREADY_EXISTS"


def test_an_upload_may_take_an_hour_and_no_longer(upload):
    assert upload(**NAMED, expires_in=lasting(3600)).signed_url
    assert refusal(upload, **NAMED, expires_in=lasting(3600, 1)) == (
        "INVALID_ARGUMENT",
        "expiresIn [1h0m0.000000001s] cannot exceed max allowed expiration [1h0m0s]",
    )


def test_the_time_of_an_upload_must_be_a_duration(upload):
    assert refusal(upload, **NAMED, expires_in=lasting(1, -1)) == (
        "INVALID_ARGUMENT",
        "expiresIn [seconds:1 nanos:-1] is invalid",
    )


@pytest.mark.parametrize("seconds", [0, -1])
def test_an_upload_that_may_take_no_time_is_not_signed(upload, seconds):
    assert refusal(upload, **NAMED, expires_in=lasting(seconds)) == NEVER


def test_fractions_of_a_second_count_for_what_is_said_and_not_for_what_is_signed(upload, signer):
    reply = upload(**NAMED, expires_in=lasting(1, 500_000_000))

    assert reply.expires_at.ToDatetime(NOW.tzinfo) == NOW + timedelta(seconds=1.5)
    assert signer.signed[0][3] == 1


@pytest.mark.parametrize(
    ("named", "what"),
    [
        ({"filename_root": "r", "filename": "%zz"}, "storage location"),
        ({"filename_root": "%zz"}, "shardedStorageLocation"),
        ({"content_md5": HASH, "filename": "%zz"}, "shardedStorageLocation"),
    ],
)
def test_names_that_make_no_url_are_refused(upload, named, what):
    code, message = refusal(upload, **UPLOAD, **named)

    assert code == "INTERNAL"
    assert message.startswith(
        f"failed to create {what}, Error: failed to construct datastore reference. "
        f'Error: Reference is of an invalid format [{CONTAINER}]: parse "/p/development/'
    )
    assert message.endswith(': invalid URL escape "%zz"')


# --- downloads


def test_a_download_is_a_url_whether_or_not_there_is_an_object(download, signer):
    reply = download("gs://anywhere/a%20b", expires_in=lasting(60))

    assert reply.signed_url == "http://signed/1"
    assert reply.expires_at.ToDatetime(NOW.tzinfo) == NOW + timedelta(minutes=1)
    assert signer.signed == [("GET", Place("anywhere", "a b"), NOW, 60, {})]


@pytest.mark.parametrize(
    ("expires_in", "complaint"),
    [
        (lasting(0, -1), "[-1ns] should not less than 0"),
        (lasting(3601), "[1h0m1s] cannot exceed max allowed expiration [1h0m0s]"),
        (lasting(-1, 1), "[seconds:-1 nanos:1] is invalid"),
    ],
)
def test_the_time_of_a_download_is_looked_at_first(download, expires_in, complaint):
    assert refusal(download, "s3://b/%zz", expires_in=expires_in) == (
        "INVALID_ARGUMENT",
        f"error while validating request: expiresIn is invalid. Error: input duration {complaint}",
    )


def test_a_download_that_may_take_no_time_is_not_signed(download):
    assert refusal(download, "s3://", expires_in=lasting(0)) == NEVER


@pytest.mark.parametrize("url", ["s3://b/%zz", ":", "s3://["])
def test_a_download_needs_a_url(download, url):
    assert refusal(download, url, expires_in=lasting(0)) == (
        "INVALID_ARGUMENT",
        f"error while validating request: failed to parse native_url [{url}]",
    )


@pytest.mark.parametrize(
    ("url", "lines"),
    [
        ("s3://b", ["Key"]),
        ("/k", ["Bucket"]),
        ("", ["Bucket", "Key"]),
    ],
)
def test_a_download_needs_bucket_and_key(download, url, lines):
    assert refusal(download, url) == (
        "INTERNAL",
        f"{SIGNING}InvalidParameter: {len(lines)} validation error(s) found.\n"
        + "".join(f"- minimum field size of 1, GetObjectInput.{line}.\n" for line in lines),
    )


def test_without_anybody_who_serves_objects_nothing_is_signed(store, runs):
    proxy = DataProxy(store, nodes=runs.nodes, chance=Chance(0))
    request = dataproxy_pb2.CreateDownloadLocationRequest(native_url="s3://b/k")

    assert refusal(proxy.create_download_location, request, NOW) == (
        "INTERNAL",
        SIGNING + "unsupported",
    )


# --- decks


@pytest.fixture
def deck(runs, store):
    write(store, Place(BUCKET, "deck.html"), b"<html>")
    runs.node("RUNNING", 10, deck_uri=f"{CONTAINER}/deck.html")


def test_a_link_says_the_same_thing_twice(deck, link, signer):
    reply = link(expires_in=lasting(60))

    assert list(reply.signed_url) == ["http://signed/1"] == list(reply.pre_signed_urls.signed_url)
    assert reply.expires_at == reply.pre_signed_urls.expires_at
    assert reply.expires_at.ToDatetime(NOW.tzinfo) == NOW + timedelta(minutes=1)
    assert signer.signed == [("GET", Place(BUCKET, "deck.html"), NOW, 60, {})]


def test_a_link_needs_a_right_time_then_a_type_then_a_node(link):
    before = "error while validating request. Error: "

    assert refusal(link, None, kind=0, expires_in=lasting(3601)) == (
        "INVALID_ARGUMENT",
        before + "expiresIn is invalid. Error: input duration [1h0m1s] "
        "cannot exceed max allowed expiration [1h0m0s]",
    )
    assert refusal(link, None, kind=0)[1] == (
        before + "invalid artifact type [ARTIFACT_TYPE_UNDEFINED]"
    )
    assert refusal(link, None)[1] == before + "source is required. Provided nil"


def test_a_link_to_a_deck_of_an_unknown_node_is_an_invalid_argument(link):
    nowhere = 'node_id:"n0" execution_id:{project:"p" domain:"development" name:"e1"}'

    assert refusal(link) == (
        "INVALID_ARGUMENT",
        (
            f"failed to find node execution [{nowhere}]. Error: "
            f"missing entity of type node execution with identifier {nowhere}"
        ),
    )


@pytest.mark.parametrize("kind", [dataproxy_pb2.ARTIFACT_TYPE_DECK, 7])
def test_a_node_without_a_deck_has_no_link(runs, link, kind):
    runs.node("RUNNING", 10, deck_uri=f"{CONTAINER}/deck.html" if kind == 7 else "")
    name = "ARTIFACT_TYPE_DECK" if kind == 1 else kind

    assert refusal(link, kind=kind) == (
        "NOT_FOUND",
        (
            f"no deckUrl found for request [artifact_type:{name} expires_in:{{seconds:3600}} "
            'node_execution_id:{node_id:"n0" '
            'execution_id:{project:"p" domain:"development" name:"e1"}}]'
        ),
    )


def test_a_deck_that_is_not_there_is_not_found(runs, link):
    runs.node("RUNNING", 10, deck_uri=f"{CONTAINER}/deck.html")

    assert refusal(link, expires_in=lasting(0)) == ("NOT_FOUND", "object not found")


def test_that_a_link_may_be_used_for_no_time_shows_last(deck, link):
    assert refusal(link, expires_in=lasting(0)) == NEVER


@pytest.mark.parametrize(
    ("uri", "container"), [("not a url", ""), ("http://example.com/deck", "example.com")]
)
def test_a_deck_elsewhere_cannot_be_looked_at(runs, link, uri, container):
    runs.node("RUNNING", 10, deck_uri=uri)

    assert refusal(link) == (
        "INTERNAL",
        (
            "failed to head object before signing url. Error: Conf container:my-s3-bucket != "
            f"Passed Container:{container}. Dynamic loading is disabled: not found"
        ),
    )


def test_a_deck_at_no_url_cannot_be_looked_at(runs, link):
    runs.node("RUNNING", 10, deck_uri="s3://b/%zz")

    assert refusal(link)[1] == (
        "failed to head object before signing url. "
        'Error: parse "s3://b/%zz": invalid URL escape "%zz"'
    )
