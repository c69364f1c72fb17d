"""A program as Python code: what is printed is what is run.

Ignorant of what a program should come to.
"""

from __future__ import annotations

from oracle_programs import BARRIERS, QUEUES, RPCS, SEMAPHORES, every_step

__all__ = ["as_code"]

HEAD = '''\
import asyncio
import queue
import threading
import time
from concurrent import futures
from multiprocessing.pool import ThreadPool

from flyte_testkit.clock import VirtualClock
from flyte_testkit.world import governed_by

log = []


def say(who, step, act):
    """Take a step, and write down when it was over and what came of it."""
    try:
        result = act()
    except Exception as error:
        result = type(error).__name__
        if result == "_InactiveRpcError" or "Rendezvous" in result:
            result = error.code().name
    log.append([who, step, clock.micros - began, result])
    return result
'''

HELPERS = {
    "notify": """
def notify(condition, number):
    with condition:
        counts[condition] = counts.get(condition, 0) + 1
        condition.notify(number)
""",
    "listen": """
def listen(condition, timeout):
    with condition:
        return condition.wait(timeout)
""",
    "listen_for": """
def listen_for(condition, number, timeout):
    with condition:
        return condition.wait_for(lambda: counts.get(condition, 0) >= number, timeout)
""",
    "join": """
def join(thread, timeout):
    thread.join(timeout)
    return not thread.is_alive()
""",
    "timer": """
def timer(number, length, function):
    timers[number] = threading.Timer(length, function)
    timers[number].start()
""",
    "known": """
def known(*numbers):
    return [future[number] for number in numbers if number in future]
""",
    "completed": """
def completed(some, timeout):
    at = []
    try:
        for _ in futures.as_completed(some, timeout):
            at.append(clock.micros - began)
    except futures.TimeoutError:
        at.append("TimeoutError")
    return at
""",
    "run_loop": """
async def tell(who, step, act):
    try:
        result = await act()
    except Exception as error:
        result = type(error).__name__
    log.append([who, step, clock.micros - began, result])


async def at_once(function, *args):
    return function(*args)


class Tasks:
    def __init__(self, loop):
        self.loop = loop
        self.flags = [asyncio.Event() for _ in range(2)]
        self.line = asyncio.Queue(1)
        self.lock = asyncio.Lock()

    async def lock_for(self, length):
        async with self.lock:
            await asyncio.sleep(length)

    async def beside(self, lengths, timeout):
        naps = [asyncio.ensure_future(asyncio.sleep(length)) for length in lengths]
        done, left = await asyncio.wait(naps, timeout=timeout)
        for each in left:
            each.cancel()
        return len(done)

    async def hand(self, job, timeout):
        handed = self.loop.run_in_executor(pool, job)
        return await asyncio.wait_for(handed, timeout)


def run_loop(number, *bodies):
    async def main():
        tasks = loops[number] = Tasks(asyncio.get_running_loop())
        await asyncio.gather(*(body(tasks) for body in bodies))

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def call_loop(number, flag):
    loops[number].loop.call_soon_threadsafe(loops[number].flags[flag].set)
""",
    "ask": """
def ask(rpc, timeout):
    return getattr(stub, rpc)(REQUESTS[rpc], timeout=timeout) and "OK"


def send(number, rpc, timeout):
    sent[number] = getattr(stub, rpc).future(REQUESTS[rpc], timeout=timeout)
""",
}

WHEN = {"ANY": "FIRST_COMPLETED", "ALL": "ALL_COMPLETED", "RAISES": "FIRST_EXCEPTION"}

EXECUTOR = {
    "submit": "future.__setitem__({0}, pool.submit(job{0}))",
    "result": "future[{0}].result({1})",
    "exception": "(error := future[{0}].exception({1})) and type(error).__name__",
    "cancel": "future[{0}].cancel()",
    "notice": "future[{0}].add_done_callback(lambda _: event{1}.set())",
    "map": "len(list(pool.map(time.sleep, {0}, timeout={1})))",
}

CREW = {
    "submit": "future.__setitem__({0}, pool.apply_async(job{0}))",
    "result": "future[{0}].get({1})",
    "map": "len(pool.map_async(time.sleep, {0}, 1).get({1}))",
}

STEPS = {
    "sleep": "time.sleep({0})",
    "set": "event{0}.set()",
    "clear": "event{0}.clear()",
    "wait": "event{0}.wait({1})",
    "notify": "notify(cond{0}, {1})",
    "listen": "listen(cond{0}, {1})",
    "listen_for": "listen_for(cond{0}, {1}, {2})",
    "put": "queue{0}.put(1, timeout={1})",
    "get": "queue{0}.get(timeout={1})",
    "task_done": "queue{0}.task_done()",
    "all_done": "queue{0}.join()",
    "simple_put": "simple{0}.put(1)",
    "simple_get": "simple{0}.get(timeout={1})",
    "acquire": "semaphore{0}.acquire(timeout={1})",
    "release": "semaphore{0}.release()",
    "meet": "barrier{0}.wait({1})",
    "reset": "barrier{0}.reset()",
    "abort": "barrier{0}.abort()",
    "start": "thread{0}.start()",
    "join": "join(thread{0}, {1})",
    "timer": "timer({0}, {1}, event{2}.set)",
    "cancel_timer": "timers[{0}].cancel()",
    "call": "ask({0!r}, {1})",
    "send": "send({0}, {1!r}, {2})",
    "receive": 'sent[{0}].result() and "OK"',
    "call_loop": "call_loop({0}, {1})",
}

TASK_STEPS = {
    "nap": "asyncio.sleep({0})",
    "lift": "at_once(tasks.flags[{0}].set)",
    "lower": "at_once(tasks.flags[{0}].clear)",
    "await_flag": "asyncio.wait_for(tasks.flags[{0}].wait(), {1})",
    "push": "asyncio.wait_for(tasks.line.put(1), {0})",
    "pull": "asyncio.wait_for(tasks.line.get(), {0})",
    "lock_for": "tasks.lock_for({0})",
    "beside": "tasks.beside({0}, {1})",
    "hand": "tasks.hand(job{0}, {1})",
    "set": "at_once(event{0}.set)",
    "clear": "at_once(event{0}.clear)",
    "release": "at_once(semaphore{0}.release)",
    "call_loop": "at_once(call_loop, {0}, {1})",
}

THINGS = {"set": "event{}.set", "release": "semaphore{}.release"}


def expression(program, name, *rest):
    """Return a step as an expression."""
    if name == "later":
        delay, method, number = rest
        return f"clock.call_later({delay}, {THINGS[method].format(number)}) and None"
    if name == "run_loop":
        number, bodies = rest
        names = [f"task{number}_{each}" for each in range(len(bodies))]
        return f"run_loop({', '.join([str(number), *names])})"
    if name == "first":
        numbers, timeout, when = rest
        some = f"known({', '.join(map(str, numbers))})"
        return f"len(futures.wait({some}, {timeout}, futures.{WHEN[when]}).done)"
    if name == "completed":
        numbers, timeout = rest
        return f"completed(known({', '.join(map(str, numbers))}), {timeout})"
    table = CREW if program.pool == "crew" else EXECUTOR
    return (table.get(name) or STEPS[name]).format(*rest)


def body(program, who, steps, prefix="", indent="    "):
    """Yield the lines that take some steps."""
    for number, (name, *rest) in enumerate(steps, 1):
        step = f"{prefix}{number}"
        if name == "raise":
            continue
        if name == "hold":
            lock, timeout, inside = rest
            how = "" if timeout is None else f"timeout={timeout}"
            yield f'{indent}if say("{who}", "{step}", lambda: bool({lock}.acquire({how}))):'
            yield from body(program, who, inside, f"{step}.", indent + "    ")
            yield f"{indent}    {lock}.release()"
        else:
            yield f'{indent}say("{who}", "{step}", lambda: {expression(program, name, *rest)})'


def function(program, name, who, steps):
    yield f"\n\ndef {name}():"
    lines = list(body(program, who, steps))
    if name.startswith("job"):
        lines.append(f'    say("{who}", "end", lambda: None)')
        ends = bool(steps) and steps[-1][0] == "raise"
        lines.append("    raise ValueError" if ends else f"    return {name[3:]}")
    yield from lines or ["    pass"]


def task(number, each, steps):
    """Yield the lines of a task of a loop."""
    yield f"\n\nasync def task{number}_{each}(tasks):"
    for place, (name, *rest) in enumerate(steps, 1):
        if name == "later":
            delay, method, thing = rest
            later = f"clock.call_later, {delay}, {THINGS[method].format(thing)}"
            act = f"at_once(lambda *it: clock.call_later(*it[1:]) and None, {later})"
        else:
            act = TASK_STEPS[name].format(*rest)
        yield f'    await tell("task{number}.{each}", "{place}", lambda: {act})'
    if not steps:
        yield "    pass"


def pool(program):
    if not program.jobs and "map" not in program:
        return []
    if program.pool == "crew":
        made = [f"pool = ThreadPool({program.size})"]
    else:
        made = [f"pool = futures.ThreadPoolExecutor({program.size})"]
    warm = f"list(pool.map(abs, range({program.size})))"
    return [*made, warm] if program.older else made


def as_code(program):
    """Return the program as a script that leaves its ``log``."""
    bodies = program.threads + program.jobs
    used = {step[0] for step in every_step(bodies)}
    calls = used & {"call", "send", "receive"}
    used |= {"known"} if used & {"first", "completed"} else set()
    used |= {"ask"} if calls else set()
    used |= {"run_loop"} if "call_loop" in used else set()
    lines = [HEAD]
    lines += [text for name, text in HELPERS.items() if name in used]
    for number, steps in enumerate(program.threads[1:], 1):
        lines += function(program, f"run{number}", f"thread{number}", steps)
    for number, steps in enumerate(program.jobs):
        lines += function(program, f"job{number}", f"job{number}", steps)
    pools = pool(program)
    for step in every_step(bodies):
        if step[0] == "run_loop":
            for each, steps in enumerate(step[2]):
                lines += task(step[1], each, steps)
    lines += ["\n", "counts, timers, future, sent, loops = {}, {}, {}, {}, {}"]
    lines += pools if program.older else []
    lines += serving() if calls else ["clock = VirtualClock(limit=None)"]
    lines += ["began = clock.micros", "with governed_by(clock):"]
    lines += ["    event0, event1 = threading.Event(), threading.Event()"]
    lines += ["    cond0, cond1 = threading.Condition(), threading.Condition()"]
    lines += ["    lock0, lock1, rlock0 = threading.Lock(), threading.Lock(), threading.RLock()"]
    lines += [f"    queue{n} = queue.Queue({most})" for n, most in enumerate(QUEUES)]
    lines += ["    simple0, simple1 = queue.SimpleQueue(), queue.SimpleQueue()"]
    lines += [f"    semaphore{n} = threading.Semaphore({v})" for n, v in enumerate(SEMAPHORES)]
    lines += [
        f"    barrier{n} = threading.Barrier({parties})" for n, parties in enumerate(BARRIERS)
    ]
    lines += [] if program.older else ["    " + line for line in pools]
    numbers = range(1, len(program.threads))
    lines += [f"    thread{n} = threading.Thread(target=run{n}, daemon=True)" for n in numbers]
    lines += body(program, "main", program.threads[0])
    begun = {step[1] for step in every_step(bodies) if step[0] == "start"}
    lines += [f"    thread{n}.join()" for n in numbers if n in begun]
    lines += ["    for each in list(timers.values()):", "        each.join()"]
    if pools and program.pool == "crew":
        lines += ["    pool.close()", "    pool.join()"]
    elif pools:
        lines += ["    pool.shutdown()"]
    lines += ['    say("main", "end", lambda: None)']
    if calls:
        lines += ["server.__exit__(None, None, None)"]
    return "\n".join(lines) + "\n"


def serving():
    """Return the lines that start a server which takes its time."""
    lines = [
        "from flyteidl.admin import common_pb2, project_pb2, version_pb2",
        "from flyteidl.service import admin_pb2_grpc",
        "from flyte_testkit.server import FakeFlyteAdmin",
        "project = common_pb2.NamedEntityIdentifier(project='flytesnacks', domain='development')",
        "page = common_pb2.ResourceListRequest(id=project, limit=9)",
        "REQUESTS = dict.fromkeys(",
        "    ['ListTasks', 'ListWorkflows', 'ListExecutions', 'ListLaunchPlans'], page",
        ")",
        "REQUESTS['GetVersion'] = version_pb2.GetVersionRequest()",
        "REQUESTS['ListProjects'] = project_pb2.ProjectListRequest()",
        "server = FakeFlyteAdmin(strict=False)  # not every fault strikes",
        "server.__enter__()",
        "clock, stub = server.clock, admin_pb2_grpc.AdminServiceStub(server.channel())",
        "clock.limit = None",
    ]
    for rpc, delay in RPCS.items():
        if delay != 0:
            fault = "hangs()" if delay is None else f"delays({delay})"
            lines.append(f"server.on({rpc!r}).{fault}")
    return lines
