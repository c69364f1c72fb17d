"""An execution with a timeline is played when somebody looks at it; nobody can tell."""

from datetime import timedelta

import pytest
from flyteidl.admin import common_pb2, execution_pb2, node_execution_pb2
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier

from flyte_testkit import VirtualClock, failures, polls, queued, running
from flyte_testkit.server import FakeFlyteAdmin

SCRIPTS = [
    queued(5).running(60).succeeds(auc=0.91),
    running(30).fails(failures.oom_killed()),
    queued(20).running(polls(2)).succeeds(),
    running(10).aborts("too dear", principal="ann"),
    running().never_ends(),
    running(15).times_out(),
]


def id_of(admin, number):
    name = f"e{number}"
    return WorkflowExecutionIdentifier(project=admin.project, domain=admin.domain, name=name)


def ask(admin, rpc, request):
    """Ask as a client does, whose looks count."""
    reply = admin._backend.answer(rpc, request)
    if rpc == "GetExecution":
        admin._backend.looked_at(request.id)
    return reply


def get(admin, number):
    request = execution_pb2.WorkflowExecutionGetRequest(id=id_of(admin, number))
    return ask(admin, "GetExecution", request)


def list_all(admin):
    place = common_pb2.NamedEntityIdentifier(project=admin.project, domain=admin.domain)
    return ask(admin, "ListExecutions", common_pb2.ResourceListRequest(id=place, limit=99))


def nodes_of(admin, number):
    request = node_execution_pb2.NodeExecutionListRequest(
        workflow_execution_id=id_of(admin, number), limit=99
    )
    return ask(admin, "ListNodeExecutions", request)


@pytest.fixture
def fresh():
    def make():
        admin = FakeFlyteAdmin(transport="direct", clock=VirtualClock())
        for number, script in enumerate(SCRIPTS):
            then = admin.clock.now() - timedelta(seconds=number)
            admin.add_execution(f"e{number}", script, created_at=then)
        return admin

    return make


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_one_looked_at_alone_is_as_among_others_that_were(fresh, number):
    seen = []
    for looks_at_all in (True, False):
        admin = fresh()
        replies = []
        for _ in range(12):
            if looks_at_all:
                list_all(admin)
            replies += [get(admin, number), nodes_of(admin, number)]
            admin.clock.advance(7)
        seen.append(replies)
    assert seen[0] == seen[1]


def test_all_are_as_they_would_be_if_somebody_had_looked_at_some(fresh):
    one, other = fresh(), fresh()
    for second in range(0, 70, 7):
        get(other, second % 2)
        for admin in (one, other):
            admin.clock.advance(7)
    assert list_all(one) == list_all(other)
    for number in range(len(SCRIPTS)):
        assert nodes_of(one, number) == nodes_of(other, number)


def test_who_looks_at_one_plays_that_one_alone(fresh):
    admin = fresh()
    admin.clock.advance(100)
    assert get(admin, 0).closure.phase == 4
    rows = {row.execution_name: row.phase for row in admin._backend.store.executions}
    assert rows.pop("e0") == "SUCCEEDED"
    assert set(rows.values()) == {"UNDEFINED"}


def test_an_id_with_a_hole_may_mean_anybody(fresh):
    admin = fresh()
    admin.clock.advance(100)
    nodes = node_execution_pb2.NodeExecutionGetRequest()
    nodes.id.execution_id.name, nodes.id.node_id = "e1", "n0"
    assert ask(admin, "GetNodeExecution", nodes).closure.error.message


def test_what_happens_next_is_known_of_those_nobody_looks_at(fresh):
    admin = fresh()
    began = admin.clock.now()
    admin.clock.advance(6)
    get(admin, 4)
    assert admin._backend.engine.next_due() == began + timedelta(seconds=7)  # e3, 3 s old


def test_the_story_tells_of_all_as_of_the_last_look_at_any(fresh):
    admin = fresh()
    admin.clock.advance(50)
    get(admin, 4)
    story = admin._backend.engine.story()
    assert "e0 is RUNNING" in story
    assert "e1" not in story


def test_a_limit_of_a_launch_plan_counts_what_nobody_has_looked_at(fresh):
    admin = fresh()
    admin.clock.advance(6)
    get(admin, 4)
    before = {row.execution_name: row.phase for row in admin._backend.store.executions}
    admin._backend.engine.catch_up()
    after = {row.execution_name: row.phase for row in admin._backend.store.executions}
    assert (before["e0"], after["e0"]) == ("UNDEFINED", "RUNNING")
