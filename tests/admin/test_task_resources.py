from __future__ import annotations

import pytest
from builders import identifier
from definition_builders import TASK, container

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.rules.task_resources import check, quantities
from flyte_testkit.admin.settings import TASK_LIMITS

ID = identifier(TASK, "t")
SHOWN = 'resource_type:TASK project:"p" domain:"development" name:"t" version:"v1"'


def held(*requests, limits=(), platform=TASK_LIMITS):
    resources = container(*requests, limits=limits).resources
    check(quantities(resources.requests, ID), quantities(resources.limits, ID), platform, ID)


def refusal_of(*requests, **fields):
    with pytest.raises(AdminError) as refusal:
        held(*requests, **fields)
    assert refusal.value.code == "INVALID_ARGUMENT"
    return refusal.value.message


def test_takes_what_is_within_all_limits():
    held(("CPU", "1"), ("MEMORY", "200Mi"), ("GPU", "1"), limits=[("CPU", "2"), ("GPU", "1")])


@pytest.mark.parametrize("name", ["CPU", "GPU", "MEMORY", "EPHEMERAL_STORAGE"])
def test_refuses_a_kind_that_comes_twice_before_reading_the_second(name):
    message = f"can't specify {name} limit for task [{SHOWN}] multiple times"
    assert refusal_of((name, "1"), (name, "x")) == message
    assert refusal_of(limits=[(name, "1"), (name, "x")]) == message


def test_lets_kinds_that_nobody_measures_come_twice():
    held(("UNKNOWN", "x"), ("UNKNOWN", "x"), ("STORAGE", "1"), ("STORAGE", "1"))


def test_says_request_even_of_a_limit_that_is_no_size():
    assert refusal_of(limits=[("CPU", "one")]) == (
        "Parsing of CPU request failed for value one - reason  quantities must match the regular "
        "expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'. Please follow K8s conventions "
        "for resources https://kubernetes.io/docs/concepts/configuration/"
        "manage-resources-containers/"
    )


def test_reads_requests_before_limits():
    assert "value x" in refusal_of(("CPU", "x"), limits=[("MEMORY", "y")])


def test_refuses_a_part_of_a_gpu():
    assert refusal_of(("GPU", "1.5")) == (
        f"gpu for [{SHOWN}] must be a whole number, got: 1.5 instead"
    )
    held(("GPU", "1.0"))


@pytest.mark.parametrize(
    ("name", "request_", "limit"),
    [("CPU", "1500m", "1"), ("MEMORY", "200Mi", "100Mi"), ("EPHEMERAL_STORAGE", "2Gi", "1Gi")],
)
def test_refuses_a_request_above_its_limit(name, request_, limit):
    assert refusal_of((name, request_), limits=[(name, limit)]) == (
        f"Requested {name} default [{request_}] is greater than the limit [{limit}]. "
        "Please fix your configuration"
    )


def test_compares_whole_units():
    held(("CPU", "1900m"), limits=[("CPU", "1100m")])


PLATFORM = "Please contact Flyte Admins to change these limits or consult the configuration"


def test_refuses_a_limit_above_the_platforms():
    assert refusal_of(("CPU", "9"), limits=[("CPU", "10")]) == (
        "Requested CPU limit [10] is greater than current limit set in the platform "
        f"configuration [2]. {PLATFORM}"
    )


@pytest.mark.parametrize(
    ("name", "size", "most"), [("CPU", "2001m", "2"), ("MEMORY", "2Gi", "1Gi")]
)
def test_refuses_a_request_above_the_platforms_limit(name, size, most):
    assert refusal_of((name, size)) == (
        f"Requested {name} default [{size}] is greater than current limit set in the platform "
        f"configuration [{most}]. {PLATFORM}"
    )


def test_refuses_gpus_whose_limit_is_another_before_the_platform_is_asked():
    message = (
        "For extended resource 'gpu' the default value must equal the limit value "
        f"for task [{SHOWN}]"
    )
    assert refusal_of(("GPU", "2"), limits=[("GPU", "1")]) == message
    assert refusal_of(("GPU", "0"), limits=[("GPU", "1")]) == message
    assert refusal_of(("GPU", "2"), limits=[("GPU", "2")]).startswith("Requested GPU default [2]")


def test_holds_a_limit_without_a_request_against_nothing():
    held(limits=[("CPU", "100"), ("GPU", "9")])


@pytest.mark.parametrize("platform", [{}, {"cpu": "0"}, {"cpu": ""}, {"cpu": "many"}])
def test_a_platform_without_limits_has_none(platform):
    held(("CPU", "1000"), platform=platform)
