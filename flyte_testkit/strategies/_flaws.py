"""What only a broken server shows: a closure that was right, with one thing in it made wrong.

Each flaw breaks an invariant of catalogue section 21 by construction, whatever else stands in the
closure, and leaves a message that can be read: data inside an execution's closure is no flaw here,
because flytekit raises on it. Ignorant of how right closures are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import catalog_pb2
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flyte_testkit.strategies._arguments import Phases

__all__ = ["EXECUTION", "NODE", "TASK", "Rules", "spoil"]

Outcomes = frozenset[str]
_NOTHING: Final[Outcomes] = frozenset({""})
_URI: Final = "s3://elsewhere/outputs.pb"


@dataclass(frozen=True)
class Rules:
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
    possible: Mapping[str, Callable[[Any], Any]]
    started: frozenset[str]
    unstarted: frozenset[str]
    others: tuple[tuple[frozenset[str], Callable[[Any], Any]], ...] = field(default=())

    def flaws(self, closure: Any, phase: str) -> list[Callable[[Any], Any]]:
        """Return everything that could be made wrong in this closure, the plainest first."""
        if phase not in self.outcomes:
            return [lambda _: None]
        found: list[Callable[[Any], Any]] = []
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

    def _allowed(self, closure: Any, phase: str) -> Outcomes:
        """Return the outcomes that would be right; an error beside a deck is as right as none."""
        return self.outcomes[phase] | {str(closure.WhichOneof("output_result") or "")}


def spoil(draw: st.DrawFn, closure: Any, rules: Rules, phases: Phases, *, any_phase: bool) -> None:
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


def _without(name: str) -> Callable[[Any], None]:
    return lambda closure: closure.ClearField(name)


def _started(closure: Any) -> None:
    closure.started_at.CopyFrom(closure.updated_at)


def _with_duration(closure: Any) -> None:
    closure.duration.seconds = 1


def _too_long(closure: Any) -> None:
    """Let it have lasted until after its own end."""
    closure.duration.seconds += closure.updated_at.seconds - closure.started_at.seconds + 1


def _backward(closure: Any) -> None:
    closure.updated_at.seconds = closure.created_at.seconds - 1


def _unknown_phase(closure: Any) -> None:
    closure.phase = 42


def _no_outcome(closure: Any) -> None:
    closure.ClearField(closure.WhichOneof("output_result"))


def _error(closure: Any) -> None:
    closure.error.code = "USER:RuntimeError"
    closure.error.message = "but it did not fail"


def _inline_data(closure: Any) -> None:
    closure.output_data.SetInParent()


def _output_uri(closure: Any) -> None:
    closure.output_uri = _URI


def _deck(closure: Any) -> None:
    closure.deck_uri = "s3://elsewhere/deck.html"


def _cache_miss(closure: Any) -> None:
    closure.task_node_metadata.cache_status = catalog_pb2.CACHE_MISS


def _outputs(closure: Any) -> None:
    closure.outputs.uri = _URI


def _abort(closure: Any) -> None:
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
    started=frozenset({"RUNNING", "SUCCEEDING", "SUCCEEDED"}),
    unstarted=frozenset({"UNDEFINED", "QUEUED"}),
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
