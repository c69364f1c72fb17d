"""What terminations lead to: in timelines, and in trees whose nodes go on until it is heard of."""

import pytest

from flyte_testkit import Timeline, aborting, immediately, nodes, polls, running, undefined
from flyte_testkit.errors import RegistrationError, TimelineError
from flyte_testkit.server import FakeFlyteAdmin

pytestmark = pytest.mark.flyte(transport="direct")

LONG = running(3600).succeeds(auc=0.9)
TREE = nodes.workflow(
    fit=nodes.task(running(10.2).succeeds()), test=nodes.task(running(5).succeeds())
)
REACTIONS = [
    aborting(30),
    aborting().never_ends(),
    aborting(30).never_ends(),
    aborting(3).succeeds(),
    immediately.succeeds(),
    immediately.aborts(""),
    aborting(3).fails("no disk"),
    aborting(polls(3)),
    aborting(3).times_out(),
]


def phases(admin, launch, *times):
    """The phases of a launch, so many seconds after now."""
    found, last = [], 0
    for time in times:
        admin.clock.advance(time - last)
        found.append(launch.phase)
        last = time
    return found


@pytest.fixture
def terminated(flyte_admin, flyte_remote):
    """A launch that plays a script and is terminated by a client after some seconds."""

    def terminated(script, at=10):
        launch = flyte_admin.add_execution("run", script)
        flyte_admin.clock.advance(at)
        flyte_remote.terminate(flyte_remote.fetch_execution(name="run"), "too slow")
        return launch

    return terminated


@pytest.mark.parametrize("reaction", REACTIONS)
def test_a_timeline_is_printed_and_read_with_what_a_termination_leads_to(reaction):
    value = LONG.on_terminate(reaction)
    assert eval(repr(value)) == value  # noqa: S307  it is what is printed
    assert Timeline.parse(str(value)) == value
    assert value != LONG
    assert hash(value) != hash(LONG)


def test_the_line_of_a_timeline_tells_it_behind_the_end():
    told = str(running(60).succeeds().on_terminate(aborting(30)))
    assert told == "RUNNING 1m -> SUCCEEDED; terminated: ABORTING 30s -> ABORTED ''"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: LONG.on_terminate(aborting()), "has no ending"),
        (lambda: LONG.on_terminate(immediately), "has no ending"),
        (lambda: LONG.on_terminate(running(3)), "never RUNNING again"),
        (lambda: LONG.on_terminate("x"), "'x' is not what a termination leads to"),
        (lambda: LONG.on_terminate(30), r"Write \.on_terminate\(aborting\(30\)\)"),
        (lambda: LONG.on_terminate(nodes.task()), "is not what a termination leads to"),
        (lambda: LONG.on_terminate(aborting(3).aborts("x")), "whoever terminates says why"),
        (lambda: LONG.on_terminate(immediately.aborts("x")), "whoever terminates says why"),
        (lambda: LONG.on_terminate(aborting(3).succeeds(auc=1)), "Say outputs there"),
        (
            lambda: running().never_ends().on_terminate(aborting(3).succeeds()),
            "would not have succeeded",
        ),
        (lambda: LONG.on_terminate(aborting(3)).on_terminate(aborting(3)), "says already"),
        (
            lambda: LONG.on_terminate(aborting(3).fails("x").on_terminate(aborting(3))),
            "terminates an execution once",
        ),
        (lambda: nodes.task(LONG.on_terminate(aborting(3))), "it is executions that are term"),
        (lambda: TREE.on_terminate(aborting(3).succeeds()), "it is the nodes that let a workflow"),
        (lambda: TREE.on_terminate(aborting(polls(2))), "Say seconds"),
        (lambda: TREE.on_terminate(aborting(3)).on_terminate(aborting(3)), "says .* already"),
        (lambda: TREE.aborts("x", at="noon"), "Say when, in seconds since its launch"),
        (lambda: TREE.aborts("x", at=polls(2)), "Say seconds"),
        (lambda: TREE.aborts("x", at=-1), "not negative"),
        (lambda: TREE.aborts(3, at=1), "the cause of an abort is text"),
        (lambda: TREE.aborts("x", at=1).aborts("y", at=2), r"says \.aborts\('x', at=1\) already"),
        (lambda: Timeline.parse("RUNNING 3s -> SUCCEEDED; terminated: ABORTING 3s"), "no ending"),
        (
            lambda: Timeline.parse("RUNNING 3s -> SUCCEEDED; terminated: RUNNING 3s -> SUCCEEDED"),
            "never RUNNING again",
        ),
    ],
)
def test_what_no_termination_leads_to_is_refused(made, words):
    with pytest.raises(TimelineError, match=words):
        made()


@pytest.mark.parametrize(
    ("reaction", "found"),
    [
        (None, ["ABORTING", "ABORTED", "ABORTED", "ABORTED"]),
        (aborting(30), ["ABORTING", "ABORTING", "ABORTING", "ABORTED"]),
        (aborting().never_ends(), ["ABORTING", "ABORTING", "ABORTING", "ABORTING"]),
        (aborting(3).succeeds(), ["ABORTING", "ABORTING", "SUCCEEDED", "SUCCEEDED"]),
        (immediately.succeeds(), ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]),
        (aborting(3).fails("no disk"), ["ABORTING", "ABORTING", "FAILED", "FAILED"]),
    ],
)
def test_a_clients_termination_leads_to_what_is_scripted(flyte_admin, terminated, reaction, found):
    launch = terminated(LONG if reaction is None else LONG.on_terminate(reaction))
    assert phases(flyte_admin, launch, 0, 1, 3, 30) == found


def test_what_won_anyway_gives_what_it_would_have_given(flyte_admin, flyte_remote, terminated):
    terminated(LONG.on_terminate(aborting(3).succeeds()))
    flyte_admin.clock.advance(3)
    execution = flyte_remote.sync_execution(flyte_remote.fetch_execution(name="run"))
    assert execution.outputs["auc"] == 0.9


def test_looks_bring_a_termination_on(flyte_remote, terminated):
    terminated(LONG.on_terminate(aborting(polls(2))))
    found = [flyte_remote.client.get_execution(id_of(flyte_remote)) for _ in range(3)]
    assert [each.closure.phase for each in found] == [9, 9, 7]


def id_of(remote):
    from flytekit.models.core.identifier import WorkflowExecutionIdentifier

    return WorkflowExecutionIdentifier(remote.default_project, remote.default_domain, "run")


# Trees.


def test_nodes_go_on_until_the_engine_hears_of_a_termination(flyte_admin, terminated):
    launch = terminated(TREE)
    flyte_admin.clock.advance(0.4)
    assert launch.phase == "ABORTING"
    assert [run.phase for run in launch.nodes.values()] == ["SUCCEEDED", "RUNNING"]
    flyte_admin.clock.advance(0.1)
    assert launch.phase == "ABORTED"
    assert [run.phase for run in launch.nodes.values()] == ["SUCCEEDED", "ABORTED"]


def test_a_tree_may_win_against_whoever_terminates_it(flyte_admin, terminated):
    launch = terminated(TREE, at=15)
    assert launch.phase == "ABORTING"
    flyte_admin.clock.advance(0.5)
    assert launch.phase == "SUCCEEDED"
    assert launch.nodes["test"].phase == "SUCCEEDED"


def test_a_late_engine_lets_nodes_go_on_for_longer(flyte_admin, terminated):
    launch = terminated(TREE.on_terminate(aborting(2)))
    assert phases(flyte_admin, launch, 1, 2) == ["ABORTING", "ABORTED"]
    assert launch.nodes["test"].phase == "ABORTED"


def test_a_stuck_engine_does_nothing_any_more(flyte_admin, terminated):
    launch = terminated(TREE.on_terminate(aborting().never_ends()))
    assert phases(flyte_admin, launch, 1, 100) == ["ABORTING", "ABORTING"]
    assert [run.phase for run in launch.nodes.values()] == ["RUNNING"]


def test_a_tree_that_waits_at_a_gate_is_stopped(flyte_admin, terminated):
    launch = terminated(nodes.workflow(go=nodes.gate(), nap=nodes.sleep(60, after=())))
    flyte_admin.clock.advance(0.5)
    assert {run.phase for run in launch.nodes.values()} == {"ABORTED"}
    assert launch.nodes["go"].error.message == "Workflow aborted."


def test_somebody_terminates_a_tree_as_its_script_says(flyte_admin, flyte_remote):
    launch = flyte_admin.add_execution("run", TREE.aborts("too dear", at=10, principal="ann"))
    assert phases(flyte_admin, launch, 9, 10, 10.5) == ["RUNNING", "ABORTING", "ABORTED"]
    metadata = flyte_remote.fetch_execution(name="run").closure.abort_metadata
    assert (metadata.cause, metadata.principal) == ("too dear", "ann")


def test_what_is_due_at_the_very_instant_happens_before(flyte_admin):
    launch = flyte_admin.add_execution("run", TREE.aborts("too dear", at=10.2))
    flyte_admin.clock.advance(11)
    assert [run.phase for run in launch.nodes.values()] == ["SUCCEEDED", "ABORTED"]


def test_a_tree_that_has_ended_is_not_terminated(flyte_admin):
    launch = flyte_admin.add_execution("run", TREE.aborts("too dear", at=100))
    assert phases(flyte_admin, launch, 16, 101) == ["SUCCEEDED", "SUCCEEDED"]


def test_the_first_termination_counts(flyte_admin):
    launch = flyte_admin.add_execution("run", TREE.aborts("too dear", at=10))
    flyte_admin.clock.advance(9.8)
    flyte_admin.terminate(launch, "too slow", principal="bob")
    flyte_admin.clock.advance(5)
    assert launch.phase == "ABORTED"


def test_both_print_as_they_are_written():
    code = "nodes.where().aborts('too dear', at=10, principal='ann').on_terminate(aborting(30))"
    value = eval(code)  # noqa: S307  it is what is printed
    assert repr(value) == code
    assert eval(code) == value  # noqa: S307  likewise


def test_definitions_say_nothing_of_terminations(flyte_admin):
    for tree, said in (
        (nodes.workflow(a=nodes.task()).aborts("x", at=1), r"\.aborts\(…\)"),
        (nodes.workflow(a=nodes.task()).on_terminate(aborting(3)), r"\.on_terminate\(…\)"),
    ):
        with pytest.raises(RegistrationError, match=said):
            flyte_admin.register("etl", tree)


@pytest.mark.parametrize("waits", ["for the engine", "by its script"])
def test_who_is_terminated_before_it_runs_never_runs(waits):
    beginning = [undefined(9)] if waits == "by its script" else []
    tree = nodes.workflow(*beginning, fit=nodes.task(running(5).succeeds()))
    pace = "instant" if beginning else "realistic"
    with FakeFlyteAdmin(transport="direct", pace=pace) as admin:
        launch = admin.add_execution("run", tree)
        admin.clock.advance(8.9 if beginning else 0.4)
        admin.terminate(launch, "too slow")
        admin.clock.advance(60)
        assert launch.phase == "ABORTED"
        assert list(launch.nodes) == []
        assert not launch.closure.HasField("started_at")


@pytest.mark.parametrize("terminate", ["client", "script"])
def test_what_fails_while_it_is_aborting_has_no_failure_node(flyte_admin, terminate):
    tree = nodes.workflow(
        fit=nodes.task(running(10).fails("no disk")), wait=nodes.gate(after=())
    ).on_failure(clean_up=nodes.task(running(5).succeeds()))
    if terminate == "script":
        tree = tree.aborts("too slow", at=9.8)
    launch = flyte_admin.add_execution("run", tree)
    flyte_admin.clock.advance(9.8)
    if terminate == "client":
        flyte_admin.terminate(launch, "too slow")
    flyte_admin.clock.advance(60)
    assert launch.phase == "ABORTED"
    assert {run.path: run.phase for run in launch.nodes.values()} == {
        "fit": "FAILED",
        "wait": "ABORTED",
    }
    assert launch.nodes["wait"].error.message == "Workflow aborted."
