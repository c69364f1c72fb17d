"""Broken laws of waiting, told: a story in words, a picture, and a test that shows it again.

Ignorant of the laws: what was broken, and which check shows it, each of them says itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.laws._crowds import owned
from flyte_testkit.laws._report import Breach, PastedTest, picture_of

if TYPE_CHECKING:
    from flyte_testkit.laws._crowds import CrowdSeen
    from flyte_testkit.laws._stories import Crowd, Story
    from flyte_testkit.laws._waiting import WaitingLaws
    from flyte_testkit.laws._watching import Seen

__all__ = ["crowd_breach", "wait_breach"]


def wait_breach(
    suite: WaitingLaws,
    story: Story,
    seen: Seen,
    complaint: str,
    *checks: str,
    may_give_up: bool = False,
    may_fail: bool = False,
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
    """
    told = [f"timeline  {story.timeline!r}", f"timeout   {story.timeout:g} s"]
    told += [f"fault     {fault.as_code()}" for fault in story.faults]
    if story.start is not None:
        told.append(f"local     {story.zone}, from {story.start:%Y-%m-%d %H:%M:%S} UTC on")
    start = None if story.start is None else repr(story.start)
    test = PastedTest(suite, start=start, limit=f"{seen.limit:g}" if seen.hung else None)
    test.local_time(story.zone)
    test.execution(story.timeline, bound=any("run." in check for check in checks))
    test.add(*(fault.as_code() for fault in story.faults))
    call = f"{test.suite}.wait({test.remote}, execution, {story.timeout:g})"
    if may_fail:
        test.needs("pytest")
        test.add("with pytest.raises(Exception) as stopped:", f"    {call}")
        test.add("assert not issubclass(stopped.type, TimeoutError)")
    elif may_give_up and seen.gave_up:
        test.needs("contextlib")
        test.add("with contextlib.suppress(TimeoutError):", f"    {call}")
    else:
        test.add(f"said = {call}" if any("said" in check for check in checks) else call)
    test.add(*checks)
    return Breach(complaint, tuple(told), picture_of(seen.admin, seen.calls, seen, seen.at), test)


def crowd_breach(suite: WaitingLaws, crowd: Crowd, seen: CrowdSeen, complaint: str) -> Breach:
    """Tell how waits in several threads broke a law."""
    lives = [owned(timeline, number) for number, timeline in enumerate(crowd.timelines)]
    told = [
        f"run{number} from {crowd.starts[number]:g} s on  {life!r}"
        for number, life in enumerate(lives)
    ]
    told.append(f"each call takes {crowd.delay:g} s")
    test = PastedTest(suite)
    test.needs("concurrent.futures", "time")
    test.add("executions = []")
    for number, life in enumerate(lives):
        test.add(
            f'flyte_admin.add_execution("run{number}", {life!r})',
            f'executions.append({test.remote}.fetch_execution(name="run{number}"))',
        )
    if crowd.delay:
        test.add(f"flyte_admin.on().delays({crowd.delay!r})")
    test.add(
        "",
        "def one(start, execution):",
        "    time.sleep(start)",
        f"    said = {test.suite}.wait({test.remote}, execution, {crowd.timeout:g})",
    )
    if suite.outputs is not None:
        test.add(
            "    if said:",
            f'        owner = {test.suite}.outputs({test.remote}, execution)["owner"]',
            "        assert owner == execution.id.name",
        )
    test.add(
        "    return said",
        "",
        f"with ThreadPoolExecutor({len(lives)}) as pool:",
        f"    said = list(pool.map(one, {list(crowd.starts)!r}, executions))",
        f"assert said == {[life.phase == 'SUCCEEDED' for life in lives]!r}",
    )
    return Breach(complaint, tuple(told), picture_of(seen.admin, [], None, 0), test)
