"""Which run a recovered or relaunched one is of, and whether that had ended by then.

FlyteAdmin recovers what still runs, without a word: what had not succeeded by then runs twice. So
the picture says it. Ignorant of how lives are drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyteidl.admin.execution_pb2 import ExecutionMetadata

from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flyte_testkit.glances import Glance

__all__ = ["again"]

_VERBS: Final = {ExecutionMetadata.RECOVERED: "recovers", ExecutionMetadata.RELAUNCH: "relaunches"}


def again(life: Glance, lives: Iterable[Glance]) -> str:
    """Say which of these an execution recovers or relaunches; empty if it does neither."""
    metadata = life.row.message.spec.metadata
    verb = _VERBS.get(metadata.mode)
    if verb is None or not metadata.HasField("reference_execution"):
        return ""
    of = metadata.reference_execution
    said = f"{verb} {of.name}"
    phase = next((_phase_at(life, one) for one in lives if one.row.message.id == of), "")
    if verb != "recovers" or not phase or phase in OUTCOMES:
        return said
    return f"{said}, which was {phase} then: what had not succeeded runs twice; wait for its end"


def _phase_at(life: Glance, of: Glance) -> str:
    """Return the phase that one execution was in when another one was launched."""
    born = life.changes[0].at
    return [change.phase for change in of.changes if change.at <= born][-1]
