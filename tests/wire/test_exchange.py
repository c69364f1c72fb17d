"""What happens to a call, carried by nobody but the test."""

import subprocess
import sys
import threading
import weakref

import pytest
from flyteidl.admin import event_pb2, version_pb2

from flyte_testkit import VirtualClock
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.wire.exchange import Exchange
from flyte_testkit.wire.journal import Journal
from flyte_testkit.wire.services import methods

GET_VERSION = methods()["/flyteidl.service.AdminService/GetVersion"]
REQUEST = version_pb2.GetVersionRequest()
REPLY = version_pb2.GetVersionResponse()
REPLY.control_plane_version.Version = "made up"


class Service:
    """Knows one RPC, and remembers what it is told."""

    engine = Journal()  # it has nothing due, and nothing to tell
    methods = {"/made.up.Service/GetVersion": GET_VERSION}  # noqa: RUF012  nobody changes it

    def __init__(self, answer=lambda: REPLY, rpcs=("GetVersion",)):
        self.clock = VirtualClock()
        self.rpcs = rpcs
        self.told = []
        self._answer = answer

    def answer(self, rpc, request):
        assert rpc in self.rpcs
        assert request == REQUEST
        return self._answer()

    def counts(self, *_):
        return False

    def looked_at(self, execution):
        self.told.append(execution.name)

    def unforeseen(self, story):
        self.told.append(story)


class Caller:
    """One call that the test carries by hand."""

    call = ""
    repeats = True

    def __init__(self, *, deadline=None, metadata=(), here=True):
        self.deadline = deadline
        self.metadata = metadata
        self.here = here
        self.answers = []
        self.go = None

    def send(self, answer):
        self.answers.append(answer)

    def held(self):
        return self.call

    def when_gone(self, told):
        self.go = told
        return self.here

    @property
    def code(self):
        return self.answers[-1].code if self.answers else None


class Exchanged:
    """An exchange, with what stands around it."""

    def __init__(self, service):
        self.service = service
        self.clock = service.clock
        self.journal = Journal()
        self.hooks = ()
        self.exchange = Exchange(service, self.journal, lambda _: self.hooks)

    def take(self, caller, *hooks, method=GET_VERSION, raw=b""):
        self.hooks = hooks
        self.exchange.take(method, raw, caller)
        return caller

    @property
    def call(self):
        return self.journal.calls[-1]

    @property
    def held(self):
        return len(self.clock._mover.calls.held)


@pytest.fixture
def exchange(serve):
    return serve(Service())


@pytest.fixture
def serve():
    """Serve something; time waits for this thread meanwhile, held calls or not."""
    exchanges = []

    def serve(service):
        service.clock.join()
        exchanges.append(Exchanged(service))
        return exchanges[-1]

    yield serve
    for exchange in exchanges:
        exchange.clock.leave()


def never(then, call, send):
    """Hold a call back for ever."""


def passes(then, call, send):
    then(call, send)


@pytest.mark.parametrize("hooks", [(), (passes,), (passes, passes)])
def test_a_call_is_written_down_and_answered_once(exchange, hooks):
    caller = exchange.take(Caller(deadline=5, metadata=(("team", "ml"),)), *hooks)

    assert [answer.reply for answer in caller.answers] == [REPLY]
    call = exchange.call
    assert (call.rpc, call.code, call.reply, call.deadline) == ("GetVersion", "OK", REPLY, 5)
    assert call.metadata == (("team", "ml"),)
    assert not exchange.clock.pending


@pytest.mark.parametrize("hooks", [(), (passes,)])
def test_a_refusal_travels_and_is_written_down_with_its_details(serve, hooks):
    reason = event_pb2.EventFailureReason()
    reason.already_in_terminal_state.current_phase = "FAILED"

    def refuse():
        raise AdminError("FAILED_PRECONDITION", "it is over", reason)

    exchange = serve(Service(refuse))
    (answer,) = exchange.take(Caller(), *hooks).answers

    assert answer[:4] == ("FAILED_PRECONDITION", None, "it is over", (reason,))
    assert (exchange.call.code, exchange.call.message) == ("FAILED_PRECONDITION", "it is over")
    assert exchange.call.details == (reason,)


def test_a_bug_is_internal_and_told(serve):
    exchange = serve(Service(lambda: 1 // 0))

    assert exchange.take(Caller()).code == "INTERNAL"
    assert "ZeroDivisionError" in exchange.service.told[0]


def test_what_the_service_speaks_and_does_not_answer_is_unforeseen(serve):
    exchange = serve(Service(rpcs=()))

    assert exchange.take(Caller()).code == "UNIMPLEMENTED"
    (told,) = exchange.service.told
    assert told == (
        "AdminService.GetVersion was called, and it is not faked.\n"
        "0 RPCs are; this one answers UNIMPLEMENTED."
    )


def test_what_the_service_does_not_speak_is_unknown_and_nobody_hears_of_it(exchange):
    assert exchange.exchange.unknown("/made.up.Service/GetTask")[:4] == (
        *("UNIMPLEMENTED", None, "unknown method GetTask for service made.up.Service", ()),
    )
    assert exchange.exchange.unknown("/other.Service/GetTask").message == (
        "unknown service other.Service"
    )
    assert not exchange.service.told
    assert not exchange.journal.calls


def test_a_carrier_that_has_asked_for_the_hooks_says_so(exchange):
    exchange.hooks = [never]
    caller = Caller()
    exchange.exchange.take(GET_VERSION, b"", caller, [passes])

    assert caller.code == "OK"


def test_bytes_that_are_no_message_are_no_call(exchange):
    assert exchange.take(Caller(), raw=b"\xff").code == "INTERNAL"
    assert not exchange.journal.calls


def test_a_held_call_ends_at_its_deadline(exchange):
    caller = exchange.take(Caller(deadline=60), never)
    before = caller.code, exchange.held
    exchange.clock.advance(60)

    assert before == (None, 1)
    assert (caller.code, exchange.call.ended, exchange.held) == ("DEADLINE_EXCEEDED", 60, 0)


def test_a_held_call_ends_when_its_client_goes_away(exchange):
    caller = exchange.take(Caller(deadline=60), never)
    caller.go()

    assert (exchange.call.code, exchange.call.message) == ("CANCELLED", "the client went away")
    assert (exchange.held, exchange.clock.pending) == (0, False)


def test_a_client_gone_before_its_call_is_held_back_holds_nothing(exchange):
    caller = exchange.take(Caller(deadline=60, here=False), never)

    assert exchange.call.code == "CANCELLED"
    assert len(caller.answers) == 1
    assert (exchange.held, exchange.clock.pending) == (0, False)


def test_a_call_that_is_answered_while_it_is_being_held_holds_nothing(exchange):
    class Hasty(Caller):
        def when_gone(self, _):
            exchange.answer()  # another thread's doing
            return True

    def keep(then, call, send):
        exchange.answer = lambda: then(call, send)

    caller = exchange.take(Hasty(deadline=60), keep)

    assert [answer.code for answer in caller.answers] == ["OK"]
    assert (exchange.held, exchange.clock.pending) == (0, False)


def test_a_held_call_is_answered_once_whoever_comes_last(exchange):
    later = []
    caller = exchange.take(
        Caller(deadline=60), lambda then, call, send: later.append((then, call, send))
    )
    exchange.clock.advance(60)
    for then, call, send in later:
        then(call, send)
    caller.go()

    assert [answer.code for answer in caller.answers] == ["DEADLINE_EXCEEDED"]


def test_a_clock_that_gives_up_ends_what_is_held(exchange):
    caller = exchange.take(Caller(), never)
    exchange.clock.give_up("nothing will happen.")
    after = exchange.take(Caller())
    exchange.clock.forgive()

    assert (caller.code, after.code) == ("INTERNAL", "INTERNAL")
    assert caller.answers[0].message.startswith("flyte-testkit gave up:\nnothing will happen.")


@pytest.mark.parametrize(
    "end",
    [
        lambda exchange, _: exchange.clock.advance(60),
        lambda _, caller: caller.go(),
        lambda exchange, _: (exchange.clock.give_up("no more."), exchange.clock.forgive()),
    ],
    ids=["its deadline", "its client", "its clock"],
)
def test_a_call_that_is_over_is_known_to_nobody(exchange, end):
    caller = exchange.take(Caller(deadline=60), never)
    end(exchange, caller)
    assert caller.code is not None

    gone = weakref.ref(caller)
    del caller

    assert gone() is None


def test_whoever_looks_at_an_execution_is_told_of_before_the_client_goes_on(serve):
    get = methods()["/flyteidl.service.AdminService/GetExecution"]
    service = Service(rpcs=("GetExecution",))
    service.answer = lambda *_: get.reply()
    request = get.request()
    request.id.name = "train"
    told = []
    caller = Caller()
    caller.send = lambda _: told.append(list(service.told))

    serve(service).take(caller, method=get, raw=request.SerializeToString())

    assert told == [["train"]]


def test_calls_of_many_threads_are_told_apart(exchange):
    callers = [Caller(deadline=1 + number) for number in range(50)]
    threads = [threading.Thread(target=exchange.take, args=(caller, never)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    exchange.clock.advance(25)

    assert [caller.code for caller in callers] == ["DEADLINE_EXCEEDED"] * 25 + [None] * 25


def test_the_exchange_needs_no_grpc():
    code = "import sys, flyte_testkit.wire.exchange; print('grpc' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
