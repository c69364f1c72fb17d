import base64
import hashlib
from datetime import datetime, timezone

import pytest

from flyte_testkit.admin.database.objects import BUCKET, Place, read, write
from flyte_testkit.admin.database.store import Store
from flyte_testkit.wire.object_answers import answer
from flyte_testkit.wire.signatures import sign

NOW = datetime(2024, 3, 10, 12, tzinfo=timezone.utc)
HOST = "127.0.0.1:9000"
WHERE = Place(BUCKET, "p/f.txt")
HELLO = b"hello"
ETAG = f'"{hashlib.md5(HELLO, usedforsecurity=False).hexdigest()}"'
MD5 = base64.b64encode(hashlib.md5(HELLO, usedforsecurity=False).digest()).decode()


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def ask(store):
    """Sign a URL for a verb, and ask with it at once."""

    def ask(verb, *, where=WHERE, signed=None, sent=None, body=b""):
        url = sign(verb, where, host=HOST, now=NOW, seconds=60, headers=signed or {})
        headers = {"host": HOST, **(signed or {} if sent is None else sent)}
        headers = {name.lower(): value for name, value in headers.items()}
        target = url.removeprefix(f"http://{HOST}")
        return answer(store, verb, target, headers=headers, body=body, now=NOW)

    return ask


def test_what_is_put_can_be_got(ask, store):
    put = ask("PUT", signed={"Content-MD5": MD5}, body=HELLO)
    got = ask("GET")

    assert (put.status, put.headers["ETag"]) == (200, ETAG)
    assert (got.status, got.headers["ETag"], got.body) == (200, ETAG, HELLO)
    assert read(store, WHERE) == HELLO


def test_an_empty_object_is_an_object(ask):
    assert ask("PUT", body=b"").status == 200
    assert ask("GET")[::2] == (200, b"")


def test_another_content_than_its_hash_says_is_refused(ask, store):
    response = ask("PUT", signed={"Content-MD5": MD5}, body=b"other")

    assert response.status == 400
    assert b"<Code>BadDigest</Code>" in response.body
    assert read(store, WHERE) is None


@pytest.mark.parametrize("claimed", ["", "YWJj", "no base 64!", "ümlaut"])
def test_a_hash_that_is_none_is_refused_even_if_nobody_asked_for_it(ask, claimed):
    response = ask("PUT", sent={"Content-MD5": claimed}, body=HELLO)

    assert response.status == 400
    assert b"<Code>InvalidDigest</Code>" in response.body


def test_a_missing_header_is_forbidden_before_anything_is_looked_at(ask):
    response = ask("PUT", signed={"Content-MD5": MD5}, sent={}, body=b"other")

    assert response.status == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in response.body


def test_no_url_is_signed_for_asking_what_there_would_be(store):
    url = sign("GET", WHERE, host=HOST, now=NOW, seconds=60, headers={})
    target = url.removeprefix(f"http://{HOST}")

    assert answer(store, "HEAD", target, headers={"host": HOST}, body=b"", now=NOW).status == 403


def test_what_is_not_there_is_not_found(ask):
    response = ask("GET")

    assert response.status == 404
    assert b"<Code>NoSuchKey</Code>" in response.body
    assert b"p/f.txt" in response.body


@pytest.mark.parametrize("verb", ["GET", "PUT"])
def test_another_bucket_is_not_found(ask, verb):
    response = ask(verb, where=Place("elsewhere", "x"))

    assert response.status == 404
    assert b"<Code>NoSuchBucket</Code>" in response.body


@pytest.mark.parametrize(
    ("wanted", "part", "where"),
    [
        ("bytes=0-0", b"h", "0-0"),
        ("bytes=1-3", b"ell", "1-3"),
        ("bytes=3-", b"lo", "3-4"),
        ("bytes=3-99", b"lo", "3-4"),
        ("bytes=-2", b"lo", "3-4"),
        ("bytes=-99", b"hello", "0-4"),
    ],
)
def test_a_part_can_be_got(ask, store, wanted, part, where):
    write(store, WHERE, HELLO)

    response = ask("GET", sent={"Range": wanted})

    assert (response.status, response.body) == (206, part)
    assert response.headers["Content-Range"] == f"bytes {where}/5"


@pytest.mark.parametrize("wanted", ["bytes=5-", "bytes=-0", "bytes=3-2"])
def test_a_part_outside_is_refused(ask, store, wanted):
    write(store, WHERE, HELLO)

    assert ask("GET", sent={"Range": wanted}).status == 416


@pytest.mark.parametrize("wanted", ["bytes=-", "lines=1-2", "bytes=0-1,3-4"])
def test_parts_that_are_not_understood_are_the_whole(ask, store, wanted):
    write(store, WHERE, HELLO)

    assert ask("GET", sent={"Range": wanted})[::2] == (200, HELLO)
