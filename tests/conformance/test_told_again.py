"""What a fake played of a workflow that no story has is told by a script again: nothing is fitted.

Its own engine takes the place of a real one; whether it tells what a real one does is asked
elsewhere.
"""

from __future__ import annotations

from datetime import timedelta

import deriving
import playing
import pytest
import rounding
from comparing import differences
from doors import over_grpc
from flyteidl.admin import common_pb2, execution_pb2
from hearing import Heard
from replaying import as_json
from story_files import Story

from flyte_testkit import failures, nodes, running

pytest.importorskip("flytekit")

from flytekit import conditional, task, workflow

NAME = "a-run-of-mine"
A_WHILE = timedelta(minutes=10)


@task
def measure(a: int) -> int:
    return a


@task
def listed(a: int) -> list[dict[str, int]]:
    return [{"b": a}]


@task(retries=2)
def add(a: int, b: int) -> int:
    return a + b


@workflow
def twice(a: int) -> int:
    return add(a=add(a=a, b=1), b=2)


@workflow
def flow(a: int) -> int:
    size = measure(a=a)
    return (
        conditional("outer")
        .if_(size > 10)
        .then(add(a=size, b=1))
        .else_()
        .then(
            conditional("inner")
            .if_((size > 5) & (size < 8))
            .then(add(a=size, b=2))
            .else_()
            .fail("too small")
        )
    )


@workflow
def paths(a: int) -> int:
    found = listed(a=a)
    return add(a=twice(a=found[1]["b"]), b=twice(a=a))


done = running(3).succeeds()
ARM = nodes.task(running(4).fails(failures.recoverable("again")), running(2).fails("bad"))
LOST = running(1).fails(failures.process_died())


@pytest.mark.parametrize(
    ("of", "tree"),
    [
        (flow, nodes.where(n0=nodes.task(running(5).succeeds(o0=11)))),
        (flow, nodes.where(n0=nodes.task(running(5).succeeds(o0=3)))),
        (
            flow,
            nodes.where(
                n0=nodes.task(running(5).succeeds(o0=7)),
                n1=nodes.branch(n1_n1=nodes.branch(n1_n1_n0=ARM)),
            ),
        ),
        (paths, nodes.where(n0=nodes.task(running(2).succeeds(o0=[])))),
        (paths, nodes.where(n0=nodes.task(running(2).succeeds(o0=[{"b": 1}])))),
        (paths, nodes.where(n0=nodes.task(running(2).succeeds(o0=[{}, {"c": 4}])))),
        (paths, nodes.where(n0=nodes.task(running(2).succeeds(o0=[{}, {"b": 4}])))),
        (
            paths,
            nodes.where(
                n1=nodes.subworkflow(n1=nodes.task(running(9).never_ends())),
                n2=nodes.subworkflow(
                    n0=nodes.task(LOST, done), n1=nodes.task(LOST, LOST, LOST, LOST)
                ),
            ),
        ),
        (paths, nodes.where(n3=nodes.task(running(6).times_out(), running(6).times_out()))),
    ],
)
def test_it_is_told_again(of, tree):
    story = told(of, tree)
    again = Story.read("again", playing.played(story))

    assert list(differences(story, again)) == [], deriving.scripts(story)


def told(of, tree):
    """A story of a workflow as a fake plays a script of it."""
    with over_grpc() as door:
        door.fake.register(of)
        door.fake.on_launch(of).plays(tree)
        heard = Heard(door.admin, {"main": NAME})
        door.fake.clock.move_to(rounding.BEGINNING)
        remote = door.fake.remote()
        plan = remote.fetch_launch_plan(name=of.name)
        remote.execute(plan, inputs={"a": 1}, execution_name=NAME)
        now = rounding.BEGINNING + A_WHILE
        asked = execution_pb2.WorkflowExecutionGetRequest()
        asked.id.project, asked.id.domain, asked.id.name = plan.id.project, plan.id.domain, NAME
        execution = door.ask("GetExecution", asked, now)
        which = common_pb2.ObjectGetRequest(id=execution.closure.workflow_id)
        compiled = door.ask("GetWorkflow", which, now).closure.compiled_workflow
        return Story.read("made-up", _whole(heard, as_json(execution), as_json(compiled)))


def _whole(heard, execution, compiled):
    execution["id"]["name"] = "${main}"
    execution["closure"]["created_at"] = "${t+0.0}"
    executions = heard.written()["executions"]
    executions["main"]["name"] = "given by whoever plays"
    return {
        "workflow": {
            "primary": compiled["primary"]["template"],
            "sub_workflows": [one["template"] for one in compiled.get("sub_workflows", ())],
            "tasks": [one["template"] for one in compiled["tasks"]],
        },
        "inputs": {"a": {"scalar": {"primitive": {"integer": "1"}}}},
        "executions": executions,
        "after": {"main": {"execution": execution}},
    }
