from __future__ import annotations

import pytest
from builders import assign, refusal_of
from flyteidl.admin import (
    cluster_assignment_pb2,
    common_pb2,
    execution_pb2,
    launch_plan_pb2,
    matchable_resource_pb2,
)
from flyteidl.core import security_pb2

from flyte_testkit.admin.executions.execution_config import check_cluster_pool, resolve


def account(name):
    return security_pb2.SecurityContext(run_as=security_pb2.Identity(k8s_service_account=name))


def config(**fields):
    return matchable_resource_pb2.WorkflowExecutionConfig(**fields)


@pytest.fixture
def resolved(attributes):
    """Resolves a spec against a launch plan and ``attributes``, for workflow ``w``."""

    def resolved(spec=None, plan=None, workflow="w"):
        return resolve(
            execution_pb2.ExecutionSpec(**(spec or {})),
            launch_plan_pb2.LaunchPlanSpec(**plan) if plan is not None else None,
            attributes,
            project="p",
            domain="development",
            workflow=workflow,
        )

    return resolved


@pytest.mark.parametrize("unset", [0, -5])
def test_parallelism_comes_from_the_first_place_that_sets_it(attributes, resolved, unset):
    assert resolved({"max_parallelism": unset}).max_parallelism == 25
    assign(attributes, workflow_execution_config=config(max_parallelism=10))
    assert resolved({"max_parallelism": unset}).max_parallelism == 10
    assign(attributes, "development", workflow_execution_config=config(max_parallelism=20))
    assert resolved({"max_parallelism": unset}).max_parallelism == 20
    assign(attributes, "development", "w", workflow_execution_config=config(max_parallelism=30))
    assert resolved({"max_parallelism": unset}).max_parallelism == 30
    assert resolved({}, {"max_parallelism": 40}).max_parallelism == 40
    assert resolved({"max_parallelism": 50}, {"max_parallelism": 40}).max_parallelism == 50


def test_a_silent_row_of_the_workflow_hides_its_domain_and_not_its_project(attributes, resolved):
    assign(attributes, workflow_execution_config=config(max_parallelism=10))
    assign(attributes, "development", workflow_execution_config=config(max_parallelism=20))
    assign(attributes, "development", "w", workflow_execution_config=config())

    assert resolved().max_parallelism == 10
    assert resolved(workflow="other").max_parallelism == 20
    assert resolved(workflow="").max_parallelism == 20


def test_what_the_engine_alone_is_told_comes_from_the_first_place_that_says_it(
    attributes, resolved
):
    assert (resolved().interruptible, resolved().overwrite_cache) == (None, False)
    row = config(interruptible={"value": True}, overwrite_cache=True)
    assign(attributes, "development", workflow_execution_config=row)
    assert (resolved().interruptible, resolved().overwrite_cache) == (True, True)
    of_plan = {"interruptible": {"value": False}}
    assert resolved({}, of_plan).interruptible is False
    assert resolved({"interruptible": {"value": True}}, of_plan).interruptible is True


def test_the_security_context_is_there_even_when_nobody_gave_one(resolved):
    context = resolved().security_context

    assert context.HasField("run_as")
    assert context.ByteSize() == 2


@pytest.mark.parametrize(
    "run_as",
    [{"k8s_service_account": "a"}, {"iam_role": "a"}, {"execution_identity": "a"}],
)
def test_a_security_context_that_says_who_runs_is_taken_whole(resolved, run_as):
    own = security_pb2.SecurityContext(
        run_as=security_pb2.Identity(**run_as), secrets=[security_pb2.Secret(key="k")]
    )

    found = resolved({"security_context": own}, {"security_context": account("b")})

    assert (found.max_parallelism, found.security_context) == (25, own)


@pytest.mark.parametrize(
    "nobody",
    [
        {"secrets": [security_pb2.Secret(key="k")]},
        {"run_as": security_pb2.Identity(oauth2_client=security_pb2.OAuth2Client(client_id="c"))},
    ],
)
def test_a_security_context_that_says_nobody_runs_does_not_count(resolved, nobody):
    own = security_pb2.SecurityContext(**nobody)
    plan = {"security_context": account("b")}

    assert resolved({"security_context": own}, plan).security_context == account("b")
    dropped = resolved({"security_context": own}).security_context
    assert dropped.HasField("run_as")
    assert dropped.ByteSize() == 2


def test_attributes_name_who_runs_before_the_deprecated_roles_do(attributes, resolved):
    assign(attributes, workflow_execution_config=config(security_context=account("attributes")))
    role = common_pb2.AuthRole(kubernetes_service_account="role")

    assert resolved({"auth_role": role}).security_context == account("attributes")


def test_deprecated_roles_hide_one_another_even_when_empty(resolved):
    role = common_pb2.AuthRole(kubernetes_service_account="role")
    auth = launch_plan_pb2.Auth(kubernetes_service_account="auth")
    old = {"role": "arn"}

    def runs_as(spec, plan):
        return resolved(spec, plan).security_context.run_as

    assert runs_as({}, old).iam_role == "arn"
    assert runs_as({}, {**old, "auth": auth}).k8s_service_account == "auth"
    assert runs_as({}, {**old, "auth": auth, "auth_role": role}).k8s_service_account == "role"
    empty = common_pb2.AuthRole()
    assert not runs_as({}, {**old, "auth": auth, "auth_role": empty}).ListFields()
    assert not runs_as({"auth_role": empty}, {"auth_role": role}).ListFields()
    assert runs_as({"auth_role": role}, old).k8s_service_account == "role"


def pool(name):
    return cluster_assignment_pb2.ClusterAssignment(cluster_pool_name=name)


@pytest.mark.parametrize("asked", ["", "gpu"])
def test_the_assigned_cluster_pool_or_none_may_be_asked_for(attributes, asked):
    assign(attributes, "development", cluster_assignment=pool("gpu"))

    spec = execution_pb2.ExecutionSpec(cluster_assignment=pool(asked))

    check_cluster_pool(spec, attributes, "p", "development")


@pytest.mark.parametrize("domain", ["", "development"])
def test_another_cluster_pool_is_refused(attributes, domain):
    assign(attributes, domain, cluster_assignment=pool("gpü"))
    spec = execution_pb2.ExecutionSpec(cluster_assignment=pool("cpu"))

    refusal = refusal_of(check_cluster_pool, spec, attributes, "p", "development")

    assert refusal.code == "INVALID_ARGUMENT"
    assert refusal.message == (
        'execution with project "p" and domain "development" cannot run on cluster pool "cpu", '
        'because its configured to run on pool "gpü"'
    )


def test_pools_of_workflows_and_pools_without_a_name_bind_nobody(attributes):
    assign(attributes, "development", "w", cluster_assignment=pool("gpu"))
    assign(attributes, "development", cluster_assignment=pool(""))

    spec = execution_pb2.ExecutionSpec(cluster_assignment=pool("cpu"))

    check_cluster_pool(spec, attributes, "p", "development")
