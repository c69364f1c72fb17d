"""One workflow of flytekit with every kind of node: launched, approved, failed, recovered, read."""

import functools
import time
from datetime import timedelta
from typing import NamedTuple

import pytest

from flyte_testkit import failures, nodes, running

flytekit = pytest.importorskip("flytekit")

from flytekit import LaunchPlan, approve, conditional, dynamic, map_task, task, workflow


class Extracted(NamedTuple):
    rows: int
    paths: list[str]


@task(retries=2)
def extract(day: str) -> Extracted:
    return Extracted(1, ["a"])


@task
def fit(rows: int, path: str) -> float:
    return 1.0


@task
def total(values: list[float]) -> float:
    return sum(values)


@task
def report(auc: float, best: float, child: float) -> str:
    return "fine"


@workflow
def training(rows: int, path: str) -> float:
    return fit(rows=rows, path=path)


@dynamic
def sweep(rows: int) -> list[float]:
    return [fit(rows=rows, path="x") for _ in range(rows)]


plan = LaunchPlan.get_or_create(training, "training_plan")


@workflow
def nightly(day: str) -> str:
    rows, paths = extract(day=day)
    auc = training(rows=rows, path=paths[0])
    sweep(rows=rows)
    mapped = map_task(functools.partial(fit, rows=rows))(path=paths)
    checked = (
        conditional("check")
        .if_(auc > 0.5)
        .then(fit(rows=rows, path="good"))
        .else_()
        .then(training(rows=rows, path="bad"))
    )
    best = approve(total(values=mapped), "go", timeout=timedelta(hours=1))
    child = plan(rows=rows, path="z")
    return report(auc=checked, best=best, child=child)


EXTRACT = nodes.task(
    running(30).fails(failures.preempted()),
    running(60).succeeds(rows=2, paths=["a", "b", "c"]),
)
USUAL = {
    "extract": EXTRACT,
    "n1": nodes.subworkflow(fit=nodes.task(running(60).succeeds(o0=0.9))),
    "sweep": nodes.dynamic(running(20).yields([nodes.task(running(60).succeeds(o0=0.5))] * 2)),
    "n3": nodes.array(running(60).succeeds(o0=0.25)),
    "check": nodes.branch(fit=nodes.task(running(30).succeeds(o0=0.8))),
    "total": nodes.task(running(5).succeeds(o0=0.75)),
}


def approving(remote, execution):
    """Wait until somebody is asked, and approve."""
    while not remote.list_signals(execution.id.name):
        time.sleep(5)
    remote.approve("go", execution.id.name)
    return remote.wait(execution)


def test_it_is_launched_approved_failed_recovered_and_read(flyte_admin, flyte_remote):
    flyte_admin.register(training)
    flyte_admin.register(plan)
    flyte_admin.register(nightly)
    children = flyte_admin.on_launch("training_plan").plays(running(90).succeeds(o0=0.7))
    route = flyte_admin.on_launch(nightly).plays(
        nodes.where(**USUAL, report=nodes.task(running(5).fails("no disk"))),
        nodes.where(**USUAL, report=nodes.task(running(5).succeeds(o0="great"))),
    )
    launch_plan = flyte_remote.fetch_launch_plan(name=nightly.name)

    failed = approving(flyte_remote, flyte_remote.execute(launch_plan, inputs={"day": "monday"}))

    (first,) = route.launches
    assert "no disk" in failed.error.message
    assert first.failing.name == "report"
    assert first.nodes["extract"].outputs == {"rows": 2, "paths": ["a", "b", "c"]}
    assert [each.phase for each in first.nodes["extract"].attempts] == ["FAILED", "SUCCEEDED"]
    assert first.nodes["n3"].outputs == {"o0": [0.25] * 3}
    assert first.nodes["report"].inputs == {"auc": 0.8, "best": 0.75, "child": 0.7}
    assert len(children.launches) == 1

    recovered = flyte_remote.client.recover_execution(failed.id)
    execution = flyte_remote.wait(flyte_remote.fetch_execution(name=recovered.name))

    assert execution.outputs["o0"] == "great"
    second = route.launches[1]
    assert {name: node.phase for name, node in second.nodes.items()} == {
        **dict.fromkeys(second.nodes, "RECOVERED"),
        "report": "SUCCEEDED",
    }
    assert second.nodes["report"].inputs == first.nodes["report"].inputs
    assert second.nodes["extract"].outputs == first.nodes["extract"].outputs
    assert execution.node_executions["n8"].outputs["o0"] == "great"
