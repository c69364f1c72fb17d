"""The names that the client gives to executions which the user does not name."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from flyte_testkit import running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

FIRST_OF_7 = "fd02ca997a40ff5fe5b0"


@pytest.fixture
def admin():
    with started() as admin:
        yield admin


@contextmanager
def started():
    with FakeFlyteAdmin(strict=False) as admin, governed_by(admin.clock):
        admin.register("nightly")
        for _ in range(16):
            admin.on_launch("nightly").plays(running(60).fails("boom"))
        yield admin


def client(admin, seed):
    config = Config.for_endpoint(admin.endpoint, insecure=True)
    return FlyteRemote(config, admin.project, admin.domain, seed=seed)


def names_of(remote):
    """Launch in every way that there is, and return the names."""
    nightly = remote.fetch_launch_plan(name="nightly")
    first = remote.execute(nightly, {})
    named = remote.execute(nightly, {}, execution_name_prefix="by-hand")
    remote.wait(first)
    return [each.id.name for each in (first, named, remote.relaunch(first), remote.recover(first))]


def test_a_seeded_client_draws_the_same_names_in_each_run():
    runs = []
    for _ in range(2):
        with started() as admin, client(admin, seed=7) as remote:
            runs.append(names_of(remote))
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 4
    assert runs[0][1].startswith("by-hand-")


def test_other_seeds_draw_other_names(admin):
    with client(admin, seed=1) as one, client(admin, seed=2) as other:
        assert set(names_of(one)).isdisjoint(names_of(other))


def test_two_clients_of_one_seed_never_get_each_others_executions(admin):
    with client(admin, seed=0) as one, client(admin, seed=0) as other:
        first, second = names_of(one), names_of(other)
    assert len({*first, *second}) == 8


def test_without_a_seed_names_are_left_to_chance():
    runs = []
    for _ in range(2):
        with started() as admin, client(admin, seed=None) as remote:
            runs += names_of(remote)
    assert len(set(runs)) == 8


def test_names_do_not_depend_on_how_often_calls_were_tried_again(admin):
    with client(admin, seed=7) as remote:
        admin.on("GetLaunchPlan").fails_with("UNAVAILABLE", times=2)
        assert names_of(remote)[0] == FIRST_OF_7


def test_a_launch_whose_answer_was_lost_is_not_launched_twice(admin):
    with client(admin, seed=7) as remote:
        nightly = remote.fetch_launch_plan(name="nightly")
        admin.on("CreateExecution").loses_reply(times=1)
        assert remote.execute(nightly, {}).id.name == FIRST_OF_7
    assert len(admin.launches) == 1


@pytest.mark.parametrize("seed", [[1], {}, object()])
def test_a_seed_that_nothing_can_be_drawn_from_is_refused_at_once(admin, seed):
    refusals = (TypeError, DeprecationWarning)  # each Python refuses in its own way
    with pytest.raises(refusals):
        client(admin, seed=seed)
