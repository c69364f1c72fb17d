from __future__ import annotations

import random
import re

import pytest
from builders import create_request, identifier, literals
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.executions.execution_requests import (
    check_request,
    generated_name,
    with_inputs,
)

BAD_NOTIFICATION = common_pb2.Notification(phases=[core_execution_pb2.WorkflowExecution.SUCCEEDED])
KELVIN = "\N{KELVIN SIGN}"
DOTTED = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"


def refusal_of(store, request):
    with pytest.raises(AdminError) as refusal:
        check_request(store, with_inputs(request))
    assert refusal.value.code == "INVALID_ARGUMENT"
    return refusal.value.message


def test_each_rule_is_looked_at_before_the_next(make):
    make.project("old", state=1)
    request = execution_pb2.ExecutionCreateRequest(name="1")

    assert refusal_of(make.store, request) == "missing project"
    request.project = "nobody"
    assert refusal_of(make.store, request) == "missing domain"
    request.domain = "mars"
    assert refusal_of(make.store, request).startswith("invalid name format: 1, ")
    request.name = ""
    assert refusal_of(make.store, request) == (
        "failed to validate that project [nobody] and domain [mars] are registered, "
        "err: [project [nobody] not found]"
    )
    request.project = "old"
    assert refusal_of(make.store, request) == "project [old] is not active"
    request.project = "p"
    assert refusal_of(make.store, request) == "domain [mars] is unrecognized by system"
    request.domain = "development"
    assert refusal_of(make.store, request) == "missing spec"
    request.spec.inputs.literals["x"].SetInParent()
    request.spec.notifications.notifications.append(BAD_NOTIFICATION)
    request.spec.labels.values["-"] = ""
    assert refusal_of(make.store, request) == "missing id"
    request.spec.launch_plan.SetInParent()
    for part in ("project", "domain", "name", "version"):
        assert refusal_of(make.store, request) == f"missing {part}"
        setattr(request.spec.launch_plan, part, part)
    assert refusal_of(make.store, request) == (
        "Invalid reference entity resource type [UNSPECIFIED], "
        "only [map[TASK:<nil> LAUNCH_PLAN:<nil>]] allowed"
    )
    request.spec.launch_plan.resource_type = identifier_pb2.LAUNCH_PLAN
    assert refusal_of(make.store, request) == "missing valid literal in inputs x"
    request.spec.ClearField("inputs")
    assert refusal_of(make.store, request) == "invalid value for notification type"
    request.spec.ClearField("notifications")
    assert refusal_of(make.store, request).startswith("invalid label key [-]: ")
    request.spec.ClearField("labels")
    check_request(make.store, with_inputs(request))


@pytest.mark.parametrize(
    ("kind", "shown"), [(identifier_pb2.WORKFLOW, "WORKFLOW"), (99, "99"), (-1, "-1")]
)
def test_only_launch_plans_and_tasks_can_be_run(make, kind, shown):
    request = create_request(plan=identifier(kind, "w"))

    assert f"resource type [{shown}]" in refusal_of(make.store, request)


@pytest.mark.parametrize(
    "name", ["", "a", "MyRun", "a-", "a" * 63, KELVIN + "elvin", DOTTED + "zmir"]
)
def test_names_that_are_fine_when_lowered_pass(make, name):
    check_request(make.store, create_request(name))


@pytest.mark.parametrize("name", ["1a", "-a", "a.b", "a_b", "äb", "a٣", "a\n"])
def test_other_names_are_refused(make, name):
    assert refusal_of(make.store, create_request(name)) == (
        rf"invalid name format: {name.lower()}, does not match regex '^[a-z][a-z\-0-9]*$'"
    )


def test_a_long_name_is_shown_in_small_letters(make):
    assert refusal_of(make.store, create_request("A" * 64)) == (
        f"size of name exceeded length 63 : {'a' * 64}"
    )


def test_a_name_that_shrinks_when_lowered_is_measured_as_sent_before_the_project(make):
    name = "a" + KELVIN * 21
    request = execution_pb2.ExecutionCreateRequest(project="nobody", domain="d", name=name)

    assert refusal_of(make.store, request) == (
        f'name for ExecutionCreateRequest [project:"nobody" domain:"d" name:"{name}"] '
        "exceeded allowed length 63"
    )


def test_the_inputs_of_the_spec_stand_in_for_missing_ones():
    spec = execution_pb2.ExecutionSpec(inputs=literals(x=1))

    assert with_inputs(create_request(spec=spec)).inputs == literals(x=1)
    assert with_inputs(create_request(spec=spec, inputs=literals())).inputs == literals(x=1)
    assert with_inputs(create_request(spec=spec, inputs=literals(y=2))).inputs == literals(y=2)


def test_the_spec_of_a_request_with_inputs_is_not_looked_at(make):
    spec = execution_pb2.ExecutionSpec()
    spec.inputs.literals["x"].SetInParent()

    check_request(make.store, with_inputs(create_request(spec=spec, inputs=literals(y=2))))


def test_a_generated_name_has_no_vowels_and_nothing_that_looks_like_another_letter():
    numbers = random.Random(0)  # noqa: S311  names, not secrets

    for _ in range(100):
        name = generated_name(numbers)
        assert re.fullmatch("a[bcdfghjklmnpqrstvwxz2456789]{19}", name)
