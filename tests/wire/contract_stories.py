"""The stories that every transport must tell alike: each a function of a stage, by its name."""

import time

import grpc
from contract import ENDED, GET, NOBODY, PATH, VERSION, outcome
from flyteidl.admin import execution_pb2

STORIES = {}


def story(function):
    STORIES[function.__name__] = function
    return function


def each(name, cases, act):
    """Add a story for each of some cases."""
    for number, case in enumerate(cases):
        STORIES[f"{name} {number}: {case!r:.40}"] = lambda stage, case=case: act(stage, case)


# Calls, and what is known of them


@story
def a_call(stage):
    return stage.stub.GetExecution(GET, timeout=60)


@story
def a_call_with_its_call(stage):
    value, call = stage.stub.GetExecution.with_call(GET, timeout=60)
    return [value, call, call.is_active(), call.add_callback(print), call.result() is value]


@story
def a_call_that_is_refused(stage):
    return [outcome(lambda: stage.stub.GetExecution(NOBODY))] * 2


@story
def a_refused_call_with_its_call(stage):
    return stage.stub.GetExecution.with_call(NOBODY)


@story
def details_of_a_status_travel_in_trailers(stage):
    return stage.stub.TerminateExecution(ENDED)


@story
def a_future(stage):
    future = stage.stub.GetExecution.future(GET, timeout=60)
    value = future.result(timeout=30)
    return [value, future, future.exception(), future.traceback(), list(future)]


@story
def a_future_that_is_refused(stage):
    future = stage.stub.TerminateExecution.future(ENDED)
    error = future.exception()
    return [error, outcome(future.result), error is future, future.traceback() is not None]


@story
def a_future_calls_back(stage):
    heard = []
    future = stage.stub.GetExecution.future(GET)
    future.add_done_callback(lambda done: heard.append(done.code()))
    time.sleep(5)
    future.add_done_callback(lambda done: heard.append(done.result().id.name))
    return [heard, future.add_callback(print)]


@story
def an_exception_in_a_callback_is_nobody_elses(stage):
    stage.admin.on("GetExecution").delays(3)
    heard = []
    future = stage.stub.GetExecution.future(GET)
    future.add_done_callback(lambda _: 1 / 0)
    future.add_done_callback(lambda _: heard.append(stage.clock.elapsed))
    time.sleep(10)
    return [heard, future]


@story
def two_hundred_futures_at_once(stage):
    futures = [stage.stub.GetExecution.future(GET, timeout=60) for _ in range(200)]
    return [sorted(str(future.code()) for future in futures)]


# What comes along


def metadata(stage, pairs):
    return [
        outcome(lambda: stage.stub.GetVersion(VERSION, metadata=pairs)),
        outcome(lambda: stage.stub.GetVersion.with_call(VERSION, metadata=pairs)),
    ]


each(
    "metadata",
    [
        [("a", "b")],
        (("a", "b"), ("b-bin", b"\x00\xff"), ("a", "c")),
        [["a", "b"]],
        ["ab"],
        {"a": "b"},
        {"a": "b"}.items(),
        [("a", " b ")],
        [("a", "")],
        [("a", "x" * 20000)],
        [("accept", "application/grpc"), ("authorization", "Bearer x")],
        [("A", "b")],
        [("", "b")],
        [("a b", "c")],
        [("a", "ü")],
        [("a", "b\n")],
        [("a", b"b")],
        [("a-bin", "b")],
        [("a", 1)],
        [(1, "b")],
        [("a", None)],
        [("a",)],
        [("a", "b", "c")],
        [(":path", "x")],
        [("grpc-status", "x")],
        [("te", "x")],
        [("user-agent", "mine")],
        "ab",
        5,
        [],
    ],
    metadata,
)


@story
def metadata_that_can_be_read_once(stage):
    return stage.stub.GetVersion(VERSION, metadata=iter([("a", "b")]))


def deadline(stage, timeout):
    return [
        outcome(lambda: stage.stub.GetVersion(VERSION, timeout=timeout)),
        outcome(lambda: stage.stub.GetVersion.future(VERSION, timeout=timeout).result()),
    ]


each("timeout", [-1, None, 1, 60.3, 10.0**7, float("inf"), float("nan"), 1e300, "5"], deadline)


@story
def a_deadline_of_nothing_much(stage):
    stage.admin.on("GetExecution").hangs()
    return [outcome(lambda t=t: stage.stub.GetExecution(GET, timeout=t)) for t in (0.5, 1, 86400)]


@story
def deadlines_of_futures_strike_while_others_sleep(stage):
    stage.admin.on("GetExecution").hangs()
    futures = []
    for timeout in (20, 5, 10):
        futures.append(stage.stub.GetExecution.future(GET, timeout=timeout))
        stage.until_held(len(futures))  # else they arrive in any order over TCP
    heard = []
    for _ in range(5):
        time.sleep(5)
        heard.append([future.done() for future in futures])
    return [heard[-1], *(outcome(future.result) for future in futures)]


@story
def wait_for_ready_and_compression(stage):
    stage.stub.GetVersion(VERSION, wait_for_ready=True)
    stage.stub.GetVersion(VERSION, compression=grpc.Compression.Gzip)
    return outcome(lambda: stage.stub.GetVersion(VERSION, compression="zip"))


@story
def call_credentials_need_a_secure_channel(stage):
    credentials = grpc.access_token_call_credentials("token")
    return outcome(lambda: stage.stub.GetVersion(VERSION, credentials=credentials))


# What is no call


each(
    "request",
    [GET, "text", None, 5, b""],
    lambda stage, request: [
        outcome(lambda: stage.stub.GetVersion(request)),
        outcome(lambda: stage.stub.GetVersion.future(request)),
        outcome(lambda: stage.channel.unary_unary(f"{PATH}GetVersion")(request)),
    ],
)
each(
    "path",
    ["/x.Y/Z", "nonsense", "", f"{PATH}GetVersoin", "/flyteidl.service.AuthMetadataService/X"],
    lambda stage, path: [
        outcome(lambda: stage.channel.unary_unary(path)(b"")),
        outcome(lambda: stage.channel.unary_unary(path).future(b"").result()),
    ],
)


@story
def bytes_that_are_no_message(stage):
    return stage.channel.unary_unary(f"{PATH}GetExecution")(b"\xff\xff\xff")


@story
def a_reply_that_cannot_be_read(stage):
    for parse in (lambda _: 1 / 0, lambda _: None):
        call = stage.channel.unary_unary(f"{PATH}GetVersion", None, parse)
        seen = [outcome(lambda c=call: c(b"")), outcome(lambda c=call: c.future(b"").result())]
    return seen


@story
def streams_of_one(stage):
    path = f"{PATH}GetVersion"
    return [
        list(stage.channel.unary_stream(path)(b"")),
        stage.channel.stream_unary(path)(iter([b""])),
        list(stage.channel.stream_stream(path)(iter([b""]))),
    ]


# Faults


@story
def streams_that_are_held_back(stage):
    stage.admin.on("GetVersion").delays(7)
    path = f"{PATH}GetVersion"
    alone = stage.open(("SingleThreadedUnaryStream", 1))
    ways = [
        lambda timeout: list(stage.channel.unary_stream(path)(b"", timeout)),
        lambda timeout: list(alone.unary_stream(path)(b"", timeout)),
        lambda timeout: stage.channel.stream_unary(path)(iter([b""]), timeout),
        lambda timeout: stage.channel.stream_unary(path).future(iter([b""]), timeout).result(),
        lambda timeout: list(stage.channel.stream_stream(path)(iter([b""]), timeout)),
    ]
    return [[outcome(lambda: way(t)), stage.clock.elapsed] for way in ways for t in (60, 3, None)]  # noqa: B023  called at once


each(
    "fails_with",
    [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK],
    lambda stage, code: [
        stage.admin.on("GetExecution").fails_with(code, message="ünwell\n") and None,
        outcome(lambda: stage.stub.GetExecution(GET)),
        outcome(lambda: stage.stub.GetExecution.future(GET).result()),
    ],
)


@story
def a_fault_that_strikes_some_attempts(stage):
    stage.admin.on("GetExecution").fails_with("UNAVAILABLE", times=1, after=1)
    stage.admin.on().fails_with("ABORTED", attempts=1)
    return [outcome(lambda: stage.stub.GetExecution(GET)) for _ in range(5)]


@story
def a_fault_in_a_window(stage):
    stage.admin.on("GetExecution").fails_with("UNAVAILABLE").between(10, 20)
    seen = []
    for _ in range(4):
        seen.append(outcome(lambda: stage.stub.GetExecution(GET)))
        time.sleep(5)
    return seen


@story
def a_delay(stage):
    stage.admin.on("GetExecution").delays(30)
    seen = [outcome(lambda: stage.stub.GetExecution(GET)), stage.clock.elapsed]
    return [*seen, outcome(lambda: stage.stub.GetExecution(GET, timeout=10)), stage.clock.elapsed]


@story
def delays_in_a_row(stage):
    stage.admin.on("GetExecution").delays(30).delays(12)
    return [outcome(lambda: stage.stub.GetExecution.with_call(GET)), stage.clock.elapsed]


@story
def a_lost_reply(stage):
    stage.admin.on("TerminateExecution").loses_reply()
    stage.admin.on("GetExecution").loses_reply("DEADLINE_EXCEEDED")
    request = execution_pb2.ExecutionTerminateRequest(id=GET.id, cause="enough")
    seen = [outcome(lambda: stage.stub.TerminateExecution(request)) for _ in range(2)]
    return [*seen, outcome(lambda: stage.stub.GetExecution(GET))]


@story
def another_answer(stage):
    stage.admin.on("GetExecution").answers(execution_pb2.Execution(id={"name": "other"}))
    return [stage.stub.GetExecution(GET), stage.stub.GetExecution.future(GET).result()]
