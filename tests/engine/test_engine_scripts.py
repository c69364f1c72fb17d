"""A script as a performance: what is sent, in which order, with what in it."""

import contextlib
from datetime import datetime, timedelta, timezone

import pytest
from flyteidl.core import execution_pb2, identifier_pb2

from flyte_testkit import failures, immediately, literals, polls, queued, running, undefined
from flyte_testkit.engine.performance import Act, Looks, Terminated, Until, Wait
from flyte_testkit.engine.scripts import perform, to_come
from flyte_testkit.engine.stage import Stage

START = datetime(2024, 3, 10, tzinfo=timezone.utc)
ROOT = "s3://store/metadata/propeller/p-d-e1"
STAGE = Stage(
    identifier_pb2.WorkflowExecutionIdentifier(project="p", domain="d", name="e1"),
    ROOT,
    literals.literal_map({"day": "monday"}),
    literals.literal_map({"auc": 0.91}),
)


def played(script, looks_last):
    """All that a performance yields; what waits for looks waits so many seconds."""
    performance = perform(script, STAGE, START)
    now = None
    with contextlib.suppress(StopIteration):
        while True:
            yield (told := performance.send(now))
            if isinstance(told, Act | Until):
                now = told.at
            elif isinstance(told, Looks):
                now = (now or START) + timedelta(seconds=looks_last)
            else:
                return


def acts_of(script, looks_last=0):
    """What the engine sends by itself."""
    return [told for told in played(script, looks_last) if isinstance(told, Act)]


def waits_of(script, looks_last=0):
    """What kinds of waits there are."""
    return [type(told) for told in played(script, looks_last) if isinstance(told, Wait)]


def in_short(act):
    """Seconds, subject and phase."""
    at = (act.at - START).total_seconds()
    if act.rpc == "CreateWorkflowEvent":
        return at, "execution", execution_pb2.WorkflowExecution.Phase.Name(act.request.event.phase)
    if act.rpc == "CreateNodeEvent":
        phase = execution_pb2.NodeExecution.Phase.Name(act.request.event.phase)
        return at, act.request.event.id.node_id, phase
    return at, act.rpc, act.request.cause


def told(script, looks_last=0):
    """What the engine tells, in short."""
    return [in_short(act) for act in acts_of(script, looks_last)]


def test_success_is_told_as_a_recorded_run_tells_it():
    assert told(running(10).succeeds(auc=0.91)) == [
        (0, "execution", "RUNNING"),
        (0, "start-node", "SUCCEEDED"),
        (10, "end-node", "QUEUED"),
        (10, "end-node", "SUCCEEDED"),
        (10, "execution", "SUCCEEDING"),
        (10, "execution", "SUCCEEDED"),
    ]


def test_whatever_succeeds_has_run_at_least_for_an_instant():
    assert told(immediately.succeeds()) == [(0, *rest) for _, *rest in told(running(9).succeeds())]


def test_a_failure_leaves_the_end_node_without_a_row():
    assert told(running(10).fails("boom")) == [
        (0, "execution", "RUNNING"),
        (0, "start-node", "SUCCEEDED"),
        (10, "execution", "FAILING"),
        (10, "execution", "FAILED"),
    ]


def test_what_fails_before_it_runs_never_runs():
    assert told(undefined(5).fails("boom")) == [
        (5, "execution", "FAILING"),
        (5, "execution", "FAILED"),
    ]


def test_an_abort_begins_with_somebody_who_terminates():
    assert told(running(10).aborts("too dear"))[2:] == [
        (10, "TerminateExecution", "too dear"),
        (10, "execution", "ABORTED"),
    ]
    assert told(running(10).aborting(30).aborts("too dear"))[2:] == [
        (10, "TerminateExecution", "too dear"),
        (40, "execution", "ABORTED"),
    ]


@pytest.mark.parametrize("ending", ["succeeds", "fails"])
def test_what_is_being_aborted_only_ends(ending):
    story = running(10).aborting(30)
    script = story.succeeds() if ending == "succeeds" else story.fails("boom")

    assert [step for step in told(script) if step[0] == 40] == [
        (40, "execution", "SUCCEEDED" if ending == "succeeds" else "FAILED")
    ]


def test_queued_is_told_only_because_the_phase_exists():
    assert told(queued(5).running(10).times_out())[::3] == [
        (0, "execution", "QUEUED"),
        (15, "execution", "TIMED_OUT"),
    ]


def test_a_story_that_never_ends_is_told_as_far_as_it_goes():
    assert told(running().never_ends()) == told(running(9).fails(""))[:2]


def test_steps_add_up_exactly():
    steps = queued(0.1).running(0.2)

    assert [at for at, *_ in told(steps.fails(""))] == [0, 0.1, 0.1, 0.3, 0.3]


def test_events_carry_what_a_real_engine_writes_into_them():
    running_, start_node, queued_, ended, succeeding, succeeded = acts_of(
        running(10).succeeds(auc=0.91)
    )

    for act in (running_, succeeding, succeeded):
        assert act.request.event.producer_id == "propeller"
        assert act.request.event.occurred_at.ToDatetime(timezone.utc) == act.at
    for act in (start_node, queued_, ended):
        event = act.request.event
        assert (event.event_version, event.spec_node_id) == (1, event.id.node_id)
        assert event.reported_at == event.occurred_at
    assert start_node.request.event.output_uri == f"{ROOT}/start-node/data/0/outputs.pb"
    assert queued_.request.event.input_uri == f"{ROOT}/end-node/data/inputs.pb"
    assert ended.request.event.output_uri == ""
    assert succeeded.request.event.output_uri == f"{ROOT}/end-node/data/0/outputs.pb"


def test_outputs_are_written_before_success_is_told():
    *_, succeeded = acts_of(running(10).succeeds(auc=0.91))

    written = type(STAGE.outputs).FromString(succeeded.blobs[f"{ROOT}/end-node/data/0/outputs.pb"])
    assert written == STAGE.outputs
    assert succeeded.at == START + timedelta(seconds=10)


def test_failing_and_failed_carry_the_same_error():
    *_, failing, failed = acts_of(running(10).fails(failures.oom_killed()))

    assert failing.request.event.error == failed.request.event.error
    assert failed.request.event.error.code == "RetriesExhausted|OOMKilled"
    assert "[e1-n0-0]" in failed.request.event.error.message


def test_names_in_a_failure_are_those_of_the_execution():
    failed = acts_of(running(10).fails(failures.pod_deleted()))[-1]

    assert "[p-d/e1-n0-3]" in failed.request.event.error.message


def test_a_step_that_is_held_for_looks_begins_at_the_instant_of_the_last_one():
    script = undefined(5).running(polls(3)).succeeding(polls(1)).succeeds(auc=0.91)

    assert waits_of(script, looks_last=2) == [Until, Looks, Looks]
    assert told(script, looks_last=2)[::3] == [
        (5, "execution", "RUNNING"),
        (7, "end-node", "SUCCEEDED"),
    ]
    assert told(script, looks_last=2)[-1] == (9, "execution", "SUCCEEDED")


def test_looks_change_when_things_happen_and_nothing_else():
    script = undefined(polls(1)).running(polls(3)).failing(polls(1)).running(polls(2)).succeeds()
    timed = undefined(0).running(0).failing(0).running(0).succeeds()

    assert told(script, looks_last=0) == told(timed)


def test_time_goes_on_after_looks():
    script = running(polls(3)).failing(30).fails("boom")

    assert told(script, looks_last=4)[2:] == [
        (4, "execution", "FAILING"),
        (34, "execution", "FAILED"),
    ]


@pytest.mark.parametrize("script", [running(10).succeeds(), running(polls(2)).fails("boom")])
def test_what_is_terminated_says_so_and_nothing_else(script):
    performance = perform(script, STAGE, START)
    told = next(performance)
    while isinstance(told, Act):
        told = performance.send(START)

    aborted = performance.throw(Terminated(START + timedelta(seconds=3)))

    assert in_short(aborted) == (3, "execution", "ABORTED")
    with pytest.raises(StopIteration):
        performance.send(START)


@pytest.mark.parametrize(
    ("script", "seconds"),
    [
        (queued(5).running(60).succeeds(), [5, 65]),
        (running(60).never_ends(), []),
        (queued(5).running().never_ends(), [5]),
        (queued(5).running(polls(2)).succeeding(5).succeeds(), [5, 5 + 3600]),
        (immediately.succeeds(), []),
    ],
)
def test_when_a_script_goes_on_by_itself_is_known_before(script, seconds):
    wanted = tuple(START + timedelta(seconds=second) for second in seconds)
    assert to_come(script, START) == wanted


def test_each_wait_knows_when_more_happens_after_it():
    told_ = played(queued(5).running(60).succeeding(7).succeeds(), 0)
    waits = [wait for wait in told_ if isinstance(wait, Until)]
    assert [wait.later for wait in waits] == [
        tuple(wait.at for wait in waits[1:]),
        tuple(wait.at for wait in waits[2:]),
        (),
    ]
