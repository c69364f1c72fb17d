from __future__ import annotations

import pytest
from builders import node_id

from flyte_testkit.admin.data.flyte_urls import FlyteUrl, parse
from flyte_testkit.admin.errors import AdminError

N0 = "flyte://v1/p/development/e1/n0"


@pytest.mark.parametrize(
    ("url", "attempt", "kind", "literal"),
    [
        (f"{N0}/i", None, "i", ""),
        (f"{N0}/o/y", None, "o", "y"),
        (f"{N0}/d", None, "d", ""),
        (f"{N0}/0/i", 0, "i", ""),
        (f"{N0}/01/o/my_out", 1, "o", "my_out"),
        (f"{N0}/4294967297/d", 1, "d", ""),
    ],
)
def test_a_url_names_the_data_of_a_node_or_of_an_attempt(url, attempt, kind, literal):
    assert parse(url) == FlyteUrl(node_id("n0"), attempt, kind, literal)


@pytest.mark.parametrize("before", ["flyte://", "flyte://junk ", "junk "])
def test_junk_may_stand_before_the_url(before):
    assert parse(f"{before}{N0}/i").node == node_id("n0")


def test_a_url_may_name_an_organization():
    url = parse("flyte://v1/org/acme/p/development/e1/n0/1/o/y")

    assert url.node.execution_id.org == "acme"
    assert (url.node.execution_id.project, url.attempt, url.literal) == ("p", 1, "y")


def test_a_project_may_be_called_org():
    assert parse("flyte://v1/org/development/e1/n0/i").node.execution_id.project == "org"


@pytest.mark.parametrize(
    "url",
    [
        "flyte://v1/p/development/e1",
        "flyte://v2/p/development/e1/n0/i",
        f"{N0}/x",
        f"{N0}/i/",
        f"{N0}/i\n",
        f"{N0}/i?x=1",
        f"{N0}.1/i",
        f"{N0}/o/dot.ted",
        f"{N0}/d/x",
        f"{N0}/-1/i",
        "flyte://v1/p/d/ü/n0/i",
    ],
)
def test_other_forms_are_refused(url):
    with pytest.raises(AdminError) as refusal:
        parse(url)

    assert refusal.value.message == f"failed to parse artifact url Error: failed to parse [{url}]"


def test_an_attempt_that_no_computer_counts_to_is_refused():
    with pytest.raises(AdminError) as refusal:
        parse(f"{N0}/99999999999999999999/i")

    assert refusal.value.message == (
        "failed to parse artifact url Error: failed to parse attempt [99999999999999999999], "
        'strconv.Atoi: parsing "99999999999999999999": value out of range'
    )
