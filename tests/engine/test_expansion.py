import itertools
from datetime import datetime, timedelta, timezone

import pytest
from flyteidl.core import execution_pb2, identifier_pb2

from flyte_testkit import failures, immediately, literals, polls, queued, running, undefined
from flyte_testkit.engine.expansion import Pause, Stage, expand

START = datetime(2024, 3, 10, tzinfo=timezone.utc)
ROOT = "s3://store/metadata/propeller/p-d-e1"
STAGE = Stage(
    identifier_pb2.WorkflowExecutionIdentifier(project="p", domain="d", name="e1"),
    ROOT,
    literals.literal_map({"day": "monday"}),
    literals.literal_map({"auc": 0.91}),
)


def acts_of(script, **where):
    """What the engine sends by itself."""
    return expand(script, STAGE, START, **where).acts


def told(script, **where):
    """What the engine tells, in short: seconds, subject and phase."""
    short = []
    for act in acts_of(script, **where):
        at = (act.at - START).total_seconds()
        if act.rpc == "CreateWorkflowEvent":
            phase = execution_pb2.WorkflowExecution.Phase.Name(act.request.event.phase)
            short.append((at, "execution", phase))
        elif act.rpc == "CreateNodeEvent":
            phase = execution_pb2.NodeExecution.Phase.Name(act.request.event.phase)
            short.append((at, act.request.event.id.node_id, phase))
        else:
            short.append((at, act.rpc, act.request.cause))
    return short


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


def test_a_story_without_polls_is_one_segment():
    assert expand(running(10).succeeds(), STAGE, START).pause is None
    assert expand(running().never_ends(), STAGE, START).pause is None


def test_a_segment_ends_where_polls_are_waited_for():
    script = undefined(5).running(polls(3)).succeeding(polls(1)).succeeds(auc=0.91)
    first = expand(script, STAGE, START)

    assert first.pause == Pause(START + timedelta(seconds=5), 3, then=2)
    assert told(script) == [(5, "execution", "RUNNING"), (5, "start-node", "SUCCEEDED")]
    assert expand(script, STAGE, START, first=2).pause == Pause(START, 1, then=3)
    assert expand(script, STAGE, START, first=3).pause is None


def test_segments_together_tell_what_one_story_tells():
    script = undefined(polls(1)).running(polls(3)).failing(polls(1)).running(polls(2)).succeeds()
    timed = undefined(0).running(0).failing(0).running(0).succeeds()
    segments = [told(script, first=first) for first in range(len(script.steps) + 1)]

    assert list(itertools.chain.from_iterable(segments)) == told(timed)


def test_time_goes_on_after_polls():
    script = running(polls(3)).failing(30).fails("boom")

    assert told(script, first=1) == [
        (0, "execution", "FAILING"),
        (30, "execution", "FAILED"),
    ]
