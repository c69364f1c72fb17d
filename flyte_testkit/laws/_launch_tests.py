"""Broken laws of launching, told: a story in words, a picture, and a test that shows it again.

Ignorant of the laws: what was broken, and which check shows it, each of them says itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.laws import _launches
from flyte_testkit.laws._promises import LaunchPromises
from flyte_testkit.laws._report import Breach, PastedTest, picture_of, seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyte_testkit.laws._launched import Launched
    from flyte_testkit.laws._launches import LaunchStory
    from flyte_testkit.laws._watching import Attempt

__all__ = ["ONE", "counted", "launch_breach", "own_name", "threads_breach"]

ONE = "assert len(flyte_admin.launches) == 1"
"""The check that one launch made one execution."""

_PLAIN = frozenset({bool, dict, float, int, str})
"""Types that a test can name without an import."""

_STOPPED = 'stopped = {"ABORTING", "ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT"}'


def launch_breach(
    suite: LaunchPromises,
    story: LaunchStory,
    seen: Launched,
    complaint: str,
    *checks: str,
    fails: bool = False,
    may_do_anything: bool = False,
) -> Breach:
    """Tell how one launch broke a law.

    Args:
        suite: Whose law it is.
        story: What happened to the launch.
        seen: What it left.
        complaint: What is wrong with that.
        checks: What the test asserts after its launch, which binds ``launched``, ``made``,
            ``others``, ``told`` and ``going_on`` for them.
        fails: Whether the test demands that the launch raises.
        may_do_anything: Whether the test does not mind how the launch ends.
    """
    told = [f"timeline  {story.timeline!r}"]
    told += [f"others    {story.rivals}"] if story.rivals and seen.part else []
    told += [f"fault     {fault.as_code()}" for fault in story.faults]
    test = PastedTest(suite, limit=f"{seen.limit:g}" if seen.ended.hung else None)
    _set_the_stage(test, suite, story, seen, kept=any("others" in check for check in checks))
    call, raised = test.call(seen.ended, "launch", test.remote), seen.ended.raised
    if may_do_anything:
        test.needs("contextlib")
        test.add("with contextlib.suppress(Exception):", f"    {call}")
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
    if any("made" in check for check in checks):
        test.add("made = [launch.id.name for launch in flyte_admin.launches]")
    if any("going_on" in check for check in checks):
        told_by = "str(failed.value)" if raised is not None else own_name(seen.ended)
        test.add(
            f"told = {told_by}",
            _STOPPED,
            "going_on = [run for run in flyte_admin.launches if run.phase not in stopped]",
        )
    test.add(*checks)
    picture = picture_of(seen.admin, seen.calls, seen.ended, seen.at)
    return Breach(complaint, tuple(told), picture, test)


def threads_breach(
    suite: LaunchPromises, story: LaunchStory, seen: Launched, ended: list[Attempt], complaint: str
) -> Breach:
    """Tell how launches in several threads broke a law.

    Args:
        suite: Whose law it is.
        story: What happened to the launches.
        seen: What they left.
        ended: How each of them ended.
        complaint: What is wrong with that.
    """
    each = f"{own_name(ended[0], 'each')} for each in launched"
    test = PastedTest(suite)
    test.needs("concurrent.futures", "time")
    call = test.call(ended[0], "launch", test.remote)
    _set_the_stage(test, suite, story, seen, kept=False)
    test.add(
        f"flyte_admin.on().delays({_launches.DELAY!r})",
        "",
        "def one(start):",
        "    time.sleep(start)",
        f"    return [{call} for _ in range({_launches.TURNS})]",
        "",
        "with ThreadPoolExecutor(3) as pool:",
        f"    launched = sum(pool.map(one, {_launches.STARTS!r}), [])",
        f"assert len(flyte_admin.launches) == {len(ended)}",
        *([] if None in _launches.names(ended) else [f"assert len({{{each}}}) == {len(ended)}"]),
    )
    told = (f"timeline  {story.timeline!r}", f"each call takes {seconds_of(_launches.DELAY)}")
    return Breach(complaint, told, picture_of(seen.admin, [], None, 0), test)


def own_name(ended: Attempt, launched: str = "launched") -> str:
    """Return, as code, the name of the execution that a launch has returned.

    Args:
        ended: How the launch ended.
        launched: The expression that is what it returned.
    """
    if isinstance(ended.returned, str):
        return launched
    return f"{launched}.id.name" if hasattr(ended.returned, "id") else f"{launched}.name"


def counted(seen: Launched) -> str:
    """Say how many executions a launch made, and which."""
    if not seen.phases:
        return "no execution"
    count = len(seen.phases)
    return f"{count} execution{'s' if count > 1 else ''}, {', '.join(map(repr, seen.phases))}"


def _set_the_stage(
    test: PastedTest, suite: LaunchPromises, story: LaunchStory, seen: Launched, *, kept: bool
) -> None:
    """Begin a test as the stage was set, with those in ``others`` that were there, if wanted."""
    outputs = {name: type(value) for name, value in suite.outputs.items()}
    if type(suite).prepare is not LaunchPromises.prepare or not _PLAIN.issuperset(
        (*suite.inputs.values(), *outputs.values())
    ):
        test.add(f"{test.suite}.prepare(flyte_admin)")
    elif suite.inputs or seen.part:
        test.add(
            f"flyte_admin.register({suite.launch_plan!r}, "
            f"inputs={_types(suite.inputs)}, outputs={_types(outputs)})"
        )
    test.add(  # where no launch gets through, none is played
        f"flyte_admin.on_launch({suite.launch_plan!r}, strict=False)"
        f".always_plays({story.timeline!r})"
    )
    if kept:
        test.add(
            "others = [",
            "    flyte_admin.add_execution(name, running().never_ends())",
            f"    for name in {_launches.BYSTANDERS!r}",
            "]",
        )
    if story.rivals and seen.part:
        test.add(*story.rivals.as_code(seen.part, "others" if kept else ""))
    test.add(*(fault.as_code(strict=False) for fault in story.faults))


def _types(interface: Mapping[str, type]) -> str:
    told = [f"{name!r}: {kind.__name__}" for name, kind in interface.items()]
    return f"{{{', '.join(told)}}}"
