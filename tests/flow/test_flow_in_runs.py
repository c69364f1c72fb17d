"""Real workflows of which next to nothing is scripted: what their nodes give is taken."""

import dataclasses

import pytest

from flyte_testkit import immediately, nodes, running

pytest.importorskip("flytekit")
from flytekit import conditional, task, workflow


@dataclasses.dataclass
class Config:
    name: str
    sizes: list[int]


@task
def configure() -> Config:
    return NotImplemented  # never run


@task
def count(n: int) -> int:
    return NotImplemented


@task
def split(paths: list[str]) -> list[str]:
    return NotImplemented


@task
def train(path: str) -> float:
    return NotImplemented


@workflow
def prepare() -> list[str]:
    return split(paths=["a"])


@workflow
def training() -> float:
    config = configure()
    count(n=config.sizes[3])
    auc = train(path=prepare()[2])
    again = conditional("again").if_(auc > 0.5).then(prepare()).else_().then(split(paths=["b"]))
    return train(path=again[1])


def read(flyte_admin, flyte_remote, script):
    """Play a script, and return the execution as flytekit reads it, nodes and all."""
    flyte_admin.register(training)
    flyte_admin.on_launch(training).plays(script)
    execution = flyte_remote.execute(training, inputs={})
    flyte_admin.clock.advance(600)
    return flyte_remote.sync(execution, sync_nodes=True)


def test_nothing_is_scripted_but_one_duration(flyte_admin, flyte_remote):
    script = nodes.where(configure=nodes.task(running(60).succeeds()))
    execution = read(flyte_admin, flyte_remote, script)

    assert execution.error is None
    inside = execution.node_executions
    assert inside["n0"].outputs["o0"].sizes == [0, 0, 0, 0]
    assert inside["n2"].outputs.get("o0", as_type=list[str]) == ["", "", ""]
    assert inside["n3"].inputs.get("path", as_type=str) == ""
    assert inside["n4"].outputs.get("o0", as_type=list[str]) == ["", ""]
    assert execution.outputs.get("o0", as_type=float) == 0.0


def test_scripted_values_are_taken_where_plain_ones_were(flyte_admin, flyte_remote):
    script = nodes.where(
        configure=nodes.task(immediately.succeeds(o0=Config("x", [1, 2, 3, 4]))),
        prepare=nodes.subworkflow(split=nodes.task(running(5).succeeds(o0=["p", "q", "r"]))),
        again=nodes.branch(split=nodes.task(running(5).succeeds(o0=["s", "t"]))),
    )
    execution = read(flyte_admin, flyte_remote, script)

    assert execution.error is None
    inside = execution.node_executions
    assert inside["n1"].inputs["n"] == 4
    assert inside["n3"].inputs["path"] == "r"
    assert inside["n5"].inputs["path"] == "t"


def test_a_scripted_list_that_is_too_short_fails_as_in_life(flyte_admin, flyte_remote):
    script = nodes.where(prepare=nodes.subworkflow(split=nodes.task(running(5).succeeds(o0=["p"]))))
    execution = read(flyte_admin, flyte_remote, script)

    assert "index [2] is out of range of [scalar:{primitive:{string_value:" in (
        execution.error.message
    )
