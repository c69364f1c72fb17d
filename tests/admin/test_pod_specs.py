from __future__ import annotations

import pytest
from definition_builders import pod
from flyteidl.core import tasks_pb2

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.rules.pod_specs import containers


def read(spec):
    return containers(pod(spec).pod_spec)


def refusal_of(spec):
    with pytest.raises(AdminError) as refusal:
        read(spec)
    assert refusal.value.code == "INTERNAL"
    return refusal.value.message


def test_reads_names_and_sizes_of_containers():
    limits = {"memory": "1Gi", "nvidia.com/gpu": "8"}
    (made,) = read(
        {"containers": [{"name": "a", "resources": {"requests": {"cpu": 1}, "limits": limits}}]}
    )
    assert made.name == "a"
    assert {kind: str(size) for kind, size in made.requests.items()} == {
        tasks_pb2.Resources.CPU: "1"
    }
    assert {kind: str(size) for kind, size in made.limits.items()} == {
        tasks_pb2.Resources.MEMORY: "1Gi"
    }


def test_reads_nothing_of_an_empty_pod():
    assert read({}) == []
    assert read({"containers": None}) == []


def test_does_not_list_containers_that_initialize():
    assert read({"initContainers": [{"name": "a"}]}) == []


def test_ignores_what_kubernetes_does_not_know():
    assert [made.name for made in read({"x": 1, "containers": [{"name": "a", "y": []}]})] == ["a"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"containers": "x"},
            "string into Go struct field PodSpec.containers of type []v1.Container",
        ),
        (
            {"restartPolicy": 1, "containers": []},
            "number into Go struct field PodSpec.restartPolicy of type v1.RestartPolicy",
        ),
        (
            {"containers": [{"name": 1, "env": {}}]},
            "object into Go struct field Container.containers.env of type []v1.EnvVar",
        ),
        (
            {"containers": ["x"]},
            "string into Go struct field PodSpec.containers of type v1.Container",
        ),
        (
            {"containers": [{"name": 5}]},
            "number into Go struct field Container.containers.name of type string",
        ),
        (
            {"initContainers": [{"image": True}]},
            "bool into Go struct field Container.initContainers.image of type string",
        ),
        (
            {"containers": [{"args": {}}]},
            "object into Go struct field Container.containers.args of type []string",
        ),
        (
            {"containers": [{"command": [[]]}]},
            "array into Go struct field Container.containers.command of type string",
        ),
        (
            {"containers": [{"resources": {"limits": "x"}}]},
            (
                "string into Go struct field ResourceRequirements.containers.resources.limits "
                "of type v1.ResourceList"
            ),
        ),
        (
            {"containers": [{"env": [{"name": "a"}, {"name": "b", "value": 1}]}]},
            "number into Go struct field EnvVar.containers.env.value of type string",
        ),
        (
            {"containers": [{"ports": [{"containerPort": "http"}]}]},
            (
                "string into Go struct field ContainerPort.containers.ports.containerPort "
                "of type int32"
            ),
        ),
        (
            {"containers": [{"ports": [{"containerPort": 2147483648}]}]},
            (
                "number 2147483648 into Go struct field "
                "ContainerPort.containers.ports.containerPort of type int32"
            ),
        ),
        (
            {"terminationGracePeriodSeconds": 1.5},
            "number 1.5 into Go struct field PodSpec.terminationGracePeriodSeconds of type int64",
        ),
        (
            {"nodeSelector": {"gpu": True}},
            "bool into Go struct field PodSpec.nodeSelector of type string",
        ),
        (
            {"tolerations": ["gpu"]},
            "string into Go struct field PodSpec.tolerations of type v1.Toleration",
        ),
        (
            {"volumes": {}, "tolerations": {}},
            "object into Go struct field PodSpec.tolerations of type []v1.Toleration",
        ),
        (
            {"affinity": 1},
            "number into Go struct field PodSpec.affinity of type v1.Affinity",
        ),
    ],
)
def test_says_where_the_shape_is_wrong_as_go_does(spec, message):
    assert refusal_of(spec) == f"json: cannot unmarshal {message}"


def test_says_that_a_size_is_none():
    spec = {"containers": [{"resources": {"requests": {"nvidia.com/gpu": "x"}}}]}
    assert refusal_of(spec).startswith("quantities must match the regular expression")


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        (1073741824, "1073741824"),
        (1.5, "1.5"),
        (0, "0"),
        (0.00001, "0.00001"),
        (" 1Gi ", "1Gi"),
        (None, "0"),
    ],
)
def test_reads_a_size_that_is_a_number_or_has_blanks_around_it(sent, read_as):
    (made,) = read({"containers": [{"resources": {"limits": {"memory": sent}}}]})
    assert str(made.limits[tasks_pb2.Resources.MEMORY]) == read_as


def test_reads_what_may_be_null_or_a_number():
    assert read(
        {
            "activeDeadlineSeconds": 60,
            "containers": [None, {"env": [None], "resources": {"limits": None}, "ports": None}],
            "nodeSelector": {"a": None},
            "tolerations": [{"tolerationSeconds": 5, "operator": "Exists"}],
        }
    ) == [("", {}, {}), ("", {}, {})]
