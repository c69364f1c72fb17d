"""Nodes whose data come late, or whose end nobody notices, as both clients read them."""

import pytest

from flyte_testkit import HopelessWait, TimelineError, nodes, render, running
from tests.conftest import needs_flytekit
from tests.playing import launched, played

pytestmark = pytest.mark.flyte(transport="direct")

ROWS = running(60).succeeds(rows=1000)
NEXT = nodes.task(running(30).succeeds())


def test_data_are_read_as_none_until_they_come(flyte_admin, remote):
    tree = nodes.workflow(extract=nodes.flawed(nodes.task(ROWS), data_after=30))

    execution, _ = played(flyte_admin, remote, tree, poll_interval=20)

    node = execution.node_executions["n0"]
    assert flyte_admin.clock.elapsed == 60
    assert node.is_done
    assert dict(node.outputs) == {}
    assert dict(node.task_executions[0].outputs) == {}
    assert execution.outputs == {"rows": 1000}
    flyte_admin.clock.advance(29.9)
    assert dict(_again(remote, execution).outputs) == {}
    flyte_admin.clock.advance(0.1)
    assert _again(remote, execution).outputs["rows"] == 1000
    assert _again(remote, execution).task_executions[0].outputs["rows"] == 1000


def _again(remote, execution):
    return remote.sync(execution, sync_nodes=True).node_executions["n0"]


def test_data_come_late_while_others_run_and_after_a_termination(flyte_admin):
    tree = nodes.workflow(
        extract=nodes.flawed(nodes.task(ROWS), data_after=30),
        train=nodes.flawed(nodes.task(running(20).succeeds(auc=0.5)), data_after=100),
        report=nodes.task(running(600).succeeds()),
    ).aborts("too dear", at=100)
    launch = flyte_admin.add_execution("run", tree)

    def outputs():
        return [launch.nodes[name].outputs for name in ("extract", "train")]

    flyte_admin.clock.advance(89)
    assert outputs() == [{}, {}]
    flyte_admin.clock.advance(1)
    assert outputs() == [{"rows": 1000}, {}]
    flyte_admin.clock.advance(11)
    assert launch.phase == "ABORTED"
    flyte_admin.clock.advance(79)
    assert outputs() == [{"rows": 1000}, {"auc": 0.5}]


def test_the_data_of_one_that_a_dynamic_task_yields_come_late(flyte_admin, remote):
    fit = nodes.task(running(30).succeeds(auc=0.5))
    yielded = [fit, nodes.flawed(fit, data_after=30), fit]
    tree = nodes.workflow(tune=nodes.dynamic(running(20).yields(yielded)))

    execution, launch = played(flyte_admin, remote, tree, poll_interval=10)

    assert execution.is_successful
    below = launch.nodes["tune"].nodes
    assert [run.outputs for run in below.values()] == [{"auc": 0.5}, {}, {"auc": 0.5}]
    flyte_admin.clock.advance(30)
    assert below["dn1"].outputs == {"auc": 0.5}


@needs_flytekit
def test_a_deck_that_never_comes_has_an_address(flyte_admin, flyte_remote):
    from flytekit.exceptions.user import FlyteEntityNotExistException

    good = nodes.task(ROWS, deck=True)
    tree = nodes.workflow(extract=good, train=nodes.flawed(good, deck="missing"))

    execution, _ = played(flyte_admin, flyte_remote, tree)

    node = execution.node_executions["n1"]
    assert node.outputs["rows"] == 1000
    assert node.closure.deck_uri.endswith("/deck.html")
    assert _deck(flyte_remote, execution.node_executions["n0"]).signed_url
    with pytest.raises(FlyteEntityNotExistException, match="object not found"):
        _deck(flyte_remote, node)


def _deck(flyte_remote, node):
    """Ask for the link to a deck, as consoles do."""
    run = node.id.execution_id
    return flyte_remote.client.get_download_artifact_signed_url(
        node.id.node_id, run.project, run.domain, run.name
    )


def test_a_deck_is_missing_only_where_there_would_be_one(flyte_admin):
    tree = nodes.workflow(train=nodes.flawed(nodes.task(ROWS), deck="missing"))

    with pytest.raises(TimelineError, match=r"'etl.train' makes no deck that could be"):
        flyte_admin.on_launch("etl").plays(tree)


def test_a_deck_may_be_missing_of_a_node_that_stays_running(flyte_admin, flyte_client):
    flaws = {"stays": "RUNNING", "deck": "missing"}
    tree = nodes.workflow(train=nodes.flawed(nodes.task(ROWS, deck=True), **flaws))

    _, launch = played(flyte_admin, flyte_client, tree)

    deck = launch.nodes["train"].closure.deck_uri
    assert deck not in flyte_admin._backend.store.blobs
    assert deck.replace("deck.html", "outputs.pb") in flyte_admin._backend.store.blobs


def test_an_end_that_nobody_notices_lets_the_workflow_run_for_ever(flyte_admin, remote):
    bad = nodes.flawed(nodes.task(running(9).times_out()), unnoticed=True)
    tree = nodes.workflow(train=nodes.subworkflow(fit=bad), report=NEXT)
    route = flyte_admin.on_launch("etl").plays(tree)
    execution = launched(remote)

    with pytest.raises(Exception, match="Timeout"):
        remote.wait(execution, timeout=3600)

    (launch,) = route.launches
    assert launch.phase == launch.nodes["train"].phase == "RUNNING"
    assert list(launch.nodes) == ["train"]
    assert launch.failing.path == "train.fit"
    flyte_admin.terminate(launch.id.name, "it hangs")
    flyte_admin.clock.advance(1)
    assert [launch.phase, launch.nodes["train"].phase] == ["ABORTED", "ABORTED"]
    assert launch.nodes["train.fit"].phase == "FAILED"


def test_others_go_on_beside_an_end_that_nobody_notices(flyte_admin):
    bad = nodes.flawed(nodes.task(running(9).fails("nan"), after=()), unnoticed=True)
    launch = flyte_admin.add_execution(
        "run", nodes.workflow(a=bad, b=nodes.task(ROWS, after=()), c=nodes.task(after="b"))
    )

    flyte_admin.clock.advance(7200)

    assert [run.phase for run in launch.nodes.values()] == ["FAILED", "SUCCEEDED", "SUCCEEDED"]
    assert launch.phase == "RUNNING"


def test_whoever_waits_for_what_nobody_notices_is_told_that_it_is_hopeless(
    flyte_admin, flyte_client
):
    tree = nodes.workflow(fit=nodes.flawed(nodes.task(ROWS), unnoticed=True))
    flyte_admin.on_launch("etl").plays(tree)
    execution = launched(flyte_client)

    with pytest.raises(HopelessWait, match=r"unnoticed=True"):
        flyte_client.wait(execution)


def test_the_report_tells_what_clients_see(flyte_admin, flyte_client):
    tree = nodes.workflow(
        extract=nodes.flawed(nodes.task(ROWS), stays="RUNNING"),
        clean=nodes.flawed(NEXT, missing=True),
        train=nodes.flawed(NEXT, data_after=5),
    )

    played(flyte_admin, flyte_client, tree)

    told = render.text(flyte_admin)
    assert "extract (n0)  0 s –         RUNNING" in told
    assert "clean (n1)" not in told
