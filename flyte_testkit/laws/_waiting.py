"""The laws of waiting: what every loop that waits for an execution should do, whatever happens.

Those about servers that fail are in :mod:`flyte_testkit.laws._outages`. Ignorant of how stories are
made up, run and told.
"""

from __future__ import annotations

import math
import unittest
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis.errors import InvalidArgument

from flyte_testkit.laws import _stories
from flyte_testkit.laws._bounds import is_early, is_late, no_earlier_than, no_later_than
from flyte_testkit.laws._crowds import complaint, latest_of, watch_crowd
from flyte_testkit.laws._manners import MannersLaws
from flyte_testkit.laws._promises import check_number
from flyte_testkit.laws._report import seconds_of
from flyte_testkit.laws._spending import overspent
from flyte_testkit.laws._suite import check_method, law
from flyte_testkit.laws._wait_tests import (
    RAN_ON,
    crowd_breach,
    early_breach,
    wait_breach,
)
from flyte_testkit.timeline import running

if TYPE_CHECKING:
    from flyte_testkit.laws._report import Breach
    from flyte_testkit.laws._stories import Crowd, Story

__all__ = ["WaitingLaws"]


class WaitingLaws(MannersLaws):
    """Laws for code that waits until an execution is over.

    Inherit, and define ``wait``; each law is a test of your class. Say in class attributes what the
    code promises::

        class TestOurWait(laws.WaitingLaws):
            poll_interval = 10
            survives = 60

            def wait(self, remote, execution, timeout):
                return our_wait(remote, execution, timeout) == "done"

    A coroutine is taken as it is (``async def wait(self, remote, execution, timeout)``), and lives
    on the virtual clock. One that has no time-out of its own may leave ``timeout`` out: it is
    cancelled when its time is up.

    A law that is known to be broken is marked where it is overridden::

            @pytest.mark.xfail(reason="flytekit sleeps a whole poll, whatever is left")
            def test_keeps_its_time_budget(self):
                super().test_keeps_its_time_budget()

    Attributes:
        rpc_timeout: The deadline of each call, in seconds: how long one may go unanswered. None
            promises nothing, since flytekit leaves that to nobody: its calls have a minute, or no
            deadline at all.
        may_terminate: Whether it may terminate the execution that it waits for, when the time is up
            for instance.
        outputs: Define ``outputs(self, remote, execution)`` to have the outputs that your code
            reads compared as well; it is called after a wait that says success.
    """

    _adapter: ClassVar[str] = "wait"
    _takes: ClassVar[tuple[str, ...]] = ("remote", "execution", "timeout")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check what it promises of its calls, and how outputs are read, if they are."""
        super().__init_subclass__(**kwargs)
        if cls.rpc_timeout is not None:
            check_number(cls, "rpc_timeout", above=True)
        if not isinstance(cls.may_terminate, bool):
            raise InvalidArgument(
                f"{cls.__name__}.may_terminate = {cls.may_terminate!r}: it is True or False."
            )
        check_method(cls, "outputs", ("remote", "execution"))

    def wait(self, remote: Any, execution: Any, timeout: float) -> bool:  # noqa: ARG002  a door
        """Call the code under test; yours to define.

        Args:
            remote: A fresh ``FlyteRemote`` of the client that the class names.
            execution: What its ``fetch_execution`` returned.
            timeout: The time budget in seconds.

        Returns:
            True if the code says that the execution succeeded, False if it says that it ended
            otherwise.

        Raises:
            TimeoutError: The code says that the time was up.
        """
        raise unittest.SkipTest(
            f"{type(self).__name__} has no wait. Define wait(self, remote, execution, timeout), "
            "which calls the code under test and returns True, False or raises TimeoutError."
        )

    @law(_stories.endings)
    def test_says_success_only_of_success(self, story: Story) -> Breach | None:
        """It never says success of an execution that failed, was aborted or timed out."""
        seen = self._watch(story)
        if not seen.returned or seen.ended_at is None or story.succeeds:
            return None
        what = f"wait {seen}, of an execution that ended {seen.phase}."
        return wait_breach(self, story, seen, what, "assert not said")

    @law(_stories.endings)
    def test_ends_with_every_outcome(self, story: Story) -> Breach | None:
        """It ends, without an exception, for every way in which an execution can end."""
        seen = self._watch(story)
        if seen.returned is story.succeeds or (seen.returned and not story.succeeds):
            return None  # the latter is another law's business
        what = (
            f"at {seconds_of(seen.at)} wait {seen}, but the execution ended {story.timeline.phase} "
            f"at {seconds_of(story.timeline.seconds or 0)}: it should have returned "
            f"{story.succeeds}."
        )
        return wait_breach(self, story, seen, what, f"assert said is {story.succeeds}")

    @law(_stories.open_ends)
    def test_never_ends_before_the_execution(self, story: Story) -> Breach | None:
        """It says that an execution is over only once it is."""
        return early_breach(self, story, self._watch(story))

    @law(_stories.endings)
    def test_sees_the_end_within_one_poll(self, story: Story) -> Breach | None:
        """It returns no later than one poll interval after the execution's end."""
        seen = self._watch(story)
        if seen.raised is not None or seen.ended_at is None:
            return None
        latest = seen.ended_at + self.poll_interval
        if not is_late(seen.at, latest):
            return None
        what = (
            f"wait returned at {seconds_of(seen.at)}, but the execution ended at "
            f"{seconds_of(seen.ended_at)}, and the poll interval is {self.poll_interval:g} s."
        )
        return wait_breach(self, story, seen, what, no_later_than(latest))

    @law(_stories.tight_budgets)
    def test_keeps_its_time_budget(self, story: Story) -> Breach | None:
        """It is back when its time is up, whatever its poll interval."""
        seen = self._watch(story)
        if not is_late(seen.at, story.timeout) and not seen.hung:
            return None
        what = (
            f"wait was given {seconds_of(story.timeout)}, and at {seconds_of(seen.at)} it {seen}"
            + (f", {seconds_of(seen.at - story.timeout)} too late." if seen.at else ".")
        )
        return wait_breach(self, story, seen, what, no_later_than(story.timeout), may_give_up=True)

    @law(_stories.phase_changes)
    def test_keeps_its_time_budget_when_phases_change(self, story: Story) -> Breach | None:
        """Its time is counted from the beginning of the wait, whatever phases come and go."""
        seen = self._watch(story)
        if not is_late(seen.at, story.timeout) and not seen.hung:
            return None
        calm = self._watch(replace(story, timeline=running().never_ends()))
        if calm.hung or is_late(calm.at, story.timeout):  # another law's business
            return None
        phases = ", ".join(step.phase for step in story.timeline.steps)
        what = (
            f"wait was given {seconds_of(story.timeout)}, and at {seconds_of(seen.at)} it {seen}: "
            f"meanwhile the execution was {phases}. Count the time from the beginning of the wait, "
            "not from that of a phase."
        )
        return wait_breach(self, story, seen, what, no_later_than(story.timeout), may_give_up=True)

    @law(_stories.among_many)
    def test_finds_its_own_among_many_executions(self, story: Story) -> Breach | None:
        """However many there are of the same launch plan, named alike, it tells of its own."""
        seen = self._watch(story)
        latest = story.ends_at + self.poll_interval
        if early := early_breach(self, story, seen):
            return early
        if seen.returned is story.succeeds and not is_late(seen.at, latest):
            return None
        alone = self._watch(story.alone)
        if alone.returned is not story.succeeds or is_late(alone.at, latest):
            return None  # another law's business
        what = (
            f"at {seconds_of(seen.at)} wait {seen}, but among others of its launch plan the "
            f"execution ended {story.timeline.phase} at {seconds_of(story.ends_at)}: it should "
            f"have returned {story.succeeds} within a poll of {self.poll_interval:g} s. Ask for it "
            "by its name: a list has pages, and others on them."
        )
        checks = f"assert said is {story.succeeds}", no_later_than(latest)
        return wait_breach(self, story, seen, what, *checks)

    @law(_stories.out_of_time)
    def test_says_that_the_time_was_up(self, story: Story) -> Breach | None:
        """It gives up with a TimeoutError, and with nothing else."""
        seen = self._watch(story)
        if seen.gave_up or seen.hung:  # the latter is another law's business
            return None
        what = (
            f"wait was given {seconds_of(story.timeout)} for an execution that never ends, and at "
            f"{seconds_of(seen.at)} it {seen}: it should have raised TimeoutError."
        )
        return wait_breach(self, story, seen, what, RAN_ON, may_give_up=True)

    @law(_stories.long_lives)
    def test_waits_as_long_as_it_takes(self, story: Story) -> Breach | None:
        """It sees the end of what was queued, or ran, for more than an hour as of anything else."""
        seen = self._watch(story)
        latest = (story.timeline.seconds or 0) + self.poll_interval
        if seen.returned is story.succeeds and not is_late(seen.at, latest):
            return None
        what = (
            f"at {seconds_of(seen.at)} wait {seen}, but the execution ended "
            f"{story.timeline.phase} at {seconds_of(story.timeline.seconds or 0)}: it should have "
            f"returned {story.succeeds} within a poll of {self.poll_interval:g} s."
        )
        checks = f"assert said is {story.succeeds}", no_later_than(latest)
        return wait_breach(self, story, seen, what, *checks)

    @law(_stories.near_misses)
    def test_looks_once_more_before_giving_up(self, story: Story) -> Breach | None:
        """It does not say that the time was up when the execution ended within that time."""
        seen = self._watch(story)
        if not seen.gave_up:
            return None
        what = (
            f"at {seconds_of(seen.at)} wait {seen}, but the execution ended at "
            f"{seconds_of((story.timeline.seconds or 0) - story.age)}, within its "
            f"{seconds_of(story.timeout)}."
        )
        return wait_breach(self, story, seen, what)

    @law(_stories.clock_changes)
    def test_keeps_its_time_budget_when_clocks_change(self, story: Story) -> Breach | None:
        """Summer time neither shortens nor lengthens its time budget, give or take a poll."""
        seen = self._watch(story)
        poll = self.poll_interval
        late = is_late(seen.at, story.timeout + poll)
        early = seen.gave_up and is_early(seen.at, story.timeout - poll)
        if not late and not early:
            return None
        what = (
            f"wait was given {seconds_of(story.timeout)}, and at {seconds_of(seen.at)} it {seen}: "
            f"meanwhile the wall clock was put {_change(story)} by an hour. "
            "Measure time with time.monotonic()."
        )
        check = no_earlier_than(story.timeout - poll)
        if late:
            check = no_later_than(story.timeout + poll)
        return wait_breach(self, story, seen, what, check, may_give_up=True)

    @law(_stories.busy)
    def test_keeps_its_rpc_budget(self, story: Story) -> Breach | None:
        """It spends no more RPCs than it promises, also while the server is away."""
        seen = self._watch(story)
        rate, burst = self.rpcs_per_second, self.rpc_burst
        spent = overspent([call.at for call in seen.calls], per_second=rate, burst=burst)
        if spent is None:
            return None
        what = (
            f"wait made {spent.calls} calls from {seconds_of(spent.start)} to "
            f"{seconds_of(spent.end)}; it promises no more than {rate:g} a second, and {burst} "
            "at once."
        )
        check = (
            f"calls = [call for call in flyte_admin.calls[{seen.before}:] if {spent.condition()}]"
        )
        most = math.floor(burst + rate * (spent.end - spent.start))
        checks = check, f"assert len(calls) <= {most}"
        return wait_breach(self, story, seen, what, *checks, may_give_up=True)

    @law(_stories.crowds)
    def test_threads_do_not_mix_up_executions(self, crowd: Crowd) -> Breach | None:
        """Waits in several threads on one remote each tell of their own execution."""
        seen = watch_crowd(
            self.wait,
            self.outputs,
            crowd,
            client=self.client,
            grace=self._grace,
            transport=self.transport,
        )
        latest = latest_of(crowd, self.poll_interval)
        what = complaint(crowd, seen, latest)
        return crowd_breach(self, crowd, seen, what, latest) if what else None


def _change(story: Story) -> str:
    """Return which way the clocks change in a story."""
    return "forward" if story.start is not None and story.start.month < 6 else "back"
