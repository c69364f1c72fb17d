from __future__ import annotations

import pytest

from flyte_testkit.admin.go.urls import GoUrl, InvalidUrlError, parse, within

BUCKET = "s3://bucket"


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("s3://bucket/a/b", "bucket", "/a/b"),
        ("s3://bucket/a%20b", "bucket", "/a b"),
        ("s3://bucket/a b", "bucket", "/a b"),
        ("s3://bucket/a?b#c", "bucket", "/a"),
        ("s3://bucket:80/a", "bucket:80", "/a"),
        ("s3://ann@bucket/a", "bucket", "/a"),
        ("s3://[::1]:80/a", "[::1]:80", "/a"),
        ("s3://", "", ""),
        ("//bucket/a", "bucket", "/a"),
        ("///bucket/a", "", "///bucket/a"),
        ("/etc/passwd", "", "/etc/passwd"),
        ("not a url", "", "not a url"),
        ("mailto:ann", "", ""),
        ("", "", ""),
    ],
)
def test_a_url_has_a_host_and_a_path(url, host, path):
    assert parse(url) == GoUrl(host, path)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("s3://b/%zz", 'parse "s3://b/%zz": invalid URL escape "%zz"'),
        ("s3://b/%2", 'parse "s3://b/%2": invalid URL escape "%2"'),
        ("s3://b/x#%zz", 'parse "s3://b/x#%zz": invalid URL escape "%zz"'),
        (":", 'parse ":": missing protocol scheme'),
        ("s3://[", "parse \"s3://[\": missing ']' in host"),
        ("s3://b:x/", 'parse "s3://b:x/": invalid port ":x" after host'),
        ("s3://a b/", 'parse "s3://a b/": invalid character " " in host name'),
        ("s3:// %41/", 'parse "s3:// %41/": invalid character " " in host name'),
        ("a%é", 'parse "a%é": invalid URL escape "%é"'),
        ("%-é", r'parse "%-é": invalid URL escape "%-\xc3"'),
        ("%\u00a0", r'parse "%\u00a0": invalid URL escape "%\u00a0"'),
        ("s3://%41/", 'parse "s3://%41/": invalid URL escape "%41"'),
        ("s3://a\\@b/", 'parse "s3://a\\\\@b/": net/url: invalid userinfo'),
        ("a\nb", 'parse "a\\nb": net/url: invalid control character in URL'),
        ("a\x01", 'parse "a\\x01": net/url: invalid control character in URL'),
        ("a b:c/d", 'parse "a b:c/d": first path segment in URL cannot contain colon'),
    ],
)
def test_what_is_no_url_is_refused_in_words_of_go(url, complaint):
    with pytest.raises(InvalidUrlError) as refusal:
        parse(url)

    assert str(refusal.value) == complaint


@pytest.mark.parametrize(
    ("part", "spelled"),
    [
        ("a b", "a%20b"),
        ("a%20b", "a%20b"),
        ("Ü", "%C3%9C"),
        ("a:1", "a:1"),
        ("a+b@c=d&e", "a+b@c=d&e"),
        ("it's (1)", "it%27s%20%281%29"),
        ("it's(1)", "it's(1)"),
        ("/a/", "a"),
        ("a/b", "a/b"),
        ("a//b", "a//b"),
        (".", "."),
        ("a?b c", "a?b c"),
        ("a#b c", "a#b%20c"),
        ("a#b(c)", "a#b(c)"),
    ],
)
def test_a_part_is_spelled_so_that_it_makes_a_url(part, spelled):
    place = within(BUCKET, "p", part)

    assert place == (f"{BUCKET}/p/" if part == "." else f"{BUCKET}/p/{spelled}")


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        (("p", ".", "f"), "/p/f"),
        (("p", "..", "f"), "/f"),
        (("p", "r", ".."), "/p/"),
        (("p", "../../../f"), "/f"),
        (("p", "../../.."), "/"),
    ],
)
def test_dots_are_followed_but_not_out_of_the_container(parts, place):
    assert within(BUCKET, *parts) == BUCKET + place


def test_a_part_that_makes_no_url_is_refused_with_its_whole_path():
    with pytest.raises(InvalidUrlError) as refusal:
        within(BUCKET, "p", "a%zz")

    assert str(refusal.value) == 'parse "/p/a%zz": invalid URL escape "%zz"'
