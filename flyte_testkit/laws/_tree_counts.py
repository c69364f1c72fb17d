"""Whether what the code under test says of all nodes of an execution is true.

Of each node it has to be told, those aside that others are inside of: a report may well leave them
out. Ignorant of where the answers come from, and of how a broken law is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.core.execution_pb2 import NodeExecution

from flyte_testkit.errors import FlyteTestkitError, shown
from flyte_testkit.laws._tree_names import meant
from flyte_testkit.laws._tree_wrongs import Wrong, is_number, named_as, named_so, short
from flyte_testkit.propeller.phases import NODE_OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyte_testkit.laws._tree_truth import TrueNode, Truth

__all__ = ["judge_attempts", "judge_done"]


class _Told(NamedTuple):
    """A node as an answer names it, what the answer says of it, and which it may be."""

    name: Any
    raw: Any
    value: Any
    nodes: list[TrueNode]


def judge_attempts(truth: Truth, answer: Any) -> Wrong | None:
    """Return what is wrong with how many attempts nodes are said to have made."""
    pairs = list(answer.items()) if isinstance(answer, Mapping) else answer
    if not isinstance(pairs, Iterable) or isinstance(pairs, (str, bytes)):
        raise _no_answer("attempts", answer, "a dict such as {'n0': 2, 'train.fit': 1}")
    among = "said.items()" if isinstance(answer, Mapping) else "said"
    told = _told("attempts", truth, pairs, _count)
    if wrong := _of_nobody("attempts", told, f"for node, _ in {among}"):
        return wrong
    for each in told:
        if any(each.value in node.counts for node in each.nodes):
            continue
        node = each.nodes[0]
        also = f"; {short(each.name)} may mean others" if len(each.nodes) > 1 else ""
        what = f"attempts said {each.value} of {node}, which made {min(node.counts)}{also}."
        named = named_as("node", each.name, node)
        check = f"assert [count for node, count in {among} if {named}] == [{min(node.counts)}]"
        return Wrong(what, check)
    for node in truth.nodes:
        said = [each for each in told if node in each.nodes]
        if node.is_group or 0 in node.counts or any(e.value in node.counts for e in said):
            continue
        what = f"attempts said nothing of {node}, which made {min(node.counts)}."
        if said:
            what = (
                f"attempts said {said[0].value} of {short(said[0].name)}, which means more nodes "
                f"than one: {node} made {min(node.counts)}. Call nodes of child executions apart."
            )
        if not told:
            return Wrong(what, "assert list(said)")
        named = named_so("node", [each.name for each in told], [node], truth.nodes)
        check = f"assert {min(node.counts)} in [count for node, count in {among} if {named}]"
        return Wrong(what, check)
    return None


def _count(value: Any) -> int:
    if value is None:
        return 0
    if is_number(value) and value >= 0:
        return int(value)
    raise _no_answer("attempts", value, "a number of attempts for each node")


def judge_done(truth: Truth, answer: Any) -> Wrong | None:
    """Return what is wrong with which nodes are said to be over."""
    if not isinstance(answer, Iterable) or isinstance(answer, (str, bytes)):
        raise _no_answer("done", answer, "the nodes that are over, as {'n0', 'train.fit'}")
    listed = list(answer.items() if isinstance(answer, Mapping) else answer)
    are_pairs = isinstance(answer, Mapping) or (bool(listed) and all(map(_is_pair, listed)))
    pairs = listed if are_pairs else [(each, True) for each in listed]
    among = "said.items()" if isinstance(answer, Mapping) else "said"
    told = _told("done", truth, pairs, _is_over)
    loop = f"for node, _ in {among}" if are_pairs else "for node in said"
    if wrong := _of_nobody("done", told, loop):
        return wrong
    for each in told:
        if any(each.value is node.is_over for node in each.nodes):
            continue
        node = each.nodes[0]
        what = f"done said that {node} is {'' if each.value else 'not '}done; it is {node.phase}."
        return Wrong(what, _check_over(each, node, among, are_pairs=are_pairs))
    if mistaken := _mistaken_for_over(truth, told):
        each, node = mistaken
        what = (
            f"done said that {short(each.name)} is done, which means more nodes than one: "
            f"{node} is {node.phase}. Call nodes of child executions apart."
        )
        return Wrong(what, _check_over(each, node, among, are_pairs=are_pairs))
    return _left_out(truth, told, among, are_pairs=are_pairs)


def _left_out(truth: Truth, told: list[_Told], among: str, *, are_pairs: bool) -> Wrong | None:
    """Return what is wrong if a node is over, and nobody says so."""
    for node in truth.nodes:
        if node.is_group or not node.is_over:
            continue
        if not any(node in each.nodes and each.value for each in told):
            what = f"done said nothing of {node}, which is {node.phase}."
            if not told:
                return Wrong(what, "assert list(said)")
            named = named_so("node", [each.name for each in told], [node], truth.nodes)
            if are_pairs:
                right = _said_right(told[0].raw, node)
                return Wrong(what, f"assert {right!r} in [it for node, it in {among} if {named}]")
            return Wrong(what, f"assert any({named} for node in said)")
    return None


def _mistaken_for_over(truth: Truth, told: list[_Told]) -> tuple[_Told, TrueNode] | None:
    """Return a node that is said to be over by the name of another one that is.

    The name of a node at the top is the way to it as well: it may mean that one alone.
    """
    for node in truth.nodes:
        said = [each for each in told if node in each.nodes]
        if node.is_over or not said or not all(each.value for each in said):
            continue
        others = [other for each in said for other in each.nodes if other.is_over]
        if any(len(other.way) < len(node.way) for other in others):
            continue
        return said[0], node
    return None


def _check_over(told: _Told, node: TrueNode, among: str, *, are_pairs: bool) -> str:
    """Return the check that a node is said to be what it is."""
    named, value = named_as("node", told.name, node), told.raw
    if not are_pairs:
        return f"assert not any({named} for node in said)"
    return f"assert [it for node, it in {among} if {named}] == [{_said_right(value, node)!r}]"


def _said_right(sample: object, node: TrueNode) -> object:
    """Return what is true of a node, said as such a sample is."""
    if sample is None or isinstance(sample, bool):
        return node.is_over
    return NodeExecution.Phase.Value(node.phase) if is_number(sample) else node.phase


def _is_over(value: Any) -> bool:
    """Return whether what stands beside a node says that it is over."""
    if value is None or isinstance(value, bool):
        return bool(value)
    phases = NodeExecution.Phase
    told = phases.Name(value) if is_number(value) and value in phases.values() else value
    if isinstance(told, str) and told.upper() in phases.keys():  # noqa: SIM118  it is no mapping
        return told.upper() in NODE_OUTCOMES
    raise _no_answer("done", value, "True, False, or its phase for each node")


def _is_pair(each: object) -> bool:
    """Whether it is a node and what is said of it; two texts are the way to a node."""
    if not isinstance(each, (list, tuple)) or len(each) != 2:
        return False
    return not all(isinstance(part, str) for part in each)


def _told(
    question: str, truth: Truth, pairs: Iterable[Any], value_of: Callable[[Any], Any]
) -> list[_Told]:
    """Return which nodes are told of; those that every workflow begins and ends with aside."""
    found = []
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise _no_answer(question, pair, "a dict, or pairs of a node and what is said of it")
        name, value = pair
        said = meant(name)
        if said is None:
            raise _no_answer(question, name, "the node's id, its name or its path")
        if not any(node.is_meant(said) for node in truth.others):
            nodes = [node for node in truth.nodes if node.is_meant(said)]
            found.append(_Told(name, value, value_of(value), nodes))
    return found


def _of_nobody(question: str, told: Sequence[_Told], loop: str) -> Wrong | None:
    """Return what is wrong if a node is told of that is not there."""
    for each in told:
        if not each.nodes:
            what = f"{question} told of {short(each.name)}, and there is no such node."
            return Wrong(what, f"assert {str(each.name)!r} not in [str(node) {loop}]")
    return None


def _no_answer(question: str, answer: object, wanted: str) -> FlyteTestkitError:
    return FlyteTestkitError(f"{question} returned {shown(answer)}. Return {wanted}.")
