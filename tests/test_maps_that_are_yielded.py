"""Maps of registered tasks that a dynamic task yields: what they are called, given, and give."""

import functools

import pytest

from flyte_testkit import failures, nodes, running
from flyte_testkit.errors import RegistrationError, TimelineError

flytekit = pytest.importorskip("flytekit")

from flytekit import dynamic, map_task, task, workflow

pytestmark = pytest.mark.flyte(transport="direct")


@task(retries=1)
def fit(path: str, depth: int = 3) -> float:
    return 0.0


@task
def best(scores: list[float]) -> float:
    return max(scores)


@task
def best_of_some(scores: list[float | None]) -> float:
    return 0.0


@task
def joined(parts: list[str]) -> str:
    return "".join(parts)


@dynamic
def sweep(n: int) -> float:
    return best(scores=map_task(fit)(path=["a"] * n, depth=[1] * n))


@workflow
def tuning(n: int) -> float:
    return sweep(n=n)


@workflow
def mapping(paths: list[str]) -> list[float]:
    return map_task(functools.partial(fit, depth=2))(path=paths)


SCORE = running(60).succeeds(o0=0.5)
SCORE_OF_FIT = nodes.task(SCORE, of=fit.name)
OF_MAP = nodes.task(of=best.name, inputs={"scores": nodes.promise("fit.o0")})


@pytest.fixture(autouse=True)
def _registered(flyte_admin):
    for entity in (fit, best, best_of_some, joined, tuning, mapping):
        flyte_admin.register(entity)


def planted(flyte_admin, **yielded):
    script = nodes.where(sweep=nodes.dynamic(running(5).yields(**yielded)))
    return flyte_admin.on_launch(tuning).plays(script)


def run(remote):
    plan = remote.fetch_launch_plan(name=tuning.name)
    return remote.execute(plan, inputs={"n": 3}, wait=True)


def mapped(route, name="sweep.fit"):
    return route.launches[0].nodes[name]


def test_a_list_of_what_the_task_takes_is_mapped_over_and_the_rest_is_the_same(
    flyte_admin, flyte_remote
):
    fits = nodes.array(SCORE, of=fit.name, inputs={"path": ["a", "b"], "depth": 9})
    route = planted(flyte_admin, fit=fits, best=OF_MAP)

    execution = run(flyte_remote)

    assert execution.error is None
    assert mapped(route).inputs == {"path": ["a", "b"], "depth": 9}
    assert [item.phase for item in mapped(route).items] == ["SUCCEEDED"] * 2
    assert mapped(route, "sweep.best").inputs == {"scores": [0.5, 0.5]}
    below = execution.node_executions["n0"].subworkflow_node_executions
    assert below["n0-0-dn0"].outputs == {"o0": [0.5, 0.5]}


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({}, {"depth": 2}),
        ({"min_success_ratio": 0.5}, {}),
        ({"concurrency": 2}, {"depth": 2}),
    ],
)
def test_it_is_called_as_flytekit_calls_it(flyte_admin, flyte_remote, options, same):
    inputs = {"path": ["a"], "depth": [1], **same}
    fits = nodes.array(SCORE, of=fit.name, inputs=inputs, **options)
    flyte_admin.on_launch(tuning).plays(nodes.where(sweep=nodes.dynamic(running(5).yields([fits]))))

    run(flyte_remote)

    node = flyte_admin.launches[0].nodes["sweep.dn0"]
    theirs = map_task(functools.partial(fit, **same), **options)
    assert node.full_name == theirs.name


def test_a_registered_map_stands_for_itself(flyte_admin, flyte_remote):
    name = map_task(functools.partial(fit, depth=2)).name
    fits = nodes.array(SCORE, of=name, inputs={"path": ["a", "b", "c"]})
    route = planted(flyte_admin, fit=fits, best=OF_MAP)

    run(flyte_remote)

    assert mapped(route).inputs == {"path": ["a", "b", "c"], "depth": 0}
    assert mapped(route).outputs == {"o0": [0.5, 0.5, 0.5]}


def test_what_is_left_out_is_mapped_over_as_plain_values(flyte_admin, flyte_remote):
    route = planted(flyte_admin, fit=nodes.array(SCORE, of=fit.name, size=2), best=OF_MAP)

    run(flyte_remote)

    assert mapped(route).inputs == {"path": ["", ""], "depth": [0, 0]}


def test_lists_may_be_the_same_for_all_items_or_one_for_each(flyte_admin, flyte_remote):
    each = nodes.array(
        running(5).succeeds(o0="ab"), of=joined.name, inputs={"parts": [["a"], ["b"]]}
    )
    route = planted(flyte_admin, fit=each)

    run(flyte_remote)

    assert mapped(route).inputs == {"parts": [["a"], ["b"]]}
    assert mapped(route).outputs == {"o0": ["ab", "ab"]}


def test_what_other_nodes_give_is_mapped_over(flyte_admin, flyte_remote):
    names = nodes.array(
        running(5).succeeds(o0="x"), of=joined.name, inputs={"parts": [["a"], ["b"]]}
    )
    fits = nodes.array(SCORE, of=fit.name, inputs={"path": nodes.promise("names.o0"), "depth": 1})
    route = planted(flyte_admin, names=names, fit=fits)

    run(flyte_remote)

    assert mapped(route).inputs == {"path": ["x", "x"], "depth": 1}


def test_its_items_are_tried_again_as_the_task_says(flyte_admin, flyte_remote):
    again = [running(5).fails(failures.recoverable("no lock")), SCORE]
    fits = nodes.array(SCORE, of=fit.name, but={1: again}, size=2)
    route = planted(flyte_admin, fit=fits)

    run(flyte_remote)

    assert [item.attempts for item in mapped(route).items] == [1, 2]


def test_items_that_may_fail_give_none(flyte_admin, flyte_remote):
    bad = {0: running(5).fails("nan")}
    fits = nodes.array(SCORE, of=fit.name, but=bad, size=2, min_success_ratio=0.5)
    some = nodes.task(of=best_of_some.name, inputs={"scores": nodes.promise("fit.o0")})
    route = planted(flyte_admin, fit=fits, some=some)

    run(flyte_remote)

    assert mapped(route, "sweep.some").inputs == {"scores": [None, 0.5]}


@pytest.mark.parametrize(
    ("fits", "words"),
    [
        (lambda: nodes.array(of="flows.fti"), "no task of this name is registered"),
        (lambda: nodes.array(of=fit.name, inputs={"paht": ["a"]}), "Did you mean 'path'"),
        (lambda: nodes.array(of=fit.name, inputs={"path": 7}), "the input 'path'"),
        (lambda: nodes.array(running(5).succeeds(o1=1.0), of=fit.name), "declares the outputs o0"),
        (lambda: nodes.array(running(5).succeeds(o0="x"), of=fit.name), "'x' is a str"),
        (lambda: nodes.array(of=fit.name, size=1, but={2: SCORE}), "but= says what item 2 does"),
        (lambda: nodes.array(of=fit.name, retries=2), "the registered task says that itself"),
        (lambda: nodes.array(of=fit), "a registered task is named by a text"),
    ],
)
def test_what_cannot_be_mapped_is_refused_when_it_is_planted(flyte_admin, fits, words):
    with pytest.raises((RegistrationError, TimelineError)) as refused:
        planted(flyte_admin, fit=fits())

    assert words in str(refused.value)


def test_lists_of_several_lengths_fail_as_in_life(flyte_admin, flyte_remote):
    fits = nodes.array(SCORE, of=fit.name, inputs={"path": ["a", "b"], "depth": [1]})
    planted(flyte_admin, fit=fits)

    assert run(flyte_remote).error is not None


def test_only_what_is_yielded_is_of_a_registered_task(flyte_admin):
    with pytest.raises(TimelineError, match="its task is made up with the workflow"):
        flyte_admin.on_launch("x").plays(nodes.workflow(fit=nodes.array(of=fit.name)))
    with pytest.raises(TimelineError, match="of="):
        flyte_admin.on_launch(mapping).plays(nodes.where(fit=nodes.array(of=fit.name)))


def test_it_prints_as_it_is_written():
    fits = nodes.array(SCORE, of="flows.fit", size=2, after="a")

    assert eval(repr(fits), {"nodes": nodes, "running": running}) == fits  # noqa: S307  ours


def test_names_in_a_script_count_before_those_that_flytekit_gives(flyte_admin, flyte_remote):
    """A launch plan without a name of its own is called after its workflow, as others may be."""
    flyte_admin.on_launch(mapping).plays(running(60).succeeds(o0=[1.0]))
    route = planted(
        flyte_admin,
        mapping=nodes.subworkflow(dn1=nodes.task(of=best.name), fit=SCORE_OF_FIT, after=()),
        dn1=nodes.launch_plan(of=mapping.name, inputs={"paths": []}),
        fit=nodes.task(running(5).fails("nan"), after="mapping", of=fit.name),
    )

    assert run(flyte_remote).error is not None
    assert route.launches[0].failing.path == "sweep.fit"
