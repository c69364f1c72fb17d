"""The fake answers as a real FlyteAdmin did, in every recorded conversation but those listed."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
import recorded
from replaying import Replayer

from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.wire.names import RPCS

TABLE = Path(__file__).parents[2] / "docs" / "known-differences.md"
ROW = re.compile(r"^\| `(?P<case>\w+/[^`]+)` \| [^|]+ \| (?P<reason>[^|]+) \|$", re.MULTILINE)
AT_MOST = 0.02  # of the cases of an area

KNOWN = {row["case"]: row["reason"] for row in ROW.finditer(TABLE.read_text("utf-8"))}
REFUSED = RPCS - FlyteAdmin().handlers.keys()


def meets_a_refused_rpc(found):
    """Whether the first step that differs calls an RPC that the fake openly does not have."""
    return any(
        each.answered == "UNIMPLEMENTED" and re.split(r"[ /]", each.where)[3] in REFUSED
        for each in found
    )


def differing(area):
    """What differs in the cases of an area, by the name of the case."""
    with FakeFlyteAdmin(strict=False) as admin, admin.channel() as channel:
        replayer = Replayer(channel, between=lambda: admin.clock.advance(0.001))
        played = {case["case"]: replayer.play(case) for case in recorded.read(area)}
    return {
        name: found for name, found in played.items() if found and not meets_a_refused_rpc(found)
    }


@pytest.mark.parametrize("area", recorded.AREAS)
def test_the_fake_answers_as_the_real_server_did(area):
    expected = {name for name in KNOWN if name.startswith(f"{area}/")}

    found = differing(area)

    told = ["\n    ".join([name, *map(str, found[name][:6])]) for name in found.keys() - expected]
    assert not told, "\n".join([f"{len(told)} cases differ that should not:", *sorted(told)])
    agreeing = sorted(expected - found.keys())
    assert not agreeing, f"listed as different, but they agree: take them off {TABLE.name}"


def test_every_listed_difference_is_of_a_recorded_case():
    cases = {case["case"] for area in recorded.AREAS for case in recorded.read(area)}

    assert KNOWN.keys() <= cases


@pytest.mark.parametrize("area", recorded.AREAS)
def test_few_cases_of_an_area_differ_on_purpose(area):
    listed = [name for name in KNOWN if name.startswith(f"{area}/")]

    assert len(listed) <= AT_MOST * len(recorded.read(area))


def test_an_answer_that_is_not_the_recorded_one_is_told():
    case = copy.deepcopy(next(c for c in recorded.read("tenancy") if len(c["steps"]) > 1))
    case["steps"][1]["answer"] = {"code": "DATA_LOSS"}

    with FakeFlyteAdmin() as admin, admin.channel() as channel:
        first, *_ = Replayer(channel).play(case)

    assert str(first) == f'step 2 {case["steps"][1]["call"]} code: "OK", recorded "DATA_LOSS"'
