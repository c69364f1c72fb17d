"""More stories: calls that are held back, cancelled, too large, or on channels that are closed."""

import concurrent.futures
import gc
import threading
import time

import grpc
from contract import ENDED, GET, NOBODY, VERSION, outcome, pause
from contract_stories import each, story
from flyteidl.admin import execution_pb2

LASTING = []


@story
def a_held_future_is_not_done(stage):
    stage.admin.on("GetExecution").delays(100)
    future = stage.stub.GetExecution.future(GET, timeout=300)
    stage.until_held()
    states = [future.done(), future.running(), future.cancelled(), future.is_active(), future]
    late = outcome(lambda: future.result(timeout=20))
    return [*states, late, stage.clock.elapsed, future.result(), stage.clock.elapsed]


@story
def a_held_future_is_cancelled(stage):
    stage.admin.on("GetExecution").hangs()
    heard = []
    future = stage.stub.GetExecution.future(GET, timeout=300)
    future.add_done_callback(lambda done: heard.append(done.code().name))
    stage.until_held()
    states = [future.cancel(), future.cancel(), future.cancelled(), future.done()]
    stage.quiet()
    time.sleep(1)
    return [*states, outcome(future.result), outcome(future.exception), heard, future]


@story
def a_future_that_nobody_has_is_cancelled(stage):
    stage.admin.on("GetExecution").hangs()
    future = stage.stub.GetExecution.future(GET)
    stage.until_held()
    del future
    gc.collect()
    stage.quiet()
    time.sleep(60)


@story
def what_is_done_cannot_be_cancelled(stage):
    future = stage.stub.GetExecution.future(GET)
    future.result()
    return [future.cancel(), future.cancelled(), future.code()]


@story
def a_channel_is_closed_under_its_calls(stage):
    stage.admin.on("GetExecution").hangs()
    future = stage.stub.GetExecution.future(GET, timeout=300)
    stage.until_held()
    stage.channel.close()
    stage.quiet()
    return [outcome(future.result), future.cancelled()]


@story
def a_closed_channel(stage):
    stage.channel.close()
    stage.channel.close()
    return [
        outcome(lambda: stage.stub.GetExecution(GET)),
        outcome(lambda: stage.stub.GetExecution.with_call(GET)),
        outcome(lambda: stage.stub.GetExecution.future(GET)),
        outcome(lambda: stage.channel.unary_unary("/a/b")(b"")),
    ]


@story
def a_channel_as_a_context_manager(stage):
    with stage.channel as same:
        stage.stub.GetVersion(VERSION)
    return [same is stage.channel, outcome(lambda: stage.stub.GetVersion(VERSION))]


@story
def each_thread_stands_in_its_own_call(stage):
    stage.admin.on("GetExecution").delays(7)
    seen = []

    def ask(start):
        time.sleep(start)
        for _ in range(3):
            stage.stub.GetExecution(GET, timeout=60)
            seen.append((start, stage.clock.elapsed))

    threads = [threading.Thread(target=ask, args=(start,)) for start in (0, 2, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


@story
def a_pool_of_calls(stage):
    stage.admin.on("GetExecution").delays(7)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        codes = list(pool.map(lambda _: outcome(lambda: stage.stub.GetExecution(GET)), range(6)))
    return [codes, stage.clock.elapsed]


@story
def somebody_else_sleeps_while_a_call_is_held(stage):
    stage.admin.on("GetExecution").hangs()
    woken = []
    other = threading.Thread(target=lambda: (time.sleep(5), woken.append(stage.clock.elapsed)))
    other.start()
    seen = outcome(lambda: stage.stub.GetExecution(GET, timeout=60))
    other.join()
    return [seen, woken, stage.clock.elapsed]


@story
def asking_for_ever_is_hopeless(stage):
    def ask():
        while True:
            stage.stub.GetExecution(GET)

    return [outcome(ask).splitlines()[:1], outcome(lambda: stage.stub.GetExecution(GET))]


@story
def waiting_beyond_the_limit_in_a_call(stage):
    stage.admin.on("GetExecution").hangs()
    stage.clock.limit = 100
    seen = outcome(lambda: stage.stub.GetExecution(GET, timeout=500))
    return [str(seen).splitlines()[:2], outcome(lambda: time.sleep(1)).splitlines()[:1]]


each(
    "limit",
    [
        ("grpc.max_receive_message_length", 10),
        ("grpc.max_receive_message_length", 0),
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_receive_message_length", "x"),
        ("grpc.max_send_message_length", 10),
        ("grpc.max_send_message_length", -1),
        ("grpc.primary_user_agent", "me/1"),
        ("nonsense", 1),
    ],
    lambda stage, option: [
        outcome(lambda: stage.stub_of(option).GetExecution(GET)),
        outcome(lambda: stage.stub_of(option).GetExecution(NOBODY)),
        outcome(lambda: stage.stub_of(option).GetExecution.future(GET).result()),
        outcome(lambda: stage.stub_of(option).TerminateExecution(ENDED)),
    ],
)
each(
    "options",
    [[("a",)], [("a", len)], [(1, 2)]],
    lambda stage, options: outcome(lambda: stage.open(*options)),
)


each(
    "channel",
    [
        {"options": {"grpc.max_receive_message_length": 10}},
        {"options": {("grpc.max_receive_message_length", 10)}},
        {"options": [(b"grpc.max_receive_message_length", 10)]},
        {"options": [("grpc.max_receive_message_length", size) for size in (10, 100_000)]},
        {"options": [("grpc.max_receive_message_length", True)]},
        {"options": [("grpc.max_receive_message_length", 2**40)]},
        {"options": [("grpc.absolute_max_metadata_size", 100)]},
        {"options": 5},
        {"compression": "gzip"},
        {"compression": 7},
        {"compression": grpc.Compression.Gzip},
    ],
    lambda stage, how: [
        outcome(
            lambda: type(stage.stub)(
                grpc.insecure_channel(stage.admin.endpoint, **how)
            ).GetExecution(GET)
        ),
        outcome(
            lambda: type(stage.stub)(
                grpc.insecure_channel(stage.admin.endpoint, **how)
            ).GetExecution(NOBODY)
        ),
    ],
)


@story
def options_that_can_be_read_once(stage):
    options = iter([("grpc.max_receive_message_length", 10)])
    channel = grpc.insecure_channel(stage.admin.endpoint, options=options)
    return outcome(lambda: type(stage.stub)(channel).GetExecution(GET))


@story
def a_held_future_is_no_stream(stage):
    stage.admin.on("GetExecution").delays(100)
    future = stage.stub.GetExecution.future(GET, timeout=300)
    stage.until_held()
    return [outcome(lambda: next(future)), outcome(lambda: list(future)), future.cancel()]


@story
def trailers_that_are_too_large(stage):
    stage.admin.on("GetExecution").fails_with("ABORTED", message="x" * 100_000)
    seen = outcome(lambda: stage.stub.GetExecution(GET))
    return [seen["code"], "received metadata size exceeds" in seen["details"]]


@story
def a_large_message(stage):
    large = execution_pb2.Execution(id={"name": "x" * 5_000_000})
    stage.admin.on("GetExecution").answers(large)
    request = execution_pb2.WorkflowExecutionGetRequest(id={"name": "y" * 5_000_000})
    seen = [outcome(lambda: stage.stub.GetExecution(GET))]
    wide = stage.stub_of(("grpc.max_receive_message_length", -1))
    seen.append(len(wide.GetExecution(GET).id.name))
    return [*seen, len(wide.GetExecution(request).id.name)]


class Retries(grpc.UnaryUnaryClientInterceptor):
    """Tries again, twice, with a name of its own and a deadline."""

    def __init__(self):
        self.seen = []

    def intercept_unary_unary(self, continuation, details, request):
        details = details._replace(timeout=30, metadata=[("tried", str(len(self.seen)))])
        for _ in range(3):
            call = continuation(details, request)
            self.seen.append((call.code(), call.done(), type(call.exception()).__name__))
            if call.exception() is None:
                break
        return call


@story
def interceptors_stand_above(stage):
    stage.admin.on("GetExecution").fails_with("UNAVAILABLE", attempts=2)
    retries, outer = Retries(), Retries()
    channel = grpc.intercept_channel(stage.channel, outer, retries)
    get = type(stage.stub)(channel).GetExecution
    seen = [outcome(lambda: get(GET)), outcome(lambda: get.with_call(NOBODY))]
    return [*seen, retries.seen, outer.seen, outcome(lambda: get.future(GET).result())]


@story
def subscribers_hear_how_the_connection_is(stage):
    heard = []
    channel = grpc.insecure_channel(stage.admin.endpoint)
    LASTING.append(channel)  # a thread of grpcio's looks at it for a while, and fails without it
    channel.subscribe(heard.append)
    while not heard:
        pause()
    type(stage.stub)(channel).GetVersion(VERSION)
    while grpc.ChannelConnectivity.READY not in heard:
        pause()
    channel.unsubscribe(heard.append)
    grpc.channel_ready_future(channel).result(timeout=10)
    return [heard[0], heard[-1]]
