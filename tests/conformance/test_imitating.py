"""What could have been recorded of other workflows is told as scripts, and played as it was."""

from __future__ import annotations

from datetime import timedelta

import deriving
import playing
import pytest
from comparing import differences
from imitating import recording
from story_files import Story

from flyte_testkit import failures, nodes, queued, running

pytest.importorskip("flytekit")

from flytekit import (
    Cache,
    LaunchPlan,
    conditional,
    dynamic,
    map_task,
    sleep,
    task,
    wait_for_input,
    workflow,
)
from flytekit.core.options import Options


@task
def add(a: int, b: int) -> int:
    return a + b


@task(retries=2)
def fit(a: int) -> int:
    return a


@task(timeout=timedelta(seconds=6))
def slow(a: int) -> int:
    return a


@task(cache=Cache(version="1"))
def cached(a: int) -> int:
    return a


@task
def listed(a: int) -> list[int]:
    return [a]


@task
def total(found: list[int]) -> int:
    return sum(found)


@dynamic
def tune(a: int) -> int:
    return add(a=a, b=1)


@workflow
def chain(a: int) -> int:
    return add(a=add(a=a, b=1), b=2)


plan_of_chain = LaunchPlan.get_or_create(chain, "plan_of_chain")


@workflow
def launches(a: int) -> int:
    return plan_of_chain(a=a)


plan_of_launches = LaunchPlan.get_or_create(launches, "plan_of_launches")


@workflow
def grandparent(a: int) -> int:
    return plan_of_launches(a=a)


@workflow
def one_of_two_plans(a: int) -> int:
    size = add(a=a, b=1)
    return (
        conditional("which")
        .if_(size > 5)
        .then(plan_of_chain(a=size))
        .else_()
        .then(plan_of_launches(a=size))
    )


@workflow
def goes_on(a: int) -> int:
    return fit(a=plan_of_chain(a=a))


@workflow
def finds(a: int) -> int:
    return add(a=cached(a=a), b=cached(a=add(a=a, b=1)))


@workflow
def tunes(a: int) -> int:
    return add(a=tune(a=a), b=1)


@workflow
def maps(a: int) -> int:
    return total(found=map_task(fit)(a=listed(a=a)))


@workflow
def waits(a: int) -> int:
    return slow(a=wait_for_input("size", timeout=timedelta(hours=1), expected_type=int))


@workflow
def all_kinds(a: int) -> int:
    size = wait_for_input("size", timeout=timedelta(hours=1), expected_type=int)
    found = map_task(fit)(a=listed(a=cached(a=size)))
    nap = sleep(timedelta(seconds=4))
    number = total(found=found)
    number >> nap
    return (
        conditional("which").if_(number > 5).then(add(a=number, b=1)).else_().then(chain(a=number))
    )


plan_of_all = LaunchPlan.get_or_create(all_kinds, "plan_of_all")


@workflow
def launches_all(a: int) -> int:
    return plan_of_all(a=a)


@workflow
def five(a: int):
    for b in range(5):
        add(a=a, b=b)


def lasts(seconds):
    return queued(1).initializing(0.7).running(seconds)


def done(seconds=3, **outputs):
    return nodes.task(lasts(seconds).succeeds(**outputs))


BAD = nodes.task(lasts(4).fails("bad"))
WHERE = nodes.where().others(lasts(3).succeeds())
AGAIN = failures.recoverable("again")
LAUNCHED = (chain, plan_of_chain, launches, plan_of_launches)


def yielding(*named, **nodes_):
    return nodes.where(tune=nodes.dynamic(lasts(3).yields(*named, **nodes_))).others(
        lasts(2).succeeds()
    )


RUNS = {
    "a plan in a plan": (grandparent, WHERE),
    "a plan in a plan whose end is not seen": (grandparent, WHERE),
    "one of two plans": (one_of_two_plans, nodes.where(n0=done(o0=8))),
    "the other plan": (one_of_two_plans, nodes.where(n0=done(o0=1))),
    "a plan that a dynamic task launches": (
        tunes,
        yielding([nodes.launch_plan(of="plan_of_chain", inputs={"a": 1}), done()]),
    ),
    "a sleep that a dynamic task yields": (
        tunes,
        yielding(dn0=done(), nap=nodes.sleep(5, after="dn0")),
    ),
    "a gate whose time is up in a dynamic task": (tunes, yielding(go=nodes.gate(timeout=5))),
    "a failure node in what a dynamic task yields": (
        tunes,
        yielding(part=nodes.subworkflow(dn0=BAD).on_failure(clean=done())),
    ),
    "a map over what a task gave": (
        maps,
        nodes.where(
            listed=done(o0=[1, 2, 3]),
            n1=nodes.array(
                lasts(3).succeeds(), but={1: [lasts(2).fails(AGAIN), lasts(2).succeeds()]}
            ),
        ),
    ),
    "a map over nothing that a task gave": (maps, nodes.where(listed=done(o0=[]))),
    "a task that takes too long": (
        waits,
        nodes.where(
            size=nodes.gate(running(7).succeeds(o0=5)),
            slow=nodes.task(queued(1.5).running(4.5).times_out()),
        ),
    ),
}


def played_again(story):
    again = Story.read("again", playing.played(story))
    return list(differences(story, again)), deriving.scripts(story)


@pytest.mark.parametrize("run", RUNS)
def test_a_run_is_played_as_it_was(run):
    of, tree = RUNS[run]
    with recording() as (fake, recorder):
        for one in (*LAUNCHED, of):
            fake.register(one)
        for plan in ("plan_of_chain", "plan_of_launches"):
            fake.on_launch(plan).plays(WHERE)
        fake.on_launch(of).plays(tree)
        recorder.launch(of)
        if "not seen" in run:
            fake.clock.advance(25)
            fake.terminate("a-run-of-mine", "enough")
        story = recorder.story()

    assert played_again(story)[0] == []


@pytest.mark.parametrize("number", [1, 9])
def test_a_child_of_all_kinds_is_made_up(number):
    tree = nodes.where(
        size=nodes.gate(running(5).succeeds(o0=4)),
        listed=done(o0=[1, 2, 3]),
        n3=nodes.array(lasts(3).succeeds(), but={1: [lasts(2).fails(AGAIN), lasts(2).succeeds()]}),
        total=done(o0=number),
    ).others(lasts(2).succeeds())
    with recording() as (fake, recorder):
        for one in (all_kinds, plan_of_all, launches_all):
            fake.register(one)
        fake.on_launch("plan_of_all").plays(tree)
        fake.on_launch(launches_all).plays(WHERE)
        recorder.launch(launches_all)
        story = recorder.story()

    assert played_again(story)[0] == []


@pytest.mark.parametrize("yields", [False, True])
def test_what_an_earlier_run_had_cached_is_found(yields):
    hits = [nodes.task(of=f"{__name__}.cached", inputs={"a": a}) for a in (1, 1, 2)]
    of, tree = (tunes, yielding(hits)) if yields else (finds, WHERE)
    with recording() as (fake, recorder):
        for one in (finds, of):
            fake.register(one)
        fake.on_launch(of).plays(tree, tree)
        fake.add_execution("one-before", tree, launch_plan=of.name, inputs={"a": 1})
        recorder.launch(of)
        story = recorder.story()

    assert "one-before" in str(story.whole)
    assert played_again(story)[0] == []


def test_those_that_a_failure_finds_waiting_never_begin():
    with recording() as (fake, recorder):
        fake.register(five)
        fake.on_launch(five).plays(nodes.where(n0=BAD).others(lasts(9).succeeds()))
        recorder.launch(five, options=Options(max_parallelism=2))
        story = recorder.story()

    assert played_again(story)[0] == []


def test_a_relaunch_that_overwrites_the_cache_runs():
    with recording() as (fake, recorder):
        fake.register(finds)
        fake.on_launch(finds).plays(WHERE, WHERE)
        recorder.launch(finds)
        fake.clock.advance(60)
        recorder.again("RelaunchExecution", "relaunched", overwrite_cache=True)
        story = recorder.story()

    assert played_again(story)[0] == []


def test_two_runs_of_one_child_have_the_nodes_of_both():
    with recording() as (fake, recorder):
        for one in (chain, plan_of_chain, launches):
            fake.register(one)
        fake.on_launch("plan_of_chain").plays(WHERE, nodes.where(n0=BAD))
        fake.on_launch(launches).plays(WHERE, WHERE)
        recorder.launch(launches)
        fake.clock.advance(100)
        recorder.again("RelaunchExecution", "relaunched")
        story = recorder.story()

    assert list(story.told) == ["main", "child1", "child2", "relaunched"]
    assert played_again(story)[0] == []


def test_a_plan_in_a_plan_is_there_first_in_a_run_that_recovers_another():
    with recording() as (fake, recorder):
        for one in (*LAUNCHED, grandparent):
            fake.register(one)
        fake.on_launch("plan_of_chain").plays(nodes.where(n0=BAD), WHERE)
        fake.on_launch("plan_of_launches").plays(WHERE, WHERE)
        fake.on_launch(grandparent).plays(WHERE, WHERE)
        recorder.launch(grandparent)
        fake.clock.advance(100)
        recorder.again("RecoverExecution", "recovered")
        story = recorder.story()

    assert list(story.told) == ["main", "child1", "child2", "child3", "child4", "recovered"]
    assert played_again(story)[0] == []


def test_a_plan_that_was_never_launched_is_there():
    with recording() as (fake, recorder):
        for one in (*LAUNCHED, goes_on):
            fake.register(one)
        fake.on_launch("plan_of_chain").plays(nodes.where(n0=BAD))
        fake.on_launch(goes_on).plays(WHERE)
        recorder.launch(goes_on)
        story = recorder.story()

    assert played_again(story)[0] == []
