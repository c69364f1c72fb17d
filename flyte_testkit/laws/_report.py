"""How a broken law is told: what happened, the story, a picture, and a test that shows it again.

The test uses fixtures and public names only, so it can be pasted into a file and kept when the bug
is gone. Ignorant of which law is broken.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flyte_testkit import render
from flyte_testkit.errors import BrokenLaw
from flyte_testkit.laws._bounds import LINGERS, SLACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flyte_testkit.laws._backend import Client
    from flyte_testkit.laws._others import Others
    from flyte_testkit.laws._promises import Promises
    from flyte_testkit.laws._watching import Attempt
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.timeline import Timeline
    from flyte_testkit.wire.journal import Call

__all__ = ["Breach", "PastedTest", "after_a_while", "picture_of", "seconds_of"]

_MOST_LINES = 24
_WORDS = re.compile(
    r"(?<![\w.])(?:undefined|queued|running|immediately|aborting|polls|nodes|failures|Failure)\b(?=[(.])"
)


@dataclass(frozen=True)
class Breach:
    """How a law is broken.

    Attributes:
        complaint: What happened, and what should have.
        story: What the test was about, a line each.
        picture: What the client did when.
        test: The test to paste.
    """

    complaint: str
    story: tuple[str, ...]
    picture: str
    test: PastedTest

    def told(self, suite: str, law: str) -> BrokenLaw:
        """Return the error that tells of it."""
        title = law.removeprefix("test_").replace("_", " ")
        return BrokenLaw(
            f"{suite} breaks the law: {title}.\n{self.complaint}\n\n"
            f"The shortest story that shows it:\n{_indented(self.story)}\n\n"
            f"What happened when:\n{_indented(self.picture.splitlines())}\n\n"
            f"A test that shows it again:\n\n{self.test.text(law)}"
        )


class PastedTest:
    """A test that shows a broken law again, line by line.

    Args:
        suite: Whose law is broken.
        clock: Arguments of the ``flyte`` marker, as code.
    """

    def __init__(self, suite: Promises, **clock: Any) -> None:
        self._class = type(suite)
        self._client: Client = suite.client
        self._clock = {name: value for name, value in clock.items() if value is not None}
        self._modules = {"pytest"} if self._clock else set()
        self._body: list[str] = []
        self._zone = ""

    @property
    def remote(self) -> str:
        """The fixture that is the remote."""
        return "flyte_remote" if self._client == "flytekit" else "flyte_client"

    def call(self, seen: Attempt | None, method: str, *args: str, of: str = "") -> str:
        """Return a call of a method of the suite, as code; what it gives to await is run.

        Args:
            seen: How such a call ended; None if none was made.
            method: Its name.
            args: With what it is called, as code.
            of: The expression whose method it is; by default it makes an instance of the suite.
        """
        call = f"{of or self.suite}.{method}({', '.join(args)})"
        plain = not inspect.iscoroutinefunction(getattr(self._class, method))
        awaited = seen.awaited if seen else ("" if plain else "coroutine")
        if not awaited:
            return call
        self.needs("asyncio")
        if awaited == "awaitable":  # asyncio.run takes coroutines only
            call = f"asyncio.wait_for({call}, None)"
        return f"asyncio.run({call})"

    @property
    def suite(self) -> str:
        """The expression that makes an instance of the suite."""
        if "<locals>" in self._class.__qualname__:
            return f"{self._class.__name__}()"
        return f"{self._class.__module__.rpartition('.')[2]}.{self._class.__qualname__}()"

    def needs(self, *modules: str) -> None:
        """Import modules."""
        self._modules |= set(modules)

    def local_time(self, zone: str) -> None:
        """Let all of the test happen in a time zone, if one is named."""
        self._zone = zone

    def add(self, *lines: str) -> None:
        """Add lines to the test's body."""
        self._body += lines

    def execution(self, timeline: Timeline, others: Others | None, *, bound: bool) -> None:
        """Add an execution, bound to ``run`` if that is needed, and fetch it."""
        run = "run = " if bound else ""
        added = f'{run}flyte_admin.add_execution("run", {timeline!r}'
        self.add(*([f"{added})"] if others is None else others.as_code(added)))
        self.add(f'execution = {self.remote}.fetch_execution(name="run")')

    def text(self, law: str) -> str:
        """Return the whole test."""
        marker = ", ".join(f"{name}={value}" for name, value in self._clock.items())
        body = "\n".join(self._body)
        if self._zone:
            body = f"with local_time({self._zone!r}):\n{textwrap.indent(body, '    ')}"
        return "\n".join(
            [
                *self._imports(),
                "",
                "",
                *([f"@pytest.mark.flyte({marker})"] if marker else []),
                f"def {law}_again(flyte_admin, {self.remote}):",
                textwrap.indent(body, "    "),
            ]
        )

    def _imports(self) -> Iterator[str]:
        """Yield import statements in the order of isort, with a blank line between groups."""
        body = "\n".join([*self._body, *map(str, self._clock.values())])
        modules = set(self._modules) | ({"datetime"} if "datetime." in body else set())
        standard = [
            f"import {name}"
            for name in sorted({"asyncio", "contextlib", "datetime", "time"} & modules)
        ]
        if "concurrent.futures" in modules:
            standard.append("from concurrent.futures import ThreadPoolExecutor")
        others = ["import pytest"] if "pytest" in modules else []
        words = set(_WORDS.findall(body))
        if openers := sorted(words - {"Failure"}):
            others.append(f"from flyte_testkit import {', '.join(openers)}")
        if "Failure" in words:
            others.append("from flyte_testkit.failures import Failure")
        if self._zone:
            others.append("from flyte_testkit.world import local_time")
        package, _, module = self._class.__module__.rpartition(".")
        theirs = [f"from {package} import {module}" if package else f"import {module}"]
        groups = [standard, others, theirs if "." in self.suite else []]
        yield "\n\n".join("\n".join(group) for group in groups if group)


def picture_of(
    admin: FakeFlyteAdmin, calls: Sequence[Call], ended: Attempt | None, at: float
) -> str:
    """Draw each execution's life, and below it the calls of the code under test."""
    lines = [render.text(admin), ""]
    told = [
        f"{seconds_of(when):>10}  {', '.join(_told(group))}"
        for when, group in groupby(calls, key=lambda call: call.at)
    ]
    if len(told) > _MOST_LINES:
        cut = len(told) - _MOST_LINES
        half = _MOST_LINES // 2
        told[half : half + cut] = [f"{'':>10}  … {cut} more instants …"]
    lines += told
    if ended is not None:
        lines.append(f"{seconds_of(at):>10}  the code under test {ended}")
    return "\n".join(lines)


def after_a_while(poll: float) -> tuple[str, ...]:
    """Return the check that nobody calls any more; the first poll interval is forgiven."""
    return (
        f"flyte_admin.clock.advance({poll + SLACK:.10g})",
        "before = len(flyte_admin.calls)",
        f"flyte_admin.clock.advance({LINGERS * poll:.10g})",
        "assert len(flyte_admin.calls) == before",
    )


def seconds_of(seconds: float) -> str:
    """Return seconds in words.

    Example:
        >>> seconds_of(60.0000012)
        '60 s'
    """
    return f"{round(seconds, 3):,.10g} s"


def _told(calls: Iterable[Call]) -> Iterator[str]:
    """Name calls, the same ones in a row as one."""
    for (rpc, code), same in groupby(calls, key=lambda call: (call.rpc, call.code)):
        count = len(list(same))
        answer = {"OK": "", None: " unanswered"}.get(code, f" {code}")
        yield rpc + answer + (f" ×{count}" if count > 1 else "")


def _indented(lines: Iterable[str]) -> str:
    return textwrap.indent("\n".join(lines), "  ")
