"""The lives of executions, drawn: those that ended badly first, and no more than fit.

Ignorant of what is wrong: it shows, and leaves the rest to who looks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from flyte_testkit.propeller.phases import OUTCOMES
from flyte_testkit.render._again import again
from flyte_testkit.render._nodes import failing_path, node_lines
from flyte_testkit.render._values import cut, first_line, in_seconds, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from google.protobuf.message import Message

    from flyte_testkit.admin.database.rows import ExecutionRow
    from flyte_testkit.engine.history import Change
    from flyte_testkit.glances import Glance
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call

__all__ = ["text"]

_BAR = 24  # columns that the longest phase of an execution may take
_LINE = 72  # letters of an error that are shown
_LAUNCH = 160  # letters of a launch plan and its inputs
_SCRIPT = 200  # letters of a script
_FULL = 60  # lines for lives in full
_WELL = 30  # of them, lines to which those that ended well may be added
_BRIEF = 20  # lines for more lives that ended badly, one each
_COMPARED = 20  # executions of one launch plan that are compared
_KINDS = 8  # of calls that are counted on one line

_BADNESS = dict.fromkeys(("FAILED", "FAILING"), 0)
_BADNESS |= dict.fromkeys(("ABORTED", "ABORTING"), 1)
_BADNESS |= {"TIMED_OUT": 2, "SUCCEEDING": 4, "SUCCEEDED": 4}
_UNENDED = 3


def text(admin: FakeFlyteAdmin) -> str:
    """Return a picture of the executions, and of the calls that reached the server.

    What failed comes first, then what was aborted, timed out or has not ended, then the rest. Of
    many executions some are drawn, more that ended badly get a line each, and all are counted.

    Example:
        >>> from flyte_testkit import running
        >>> from flyte_testkit.server import FakeFlyteAdmin
        >>> with FakeFlyteAdmin() as admin:
        ...     _ = admin.add_execution("train", running(600).fails("disk full"))
        ...     admin.clock.advance(600)
        ...     print(text(admin))
        train  RUNNING ························ FAILED
               0 s                              600 s
               USER:RuntimeError: disk full
               running(600).fails('disk full')
               no calls
    """
    lives = sorted(admin.glances(), key=_badness)
    calls = _by_execution(admin.calls)
    now = admin.clock.now()
    artist = _Artist(now, now.timestamp() - admin.clock.elapsed, calls, lives)
    shown: list[str] = []
    drawn = 0
    for life in lives:
        lines = list(artist.full(life))
        if shown and len(shown) + len(lines) > (_FULL if _badness(life) <= _UNENDED else _WELL):
            break
        shown += lines
        drawn += 1
    brief = [life for life in lives[drawn : drawn + _BRIEF] if _badness(life) <= _UNENDED]
    shown += [artist.brief(life) for life in brief]
    left_out = lives[drawn + len(brief) :]
    if left_out:
        shown.insert(0, f"{_counted(lives)}; what ended badly comes first.")
        shown.append(f"… and {_counted(left_out, more=True)}.")
    shown += _faults(admin)
    others = calls.get("")
    if others:
        shown.append(f"other {_tally(others)}")
    elif not calls:
        shown.append("no calls")
    return "\n".join(shown)


def _faults(admin: FakeFlyteAdmin) -> list[str]:
    """Say which faults were planted, and how often each struck."""
    planted = list(admin._faults.planted())  # noqa: SLF001  for pictures alone
    told = [
        f"fault: {cut(fault.what, _LAUNCH)} struck {_attempts(fault.struck)}"
        for fault in planted[:_KINDS]
    ]
    more = len(planted) - _KINDS
    return [*told, f"… and {more:,} more faults"] if more > 0 else told


def _attempts(number: int) -> str:
    return "never" if not number else f"{number:,} attempt{'s' * (number > 1)}"


def _counted(lives: Sequence[Glance], *, more: bool = False) -> str:
    phases = Counter(life.phase for life in lives)
    parts = ", ".join(f"{count:,} {phase}" for phase, count in phases.items())
    noun = "execution" if len(lives) == 1 else "executions"
    return f"{len(lives):,} {'more ' if more else ''}{noun}: {parts}"


class _Artist:
    """Draws lives.

    Args:
        now: The time.
        start: When the clock began, in seconds since 1970.
        calls: The calls, by the name of the execution that they are about.
        lives: All of them.
    """

    def __init__(
        self,
        now: datetime,
        start: float,
        calls: dict[str, list[Call]],
        lives: Sequence[Glance],
    ) -> None:
        self._now = now
        self._start = start
        self._calls = calls
        self._lives = lives
        self._telling = _telling_inputs(lives)

    def full(self, life: Glance) -> Iterator[str]:
        """Draw a life: phases, what was launched, how it ended, its script, nodes and calls."""
        row = life.origin.as_it_is()
        margin = " " * (len(row.execution_name) + 2)
        phases, times = self._track(life.changes)
        yield f"{row.execution_name}  {phases}"
        yield f"{margin}{times}".rstrip()
        if launch := self._launch(life):
            yield f"{margin}{launch}"
        if of := again(life, self._lives):
            yield f"{margin}{of}"
        if ending := _ending(row):
            yield f"{margin}{ending}"
        if script := life.origin.script():
            yield f"{margin}{cut(script, _SCRIPT)}"
        for line in node_lines(life.origin, self._start, told=row.message.closure.error.message):
            yield f"{margin}{line}"
        if calls := self._calls.get(row.execution_name):
            yield f"{margin}{_tally(calls)}"

    def brief(self, life: Glance) -> str:
        """Tell a life on one line."""
        last = life.changes[-1]
        since = in_seconds(last.at.timestamp() - self._start)
        parts = [f"{life.row.execution_name}  {last.phase} since {since}", self._launch(life)]
        ending = _ending(life.origin.as_it_is())
        where = failing_path(life.origin.inside)
        return "  ".join(filter(None, [*parts, where and f"at {where}", ending]))

    def _launch(self, life: Glance) -> str:
        """Say what was launched, unless its name says it already."""
        inputs = life.origin.inputs().literals
        if _plan(life) == life.row.execution_name and not inputs:
            return ""
        telling = self._telling.get(_plan(life), set())
        names = sorted(inputs, key=lambda name: (name not in telling, name))
        said = ""
        for number, name in enumerate(names):
            part = f"{', ' if number else ''}{name}={told(inputs[name])}"
            if said and len(said) + len(part) > _LAUNCH:
                said += f", and {len(names) - number} more"
                break
            said += part
        return f"{_plan(life)}({said})"

    def _track(self, changes: Sequence[Change]) -> tuple[str, str]:
        """Draw phases as a line, each as long as it took, with the instants below.

        A phase that took no time, as FAILING mostly does, is left out.
        """
        ends = [change.at for change in changes[1:]] + [self._now]
        spans = [
            (change, (end - change.at).total_seconds())
            for change, end in zip(changes, ends, strict=True)
        ]
        spans = [(change, seconds) for change, seconds in spans if seconds or change is changes[-1]]
        longest = max(seconds for change, seconds in spans) or 1
        phases = times = ""
        for change, seconds in spans:
            label = in_seconds(change.at.timestamp() - self._start)
            line = change.phase
            if change is not changes[-1]:
                line += " " + "·" * max(1, round(_BAR * seconds / longest)) + " "
            elif change.phase not in OUTCOMES:
                line += " ···"
            width = max(len(line), len(label) + 1)
            phases += line.ljust(width)
            times += label.ljust(width)
        return phases.rstrip(), times.rstrip()


def _badness(life: Glance) -> int:
    """Return how soon one wants to see it: 0 is first."""
    return _BADNESS.get(life.phase, _UNENDED)


def _plan(life: Glance) -> str:
    """Return the name of what was launched."""
    return str(life.row.message.spec.launch_plan.name)


def _ending(row: ExecutionRow) -> str:
    """Say how an execution ended, if it ended badly."""
    closure = row.message.closure
    if closure.HasField("error"):
        parts = (cut(closure.error.code, _LINE), first_line(closure.error.message, _LINE))
        return ": ".join(filter(None, parts))  # a map says no code
    if closure.HasField("abort_metadata"):
        who = closure.abort_metadata.principal
        cause = first_line(closure.abort_metadata.cause, _LINE)
        return f"aborted{f' by {cut(who, _LINE)}' if who else ''}: {cause}"
    return ""


def _telling_inputs(lives: Iterable[Glance]) -> dict[str, set[str]]:
    """Return, by launch plan, the inputs in which its executions differ: the first ones tell."""
    seen: dict[str, list[dict[str, bytes]]] = defaultdict(list)
    for life in lives:
        if len(seen[_plan(life)]) < _COMPARED:
            inputs = life.origin.inputs().literals
            seen[_plan(life)].append({name: inputs[name].SerializeToString() for name in inputs})
    return {
        plan: {
            name
            for name in set().union(*launches)
            if len({launch.get(name) for launch in launches}) > 1
        }
        for plan, launches in seen.items()
    }


def _tally(calls: Sequence[Call]) -> str:
    """Count calls by RPC and code; the last instant tells whether somebody still looked."""
    counts = Counter((call.rpc, call.code or "unanswered") for call in calls)
    parts = [
        f"{rpc} ×{count:,}" + ("" if code == "OK" else f" {code}")
        for (rpc, code), count in list(counts.items())[:_KINDS]
    ]
    if len(counts) > _KINDS:
        rest = sum(list(counts.values())[_KINDS:])
        parts.append(f"{rest:,} of {len(counts) - _KINDS} more kinds")
    return f"calls: {', '.join(parts)}; the last at {in_seconds(calls[-1].at)}"


def _by_execution(calls: Iterable[Call]) -> dict[str, list[Call]]:
    """Return the calls by the name of the execution that they are about; "" is none."""
    found: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        found[_execution_of(call.request)].append(call)
    return found


def _execution_of(request: Message) -> str:
    """Return the name of the execution that a request is about, if it is about one."""
    kind = type(request).__name__
    if kind == "ExecutionCreateRequest":
        return str(getattr(request, "name", ""))
    for field in ("id", "workflow_execution_id"):
        named = getattr(request, field, None)
        named = getattr(named, "node_execution_id", named)
        named = getattr(named, "execution_id", named)
        if type(named).__name__ == "WorkflowExecutionIdentifier":
            return str(getattr(named, "name", ""))
    return ""
