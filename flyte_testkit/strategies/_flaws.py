"""What only a broken server shows: a closure that was right, with one thing in it made wrong.

Each flaw breaks an invariant of catalogue section 21 by construction, whatever else stands in the
closure, and leaves a message that can be read: data inside an execution's closure is no flaw here,
because flytekit raises on it. Ignorant of how right closures are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from flyteidl.core import catalog_pb2
from hypothesis import strategies as st

from flyte_testkit.propeller.phases import ALWAYS_RAN, NEVER_RAN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flyteidl.admin.execution_pb2 import ExecutionClosure
    from flyteidl.admin.node_execution_pb2 import NodeExecutionClosure
    from flyteidl.admin.task_execution_pb2 import TaskExecutionClosure
    from google.protobuf.message import Message

    from flyte_testkit.strategies._arguments import Phases

    Run = NodeExecutionClosure | TaskExecutionClosure
    Closure = ExecutionClosure | Run

__all__ = ["EXECUTION", "NODE", "TASK", "Rules", "spoil"]

Outcomes = frozenset[str]
_ClosureT = TypeVar("_ClosureT", bound="Closure")
_NOTHING: Final[Outcomes] = frozenset({""})
_URI: Final = "s3://elsewhere/outputs.pb"


@dataclass(frozen=True)
class Rules(Generic[_ClosureT]):
    """What a closure of one kind must be, as far as a flaw needs to know.

    Attributes:
        outcomes: The fields of ``output_result`` that a phase may show, "" for none of them. A
            phase that is not here is itself the flaw.
        possible: How to write each outcome.
        started: The phases that must have a start.
        unstarted: The phases that must not have one.
        others: Further flaws, each with the phases it is one in.
    """

    outcomes: Mapping[str, Outcomes]
    possible: Mapping[str, Callable[[_ClosureT], None]]
    started: frozenset[str]
    unstarted: frozenset[str]
    others: tuple[tuple[frozenset[str], Callable[[_ClosureT], None]], ...] = field(default=())

    def flaws(self, closure: _ClosureT, phase: str) -> list[Callable[[_ClosureT], None]]:
        """Return everything that could be made wrong in this closure, the plainest first."""
        if phase not in self.outcomes:
            return [lambda _: None]
        found: list[Callable[[_ClosureT], None]] = []
        if phase in self.started:
            found.append(_without("started_at"))
        if phase in self.unstarted:
            found.append(_started)
        if closure.HasField("duration"):
            found += [_without("duration"), _too_long]
        else:
            found.append(_with_duration)
        found += [
            write
            for outcome, write in self.possible.items()
            if outcome not in self._allowed(closure, phase)
        ]
        found += [_without("created_at"), _without("updated_at"), _backward]
        return found + [write for phases, write in self.others if phase in phases]

    def _allowed(self, closure: _ClosureT, phase: str) -> Outcomes:
        """Return the outcomes that would be right; an error beside a deck is as right as none."""
        return self.outcomes[phase] | {str(closure.WhichOneof("output_result") or "")}


def spoil(
    draw: st.DrawFn, closure: _ClosureT, rules: Rules[_ClosureT], phases: Phases, *, any_phase: bool
) -> None:
    """Make one thing in a closure wrong.

    Args:
        draw: What draws the flaw.
        closure: The closure, changed in place.
        rules: What is right for its kind.
        phases: The phases of its kind.
        any_phase: Whether the phase may become a number that nobody knows.
    """
    flaws = rules.flaws(closure, phases.enum.Name(closure.phase))
    if any_phase:
        flaws.append(_unknown_phase)
    draw(st.sampled_from(flaws))(closure)


def _without(name: str) -> Callable[[Message], None]:
    return lambda closure: closure.ClearField(name)


def _started(closure: Closure) -> None:
    closure.started_at.CopyFrom(closure.updated_at)


def _with_duration(closure: Closure) -> None:
    closure.duration.seconds = 1


def _too_long(closure: Closure) -> None:
    """Let it have lasted until after its own end."""
    closure.duration.seconds += closure.updated_at.seconds - closure.started_at.seconds + 1


def _backward(closure: Closure) -> None:
    closure.updated_at.seconds = closure.created_at.seconds - 1


def _unknown_phase(closure: Closure) -> None:
    closure.phase = 42  # type: ignore[assignment]  # which is the point


def _no_outcome(closure: Closure) -> None:
    closure.ClearField(closure.WhichOneof("output_result"))


def _error(closure: Closure) -> None:
    closure.error.code = "USER:RuntimeError"
    closure.error.message = "but it did not fail"


def _inline_data(closure: Run) -> None:
    closure.output_data.SetInParent()


def _output_uri(closure: Run) -> None:
    closure.output_uri = _URI


def _deck(closure: NodeExecutionClosure) -> None:
    closure.deck_uri = "s3://elsewhere/deck.html"


def _cache_miss(closure: NodeExecutionClosure) -> None:
    closure.task_node_metadata.cache_status = catalog_pb2.CACHE_MISS


def _outputs(closure: ExecutionClosure) -> None:
    closure.outputs.uri = _URI


def _abort(closure: ExecutionClosure) -> None:
    closure.abort_metadata.cause = "but nobody stopped it"


def _each(*phases: str) -> dict[str, Outcomes]:
    return dict.fromkeys(phases, _NOTHING)


EXECUTION: Final = Rules(
    outcomes={
        **_each("UNDEFINED", "QUEUED", "RUNNING", "SUCCEEDING"),
        "SUCCEEDED": frozenset({"outputs"}),
        **dict.fromkeys(("FAILING", "FAILED"), frozenset({"error"})),
        **dict.fromkeys(("ABORTING", "ABORTED"), frozenset({"abort_metadata"})),
        "TIMED_OUT": frozenset({"", "error"}),
    },
    possible={
        "": _no_outcome,
        "error": _error,
        "outputs": _outputs,
        "abort_metadata": _abort,
    },
    started=ALWAYS_RAN,
    unstarted=NEVER_RAN,
)

_RUN_OUTCOMES: Final = {
    "": _no_outcome,
    "error": _error,
    "output_uri": _output_uri,
    "output_data": _inline_data,  # outputs are offloaded, whatever their size
}

NODE: Final = Rules(
    outcomes={
        **_each("QUEUED", "RUNNING", "DYNAMIC_RUNNING", "SKIPPED", "TIMED_OUT"),
        "SUCCEEDED": frozenset({"output_uri", ""}),
        "FAILED": frozenset({"error", ""}),
        "ABORTED": frozenset({"error"}),
        "RECOVERED": frozenset({"output_uri"}),
    },
    possible=_RUN_OUTCOMES,
    started=frozenset({"RUNNING", "DYNAMIC_RUNNING"}),
    unstarted=frozenset({"QUEUED", "SKIPPED", "RECOVERED"}),
    others=(
        (frozenset({"ABORTED", "QUEUED", "SKIPPED", "TIMED_OUT"}), _deck),
        (frozenset({"SUCCEEDED", "FAILED", "RUNNING"}), _cache_miss),
    ),
)

TASK: Final = Rules(
    outcomes={
        **_each("QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING", "ABORTED"),
        "SUCCEEDED": frozenset({"output_uri"}),
        "FAILED": frozenset({"error"}),
    },
    possible=_RUN_OUTCOMES,
    started=frozenset({"RUNNING"}),
    unstarted=frozenset({"QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING"}),
)
