"""Tests pass in any order; generated names come of `--flyte-seed`, and the fake draws nothing from `random`."""

import random

import pytest

from flyte_testkit import running

names = set()


@pytest.mark.parametrize("which", range(3))
def test_each_test_begins_with_the_same_names(which, flyte_admin, flyte_client):
    flyte_admin.on_launch("nightly").plays(running(60).succeeds())
    plan = flyte_client.fetch_launch_plan(name="nightly")

    names.add(flyte_client.execute(plan, inputs={}).id.name)

    assert len(names) == 1


def test_what_a_test_draws_is_its_own(flyte_admin, flyte_client):
    before = random.getstate()
    flyte_admin.on_launch("nightly").plays(running(3600).succeeds())
    plan = flyte_client.fetch_launch_plan(name="nightly")

    assert flyte_client.wait(flyte_client.execute(plan, inputs={})).is_successful
    assert random.getstate() == before
