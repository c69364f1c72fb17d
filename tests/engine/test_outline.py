"""What is told of an execution without playing it is what is seen when it is played."""

from flyteidl.core import identifier_pb2, literals_pb2
from hypothesis import given
from hypothesis import strategies as st

from flyte_testkit import failures, polls, running
from flyte_testkit.engine.outline import outlined
from flyte_testkit.engine.stage import Stage
from flyte_testkit.render import text
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.strategies import timelines


def changes(glances):
    return [(glance.row.execution_name, list(glance.changes)) for glance in glances]


def played(admin):
    return [(row.execution_name, list(told)) for row, told, _ in admin.lives()]


@given(timelines(), st.floats(0, 1e6))
def test_a_glance_tells_what_whoever_plays_it_sees(timeline, seconds):
    with FakeFlyteAdmin() as admin:
        admin.add_execution("train", timeline)
        admin.clock.advance(seconds)

        told = changes(admin.glances())

        assert told == played(admin)


@given(timelines(), st.floats(0, 1e6))
def test_what_is_drawn_is_played_for_that(timeline, seconds):
    with FakeFlyteAdmin() as admin, FakeFlyteAdmin() as other:
        for each in (admin, other):
            each.add_execution("train", timeline, launch_plan="train")
            each.clock.advance(seconds)
        list(other.lives())

        assert text(admin) == text(other)
        assert played(admin) == played(other)


def test_a_glance_at_one_that_was_terminated_is_what_came_of_it():
    with FakeFlyteAdmin() as admin:
        train = admin.add_execution("train", running(60).succeeds())
        admin.terminate(train, "enough")
        admin.clock.advance(60)

        assert [change.phase for change in admin.glances()[0].changes][-1] == "ABORTED"


def test_a_glance_at_one_that_waits_for_looks_plays_it():
    with FakeFlyteAdmin() as admin:
        admin.add_execution("train", running(60).succeeding(polls(2)).succeeds())
        admin.clock.advance(3600)

        assert admin.glances()[0].phase == "SUCCEEDING"
        assert played(admin) == changes(admin.glances())


def test_a_picture_of_many_plays_only_what_it_shows():
    with FakeFlyteAdmin() as admin:
        for number in range(500):
            admin.add_execution(f"e{number}", running(60).fails(failures.oom_killed()))
        before = len(admin._backend.store.node_executions)
        admin.clock.advance(60)

        assert "500 executions: 500 FAILED" in text(admin)
        ended = [row for row in admin._backend.store.executions if row.phase == "FAILED"]
        assert before == 0  # nobody has looked at any
        assert len(ended) < 60


def test_what_was_played_for_a_picture_goes_on_as_ever():
    with FakeFlyteAdmin() as admin:
        train = admin.add_execution("train", running(60).succeeding(60).succeeds())
        admin.clock.advance(60)
        text(admin)
        admin.clock.advance(60)

        assert train.phase == "SUCCEEDED"


def test_an_outline_ends_where_it_is_asked_to():
    nothing = literals_pb2.LiteralMap()
    stage = Stage(identifier_pb2.WorkflowExecutionIdentifier(), "", nothing, nothing)

    told = outlined(running(60).succeeds(), stage, _at(0), _at(59))

    assert list(told) == [(_at(0), "RUNNING")]


def _at(seconds):
    from datetime import datetime, timedelta, timezone

    return datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
