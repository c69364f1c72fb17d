"""The laws of waiting for what a wait leaves alone, and leaves behind: it looks, and then is gone.

Ignorant of how stories are made up, run and told.
"""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, Any, ClassVar

from flyte_testkit.laws import _outage_stories, _stories
from flyte_testkit.laws._outages import OutageLaws
from flyte_testkit.laws._report import after_a_while, seconds_of
from flyte_testkit.laws._suite import law
from flyte_testkit.laws._wait_tests import wait_breach

if TYPE_CHECKING:
    from flyte_testkit.laws._report import Breach
    from flyte_testkit.laws._stories import Story
    from flyte_testkit.laws._watching import Seen

__all__ = ["MannersLaws"]


class MannersLaws(OutageLaws):
    """The part of the laws of waiting that is about what else a wait does."""

    _adapter: ClassVar[str] = "wait"

    @law(_outage_stories.farewells)
    def test_never_terminates_what_it_waits_for(self, story: Story) -> Breach | None:
        """It does not terminate the execution: not when the time is up, nor when it fails.

        Who waits is seldom the only one who wants it. If yours is, say ``may_terminate = True``.
        """
        if self.may_terminate:
            raise unittest.SkipTest(f"{type(self).__name__} may terminate what it waits for")
        seen = self._watch(story)
        if "run" not in _meant(seen, "TerminateExecution"):
            return None
        what = (
            f"at {seconds_of(seen.at)} wait {seen}, and it has terminated the execution that it "
            "waited for. Leave that to whoever launched it; if it is for this code to do, say "
            "may_terminate = True."
        )
        check = (
            'assert "TerminateExecution" not in '
            f"[call.rpc for call in flyte_admin.calls[{seen.before}:]]"
        )
        return wait_breach(self, story, seen, what, check, may_do_anything=True)

    @law(_outage_stories.farewells)
    def test_touches_nobody_elses(self, story: Story) -> Breach | None:
        """It terminates and archives no execution of others, however the wait ends."""
        seen = self._watch(story)
        for rpc, done in _TOUCHES.items():
            theirs = [name for name in _meant(seen, rpc) if name != "run"]
            if not theirs:
                continue
            what = (
                f"at {seconds_of(seen.at)} wait {seen}, and it has {done} {theirs[0]!r}, which it "
                "did not wait for. Look executions up by their names."
            )
            checks = (
                f'calls = [call for call in flyte_admin.calls if call.rpc == "{rpc}"]',
                'assert {call.request.id.name for call in calls} <= {"run"}',
            )
            return wait_breach(self, story, seen, what, *checks, may_do_anything=True)
        return None

    @law(_stories.partings)
    def test_leaves_no_thread_behind_that_still_polls(self, story: Story) -> Breach | None:
        """When it is back, nobody goes on asking, give or take one look within a poll interval."""
        seen = self._watch(story, poll=self.poll_interval)
        if not seen.later:
            return None
        what = (
            f"at {seconds_of(seen.at)} wait {seen}, and it leaves a thread behind that still "
            f"polls: {seen.later[0].rpc} came at {seconds_of(seen.later[0].at - story.age)}. "
            "Tell the thread to stop, and let it look up before each call."
        )
        checks = after_a_while(self.poll_interval)
        return wait_breach(self, story, seen, what, *checks, may_do_anything=True)


_TOUCHES = {"TerminateExecution": "terminated", "UpdateExecution": "archived, or the like,"}


def _meant(seen: Seen, rpc: str) -> list[str]:
    """Return the names of the executions for which a wait has called this, in order."""
    requests: list[Any] = [call.request for call in seen.calls if call.rpc == rpc]
    return [request.id.name for request in requests]
