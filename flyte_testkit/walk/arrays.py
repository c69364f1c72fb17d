"""A node that maps a task over a list: its items side by side, in rounds, told in one attempt.

It has no nodes inside. Each round tells of the items that are there or have changed; only the end
tells of all. The first round after which too few can succeed cuts off what is still there.

Ignorant of what an item does.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import event_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import literals_pb2
from flyteidl.event import event_pb2 as events

from flyte_testkit import flow
from flyte_testkit.admin.database import times
from flyte_testkit.engine.nursery import AnyOf
from flyte_testkit.engine.performance import Act, Until, Wait
from flyte_testkit.engine.stage import error_of
from flyte_testkit.nodes import Array
from flyte_testkit.propeller import wording
from flyte_testkit.propeller.wording import Worded
from flyte_testkit.timeline import Fails, Succeeds
from flyte_testkit.walk.cached_items import CachedItems
from flyte_testkit.walk.failing import NodeFailed, Stopped
from flyte_testkit.walk.items import Item
from flyte_testkit.walk.limits import within
from flyte_testkit.walk.pods import log_of
from flyte_testkit.walk.tasks import limit_of
from flyte_testkit.weak import weakly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from flyte_testkit.engine.performance import Performance
    from flyte_testkit.walk.scope import Scope
    from flyte_testkit.walk.site import Site

__all__ = ["plays_array"]

_TYPE: Final = "container_array"
_PLUGIN: Final = "k8s-array"


def plays_array(
    site: Site, inputs: literals_pb2.LiteralMap, around: Scope, at: datetime
) -> Performance[literals_pb2.LiteralMap]:
    """Play a map of a task; the arguments are those of any node.

    Raises:
        TimelineError: There are not as many items as its script says.
    """
    return _Map(site, inputs, around).plays(at)


class _Map:
    """One map, and its items."""

    def __init__(self, site: Site, inputs: literals_pb2.LiteralMap, around: Scope) -> None:
        self.site = site
        self.inputs = inputs
        self.around = around
        self.array = site.node.array_node
        self.task = around.company.task_of(self.array.node)
        self.cached = CachedItems(site, inputs, around, weakly(self._given))
        self.items: list[Item] = []
        self.version = 0
        self.is_under_way = False  # whether its one attempt is
        self.error: core.ExecutionError | None = None  # of the last round in which an item failed

    def plays(self, at: datetime) -> Performance[literals_pb2.LiteralMap]:
        try:
            yield self.site.queued(at, self.inputs)
            at = yield Until(at)
            sizes = [*flow.sizes(self.array, self.inputs).values()]
            if wrong := wording.not_mappable(sizes):
                yield from self._fails(error_of(wrong, at), at)
            self.items = [*self._cast(sizes[0])]
            if self.items:
                yield self._event(at, self.items, phase="QUEUED", input_uri=self.site.place.inputs)
                self.is_under_way = True
            yield self.site.event(at, "RUNNING")
            at = yield from self._rounds(at)
            return (yield from self._succeeds(at))
        except Stopped as stopped:
            if self.is_under_way:
                yield self._last(stopped.at, "ABORTED")
            yield self.site.aborted(stopped)
            raise

    def _cast(self, size: int) -> Iterator[Item]:
        """Yield the items, with what their attempts do."""
        company = self.around.company
        scripted = company.cast.nodes.get(self.site.path)
        script = scripted if isinstance(scripted, Array) else Array()
        script.check_size(size, f"map {self.site.id!r}")
        retries = self.array.node.metadata.retries.retries or self.task.metadata.retries.retries
        for index in range(size):
            attempts = within(script.script_of(index) or (company.rest,), self.array.node)
            yield Item(index, attempts, retries, self.site.stage.audience)

    # Rounds.

    def _rounds(self, at: datetime) -> Performance[datetime]:
        """Let items go on until all have ended, or too many have failed."""
        most = self.array.parallelism or len(self.items)
        active: list[Item] = []
        if found := [item for item in self.items if self._is_found(item)]:
            self.version += 1
            yield self._event(at, found, phase="RUNNING", phase_version=self.version, told=True)
        to_come = deque(item for item in self.items if item.last is None)
        failed = 0
        while active or to_come:
            begun = [to_come.popleft() for _ in range(min(most - len(active), len(to_come)))]
            ready = [*(item for item in active if item.wait.is_over(at)), *begun]
            if not ready:
                at = yield _any_of([item.wait for item in active])
                continue
            for item in ready:
                item.goes_on(at)
                self._leaves(item)
            active += begun
            self.version += 1
            yield self._event(at, active, phase="RUNNING", phase_version=self.version, told=True)
            fallen = [item for item in ready if item.has_failed]
            if fallen:
                self.error = error_of(Worded(self._told(fallen), "", "UNKNOWN"), at)
            failed += len(fallen)
            active = [item for item in active if item.last is None]
            runs_all = getattr(self.array, "run_all_sub_nodes", False)  # newer than flyteidl 1.16.1
            goes_on = runs_all and (active or to_come)
            if failed > self._may_fail and not goes_on:
                error = self.error or error_of(wording.too_few_items(), at)
                yield self._last(at, "FAILED", error=error)
                yield from self._fails(error, at)
        return at

    def _is_found(self, item: Item) -> bool:
        """Let an item not run that is cached; return whether it is."""
        if (found := self.cached.finds(item.index)) is not None:
            item.is_found(found)
        return found is not None

    def _leaves(self, item: Item) -> None:
        """Let others find what an item has made, if it has just done so."""
        made = None if item.made is not None else self._made(item)
        if made is not None and self.cached.leaves(item.index, made):
            item.made, item.cache_status = made, "CACHE_POPULATED"

    @property
    def _may_fail(self) -> int:
        """How many items may fail: a ratio is one of all, rounded up."""
        size, array = len(self.items), self.array
        if array.WhichOneof("success_criteria") == "min_successes":
            return size - array.min_successes
        if array.WhichOneof("success_criteria") == "min_success_ratio":
            return size - math.ceil(array.min_success_ratio * size)
        return 0

    def _fails(self, error: core.ExecutionError, at: datetime) -> Iterator[Act]:
        yield self.site.event(at, "FAILED", error=error)
        raise NodeFailed(error)

    def _succeeds(self, at: datetime) -> Performance[literals_pb2.LiteralMap]:
        outputs = self._outputs()
        uri = self.site.place.outputs()
        blobs = {uri: outputs.SerializeToString(deterministic=True)}
        yield self._last(at, "SUCCEEDED", blobs, output_uri=uri)
        yield self.site.succeeded(at, outputs)
        return outputs

    def _told(self, fallen: Iterable[Item]) -> str:
        return "".join(wording.item_failed(one.index, self._text(one)).message for one in fallen)

    def _text(self, item: Item) -> str:
        """Return what an item says of its failure: what its task says, counted by nobody."""
        last = item.last
        assert last is not None  # noqa: S101  it has failed
        if not isinstance(last.ending, Fails):
            node = self.array.node
            return wording.timeout_expired(limit_of(node, self.task, last)).message
        failure, node_id = last.ending.failure.of_task, self._item_id(item)
        return self.site.stage.worded(failure, node_id=node_id, attempt=item.attempt).message

    # Outputs.

    def _outputs(self) -> literals_pb2.LiteralMap:
        """Return the lists that it gives: an element for each item, None of one that failed."""
        declared = self.task.interface.outputs.variables
        found = literals_pb2.LiteralMap()
        for output in declared:
            found.literals[output].collection.SetInParent()
        for item in self.items:
            made = self._made(item)
            for output in declared:
                literal = flow.NOTHING if made is None else made.literals[output]
                found.literals[output].collection.literals.append(literal)
        return found

    def _made(self, item: Item) -> literals_pb2.LiteralMap | None:
        """Return what one item gives; None if it has failed."""
        if item.made is not None:
            return item.made
        ending = None if item.last is None else item.last.ending
        return self._given(item.index, ending.outputs) if isinstance(ending, Succeeds) else None

    def _given(self, index: int, outputs: Mapping[str, object]) -> literals_pb2.LiteralMap:
        """Return what an item gives for which these outputs are scripted."""
        asked = self.around.asked_of(self.site)
        return flow.outputs(
            outputs,
            flow.of_an_item(self.task.interface.outputs, outputs),
            {output: demand.part(index) for output, demand in asked.items()},
            name=self.site.node.metadata.name or self.site.node.id,
        )

    # Events.

    def _last(
        self, at: datetime, phase: str, blobs: dict[str, bytes] | None = None, **fields: Any
    ) -> Act:
        """Say how its one attempt ends, and how all items do; what is still there is stopped."""
        self.is_under_way = False
        for item in self.items:
            item.stops()
        return self._event(at, self.items, blobs, phase=phase, **fields)

    def _item_id(self, item: Item) -> str:
        return f"{self.site.id}-0-n{item.index}"

    def _event(
        self,
        at: datetime,
        items: Iterable[Item],
        blobs: Mapping[str, bytes] | None = None,
        *,
        told: bool = False,
        **fields: Any,
    ) -> Act:
        """Say anything of its one attempt, and of some items; ``told`` is whether logs are."""
        event = events.TaskExecutionEvent(
            task_type=_TYPE,
            event_version=1,
            **fields,
        )
        event.task_id.CopyFrom(self.task.id)
        event.parent_node_execution_id.CopyFrom(self.site.identifier)
        event.metadata.plugin_identifier = _PLUGIN
        execution = self.site.stage.id
        for item in items:
            pod = f"{execution.name}-{self._item_id(item)}-{item.attempt}"
            phase: dict[str, Any] = {"phase": item.phase} if item.phase else {}
            resource = event.metadata.external_resources.add(
                external_id=pod, index=item.index, retry_attempt=item.attempt, **phase
            )
            if told and item.cache_status:
                resource.MergeFrom(events.ExternalResourceInfo(cache_status=item.cache_status))
            if told and item.has_logs:
                resource.logs.append(log_of(execution, pod, f"-{item.index}"))
        times.write(at, event.occurred_at)
        request = event_pb2.TaskExecutionEventRequest(event=event)
        return Act(at, "CreateTaskEvent", request, blobs=blobs or {})


def _any_of(waits: list[Wait]) -> Wait:
    """Return what is over once one of these is."""
    times = [wait.at for wait in waits if wait.at is not None]
    others = [wait for wait in waits if type(wait) not in {Wait, Until}]  # not a matter of time
    return AnyOf(min(times, default=None), others)
