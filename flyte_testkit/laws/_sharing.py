"""The laws of launching for a server that others launch on as well: what is whose, and what stays.

Ignorant of how a launch is set up and watched.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from flyte_testkit.laws import _launches
from flyte_testkit.laws._launch_tests import ONE, counted, launch_breach, own_name
from flyte_testkit.laws._promises import LaunchPromises
from flyte_testkit.laws._report import after_a_while, seconds_of
from flyte_testkit.laws._suite import Laws, law

if TYPE_CHECKING:
    from flyte_testkit.laws._launched import Launched
    from flyte_testkit.laws._launches import LaunchStory
    from flyte_testkit.laws._report import Breach

__all__ = ["SharingLaws"]


class SharingLaws(LaunchPromises, Laws):
    """The part of the laws of launching that is about executions of others, and what stays."""

    _adapter: ClassVar[str] = "launch"

    @law(_launches.rivalries)
    def test_returns_only_what_it_launched(self, story: LaunchStory) -> Breach | None:
        """What it returns it has launched: not the latest one, nor one that has its name."""
        seen = _launches.run_launch(self, story)
        if seen.ended.raised is not None or seen.name in {None, *seen.phases}:
            return None
        if seen.name in seen.bystanders:
            whose = "which somebody else launched"
        else:
            whose = "which does not exist"
        failed = [call for call in seen.calls if call.rpc == "CreateExecution"]
        after = f" after CreateExecution ended {failed[-1].code}" if failed else ""
        what = (
            f"launch {seen.ended}{after}, {whose}; itself it made {counted(seen)}. Look under a "
            "name of your own that nobody else gives, or raise."
        )
        check = f"assert {own_name(seen.ended)} in made"
        return launch_breach(self, story, seen, what, check)

    @law(_launches.among_many)
    def test_finds_its_own_among_many_executions(self, story: LaunchStory) -> Breach | None:
        """However many others launch the same, a launch whose answer is lost is found again."""
        seen = _launches.run_launch(self, story)
        if not _is_lost(seen):
            return None
        if _is_lost(_launches.run_launch(self, replace(story, rivals=None))):
            return None  # another law's business
        among = f"among {story.rivals.count if story.rivals else 0} others of its launch plan"
        if len(seen.phases) > 1:
            what = (
                f"launch made {counted(seen)}: {among} it did not find what it had launched when "
                "the answer was lost. Ask for it by its name: a list has pages."
            )
            return launch_breach(self, story, seen, what, ONE)
        if seen.name in seen.bystanders:
            what = (
                f"launch {seen.ended}, which somebody else launched; itself it made "
                f"{counted(seen)}: {among} it took the wrong one. Ask for it by its name."
            )
            return launch_breach(self, story, seen, what, f"assert {own_name(seen.ended)} in made")
        what = (
            f"launch {seen.ended}, and {seen.orphans[0]!r} runs on without anybody knowing: "
            f"{among} it was not found. Ask for it by its name: a list has pages."
        )
        check = "assert all(run.id.name in told for run in going_on)"
        return launch_breach(self, story, seen, what, check)

    @law(_launches.troubles)
    def test_touches_nobody_elses(self, story: LaunchStory) -> Breach | None:
        """Executions that it did not launch run on, however the launch goes."""
        seen = _launches.run_launch(self, story, _launches.BYSTANDERS)
        touched = {name: phase for name, phase in seen.bystanders.items() if phase != "RUNNING"}
        if not touched:
            return None
        told = ", ".join(f"{name!r} is {phase}" for name, phase in touched.items())
        what = f"launch {seen.ended}, and {told}, which it did not launch. Terminate by name only."
        check = 'assert {run.phase for run in others} == {"RUNNING"}'
        return launch_breach(self, story, seen, what, check, may_do_anything=True)

    @law(_launches.at_peace)
    def test_leaves_no_thread_behind_that_still_polls(self, story: LaunchStory) -> Breach | None:
        """When it is back and the execution has ended, nobody goes on asking."""
        seen = _launches.run_launch(self, story, afterwards=True)
        if not seen.later:
            return None
        ended = story.timeline.seconds or 0
        what = (
            f"at {seconds_of(seen.at)} launch {seen.ended}, and it leaves a thread behind that "
            f"still polls: {seen.later[0].rpc} came at {seconds_of(seen.later[0].at)}, and the "
            f"execution was over {seconds_of(ended)} after its launch. Tell the thread to stop."
        )
        checks = f"flyte_admin.clock.advance({ended:g})", *after_a_while(self.poll_interval)
        return launch_breach(self, story, seen, what, *checks, may_do_anything=True)


def _is_lost(seen: Launched) -> bool:
    """Whether a launch has lost sight of what it made, or taken another one for it."""
    return len(seen.phases) > 1 or seen.name in seen.bystanders or bool(seen.orphans)
