"""Mistakes with what is inside of executions: each is told what was done, what is true, what to do.

Every error here is looked at more closely in the tests of its own kind; this is the list.
"""

import pytest

from flyte_testkit import nodes, running
from flyte_testkit.client import Options
from flyte_testkit.errors import FlyteTestkitError, RouteError, TimelineError

GATES = nodes.workflow(rate=nodes.gate(signal=float), go=nodes.gate())
GO = nodes.workflow(go=nodes.gate())
DONE = running(5).succeeds()


def at_its_gate(use):
    """Does something while an execution waits at its first gate."""

    def act(admin):
        use(admin, admin.add_execution("deploy", GATES))

    return act


def planted(**inside):
    return lambda admin: admin.on_launch("etl").plays(nodes.workflow(**inside))


MISTAKES = {
    "yields from a plain task": (
        lambda _: nodes.task(running(20).yields([nodes.task(DONE)])),
        TimelineError,
        ["yields nodes, which only a dynamic task does", "nodes.dynamic("],
    ),
    "an item index beyond the size": (
        lambda _: nodes.array(DONE, size=3, but={3: DONE}),
        TimelineError,
        ["nodes.array(size=3) has 3 items", "what item 3 does", "They are 0 to 2", "from 0"],
    ),
    "a signal of the wrong type": (
        at_its_gate(lambda admin, run: admin.set_signal(run, "rate", "high")),
        FlyteTestkitError,
        ["'rate', 'high') is refused", "is declared float, but 'high' is a str"],
    ),
    "a signal that nobody waits for yet": (
        at_its_gate(lambda admin, run: admin.approve(run, "go")),
        FlyteTestkitError,
        ["'go') is refused", "no signal 'go' now", "It waits for 'rate'. A signal exists once"],
    ),
    "a signal that nobody waits for at all": (
        at_its_gate(lambda admin, run: admin.set_signal(run, "rat", 0.5)),
        FlyteTestkitError,
        ["'rat', 0.5) is refused", "no signal 'rat' now", "Did you mean 'rate'?"],
    ),
    "a child plan that does not exist": (
        planted(train=nodes.launch_plan(of="training")),
        RouteError,
        ["launches 'training', which is neither registered nor scripted", "on_launch('training')"],
    ),
    "a ratio outside 0 to 1": (
        lambda _: nodes.array(DONE, min_success_ratio=90),
        TimelineError,
        ["min_success_ratio=90", "from 0 to 1", "Write min_success_ratio=0.9 for nine of ten"],
    ),
    "two items for one index": (
        lambda _: nodes.array(DONE, but=[(4, DONE), (4, running(9).fails("nan"))]),
        TimelineError,
        ["item 4 stands twice", "Leave one of them out"],
    ),
    "a parallelism below 1, of a map": (
        lambda _: nodes.array(DONE, concurrency=0),
        TimelineError,
        ["concurrency=0", "how many items run at a time is a whole number from 1 on"],
    ),
    "a parallelism below 1, of a launch": (
        lambda _: Options(max_parallelism=0),
        ValueError,
        ["max_parallelism=0", "a whole number from 1 on"],
    ),
    "a parallelism that no message holds": (
        lambda _: Options(max_parallelism=10**12),
        ValueError,
        ["max_parallelism=1000000000000", "2,147,483,647 at most"],
    ),
    "yields from a gate": (
        lambda _: nodes.gate(running(3).yields([nodes.task(DONE)])),
        TimelineError,
        ["a gate runs no task, so it yields no nodes", "nodes.dynamic(…) for what yields"],
    ),
    "a time-out of no time at all": (
        lambda _: nodes.gate(timeout=0),
        TimelineError,
        ["nodes.gate(timeout=0): Flyte takes 0 for no time-out", "Leave it out"],
    ),
    "a type in quotes": (
        lambda _: nodes.gate(signal="float"),
        TimelineError,
        ["nodes.gate(signal='float')", "Write signal=float;"],
    ),
    "attempts of what is cached": (
        lambda _: nodes.cached(DONE),
        TimelineError,
        ["what is cached is found, and makes no attempts", "nodes.cached(rows=1000)"],
    ),
    "a plan that launches itself": (
        planted(again=nodes.launch_plan(of="etl")),
        RouteError,
        ["a node of 'etl' launches 'etl': that would go on for ever", "Launch another plan"],
    ),
    "a gate of a child, approved of its parent": (
        lambda admin: admin.approve(
            admin.add_execution("run", nodes.workflow(child=nodes.launch_plan(GO, of="training"))),
            "go",
        ),
        FlyteTestkitError,
        ["'run' waits for no signal 'go' now", "'run-n0-0' waits for 'go'"],
    ),
    "an empty list, which fits no signal": (
        lambda admin: admin.set_signal(
            admin.add_execution("run", nodes.workflow(rows=nodes.gate(signal=list[int]))),
            "rows",
            [],
        ),
        FlyteTestkitError,
        ["'rows', []) is refused", "is not castable", "an empty list or dict fits no signal"],
    ),
    "an argument that is misspelt": (
        at_its_gate(lambda admin, run: admin.approve(run, signl="go")),
        TypeError,
        ["'signl'. Did you mean 'signal'?"],
    ),
}


@pytest.mark.flyte(transport="direct")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_what_is_true_and_what_to_do(flyte_admin, mistake):
    make, kind, words = MISTAKES[mistake]

    with pytest.raises(kind) as caught:
        make(flyte_admin)

    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.flyte(transport="direct")
def test_a_run_that_still_runs_is_recovered_without_a_word_as_in_life(flyte_admin, flyte_client):
    """FlyteAdmin takes it (see test_recovered_runs); a picture of the test tells."""
    tree = nodes.workflow(train=nodes.task(running(600).succeeds()))
    flyte_admin.on_launch("etl").plays(tree, tree)
    execution = flyte_client.execute(flyte_client.fetch_launch_plan(name="etl"), inputs={})

    recovered = flyte_client.recover(execution)

    assert recovered.id.name != execution.id.name
    assert flyte_client.wait(recovered).outputs == {}
