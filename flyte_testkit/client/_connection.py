"""A connection to a FlyteAdmin: how it is made, and the entities that are registered there.

It is ignorant of executions.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from flyte_testkit.client._channel import open_channel
from flyte_testkit.client._fetching import Entities
from flyte_testkit.client._launching import Names
from flyte_testkit.client._rpc import Rpc
from flyte_testkit.client.config import Config, uses_client_credentials
from flyte_testkit.client.exceptions import FlyteAssertion
from flyte_testkit.client.models import WorkflowExecutionIdentifier
from flyte_testkit.client.phases import ResourceType
from flyte_testkit.errors import shown

if TYPE_CHECKING:
    import os
    import sys
    from collections.abc import Callable, Sequence
    from types import TracebackType

    import grpc

    from flyte_testkit.client.entities import FlyteLaunchPlan, FlyteTask, FlyteWorkflow
    from flyte_testkit.client.models import Identifier

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

__all__ = ["Connection"]

_CHANCE = random.SystemRandom()
"""It has no state: all remotes may share it, and nobody else's numbers change."""


class Connection:
    """What every remote is built on; see ``FlyteRemote`` for the arguments."""

    def __init__(
        self,
        config: Config,
        default_project: str | None = None,
        default_domain: str | None = None,
        *,
        channel: grpc.Channel | None = None,
        options: Sequence[tuple[str, object]] = (),
        seed: int | None = None,
    ) -> None:
        platform = getattr(config, "platform", None)
        if platform is None or not platform.endpoint:
            raise FlyteAssertion(
                f"{shown(config)} names no endpoint. Give one: "
                "FlyteRemote(Config.for_endpoint('host:port', insecure=True)), or Config.auto() to "
                "read FLYTE_PLATFORM_URL or a config file."
            )
        self._config = config
        self._default_project = default_project
        self._default_domain = default_domain
        self._own = open_channel(platform, options) if channel is None else None
        used: Any = channel or self._own
        auth = None
        if uses_client_credentials(platform):
            from flyte_testkit.client._auth import ClientCredentials  # noqa: PLC0415  http is slow to import

            auth = ClientCredentials(platform, used)
        self._names = Names(seed)
        self._rpc = Rpc(used, auth, retries=platform.rpc_retries, jitter=_jitter(seed))
        self._entities = Entities()

    @classmethod
    def for_endpoint(
        cls,
        endpoint: str,
        insecure: bool = False,  # noqa: FBT001, FBT002  flytekit's signature
        default_project: str | None = None,
        default_domain: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Connect to that endpoint; neither files nor the environment are looked at."""
        config = Config.for_endpoint(endpoint, insecure)
        return cls(config, default_project, default_domain, **kwargs)

    @classmethod
    def auto(
        cls,
        config_file: str | os.PathLike[str] | None = None,
        default_project: str | None = None,
        default_domain: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Connect to where the environment or a config file says; see ``Config.auto``."""
        return cls(Config.auto(config_file), default_project, default_domain, **kwargs)

    @property
    def config(self) -> Config:
        """The configuration it was built with."""
        return self._config

    @property
    def default_project(self) -> str | None:
        """For names that are given without one."""
        return self._default_project

    @property
    def default_domain(self) -> str | None:
        """For names that are given without one."""
        return self._default_domain

    def close(self) -> None:
        """Close the channel, if it is this remote's own."""
        if self._own is not None:
            self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def fetch_task(
        self,
        project: str | None = None,
        domain: str | None = None,
        name: str | None = None,
        version: str | None = None,
    ) -> FlyteTask:
        """Fetch a task, the latest version if none is given.

        Raises:
            FlyteAssertion: No name was given.
            FlyteEntityNotExistException: There is none.
        """
        identifier = self._identifier(ResourceType.TASK, project, domain, name, version)
        return self._entities.task(self._rpc, identifier)

    def fetch_workflow(
        self,
        project: str | None = None,
        domain: str | None = None,
        name: str | None = None,
        version: str | None = None,
    ) -> FlyteWorkflow:
        """Fetch a workflow; see ``fetch_task``."""
        identifier = self._identifier(ResourceType.WORKFLOW, project, domain, name, version)
        return self._entities.workflow(self._rpc, identifier)

    def fetch_launch_plan(
        self,
        project: str | None = None,
        domain: str | None = None,
        name: str | None = None,
        version: str | None = None,
    ) -> FlyteLaunchPlan:
        """Fetch a launch plan and its workflow; see ``fetch_task``."""
        identifier = self._identifier(ResourceType.LAUNCH_PLAN, project, domain, name, version)
        return self._entities.launch_plan(self._rpc, identifier)

    # ------------------------------------------------------------------------------- helpers

    def _identifier(
        self,
        kind: ResourceType,
        project: str | None,
        domain: str | None,
        name: str | None,
        version: str | None,
    ) -> Identifier:
        where = self._place(project, domain)
        return self._entities.identifier(self._rpc, kind, *where, named(name), version)

    def _execution_id(
        self, name: str | None, project: str | None, domain: str | None
    ) -> WorkflowExecutionIdentifier:
        return WorkflowExecutionIdentifier(*self._place(project, domain), named(name))

    def _place(self, project: str | None, domain: str | None) -> tuple[str, str]:
        """Return project and domain, the defaults where none is given."""
        project = project or self._default_project
        domain = domain or self._default_domain
        if not project or not domain:
            raise FlyteAssertion(
                f"project={project!r} and domain={domain!r} do not name a place: give both here, "
                "or default_project and default_domain when the remote is built."
            )
        return project, domain


def _jitter(seed: int | None) -> Callable[[], float]:
    """Return what draws numbers between 0 and 1.

    Raises:
        TypeError: Nothing can be drawn from such a seed.
    """
    if seed is not None:
        return random.Random(seed).random  # noqa: S311  it spreads retries, it keeps no secret

    return _CHANCE.random


def named(name: str | None) -> str:
    """Return a name that was given.

    Raises:
        FlyteAssertion: None was.
    """
    if not name:
        raise FlyteAssertion(f"name={name!r} names nothing: this call takes a name.")
    return name
