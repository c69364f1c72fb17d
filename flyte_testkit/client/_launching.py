"""From an entity and Python values to the request that launches it.

Whatever can be refused without asking the server is refused here: an input that the entity does not
have, a value of the wrong type. This module is ignorant of calls.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import literals_pb2

from flyte_testkit.client._model import Model
from flyte_testkit.client._writing import literal_of
from flyte_testkit.client.exceptions import FlyteValueException, TypeTransformerFailedError
from flyte_testkit.errors import close_names, shown

if TYPE_CHECKING:
    from flyte_testkit.client.entities import FlyteLaunchPlan, FlyteTask
    from flyte_testkit.client.models import Notification

__all__ = ["Names", "Options", "launch_inputs", "launch_spec"]


@dataclass(frozen=True)
class Options:
    """What can be asked for about one execution, under flytekit's names.

    Args:
        labels: By name.
        annotations: By name.
        raw_output_data_config: Where offloaded data goes: a ``RawOutputDataConfig``.
        security_context: Whom to run as: a ``SecurityContext``.
        max_parallelism: How many task nodes may run at once; left out, what the launch plan or the
            project says, or else 25.
        notifications: Instead of the launch plan's.
        disable_notifications: Notify nobody.

    Raises:
        ValueError: ``max_parallelism`` is no whole number from 1 on.
    """

    labels: Any = None
    annotations: Any = None
    raw_output_data_config: Any = None
    security_context: Any = None
    max_parallelism: int | None = None
    notifications: list[Notification] | None = None
    disable_notifications: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what FlyteAdmin would take for nothing said."""
        most = self.max_parallelism
        if most is None:
            return
        if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= _MOST:
            bound = "" if not isinstance(most, int) or most < 1 else f", {_MOST:,} at most"
            raise ValueError(
                f"Options(max_parallelism={shown(most)}): it is how many nodes may run at once, a"
                f" whole number from 1 on{bound}.\nLeave it out for what the launch plan says."
            )


_MOST: Final = 2**31 - 1
"""What its field holds."""


class Names:
    """The names that a client gives to executions which the user does not name.

    It names them itself, so that a call whose answer was lost can be made again without launching
    twice.

    Args:
        seed: What they are drawn from; by default from chance.
    """

    def __init__(self, seed: int | None) -> None:
        self._seed = seed

    @cached_property
    def _random(self) -> random.Random:
        # Not that which pauses are drawn from: a retry more would change all names.
        return random.Random(f"names of {self._seed}")  # noqa: S311  no secrets

    @property
    def repeat(self) -> bool:
        """Whether another client may draw the same ones."""
        return self._seed is not None

    def fresh(self, prefix: str | None = None) -> str:
        """Return a name: a prefix and a dash if given, and chance."""
        chance = os.urandom(10) if self._seed is None else self._random.randbytes(10)
        return f"{prefix}-{chance.hex()[:19]}" if prefix else f"f{chance.hex()[:19]}"


def launch_inputs(
    entity: FlyteLaunchPlan | FlyteTask, inputs: Mapping[str, object] | None
) -> literals_pb2.LiteralMap:
    """Return inputs as literals, by the interface that the entity declares.

    Raises:
        FlyteValueException: The entity has no such input.
        TypeTransformerFailedError: A value is not of the declared type.
    """
    declared = entity.interface.inputs
    literals = {}
    for name, value in (inputs or {}).items():
        if name not in declared:
            raise FlyteValueException(
                name,
                f"{type(entity).__name__} {entity.name!r} has no such input; it has "
                f"{shown(sorted(declared))}.{close_names(name, declared)}",
            )
        try:
            literals[name] = literal_of(value, declared[name].type.to_flyte_idl())
        except TypeTransformerFailedError as error:
            raise TypeTransformerFailedError(
                f"Input {name!r} of {type(entity).__name__} {entity.name!r}: {error}"
            ) from error
    return literals_pb2.LiteralMap(literals=literals)


def launch_spec(
    entity: FlyteLaunchPlan | FlyteTask,
    options: Options,
    *,
    overwrite_cache: bool | None = None,
    interruptible: bool | None = None,
    envs: Mapping[str, str] | None = None,
    tags: list[str] | None = None,
    cluster_pool: str | None = None,
    execution_cluster_label: str | None = None,
) -> execution_pb2.ExecutionSpec:
    """Return what the server is asked for, filled in as flytekit does."""
    spec = execution_pb2.ExecutionSpec(
        launch_plan=entity.id.to_flyte_idl(),
        metadata=execution_pb2.ExecutionMetadata(principal="placeholder"),
        labels=common_pb2.Labels(values=_values(options.labels)),
        annotations=common_pb2.Annotations(values=_values(options.annotations)),
        auth_role=common_pb2.AuthRole(),
        raw_output_data_config=_message(options.raw_output_data_config),
        security_context=_message(options.security_context),
        max_parallelism=options.max_parallelism or 0,
        overwrite_cache=bool(overwrite_cache),
        tags=tags or [],
    )
    if options.disable_notifications:
        spec.disable_all = True
    else:
        listed = [_message(one) for one in options.notifications or ()]
        spec.notifications.CopyFrom(execution_pb2.NotificationList(notifications=listed))
    if interruptible is not None:
        spec.interruptible.value = interruptible
    if envs:
        pairs = [literals_pb2.KeyValuePair(key=key, value=value) for key, value in envs.items()]
        spec.envs.CopyFrom(common_pb2.Envs(values=pairs))
    if cluster_pool:
        spec.cluster_assignment.cluster_pool_name = cluster_pool
    if execution_cluster_label:
        spec.execution_cluster_label.value = execution_cluster_label
    return spec


def _values(labels: object) -> dict[str, str]:
    """Return a mapping of a mapping or of a model that holds one."""
    return dict(labels if isinstance(labels, Mapping) else getattr(labels, "values", None) or {})


def _message(value: object) -> Any:
    return value.to_flyte_idl() if isinstance(value, Model) else value
