from __future__ import annotations

from dataclasses import replace

import pytest
from flyteidl.admin import launch_plan_pb2

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.executions.concurrency import check_concurrency

SKIP = launch_plan_pb2.CONCURRENCY_LIMIT_BEHAVIOR_SKIP


@pytest.fixture
def limited(make):
    """Makes a version of launch plan ``w`` that lets so many run at once."""

    def limited(most, behavior=SKIP, **place):
        policy = launch_plan_pb2.ConcurrencyPolicy(max=most, behavior=behavior)
        spec = launch_plan_pb2.LaunchPlanSpec(concurrency_policy=policy)
        return make.launch_plan(spec=spec, **place)

    return limited


@pytest.fixture
def running(make, store):
    def running(name, plan, phase="RUNNING", **place):
        row = make.execution(name, phase=phase, **place)
        return store.executions.update(replace(row, launch_plan_id=plan.id))

    return running


def test_a_launch_plan_without_a_policy_has_no_limit(make, store, running):
    plan = make.launch_plan()
    running("e1", plan)

    check_concurrency(store, plan)


def test_the_limit_is_reached_when_as_many_run_as_may(store, limited, running):
    plan = limited(2)
    running("e1", plan)
    check_concurrency(store, plan)
    running("e2", plan, "QUEUED")

    with pytest.raises(AdminError) as refusal:
        check_concurrency(store, plan)

    assert (refusal.value.code, refusal.value.message) == (
        "ALREADY_EXISTS",
        "concurrency limit (2) reached for launch plan w; skipping execution",
    )


@pytest.mark.parametrize("phase", ["UNDEFINED", "SUCCEEDING", "FAILING", "ABORTING", "SUCCEEDED"])
def test_executions_before_and_after_running_do_not_count(store, limited, running, phase):
    plan = limited(1)
    running("e1", plan, phase)

    check_concurrency(store, plan)


def test_archived_executions_count(store, limited, running):
    plan = limited(1)
    store.executions.update(replace(running("e1", plan), state=1))

    with pytest.raises(AdminError, match="concurrency limit"):
        check_concurrency(store, plan)


def test_all_versions_count_and_other_launch_plans_do_not(make, store, limited, running):
    plan = limited(1)
    running("e1", make.launch_plan("other"))
    check_concurrency(store, plan)
    running("e2", make.launch_plan(version="v2"))

    with pytest.raises(AdminError, match="concurrency limit"):
        check_concurrency(store, plan)


def test_executions_elsewhere_do_not_count(store, limited, running):
    plan = limited(1)
    running("e1", plan, project="other")
    running("e2", plan, domain="staging")

    check_concurrency(store, plan)


@pytest.mark.parametrize("most", [0, -1])
def test_a_limit_of_none_is_always_reached(store, limited, most):
    with pytest.raises(AdminError, match="concurrency limit"):
        check_concurrency(store, limited(most))


def test_a_policy_without_a_behavior_lets_everything_through(store, limited):
    unspecified = launch_plan_pb2.CONCURRENCY_LIMIT_BEHAVIOR_UNSPECIFIED

    check_concurrency(store, limited(0, unspecified))


def test_an_unknown_behavior_fails_only_when_the_limit_is_reached(store, limited, running):
    plan = limited(1, 9)
    check_concurrency(store, plan)
    running("e1", plan)

    with pytest.raises(AdminError) as refusal:
        check_concurrency(store, plan)

    assert (refusal.value.code, refusal.value.message) == (
        "INTERNAL",
        "unsupported concurrency-limit behavior: 9",
    )
