"""Pictures of what happened: each execution's life, and the calls it received.

Ignorant of how things came about; it reads what a fake FlyteAdmin remembers.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from flyte_testkit.errors import close_names
from flyte_testkit.timeline._parts import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from google.protobuf.message import Message

    from flyte_testkit.admin.rows import ExecutionRow
    from flyte_testkit.engine.history import Change
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call

__all__ = ["hints", "text"]

_LOOK_UPS = {
    *("GetLaunchPlan", "GetActiveLaunchPlan", "GetWorkflow", "GetTask"),
    *("ListLaunchPlans", "ListWorkflows", "ListTasks"),
}
_BAR = 24  # columns that the longest phase of an execution may take
_LINE = 72  # letters of an error that are shown


def text(admin: FakeFlyteAdmin) -> str:
    """Return a picture of every execution, and of the calls that reached the server.

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
    lines: list[str] = []
    for row, changes, script in admin.lives():
        lines += _life(row, changes, script, admin)
    return "\n".join([*lines, *_calls_without_execution(admin)])


def hints(admin: FakeFlyteAdmin) -> list[str]:
    """Return what may help with a test that failed: names that were looked up in vain.

    The real server would have said NOT_FOUND as well, so it is no surprise; often it is the reason.
    """
    known = admin.names()
    stories: dict[str, str] = {}
    for call in admin.calls:
        name = str(getattr(getattr(call.request, "id", None), "name", ""))
        if call.rpc in _LOOK_UPS and name and name not in known:
            stories[name] = (
                f"{call.rpc} looked for {name!r}, which is not registered."
                f"{close_names(name, known)}\n"
                f"Register it with register({name!r}), or script it with on_launch({name!r})."
            )
    return list(stories.values())


def _life(
    row: ExecutionRow, changes: Sequence[Change], script: str, admin: FakeFlyteAdmin
) -> Iterator[str]:
    margin = " " * (len(row.execution_name) + 2)
    now = admin.clock.now()
    start = now.timestamp() - admin.clock.elapsed
    phases, times = _track(changes, now, start)
    yield f"{row.execution_name}  {phases}"
    yield f"{margin}{times}".rstrip()
    closure = row.message.closure
    if closure.HasField("error"):
        yield f"{margin}{closure.error.code}: {_shortened(closure.error.message)}"
    if closure.HasField("abort_metadata"):
        who = f" by {closure.abort_metadata.principal}" if closure.abort_metadata.principal else ""
        yield f"{margin}aborted{who}: {closure.abort_metadata.cause}"
    if script:
        yield f"{margin}{script}"
    calls = [call for call in admin.calls if _execution_of(call.request) == row.execution_name]
    if calls:
        yield f"{margin}{_tally(calls)}"


def _track(changes: Sequence[Change], now: datetime, start: float) -> tuple[str, str]:
    """Draw phases as a line, each as long as it took, with the instants below.

    A phase that took no time, as FAILING mostly does, is left out.
    """
    ends = [change.at for change in changes[1:]] + [now]
    spans = [
        (change, (end - change.at).total_seconds())
        for change, end in zip(changes, ends, strict=True)
    ]
    spans = [(change, seconds) for change, seconds in spans if seconds or change is changes[-1]]
    longest = max(seconds for change, seconds in spans) or 1
    phases = times = ""
    for change, seconds in spans:
        label = _seconds(change.at.timestamp() - start)
        line = change.phase
        if change is not changes[-1]:
            line += " " + "·" * max(1, round(_BAR * seconds / longest)) + " "
        elif change.phase not in OUTCOMES:
            line += " ···"
        width = max(len(line), len(label) + 1)
        phases += line.ljust(width)
        times += label.ljust(width)
    return phases.rstrip(), times.rstrip()


def _tally(calls: Sequence[Call]) -> str:
    """Count calls by RPC and code; the last instant tells whether somebody still looked."""
    counts = Counter((call.rpc, call.code or "unanswered") for call in calls)
    parts = [
        f"{rpc} ×{count}" + ("" if code == "OK" else f" {code}")
        for (rpc, code), count in counts.items()
    ]
    return f"calls: {', '.join(parts)}; the last at {_seconds(calls[-1].at)}"


def _calls_without_execution(admin: FakeFlyteAdmin) -> Iterator[str]:
    others = [call for call in admin.calls if not _execution_of(call.request)]
    if others:
        yield f"other {_tally(others)}"
    elif not admin.calls:
        yield "no calls"


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


def _shortened(message: str) -> str:
    first = (message.strip().splitlines() or [""])[0][:_LINE]
    return first if first == message else f"{first} …"


def _seconds(seconds: float) -> str:
    return f"{round(seconds, 3):,g} s" if seconds < 10**6 else f"{seconds:,.0f} s"
