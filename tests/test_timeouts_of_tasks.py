"""Tasks that may take so long and no longer: an engine stops them, whatever a script says."""

from datetime import timedelta

import pytest

from flyte_testkit import failures, nodes, polls, running
from flyte_testkit.errors import TimelineError

flytekit = pytest.importorskip("flytekit")

from flytekit import map_task, task, workflow

pytestmark = pytest.mark.flyte(transport="direct")


@task(timeout=timedelta(minutes=1))
def fit(rows: int) -> float:
    return 1.0


@task(timeout=timedelta(minutes=1), retries=1)
def twice(rows: int) -> float:
    return 1.0


@workflow
def training(rows: int) -> float:
    return fit(rows=rows)


@workflow
def stubborn(rows: int) -> float:
    return twice(rows=rows)


@workflow
def longer(rows: int) -> float:
    return fit(rows=rows).with_overrides(timeout=timedelta(minutes=5))


@workflow
def sweep(some: list[int]) -> list[float]:
    return map_task(fit)(rows=some)


def played(flyte_admin, entity, script, **inputs):
    flyte_admin.register(entity)
    flyte_admin.on_launch(entity).plays(script)
    return flyte_admin.remote().execute(
        flyte_admin.remote().fetch_launch_plan(name=entity.name),
        inputs=inputs or {"rows": 1},
        wait=True,
    )


LATE = [
    nodes.task(running(600).succeeds(o0=1.0)),
    nodes.task(running(600).fails("nan")),
    nodes.task(nodes.queued(30).running(40).succeeds(o0=1.0)),
    nodes.task(running(10).fails(failures.preempted()), running(61).succeeds(o0=1.0)),
    nodes.dynamic(running(61).yields([nodes.task()])),
    nodes.task(running(600).times_out()),
]


@pytest.mark.parametrize("late", LATE)
def test_a_script_that_takes_longer_is_refused_when_it_is_planted(flyte_admin, late):
    flyte_admin.register(training)

    with pytest.raises(TimelineError) as refused:
        flyte_admin.on_launch(training).plays(nodes.where(fit=late))

    assert "but an engine stops it after 1m, as the node says (timeout=)" in str(refused.value)
    assert "Write running(60).times_out()" in str(refused.value)


@pytest.mark.parametrize(
    "script",
    [
        nodes.where(fit=nodes.array(running(61).succeeds(o0=1.0))),
        nodes.where(fit=nodes.array(but={1: running(61).succeeds(o0=1.0)})),
        nodes.where().others(running(61).succeeds()),
    ],
)
def test_items_and_all_others_are_held_to_it_too(flyte_admin, script):
    flyte_admin.register(sweep)

    with pytest.raises(TimelineError, match="an engine stops it after 1m"):
        flyte_admin.on_launch(sweep).plays(script)


@pytest.mark.parametrize(
    "script", [running(60).succeeds(o0=0.5), nodes.queued(20).running(40).succeeds(o0=0.5)]
)
def test_what_is_in_time_plays(flyte_admin, script):
    execution = played(flyte_admin, training, nodes.where(fit=nodes.task(script)))

    assert execution.outputs["o0"] == 0.5


def test_a_node_may_say_otherwise_than_its_task(flyte_admin):
    script = nodes.where(fit=nodes.task(running(299).succeeds(o0=0.5)))

    assert played(flyte_admin, longer, script).outputs["o0"] == 0.5


@pytest.mark.parametrize(
    "script", [running().never_ends(), running(9).never_ends(), nodes.queued(7).never_ends()]
)
def test_what_never_ends_is_stopped_then(flyte_admin, script):
    execution = played(flyte_admin, training, nodes.where(fit=nodes.task(script)))

    assert execution.error.code == "RetriesExhausted|TimeoutExpired"
    assert "task execution timeout [1m0s] expired" in execution.error.message
    (launch,) = flyte_admin.launches
    assert launch.nodes["fit"].duration == 60


def test_what_never_ends_is_tried_again_and_its_node_is_timed_out(flyte_admin):
    execution = played(flyte_admin, stubborn, nodes.where(twice=nodes.task(running().never_ends())))

    assert execution.error.code == "Timeout"
    (launch,) = flyte_admin.launches
    assert launch.nodes["twice"].phase == "TIMED_OUT"
    assert [one.phase for one in launch.nodes["twice"].attempts] == ["ABORTED", "ABORTED"]
    assert launch.nodes["twice"].duration == 120


def test_an_item_that_never_ends_is_stopped_then(flyte_admin):
    script = nodes.where(
        fit=nodes.array(running(5).succeeds(o0=1.0), but={1: running().never_ends()})
    )

    execution = played(flyte_admin, sweep, script, some=[1, 2])

    assert "[1]: task execution timeout [1m0s] expired" in execution.error.message


def test_who_counts_looks_may_take_as_long_as_it_takes(flyte_admin):
    script = nodes.where(fit=nodes.task(running(polls(9)).succeeds(o0=0.5)))

    assert played(flyte_admin, training, script).outputs["o0"] == 0.5


def test_the_clock_knows_when_it_is_stopped(flyte_admin):
    flyte_admin.register(training)
    flyte_admin.on_launch(training).plays(nodes.where(fit=nodes.task(running().never_ends())))
    remote = flyte_admin.remote()

    remote.wait(remote.execute(remote.fetch_launch_plan(name=training.name), inputs={"rows": 1}))

    assert flyte_admin.clock.elapsed < 120
