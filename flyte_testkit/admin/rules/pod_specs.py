"""Pod specifications: loose JSON that must have the shape of Kubernetes' ``PodSpec`` (§5).

What people write most is checked, in the order of the fields' names, as Go's decoder meets them.
Fields that Kubernetes does not know are ignored and kept. Ignorant of which container is the task's
own, and of how much a platform allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.core import tasks_pb2
from google.protobuf import json_format

from flyte_testkit.admin.errors import internal
from flyte_testkit.admin.go.quantities import InvalidQuantityError, Quantity, parse

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct

    from flyte_testkit.admin.rules.task_resources import Quantities

__all__ = ["PodContainer", "containers"]

_NAMES = {
    "cpu": tasks_pb2.Resources.CPU,
    "memory": tasks_pb2.Resources.MEMORY,
    "ephemeral-storage": tasks_pb2.Resources.EPHEMERAL_STORAGE,
}
_POD: dict[str, tuple[type, str]] = {
    "containers": (list, "[]v1.Container"),
    "hostNetwork": (bool, "bool"),
    "initContainers": (list, "[]v1.Container"),
    "nodeName": (str, "string"),
    "nodeSelector": (dict, "map[string]string"),
    "priorityClassName": (str, "string"),
    "restartPolicy": (str, "v1.RestartPolicy"),
    "schedulerName": (str, "string"),
    "serviceAccountName": (str, "string"),
    "tolerations": (list, "[]v1.Toleration"),
    "volumes": (list, "[]v1.Volume"),
}
_CONTAINER: dict[str, tuple[type, str]] = {
    "args": (list, "[]string"),
    "command": (list, "[]string"),
    "env": (list, "[]v1.EnvVar"),
    "image": (str, "string"),
    "imagePullPolicy": (str, "v1.PullPolicy"),
    "name": (str, "string"),
    "ports": (list, "[]v1.ContainerPort"),
    "resources": (dict, "v1.ResourceRequirements"),
    "volumeMounts": (list, "[]v1.VolumeMount"),
    "workingDir": (str, "string"),
}
_GO_KINDS = {str: "string", bool: "bool", int: "number", float: "number", list: "array"}


class PodContainer(NamedTuple):
    """What FlyteAdmin looks at in a container of a pod."""

    name: str
    requests: Quantities
    limits: Quantities


def containers(pod_spec: Struct) -> list[PodContainer]:
    """Return the containers of a pod, without those that initialize it.

    Raises:
        AdminError: It has not the shape of a ``PodSpec``, in the words of Go's JSON decoder.
    """
    spec = json_format.MessageToDict(pod_spec)
    found: list[PodContainer] = []
    for field, (kind, go_type) in _POD.items():
        value = _expect(spec.get(field), kind, f"PodSpec.{field}", go_type)
        if go_type == "[]v1.Container":
            read = [_container(entry, field) for entry in value or ()]
            found = read if field == "containers" else found
    return found


def _container(entry: object, path: str) -> PodContainer:
    fields = _expect(entry, dict, f"PodSpec.{path}", "v1.Container") or {}
    limits: Quantities = {}
    requests: Quantities = {}
    for name, (kind, go_type) in _CONTAINER.items():
        value = _expect(fields.get(name), kind, f"Container.{path}.{name}", go_type)
        if go_type == "[]string":
            for text in value or ():
                _expect(text, str, f"Container.{path}.{name}", "string")
        elif name == "resources" and value:
            limits = _sizes(value, f"{path}.resources", "limits")
            requests = _sizes(value, f"{path}.resources", "requests")
    return PodContainer(fields.get("name") or "", requests, limits)


def _sizes(resources: dict[str, Any], path: str, field: str) -> Quantities:
    entries = (
        _expect(
            resources.get(field),
            dict,
            f"ResourceRequirements.{path}.{field}",
            "v1.ResourceList",
        )
        or {}
    )
    sizes = {name: _size(value) for name, value in sorted(entries.items())}
    return {_NAMES[name]: size for name, size in sizes.items() if name in _NAMES}


def _size(value: object) -> Quantity:
    text = f"{value:g}" if isinstance(value, float) else str("0" if value is None else value)
    try:
        return parse(text)
    except InvalidQuantityError as error:
        raise internal(str(error)) from None


def _expect(value: object, kind: type, field: str, go_type: str) -> Any:
    """Return the value, which may be null, if it is of this kind."""
    if value is None or isinstance(value, kind):
        return value
    found = _GO_KINDS.get(type(value), "object")
    raise internal(f"json: cannot unmarshal {found} into Go struct field {field} of type {go_type}")
