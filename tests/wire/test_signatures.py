from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest

from flyte_testkit.admin.database.objects import Place
from flyte_testkit.wire.signatures import ForbiddenError, place_of, sign

NOW = datetime(2024, 3, 10, 12, tzinfo=timezone.utc)
HOST = "127.0.0.1:9000"
WHERE = Place("bucket", "p/a b/Ü?#%20.txt")
HEADERS = {"Content-MD5": "abc="}
SENT = {"host": HOST, "content-md5": "abc="}


@pytest.fixture
def target():
    return target_of(sign("PUT", WHERE, host=HOST, now=NOW, seconds=60, headers=HEADERS))


def target_of(url):
    assert url.startswith(f"http://{HOST}/")
    return url.removeprefix(f"http://{HOST}")


def refusal(verb, target, headers=SENT, now=NOW):
    with pytest.raises(ForbiddenError) as caught:
        place_of(verb, target, headers, now)
    return caught.value.code


def test_a_signed_url_leads_to_its_object(target):
    assert place_of("PUT", target, SENT, NOW) == WHERE


def test_it_looks_like_one_of_s3(target):
    url = urlsplit(target)

    assert url.path == "/bucket/p/a%20b/%C3%9C%3F%23%2520.txt"
    query = parse_qs(url.query)
    assert query["X-Amz-Date"] == ["20240310T120000Z"]
    assert query["X-Amz-Expires"] == ["60"]
    assert query["X-Amz-SignedHeaders"] == ["content-md5;host"]


def test_it_holds_for_one_verb(target):
    assert refusal("GET", target) == "SignatureDoesNotMatch"


def test_it_holds_for_one_object(target):
    other = target.replace("/p/", "/q/")

    assert refusal("PUT", other) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": HOST},
        {"host": HOST, "content-md5": "xyz="},
        {"host": "localhost:9000", "content-md5": "abc="},
    ],
)
def test_it_asks_for_the_headers_that_were_signed(target, headers):
    assert refusal("PUT", target, headers) == "SignatureDoesNotMatch"


def test_it_does_not_care_about_other_headers(target):
    assert place_of("PUT", target, {**SENT, "x-more": "1"}, NOW) == WHERE


def test_it_holds_until_it_expires(target):
    last = NOW + timedelta(seconds=60)

    assert place_of("PUT", target, SENT, last) == WHERE
    assert refusal("PUT", target, now=last + timedelta(microseconds=1)) == "AccessDenied"


def test_nobody_can_make_it_hold_longer(target):
    longer = target.replace("Expires=60", "Expires=600")

    assert refusal("PUT", longer) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("target", ["/bucket/key", "/bucket/key?x=1", "/", ""])
def test_without_a_signature_nothing_is_allowed(target):
    assert refusal("GET", target) == "AccessDenied"


def test_a_signature_of_ones_own_is_none(target):
    assert refusal("PUT", f"{target[:-64]}ü") == "SignatureDoesNotMatch"


def test_a_client_may_spell_a_url_in_its_own_way(target):
    spelled = target.replace("%3B", ";").replace("a%20b", "%61%20b")

    assert spelled != target
    assert place_of("PUT", spelled, SENT, NOW) == WHERE
