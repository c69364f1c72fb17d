"""Whoever reads beside others who write sees one instant, and never a dictionary half changed."""

import sys
import threading
from contextlib import contextmanager

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import VirtualClock, polls, running
from flyte_testkit.launches import Planting
from flyte_testkit.launches._criteria import Criteria
from flyte_testkit.server import FakeFlyteAdmin

ROUNDS = 40
PLACE = ("flytesnacks", "development")


@pytest.fixture
def admin():
    return FakeFlyteAdmin(strict=False, clock=VirtualClock(limit=None))


@pytest.fixture(autouse=True)
def hasty():
    """Let threads change places as often as Python can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@contextmanager
def beside(*writers):
    """Let each of these write in a thread of its own, so often; what they raise is raised."""
    raised = []

    def write(writer):
        try:
            for number in range(ROUNDS):
                writer(number)
        except BaseException as error:  # noqa: BLE001  for the test
            raised.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield lambda: any(thread.is_alive() for thread in threads)
    finally:
        for thread in threads:
            thread.join(60)
    assert raised == []


def read_beside(admin, read):
    """Read again and again while a test registers, scripts, adds and terminates."""
    for number in range(100):  # so that going through them takes a while
        admin.add_execution(f"before-{number}", running(3600).succeeds(), launch_plan="before")

    def register(number):
        admin.register(f"plan-{number}", inputs={"n": int})

    def add(number):
        script = running(polls(2)).succeeds() if number % 2 else running(60).succeeds()
        admin.add_execution(f"run-{number}", script, project="other")

    def script(number):
        admin.on_launch(f"scripted-{number}", strict=False).plays(running(number).succeeds(x=1))
        admin.on_launch(strict=False, name=f"r-{number}")

    with beside(register, add, script) as go_on:
        while go_on():
            read(admin)


READERS = {
    "names": lambda admin: admin._registry.names(),
    "latest": lambda admin: admin._registry.latest("before"),
    "inputs_of": lambda admin: admin._registry.inputs_of("before", {}),
    "doubt": lambda admin: admin._registry.doubt(Planting(Criteria.checked("nobody"), ())),
    "whereabouts": lambda admin: admin.whereabouts("launch_plan", *PLACE, "befor"),
    "whereabouts of a task": lambda admin: admin.whereabouts("task", "p", "staging", "before"),
    "story": lambda admin: admin._backend.engine.story(),
    "next_due": lambda admin: admin._backend.engine.next_due(),
    "pending": lambda admin: admin.clock.pending,
    "lives": lambda admin: [row.phase for row, _, _ in admin.lives()],
    "scripts": lambda admin: [origin.script() for _, _, origin in admin.lives()],
    "most_at_once": lambda admin: admin.most_at_once(),
    "since_now": lambda admin: admin.since_now().calls,
    "launches": lambda admin: admin.launches,
    "unforeseen": lambda admin: admin.unforeseen(),
    "complaints": lambda admin: list(admin._backend.routes.complaints()),
}


@pytest.mark.parametrize("reader", READERS)
def test_whoever_reads_may_do_so_while_others_write(admin, reader):
    read_beside(admin, READERS[reader])


def test_terminating_what_is_not_there_names_the_near_miss_while_others_write(admin):
    def terminate(admin):
        with pytest.raises(Exception, match=r"Did you mean 'before-1"):
            admin.terminate("before-1x", "too dear")

    read_beside(admin, terminate)


def test_two_threads_may_name_one_new_project_at_once(admin):
    def register(who):
        return lambda number: admin.register(
            f"plan-{who}", version=f"v{number}", project=f"project-{number}"
        )

    with beside(*map(register, "abcd")):
        pass

    assert len(admin._backend.store.projects) >= ROUNDS


def test_two_threads_get_one_route(admin):
    routes = {}

    def plant(who):
        def plant(number):
            routes[who, number] = (admin.on_launch(f"plan-{number}"), admin.on("GetTask"))

        return plant

    with beside(plant("a"), plant("b")):
        pass

    for number in range(ROUNDS):
        (one, fault), (other, same) = routes["a", number], routes["b", number]
        assert one is other
        assert fault is same


@pytest.mark.parametrize("keep", [None, 20])
def test_faults_may_be_looked_at_while_calls_come_in(keep):
    with FakeFlyteAdmin(strict=False, keep_calls=keep, clock=VirtualClock(limit=None)) as admin:
        admin.add_execution("train", running(3600).succeeds())
        for code in ("ABORTED", "UNAVAILABLE"):
            admin.on("ListTasks").fails_with(code)
        request = execution_pb2.WorkflowExecutionGetRequest()
        request.id.project, request.id.domain = PLACE
        names = ["train", "", "trian"]

        def get(number):
            with admin.channel() as channel:
                stub = admin_pb2_grpc.AdminServiceStub(channel)
                for name in names:
                    request.id.name = name
                    stub.GetExecution.future(request).exception()

        def plant(number):
            admin.on("ListWorkflows" if number % 2 else "ListLaunchPlans")

        with beside(get, plant) as go_on:
            while go_on():
                assert len(list(admin._faults.complaints())) in {0, 2}
                assert all(call.rpc == "GetExecution" for call in admin.on().calls)
                assert list(admin._faults.planted())


def test_every_call_may_be_made_while_lives_are_gone_through():
    with FakeFlyteAdmin() as admin, admin.channel() as channel:
        for name in ("one", "two"):
            admin.add_execution(name, running(60).succeeds())
        stub = admin_pb2_grpc.AdminServiceStub(channel)

        phases = []
        for row, _, _ in admin.lives():
            request = execution_pb2.WorkflowExecutionGetRequest(id=row.message.id)
            phases.append(stub.GetExecution(request, timeout=10).closure.phase)

    assert phases == [2, 2]


def test_what_was_handed_out_of_a_life_changes_no_more(admin):
    admin.add_execution("train", running(60).succeeds())
    ((_, changes, _),) = admin.lives()
    admin.clock.advance(60)
    ((_, later, _),) = admin.lives()

    assert [change.phase for change in changes] == ["UNDEFINED", "RUNNING"]
    assert later[-1].phase == "SUCCEEDED"


def test_a_surprise_that_comes_while_others_are_told_is_told_later(admin, monkeypatch):
    monkeypatch.setattr("flyte_testkit.unforeseen._MOST", 2 * ROUNDS)
    unforeseen, told = admin._backend.unforeseen_so_far, []

    def adds(who):
        return lambda number: unforeseen.add(f"{who} {number}")

    with beside(adds("a"), adds("b")) as go_on:
        while go_on():
            told += unforeseen.take()
    told += unforeseen.take()

    assert sorted(told) == sorted(f"{who} {number}" for who in "ab" for number in range(ROUNDS))


def test_the_story_is_told_even_if_somebody_is_stuck_with_the_lock_held(admin, monkeypatch):
    monkeypatch.setattr("flyte_testkit.backend._PATIENCE", 0.01)
    admin.add_execution("train", running(60).succeeds())
    inside, leave = threading.Event(), threading.Event()

    def stuck():
        with admin._backend.moment():
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=stuck)
    thread.start()
    inside.wait(30)
    try:
        assert "train is RUNNING since" in admin._backend.engine.story()
    finally:
        leave.set()
        thread.join()
