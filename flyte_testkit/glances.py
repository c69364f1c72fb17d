"""What is known of one execution at a glance, for pictures and counts.

Ignorant of how it is found out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.engine.history import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from flyteidl.core.literals_pb2 import LiteralMap

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.inside import Reader

__all__ = ["Glance", "Origin", "with_foretold"]


class Origin(NamedTuple):
    """What an execution was launched with: read when somebody asks, for it may be long.

    Attributes:
        script: Its script as code; empty if it plays none.
        inputs: Its inputs, those of the launch plan among them.
        inside: What reads its nodes as they are, once it is brought up.
        plays_nodes: Whether its script says what happens inside of it.
        as_it_is: Returns the execution as it was at the moment of the glance.
    """

    script: Callable[[], str]
    inputs: Callable[[], LiteralMap]
    inside: Reader
    plays_nodes: bool
    as_it_is: Callable[[], ExecutionRow]


class Glance(NamedTuple):
    """One execution.

    Attributes:
        row: What FlyteAdmin has of it, which may be older than its changes.
        changes: Its changes of phase.
        origin: What it was launched with.
    """

    row: ExecutionRow
    changes: Sequence[Change]
    origin: Origin

    @property
    def phase(self) -> str:
        """The phase that it is in."""
        return self.changes[-1].phase


def with_foretold(
    changes: Sequence[Change], foretold: Iterable[tuple[datetime, str]]
) -> tuple[Change, ...]:
    """Return the changes of phase of an execution, and those that nobody has seen yet.

    Args:
        changes: Those that were seen.
        foretold: The phases since its beginning, those that were seen among them.

    Example:
        >>> with_foretold([Change(0, "UNDEFINED"), Change(0, "RUNNING")], [(0, "RUNNING"), (9, "FAILED")])
        (Change(at=0, phase='UNDEFINED'), Change(at=0, phase='RUNNING'), Change(at=9, phase='FAILED'))
    """  # noqa: E501  lines of a doctest
    told = [Change(at, phase) for at, phase in foretold]
    if not told:
        return tuple(changes)
    found = [changes[0]]
    for change in told:
        if change.phase != found[-1].phase:
            found.append(change)
    return tuple(found)
