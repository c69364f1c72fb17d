"""The laws of trees: what code that reads the nodes of an execution should say of them.

Ignorant of how stories are made up, played and told, and of what each answer is held against.
"""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, Any, ClassVar

from flyte_testkit.laws import _tree_stories as stories
from flyte_testkit.laws._suite import Laws, check_method, law
from flyte_testkit.laws._tree_answers import (
    judge_error,
    judge_failing,
    judge_items,
    judge_outcome,
)
from flyte_testkit.laws._tree_counts import judge_attempts, judge_done
from flyte_testkit.laws._tree_looks import look
from flyte_testkit.laws._tree_promises import QUESTIONS, TreePromises, check_questions
from flyte_testkit.laws._tree_tests import tree_breach

if TYPE_CHECKING:
    from flyte_testkit.laws._report import Breach
    from flyte_testkit.laws._tree_looks import Looked
    from flyte_testkit.laws._tree_stories import TreeStory

__all__ = ["TreeLaws"]


class TreeLaws(Laws, TreePromises):
    """Laws for code that reads the nodes of an execution: reports, explanations, progress bars.

    Inherit, and define ``read``, which calls the code under test; and a method for each question
    that it answers. What is not asked is not tested, and its laws are skipped::

        class TestOurReport(laws.TreeLaws):
            def read(self, remote, execution):
                return our_report(remote, execution)

            def failing(self, report):
                return report.culprit            # a node: "n0-0-n1", "fit", or "train.fit"

            def attempts(self, report):
                return report.attempts           # {"n0": 2, "n0-0-n1": 1}

    Each law is a test of your class. What is played is made up; what is true of it is read off the
    fake FlyteAdmin when your code is back.

    A node may be named by its unique id, its name, its path from the top, or by the client's node
    execution. ``read`` and the questions may be coroutines. The questions are

    * ``outcome(self, report)``: how the execution ended, ``"SUCCEEDED"``, ``"FAILED"``,
      ``"ABORTED"`` or ``"TIMED_OUT"``; None if it has not.
    * ``failing(self, report)``: the node that made it fail; None if none did.
    * ``error(self, report)``: the message or the code of that node's error.
    * ``items(self, report)``: if that node is a map, the indexes of its items that failed.
    * ``attempts(self, report)``: how many attempts each node has made, by node.
    * ``done(self, report)``: the nodes that are over, or a dict that says so of each.

    Attributes:
        while_it_runs: Whether the code may be called while the execution runs; False if it is only
            called when all is over.
    """

    _adapter: ClassVar[str] = "read"
    _takes: ClassVar[tuple[str, ...]] = ("remote", "execution")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check which questions are answered, and how."""
        check_questions(cls)
        super().__init_subclass__(**kwargs)
        for question in QUESTIONS:
            check_method(cls, question, ("report",))

    def read(self, remote: Any, execution: Any) -> Any:  # noqa: ARG002  a door
        """Call the code under test; yours to define. It looks once, and does not wait.

        Args:
            remote: A fresh ``FlyteRemote`` of the client that the class names.
            execution: What its ``fetch_execution`` returned.

        Returns:
            Whatever the questions are answered from.
        """
        raise unittest.SkipTest(
            f"{type(self).__name__} has no read. Define read(self, remote, execution), which calls "
            "the code under test, and what it answers: failing(self, report), …"
        )

    @law(stories.anything)
    def test_never_raises(self, story: TreeStory) -> Breach | None:
        """It reads whatever there is, at any instant, and is back at once without an exception."""
        return self._raised(story, look(self, story, self._answered()))

    @law(stories.flawed)
    def test_copes_with_broken_trees(self, story: TreeStory) -> Breach | None:
        """Nor does it raise where nodes are missing, stay RUNNING, or have no data yet.

        How the execution ended it says as truly as ever: that does not hang on its nodes.
        """
        looked = look(self, story, self._answered())
        breach = self._raised(story, looked)
        if breach is None and self.answers("outcome"):
            return self._judged(story, looked, "outcome")
        return breach

    @law(stories.few)
    def test_changes_nothing(self, story: TreeStory) -> Breach | None:
        """It only reads: nothing is launched, terminated, approved or changed."""
        looked = look(self, story)
        changes = [call.rpc for call in looked.calls if not _reads(call.rpc)]
        if not changes:
            return None
        what = f"read called {changes[0]}. Who reads a tree leaves it as it is."
        calls = f"flyte_admin.calls[{looked.before}:]"
        check = f"assert {changes[0]!r} not in [call.rpc for call in {calls}]"
        return tree_breach(self, story, looked, what, check, may_fail=True)

    @law(stories.endings)
    def test_tells_aborted_from_failed(self, story: TreeStory) -> Breach | None:
        """It says how an execution ended: well, badly, stopped by somebody, or out of time."""
        return self._asked(story, "outcome")

    @law(stories.phases)
    def test_never_says_over_while_it_runs(self, story: TreeStory) -> Breach | None:
        """It says that an execution is over once it is, and not while more is still to come."""
        return self._asked(story, "outcome")

    @law(stories.failures)
    def test_names_the_failing_leaf(self, story: TreeStory) -> Breach | None:
        """The node that it blames is the innermost one whose failure went up to the execution."""
        return self._asked(story, "failing")

    @law(stories.unfailing)
    def test_blames_nobody_for_nothing(self, story: TreeStory) -> Breach | None:
        """It blames no node of an execution in which none has failed, or none has yet."""
        return self._asked(story, "failing")

    @law(stories.shallow_failures)
    def test_tells_the_error_of_the_leaf(self, story: TreeStory) -> Breach | None:
        """The error that it tells is the last one of the node that made the execution fail."""
        return self._asked(story, "error")

    @law(stories.maps)
    def test_tells_which_items_failed(self, story: TreeStory) -> Breach | None:
        """If the node that failed is a map, it tells which of its items did."""
        return self._asked(story, "items")

    @law(stories.any_instant)
    def test_counts_attempts(self, story: TreeStory) -> Breach | None:
        """It says how many attempts each task has made, at whatever depth."""
        return self._asked(story, "attempts")

    @law(stories.any_instant)
    def test_knows_which_nodes_are_done(self, story: TreeStory) -> Breach | None:
        """It says of each node whether it is over, at whatever depth."""
        return self._asked(story, "done")

    @law(stories.pages)
    def test_reads_every_page(self, story: TreeStory) -> Breach | None:
        """What it says is true as well where there are more nodes than a page of a list holds."""
        asked = [each for each in ("failing", "error", "attempts", "done") if self.answers(each)]
        return self._asked(story, *(asked or ["failing"]))

    def _asked(self, story: TreeStory, *questions: str) -> Breach | None:
        """Return what is wrong with an answer, if anything is."""
        for question in questions:
            if not self.answers(question):
                raise unittest.SkipTest(
                    f"{type(self).__name__} says nothing of {question}. To have that tested, "
                    f"define {question}(self, report)."
                )
        looked = look(self, story, questions)
        if breach := self._raised(story, looked):  # no answer is none that is true
            return breach
        breaches = (self._judged(story, looked, question) for question in questions)
        return next((breach for breach in breaches if breach), None)

    def _judged(self, story: TreeStory, looked: Looked, question: str) -> Breach | None:
        """Return what is wrong with the answer to a question."""
        wrong = _JUDGES[question](looked.truth, looked.said[question].returned)
        if wrong is None:
            return None
        return tree_breach(self, story, looked, wrong.what, wrong.check, questions=(question,))

    def _raised(self, story: TreeStory, looked: Looked) -> Breach | None:
        """Return how a reading failed, or what is said of it, if one did."""
        if looked.ended.raised is not None:
            what = f"read {looked.ended}, of an execution that is {looked.truth.phase}."
            if looked.ended.hung and self.while_it_runs:
                what += " If it may only be called when all is over, say while_it_runs = False."
            return tree_breach(self, story, looked, what)
        for question, said in looked.said.items():
            if said.raised is not None:
                what = f"read came back, but of what it returned {question} {said}."
                return tree_breach(self, story, looked, what, questions=(question,))
        return None

    def _answered(self) -> tuple[str, ...]:
        return tuple(question for question in QUESTIONS if self.answers(question))


def _reads(rpc: str) -> bool:
    """Whether an RPC changes nothing."""
    return rpc != "GetOrCreateSignal" and rpc.startswith(("Get", "List", "CreateDownload"))


_JUDGES = {
    "outcome": judge_outcome,
    "failing": judge_failing,
    "error": judge_error,
    "items": judge_items,
    "attempts": judge_attempts,
    "done": judge_done,
}
