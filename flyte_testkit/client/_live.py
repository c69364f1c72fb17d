"""What the three kinds of execution share: when they are over, and what came of them.

Ignorant of which phases there are, and of how a sync finds what it brings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from flyte_testkit.client.exceptions import FlyteAssertion
from flyte_testkit.errors import cut

if TYPE_CHECKING:
    from flyte_testkit.client.literals import LiteralsResolver
    from flyte_testkit.client.models import ExecutionError

__all__ = ["Live", "learn"]


class Live:
    """An execution that a sync changes in place."""

    _phases: ClassVar[Any]
    _over: ClassVar[frozenset[int]]
    _bad: ClassVar[frozenset[int]]
    _inputs: LiteralsResolver | None = None
    _outputs: LiteralsResolver | None = None
    closure: Any
    id: Any
    _pb: Any

    def __setattr__(self, name: str, value: object) -> None:
        """Be a live object, unlike the model it is built on; but flytekit cannot bring it to date.

        Its remote would note what it finds where flytekit's own class keeps it, and loop for ever.
        """
        if name == "_closure":
            raise FlyteAssertion(
                f"flytekit's FlyteRemote was given {self._called} of flyte_testkit.client, which "
                "it cannot bring up to date. Fetch one with that remote: fetch_execution(name=…)."
            )
        object.__setattr__(self, name, value)

    @property
    def is_done(self) -> bool:
        """Whether it is over, well or not."""
        return self._pb.closure.phase in self._over  # a poll asks it: no model is made for that

    @property
    def inputs(self) -> LiteralsResolver | None:
        """The inputs; ``None`` before the first sync."""
        return self._inputs

    @property
    def error(self) -> ExecutionError | None:
        """Why it failed; ``None`` if it did not, or if nobody said why (as when it was aborted).

        Raises:
            FlyteAssertion: It is not over yet.
        """
        if not self.is_done:
            raise FlyteAssertion(f"{self._called} is {self._phase}: it has no error before it ends")
        error: ExecutionError | None = self.closure.error
        return error

    @property
    def outputs(self) -> LiteralsResolver | None:
        """The outputs; ``None`` before the first sync after its end.

        Raises:
            FlyteAssertion: It is not over yet, or did not end well. (flytekit gives empty outputs
                for what was aborted, timed out, or failed without a message.)
        """
        if not self.is_done:
            raise FlyteAssertion(
                f"{self._called} is {self._phase}: it has no outputs before it ends"
            )
        if self.error is not None or self.closure.phase in self._bad:
            said = f": {cut(self.error.message, 2000)}" if self.error else ""
            raise FlyteAssertion(f"{self._called} ended {self._phase}, without outputs{said}")
        return self._outputs

    @property
    def _phase(self) -> str:
        return str(self._phases.enum_to_string(self.closure.phase))

    @property
    def _called(self) -> str:
        raise NotImplementedError


def learn(execution: Live, **found: object) -> None:
    """Note on an execution what a sync found: ``learn(node, inputs=…, children=…)``."""
    known = vars(execution)
    for name, value in found.items():
        known[f"_{name}"] = value
