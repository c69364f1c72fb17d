"""One look of the code under test at an execution, what it says of it, and what is true.

Ignorant of what it should have said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from hypothesis import reject

from flyte_testkit.laws._stage import remote_of, stage
from flyte_testkit.laws._tree_truth import Truth
from flyte_testkit.laws._watching import Attempt, attempt
from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flyte_testkit.clock import VirtualClock
    from flyte_testkit.laws._tree_promises import TreePromises
    from flyte_testkit.laws._tree_stories import TreeStory
    from flyte_testkit.server import FakeFlyteAdmin
    from flyte_testkit.wire.journal import Call

__all__ = ["Looked", "look"]

_PATIENCE = 3600
"""Seconds after which code that reads, and should be back at once, is stopped."""

_MUCH = 20
"""Trees are large: it may make so many times as many calls without waiting as code that waits."""

_MOST_EVENTS = 10_000


@dataclass(frozen=True)
class Looked:
    """What was seen of one look.

    Attributes:
        ended: How the reading ended.
        said: How each question was answered, by its name.
        admin: The server, which answers no more.
        at: When it was read, in seconds.
        limit: When it would have been stopped.
        failed_at: When the run had failed that is recovered, in seconds; None if none is.
        truth: What was true when the code was back.
        calls: Its calls.
        before: How many calls there were before.
    """

    ended: Attempt
    said: Mapping[str, Attempt]
    admin: FakeFlyteAdmin
    at: float
    limit: float
    failed_at: float | None
    truth: Truth
    calls: tuple[Call, ...]
    before: int


def look(suite: TreePromises, story: TreeStory, questions: Sequence[str] = ()) -> Looked:
    """Play a story up to its instant, let the code read, and ask what it makes of it.

    Args:
        suite: The suite of the code under test.
        story: What happens.
        questions: What is asked.

    Raises:
        UnexpectedUse: It did what no script foresaw.
    """
    with (
        stage(
            0, crowd=_MUCH, strict=False, pace=story.pace, transport=suite.transport
        ) as admin,  # what it launches the law tells that forbids it
        remote_of(admin, suite.client) as remote,
    ):
        failed_at = None
        if story.again is None:
            launch = admin.add_execution("run", story.script)
        else:
            admin.add_execution("first", story.script, launch_plan="run")
            route = admin.on_launch("run").plays(story.again)
            failed_at = _play(admin, None)
            _recover(remote, suite.client)
            (launch,) = route.launches
        at = _play(admin, story.events)
        if not suite.while_it_runs and launch.phase not in OUTCOMES:
            reject()  # it never ends
        execution = remote.fetch_execution(name="run")
        before = len(admin.calls)
        limit = round(at + _PATIENCE, 6)
        cast("VirtualClock", admin.clock).limit = limit
        ended = attempt(admin, suite.read, remote, execution)
        said: dict[str, Attempt] = {}
        if ended.raised is None:
            for question in questions:
                said[question] = attempt(admin, getattr(suite, question), ended.returned)
        calls = tuple(admin.calls[before:])
        return Looked(ended, said, admin, at, limit, failed_at, Truth(launch), calls, before)


def _play(admin: FakeFlyteAdmin, events: int | None) -> float:
    """Let things happen, at so many instants or all; return when that is, in seconds."""
    clock: Any = admin.clock
    backend = admin._backend  # noqa: SLF001  no business of those who write tests
    for _ in range(_MOST_EVENTS if events is None else events):
        with backend.moment():  # what is due now has happened, and what it leads to is scheduled
            due = backend.engine.next_due()
        if due is None:
            break
        clock.move_to(due)
    return float(round(clock.elapsed, 6))  # as the clock counts


def _recover(remote: Any, client: str) -> None:
    """Recover the first run as a client does; the tests that are told do the same."""
    first = remote.fetch_execution(name="first")
    if client == "flytekit":
        remote.client.recover_execution(first.id, "run")
    else:
        remote.recover(first, name="run")
