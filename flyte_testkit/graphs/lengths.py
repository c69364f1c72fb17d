"""How long attempts may take of what is registered: an engine stops what takes longer.

Ignorant of how it is stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.timeline import TimesOut
from flyte_testkit.timeline import _durations as durations
from flyte_testkit.walk import limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flyteidl.core import workflow_pb2

    from flyte_testkit.timeline import Attempt

__all__ = ["check_lengths"]

_ROUNDED: Final = 1.0
"""An engine measures in whole seconds: less than that it may be late."""


def check_lengths(attempts: Iterable[Attempt], node: workflow_pb2.Node, what: str) -> None:
    """Refuse attempts that end later than their node lets them.

    Those that never end are stopped then, and of those that count looks nobody knows.

    Args:
        attempts: The attempts.
        node: The node; of a map that which is mapped counts.
        what: Where they stand, for the error.

    Raises:
        TimelineError: One ends too late.
    """
    most = limit(node.array_node.node if node.HasField("array_node") else node)
    if not most:
        return
    for attempt in attempts:
        if attempt.seconds is None or attempt.seconds < most + _ROUNDED:
            continue
        advice = "" if isinstance(attempt.ending, TimesOut) else ", or let it take less"
        raise TimelineError(
            f"{what}: {shown(attempt)} takes {durations.human(attempt.seconds)}, but an engine"
            f" stops it after {durations.human(most)}, as the node says (timeout=)."
            f"\nWrite running({durations.code(most)}).times_out(){advice}."
        )
