"""Maps through real clients: registered by flytekit, scripted by name, and read back."""

from __future__ import annotations

import functools

import pytest

from flyte_testkit import FlyteTestkitError, failures, nodes, polls, render, running
from flyte_testkit.errors import UnexpectedUse

pytestmark = pytest.mark.flyte(transport="direct")

flytekit = pytest.importorskip("flytekit")

SCORE = running(60).succeeds(o0=1.5)
BAD = running(30).fails("no disk")


@flytekit.task
def fit(path: str, depth: int, sizes: list[int]) -> float:
    return 0.0


@flytekit.task
def paths(day: str) -> list[str]:
    return []


@flytekit.task
def best(scores: list[float]) -> float:
    return 0.0


@flytekit.task
def best_of_some(scores: list[float | None]) -> float:
    return 0.0


@flytekit.task(retries=1)
def load(path: str) -> str:
    return path


@flytekit.task
def count(day: str) -> int:
    return 0


@flytekit.workflow
def tuning(day: str, sizes: list[int]) -> float:
    found = paths(day=day)
    scores = flytekit.map_task(functools.partial(fit, depth=3, sizes=sizes))(path=found)
    return best(scores=scores)


@flytekit.workflow
def lenient(some: list[str]) -> float:
    scores = flytekit.map_task(
        functools.partial(fit, depth=3, sizes=[1, 2, 3, 4, 5]), min_success_ratio=0.5, concurrency=2
    )(path=some)
    return best_of_some(scores=scores)


@flytekit.workflow
def loading(some: list[str]) -> list[str]:
    return flytekit.map_task(load)(path=some)


@flytekit.workflow
def nested(some: list[str]) -> list[str]:
    return loading(some=some)


@flytekit.workflow
def sometimes(some: list[str], day: str) -> list[str]:
    number = count(day=day)
    return (
        flytekit.conditional("enough")
        .if_(number > 10)
        .then(loading(some=some))
        .else_()
        .fail("too few")
    )


@flytekit.workflow
def twice(some: list[str]) -> list[str]:
    first = flytekit.map_task(load)(path=some)
    return flytekit.map_task(load)(path=first)


def run(remote, workflow, **inputs):
    execution = remote.execute(remote.fetch_launch_plan(name=workflow.name), inputs=inputs)
    return remote.wait(execution)


def played(flyte_admin, workflow, **script):
    flyte_admin.register(workflow)
    return flyte_admin.on_launch(workflow).plays(nodes.where(**script))


def test_a_map_is_called_after_its_task_and_has_as_many_items_as_the_data(
    flyte_admin, flyte_remote
):
    route = played(
        flyte_admin,
        tuning,
        paths=nodes.task(running(5).succeeds(o0=["a", "b", "c"])),
        fit=nodes.array(SCORE, but={1: running(90).succeeds(o0=2.5)}),
        best=nodes.task(running(1).succeeds(o0=2.5)),
    )

    execution = run(flyte_remote, tuning, day="monday", sizes=[7, 8])

    assert execution.outputs == {"o0": 2.5}
    assert execution.node_executions["n1"].outputs == {"o0": [1.5, 2.5, 1.5]}
    (launch,) = route.launches
    assert launch.nodes["fit"].inputs == {"path": ["a", "b", "c"], "depth": 3, "sizes": [7, 8]}
    assert launch.nodes["best"].inputs == {"scores": [1.5, 2.5, 1.5]}
    assert [item.phase for item in launch.nodes["fit"].items] == ["SUCCEEDED"] * 3
    assert launch.nodes["paths"].items == ()
    assert flyte_admin.clock.elapsed >= 96


def test_nobody_needs_to_say_anything(flyte_admin, flyte_remote):
    route = played(flyte_admin, tuning)

    execution = run(flyte_remote, tuning, day="monday", sizes=[])

    assert execution.outputs == {"o0": 0.0}
    assert len(route.launches[0].nodes["fit"].items) == 1


def test_one_item_fails_and_with_it_the_run(flyte_admin, flyte_remote):
    route = played(
        flyte_admin,
        tuning,
        paths=nodes.task(running(5).succeeds(o0=["a", "b", "c"])),
        fit=nodes.array(SCORE, but={1: BAD}),
    )

    execution = run(flyte_remote, tuning, day="monday", sizes=[])

    assert execution.error.message.startswith("[1]: ")
    assert "no disk" in execution.error.message
    (launch,) = route.launches
    assert launch.failing.path == "fit"
    assert [item.phase for item in launch.nodes["fit"].items] == ["ABORTED", "FAILED", "ABORTED"]
    assert "best" not in launch.nodes


def test_items_that_may_fail_give_none(flyte_admin, flyte_remote):
    route = played(flyte_admin, lenient, fit=nodes.array(SCORE, size=4, but={0: BAD, 3: BAD}))

    execution = run(flyte_remote, lenient, some=["a", "b", "c", "d"])

    assert execution.is_successful
    assert execution.node_executions["n0"].outputs == {"o0": [None, 1.5, 1.5, None]}
    (launch,) = route.launches
    assert launch.nodes["best_of_some"].inputs == {"scores": [None, 1.5, 1.5, None]}
    assert [item.phase for item in launch.nodes["fit"].items] == [
        "FAILED",
        "SUCCEEDED",
        "SUCCEEDED",
        "FAILED",
    ]
    assert launch.nodes["fit"].duration == 90  # two at a time


def test_one_too_many_fails(flyte_admin, flyte_remote):
    played(flyte_admin, lenient, fit=nodes.array(BAD, but={1: SCORE}))

    execution = run(flyte_remote, lenient, some=["a", "b", "c", "d"])

    assert not execution.is_successful
    assert "no disk" in execution.error.message


def test_our_client_reads_the_items(flyte_admin, flyte_client):
    again = running(5).fails(failures.recoverable("no lock"))
    done = running(5).succeeds(o0="x")
    route = played(flyte_admin, loading, load=nodes.array(done, but={1: [again, done]}))

    read = run(flyte_client, loading, some=["a", "b"])

    (attempt,) = read.node_executions["n0"].task_executions
    told = attempt.closure.metadata.external_resources
    assert [(one.index, one.retry_attempt, one.phase) for one in told] == [
        (0, 0, 3),
        (1, 0, 5),
        (1, 1, 3),
    ]
    assert read.node_executions["n0"].outputs == {"o0": ["x", "x"]}
    assert route.launches[0].nodes["load"].items[1].attempts == 2


def test_a_map_in_a_sub_workflow_is_written_inside_of_it(flyte_admin, flyte_remote):
    bad = nodes.array(running(5).succeeds(o0="x"), but={0: BAD})
    route = played(flyte_admin, nested, loading=nodes.subworkflow(load=bad))

    execution = run(flyte_remote, nested, some=["a", "b"])

    assert route.launches[0].failing.path == "loading.load"
    inner = execution.node_executions["n0"].subworkflow_node_executions["n0-0-n0"]
    assert inner.error.message == execution.error.message


def test_a_map_in_a_branch_is_written_inside_of_it(flyte_admin, flyte_remote):
    inside = nodes.subworkflow(load=nodes.array(running(5).succeeds(o0="x"), size=2))
    route = played(
        flyte_admin,
        sometimes,
        count=nodes.task(running(1).succeeds(o0=11)),
        enough=nodes.branch(loading=inside),
    )

    execution = run(flyte_remote, sometimes, some=["a", "b"], day="monday")

    assert execution.outputs == {"o0": ["x", "x"]}
    assert len(route.launches[0].nodes["enough.loading.load"].items) == 2


def test_a_run_is_terminated_while_items_run(flyte_admin, flyte_remote):
    route = played(flyte_admin, loading, load=nodes.array(running(3600).succeeds(o0="x")))
    plan = flyte_remote.fetch_launch_plan(name=loading.name)
    execution = flyte_remote.execute(plan, inputs={"some": ["a", "b"]})
    flyte_admin.clock.advance(60)

    flyte_remote.terminate(execution, "enough")
    flyte_admin.clock.advance(60)

    (launch,) = route.launches
    assert [item.phase for item in launch.nodes["load"].items] == ["ABORTED", "ABORTED"]
    assert launch.nodes["load"].error.code == "NodeAborted"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ({"load": nodes.task(BAD)}, r"is a map of"),
        ({"load": nodes.array(SCORE)}, "o0"),
        ({"load": nodes.array(but={3: running(1).succeeds(o1="x")})}, "item 3"),
        ({"lod": nodes.array()}, "Did you mean 'load'"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_planted(flyte_admin, script, problem):
    flyte_admin.register(loading)

    with pytest.raises(FlyteTestkitError, match=problem):
        flyte_admin.on_launch(loading).plays(nodes.where(**script))


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (nodes.array(size=3), "has 2 items, and the script says size=3"),
        (nodes.array(but={2: BAD}), "has 2 items, and but= says what item 2 does"),
    ],
)
def test_what_does_not_fit_the_data_is_refused_at_launch(
    flyte_admin, flyte_remote, script, problem
):
    played(flyte_admin, loading, load=script)

    with pytest.raises(Exception, match=problem):
        run(flyte_remote, loading, some=["a", "b"])
    with pytest.raises(UnexpectedUse, match=problem):
        flyte_admin.verify()


def test_two_maps_of_one_task_are_called_by_id(flyte_admin, flyte_remote):
    flyte_admin.register(twice)
    with pytest.raises(FlyteTestkitError, match=r"'load' may be any of n0 .* n1"):
        flyte_admin.on_launch(twice).plays(nodes.where(load=nodes.array()))

    flyte_admin.on_launch(twice).plays(nodes.where(n1=nodes.array(running(9).succeeds(o0="y"))))

    assert run(flyte_remote, twice, some=["a"]).outputs == {"o0": ["y"]}


# --- maps that nobody registered


def of_name(remote, name):
    return remote.wait(remote.execute(remote.fetch_launch_plan(name=name), inputs={}))


def test_a_map_is_made_up_and_mapped_over_what_another_node_gives(flyte_admin, flyte_remote):
    route = flyte_admin.on_launch("etl").plays(
        nodes.workflow(
            extract=nodes.task(running(60).succeeds(paths=["a", "b", "c"])),
            fit=nodes.array(
                SCORE,
                but={2: BAD},
                min_success_ratio=0.6,
                inputs={"path": nodes.promise("extract.paths"), "depth": 3},
            ),
            report=nodes.task(inputs={"scores": nodes.promise("fit.o0")}),
        )
    )

    of_name(flyte_remote, "etl")

    (launch,) = route.launches
    assert launch.nodes["fit"].inputs == {"path": ["a", "b", "c"], "depth": 3}
    assert launch.nodes["report"].inputs == {"scores": [1.5, 1.5, None]}


def test_scripts_of_one_name_play_one_map(flyte_admin, flyte_remote):
    flyte_admin.register("etl", nodes.workflow(fit=nodes.array(size=3)))
    route = flyte_admin.on_launch("etl").plays(
        nodes.where(fit=nodes.array(BAD)),
        nodes.where(fit=nodes.array(SCORE, size=3)),
        nodes.where(),
    )

    assert not of_name(flyte_remote, "etl").is_successful
    assert of_name(flyte_remote, "etl").outputs == {"o0": [1.5, 1.5, 1.5]}
    assert of_name(flyte_remote, "etl").outputs == {"o0": [0.0, 0.0, 0.0]}
    assert [len(launch.nodes["fit"].items) for launch in route.launches] == [3, 3, 3]


def test_a_definition_says_nothing_of_items(flyte_admin):
    with pytest.raises(FlyteTestkitError, match=r"Write nodes\.array\(\) here"):
        flyte_admin.register("etl", nodes.workflow(fit=nodes.array(SCORE)))


def test_all_that_is_not_scripted_does_what_the_others_do(flyte_admin, flyte_remote):
    flyte_admin.register(loading)
    script = nodes.where().others(running(7).succeeds(o0="y"))
    flyte_admin.on_launch(loading).plays(script)

    assert run(flyte_remote, loading, some=["a", "b"]).outputs == {"o0": ["y", "y"]}


def test_the_report_tells_which_items_failed(flyte_admin, flyte_remote):
    played(flyte_admin, lenient, fit=nodes.array(SCORE, but={1: BAD, 3: BAD}))
    run(flyte_remote, lenient, some=["a", "b", "c", "d", "e"])

    assert "5 items                       3 SUCCEEDED (0, 2, 4), 2 FAILED (1, 3)" in " ".join(
        render.text(flyte_admin).splitlines()
    )


def test_a_map_says_no_code_and_the_report_no_colon(flyte_admin, flyte_remote):
    played(flyte_admin, loading, load=nodes.array(BAD))
    run(flyte_remote, loading, some=["a", "b"])

    assert any(line.strip().startswith("[0]: ") for line in render.text(flyte_admin).splitlines())


def test_a_made_up_map_may_have_no_items(flyte_admin, flyte_remote):
    route = flyte_admin.on_launch("etl").plays(nodes.workflow(fit=nodes.array(SCORE, size=0)))

    assert of_name(flyte_remote, "etl").outputs == {"o0": []}
    assert route.launches[0].nodes["fit"].items == ()


def test_a_size_that_is_only_known_late_is_held_to_all_the_same(flyte_admin, flyte_remote):
    flyte_admin.on_launch("etl").plays(
        nodes.workflow(
            extract=nodes.task(running(polls(2)).succeeds(paths=["a", "b"])),
            fit=nodes.array(size=3, inputs={"path": nodes.promise("extract.paths")}),
        )
    )

    with pytest.raises(Exception, match="has 2 items, and the script says size=3"):
        of_name(flyte_remote, "etl")
    with pytest.raises(UnexpectedUse, match="has 2 items, and the script says size=3"):
        flyte_admin.verify()


def test_a_dynamic_task_may_yield_a_map(flyte_admin, flyte_remote):
    fit = nodes.array(SCORE, size=3, but={1: running(3).succeeds(o0=2.5)})
    best = nodes.task(inputs={"scores": nodes.promise("fit.o0")})
    yields = running(1).yields(fit=fit, best=best).succeeds(o0=nodes.promise("fit.o0"))
    route = flyte_admin.on_launch("etl").plays(nodes.workflow(tune=nodes.dynamic(yields)))

    assert of_name(flyte_remote, "etl").outputs == {"o0": [1.5, 2.5, 1.5]}
    (launch,) = route.launches
    assert launch.nodes["tune.best"].inputs == {"scores": [1.5, 2.5, 1.5]}
    assert len(launch.nodes["tune.fit"].items) == 3


def test_a_map_that_a_dynamic_task_yields_may_fail(flyte_admin, flyte_remote):
    fits = [nodes.array(SCORE, size=2, but={1: BAD})] * 2
    route = flyte_admin.on_launch("etl").plays(
        nodes.workflow(tune=nodes.dynamic(running(1).yields(fits)))
    )

    assert not of_name(flyte_remote, "etl").is_successful
    assert route.launches[0].failing.path == "tune.dn0"
