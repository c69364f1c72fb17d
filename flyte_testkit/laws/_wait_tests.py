"""Broken laws of waiting, told: a story in words, a picture, and a test that shows it again.

Ignorant of the laws: what was broken, and which check shows it, each of them says itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.laws._crowds import NAMES, PLAN, owned, says
from flyte_testkit.laws._report import Breach, PastedTest, picture_of, seconds_of
from flyte_testkit.laws._watching import ENDED

if TYPE_CHECKING:
    from flyte_testkit.laws._crowds import CrowdSeen
    from flyte_testkit.laws._promises import Promises, WaitPromises
    from flyte_testkit.laws._stories import Crowd, Story
    from flyte_testkit.laws._watching import Seen

__all__ = ["RAN_ON", "crowd_breach", "early_breach", "wait_breach"]

RAN_ON = 'raise AssertionError("it should have raised TimeoutError")'
"""The check that fails wherever a wait gets past its time without a word."""


def wait_breach(
    suite: Promises,
    story: Story,
    seen: Seen,
    complaint: str,
    *checks: str,
    may_give_up: bool = False,
    may_fail: bool = False,
    may_do_anything: bool = False,
) -> Breach:
    """Tell how one wait broke a law.

    Args:
        suite: Whose law it is.
        story: What happened to the wait.
        seen: What the wait did.
        complaint: What is wrong with that.
        checks: What the test asserts after its wait, which binds ``said`` and ``run`` for them.
        may_give_up: Whether the test forgives a TimeoutError.
        may_fail: Whether the test demands that the wait raises, and no TimeoutError.
        may_do_anything: Whether the test does not mind how the wait ends.
    """
    if not seen.calls and seen.raised is None:
        complaint += (
            "\nIt made no call for that, so it remembers an execution from before: by itself the "
            "test below may pass."
        )
    told = [f"timeline  {story.timeline!r}", f"timeout   {story.timeout:g} s"]
    told += [f"age       {story.age:g} s when the wait begins"] if story.age else []
    told += [f"others    {story.others}"] if story.others else []
    told += [f"fault     {fault.as_code()}" for fault in story.faults]
    if story.start is not None:
        told.append(f"local     {story.zone}, from {story.start:%Y-%m-%d %H:%M:%S} UTC on")
    start = None if story.start is None else repr(story.start)
    test = PastedTest(suite, start=start, limit=f"{seen.limit:g}" if seen.hung else None)
    test.local_time(story.zone)
    test.execution(story.timeline, story.others, bound=any("run." in check for check in checks))
    if story.age:
        test.add(f"flyte_admin.clock.advance({story.age:g})")
    test.add(*(fault.as_code(strict=False) for fault in story.faults))
    call = test.call(seen, "wait", test.remote, "execution", f"{story.timeout:g}")
    if may_do_anything:
        test.needs("contextlib")
        test.add("with contextlib.suppress(Exception):", f"    {call}")
    elif may_fail:
        test.needs("pytest")
        test.add("with pytest.raises(Exception) as stopped:", f"    {call}")
        test.add("assert not issubclass(stopped.type, TimeoutError)")
    elif may_give_up and seen.gave_up:
        test.needs("contextlib")
        test.add("with contextlib.suppress(TimeoutError):", f"    {call}")
    else:
        test.add(f"said = {call}" if any("said" in check for check in checks) else call)
    test.add(*checks)
    return Breach(
        complaint, tuple(told), picture_of(seen.admin, seen.calls, seen, seen.at + story.age), test
    )


def early_breach(suite: Promises, story: Story, seen: Seen) -> Breach | None:
    """Tell of a wait that said that an execution was over while it was not, if it did."""
    if seen.raised is not None or seen.ended_at is not None:
        return None
    what = f"at {seconds_of(seen.at)} wait {seen}, while the execution was {seen.phase}."
    return wait_breach(suite, story, seen, what, f"assert run.phase in {sorted(ENDED)!r}")


def crowd_breach(
    suite: WaitPromises, crowd: Crowd, seen: CrowdSeen, complaint: str, latest: list[float]
) -> Breach:
    """Tell how waits in several threads broke a law.

    Args:
        suite: Whose law it is.
        crowd: What happened to the waits.
        seen: What they did.
        complaint: What is wrong with that.
        latest: When each of them should have been over, in seconds.
    """
    lives = [owned(timeline, number) for number, timeline in enumerate(crowd.timelines)]
    told = [
        f"{name} from {start:g} s on, for {timeout:g} s  {life!r}"
        for name, start, timeout, life in zip(
            NAMES, crowd.starts, crowd.timeouts, lives, strict=True
        )
    ]
    told.append(f"each call takes {crowd.delay:g} s")
    test = PastedTest(suite)
    test.needs("concurrent.futures", "time")
    test.add(f'flyte_admin.register("{PLAN}", outputs={{"owner": str}})', "executions = []")
    for name, life in zip(NAMES, lives, strict=True):
        test.add(
            f'flyte_admin.add_execution("{name}", {life!r}, launch_plan="{PLAN}")',
            f'executions.append({test.remote}.fetch_execution(name="{name}"))',
        )
    if crowd.delay:
        test.add(f"flyte_admin.on().delays({crowd.delay!r})")
    test.add(
        "",
        "def one(start, execution, timeout):",
        "    time.sleep(start)",
        "    try:",
        f"        said = {test.call(seen.waits[0], 'wait', test.remote, 'execution', 'timeout')}",
        "    except TimeoutError:",
        "        said = None",
        "    return said, flyte_admin.clock.elapsed",
        "",
        f"with ThreadPoolExecutor({len(lives)}) as pool:",
        f"    starts, timeouts = {list(crowd.starts)!r}, {list(crowd.timeouts)!r}",
        "    ended = list(pool.map(one, starts, executions, timeouts))",
        f"assert [said for said, _ in ended] == {[says(life) for life in lives]!r}",
        f"assert all(at <= most for (_, at), most in zip(ended, {latest!r}))",
    )
    if suite.outputs is not None:
        read = next((each for each in seen.outputs if each is not None), None)
        test.add(
            "for execution, (said, _) in zip(executions, ended):",
            "    if said:",
            f"        outputs = {test.call(read, 'outputs', test.remote, 'execution')}",
            '        assert outputs["owner"] == execution.id.name',
        )
    return Breach(complaint, tuple(told), picture_of(seen.admin, [], None, 0), test)
