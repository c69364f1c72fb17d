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
from flyte_testkit.admin.go.numbers import json_number
from flyte_testkit.admin.go.quantities import InvalidQuantityError, Quantity, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.struct_pb2 import Struct

    from flyte_testkit.admin.errors import AdminError
    from flyte_testkit.admin.rules.task_resources import Quantities

__all__ = ["PodContainer", "containers"]

_NAMES = {
    "cpu": tasks_pb2.Resources.CPU,
    "memory": tasks_pb2.Resources.MEMORY,
    "ephemeral-storage": tasks_pb2.Resources.EPHEMERAL_STORAGE,
}
_GO_KINDS = {str: "string", bool: "bool", float: "number", list: "array", dict: "object"}
_BITS = {"int32": 32, "int64": 64}
_SIZE, _SIZES = "resource.Quantity", "v1.ResourceList"
_MAPS = {"map[string]string": "string", _SIZES: _SIZE}


def _fields(**names: str) -> Mapping[str, str]:
    """Return the Go types of a struct's fields by their names, from lists of names by type."""
    return {name: kind for kind, listed in names.items() for name in listed.split()}


def _typed(types: Mapping[str, str], **plain: str) -> Mapping[str, str]:
    return {**_fields(**plain), **types}


#: Go's structs by their names: the types of the fields that are looked at.
_STRUCTS: Mapping[str, Mapping[str, str]] = {
    "PodSpec": _typed(
        {
            "affinity": "v1.Affinity",
            "containers": "[]v1.Container",
            "dnsPolicy": "v1.DNSPolicy",
            "imagePullSecrets": "[]v1.LocalObjectReference",
            "initContainers": "[]v1.Container",
            "nodeSelector": "map[string]string",
            "priority": "int32",
            "restartPolicy": "v1.RestartPolicy",
            "securityContext": "v1.PodSecurityContext",
            "tolerations": "[]v1.Toleration",
            "volumes": "[]v1.Volume",
        },
        bool="automountServiceAccountToken enableServiceLinks hostIPC hostNetwork hostPID"
        " shareProcessNamespace",
        int64="activeDeadlineSeconds terminationGracePeriodSeconds",
        string="hostname nodeName priorityClassName runtimeClassName schedulerName"
        " serviceAccountName subdomain",
    ),
    "Container": _typed(
        {
            "args": "[]string",
            "command": "[]string",
            "env": "[]v1.EnvVar",
            "envFrom": "[]v1.EnvFromSource",
            "imagePullPolicy": "v1.PullPolicy",
            "livenessProbe": "v1.Probe",
            "ports": "[]v1.ContainerPort",
            "readinessProbe": "v1.Probe",
            "resources": "v1.ResourceRequirements",
            "securityContext": "v1.SecurityContext",
            "volumeMounts": "[]v1.VolumeMount",
        },
        bool="stdin stdinOnce tty",
        string="image name terminationMessagePath workingDir",
    ),
    "ResourceRequirements": {"limits": _SIZES, "requests": _SIZES},
    "ContainerPort": _typed(
        {"protocol": "v1.Protocol"}, int32="containerPort hostPort", string="hostIP name"
    ),
    "EnvVar": _typed({"valueFrom": "v1.EnvVarSource"}, string="name value"),
    "LocalObjectReference": _fields(string="name"),
    "Toleration": _typed(
        {"effect": "v1.TaintEffect", "operator": "v1.TolerationOperator"},
        int64="tolerationSeconds",
        string="key value",
    ),
    "Volume": _fields(string="name"),
    "VolumeMount": _fields(bool="readOnly", string="mountPath name subPath"),
}
_TEXTS = frozenset(
    {
        "string",
        "v1.DNSPolicy",
        "v1.Protocol",
        "v1.PullPolicy",
        "v1.RestartPolicy",
        "v1.TaintEffect",
        "v1.TolerationOperator",
    }
)


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
    _check_fields(spec, "PodSpec", "")
    return [_container(entry or {}) for entry in spec.get("containers") or ()]


def _container(fields: dict[str, Any]) -> PodContainer:
    resources = fields.get("resources") or {}
    requests, limits = resources.get("requests"), resources.get("limits")
    return PodContainer(fields.get("name") or "", _measured(requests), _measured(limits))


def _measured(sizes: dict[str, object] | None) -> Quantities:
    return {_NAMES[name]: _size(value) for name, value in (sizes or {}).items() if name in _NAMES}


def _check_fields(value: dict[str, Any], struct: str, path: str) -> None:
    """Check the fields of a struct, in the order in which Go's decoder meets them."""
    known = _STRUCTS[struct]
    for name in sorted(value.keys() & known.keys()):
        _check(value[name], known[name], struct, f"{path}.{name}")


def _check(value: Any, go_type: str, struct: str, path: str) -> None:
    """Check a value, which may be null, in a struct's field or in a list or map there."""
    if value is None:
        return
    if go_type == _SIZE:
        _size(value)
        return
    found = type(value)
    if found is not _kind(go_type):
        raise _unreadable(_GO_KINDS[found], go_type, struct, path)
    if go_type in _BITS:
        limit = 1 << (_BITS[go_type] - 1)
        if not (value.is_integer() and -limit <= value < limit):
            raise _unreadable(f"number {json_number(value)}", go_type, struct, path)
    elif go_type.removeprefix("v1.") in _STRUCTS:
        _check_fields(value, go_type.removeprefix("v1."), path)
    else:
        for element, kind in _elements(value, go_type):
            _check(element, kind, struct, path)


def _elements(value: Any, go_type: str) -> Iterator[tuple[Any, str]]:
    """Yield what is in a list or map, each with its Go type."""
    if go_type in _MAPS:
        yield from ((value[name], _MAPS[go_type]) for name in sorted(value))
    elif go_type.startswith("[]"):
        yield from ((element, go_type[2:]) for element in value)


def _kind(go_type: str) -> type:
    """Return what a value of a Go type is in Python; of structs it is a dictionary."""
    if go_type in _TEXTS:
        return str
    if go_type in _BITS:
        return float
    if go_type == "bool":
        return bool
    return list if go_type.startswith("[]") else dict


def _unreadable(found: str, go_type: str, struct: str, path: str) -> AdminError:
    return internal(
        f"json: cannot unmarshal {found} into Go struct field {struct}{path} of type {go_type}"
    )


def _size(value: object) -> Quantity:
    """Read a size, which JSON may have as a number or with blanks around it."""
    text = json_number(value) if isinstance(value, float) else str("0" if value is None else value)
    try:
        return parse(text.strip())
    except InvalidQuantityError as error:
        raise internal(str(error)) from None
