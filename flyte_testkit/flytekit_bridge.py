"""The one place that touches flytekit, which is optional.

Ignorant of the server: it is handed an endpoint or a ready remote.
"""

from __future__ import annotations

import contextlib
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flyte_testkit import literals
from flyte_testkit.errors import MissingFlytekit, RegistrationError

__all__ = ["declared", "register", "remote", "require"]

_HELP = (
    "flytekit is not installed.\n"
    "Install it with: pip install 'flyte-testkit[flytekit]' (it needs Python < 3.13),\n"
    "or use the client that comes along: flyte_testkit.client, fixture flyte_client."
)


def require(what: str) -> None:
    """Import flytekit on behalf of something that cannot do without.

    Raises:
        MissingFlytekit: It is not installed.
    """
    __tracebackhide__ = True  # pytest shows the caller's line; what is missing is no fault here
    try:
        import flytekit.remote  # noqa: F401, PLC0415  optional, and half a second to import
    except ImportError as error:
        if error.name is None or error.name.split(".")[0] != "flytekit":
            raise  # it is installed, and broken
        raise MissingFlytekit(f"{what} is flytekit's own, and {_HELP}") from None


def remote(endpoint: str, project: str, domain: str) -> Any:
    """Return a fresh ``FlyteRemote`` for a plaintext endpoint.

    The configuration names the platform alone: ``Config.for_endpoint`` would read the storage
    settings of the user's home directory as well.

    Raises:
        MissingFlytekit: flytekit is not installed.
    """
    __tracebackhide__ = True
    require("remote()")
    from flytekit.configuration import Config, PlatformConfig  # noqa: PLC0415
    from flytekit.remote import FlyteRemote  # noqa: PLC0415

    platform = PlatformConfig(endpoint=endpoint, insecure=True)
    return FlyteRemote(Config(platform=platform), project, domain)


def declared(annotations: Mapping[str, object]) -> Mapping[str, object]:
    """Return annotations by name, those that only flytekit can read as its literal types.

    Files, directories and data frames are such. What flytekit would pickle stays as it is, and so
    does everything where flytekit is not installed: whoever registers it says what is wrong.
    """
    if not isinstance(annotations, Mapping):
        return annotations
    return {name: _declared(annotation) for name, annotation in annotations.items()}


def _declared(annotation: object) -> Any:
    try:
        literals.literal_type(annotation)
    except RegistrationError:
        if any(kind.__module__ != "builtins" for kind in _classes_in(annotation)):
            return _made_by_flytekit(annotation) or annotation
    return annotation


def _made_by_flytekit(annotation: object) -> Any:
    """Return the literal type that flytekit makes of an annotation; None for a pickle, or none."""
    with contextlib.suppress(Exception):  # flytekit's own, of many kinds, or it isn't installed
        from flytekit.core.type_engine import TypeEngine  # noqa: PLC0415
        from flytekit.types.pickle.pickle import FlytePickleTransformer  # noqa: PLC0415

        if not isinstance(TypeEngine.get_transformer(annotation), FlytePickleTransformer):
            return TypeEngine.to_literal_type(annotation)
    return None


def _classes_in(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _classes_in(argument)


def register(
    flyte_remote: Any,
    entity: object,
    version: str,
    *,
    place: tuple[str, str],
    beside: Sequence[str] = (),
) -> None:
    """Let flytekit compile an entity and register it.

    Args:
        flyte_remote: A remote of flytekit.
        entity: A task, a workflow or a launch plan.
        version: Its version.
        place: The project and the domain.
        beside: What was given along with it, and only goes with a name.

    Raises:
        RegistrationError: It is no entity of flytekit, or brings an interface of its own.
        MissingFlytekit: flytekit is not installed.
    """
    require(f"register({entity!r})")
    from flytekit import LaunchPlan  # noqa: PLC0415
    from flytekit.configuration import Image, ImageConfig, SerializationSettings  # noqa: PLC0415
    from flytekit.core.base_task import PythonTask  # noqa: PLC0415
    from flytekit.core.workflow import WorkflowBase  # noqa: PLC0415

    if beside:
        has = "an interface" if set(beside) - {"schedule"} else "a schedule"
        advice = f"Leave {' and '.join(beside)} out, or register a name instead."
        if "tree" in beside:
            has, advice = "nodes", "Register it alone, and plant nodes.where(…) by on_launch(…)."
        if has == "a schedule":
            advice = "Register LaunchPlan.get_or_create(workflow, schedule=…), or a name instead."
        raise RegistrationError(
            f"register({entity!r}, {', '.join(f'{what}=…' for what in beside)}): an entity of "
            f"flytekit has {has} of its own.\n{advice}"
        )
    image = Image(name="default", fqn="flyte-testkit", tag="stub")
    settings = SerializationSettings(
        image_config=ImageConfig(default_image=image),
        project=place[0],
        domain=place[1],
        version=version,
    )
    if isinstance(entity, LaunchPlan):
        flyte_remote.register_launch_plan(entity, version, *place, serialization_settings=settings)
    elif isinstance(entity, WorkflowBase):
        flyte_remote.register_workflow(entity, settings, version)
    elif isinstance(entity, PythonTask):
        flyte_remote.register_task(entity, settings, version)
    else:
        raise RegistrationError(
            f"register({entity!r}): it is neither a name nor a task, workflow or launch plan of "
            "flytekit.\nRegister a name with its interface: register('nightly', inputs={…})."
        )
