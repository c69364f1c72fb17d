"""A node that is told of wrongly: events that never arrive, blobs that come late or never.

What the node does is what it would do without a flaw; what of it is told is chosen here.

Ignorant of kinds of nodes.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flyteidl.core import execution_pb2 as core

from flyte_testkit.engine.performance import Act, Wait
from flyte_testkit.propeller.phases import TASK_OUTCOMES
from flyte_testkit.walk.failing import NodeFailed
from flyte_testkit.walk.late import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyteidl.core import literals_pb2

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.nodes import Flaw
    from flyte_testkit.walk.late import Late
    from flyte_testkit.walk.site import Site

__all__ = ["plays_flawed"]

_EVENTS: Final = frozenset({"CreateNodeEvent", "CreateTaskEvent"})


def plays_flawed(
    flaw: Flaw, site: Site, performance: Performance[literals_pb2.LiteralMap], late: Late
) -> Performance[literals_pb2.LiteralMap]:
    """Let a node be played, and tell of it what its flaw leaves.

    Args:
        flaw: What is wrong.
        site: Where the node stands.
        performance: What it does.
        late: Where blobs are left that come late.

    Raises:
        NodeFailed: It has failed, and somebody has noticed.
    """
    censored = _censored(performance, _Censor(flaw, site, late))
    if not flaw.unnoticed:
        return (yield from censored)
    with suppress(NodeFailed):
        yield from censored
    while True:
        yield Wait()


def _censored(
    performance: Performance[literals_pb2.LiteralMap], censor: _Censor
) -> Performance[literals_pb2.LiteralMap]:
    try:
        told = next(performance)
        while True:
            if isinstance(told, Act):
                yield from censor.lets(told)
                told = performance.send(told.at)
                continue
            yield from censor.lets_go()
            try:
                at = yield told
            except Exception as thrown:  # noqa: BLE001  it hears whatever is thrown into it
                told = performance.throw(thrown)
            else:
                told = performance.send(at)
    except StopIteration as end:
        yield from censor.lets_go()
        result: literals_pb2.LiteralMap = end.value
        return result


class _Censor:
    """What arrives of all that is said of one node, and of those inside of it.

    Args:
        flaw: What is wrong with it.
        site: Where it stands.
        late: Where blobs are left that come late.
    """

    def __init__(self, flaw: Flaw, site: Site, late: Late) -> None:
        self._flaw = flaw
        self._id = site.id
        self._late = late
        self._stays = False  # from now on
        self._is_over = False  # an event of the node was lost
        self._held: list[Act] = []  # the end of an attempt, which may be the last

    def lets(self, act: Act) -> Iterator[Act]:
        """Yield what arrives of an act."""
        if self._flaw.missing:
            if act.rpc == "CreateExecution":
                yield act._replace(is_orphan=True)
            elif act.rpc not in _EVENTS:
                yield act
        elif act.rpc in _EVENTS and _whose(act) == self._id:
            yield from self._own(self._with_fewer_blobs(act))
        else:
            yield act

    def lets_go(self) -> Iterator[Act]:
        """Yield what was held back and is no end of all."""
        while self._held:
            yield self._held.pop(0)

    def _own(self, act: Act) -> Iterator[Act]:
        phase = _phase(act)
        is_task = act.rpc == "CreateTaskEvent"
        if not self._stays:
            yield act
            self._stays = not is_task and phase == self._flaw.stays
        elif self._is_over or not is_task or self._flaw.stays == "QUEUED":
            yield from self._loses(act)
            self._is_over = self._is_over or not is_task
        else:
            yield from self.lets_go()
            if phase in TASK_OUTCOMES:
                self._held.append(act)
            else:
                yield act

    def _loses(self, act: Act) -> Iterator[Act]:
        """Yield the writing of blobs, which are there although nobody hears of them."""
        held, self._held = self._held, []
        for lost in (*held, act):
            if lost.blobs:
                yield written(lost.at, lost.blobs)

    def _with_fewer_blobs(self, act: Act) -> Act:
        flaw, event = self._flaw, act.request.event  # type: ignore[attr-defined]  # both have one
        blobs = dict(act.blobs)
        if flaw.deck and act.rpc == "CreateNodeEvent":
            blobs.pop(event.deck_uri, None)
        if flaw.data_after is not None and event.output_uri in blobs:
            after = {event.output_uri: blobs.pop(event.output_uri)}
            self._late.expect(act.at + timedelta(seconds=flaw.data_after), after)
        return act._replace(blobs=blobs)


def _whose(act: Act) -> str:
    event = act.request.event  # type: ignore[attr-defined]  # both kinds have one
    id_ = event.id if act.rpc == "CreateNodeEvent" else event.parent_node_execution_id
    node_id: str = id_.node_id
    return node_id


def _phase(act: Act) -> str:
    phases = core.NodeExecution if act.rpc == "CreateNodeEvent" else core.TaskExecution
    name: str = phases.Phase.Name(act.request.event.phase)  # type: ignore[attr-defined]  # as above
    return name
