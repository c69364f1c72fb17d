"""Nodes that run tasks: their attempts, what is said of them, and how they end."""

import pytest
from templates import Definitions
from walking import walking

from flyte_testkit import failures, nodes, polls, queued, running


def alone(*attempts, **metadata):
    """One task, its workflow and what it plays."""
    made = Definitions()
    template = made.workflow(made.task("n0", **metadata), o0="n0")
    return walking(made, template, {"n0": nodes.task(*attempts)} if attempts else {})


def test_a_task_is_told_of_in_the_order_of_a_real_engine():
    with alone(running(60).succeeds(o0=9)) as walk:
        assert walk.after(60) == [
            "W RUNNING 0",
            "N start-node SUCCEEDED 0",
            "N n0 QUEUED 0",
            "T n0#0 QUEUED 0",
            "N n0 RUNNING 0",
            "T n0#0 INITIALIZING 0",
            "T n0#0 RUNNING 0",
            "T n0#0 SUCCEEDED 60",
            "N n0 SUCCEEDED 60",
            "N end-node QUEUED 60",
            "N end-node SUCCEEDED 60",
            "W SUCCEEDING 60",
            "W SUCCEEDED 60",
        ]
        assert walk.data("n0") == ({}, {"o0": 9})
        assert walk.outputs == {"o0": 9}
        assert walk.refused == []


def test_each_phase_lasts_as_long_as_it_is_scripted():
    attempt = nodes.waiting(30, reason="no gpu").queued(2).initializing(9).running(60).succeeds()
    with alone(attempt) as walk:
        walk.after(200)
        assert walk.told("n0#0", "n0") == [
            "N n0 QUEUED 0",
            "T n0#0 WAITING_FOR_RESOURCES 0",
            "N n0 RUNNING 0",
            "T n0#0 QUEUED 30",
            "T n0#0 INITIALIZING 32",
            "T n0#0 RUNNING 41",
            "T n0#0 SUCCEEDED 101",
            "N n0 SUCCEEDED 101",
        ]
        assert [event.reason for event in walk.events("n0#0")] == [
            "no gpu",
            "task submitted to K8s",
            "[ContainersNotReady|ContainerCreating]: containers with unready status|",
            "",
            "",
        ]


def test_what_ends_has_run_at_least_for_an_instant():
    for attempt in (nodes.immediately.succeeds(), queued(5).fails("no disk")):
        with alone(attempt) as walk:
            walk.after(10)
            phases = [line.split()[2] for line in walk.told("n0#0")]
            assert phases[:-1] == ["QUEUED", "INITIALIZING", "RUNNING"]


def test_a_deleted_pod_need_not_have_run():
    lost = queued(5).fails(failures.pod_deleted())
    with alone(lost, nodes.running(1).succeeds()) as walk:
        walk.after(60)
        assert walk.told("n0#0") == ["T n0#0 QUEUED 0", "T n0#0 FAILED 5"]
        assert [len(event.logs) for event in walk.events("n0#0")] == [0, 0]
        assert walk.phase == "SUCCEEDED"


def test_a_final_failure_is_passed_on_as_it_is_with_the_time_of_it():
    with alone(running(60).fails("no disk"), retries=3) as walk:
        assert walk.after(60)[-4:] == [
            "T n0#0 FAILED 60",
            "N n0 FAILED 60",
            "W FAILING 60",
            "W FAILED 60",
        ]
        errors = [walk.events(who)[-1].error for who in ("n0#0", "n0", "W")]
        assert {error.code for error in errors} == {"USER:RuntimeError"}
        assert {error.message for error in errors} == {"no disk"}
        when = walk.began.timestamp() + 60
        assert {error.timestamp.ToSeconds() for error in errors} == {when}


def test_retries_used_up_are_counted_and_have_no_time():
    again = running(5).fails(failures.recoverable("busy"))
    with alone(again, again, again, retries=2) as walk:
        walk.after(60)
        assert walk.told("n0#2", "n0")[-2:] == ["T n0#2 FAILED 15", "N n0 FAILED 15"]
        task, node = walk.events("n0#2")[-1].error, walk.events("n0")[-1].error
        assert (task.code, task.HasField("timestamp")) == ("USER:Recoverable", True)
        assert node.code == "RetriesExhausted|USER:Recoverable"
        assert node.message.startswith("[3/3] currentAttempt done. Last Error: USER::")
        assert not node.HasField("timestamp")


def test_what_the_system_did_is_counted_apart():
    with alone(
        running(5).fails(failures.process_died()),
        running(5).fails(failures.recoverable()),
        running(5).succeeds(o0=1),
        retries=1,
    ) as walk:
        walk.after(60)
        assert walk.phase == "SUCCEEDED"
        assert walk.node("n0").closure.phase == 3
        assert walk.outputs == {"o0": 1}


def test_the_system_may_spoil_three_attempts_but_not_four():
    with alone(*[running(5).fails(failures.preempted())] * 4) as walk:
        walk.after(60)
        assert walk.told("n0")[-1] == "N n0 FAILED 20"
        assert "[3/3]" in walk.events("n0")[-1].error.message


def test_between_attempts_the_node_says_nothing():
    lost = running(5).fails(failures.preempted())
    with alone(lost, running(5).succeeds()) as walk:
        walk.after(60)
        assert walk.told("n0") == ["N n0 QUEUED 0", "N n0 RUNNING 0", "N n0 SUCCEEDED 10"]
        assert walk.refused == []
        assert walk.events("n0#1")[0].metadata.generated_name == "run-n0-1"
        assert walk.events("n0")[-1].output_uri.endswith("/n0/data/1/outputs.pb")


def test_names_of_pods_in_errors_are_those_of_the_attempt():
    with alone(running(5).fails(failures.oom_killed())) as walk:
        walk.after(5)
        assert "[run-n0-0] terminated" in walk.events("n0")[-1].error.message


def test_a_task_that_takes_too_long_fails_before_it_is_stopped():
    with alone(running(6).times_out(), timeout=6) as walk:
        assert walk.after(6)[-4:] == [
            "N n0 FAILED 6",
            "T n0#0 ABORTED 6",
            "W FAILING 6",
            "W FAILED 6",
        ]
        error = walk.events("n0")[-1].error
        assert error.code == "RetriesExhausted|TimeoutExpired"
        assert error.message == (
            "[1/1] currentAttempt done. Last Error: USER::task execution timeout [6s] expired"
        )
        assert walk.refused == []


def test_a_second_one_that_does_so_is_timed_out_itself_and_has_no_error():
    with alone(*[running(6).times_out()] * 2, retries=5) as walk:
        walk.after(60)
        assert walk.told("n0", "n0#0", "n0#1", "W")[-5:] == [
            "T n0#1 RUNNING 6",
            "N n0 TIMED_OUT 12",
            "T n0#1 ABORTED 12",
            "W FAILING 12",
            "W FAILED 12",
        ]
        assert not walk.node("n0").closure.HasField("error")
        assert walk.execution.closure.error.code == "Timeout"


def test_without_a_limit_a_task_says_how_long_it_took():
    with alone(running(90).times_out()) as walk:
        walk.after(90)
        assert "[1m30s]" in walk.events("n0")[-1].error.message


def test_a_bad_image_has_no_logs_in_the_end_and_is_final():
    with alone(running(1).fails(failures.bad_image()), retries=3) as walk:
        walk.after(60)
        assert walk.told("n0")[-1] == "N n0 FAILED 1"
        assert [bool(event.logs) for event in walk.events("n0#0")][-2:] == [True, False]


def test_a_deck_is_told_of_while_it_runs_and_takes_the_error_of_the_node():
    with alone(running(5).fails("no disk"), deck=True) as walk:
        walk.after(5)
        assert walk.node("n0").closure.deck_uri.endswith("/n0/data/0/deck.html")
        assert [bool(event.deck_uri) for event in walk.events("n0")] == [False, True, True]
        assert not walk.node("n0").closure.HasField("error")
        assert walk.execution.closure.error.message == "no disk"


def test_a_deck_is_there_when_the_task_has_succeeded():
    with alone(running(5).succeeds(), deck=True) as walk:
        walk.after(5)
        assert walk.acts[-5].blobs[walk.node("n0").closure.deck_uri].startswith(b"<html>")


def test_an_interruptible_task_says_so_in_every_event():
    with alone(running(5).succeeds(), interruptible=True) as walk:
        walk.after(5)
        assert {event.metadata.instance_class for event in walk.events("n0#0")} == {1}


def test_one_that_never_ends_puts_nothing_on_the_agenda():
    for attempt in (running().never_ends(), running(60).never_ends()):
        with alone(attempt) as walk:
            assert walk.engine.next_due() is None
            assert walk.after(10)[-1] == "T n0#0 RUNNING 0"
            assert walk.engine.next_due() is None


def test_one_that_nobody_scripted_succeeds_at_once_with_plain_outputs():
    with alone() as walk:
        assert walk.after(0)[-1] == "W SUCCEEDED 0"
        assert walk.outputs == {"o0": 0}


def test_others_do_what_the_script_says_of_others():
    made = Definitions()
    template = made.workflow(made.task("n0"), made.task("n1", after="n0"))
    script = nodes.where().others(running(30).succeeds())
    with walking(made, template, {"n1": nodes.task(running(5).succeeds())}, script=script) as walk:
        walk.after(100)
        assert walk.told("n0", "n1")[-1] == "N n1 SUCCEEDED 35"


def test_others_that_are_tried_again_do_the_same_again():
    made = Definitions()
    template = made.workflow(made.task("n0", retries=2))
    script = nodes.where().others(running(5).fails(failures.recoverable()))
    with walking(made, template, script=script) as walk:
        walk.after(100)
        assert walk.told("n0")[-1] == "N n0 FAILED 15"


def test_polls_inside_of_an_attempt_wait_for_looks():
    with alone(running(polls(2)).succeeds()) as walk:
        assert walk.after(100)[-1] == "T n0#0 RUNNING 0"
        assert walk.after(100)[-1] == "W SUCCEEDED 200"


@pytest.mark.parametrize("beginning", [nodes.queued, nodes.initializing])
def test_a_first_phase_that_no_attempt_begins_with_has_one_before_it(beginning):
    with alone(beginning(5).running(5).succeeds()) as walk:
        walk.after(60)
        assert walk.told("n0#0")[0] == "T n0#0 QUEUED 0"
        assert walk.told("n0")[1] == "N n0 RUNNING 0"
        assert walk.phase == "SUCCEEDED"
