"""A clean server for each example of a property test.

Hypothesis runs a test function a hundred times, and pytest makes its fixtures once: so under
``@given`` a fixture's server would be shared by all examples. :func:`backend` makes a new one, with
a clock of its own, for as long as a ``with`` block lasts. It costs a few milliseconds.

Ignorant of the laws: it is for property tests of any kind.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from flyte_testkit.clock import VirtualClock
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by, governing_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["backend"]


@contextmanager
def backend(
    *,
    clock: VirtualClock | None = None,
    strict: bool = True,
    seed: int = 0,
    project: str = "flytesnacks",
    domain: str = "development",
) -> Iterator[FakeFlyteAdmin]:
    """Give a fresh fake FlyteAdmin that nobody else has seen, and let time follow its clock.

    For property tests, where ``flyte_admin`` will not do::

        @given(timeline=timelines())
        def test_tells_how_it_ended(timeline):
            with laws.backend() as admin:
                admin.add_execution("run", timeline)
                ...

    It is what ``flyte_admin`` is, in every respect. Where a world is governed already, by
    ``flyte_clock`` for instance, this clock takes over for the length of the block.

    Args:
        clock: Its clock; a new one by default.
        strict: Whether what no script foresaw fails the block.
        seed: What generated execution names are drawn from.
        project: The project that names belong to which are given without one.
        domain: Likewise the domain.

    Raises:
        UnexpectedUse: On leaving the block, if something happened that no script foresaw.

    Example:
        >>> from flyte_testkit import running
        >>> with backend() as admin:
        ...     train = admin.add_execution("train", running(3600).succeeds())
        ...     admin.clock.sleep(3600)
        ...     train.phase
        'SUCCEEDED'
    """
    clock = clock or VirtualClock()
    admin = FakeFlyteAdmin(clock=clock, strict=strict, seed=seed, project=project, domain=domain)
    with admin.serving(), admin.env(), _following(clock):
        yield admin
    admin.verify()


@contextmanager
def _following(clock: VirtualClock) -> Iterator[None]:
    """Let time follow a clock, also where another one governs."""
    governing = governing_clock() or clock
    with governed_by(governing) as world:
        if governing is clock:
            yield
            return
        world.clock = clock
        try:
            yield
        finally:
            world.clock = governing
