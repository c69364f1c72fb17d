"""The laws of waiting for what a failing server has: outages, slow answers, refusals, silence.

Ignorant of how stories are made up, run and told.
"""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, ClassVar

from flyte_testkit.laws import _outage_stories, _stories
from flyte_testkit.laws._bounds import BLUR, is_early, is_late, no_earlier_than, no_later_than
from flyte_testkit.laws._promises import WaitPromises
from flyte_testkit.laws._report import seconds_of
from flyte_testkit.laws._suite import Laws, law
from flyte_testkit.laws._wait_tests import RAN_ON, early_breach, wait_breach
from flyte_testkit.laws._watching import watch

if TYPE_CHECKING:
    from flyte_testkit.laws._report import Breach
    from flyte_testkit.laws._stories import Story
    from flyte_testkit.laws._watching import Seen

__all__ = ["OutageLaws"]


class OutageLaws(WaitPromises, Laws):
    """The part of the laws of waiting that is about servers which fail."""

    _adapter: ClassVar[str] = "wait"

    @law(_outage_stories.slow_servers)
    def test_keeps_its_time_budget_though_calls_are_slow(self, story: Story) -> Breach | None:
        """The time that calls take counts, give or take a poll and two calls."""
        seen = self._watch(story)
        each = story.faults[0].seconds or 0
        latest = story.timeout + self.poll_interval + 2 * each
        if not is_late(seen.at, latest) and not seen.hung:
            return None
        what = (
            f"wait was given {seconds_of(story.timeout)}, and at {seconds_of(seen.at)} it {seen}: "
            f"each call took {seconds_of(each)}. Perhaps that is not counted: measure time, do "
            "not count looks."
        )
        return wait_breach(self, story, seen, what, no_later_than(latest), may_give_up=True)

    @law(_outage_stories.hangs)
    def test_keeps_its_time_budget_though_a_call_hangs(self, story: Story) -> Breach | None:
        """A call that is never answered outlives the time budget by two ``rpc_timeout`` at most.

        One for the call under way when the time is up, and one for a last look.
        """
        if self.rpc_timeout is None:
            raise unittest.SkipTest(f"{type(self).__name__} promises no rpc_timeout")
        calm = self._watch(_stories.Story(story.timeline, 1))
        unbounded = [call for call in calm.calls if call.deadline is None]
        if unbounded:  # do not try what it leads to: finding out takes two real seconds
            what = (
                f"{unbounded[0].rpc} was called without a deadline, so on a dead connection it "
                "waits for ever, whatever the time budget is."
            )
            check = f"assert all(call.deadline for call in flyte_admin.calls[{calm.before}:])"
            return wait_breach(self, calm.story, calm, what, check, may_give_up=True)
        seen = self._watch(story)
        latest = story.timeout + 2 * self.rpc_timeout + BLUR
        if not is_late(seen.at, latest):
            return None
        what = (
            f"wait was given {seconds_of(story.timeout)}, and at {seconds_of(seen.at)} it {seen}: "
            f"a call that was never answered kept it. Give each call a deadline: "
            f"{seconds_of(self.rpc_timeout)} is promised, and for the last ones what is left."
        )
        return wait_breach(self, story, seen, what, no_later_than(latest), may_give_up=True)

    @law(_outage_stories.outages)
    def test_keeps_its_time_budget_in_an_outage(self, story: Story) -> Breach | None:
        """It is back when its time is up, give or take a second, though the server was away.

        If the outage is no longer than it promises to survive, it says that the time was up.
        """
        seen = self._watch(story)
        since, until = story.faults[0].between or (0, 0)
        away = f"the server was away from {seconds_of(since)} on"
        if until < story.timeout:
            away = f"the server was away from {seconds_of(since)} to {seconds_of(until)}"
        given = f"wait was given {seconds_of(story.timeout)}"
        latest = story.timeout + BLUR
        if seen.hung or is_late(seen.at, latest):
            what = f"{given}, and at {seconds_of(seen.at)} it {seen}: {away}."
            return wait_breach(self, story, seen, what, no_later_than(latest), may_give_up=True)
        if early := early_breach(self, story, seen):
            return early
        if seen.gave_up or until - since > self.survives:
            return None
        what = (
            f"{given}, and at {seconds_of(seen.at)} it {seen}: {away}, but no longer than the "
            f"{seconds_of(self.survives)} that it promises to survive. It should have raised "
            "TimeoutError."
        )
        return wait_breach(self, story, seen, what, RAN_ON)

    @law(_outage_stories.hiccups)
    def test_gives_up_only_when_its_time_is_up(self, story: Story) -> Breach | None:
        """It says that the time was up only when it was, give or take a poll.

        What one call says of its own deadline, or of its end, is not the wait's time budget.
        """
        seen = self._watch(story)
        earliest = story.timeout - self.poll_interval
        if not seen.gave_up or not is_early(seen.at, earliest):
            return None
        failed = [call for call in seen.calls if call.code != "OK"]
        what = f"wait was given {seconds_of(story.timeout)}, and at {seconds_of(seen.at)} it {seen}"
        if failed:
            what += (
                f": {failed[-1].rpc} had ended {failed[-1].code}. What one call says of its own "
                "deadline, or of its end, is not the time budget of the wait"
            )
        return wait_breach(
            self, story, seen, f"{what}.", no_earlier_than(earliest), may_give_up=True
        )

    @law(_outage_stories.blips)
    def test_survives_blips(self, story: Story) -> Breach | None:
        """Outages no longer than it promises to survive change nothing of what it says and when."""
        self._needs_survival()
        seen = self._watch(story)
        if early := early_breach(self, story, seen):
            return early
        if seen.returned is not story.succeeds:
            what = (
                f"at {seconds_of(seen.at)} wait {seen}, but no outage was longer than the "
                f"{seconds_of(self.survives)} that it promises to survive, and the execution ended "
                f"{story.timeline.phase}."
            )
            return wait_breach(self, story, seen, what, f"assert said is {story.succeeds}")
        latest = (seen.ended_at or 0) + self.poll_interval
        for since, until in (fault.between or (0, 0) for fault in story.faults):
            if since <= latest:  # it hid the end; a pause that doubled meanwhile is forgiven
                latest = max(latest, until + (until - since) + self.poll_interval)
        if not is_late(seen.at, latest):
            return None
        what = (
            f"wait returned at {seconds_of(seen.at)}, but the execution ended at "
            f"{seconds_of(seen.ended_at or 0)}, and the server was back in time for a look before "
            f"{seconds_of(latest)}. Pause no longer after an error."
        )
        return wait_breach(self, story, seen, what, no_later_than(latest))

    @law(_outage_stories.dead_ends)
    def test_stops_on_what_cannot_heal(self, story: Story) -> Breach | None:
        """NOT_FOUND, PERMISSION_DENIED and UNAUTHENTICATED end it, with an exception."""
        seen = self._watch(story)
        code = story.faults[0].code
        refused = [call for call in seen.calls if call.code == code]
        if not refused:  # it ended before it was refused anything, or asks for something else
            return None
        latest = refused[0].at + self.poll_interval
        if seen.failed and not is_late(seen.at, latest):
            return None
        what = (
            f"the server answered {code} from {seconds_of(refused[0].at)} on, which no patience "
            f"heals, and at {seconds_of(seen.at)} wait {seen}. Let it raise at once."
        )
        return wait_breach(self, story, seen, what, no_later_than(latest), may_fail=True)

    @property
    def _grace(self) -> float:
        """How long beyond all reason it may go on before it is stopped."""
        flytekits_patience = 60  # seconds for one call
        return 20 * self.poll_interval + 2 * self.survives + 2 * flytekits_patience

    def _watch(self, story: Story, poll: float | None = None) -> Seen:
        return watch(
            self.wait,
            story,
            client=self.client,
            grace=self._grace,
            transport=self.transport,
            poll=poll,
        )

    def _needs_survival(self) -> None:
        if not self.survives:
            raise unittest.SkipTest(f"{type(self).__name__} promises to survive no outage")
