import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import HopelessWait, VirtualClock, polls, running
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.wire import guard
from flyte_testkit.world import governed_by


@pytest.fixture
def clock():
    clock = VirtualClock()
    clock.join()  # the code under test lives on it
    yield clock
    clock.leave()


class Backend:
    """A backend whose engine has something scheduled, or nothing."""

    def __init__(self, clock, *, due=None, counts=False):
        self.clock = clock
        self.engine = SimpleNamespace(next_due=lambda: due)
        self.counts = lambda *_: counts


def call(rpc="GetExecution", at=0):
    return SimpleNamespace(rpc=rpc, at=at, request=None)


def struck_after(spin, calls):
    """The number of the first call that strikes, if one does, and what is said then."""
    for number, (one, raw) in enumerate(calls, start=1):
        if said := spin.count(one, raw):
            return number, str(said)
    return None


def again_and_again(times=5 * guard.MANY):
    return ((call(), b"train") for _ in range(times))


def test_the_same_call_again_and_again_is_a_loop(clock):
    number, said = struck_after(guard.SpinGuard(Backend(clock)), again_and_again())

    assert number == guard.MANY
    assert said.startswith(
        "GetExecution was asked 2,000 times with one and the same request, and nothing waited on "
        "the clock in between: it stands still at 0 s, and nothing is scheduled.\n"
    )
    clock.forgive()


def test_it_says_what_cannot_happen_and_what_moves_time(clock):
    spin = guard.SpinGuard(Backend(clock, due=clock.now()))
    _, said = struck_after(spin, again_and_again())

    assert "what is scheduled for 2024-01-01T00:00:00+00:00 cannot happen." in said
    assert "Only waiting on the clock moves it: time.sleep, asyncio.sleep, Event.wait" in said
    assert "Other processes keep real time, and so do uvloop" in said
    assert "let the loop sleep" not in said.lower()
    clock.forgive()


def test_the_clock_does_not_break_and_a_loop_that_goes_on_is_told_again(clock):
    spin = guard.SpinGuard(Backend(clock))
    told = [spin.count(call(), b"train") for _ in range(2 * guard.MANY)]

    assert [number for number, said in enumerate(told, 1) if said] == [guard.MANY, 2 * guard.MANY]
    assert clock.broken is None
    clock.sleep(1)
    clock.forgive()


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param(
            [(call(), str(number).encode()) for number in range(5 * guard.MANY)],
            id="many different ones",
        ),
        pytest.param(
            [(call(at=second), b"train") for second in range(5 * guard.MANY)],
            id="time passes in between",
        ),
        pytest.param([(call(), b"train")] * (guard.MANY - 1), id="too few"),
        pytest.param(
            [(call(), b"train"), (call("TerminateExecution"), b"train")] * (guard.MANY - 1),
            id="something is changed in between",
        ),
    ],
)
def test_other_calls_make_no_loop(clock, calls):
    assert struck_after(guard.SpinGuard(Backend(clock)), calls) is None


def test_a_change_that_is_asked_for_in_vain_again_and_again_is_a_loop(clock):
    calls = [(call("CreateExecution"), b"train"), (call(), b"train")] * guard.MANY

    number, said = struck_after(guard.SpinGuard(Backend(clock)), calls)
    assert number == 2 * guard.MANY - 1
    assert said.startswith("CreateExecution was asked 2,000 times")
    clock.forgive()


def test_looks_that_a_script_waits_for_make_no_loop(clock):
    assert struck_after(guard.SpinGuard(Backend(clock, counts=True)), again_and_again()) is None


def test_real_seconds_between_calls_do_not_matter(clock, monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: pytest.fail("it looks at the real time"))

    assert struck_after(guard.SpinGuard(Backend(clock)), again_and_again(200)) is None


def test_a_clock_that_nobody_lives_on_is_told():
    _, said = struck_after(guard.SpinGuard(Backend(VirtualClock())), again_and_again())

    assert "No thread lives on the clock of this FakeFlyteAdmin" in said
    assert "with governed_by(admin.clock): …" in said


# Over the wire


@pytest.fixture
def admin():
    with FakeFlyteAdmin() as admin, governed_by(admin.clock):
        yield admin


@pytest.fixture
def look(admin):
    """Asks for the execution that this is called with, once."""
    with admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        yield lambda launch: stub.GetExecution(
            execution_pb2.WorkflowExecutionGetRequest(id=launch.id)
        )


def test_whoever_never_waits_is_stopped_and_everybody_else_goes_on(admin, look):
    run = admin.add_execution("run", running(60).succeeds())
    beats = []
    beat = threading.Thread(target=lambda: beats.extend(time.sleep(10) for _ in range(3)))
    beat.start()

    with pytest.raises(HopelessWait, match="for 2024-01-01T00:01:00") as caught:
        while look(run).closure.phase != 4:
            pass

    assert "'MainThread' stands at tests/wire/test_guard.py:" in str(caught.value)
    assert look(run).closure.phase == 2
    time.sleep(60)
    assert look(run).closure.phase == 4
    assert len(beats) == 3


def test_one_who_swallows_it_is_told_of_at_the_end(look):
    with pytest.raises(HopelessWait), FakeFlyteAdmin() as other, other.channel() as channel:
        run = other.add_execution("run", running(60).succeeds())
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        try:
            while True:
                stub.GetExecution(execution_pb2.WorkflowExecutionGetRequest(id=run.id))
        except:  # noqa: E722, S110  that is what is tested
            pass


def test_a_script_that_is_held_for_many_polls_goes_on(admin, look):
    run = admin.add_execution("run", running(polls(guard.MANY + 100)).succeeds())

    while look(run).closure.phase != 4:
        pass


def test_a_child_process_that_never_ends_is_told_by_its_answers_and_so_is_who_waits(monkeypatch):
    monkeypatch.setattr(guard, "MANY", 50)
    child = """if True:
        import sys, grpc
        from flyteidl.admin import execution_pb2
        from flyteidl.service import admin_pb2_grpc
        stub = admin_pb2_grpc.AdminServiceStub(grpc.insecure_channel(sys.argv[1]))
        request = execution_pb2.WorkflowExecutionGetRequest(
            id={"project": "flytesnacks", "domain": "development", "name": "run"}
        )
        while stub.GetExecution(request).closure.phase != 4:
            pass
    """
    clock = VirtualClock()
    with governed_by(clock), FakeFlyteAdmin() as admin:
        admin.add_execution("run", running(60).succeeds())
        command = [sys.executable, "-c", child, admin.endpoint]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            with pytest.raises(HopelessWait, match="Other processes keep real time"):
                process.wait()
                clock.verify()
            assert "flyte-testkit gave up" in process.communicate()[1]


def test_real_work_between_equal_calls_is_no_loop(admin, look):
    run = admin.add_execution("run", running(60).succeeds())
    for _ in range(5):
        look(run)
        subprocess.run([sys.executable, "-c", "pass"], check=True)

    assert look(run).closure.phase == 2
    assert admin.clock.elapsed == 0
