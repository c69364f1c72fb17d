"""Broken laws of trees, told: a story in words, a picture, and a test that shows it again.

Ignorant of the laws: what was broken, and which check shows it, each of them says itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyte_testkit.laws._report import Breach, PastedTest, picture_of, seconds_of

if TYPE_CHECKING:
    from flyte_testkit.laws._tree_looks import Looked
    from flyte_testkit.laws._tree_promises import TreePromises
    from flyte_testkit.laws._tree_stories import TreeStory

__all__ = ["tree_breach"]


def tree_breach(
    suite: TreePromises,
    story: TreeStory,
    looked: Looked,
    complaint: str,
    *checks: str,
    questions: tuple[str, ...] = (),
    may_fail: bool = False,
) -> Breach:
    """Tell how one look broke a law.

    Args:
        suite: Whose law it is.
        story: What happened.
        looked: What was seen of the look.
        complaint: What is wrong with that.
        checks: What the test asserts; ``said`` is what the last question was answered.
        questions: What is asked.
        may_fail: Whether the test does not mind how the reading ends.
    """
    told = [f"script    {story.script!r}"]
    if story.again is not None:
        told.append(f"recovers  {story.again!r}")
    told.append(f"read at   {seconds_of(looked.at)}, when it is {looked.truth.phase}")
    if story.pace != "instant":
        told.append(f"pace      {story.pace}")
    limit = f"{looked.limit:g}" if looked.ended.hung else None
    pace = None if story.pace == "instant" else repr(story.pace)
    test = PastedTest(suite, limit=limit, pace=pace)
    _launched(test, story, looked)
    read = test.call(looked.ended, "read", test.remote, "execution", of="ours")
    test.add(f'execution = {test.remote}.fetch_execution(name="run")', f"ours = {test.suite}")
    if may_fail:
        test.needs("contextlib")
        test.add("with contextlib.suppress(Exception):", f"    {read}")
    else:
        test.add(f"report = {read}" if questions else read)
    for question in questions:
        call = test.call(looked.said.get(question), question, "report", of="ours")
        test.add(f"said = {call}" if checks else call)
    test.add(*checks)
    picture = picture_of(looked.admin, looked.calls, looked.ended, looked.at)
    return Breach(complaint, tuple(told), picture, test)


def _launched(test: PastedTest, story: TreeStory, looked: Looked) -> None:
    """Play a story up to its instant."""
    if story.again is None:
        test.add(f'flyte_admin.add_execution("run", {story.script!r})')
        test.add(*_moved(looked.at))
        return
    test.add(
        f'flyte_admin.add_execution("first", {story.script!r}, launch_plan="run")',
        f'flyte_admin.on_launch("run").plays({story.again!r})',
        *_moved(looked.failed_at or 0),
        f'first = {test.remote}.fetch_execution(name="first")',
        'flyte_remote.client.recover_execution(first.id, "run")'
        if test.remote == "flyte_remote"
        else 'flyte_client.recover(first, name="run")',
        *_moved(round(looked.at - (looked.failed_at or 0), 6)),
    )


def _moved(seconds: float) -> list[str]:
    return [f"flyte_admin.clock.advance({seconds:.10g})"] if seconds else []
