"""Kinds of nodes that trees are made of: how a leaf fails, what ends well beside it, what goes on.

A kind is given its name, and after which nodes it comes; None is after all that are written before
it. The simplest of each come first. Ignorant of how trees are put together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flyte_testkit import failures, nodes
from flyte_testkit.nodes._node import Node
from flyte_testkit.timeline import queued, running

__all__ = [
    "ENDS_WELL",
    "FAIL",
    "GOES_ON",
    "LONG",
    "LOST",
    "MAPS_THAT_FAIL",
    "QUICK",
    "TASKS_THAT_FAIL",
    "Kind",
    "says",
]

Kind = Callable[[str, "tuple[str, ...] | None"], Node]

LOST: Final = running(3).fails(failures.preempted())
QUICK: Final = running(3).succeeds()
LONG: Final = running(600).succeeds()


def says(name: str) -> str:
    """Return what a node of that name says of its failure."""
    return f"nan in {name}"


TASKS_THAT_FAIL: Final[tuple[Kind, ...]] = (
    lambda name, after: nodes.task(running(9).fails(says(name)), after=after),
    lambda name, after: nodes.task(
        running(4).fails(failures.recoverable(f"no lock for {name}")),
        running(5).fails(says(name)),
        after=after,
    ),
    lambda _, after: nodes.task(LOST, running(6).fails(failures.oom_killed()), after=after),
    lambda name, after: nodes.task(running(9).fails(says(name)), deck=True, after=after),
    lambda _, after: nodes.task(LOST, running(6).times_out(), after=after),
    lambda name, after: nodes.dynamic(running(9).fails(says(name)), after=after),
)

MAPS_THAT_FAIL: Final[tuple[Kind, ...]] = (
    lambda name, after: nodes.array(
        LONG, size=3, but={1: running(9).fails(says(name))}, after=after
    ),
    lambda name, after: nodes.array(
        QUICK,
        size=5,
        but={0: [LOST, LONG], 2: running(9).fails(says(name)), 4: running(9).fails("nan, too")},
        after=after,
    ),
    lambda name, after: nodes.array(
        QUICK, size=4, but={3: [LOST, running(6).fails(says(name))]}, concurrency=2, after=after
    ),
)

OTHERS_THAT_FAIL: Final[tuple[Kind, ...]] = (
    lambda name, after: nodes.launch_plan(
        running(9).fails(says(name)), of=f"{name}_plan", after=after
    ),
    lambda name, after: nodes.launch_plan(running(9).times_out(), of=f"{name}_plan", after=after),
    lambda name, after: nodes.launch_plan(
        running(9).aborts("enough"), of=f"{name}_plan", after=after
    ),
    lambda _, after: nodes.dynamic(
        LOST, running(6).fails(failures.futures_not_built()), after=after
    ),
    lambda _, after: nodes.gate(running(9).fails(failures.approval_refused()), after=after),
    lambda _, after: nodes.gate(timeout=9, after=after),
)

FAIL: Final = (*TASKS_THAT_FAIL, *MAPS_THAT_FAIL, *OTHERS_THAT_FAIL)

ENDS_WELL: Final[tuple[Kind, ...]] = (  # within the nine seconds in which others fail
    lambda _, after: nodes.task(QUICK, after=after),
    lambda _, after: nodes.cached(after=after),
    lambda _, after: nodes.task(LOST, QUICK, after=after),
    lambda name, after: nodes.task(
        running(3).fails(failures.recoverable(f"no lock for {name}")), QUICK, after=after
    ),
    lambda _, after: nodes.task(QUICK, deck=True, after=after),
    lambda _, after: nodes.array(
        QUICK,
        size=4,
        but={1: running(3).fails("an odd one"), 2: [LOST, QUICK], 3: nodes.cached()},  # type: ignore[dict-item]  # it takes that as well
        min_success_ratio=0.5,
        after=after,
    ),
    lambda _, after: nodes.sleep(3, after=after),
    lambda _, after: nodes.gate(QUICK, after=after),
    lambda name, after: nodes.subworkflow({f"{name}_in": nodes.task(QUICK)}, after=after),
    lambda name, after: nodes.branch({f"{name}_arm": nodes.task(QUICK)}, after=after),
    lambda _, after: nodes.dynamic(
        LOST, running(1).yields([nodes.task(QUICK), nodes.task(LOST, QUICK)]), after=after
    ),
    lambda name, after: nodes.launch_plan(
        nodes.workflow(**{f"{name}_in": nodes.task(QUICK)}), of=f"{name}_plan", after=after
    ),
)

GOES_ON: Final[tuple[Kind, ...]] = (
    lambda _, after: nodes.task(LONG, after=after),
    lambda _, after: nodes.task(queued(600).running(1).succeeds(), after=after),
    lambda _, after: nodes.task(LOST, LONG, after=after),
    lambda _, after: nodes.gate(after=after),
    lambda _, after: nodes.task(running().never_ends(), after=after),
    lambda _, after: nodes.sleep(600, after=after),
    lambda _, after: nodes.array(LONG, size=3, but={0: QUICK}, after=after),
    lambda name, after: nodes.subworkflow({f"{name}_in": nodes.task(LONG)}, after=after),
    lambda name, after: nodes.branch({f"{name}_arm": nodes.task(LONG)}, after=after),
    lambda _, after: nodes.dynamic(
        running(1).yields([nodes.task(LONG), nodes.task(QUICK)]), after=after
    ),
    lambda name, after: nodes.launch_plan(
        nodes.workflow(**{f"{name}_in": nodes.task(LONG)}), of=f"{name}_plan", after=after
    ),
)
