"""The laws of launching: one execution for one launch, and none that nobody knows of.

Those about executions of others are in :mod:`flyte_testkit.laws._sharing`. Ignorant of how a launch
is set up and watched, and of how one waits for what it made.
"""

from __future__ import annotations

import unittest
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis.errors import InvalidArgument

from flyte_testkit.laws import _launches
from flyte_testkit.laws._bounds import is_late, no_later_than
from flyte_testkit.laws._launch_tests import ONE, counted, launch_breach, own_name, threads_breach
from flyte_testkit.laws._report import seconds_of
from flyte_testkit.laws._sharing import SharingLaws
from flyte_testkit.laws._spending import overspent
from flyte_testkit.laws._suite import law

if TYPE_CHECKING:
    from flyte_testkit.laws._launches import LaunchStory
    from flyte_testkit.laws._report import Breach

__all__ = ["LaunchingLaws"]


class LaunchingLaws(SharingLaws):
    """Laws for code that launches an execution, and perhaps waits for it.

    Inherit, and define ``launch``; each law is a test of your class::

        class TestOurLaunch(laws.LaunchingLaws):
            launch_plan = "nightly"
            inputs = {"day": str}

            def launch(self, remote):
                return launch_nightly(remote, day="2024-03-10")

    ``launch`` may be a coroutine.

    Every execution that is launched succeeds, so code that launches again after a failure has no
    reason to.

    Each call of ``launch`` asks for an execution of its own. Where one day has one execution,
    whoever asks for it, launch another day at each call, or mark *threads launch apart*.

    Attributes:
        launch_plan: What the code launches, by name; it is registered for it.
        inputs: The Python types of its inputs, by name.
        outputs: What the executions give, by name.
    """

    _adapter: ClassVar[str] = "launch"
    _takes: ClassVar[tuple[str, ...]] = ("remote",)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check what the class says about its launch plan."""
        super().__init_subclass__(**kwargs)
        if not isinstance(cls.launch_plan, str) or not cls.launch_plan:
            raise InvalidArgument(
                f"{cls.__name__}.launch_plan = {cls.launch_plan!r}: it is a name, as 'nightly'."
            )
        for name in ("inputs", "outputs"):
            if not isinstance(getattr(cls, name), Mapping):
                raise InvalidArgument(
                    f"{cls.__name__}.{name} = {getattr(cls, name)!r}: write a dict by name."
                )

    def launch(self, remote: Any) -> Any:  # noqa: ARG002  a door
        """Call the code under test; yours to define.

        Args:
            remote: A fresh ``FlyteRemote`` of the client that the class names.

        Returns:
            The execution that it launched (its name, or an object of the client's), or None if the
            code does not say.
        """
        raise unittest.SkipTest(
            f"{type(self).__name__} has no launch. Define launch(self, remote), which calls the "
            "code under test and returns the execution."
        )

    @law(_launches.at_peace)
    def test_launches_exactly_once(self, story: LaunchStory) -> Breach | None:
        """One launch makes one execution, and returns that one."""
        seen = _launches.run_launch(self, story)
        if seen.ended.raised is not None:
            return launch_breach(
                self, story, seen, f"launch {seen.ended}, though nothing went wrong."
            )
        if len(seen.phases) != 1:
            return launch_breach(self, story, seen, f"launch made {counted(seen)}.", ONE)
        if seen.ended.returned is not None and seen.name is None:
            what = (
                f"launch {seen.ended}, which names no execution. Return the execution or its name, "
                "or None if the code does not say."
            )
            return launch_breach(self, story, seen, what, "assert launched.id.name in made")
        if seen.name not in {None, *seen.phases}:
            what = f"launch returned {seen.name!r}, but it made {counted(seen)}."
            return launch_breach(self, story, seen, what, f"assert {own_name(seen.ended)} in made")
        return None

    @law(_launches.lost_replies)
    def test_launches_once_though_replies_are_lost(self, story: LaunchStory) -> Breach | None:
        """A launch whose answer is lost is not made twice, and what is returned lives on."""
        seen = _launches.run_launch(self, story)
        if len(seen.phases) == 1 and not seen.dead:
            return None
        if seen.dead:
            what = (
                f"launch {seen.ended}, but it has terminated {seen.known!r} itself. Look under its "
                "name for what a lost answer was about, and keep it."
            )
            alive = (
                'assert not {run.phase for run in flyte_admin.launches} & {"ABORTING", "ABORTED"}'
            )
            return launch_breach(self, story, seen, what, alive)
        what = (
            f"launch made {counted(seen)}: the server saw a launch whose answer was lost, and it "
            "was sent again. Name the execution yourself, so that the second attempt finds it."
        )
        return launch_breach(self, story, seen, what, ONE)

    @law(_launches.severed)
    def test_leaves_no_orphan(self, story: LaunchStory) -> Breach | None:
        """What goes on when the call has ended, the caller knows of.

        Either the execution is returned, or it is terminated, or the exception names it.
        """
        seen = _launches.run_launch(self, story)
        if not seen.orphans:
            return None
        orphans = ", ".join(map(repr, seen.orphans))
        what = (
            f"launch {seen.ended}, and {orphans} runs on without anybody knowing. Return the "
            "execution, terminate it, or name it in the exception."
        )
        check = "assert all(run.id.name in told for run in going_on)"
        return launch_breach(self, story, seen, what, check)

    @law(_launches.blips)
    def test_survives_blips(self, story: LaunchStory) -> Breach | None:
        """Neither an outage that it promises to survive nor a lost answer fails or doubles it."""
        if not self.survives:
            raise unittest.SkipTest(f"{type(self).__name__} promises to survive no outage")
        seen = _launches.run_launch(self, story)
        if seen.ended.raised is None and len(seen.phases) == 1:
            return None
        if story.faults[0].verb == "loses_reply":
            trouble = "only the first answer was lost, and it promises to survive outages."
        else:
            longest = seconds_of(self.survives)
            trouble = f"the outage was no longer than the {longest} that it promises to survive."
        what = f"launch {seen.ended} and made {counted(seen)}, but {trouble}"
        return launch_breach(self, story, seen, what, *([] if seen.ended.raised else [ONE]))

    @law(_launches.refusals)
    def test_stops_on_what_cannot_heal(self, story: LaunchStory) -> Breach | None:
        """What is refused for good fails the launch, within five seconds of the first refusal.

        Within a poll interval, if that is shorter.
        """
        seen = _launches.run_launch(self, story)
        failed = seen.ended.raised is not None and not seen.ended.hung
        fault = story.faults[0]
        refused = [call.at for call in seen.calls if fault.rpc in {None, call.rpc}]
        if not refused:
            return None
        first = refused[0]
        latest = first + min(_AT_ONCE, self.poll_interval)
        if failed and not is_late(seen.at, latest):
            return None
        what = (
            f"the server answered every {fault.rpc or 'call'} {fault.code}, which no patience "
            f"heals, first at {seconds_of(first)}, and at {seconds_of(seen.at)} launch "
            f"{seen.ended}. Let it raise at once."
        )
        return launch_breach(self, story, seen, what, no_later_than(latest), fails=True)

    @law(_launches.away)
    def test_keeps_its_rpc_budget(self, story: LaunchStory) -> Breach | None:
        """It spends no more RPCs than it promises, also while the server is away."""
        seen = _launches.run_launch(self, story)
        rate, burst = self.rpcs_per_second, self.rpc_burst
        spent = overspent([call.at for call in seen.calls], per_second=rate, burst=burst)
        if spent is None:
            return None
        what = (
            f"launch made {spent.calls} calls from {seconds_of(spent.start)} to "
            f"{seconds_of(spent.end)}; it promises no more than {rate:g} a second, and {burst} "
            "at once."
        )
        most = int(burst + rate * (spent.end - spent.start))
        counted = f"[call for call in flyte_admin.calls if {spent.condition()}]"
        check = f"assert len({counted}) <= {most}"
        return launch_breach(self, story, seen, what, check)

    @law(_launches.at_peace)
    def test_threads_launch_apart(self, story: LaunchStory) -> Breach | None:
        """Launches in several threads on one remote make and return an execution each.

        So do those of one thread, one after the other.
        """
        seen, ended = _launches.run_launches(self, story)
        said = _launches.names(ended)
        apart = len(set(said)) == len(said) or said == [None] * len(said)
        if len(seen.phases) == len(ended) and apart:
            return None
        what = (
            "three threads at once, which launch twice each, made "
            f"{counted(seen)}, and returned {said!r}."
        )
        return threads_breach(self, story, seen, ended, what)


_AT_ONCE = 5
"""Seconds in which a client may try again by itself before it believes a refusal."""
