"""What an execution was admitted to do: to play a script, as one performs it.

Ignorant of which execution that is, and of when it goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flyte_testkit.admin.executions.executor import Admission
from flyte_testkit.engine.scripts import perform, to_come
from flyte_testkit.propeller.pace import ABORTING_TAKES
from flyte_testkit.timeline import Timeline  # noqa: TC001  a dataclass needs it

if TYPE_CHECKING:
    from datetime import datetime

    from flyteidl.core import literals_pb2

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.engine.scripts import Made
    from flyte_testkit.engine.stage import Stage

__all__ = ["Played", "Scripted"]


class Played(Admission):
    """An execution will perform something.

    Attributes:
        script: What was written, which prints as code.
        inputs: What the execution runs with.
        outputs: What it will have made if it succeeds, as far as that is known.
    """

    script: object
    inputs: literals_pb2.LiteralMap
    outputs: literals_pb2.LiteralMap

    @property
    def deaf(self) -> timedelta:
        """How long it takes until it hears that it was terminated."""
        return ABORTING_TAKES

    @property
    def goes_on(self) -> bool:
        """Whether it does until then what it would do anyway."""
        return False

    def later(self, at: datetime) -> tuple[datetime, ...] | None:  # noqa: ARG002  it may be known
        """Return when it goes on by itself if it begins now; None if it may concern others."""
        return None

    def perform(self, stage: Stage, at: datetime) -> Performance[None]:
        """Perform it from an instant on; may be asked twice, to rehearse."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Scripted(Played):
    """An execution will play a script.

    Attributes:
        inside: Makes what stands inside of it once it begins.
    """

    script: Timeline
    inputs: literals_pb2.LiteralMap
    outputs: literals_pb2.LiteralMap
    inside: Made | None = None

    @property
    def deaf(self) -> timedelta:
        """No time at all if the script itself says what a termination leads to."""
        return ABORTING_TAKES if self.script.terminated is None else timedelta(0)

    def later(self, at: datetime) -> tuple[datetime, ...]:
        """Return the ends of its steps: what it does concerns nobody else."""
        return to_come(self.script, at)

    def perform(self, stage: Stage, at: datetime) -> Performance[None]:
        """Play the script."""
        return perform(self.script, stage, at, self.inside)
