"""Nodes that map a task over a list."""

import pytest
from flyteidl.core import execution_pb2 as core
from flyteidl.core import workflow_pb2
from templates import INTEGER, INTEGERS, MAYBE_INTEGERS, Definitions, promise
from walking import walking

from flyte_testkit import failures, nodes, polls, queued, running

DONE = running(60).succeeds()
NAN = running(30).fails("nan")
AGAIN = running(5).fails(failures.recoverable("no lock"))
LOST = running(5).fails(failures.preempted())


def mapped(script=None, xs=(1, 2, 3), *, beside=None, reads=None, maybe=False, **options):
    """A map ``n0`` over these, a node ``n1`` that takes what it gives, and one beside both."""
    made = Definitions()
    taken = MAYBE_INTEGERS if maybe else INTEGERS
    top = made.workflow(
        made.map("n0", reads or {"x": "start-node"}, maybe=maybe, **options),
        made.task("n1", reads={"ys": "n0"}, takes={"ys": taken}),
        *([] if beside is None else [made.task("n2")]),
        takes={"o0": INTEGERS, "more": INTEGERS, "k": INTEGER},
    )
    played = {"n0": script, "n2": beside}
    played = {path: node for path, node in played.items() if node is not None}
    return walking(made, top, played, inputs={"o0": list(xs), "more": [1, 2], "k": 7})


def rounds(walk, who="n0#0"):
    """What the events of a map say: phase and version, and the items with their phases."""
    return [told(event) for event in walk.events(who)]


def told(event):
    phase = core.TaskExecution.Phase.Name(event.phase)
    items = [_item(item) for item in event.metadata.external_resources]
    return " ".join([f"{phase}{event.phase_version or ''}", *items])


def _item(item):
    name = core.TaskExecution.Phase.Name(item.phase) if item.phase else "-"
    attempt = f".{item.retry_attempt}" if item.retry_attempt else ""
    return f"{item.index}{attempt}:{name}{'+' if item.logs else ''}"


def test_items_go_on_in_rounds_and_only_the_end_tells_of_all():
    script = nodes.array(DONE, but={1: running(90).succeeds()})
    with mapped(script) as walk:
        walk.after(200)
        assert rounds(walk) == [
            "QUEUED 0:- 1:- 2:-",
            "RUNNING1 0:QUEUED 1:QUEUED 2:QUEUED",
            "RUNNING2 0:INITIALIZING 1:INITIALIZING 2:INITIALIZING",
            "RUNNING3 0:RUNNING+ 1:RUNNING+ 2:RUNNING+",
            "RUNNING4 0:SUCCEEDED+ 1:RUNNING+ 2:SUCCEEDED+",
            "RUNNING5 1:SUCCEEDED+",
            "SUCCEEDED 0:SUCCEEDED 1:SUCCEEDED 2:SUCCEEDED",
        ]
        assert walk.told("n0", "n0#0", "n1")[:3] == [
            "N n0 QUEUED 0",
            "T n0#0 QUEUED 0",
            "N n0 RUNNING 0",
        ]
        assert walk.told("n0", "n0#0")[-2:] == ["T n0#0 SUCCEEDED 90", "N n0 SUCCEEDED 90"]
        assert walk.refused == []


def test_what_is_told_of_a_map_is_what_a_real_engine_tells():
    with mapped(nodes.array(DONE)) as walk:
        walk.after(200)
        first, second, *_, last = walk.events("n0#0")
        assert (first.task_type, first.metadata.plugin_identifier) == (
            "container_array",
            "k8s-array",
        )
        assert [item.external_id for item in first.metadata.external_resources] == [
            "run-n0-0-n0-0",
            "run-n0-0-n1-0",
            "run-n0-0-n2-0",
        ]
        assert first.input_uri
        assert not second.input_uri
        assert not last.input_uri
        assert last.output_uri
        assert not first.output_uri
        for event in (first, second, last):
            assert (event.producer_id, event.reason, event.metadata.generated_name) == ("", "", "")
            assert not event.HasField("reported_at")
        for event in walk.events("n0"):
            assert event.is_array
            assert not event.is_parent
            assert not event.HasField("target_entity")
            assert not event.HasField("task_node_metadata")


def test_the_closure_adds_up_with_logs():
    with mapped(nodes.array(AGAIN, DONE), retries=1, xs=(1,)) as walk:
        walk.after(200)
        (attempt,) = walk.attempts("n0")
        resources = attempt.closure.metadata.external_resources
        assert [(r.index, r.retry_attempt, r.phase) for r in resources] == [(0, 0, 5), (0, 1, 3)]
        assert [log.name for r in resources for log in r.logs] == ["Kubernetes Logs (User)-0"] * 2


def test_a_map_over_nothing_has_no_items():
    with mapped(nodes.array(DONE, size=0), xs=()) as walk:
        walk.after(9)
        assert rounds(walk) == ["SUCCEEDED"]
        assert walk.told("n0", "n0#0") == [
            "N n0 QUEUED 0",
            "N n0 RUNNING 0",
            "T n0#0 SUCCEEDED 0",
            "N n0 SUCCEEDED 0",
        ]
        assert walk.data("n0") == ({"x": []}, {"o0": []})
        assert walk.phase == "SUCCEEDED"


def test_the_first_failure_cuts_off_what_is_still_there():
    script = nodes.array(DONE, but={0: running(9).succeeds(), 1: NAN})
    with mapped(script) as walk:
        walk.after(200)
        assert rounds(walk)[-2:] == [
            "RUNNING5 1:FAILED+ 2:RUNNING+",
            "FAILED 0:SUCCEEDED 1:FAILED 2:ABORTED",
        ]
        error = walk.events("n0")[-1].error
        assert error == walk.events("n0#0")[-1].error == walk.events("W")[-1].error
        assert (error.code, error.kind, error.HasField("timestamp")) == ("", 0, False)
        assert error.message.startswith("[1]: ")
        assert error.message.endswith("\n")
        assert "nan" in error.message
        assert walk.told("n0", "n0#0", "W")[-4:] == [
            "T n0#0 FAILED 30",
            "N n0 FAILED 30",
            "W FAILING 30",
            "W FAILED 30",
        ]


def test_those_that_fail_in_one_round_are_told_together():
    with mapped(nodes.array(NAN, but={0: DONE})) as walk:
        walk.after(200)
        assert rounds(walk)[-1] == "FAILED 0:ABORTED 1:FAILED 2:FAILED"
        message = walk.events("n0")[-1].error.message
        assert [line[:3] for line in message.splitlines() if line.startswith("[")] == ["[1]", "[2]"]


def test_only_the_last_round_is_told_if_some_may_fail():
    script = nodes.array(DONE, but={0: running(9).fails("first"), 2: running(20).fails("last")})
    with mapped(script, min_success_ratio=0.6) as walk:
        walk.after(200)
        assert rounds(walk)[-1] == "FAILED 0:FAILED 1:ABORTED 2:FAILED"
        assert "last" in walk.events("n0")[-1].error.message
        assert "first" not in walk.events("n0")[-1].error.message


@pytest.mark.parametrize("options", [{"min_success_ratio": 0.6}, {"min_successes": 2}])
def test_some_may_fail_and_give_none(options):
    script = nodes.array(running(9).succeeds(o0=5), but={1: NAN})
    with mapped(script, maybe=True, **options) as walk:
        walk.after(200)
        assert rounds(walk)[-1] == "SUCCEEDED 0:SUCCEEDED 1:FAILED 2:SUCCEEDED"
        assert walk.data("n0")[1] == {"o0": [5, None, 5]}
        assert walk.data("n1")[0] == {"ys": [5, None, 5]}
        assert walk.phase == "SUCCEEDED"


def test_all_may_fail_if_none_has_to_succeed():
    with mapped(nodes.array(NAN), maybe=True, min_success_ratio=0.0) as walk:
        walk.after(200)
        assert walk.data("n0")[1] == {"o0": [None, None, None]}


@pytest.mark.skipif(
    "run_all_sub_nodes" not in workflow_pb2.ArrayNode.DESCRIPTOR.fields_by_name,
    reason="flyteidl 1.16.1 has no such field",
)
def test_all_run_to_their_end_where_the_map_says_so():
    script = nodes.array(DONE, but={1: NAN})
    with mapped(script, run_all_sub_nodes=True) as walk:
        walk.after(200)
        assert rounds(walk)[-1] == "FAILED 0:SUCCEEDED 1:FAILED 2:SUCCEEDED"
        assert "nan" in walk.events("n0")[-1].error.message


def test_more_that_must_succeed_than_there_are_is_a_failure():
    with mapped(nodes.array(DONE), min_successes=9) as walk:
        walk.after(200)
        assert walk.events("n0")[-1].error.code == "ArrayNodeFailing"


def test_outputs_are_lists_of_what_items_give():
    script = nodes.array(running(1).succeeds(o0=1), but={2: running(2).succeeds(o0=9)})
    with mapped(script) as walk:
        walk.after(200)
        assert walk.data("n0") == ({"x": [1, 2, 3]}, {"o0": [1, 1, 9]})


def test_nobody_scripted_it():
    with mapped() as walk:
        walk.after(1)
        assert walk.data("n0")[1] == {"o0": [0, 0, 0]}
        assert walk.phase == "SUCCEEDED"


def test_an_item_that_is_tried_again_first_says_that_it_was_stopped():
    script = nodes.array(running(8).succeeds(), but={1: [AGAIN, DONE]})
    with mapped(script, xs=(1, 2), retries=1) as walk:
        walk.after(200)
        assert rounds(walk)[4:] == [
            "RUNNING4 0:RUNNING+ 1:FAILED+",
            "RUNNING5 0:RUNNING+ 1.1:ABORTED",
            "RUNNING6 0:RUNNING+ 1.1:QUEUED",
            "RUNNING7 0:RUNNING+ 1.1:INITIALIZING",
            "RUNNING8 0:RUNNING+ 1.1:RUNNING+",
            "RUNNING9 0:SUCCEEDED+ 1.1:RUNNING+",
            "RUNNING10 1.1:SUCCEEDED+",
            "SUCCEEDED 0:SUCCEEDED 1.1:SUCCEEDED",
        ]


def test_what_the_system_did_is_counted_apart():
    script = nodes.array(DONE, but={0: [LOST, AGAIN, LOST, LOST, DONE], 1: [LOST] * 4})
    with mapped(script, xs=(1, 2, 3), retries=1, min_success_ratio=0.6) as walk:
        walk.after(200)
        assert rounds(walk)[-1] == "SUCCEEDED 0.4:SUCCEEDED 1.3:FAILED 2:SUCCEEDED"


def test_an_item_whose_retries_are_used_up_says_what_its_task_said():
    with mapped(nodes.array(DONE, but={0: [AGAIN, AGAIN]}), retries=1) as walk:
        walk.after(200)
        message = walk.events("n0")[-1].error.message
        assert "no lock" in message
        assert "RetriesExhausted" not in message
        assert "currentAttempt" not in message


def test_the_text_of_a_failure_names_the_items_own_pod():
    with mapped(nodes.array(DONE, but={1: running(1).fails(failures.oom_killed())})) as walk:
        walk.after(200)
        assert "[run-n0-0-n1-0] terminated" in walk.events("n0")[-1].error.message


def test_an_item_may_take_too_long():
    with mapped(nodes.array(DONE, but={1: running(6).times_out()})) as walk:
        walk.after(200)
        assert walk.events("n0")[-1].error.message == "[1]: task execution timeout [6s] expired\n"


def test_so_many_run_at_a_time():
    with mapped(nodes.array(running(10).succeeds()), parallelism=1) as walk:
        walk.after(200)
        assert rounds(walk) == [
            "QUEUED 0:- 1:- 2:-",
            *(
                f"RUNNING{4 * item + number} {item}:{phase}"
                for item in range(3)
                for number, phase in enumerate(
                    ["QUEUED", "INITIALIZING", "RUNNING+", "SUCCEEDED+"], 1
                )
            ),
            "SUCCEEDED 0:SUCCEEDED 1:SUCCEEDED 2:SUCCEEDED",
        ]
        assert walk.told("n0")[-1] == "N n0 SUCCEEDED 30"


def test_those_that_never_began_are_not_cut():
    with mapped(nodes.array(NAN), xs=range(4), parallelism=2) as walk:
        walk.after(200)
        assert rounds(walk)[-1] == "FAILED 0:FAILED 1:FAILED 2:- 3:-"


def test_phases_and_looks_are_those_of_any_attempt():
    script = nodes.array(
        queued(5).running(5).succeeds(),
        but={1: nodes.waiting(3).running(polls(2)).succeeds()},
    )
    with mapped(script, xs=(1, 2)) as walk:
        assert walk.after(10)[-1] == "T n0#0 RUNNING 10"
        assert rounds(walk)[1:] == [
            "RUNNING1 0:QUEUED 1:WAITING_FOR_RESOURCES",
            "RUNNING2 0:QUEUED 1:QUEUED",
            "RUNNING3 0:QUEUED 1:INITIALIZING",
            "RUNNING4 0:QUEUED 1:RUNNING+",
            "RUNNING5 0:INITIALIZING 1:RUNNING+",
            "RUNNING6 0:RUNNING+ 1:RUNNING+",
            "RUNNING7 0:SUCCEEDED+ 1:RUNNING+",
        ]
        walk.after(1)
        walk.after(1)
        assert walk.phase == "SUCCEEDED"


def test_an_item_may_never_end():
    with mapped(nodes.array(DONE, but={1: running().never_ends()})) as walk:
        walk.after(5000)
        assert rounds(walk)[-1] == "RUNNING4 0:SUCCEEDED+ 1:RUNNING+ 2:SUCCEEDED+"
        assert walk.phase == "RUNNING"
        assert walk.engine.next_due() is None


def test_a_termination_stops_the_items():
    with mapped(nodes.array(DONE, but={0: running(1).succeeds()}), parallelism=2) as walk:
        walk.after(5)
        walk.stop()
        walk.after(5)
        assert rounds(walk)[-1] == "ABORTED 0:SUCCEEDED 1:ABORTED 2:ABORTED"
        assert walk.lines()[-3:] == ["T n0#0 ABORTED 5.5", "N n0 ABORTED 5.5", "W ABORTED 5.5"]


def test_a_failure_beside_it_stops_the_items():
    with mapped(nodes.array(DONE), beside=nodes.task(running(5).fails("no disk"))) as walk:
        walk.after(200)
        assert rounds(walk)[-1] == "ABORTED 0:ABORTED 1:ABORTED 2:ABORTED"
        assert walk.told("W", "n0", "n0#0")[-4:] == [
            "W FAILING 5",
            "T n0#0 ABORTED 5",
            "N n0 ABORTED 5",
            "W FAILED 5",
        ]
        assert walk.refused == []


def test_what_is_bound_is_not_mapped():
    reads = {"k": promise("start-node", var="k"), "x": "start-node"}
    with mapped(nodes.array(running(1).succeeds(o0=2)), reads=reads, bound=["k"]) as walk:
        walk.after(9)
        assert walk.data("n0") == ({"k": 7, "x": [1, 2, 3]}, {"o0": [2, 2, 2]})


def test_a_list_that_is_bound_is_not_mapped():
    reads = {"ks": promise("start-node", var="more"), "x": "start-node"}
    with mapped(nodes.array(DONE), reads=reads, bound=["ks"], lists=["ks"]) as walk:
        walk.after(99)
        assert walk.data("n0")[0] == {"ks": [1, 2], "x": [1, 2, 3]}
        assert rounds(walk)[-1] == "SUCCEEDED 0:SUCCEEDED 1:SUCCEEDED 2:SUCCEEDED"


def test_lists_of_several_lengths_are_a_failure():
    reads = {"w": promise("start-node", var="more"), "x": "start-node"}
    with mapped(nodes.array(DONE), reads=reads) as walk:
        walk.after(99)
        assert walk.told("n0", "n0#0") == ["N n0 QUEUED 0", "N n0 FAILED 0"]
        error = walk.events("W")[-1].error
        assert error.message == "input arrays have different lengths: expecting '2' found '3'"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (nodes.array(DONE, size=20), "has 3 items, and the script says size=20"),
        (nodes.array(DONE, but={3: NAN}), "has 3 items, and but= says what item 3 does"),
    ],
)
def test_a_script_that_does_not_fit_the_data_is_refused(script, problem):
    with pytest.raises(Exception, match=problem), mapped(script) as walk:
        walk.after(99)
