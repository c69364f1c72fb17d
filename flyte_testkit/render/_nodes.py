"""What happened inside of an execution, a node or an attempt a line, in time.

Of many nodes those that failed are shown, and what they are inside of; the rest as far as there is
room, and counted. Ignorant of the execution itself.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from flyte_testkit.inside import NodeRuns, failing
from flyte_testkit.propeller.phases import NODE_OUTCOMES
from flyte_testkit.render._values import cut, first_line, in_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from flyte_testkit.glances import Origin
    from flyte_testkit.inside import AttemptRun, ItemRun, NodeRun, Reader, RunError

__all__ = ["failing_path", "node_lines"]

_MOST = 16  # lines of one execution
_ATTEMPTS = 4  # of one node
_LINE = 72  # letters of an error that are shown
_NAME = 40  # letters of a name
_PHASES = 6  # that are counted on one line

_URGENT = ("FAILED", "FAILING", "TIMED_OUT")
_URGENCY = dict.fromkeys(_URGENT, 1)
_URGENCY |= dict.fromkeys(("SUCCEEDED", "SKIPPED", "RECOVERED"), 4)
_UNENDED, _ABORTED = 2, 3


class _Node(NamedTuple):
    """A node where it stands."""

    run: NodeRun
    phase: str
    above: tuple[int, ...]  # the places of those that it is inside of

    @property
    def urgency(self) -> int:
        """How soon one wants to see it: least is first."""
        default = _ABORTED if self.phase == "ABORTED" else _UNENDED
        return _URGENCY.get(self.phase, default)


class _Line(NamedTuple):
    """What is said of a node or an attempt."""

    name: str
    when: str
    what: str


def node_lines(origin: Origin, start: float, *, told: str = "") -> Iterator[str]:
    """Tell what happened inside of an execution; nothing if there were no nodes.

    Nor if there is one task, which lives what the execution lives.

    Args:
        origin: What the execution was launched with.
        start: When the clock began, in seconds since 1970.
        told: The message of an error that is shown already.
    """
    reader = origin.inside
    nodes = list(_walk(NodeRuns(reader), ()))
    likewise = len(nodes) == 1 and not _telling(nodes[0]) and not origin.plays_nodes
    if not nodes or likewise:
        return
    lines: list[_Line] = []
    shown = _chosen(nodes, failing(reader))
    for place in sorted(shown):
        lines += _lines_of(nodes[place], start, told)
    name, when = (max(len(line[column]) for line in lines) for column in (0, 1))
    for line in lines:
        yield f"{line.name.ljust(name)}  {line.when.ljust(when)}  {line.what}".rstrip()
    left_out = Counter(nodes[place].phase for place in range(len(nodes)) if place not in shown)
    if left_out:
        counts = [f"{count:,} {phase}" for phase, count in left_out.most_common(_PHASES)]
        yield f"… and {left_out.total():,} more nodes: {', '.join(counts)}"


def failing_path(reader: Reader) -> str:
    """Return the path of the node that made an execution fail, if it has several nodes."""
    nodes = NodeRuns(reader).values()
    only = len(nodes) == 1 and not nodes[0].is_parent
    culprit = None if only or not nodes else failing(reader)
    return "" if culprit is None else cut(culprit.path, _LINE)


def _walk(runs: NodeRuns, above: tuple[int, ...], first: int = 0) -> Iterator[_Node]:
    """Yield all nodes, what is inside of one right below it."""
    place = first
    for run in runs.values():
        yield _Node(run, run.phase, above)
        inside = list(_walk(run.nodes, (*above, place), place + 1)) if run.is_parent else []
        yield from inside
        place += 1 + len(inside)


def _chosen(nodes: Sequence[_Node], culprit: NodeRun | None) -> set[int]:
    """Return the places of the nodes that are shown, those that they are inside of among them."""
    order = sorted(
        range(len(nodes)), key=lambda place: (nodes[place].run != culprit, nodes[place].urgency)
    )
    chosen: set[int] = set()
    taken = 0
    for place in order:
        new = {place, *nodes[place].above} - chosen
        cost = sum(_cost(nodes[each]) for each in new)
        if chosen and taken + cost > _MOST:
            break
        chosen |= new
        taken += cost
    return chosen


def _cost(node: _Node) -> int:
    """Return how many lines a node takes."""
    return 1 + min(len(_telling(node)), _ATTEMPTS + 1) + bool(_items(node))


def _telling(node: _Node) -> Sequence[AttemptRun]:
    """Return the attempts that tell more than their node: several, or one that is got over."""
    attempts = node.run.attempts
    told = len(attempts) > 1 or (node.phase not in _URGENT and any(each.error for each in attempts))
    return attempts if told else ()


def _items(node: _Node) -> Sequence[ItemRun]:
    """Return the items of a map, if they tell more than their node."""
    items = node.run.items
    return items if any(item.phase != node.phase for item in items) else ()


def _told(items: Sequence[ItemRun]) -> str:
    """Tell how many items are in which phase, and of a few which they are."""
    found: dict[str, list[int]] = {}
    for item in items:
        found.setdefault(item.phase, []).append(item.index)
    parts = []
    for phase, indices in sorted(found.items(), key=lambda pair: -len(pair[1])):
        which = f" ({', '.join(map(str, indices))})" if len(indices) <= _ATTEMPTS else ""
        parts.append(f"{len(indices):,} {phase}{which}")
    return ", ".join(parts)


def _lines_of(node: _Node, start: float, told: str) -> Iterator[_Line]:
    run, attempts = node.run, _telling(node)
    margin = "  " * len(node.above)
    name = run.name if run.name == run.spec_id else f"{run.name} ({run.spec_id})"
    ended = run.updated_at if node.phase in NODE_OUTCOMES else None
    when = _when(run.started_at or run.created_at, ended, start)
    what = _what(node.phase, run.error, told)
    launched = run.execution
    if launched is not None:
        what = f"{what}  launched {launched.id.name}"
    yield _Line(margin + cut(name, _NAME), when, what)
    first = max(0, len(attempts) - _ATTEMPTS)
    if first:
        yield _Line(f"{margin}  … {first:,} before", "", "")
    for attempt in attempts[first:]:
        yield _Line(
            f"{margin}  attempt {attempt.number}",
            _when(attempt.started_at, attempt.ended_at, start),
            _what(attempt.phase, attempt.error, told),
        )
    if items := _items(node):
        count = f"{len(items):,} item{'s' * (len(items) != 1)}"
        yield _Line(f"{margin}  {count}", "", _told(items))


def _when(begun: datetime | None, ended: datetime | None, start: float) -> str:
    """Say from when to when something lasted."""
    if begun is None:
        return ""
    first = in_seconds(begun.timestamp() - start)
    if ended == begun:
        return first
    last = "" if ended is None else f" {in_seconds(ended.timestamp() - start)}"
    return f"{first} –{last}"


def _what(phase: str, error: RunError | None, told: str) -> str:
    """Tell a phase and an error; the message of an error that is told already is not repeated."""
    if error is None:
        return phase
    known = not error.message or error.message == told
    parts = [cut(error.code, _LINE), "" if known else first_line(error.message, _LINE)]
    return f"{phase}  {': '.join(filter(None, parts))}".rstrip()
