"""What type checkers make of nodes: checked by mypy, never run.

A line with an ignore must not type-check; ``warn_unused_ignores`` fails it as soon as it does.
"""

from __future__ import annotations

from typing_extensions import assert_type

from flyte_testkit import (
    Timeline,
    aborting,
    failures,
    immediately,
    nodes,
    queued,
    running,
    undefined,
)
from flyte_testkit.nodes import (
    Array,
    Attempt,
    Branch,
    Dynamic,
    OpenAttempt,
    Subworkflow,
    Task,
    Where,
    Workflow,
)


def plays(*scripts: Timeline) -> None:
    """Stand for what takes timelines only."""


def check_types() -> None:
    """Each word has its type."""
    assert_type(nodes.waiting(30, reason="quota").queued(2), OpenAttempt)
    assert_type(queued(2).initializing(9), OpenAttempt)
    assert_type(nodes.running(60).succeeds(rows=9), Attempt)
    assert_type(nodes.task(running(60).succeeds(), nodes.immediately.times_out()), Task)
    assert_type(running(20).yields([nodes.task()] * 50).succeeds(o0=[1]), Attempt)
    assert_type(nodes.dynamic(running(20).yields(fit=nodes.task(of="fit")), retries=1), Dynamic)
    done = running(60).succeeds()
    assert_type(nodes.array(done, size=9, but={4: done, 5: [done]}, concurrency=2), Array)
    assert_type(nodes.subworkflow(fit=nodes.task(), after="a").succeeds(x=1), Subworkflow)
    assert_type(nodes.branch({"after": nodes.task()}, after=["a", "b"]), Branch)
    assert_type(nodes.gate(running(60).succeeds(o0=0.5), signal=float, timeout=60), nodes.Gate)
    assert_type(nodes.gate(nodes.running(60).times_out(), after="a"), nodes.Gate)
    assert_type(nodes.sleep(60, after=()), nodes.Sleep)
    assert_type(nodes.workflow(a=nodes.task()).on_terminate(aborting(3)), Workflow)
    assert_type(nodes.where().aborts("x", at=60, principal="ann"), Where)
    assert_type(
        nodes.workflow(undefined(3), a=nodes.task(after=())).on_failure(b=nodes.task()), Workflow
    )
    assert_type(nodes.where(a=nodes.task()).others(immediately.succeeds()), Where)
    assert_type(running(6).fails(failures.recoverable("no lock")), Timeline)


def check_what_is_refused() -> None:
    """The mistakes of tired people."""
    plays(queued(3).initializing(9).running(60).succeeds())  # type: ignore[arg-type]
    nodes.task(running(60))  # type: ignore[arg-type]
    nodes.gate(running(60))  # type: ignore[arg-type]
    nodes.where().on_terminate(nodes.running(3))  # type: ignore[arg-type]
    nodes.task(nodes.running(60))  # type: ignore[arg-type]
    nodes.task([running(60).succeeds()])  # type: ignore[arg-type]
    nodes.task(after=3)  # type: ignore[arg-type]
    plays(running(20).yields([nodes.task()]))  # type: ignore[arg-type]
    running(20).yields(nodes.task())  # type: ignore[arg-type]
    nodes.dynamic([nodes.task()])  # type: ignore[arg-type]
    nodes.task(of=nodes.task())  # type: ignore[arg-type]
    nodes.array([running(60).succeeds()])  # type: ignore[arg-type]
    nodes.array(but={"4": running(60).succeeds()})  # type: ignore[dict-item]
    nodes.array(but={4: nodes.task()})  # type: ignore[dict-item]
    nodes.array(size="9")  # type: ignore[arg-type]
    nodes.task(afer="x")  # type: ignore[call-arg]
    nodes.workflow(a=running(60).succeeds())  # type: ignore[arg-type]
    nodes.workflow(a=nodes.task)  # type: ignore[arg-type]
    nodes.workflow(a=nodes.workflow(b=nodes.task()))  # type: ignore[arg-type]
    nodes.workflow(running(60).succeeds(), a=nodes.task())  # type: ignore[arg-type]
    nodes.where(a=nodes.task()).succeeds(x=1)  # type: ignore[attr-defined]
    nodes.subworkflow(a=nodes.task()).others(running(60).succeeds())  # type: ignore[attr-defined]
    nodes.running(60).aborts("x")  # type: ignore[attr-defined]
    nodes.running(60, reason="x")  # type: ignore[call-arg]
    nodes.task().after = ()  # type: ignore[misc]
