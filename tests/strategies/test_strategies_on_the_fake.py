from __future__ import annotations

from flyteidl.core import execution_pb2 as core
from hypothesis import given, settings
from hypothesis import strategies as st
from realistic_data import legal_problems

from examples import FEW
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.strategies import execution_names, scripts, timelines

PLAYED = settings(FEW, max_examples=15)


@PLAYED
@given(timelines(), execution_names())
def test_what_a_timeline_leaves_behind_agrees_with_itself(timeline, name):
    with FakeFlyteAdmin() as admin:
        execution = admin.add_execution(name, timeline)
        admin.clock.advance(timeline.seconds)

        assert core.WorkflowExecution.Phase.Name(execution.closure.phase) == timeline.phase
        assert legal_problems(execution.closure) == []


@PLAYED
@given(timelines(outcomes=["SUCCEEDED", "FAILED", "ABORTED", None]), st.floats(0, 1))
def test_so_does_what_it_shows_on_the_way(timeline, part):
    with FakeFlyteAdmin() as admin:
        execution = admin.add_execution("a", timeline)
        admin.clock.advance((timeline.seconds or 60) * part)

        problems = set(legal_problems(execution.closure))
        assert problems <= {"SUCCEEDING as soon as it started"}  # running(0) is no engine's


@PLAYED
@given(timelines(any_order=True, outcomes=["FAILED", "TIMED_OUT", None]))
def test_the_fake_takes_all_orders(timeline):
    with FakeFlyteAdmin() as admin:
        execution = admin.add_execution("a", timeline)
        admin.clock.advance(timeline.seconds or 60)

        assert timeline.phase in {execution.phase, None}


@settings(FEW, max_examples=10)
@given(st.lists(scripts(), min_size=1, max_size=3))
def test_a_route_takes_scripts(drawn):
    with FakeFlyteAdmin(strict=False) as admin:
        route = admin.on_launch("nightly").plays(*drawn)

        assert route.unplayed == len(drawn)
