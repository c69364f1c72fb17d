"""The fake answers as a real FlyteAdmin did, in every recorded conversation but those listed."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import known
import pytest
import recorded
from replaying import Replayer

from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.wire.names import RPCS

TABLE = Path(__file__).parents[2] / "docs" / "known-differences.md"
KNOWN = known.listed(TABLE.read_text("utf-8"))
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
    found = differing(area)

    unlisted, agreeing = known.judged(area, KNOWN, found.keys())
    told = ["\n    ".join([name, *map(str, found[name][:6])]) for name in unlisted]
    assert not told, "\n".join([f"{len(told)} cases differ that should not:", *told])
    assert not agreeing, f"listed as different, but they agree: take them off {TABLE.name}"


def test_the_list_of_known_differences_is_in_order():
    cases = {area: [case["case"] for case in recorded.read(area)] for area in recorded.AREAS}

    assert list(known.faults(KNOWN, cases)) == []


def test_an_answer_that_is_not_the_recorded_one_is_told():
    case = copy.deepcopy(next(c for c in recorded.read("tenancy") if len(c["steps"]) > 1))
    case["steps"][1]["answer"] = {"code": "DATA_LOSS"}

    with FakeFlyteAdmin() as admin, admin.channel() as channel:
        first, *_ = Replayer(channel).play(case)

    assert str(first) == f'step 2 {case["steps"][1]["call"]} code: "OK", recorded "DATA_LOSS"'
