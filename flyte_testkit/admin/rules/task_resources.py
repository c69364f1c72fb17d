"""What tasks may ask for, held against their own limits and the platform's (§5).

Ignorant of where the platform's limits come from, and of containers and pods: both reduce to lists
of names and sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from flyteidl.core import tasks_pb2

from flyte_testkit.admin.database import enums
from flyte_testkit.admin.errors import invalid_argument
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.go.quantities import InvalidQuantityError, Quantity, parse

if TYPE_CHECKING:
    from flyteidl.core import identifier_pb2

__all__ = ["Limits", "Quantities", "check", "quantities"]

_GPU = tasks_pb2.Resources.GPU
_MEASURED: dict[int, str] = {
    tasks_pb2.Resources.CPU: "cpu",
    _GPU: "gpu",
    tasks_pb2.Resources.MEMORY: "memory",
    tasks_pb2.Resources.EPHEMERAL_STORAGE: "ephemeral_storage",
}
_CONVENTIONS = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"
_CONTACT = "Please contact Flyte Admins to change these limits or consult the configuration"

Limits = Mapping[str, str]
"""Sizes by the names that ``TaskResourceSpec`` gives them; one that is missing sets no limit."""

Quantities = Mapping[int, Quantity]
"""Sizes by the numbers of ``Resources.ResourceName``."""


def quantities(
    entries: Iterable[tasks_pb2.Resources.ResourceEntry], task: identifier_pb2.Identifier
) -> Quantities:
    """Read the sizes of one list; kinds that nobody measures are left to the compiler.

    Raises:
        AdminError: A kind comes twice, is no size, or is a fraction of a GPU.
    """
    found: dict[int, Quantity] = {}
    for entry in entries:
        kind = entry.name
        if kind not in _MEASURED:
            continue
        name = enums.column(tasks_pb2.Resources.ResourceName, kind)
        if kind in found:
            raise invalid_argument(
                f"can't specify {name} limit for task [{prototext(task)}] multiple times"
            )
        try:
            size = parse(entry.value)
        except InvalidQuantityError as error:
            raise invalid_argument(
                f"Parsing of {name} request failed for value {entry.value} - reason  {error}. "
                f"Please follow K8s conventions for resources {_CONVENTIONS}"
            ) from None
        if kind == _GPU and not size.is_whole:
            raise invalid_argument(
                f"gpu for [{prototext(task)}] must be a whole number, got: {entry.value} instead"
            )
        found[kind] = size
    return found


def check(
    requests: Quantities, limits: Quantities, platform: Limits, task: identifier_pb2.Identifier
) -> None:
    """Hold requests against the task's limits and both against the platform's.

    A limit without a request is held against nothing.

    Raises:
        AdminError: One is above another.
    """
    for kind, request in requests.items():
        limit = limits.get(kind)
        most = _most(platform.get(_MEASURED[kind], "0"))
        name = enums.column(tasks_pb2.Resources.ResourceName, kind)
        if kind == _GPU and limit is not None and request.whole != limit.whole:
            raise invalid_argument(
                "For extended resource 'gpu' the default value must equal the limit value "
                f"for task [{prototext(task)}]"
            )
        if kind != _GPU and limit is not None:
            if request.whole > limit.whole:
                raise invalid_argument(
                    f"Requested {name} default [{request}] is greater than the limit [{limit}]. "
                    "Please fix your configuration"
                )
            _below(name, "limit", limit, most)
        _below(name, "default", request, most)


def _most(text: str) -> Quantity | None:
    """Read a limit of the platform; 0 sets none, and so does what is no size: it is only logged."""
    try:
        bound = parse(text)
    except InvalidQuantityError:
        return None
    return bound if bound.value else None


def _below(name: str, what: str, size: Quantity, most: Quantity | None) -> None:
    if most is not None and size.whole > most.whole:
        raise invalid_argument(
            f"Requested {name} {what} [{size}] is greater than current limit set in the "
            f"platform configuration [{most}]. {_CONTACT}"
        )
