"""What a test registers by name: by the interface of its workflow, or by its nodes.

What was only known from scripts steps aside. Ignorant of flytekit's entities, and of launches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyteidl.core import identifier_pb2

from flyte_testkit import trees
from flyte_testkit.children import with_plans
from flyte_testkit.errors import RegistrationError
from flyte_testkit.guesses import Guess
from flyte_testkit.inferred import Name
from flyte_testkit.ready import put
from flyte_testkit.replacing import whole
from flyte_testkit.stubs import Stub

if TYPE_CHECKING:
    from flyteidl.admin import schedule_pb2

    from flyte_testkit.backend import Backend

__all__ = ["register", "register_tree", "require_version"]


def register(
    backend: Backend,
    place: tuple[str, str],
    name: str,
    inputs: Mapping[str, object],
    outputs: Mapping[str, object],
    version: str,
    *,
    schedule: schedule_pb2.Schedule | None = None,
) -> None:
    """Register a launch plan by its interface.

    Raises:
        RegistrationError: It cannot be registered; then nothing is.
    """
    _check_types(name, inputs, outputs)
    require_version(version, f"register({name!r}, …)")
    stub = Stub.declared(place, name, version, inputs, outputs, schedule)
    admin, inferred = backend.admin, backend.inferred
    with backend.moment() as now, inferred.stepping_aside(stub.task), whole(admin.store):
        put(stub, admin, now)


def register_tree(
    backend: Backend,
    place: tuple[str, str],
    name: str,
    tree: object,
    inputs: Mapping[str, object],
    outputs: Mapping[str, object],
    version: str,
) -> None:
    """Register a launch plan by the nodes of its workflow; scripts say later what they give.

    Raises:
        TimelineError: There cannot be such nodes.
        RegistrationError: It cannot be registered; then nothing is.
    """
    _check_types(name, inputs, outputs)
    require_version(version, f"register({name!r}, …)")
    guess = Guess.declared(inputs, outputs)
    graph = trees.defined(name, tree, guess)
    named, inferred = Name(*place, name), backend.inferred
    with backend.moment() as now, whole(backend.admin.store):
        if inferred.is_closed(named):
            raise RegistrationError(
                f"register({name!r}, …): its nodes are registered already, and all versions of a"
                " workflow that is made up are alike.\nGive this one another name."
            )
        graph = with_plans(inferred, named, graph)
        inferred.tried(named, guess, graph, now)
        id_ = identifier_pb2.Identifier(project=place[0], domain=place[1], name=name)
        with inferred.stepping_aside(id_):
            pass
        inferred.learn(named, guess, version, now, graph)
        inferred.close(named)


def require_version(version: object, call: str) -> None:
    """Refuse what is no version.

    Raises:
        RegistrationError: It is no text.
    """
    if not isinstance(version, str) or not version:
        raise RegistrationError(f"{call}: version={version!r}: a version is a text, such as 'v1'.")


def _check_types(name: str, inputs: object, outputs: object) -> None:
    for what, types in (("inputs", inputs), ("outputs", outputs)):
        if not isinstance(types, Mapping) or not all(isinstance(key, str) for key in types):
            raise RegistrationError(
                f"register({name!r}, {what}={types!r}): {what} are types by name.\n"
                f"Write {what}={{'day': str}}, for example."
            )
