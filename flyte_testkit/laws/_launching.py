"""The laws of launching: one execution for one launch, and none that nobody knows of.

Ignorant of how a launch is set up and watched, and of how one waits for what it made.
"""

from __future__ import annotations

import unittest
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis.errors import InvalidArgument

from flyte_testkit.laws import _launches
from flyte_testkit.laws._bounds import is_late, no_later_than
from flyte_testkit.laws._report import Breach, PastedTest, picture_of, seconds_of
from flyte_testkit.laws._spending import overspent
from flyte_testkit.laws._suite import Laws, law

if TYPE_CHECKING:
    from flyte_testkit.laws._launches import Launched, LaunchStory
    from flyte_testkit.server import FakeFlyteAdmin

__all__ = ["LaunchingLaws"]


class LaunchingLaws(Laws):
    """Laws for code that launches an execution, and perhaps waits for it.

    Inherit, and define ``launch``; each law is a test of your class::

        class TestOurLaunch(laws.LaunchingLaws):
            launch_plan = "nightly"
            inputs = {"day": str}

            def launch(self, remote):
                return launch_nightly(remote, day="2024-03-10")

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

    launch_plan: ClassVar[str] = "nightly"
    inputs: ClassVar[Mapping[str, Any]] = {}
    outputs: ClassVar[Mapping[str, Any]] = {}

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
            return self._breach(story, seen, f"launch {seen.ended}, though nothing went wrong.")
        if len(seen.phases) != 1:
            return self._breach(story, seen, f"launch made {_counted(seen)}.", _ONE)
        if seen.ended.returned is not None and seen.name is None:
            what = (
                f"launch {seen.ended}, which names no execution. Return the execution or its name, "
                "or None if the code does not say."
            )
            return self._breach(story, seen, what, "assert launched.id.name in made")
        if seen.name not in {None, *seen.phases}:
            what = f"launch returned {seen.name!r}, but it made {_counted(seen)}."
            return self._breach(story, seen, what, "assert launched.id.name in made")
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
            return self._breach(story, seen, what, alive)
        what = (
            f"launch made {_counted(seen)}: the server saw a launch whose answer was lost, and it "
            "was sent again. Name the execution yourself, so that the second attempt finds it."
        )
        return self._breach(story, seen, what, _ONE)

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
        return self._breach(story, seen, what, check)

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
        return self._breach(story, seen, what, check)

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
        what = f"launch {seen.ended} and made {_counted(seen)}, but {trouble}"
        return self._breach(story, seen, what, *([] if seen.ended.raised else [_ONE]))

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
        return self._breach(story, seen, what, no_later_than(latest), fails=True)

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
        return self._breach(story, seen, what, check)

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
            f"{_counted(seen)}, and returned {said!r}."
        )
        test = PastedTest(self)
        test.needs("concurrent.futures", "time")
        self._open(test, story)
        test.add(
            f"flyte_admin.on().delays({_launches.DELAY!r})",
            "",
            "def one(start):",
            "    time.sleep(start)",
            f"    return [{test.suite}.launch({test.remote}) for _ in range({_launches.TURNS})]",
            "",
            "with ThreadPoolExecutor(3) as pool:",
            f"    launched = sum(pool.map(one, {_launches.STARTS!r}), [])",
            f"assert len(flyte_admin.launches) == {len(ended)}",
            *([] if None in said else [_APART.format(len(ended))]),
        )
        told = (f"timeline  {story.timeline!r}", f"each call takes {seconds_of(_launches.DELAY)}")
        return Breach(what, told, picture_of(seen.admin, [], None, 0), test)

    @property
    def grace(self) -> float:
        """How long beyond the execution's end a launch may go on before it is stopped."""
        return 20 * self.poll_interval + 2 * self.survives + 120

    def prepare(self, admin: FakeFlyteAdmin) -> None:
        """Register what the code launches; more may be done here before each launch."""
        outputs = {name: type(value) for name, value in self.outputs.items()}
        admin.register(self.launch_plan, inputs=self.inputs, outputs=outputs)

    def _open(self, test: PastedTest, story: LaunchStory) -> None:
        """Begin a test as the stage was set."""
        if self.inputs:
            inputs = ", ".join(f"{name!r}: {_type(kind)}" for name, kind in self.inputs.items())
            outputs = {name: type(value) for name, value in self.outputs.items()}
            told = ", ".join(f"{name!r}: {_type(kind)}" for name, kind in outputs.items())
            test.add(
                f"flyte_admin.register({self.launch_plan!r}, "
                f"inputs={{{inputs}}}, outputs={{{told}}})"
            )
        test.add(f"flyte_admin.on_launch({self.launch_plan!r}).always_plays({story.timeline!r})")
        test.add(*(fault.as_code() for fault in story.faults))

    def _breach(
        self,
        story: LaunchStory,
        seen: Launched,
        complaint: str,
        *checks: str,
        fails: bool = False,
    ) -> Breach:
        told = (
            f"timeline  {story.timeline!r}",
            *(f"fault     {fault.as_code()}" for fault in story.faults),
        )
        test = PastedTest(self, limit=f"{seen.limit:g}" if seen.ended.hung else None)
        self._open(test, story)
        call = f"{test.suite}.launch({test.remote})"
        raised = seen.ended.raised
        if seen.bystanders:
            test.needs("contextlib")
            test.add(
                "others = [",
                "    flyte_admin.add_execution(name, running().never_ends())",
                f"    for name in {tuple(seen.bystanders)!r}",
                "]",
                "with contextlib.suppress(Exception):",
                f"    {call}",
            )
        elif fails:
            test.needs("pytest")
            test.add("with pytest.raises(Exception):", f"    {call}")
        elif checks and raised is not None and not seen.ended.hung:
            test.needs("pytest")
            test.add("with pytest.raises(Exception) as failed:", f"    {call}")
        else:
            test.add(f"launched = {call}")
            if raised is not None:
                does = "never returns" if seen.ended.hung else f"raises {type(raised).__name__}"
                test.add(f"# today it {does}")
        made = "[launch.id.name for launch in flyte_admin.launches]"
        if any("made" in check for check in checks):
            test.add(f"made = {made}")
        if any("going_on" in check for check in checks):
            told_by = "str(failed.value)" if raised is not None else "launched.id.name"
            test.add(
                f"told = {told_by}",
                'stopped = {"ABORTING", "ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT"}',
                "going_on = [run for run in flyte_admin.launches if run.phase not in stopped]",
            )
        test.add(*checks)
        return Breach(
            complaint, told, picture_of(seen.admin, seen.calls, seen.ended, seen.at), test
        )


_AT_ONCE = 5
"""Seconds in which a client may try again by itself before it believes a refusal."""

_ONE = "assert len(flyte_admin.launches) == 1"

_APART = "assert len({{each.id.name for each in launched}}) == {}"


def _counted(seen: Launched) -> str:
    if not seen.phases:
        return "no execution"
    count = len(seen.phases)
    return f"{count} execution{'s' if count > 1 else ''}, {', '.join(map(repr, seen.phases))}"


def _type(kind: Any) -> str:
    return getattr(kind, "__name__", None) or repr(kind)
