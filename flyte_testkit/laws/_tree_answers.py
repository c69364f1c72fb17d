"""Whether what the code under test says of an execution and of its failure is true.

Ignorant of where the answers come from, and of how a broken law is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core.execution_pb2 import WorkflowExecution

from flyte_testkit.errors import FlyteTestkitError, shown
from flyte_testkit.laws._tree_names import Meant, meant
from flyte_testkit.laws._tree_wrongs import Wrong, because, is_number, named_so, short
from flyte_testkit.propeller.phases import OUTCOMES

if TYPE_CHECKING:
    from flyte_testkit.laws._tree_truth import TrueNode, Truth

__all__ = ["judge_error", "judge_failing", "judge_items", "judge_outcome"]

_LISTED: Final = 100
"""Letters of an error that FlyteAdmin leaves in its lists."""

_TELLING: Final = 20
"""So many letters of an error tell it from others."""


def judge_outcome(truth: Truth, answer: Any) -> Wrong | None:
    """Return what is wrong with how an execution is said to have ended."""
    if _outcome_of(answer) == truth.outcome:
        return None
    what = f"outcome said {answer!r} of an execution that is {truth.phase}."
    if truth.outcome is None or answer is None:
        return Wrong(what, f"assert said != {answer!r}")
    right: object = truth.outcome.lower() if str(answer).islower() else truth.outcome
    if is_number(answer):
        right = WorkflowExecution.Phase.Value(truth.outcome)
    return Wrong(what, f"assert said == {right!r}")


def _outcome_of(answer: Any) -> str | None:
    """Return how an answer says that an execution ended; None if it says that it has not."""
    if answer is None:
        return None
    phases = WorkflowExecution.Phase
    told = phases.Name(answer) if is_number(answer) and answer in phases.values() else answer
    name = told.upper().replace(" ", "_") if isinstance(told, str) else ""
    if name in phases.keys():  # noqa: SIM118  it is no mapping
        return name if name in OUTCOMES else None
    raise FlyteTestkitError(
        f"outcome returned {shown(answer)}. Return how the execution ended, "
        f"{' or '.join(map(repr, OUTCOMES))}, or None if it has not."
    )


def judge_failing(truth: Truth, answer: Any) -> Wrong | None:
    """Return what is wrong with the node that is said to have made an execution fail.

    While it runs, and when somebody stopped it, nobody need be blamed, even if a node has failed.
    """
    said, culprits = meant(answer), truth.culprits
    if said is None:
        if truth.outcome != "FAILED" or not culprits:
            return None
        what = f"failing said {answer!r}, but {culprits[0]} made it fail.{because(culprits[0])}"
        return Wrong(what, "assert said")
    if any(_is_blamed(said, node) for node in culprits):
        return None
    meaning = next((node for node in truth.nodes if node.is_meant(said)), None)
    also = "" if meaning is None else f", which is {meaning}: {meaning.phase}"
    told = f"failing said {short(answer)}{also}; but"
    if culprits:
        what = f"{told} {culprits[0]} made it fail.{because(culprits[0])}"
        return Wrong(what, f"assert {named_so('said', [answer], culprits, truth.nodes)}")
    return Wrong(
        f"{told} no node of it has failed. The execution is {truth.phase}.", "assert not said"
    )


def _is_blamed(said: Meant, node: TrueNode) -> bool:
    return node.is_meant(said) and (said.item is None or said.item in node.items)


def judge_error(truth: Truth, answer: Any) -> Wrong | None:
    """Return what is wrong with the error that is told of a failed execution."""
    parts, culprits = _parts(answer), truth.culprits
    if truth.outcome != "FAILED" or not all(it.messages or it.codes for it in culprits):
        return None  # a node whose time was up says nothing
    if not culprits:
        return None
    if parts and any(all(_tells(part, node) for part in parts) for node in culprits):
        return None
    node = culprits[0]
    what = f"error said {short(answer)}, but {node} made it fail.{because(node)}"
    if not parts:
        return Wrong(what, "assert said")
    if not isinstance(answer, str):
        return Wrong(what, f"assert str(said) != {str(answer)!r}")
    if " " not in answer or not node.messages:
        return Wrong(what, f"assert said != {answer!r}")
    told = min(node.messages, key=len).strip().splitlines()[0][:_LISTED].strip()
    return Wrong(what, f"assert {told!r} in said")


def _parts(answer: Any) -> list[str]:
    """Return the texts of which an error consists."""
    if answer is None or isinstance(answer, str):
        return [answer.strip()] if answer and answer.strip() else []
    if isinstance(answer, (list, tuple)):
        return [part for each in answer for part in _parts(each)]
    if isinstance(getattr(answer, "message", None), str):
        return _parts([answer.message, getattr(answer, "code", None)])
    raise FlyteTestkitError(
        f"error returned {shown(answer)}. Return the message or the code of the error of the node "
        "that failed, or the client's error; None if there is none."
    )


def _tells(text: str, node: TrueNode) -> bool:
    """Whether a text tells of a node's error: its code, its message, part of it, or more."""
    if text in node.codes:
        return True
    ends = [text, *(text.split(": ", count)[-1] for count in range(1, text.count(": ") + 1))]
    for message in map(str.strip, node.messages):
        if message[:_LISTED].strip() in text:
            return True
        enough = min(len(message), _TELLING)
        if any(len(end) >= enough and end.rstrip(".…") in message for end in ends):
            return True
    return False


def judge_items(truth: Truth, answer: Any) -> Wrong | None:
    """Return what is wrong with the items that are said to have failed of a failing map."""
    told = _indexes(answer)
    culprits = truth.culprits if truth.outcome == "FAILED" else ()
    if any(told == node.items or (is_number(answer) and answer in node.items) for node in culprits):
        return None
    if not culprits:
        what = f"items said {short(answer)}, but the execution is {truth.phase}."
        return Wrong(what, "assert not said") if told else None
    node, failed = culprits[0], sorted(culprits[0].items)
    if not failed:
        what = f"items said {short(answer)}, but {node} made it fail, which is no map."
        return Wrong(what, f"assert said != {answer!r}")
    what = f"items said {short(answer)}, but of {node} the items {failed} failed."
    if is_number(answer) or answer is None:
        return Wrong(what, f"assert said in {[*failed, failed]!r}")
    return Wrong(what, f"assert sorted(said) == {failed}")


def _indexes(answer: Any) -> frozenset[int]:
    listed = [] if answer is None else [answer] if is_number(answer) else answer
    if isinstance(listed, Iterable) and not isinstance(listed, (str, bytes)):
        indexes = list(listed)
        if all(map(is_number, indexes)):
            return frozenset(indexes)
    raise FlyteTestkitError(
        f"items returned {shown(answer)}. Return the indexes of the items that failed, from 0, if "
        "the node that failed is a map: [4, 7]; else none: []."
    )
