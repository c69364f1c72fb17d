"""What the laws of waiting are tested with where servers fail: outages, refusals, silence, delays.

Ignorant of what the laws make of them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from flyte_testkit.laws._others import Others
from flyte_testkit.laws._stories import Story, ample, endings, moments, out_of_time
from flyte_testkit.strategies._drawing import EITHER, MOSTLY, among, whole_numbers
from flyte_testkit.strategies._faults import PlannedFault
from flyte_testkit.timeline import running

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyte_testkit.admin.errors import Code
    from flyte_testkit.laws._promises import Promises, WaitPromises
    from flyte_testkit.wire.names import Rpc

    Draw = Callable[..., Any]

__all__ = [
    "FOR_EVER",
    "HOPELESS",
    "blips",
    "dead_ends",
    "farewells",
    "hangs",
    "hiccups",
    "outages",
    "slow_servers",
]

HOPELESS: Final[tuple[Code, ...]] = ("NOT_FOUND", "PERMISSION_DENIED", "UNAUTHENTICATED")
"""What no patience heals."""

_STRUCK: Final[tuple[Rpc | None, ...]] = (None, "GetExecution", "GetExecutionData")
"""What an outage strikes: all RPCs, or one."""


_HICCUPS: Final[tuple[Code, ...]] = (
    "DEADLINE_EXCEEDED",
    "UNAVAILABLE",
    "CANCELLED",
    "ABORTED",
    "RESOURCE_EXHAUSTED",
    "INTERNAL",
)
"""What a call ends with that goes wrong by itself."""

_MANY: Final = 8
"""As many outages as a loop meets that waits for days."""

FOR_EVER: Final = 1_000_000
"""Seconds of an outage that nobody waits for."""


@st.composite
def blips(draw: Draw, suite: type[Promises]) -> Story:
    """Generate outages no longer than the code promises to survive, with time to spare.

    They begin at multiples of the poll interval, which is when most loops look, or some time. There
    is time between them for two looks. Sometimes there are many: who counts failures should forget
    them when all is well again.
    """
    longest = suite.survives
    story = running(draw(moments(suite)))
    lengths = among(*sorted({longest, longest / 2, min(1, longest)}))
    codes, rpcs = among(*suite.blip_codes), among(*_STRUCK)
    faults, start = [], draw(moments(suite))
    number = draw(among(1, 1, 2, 3, _MANY))
    for _ in range(number):
        until = start + draw(lengths)
        struck = draw(rpcs) if number < _MANY else None
        faults.append(PlannedFault(struck, "fails_with", draw(codes), between=(start, until)))
        start = until + 2 * suite.poll_interval + draw(moments(suite))
    if number == _MANY or (number > 1 and draw(EITHER)):  # it outlives them all
        story = running(math.ceil(start))
    timeline = story.succeeds() if draw(MOSTLY) else story.fails("ValueError: no such column")
    timeout = ample(suite, timeline) + math.ceil(start)
    return Story(timeline, timeout, tuple(faults))


@st.composite
def outages(draw: Draw, suite: type[Promises]) -> Story:
    """Generate outages: the time is up while the server is away, or when it is long back again."""
    longest = suite.survives
    lengths = sorted({longest, min(1, longest)} - {0})
    if draw(MOSTLY):
        return _late_outage(draw, suite, [*lengths, FOR_EVER])
    length = draw(among(*(lengths or [1])))
    start = draw(moments(suite, least=2))
    timeout = math.ceil(start + length + 2 * suite.poll_interval) + draw(moments(suite))
    return _outage(draw, suite, start, length, timeout)


def _late_outage(draw: Draw, suite: type[Promises], lengths: list[float]) -> Story:
    """Generate outages during which the time is up."""
    poll, longest = suite.poll_interval, suite.survives
    length = draw(among(*lengths))
    timeout = draw(moments(suite, least=1))
    if length == FOR_EVER and draw(EITHER):  # until after it has lost patience
        timeout = math.ceil(longest + 3 * poll)
    before_the_end = draw(among(timeout, poll, min(length, timeout) / 2))
    return _outage(draw, suite, max(0, timeout - before_the_end), length, timeout)


def _outage(
    draw: Draw, suite: type[Promises], start: float, length: float, timeout: float
) -> Story:
    code = draw(among(*suite.blip_codes))
    outage = PlannedFault(None, "fails_with", code, between=(start, start + length))
    return Story(running().never_ends(), timeout, (outage,))


@st.composite
def hiccups(draw: Draw, suite: type[WaitPromises]) -> Story:
    """Generate waits with time to spare of which one look goes wrong, or takes its whole deadline.

    What a single call says of its own time, or of its end, says nothing of the wait's.
    """
    poll = math.ceil(suite.poll_interval)
    start = draw(whole_numbers(0, 2)) * suite.poll_interval
    window = (start, start + draw(among(1, suite.poll_interval)))
    code, rpc = draw(among(*_HICCUPS)), draw(among(*_STRUCK))
    fault, patience = PlannedFault(rpc, "fails_with", code, between=window), 0.0
    if suite.rpc_timeout is not None and draw(EITHER):
        fault = PlannedFault("GetExecution", "hangs", between=window)
        patience = 2 * suite.rpc_timeout
    return Story(running().never_ends(), math.ceil(window[1] + patience) + 3 * poll, (fault,))


@st.composite
def dead_ends(draw: Draw, suite: type[Promises]) -> Story:
    """Generate servers that, from some time on, answer only what no patience heals."""
    poll = math.ceil(suite.poll_interval)
    code, since = draw(among(*HOPELESS)), draw(whole_numbers(0, 3)) * poll
    # A name that is unknown is unknown to those RPCs alone that ask for it.
    rpc: Rpc | None = "GetExecution"
    if code != "NOT_FOUND" and draw(EITHER):
        rpc = None
    fault = PlannedFault(rpc, "fails_with", code, between=(since, since + 1000 * poll))
    return Story(running().never_ends(), 10 * poll, (fault,))


@st.composite
def hangs(draw: Draw, suite: type[Promises]) -> Story:
    """Generate servers that, from some time on, answer nothing any more."""
    poll = math.ceil(suite.poll_interval)
    since = draw(whole_numbers(0, 2)) * poll
    timeout = since + draw(among(1, poll, 3 * poll))
    fault = PlannedFault("GetExecution", "hangs", between=(since, since + 1000 * poll))
    return Story(running().never_ends(), timeout, (fault,))


@st.composite
def slow_servers(draw: Draw, suite: type[Promises]) -> Story:
    """Generate servers that take their time for each answer."""
    poll = math.ceil(suite.poll_interval)
    delay = draw(among(*sorted({min(5, poll), poll / 2})))
    looks: tuple[Rpc, ...] = ("GetExecution", "ListExecutions")
    faults = tuple(PlannedFault(rpc, "delays", seconds=delay) for rpc in looks)
    return Story(running().never_ends(), draw(whole_numbers(5, 8)) * poll, faults)


def farewells(suite: type[Promises]) -> st.SearchStrategy[Story]:
    """Generate waits that end in any way there is, beside executions of others that run on."""
    ways = out_of_time(suite), endings(suite), dead_ends(suite), outages(suite)
    return _in_company(st.one_of(ways))


@st.composite
def _in_company(draw: Draw, ways: st.SearchStrategy[Story]) -> Story:
    story: Story = draw(ways)
    return replace(story, others=Others(1, 1, running().never_ends()))
