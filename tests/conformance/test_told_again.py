"""What a fake played of a workflow that no story has is told by a script again: nothing is fitted.

Its own engine takes the place of a real one; whether it tells what a real one does is asked
elsewhere.
"""

from __future__ import annotations

import deriving
import playing
import pytest
from comparing import differences
from imitating import recording
from story_files import Story

from flyte_testkit import failures, nodes, running
from flyte_testkit.propeller.pace import INSTANT

pytest.importorskip("flytekit")

from flytekit import conditional, task, workflow


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
    with recording(pace=INSTANT) as (fake, recorder):
        fake.register(of)
        fake.on_launch(of).plays(tree)
        recorder.launch(of)
        return recorder.story()
