from __future__ import annotations

import pytest

from flyte_testkit.admin.database.objects import BUCKET, Place, place, read, write

CONTAINER = f"s3://{BUCKET}"


def test_a_place_is_a_bucket_and_a_key():
    assert place(f"{CONTAINER}/p/a%20b?x") == Place(BUCKET, "p/a b")
    assert place("http://elsewhere/") == Place("elsewhere", "")


def test_what_was_written_is_read(store):
    write(store, Place(BUCKET, "p/a b"), b"content")

    assert read(store, Place(BUCKET, "p/a b")) == b"content"
    assert read(store, Place(BUCKET, "p")) is None
    assert store.blobs == {f"{CONTAINER}/p/a%20b": b"content"}


@pytest.mark.parametrize(
    "key", ["a b", "a%20b", "it's", "it's mine", "Ü", "a?b", "a#b c", "a\tb", "a//b"]
)
def test_every_key_has_a_place_of_its_own(store, key):
    write(store, Place(BUCKET, key), b"content")

    (uri,) = store.blobs
    assert place(uri) == Place(BUCKET, key)
    assert read(store, Place(BUCKET, key)) == b"content"


def test_another_spelling_of_its_uri_is_the_same_object(store):
    store.blobs[f"{CONTAINER}/it%27s"] = b"old"

    write(store, Place(BUCKET, "it's"), b"new")

    assert store.blobs == {f"{CONTAINER}/it%27s": b"new"}


def test_a_blob_at_no_url_is_nobodys_object(store):
    store.blobs[":"] = b"odd"

    assert read(store, Place(BUCKET, "x")) is None


def test_there_is_one_bucket(store):
    store.blobs["s3://elsewhere/x"] = b"content"

    assert read(store, Place("elsewhere", "x")) is None
