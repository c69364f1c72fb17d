import math
import threading
import time
from datetime import timedelta
from decimal import Decimal

import grpc
import pytest
from flyteidl.admin import execution_pb2, version_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import SystemClock, failures, running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.client.exceptions import FlyteEntityNotExistException
from flyte_testkit.errors import FlyteTestkitError, RouteError, UnexpectedUse
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.wire.journal import Journal
from flyte_testkit.wire.names import RPCS
from flyte_testkit.wire.services import methods


@pytest.fixture
def admin():
    with FakeFlyteAdmin(strict=False) as admin:
        admin.add_execution("train", running(3600).succeeds())
        yield admin


@pytest.fixture
def stub(admin):
    with admin.channel() as channel:
        yield admin_pb2_grpc.AdminServiceStub(channel)


def train():
    request = execution_pb2.WorkflowExecutionGetRequest()
    request.id.project, request.id.domain, request.id.name = "flytesnacks", "development", "train"
    return request


def codes(stub, count, **options):
    """The codes that so many GetExecution are answered with."""
    seen = []
    for _ in range(count):
        try:
            stub.GetExecution(train(), **options)
        except grpc.RpcError as error:
            seen.append(error.code().name)
        else:
            seen.append("OK")
    return seen


def test_the_names_of_rpcs_are_those_of_the_services():
    assert {method.rpc for method in methods().values()} == RPCS


def test_attempts_fail_as_often_as_written(admin, stub):
    lookups = admin.on("GetExecution").fails_with("UNAVAILABLE", attempts=2, after=1)

    assert codes(stub, 5) == ["OK", "UNAVAILABLE", "UNAVAILABLE", "OK", "OK"]
    assert lookups.struck == 2
    assert len(lookups.calls) == 5


def test_calls_fail_as_often_as_written_with_all_their_attempts(admin, stub):
    lookups = admin.on("GetExecution").fails_with("UNAVAILABLE", times=2, after=1)

    assert codes(stub, 1) == ["OK"]
    assert codes(stub, 4) == ["UNAVAILABLE"] * 4  # as flytekit repeats a call
    assert codes(stub, 4) == ["UNAVAILABLE"] * 4  # at one instant still: another call
    assert codes(stub, 1) == ["OK"]
    assert lookups.struck == 8
    assert [call.attempt for call in lookups.calls] == [1, 1, 2, 3, 4, 1, 2, 3, 4, 1]


def test_after_a_pause_it_is_another_call(admin, stub):
    admin.on("GetExecution").fails_with("UNAVAILABLE", times=2)
    seen = []
    for _ in range(3):
        seen += codes(stub, 1)
        admin.clock.advance(0.5)

    assert seen == ["UNAVAILABLE", "UNAVAILABLE", "OK"]


def test_what_a_client_does_not_repeat_is_another_call(admin, stub):
    admin.on("GetExecution").fails_with("DEADLINE_EXCEEDED", times=1)

    assert codes(stub, 2) == ["DEADLINE_EXCEEDED", "OK"]


def test_attempts_that_were_late_are_of_one_call(admin, stub):
    admin.on("GetExecution").delays(5).fails_with("UNAVAILABLE", times=1)

    assert codes(stub, 4) == ["UNAVAILABLE"] * 4
    assert admin.clock.elapsed == 20
    assert codes(stub, 1) == ["OK"]


def test_calls_of_two_threads_do_not_mix(admin, stub):
    admin.on("GetExecution").fails_with("UNAVAILABLE", times=2)
    other = train()
    other.id.name = "nobody"
    asked = []
    for _ in range(4):
        asked += codes(stub, 1)
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetExecution(other)
        asked.append(caught.value.code().name)

    assert asked == ["UNAVAILABLE"] * 8
    assert codes(stub, 1) == ["OK"]


def test_every_verb_strikes_until_told_otherwise(admin, stub):
    reply = execution_pb2.Execution()
    reply.id.name = "another"
    admin.on("GetExecution").fails_with("NOT_FOUND")
    assert codes(stub, 9) == ["NOT_FOUND"] * 9
    admin.on("GetVersion").loses_reply()
    for _ in range(9):
        with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
            stub.GetVersion(version_pb2.GetVersionRequest())


@pytest.mark.parametrize(
    ("limits", "seen"),
    [
        ({}, "OK OK no no OK"),
        ({"times": 1}, "OK OK no OK OK"),
        ({"after": 1}, "OK OK OK no OK"),
        ({"attempts": 1}, "OK OK no OK OK"),
        ({"times": 1, "after": 1}, "OK OK OK no OK"),
        ({"times": 5, "attempts": 1, "after": 1}, "OK OK OK no OK"),
    ],
)
def test_what_limits_a_fault_composes_with_its_window(admin, stub, limits, seen):
    lookups = admin.on("GetExecution").fails_with("UNAVAILABLE", **limits).between(60, 120)
    had = []
    for _ in range(5):
        had += codes(stub, 1)
        admin.clock.advance(30)

    assert " ".join("no" if code == "UNAVAILABLE" else code for code in had) == seen
    assert lookups.struck == seen.count("no")


def test_of_calls_and_attempts_what_is_used_up_first_counts(admin, stub):
    admin.on("GetExecution").fails_with("UNAVAILABLE", times=2, attempts=5)

    assert codes(stub, 6) == ["UNAVAILABLE"] * 5 + ["OK"]


def test_faults_compose_in_the_order_of_writing(admin, stub):
    lookups = (
        admin.on("GetExecution")
        .fails_with("UNAVAILABLE", attempts=2)
        .fails_with("INTERNAL", attempts=1)
    )

    assert codes(stub, 4) == ["UNAVAILABLE", "UNAVAILABLE", "INTERNAL", "OK"]
    assert [fault.struck for fault in lookups.faults] == [2, 1]


def test_calls_pass_from_fault_to_fault(admin, stub):
    admin.on("GetExecution").fails_with("UNAVAILABLE", times=1).fails_with("INTERNAL", times=1)

    assert codes(stub, 9) == ["UNAVAILABLE"] * 4 + ["INTERNAL"] * 4 + ["OK"]


def test_flytekits_repetition_does_not_hide_a_fault(admin):
    pytest.importorskip("flytekit")
    remote = admin.remote()
    lookups = admin.on("GetExecution").fails_with("UNAVAILABLE", times=1)

    with pytest.raises(Exception) as caught:  # noqa: PT011  flytekit's own
        remote.fetch_execution(name="train")
    assert type(caught.value).__name__ == "FlyteSystemUnavailableException"
    assert lookups.struck == 4
    assert remote.fetch_execution(name="train").id.name == "train"


def test_flytekits_repetition_hides_what_strikes_attempts(admin):
    pytest.importorskip("flytekit")
    lookups = admin.on("GetExecution").fails_with("UNAVAILABLE", attempts=3)

    assert admin.remote().fetch_execution(name="train").id.name == "train"
    assert lookups.struck == 3


def test_our_client_never_repeats_a_call_at_once(admin):
    admin.on("GetExecution").fails_with("NOT_FOUND", times=2)
    config = Config.for_endpoint(admin.endpoint, insecure=True)
    with FlyteRemote(config, admin.project, admin.domain) as remote:
        for _ in range(2):
            with pytest.raises(FlyteEntityNotExistException):
                remote.fetch_execution(name="train")
        assert remote.fetch_execution(name="train").id.name == "train"

    assert [call.attempt for call in admin.on("GetExecution").calls[:3]] == [1, 1, 1]


def test_on_a_real_clock_an_immediate_repetition_is_an_attempt_too():
    pytest.importorskip("flytekit")
    with FakeFlyteAdmin(clock=SystemClock()) as admin:
        admin.add_execution("train", running(3600).succeeds())
        remote = admin.remote()
        lookups = admin.on("GetExecution").fails_with("UNAVAILABLE", times=1)

        with pytest.raises(Exception, match="currently unavailable"):
            remote.fetch_execution(name="train")
        assert lookups.struck == 4
        assert remote.fetch_execution(name="train").id.name == "train"


def test_a_route_without_a_name_is_that_of_every_rpc(admin, stub):
    admin.on().fails_with("RESOURCE_EXHAUSTED")

    assert codes(stub, 1) == ["RESOURCE_EXHAUSTED"]
    with pytest.raises(grpc.RpcError, match="RESOURCE_EXHAUSTED"):
        stub.GetVersion(version_pb2.GetVersionRequest())


def test_an_outage_lasts_from_then_to_then(admin, stub):
    admin.on("GetExecution").fails_with("UNAVAILABLE").between(60, 120)
    seen = []
    for _ in range(5):
        seen += codes(stub, 1)
        admin.clock.advance(30)

    assert seen == ["OK", "OK", "UNAVAILABLE", "UNAVAILABLE", "OK"]


def test_a_scripted_message_is_answered(admin, stub):
    reply = execution_pb2.Execution()
    reply.id.name = "another"
    admin.on("GetExecution").answers(reply, times=1)

    assert stub.GetExecution(train()).id.name == "another"
    assert stub.GetExecution(train()).id.name == "train"


def test_a_lost_reply_was_done_all_the_same(admin, stub):
    admin.on("TerminateExecution").loses_reply()
    request = execution_pb2.ExecutionTerminateRequest(id=train().id, cause="too dear")

    with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
        stub.TerminateExecution(request)

    assert stub.GetExecution(train()).closure.abort_metadata.cause == "too dear"


def test_what_the_client_is_told_of_a_lost_reply_is_ones_choice(admin, stub):
    admin.on("TerminateExecution").loses_reply("DEADLINE_EXCEEDED")
    request = execution_pb2.ExecutionTerminateRequest(id=train().id, cause="too dear")

    with pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED"):
        stub.TerminateExecution(request)

    assert stub.GetExecution(train()).closure.abort_metadata.cause == "too dear"


def test_a_delayed_call_sees_the_server_of_a_later_time(admin, stub):
    lookups = admin.on("GetExecution").delays(timedelta(hours=1))

    assert stub.GetExecution(train()).closure.phase == core.WorkflowExecution.SUCCEEDED
    assert admin.clock.elapsed == 3600
    assert lookups.calls[0].at == 0


def test_a_call_that_is_delayed_beyond_its_deadline_ends_there(admin, stub):
    admin.on("GetExecution").delays(90)

    assert codes(stub, 1, timeout=60) == ["DEADLINE_EXCEEDED"]
    assert admin.clock.elapsed == 60
    assert (admin.calls[-1].code, admin.calls[-1].deadline) == ("DEADLINE_EXCEEDED", 60)


def test_a_hanging_call_ends_at_its_deadline(admin, stub):
    admin.on("GetExecution").hangs(times=1)

    assert codes(stub, 2, timeout=60) == ["DEADLINE_EXCEEDED", "OK"]
    assert admin.clock.elapsed == 60


def test_a_thousand_calls_are_held_and_hold_no_thread(admin, stub):
    admin.on("GetExecution").hangs(times=1000)
    before = threading.active_count()

    futures = [stub.GetExecution.future(train()) for _ in range(1000)]
    wait_until_held(admin, 1000)

    assert codes(stub, 1) == ["OK"]  # others are unharmed
    server_threads = [t for t in threading.enumerate() if t.name.startswith("flyte-testkit")]
    assert len(server_threads) <= 4
    assert threading.active_count() - before <= 6
    for future in futures:
        future.cancel()


def wait_until_held(admin, count):
    """Wait, in real time, for what a future cannot tell: that its call has arrived."""
    until = time.monotonic() + 20
    while sum(call.code is None for call in admin.calls) < count:
        assert time.monotonic() < until, "the calls never arrived"
        time.sleep(0.001)


def test_reading_a_route_plants_nothing(admin, stub):
    assert repr(admin.on("GetExecution")) == "<on('GetExecution'): nothing is planted>"
    assert admin.on("GetExecution").struck == 0
    assert codes(stub, 1) == ["OK"]
    assert len(admin.on("GetExecution").calls) == 1


def test_a_status_code_of_grpc_is_taken(admin, stub):
    admin.on("GetExecution").fails_with(grpc.StatusCode.ABORTED, attempts=1)
    admin.on("GetExecution").loses_reply(grpc.StatusCode.DATA_LOSS)

    assert codes(stub, 2) == ["ABORTED", "DATA_LOSS"]


def test_a_window_may_be_told_in_timedeltas_and_never_end(admin, stub):
    admin.on("GetExecution").fails_with("INTERNAL").between(timedelta(minutes=1), math.inf)

    assert codes(stub, 1) == ["OK"]
    admin.clock.advance(60)
    assert codes(stub, 1) == ["INTERNAL"]


# Faults that never strike


def complaint_of(plant, *use):
    """What a block is told in which such faults were planted, and so many calls made."""
    with pytest.raises(UnexpectedUse) as caught, FakeFlyteAdmin() as admin:
        admin.add_execution("train", running(3600).succeeds())
        with admin.channel() as channel:
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            plant(admin)
            for seconds in use:
                stub.GetExecution(train())
                admin.clock.advance(seconds)
    return str(caught.value)


NEVER = "{} was planted, and never struck. "
ADVICE = (
    "Take the fault out, or find out why the code under test made no such call; strict=False lets "
    "a fault be that may never strike."
)


@pytest.mark.parametrize(
    ("plant", "use", "told"),
    [
        (
            lambda admin: admin.on("GetVersion").hangs(times=1),
            [1],
            NEVER.format("on('GetVersion').hangs(times=1)") + "GetVersion was not called at all.",
        ),
        (
            lambda admin: admin.on().delays(5),
            [],
            "on().delays(5) was planted, and never struck. Nothing was called at all.",
        ),
        (
            lambda admin: admin.on("GetExecution").fails_with("UNAVAILABLE").between(60, 120),
            [30, 10, 100],
            NEVER.format("on('GetExecution').fails_with('UNAVAILABLE').between(60, 120)")
            + "GetExecution was called 3 times, the last time at 40 s, and never from 60 s until "
            + "120 s.",
        ),
        (
            lambda admin: admin.on("GetExecution").loses_reply(after=2),
            [1, 1],
            NEVER.format("on('GetExecution').loses_reply(after=2)")
            + "GetExecution was called 2 times, the last time at 1 s, and after=2 lets calls pass "
            + "before.",
        ),
        (
            lambda admin: admin.on("GetExecution").answers(an_execution()).hangs(),
            [1],
            NEVER.format("on('GetExecution').hangs()")
            + "GetExecution was called once, the last time at 0 s, before this was written or "
            + "answered by the faults before it.",
        ),
    ],
)
def test_a_fault_that_never_struck_is_told_as_a_script_is_that_was_never_played(plant, use, told):
    assert complaint_of(plant, *use) == f"{told}\n{ADVICE}"


def test_a_fault_that_struck_once_is_no_complaint():
    with FakeFlyteAdmin() as admin, admin.channel() as channel:
        admin.add_execution("train", running(3600).succeeds())
        admin.on("GetExecution").fails_with("UNAVAILABLE", times=5)
        assert codes(admin_pb2_grpc.AdminServiceStub(channel), 1) == ["UNAVAILABLE"]


def test_a_fault_may_be_one_that_perhaps_never_strikes():
    with FakeFlyteAdmin() as admin:
        on = admin.on("GetExecution")
        on.fails_with("UNAVAILABLE", strict=False).delays(1, strict=False).hangs(strict=False)
        on.loses_reply(strict=False).answers(an_execution(), strict=False)
    with FakeFlyteAdmin(strict=False) as admin:
        admin.on("GetExecution").hangs()


def an_execution():
    return execution_pb2.Execution()


# Calls that are held


@pytest.fixture
def hopeless(soon_hopeless):
    """A server on which nobody is told at the end that a wait was hopeless."""
    admin = FakeFlyteAdmin(strict=False)
    with admin.serving():
        yield admin


def told_to(admin, **options):
    """What somebody is told who waits for GetExecution in vain."""
    with admin.channel() as channel, pytest.raises(grpc.RpcError):
        admin_pb2_grpc.AdminServiceStub(channel).GetExecution(train(), **options)
    return str(admin.clock.broken)


def test_who_waits_for_a_call_that_hangs_is_told_which_fault_holds_it(hopeless):
    hopeless.add_execution("later", running(300).succeeds())
    hopeless.on("GetExecution").hangs().between(60, 120)
    hopeless.clock.advance(60)

    told = told_to(hopeless)

    assert (
        "GetExecution is held since 60 s by on('GetExecution').hangs().between(60, 120), which "
        "never lets go, and has no deadline"
    ) in told
    assert "nothing is scheduled" not in told


def test_who_waits_too_long_is_told_when_a_call_is_let_go(hopeless):
    hopeless.on("GetExecution").delays(timedelta(days=31))

    told = told_to(hopeless, timeout=3_000_000)

    assert "lets go at 2,678,400 s, and its deadline is at " in told


def test_of_many_held_calls_some_are_told():
    journal = Journal()
    for at in range(20):
        request = version_pb2.GetVersionRequest()
        call = journal.begin("GetVersion", request, at=at, deadline=60)
        call.held_by = "a fault"

    told = journal.story().splitlines()

    assert told[0] == "  GetVersion is held since 0 s by a fault, and its deadline is at 60 s"
    assert told[10:] == ["  and 10 more calls are held"]


def test_a_call_that_is_let_go_is_held_by_nobody(admin, stub):
    admin.on("GetExecution").delays(5)

    assert codes(stub, 1) == ["OK"]
    assert admin.calls[-1].held_by == ""


# What cannot be planted


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (lambda on: on("GetExecutoin"), "on('GetExecutoin'): there is no such RPC. Did you mean"),
        (lambda on: on().fails_with("UNAVAILBLE"), "is no gRPC status code. Did you mean 'UNAVA"),
        (lambda on: on().loses_reply("DEADLINE"), "Did you mean 'DEADLINE_EXCEEDED'"),
        (lambda on: on().fails_with("UNKNOWN", times=0), "times is 1 or more"),
        (lambda on: on().delays(-1), "a call cannot be answered before it came"),
        (lambda on: on().fails_with("UNKNOWN", times=1.5), "a whole number; 1.5 is not"),
        (lambda on: on().fails_with("UNKNOWN", times=True), "True is not"),
        (lambda on: on().hangs(attempts=0), "attempts is 1 or more, or None for all"),
        (lambda on: on().hangs(attempts="2"), "'2' is not"),
        (lambda on: on().delays(1, after=-1), "after is 0 or more, a whole number; -1 is not"),
        (lambda on: on().delays(1, after=None), "None is not"),
        (lambda on: on().delays(1, after=False), "False is not"),
        (lambda on: on().hangs(strict=0), "strict is True or False; 0 is neither"),
        (lambda on: on().fails_with("OK"), "OK is no failure"),
        (lambda on: on().fails_with(grpc.StatusCode.OK), "OK is no failure"),
        (lambda on: on().fails_with("unavailable"), "Did you mean 'UNAVAILABLE'?"),
        (lambda on: on().fails_with("StatusCode.ABORTED"), "Did you mean 'ABORTED'?"),
        (lambda on: on().fails_with(14), "14 is no gRPC status code. Did you mean 'UNAVAILABLE'?"),
        (lambda on: on().fails_with(None), "None is no gRPC status code."),
        (lambda on: on().fails_with(failures.oom_killed()), "is no gRPC status code."),
        (lambda on: on().fails_with("UNKNOWN", message=5), "a text is wanted, and 5 is none"),
        (lambda on: on().delays(math.inf), "would never be over. Let calls wait for ever with .ha"),
        (lambda on: on().delays(1e300), "would never be over"),
        (lambda on: on().delays(math.nan), "a call cannot be answered before it came"),
        (lambda on: on().delays(timedelta(-1)), "a call cannot be answered before it came"),
        (lambda on: on().delays("5"), "on().delays('5'): a length is a number of seconds"),
        (lambda on: on().delays(True), "a length is a number of seconds"),
        (lambda on: on().delays(None), "a length is a number of seconds"),
        (lambda on: on().between(0, 1), "follows no fault to limit"),
        (lambda on: on().hangs().between(0, 1).between(2, 3), "write the verb once more"),
        (lambda on: on().hangs().between("a", "b"), "told in seconds since the clock's start"),
        (lambda on: on().hangs().between(math.nan, 5), "told in seconds"),
        (lambda on: on().hangs().between(0, True), "told in seconds"),
        (lambda on: on().hangs().between(Decimal(0), 5), "told in seconds"),
        (lambda on: on().hangs().between(-1, 5), "begins before the clock does"),
        (lambda on: on().hangs().between(5, 5), "ends before it begins"),
        (lambda on: on([]), "on([]): there is no such RPC"),
        (lambda on: on("/flyteidl.service.AdminService/GetExecution"), "mean 'GetExecution'?"),
        (lambda on: on().answers(execution_pb2.Execution()), "stands for every RPC"),
        (lambda on: on("GetExecution").answers({}), "replies Execution, not {}"),
        (
            lambda on: on("GetExecution").answers(execution_pb2.Execution),
            "not the class Execution: give it a message",
        ),
        (lambda on: on().hangs().between(2, 1), "ends before it begins"),
        (
            lambda on: on("GetVersion").answers(execution_pb2.Execution()),
            "replies GetVersionResponse, not Execution",
        ),
    ],
)
def test_what_cannot_be_planted_is_refused_in_words(admin, plant, message):
    with pytest.raises(RouteError) as caught:
        plant(admin.on)

    assert message in str(caught.value)


def test_what_was_refused_is_not_planted(admin, stub):
    for window in ((2, 1), ("a", "b")):
        with pytest.raises(RouteError):
            admin.on("GetExecution").hangs().between(*window)
    with pytest.raises(RouteError):
        admin.on("GetExecution").fails_with("UNAVAILABLE", times=0)

    assert repr(admin.on("GetExecution")) == "<on('GetExecution'): nothing is planted>"
    assert codes(stub, 1) == ["OK"]


@pytest.mark.parametrize("verb", ["fails_with", "delays", "hangs", "loses_reply", "answers"])
def test_a_misspelt_keyword_is_told_what_was_meant(admin, verb):
    with pytest.raises(TypeError) as caught:
        getattr(admin.on("GetExecution"), verb)(tmies=1)

    assert "'tmies'. Did you mean 'times'?" in str(caught.value)


def test_a_route_reads_as_it_was_written(admin):
    route = admin.on("GetExecution").fails_with("UNAVAILABLE", times=2).delays(5).hangs(after=1)

    assert repr(route) == (
        "<on('GetExecution').fails_with('UNAVAILABLE', times=2).delays(5).hangs(after=1): "
        "struck 0 times>"
    )


def test_a_lost_reply_reads_as_it_was_written(admin):
    route = admin.on().loses_reply().loses_reply("DEADLINE_EXCEEDED", times=2).loses_reply(after=1)

    assert repr(route) == (
        "<on().loses_reply().loses_reply('DEADLINE_EXCEEDED', times=2).loses_reply(after=1): "
        "struck 0 times>"
    )


def test_a_server_that_forgets_calls_still_knows_how_many_there_were():
    with pytest.raises(UnexpectedUse) as caught, FakeFlyteAdmin(keep_calls=0) as admin:
        admin.add_execution("train", running(3600).succeeds())
        admin.on("GetExecution").hangs(after=2)
        with admin.channel() as channel:
            codes(admin_pb2_grpc.AdminServiceStub(channel), 2)

    assert admin.calls == []
    assert "GetExecution was called 2 times.\n" in str(caught.value)


@pytest.mark.parametrize("keep", [-1, True, 1.5, "all"])
def test_a_server_remembers_so_many_calls_or_all(keep):
    with pytest.raises(FlyteTestkitError, match="how many calls to remember is 0 or more"):
        FakeFlyteAdmin(keep_calls=keep)
