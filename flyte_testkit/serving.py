"""A fake FlyteAdmin for clients in other processes: in real time, until somebody stops it.

Ignorant of command lines: it is handed what to serve.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from flyte_testkit.clock import SystemClock
from flyte_testkit.environment import write_config
from flyte_testkit.server import FakeFlyteAdmin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from typing_extensions import Self

    from flyte_testkit.launches import LaunchRoute
    from flyte_testkit.timeline import Timeline
    from flyte_testkit.wire.journal import Call

__all__ = ["CallLog", "line_of", "serve"]

_BEHIND = 1000
"""Lines that may wait for a slow reader; more are dropped, and counted."""

_TEXT = 80  # letters of a refusal that are shown


def serve(
    scripts: Mapping[str, Sequence[Timeline]],
    *,
    port: int,
    project: str,
    domain: str,
    quiet: bool = False,
) -> None:
    """Serve until interrupted or terminated.

    Args:
        scripts: What the launches of a launch plan play, in turn; all later ones play the last.
        port: Where to listen; 0 finds a free port.
        project: A project to have.
        domain: Its domain.
        quiet: Whether calls are not told.

    Raises:
        FlyteTestkitError: The port is taken or none, or something cannot be scripted.
    """
    admin = FakeFlyteAdmin(
        clock=SystemClock(), port=port, strict=False, project=project, domain=domain, keep_calls=0
    )
    with suppress(KeyboardInterrupt), _stoppable(), admin, _folder() as folder:
        for launch_plan, timelines in scripts.items():
            _script(admin.on_launch(launch_plan), timelines)
        with nullcontext() if quiet else CallLog(sys.stdout) as log:
            if log is not None:
                admin._journal.answered.append(log)  # noqa: SLF001  nobody else may listen
            _introduce(admin.endpoint, write_config(folder, admin.endpoint), scripts)
            threading.Event().wait()


def _introduce(endpoint: str, config: Path, scripts: Mapping[str, Sequence[Timeline]]) -> None:
    """Say how the server is reached, and what it plays."""
    print(f"A fake FlyteAdmin listens on {endpoint}. Reach it with:")
    print(
        f"  export FLYTE_PLATFORM_URL={endpoint} FLYTE_PLATFORM_INSECURE=true "
        f"FLYTECTL_CONFIG={config}"
    )
    for launch_plan, timelines in scripts.items():
        print(f"{launch_plan!r} plays {', then '.join(map(str, timelines))}.")
    whose = "Other executions" if scripts else "Executions"
    print(f"{whose} stay UNDEFINED until somebody sends events. Ctrl-C stops it.", flush=True)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="flyte-testkit-") as folder:
        yield Path(folder)


def _script(route: LaunchRoute, timelines: Sequence[Timeline]) -> None:
    """Let launches play timelines in turn, and the last one ever after."""
    *first, last = timelines
    if first:
        route.plays(*first)
    route.always_plays(last)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end it as Ctrl-C does, so that nothing is left behind."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class CallLog:
    """Writes a line for each call that was answered.

    By a thread of its own: whoever reads slowly, or not at all, must not hold up the server.

    Args:
        stream: Where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._closing = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._write, name="flyte-testkit log", daemon=True)
        self._thread.start()

    def __call__(self, call: Call) -> None:
        """Write a line about a call, some time soon."""
        line = f"{time.strftime('%H:%M:%S')}  {line_of(call)}"
        with self._news:
            if len(self._lines) >= _BEHIND:
                self._dropped += 1
                return
            if self._dropped:
                self._lines.append(f"… {self._dropped:,} calls more, too fast for who reads this")
                self._dropped = 0
            self._lines.append(line)
            self._news.notify()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left, unless nobody reads it."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join(timeout=1)

    def _write(self) -> None:
        while True:
            with self._news:
                while not self._lines and not self._closing:
                    self._news.wait()
                lines = [*self._lines]
                self._lines.clear()
            if not lines:
                return
            try:
                self._stream.write("".join(f"{line}\n" for line in lines))
                self._stream.flush()
            except (OSError, ValueError):  # nobody reads any more
                _let_go(self._stream)
                return


def _let_go(stream: TextIO) -> None:
    """Let what was not read go nowhere: Python would complain about it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def line_of(call: Call) -> str:
    """Say of a call what was asked, about what, what came of it and how long it took.

    Example:
        >>> from flyteidl.admin import common_pb2
        >>> from flyte_testkit.wire.journal import Journal
        >>> journal, request = Journal(), common_pb2.ObjectGetRequest()
        >>> request.id.name = "nightly"
        >>> call = journal.begin("GetTask", request, at=0, deadline=None)
        >>> journal.end(call, "NOT_FOUND", None, "missing entity", at=0.0012)
        True
        >>> print(line_of(call))
        GetTask 'nightly'  NOT_FOUND: missing entity  1.2 ms
    """
    subject = _subject(call.request)
    told = f": {' '.join(call.message.split())[:_TEXT]}" if call.message else ""
    took = ((call.ended or call.at) - call.at) * 1000
    return f"{call.rpc}{f' {subject!r}' if subject else ''}  {call.code}{told}  {took:.1f} ms"


def _subject(request: object) -> str:
    """Return the name of what a request is about, if it is about one thing."""
    for field in ("id", "node_execution_id", "execution_id"):
        if (found := getattr(request, field, None)) is not None:
            return _subject(found)
    name = getattr(request, "name", "")
    return name if isinstance(name, str) else ""
