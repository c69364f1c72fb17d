"""What a program comes to: a plain discrete-event simulation, with none of the scheduler's code.

Python leaves the order of threads open; the world promises one, by four rules:

R1. Who becomes ready (started, notified, handed a lock, its time has come, its job has begun) goes
    to the end of one queue. One runs at a time, and runs on until it waits or ends.
R2. Time moves only when nobody is ready, and then one thing happens: what is due first;
    at one instant callbacks come before sleepers, sleepers in the order in which their threads and
    jobs began, and what is equal in the order in which it was asked for.
R3. A lock that is released is handed to the first in its line, and those who are notified are ready
    in the order in which they waited.
R4. A wait that is settled by another before its own time is taken is settled in time.

A thread is a generator that yields whenever it waits. Time is whole microseconds. A thread may run
an event loop (``oracle_loops``).
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque

from oracle_loops import play_tasks
from oracle_programs import BARRIERS, HELD, QUEUES, RPCS, SEMAPHORES

__all__ = ["Endless", "simulate"]

CALLBACK, SLEEPER = range(2)


class Endless(Exception):  # noqa: N818  it is no error of anybody's
    """Somebody waits for ever."""


def micros(seconds):
    return None if seconds is None else round(seconds * 1_000_000)


class Raised(str):
    """The name of an exception that a step ends with."""

    __slots__ = ()


class Waiting:
    """One wait of one thread."""

    def __init__(self, thread):
        self.thread = thread
        self.settled = False


class Thread:
    """Whoever runs: a thread, or a job of a pool."""

    def __init__(self, order, steps):
        self.order = order
        self.steps = steps
        self.ended = False
        self.joiners = deque()


class Kernel:
    """Who is ready, what is due, and R1 and R2."""

    def __init__(self):
        self.now = 0
        self.current = None
        self._ready = deque()
        self._due = []
        self._orders = itertools.count()
        self._arrivals = itertools.count()

    def spawn(self, steps):
        """Begin a thread: it is ready."""
        thread = Thread(next(self._orders), steps)
        self._ready.append((thread, None))
        return thread

    def schedule(self, delay, function, rank=CALLBACK, order=0):
        heapq.heappush(self._due, (self.now + delay, rank, order, next(self._arrivals), function))

    def settle(self, waiting, outcome=True):  # noqa: FBT002  what a wait returns
        """End a wait, unless it is over; say whether this ended it."""
        if waiting.settled:
            return False
        waiting.settled = True
        self._ready.append((waiting.thread, outcome))
        return True

    def settle_first(self, line, number=1):
        """Settle the waits that come first in a line."""
        while line and number:
            number -= self.settle(line.popleft())

    def wait(self, line, timeout):
        """Wait in a line until settled (``True``), or for so long (``False``)."""
        waiting = Waiting(self.current)
        line.append(waiting)
        if timeout is not None:
            self.schedule(timeout, lambda: self.settle(waiting, False), SLEEPER, self.current.order)
        settled = yield
        if not settled and waiting in line:
            line.remove(waiting)
        return settled

    def wait_until(self, line, condition, timeout):
        """Wait in a line, again and again, until a condition holds; say whether it does."""
        end = None if timeout is None else self.now + timeout
        while not condition():
            left = None if end is None else end - self.now
            if left is not None and left <= 0:
                return False
            yield from self.wait(line, left)
        return True

    def sleep(self, length):
        if length:
            yield from self.wait(deque(), length)

    def run(self):
        """Run until nothing is ready and nothing is due."""
        while True:
            while self._ready:
                self.current, outcome = self._ready.popleft()
                try:
                    self.current.steps.send(outcome)
                except StopIteration:
                    self.current.ended = True
                    self.settle_first(self.current.joiners, -1)
            if not self._due:
                return
            self.now, *_, function = heapq.heappop(self._due)
            function()


class Lock:
    """A lock (R3), which the thread that has it may take again if it is an RLock."""

    def __init__(self, kernel, *, again):
        self.kernel = kernel
        self.again = again
        self.owner = None
        self.depth = 0
        self.line = deque()

    def acquire(self, timeout=None):
        me = self.kernel.current
        if self.owner is me and self.again:
            self.depth += 1
            return True
        if self.owner is None:
            self.owner, self.depth = me, 1
            return True
        return timeout != 0 and (yield from self.kernel.wait(self.line, timeout))

    def release(self):
        self.depth -= 1
        if not self.depth:
            self.hand_over()

    def hand_over(self):
        """Give the lock to the first who waits for it, or to nobody."""
        self.owner = None
        while self.line and self.owner is None:
            waiting = self.line.popleft()
            if self.kernel.settle(waiting):
                self.owner, self.depth = waiting.thread, 1


class Condition(Lock):
    """A condition, with the RLock that it has by default."""

    def __init__(self, kernel):
        super().__init__(kernel, again=True)
        self.waiters = deque()
        self.count = 0

    def wait(self, timeout):
        depth = self.depth
        self.hand_over()
        settled = False
        waiting = None
        if timeout is None or timeout > 0:
            waiting = Waiting(self.kernel.current)
            self.waiters.append(waiting)
            if timeout is not None:
                kernel, order = self.kernel, self.kernel.current.order
                kernel.schedule(timeout, lambda: kernel.settle(waiting, False), SLEEPER, order)
            settled = yield
        yield from self.acquire()
        self.depth = depth
        if waiting in self.waiters:
            self.waiters.remove(waiting)
        return settled


class Barrier:
    """A barrier, which fills, drains, may be reset while somebody waits, and may be broken."""

    def __init__(self, kernel, parties):
        self.kernel = kernel
        self.parties = parties
        self.state = "filling"
        self.count = 0
        self.line = deque()

    def everybody(self):
        self.kernel.settle_first(self.line, -1)

    def meet(self, timeout):
        yield from self.kernel.wait_until(
            self.line, lambda: self.state not in ("draining", "resetting"), None
        )
        if self.state == "broken":
            return Raised("BrokenBarrierError")
        index = self.count
        self.count += 1
        if self.count == self.parties:
            self.state = "draining"
            self.everybody()
        elif not (
            yield from self.kernel.wait_until(self.line, lambda: self.state != "filling", timeout)
        ):
            self.abort()
        whole = self.state == "draining"
        self.count -= 1
        if not self.count and self.state in ("draining", "resetting"):
            self.state = "filling"
            self.everybody()
        return index if whole else Raised("BrokenBarrierError")

    def abort(self):
        self.state = "broken"
        self.everybody()

    def reset(self):
        if not self.count:
            self.state = "filling"
        elif self.state in ("filling", "broken"):
            self.state = "resetting"
        self.everybody()


class Future:
    """A job that was handed to a pool, and who waits for it."""

    def __init__(self, kernel, work):
        self.kernel = kernel
        self.work = work
        self.state = "pending"
        self.result = None
        self.line = deque()
        self.watchers = []  # of several futures
        self.callbacks = []

    @property
    def over(self):
        return self.state in ("done", "cancelled", "told")

    def end(self, result):
        self.state, self.result = "done", result
        for watcher in list(self.watchers):
            watcher.hear(self)
        self.kernel.settle_first(self.line, -1)
        self.call_back()

    def call_back(self):
        for callback in self.callbacks:
            callback()

    def cancel(self):
        if self.state in ("running", "done"):
            return False
        if self.state == "pending":
            self.state = "cancelled"
            self.kernel.settle_first(self.line, -1)
            self.call_back()
        return True

    def begin(self):
        """Say whether a worker that takes the job has something to do."""
        if self.state == "pending":
            self.state = "running"
            return True
        self.state = "told"
        for watcher in list(self.watchers):
            watcher.hear(self)
        return False

    def outcome(self, timeout):
        if not self.over and timeout != 0 and (timeout is None or timeout > 0):
            yield from self.kernel.wait(self.line, timeout)
        if self.state in ("cancelled", "told"):
            return Raised("CancelledError")
        return self.result if self.state == "done" else Raised("TimeoutError")


class Watcher:
    """One who waits for several futures, until enough of them are over."""

    def __init__(self, kernel, enough):
        self.kernel = kernel
        self.enough = enough
        self.heard = []
        self.flag = False
        self.line = deque()

    def hear(self, future):
        self.heard.append(future)
        if not self.flag and self.enough(self.heard):
            self.flag = True
            self.kernel.settle_first(self.line, -1)

    def wait(self, timeout):
        if not self.flag and timeout != 0:
            yield from self.kernel.wait(self.line, timeout)


class Pool:
    """So many jobs at a time; the others stand in line."""

    def __init__(self, kernel, size):
        self.kernel = kernel
        self.size = size
        self.active = 0
        self.closed = False
        self.line = deque()
        self.idle = deque()

    def submit(self, work):
        future = Future(self.kernel, work)
        if self.active < self.size:
            self.active += 1
            self.kernel.spawn(self.work(future))
        else:
            self.line.append(future)
        return future

    def work(self, future):
        if future.begin():
            future.end((yield from future.work))
        if self.line:
            self.kernel.spawn(self.work(self.line.popleft()))
            return
        self.active -= 1
        if not self.active:
            self.kernel.settle_first(self.idle, -1)


class Play:
    """One program, played through; there is a method for each step."""

    def __init__(self, program):
        self.program = program
        self.log = []
        self.kernel = kernel = Kernel()
        self.events = [{"set": False, "line": deque()} for _ in range(2)]
        self.locks = {}
        for name in HELD:
            again = name.startswith("rlock")
            is_condition = name.startswith("cond")
            self.locks[name] = Condition(kernel) if is_condition else Lock(kernel, again=again)
        self.queues = [
            {
                "most": most,
                "holds": 0,
                "undone": 0,
                "gets": deque(),
                "puts": deque(),
                "ends": deque(),
            }
            for most in QUEUES
        ]
        self.simple = [{"holds": 0, "gets": deque()} for _ in range(2)]
        self.semaphores = [{"value": value, "line": deque()} for value in SEMAPHORES]
        self.barriers = [Barrier(kernel, parties) for parties in BARRIERS]
        self.pool = Pool(kernel, program.size)
        self.threads = {}
        self.timers = {}
        self.futures = {}
        self.sent = {}
        self.loops = {}

    def play(self):
        self.threads[0] = self.kernel.spawn(self.main())
        self.kernel.run()
        if not self.threads[0].ended:
            raise Endless
        return self.log

    def main(self):
        yield from self.body("main", self.program.threads[0])
        for number in range(1, len(self.program.threads)):
            if number not in self.threads:
                continue
            if not self.threads[number].ended:
                yield from self.kernel.wait(self.threads[number].joiners, None)
        for timer, _ in self.timers.values():
            if not timer.ended:
                yield from self.kernel.wait(timer.joiners, None)
        self.pool.closed = True
        if self.pool.active:
            yield from self.kernel.wait(self.pool.idle, None)
        self.log.append(["main", "end", self.kernel.now, None])

    def body(self, who, steps, prefix=""):
        """Take some steps; say whether one raised that ends the body."""
        for number, (name, *rest) in enumerate(steps, 1):
            label = f"{prefix}{number}"
            if name == "raise":
                return Raised("ValueError")
            if name == "hold":
                yield from self.hold(who, label, *rest)
                continue
            taken = getattr(self, name)(*rest)
            result = (yield from taken) if hasattr(taken, "send") else taken
            self.log.append([who, label, self.kernel.now, result])
        return None

    def hold(self, who, label, name, timeout, steps):
        lock = self.locks[name]
        got = yield from lock.acquire(micros(timeout))
        self.log.append([who, label, self.kernel.now, bool(got)])
        if got:
            yield from self.body(who, steps, f"{label}.")
            lock.release()

    def sleep(self, length):
        yield from self.kernel.sleep(micros(length))

    # Events

    def set(self, number):
        event = self.events[number]
        event["set"] = True
        self.kernel.settle_first(event["line"], -1)

    def clear(self, number):
        self.events[number]["set"] = False

    def wait(self, number, timeout):
        event = self.events[number]
        if event["set"] or timeout == 0:
            return event["set"]
        return (yield from self.kernel.wait(event["line"], micros(timeout)))

    # Conditions

    def notify(self, number, count):
        condition = self.locks[f"cond{number}"]
        yield from condition.acquire()
        condition.count += 1
        while condition.waiters and count:
            count -= self.kernel.settle(condition.waiters.popleft())
        condition.release()

    def listen(self, number, timeout):
        condition = self.locks[f"cond{number}"]
        yield from condition.acquire()
        settled = yield from condition.wait(micros(timeout))
        condition.release()
        return settled

    def listen_for(self, number, count, timeout):
        condition = self.locks[f"cond{number}"]
        yield from condition.acquire()
        end = None if timeout is None else self.kernel.now + micros(timeout)
        first = True
        while condition.count < count:
            left = None if end is None else end - self.kernel.now
            if left is not None and left <= 0 and not first:
                break
            first = False
            yield from condition.wait(left)
        condition.release()
        return condition.count >= count

    # Queues

    def put(self, number, timeout):
        queue = self.queues[number]
        room = yield from self.kernel.wait_until(
            queue["puts"], lambda: queue["holds"] < queue["most"], micros(timeout)
        )
        if not room:
            return Raised("Full")
        queue["holds"] += 1
        queue["undone"] += 1
        self.kernel.settle_first(queue["gets"])
        return None

    def get(self, number, timeout):
        queue = self.queues[number]
        got = yield from self.kernel.wait_until(
            queue["gets"], lambda: queue["holds"] > 0, micros(timeout)
        )
        if not got:
            return Raised("Empty")
        queue["holds"] -= 1
        self.kernel.settle_first(queue["puts"])
        return 1

    def task_done(self, number):
        queue = self.queues[number]
        if not queue["undone"]:
            return Raised("ValueError")
        queue["undone"] -= 1
        if not queue["undone"]:
            self.kernel.settle_first(queue["ends"], -1)
        return None

    def all_done(self, number):
        queue = self.queues[number]
        yield from self.kernel.wait_until(queue["ends"], lambda: not queue["undone"], None)

    def simple_put(self, number):
        self.simple[number]["holds"] += 1
        self.kernel.settle_first(self.simple[number]["gets"])

    def simple_get(self, number, timeout):
        queue = self.simple[number]
        got = yield from self.kernel.wait_until(
            queue["gets"], lambda: queue["holds"] > 0, micros(timeout)
        )
        if not got:
            return Raised("Empty")
        queue["holds"] -= 1
        return 1

    # Semaphores and barriers

    def acquire(self, number, timeout):
        semaphore = self.semaphores[number]
        got = yield from self.kernel.wait_until(
            semaphore["line"], lambda: semaphore["value"] > 0, micros(timeout)
        )
        semaphore["value"] -= got
        return got

    def release(self, number):
        self.semaphores[number]["value"] += 1
        self.kernel.settle_first(self.semaphores[number]["line"])

    def meet(self, number, timeout):
        return self.barriers[number].meet(micros(timeout))

    def reset(self, number):
        self.barriers[number].reset()

    def abort(self, number):
        self.barriers[number].abort()

    # Threads, timers, callbacks

    def start(self, number):
        steps = self.body(f"thread{number}", self.program.threads[number])
        self.threads[number] = self.kernel.spawn(steps)

    def join(self, number, timeout):
        if number not in self.threads:
            return Raised("RuntimeError")
        thread = self.threads[number]
        if not thread.ended and timeout != 0:
            yield from self.kernel.wait(thread.joiners, micros(timeout))
        return thread.ended

    def timer(self, number, length, event):
        off = {"set": False, "line": deque()}

        def steps():
            if length and not off["set"]:
                yield from self.kernel.wait(off["line"], micros(length))
            if not off["set"]:
                self.set(event)

        self.timers[number] = (self.kernel.spawn(steps()), off)

    def cancel_timer(self, number):
        if number not in self.timers:
            return Raised("KeyError")
        off = self.timers[number][1]
        off["set"] = True
        self.kernel.settle_first(off["line"], -1)
        return None

    def later(self, delay, name, number):
        self.kernel.schedule(micros(delay), lambda: getattr(self, name)(number))

    # Pools

    def job(self, number):
        raised = yield from self.body(f"job{number}", self.program.jobs[number])
        self.log.append([f"job{number}", "end", self.kernel.now, None])
        return raised or number

    @property
    def refusal(self):
        """What a pool says to a job that comes after ``close`` or ``shutdown``."""
        if not self.pool.closed:
            return None
        return Raised("ValueError" if self.program.pool == "crew" else "RuntimeError")

    def submit(self, number):
        if self.refusal is not None:
            return self.refusal
        self.futures[number] = self.pool.submit(self.job(number))
        return None

    def result(self, number, timeout):
        if number not in self.futures:
            return Raised("KeyError")
        return (yield from self.futures[number].outcome(micros(timeout)))

    def exception(self, number, timeout):
        got = yield from self.result(number, timeout)
        if got == "ValueError":
            return got[:]
        return got if isinstance(got, Raised) else None

    def cancel(self, number):
        future = self.futures.get(number)
        return Raised("KeyError") if future is None else future.cancel()

    def notice(self, number, event):
        future = self.futures.get(number)
        if future is None:
            return Raised("KeyError")
        if future.over:
            self.set(event)
        else:
            future.callbacks.append(lambda: self.set(event))
        return None

    def known(self, numbers):
        return [self.futures[number] for number in numbers if number in self.futures]

    def first(self, numbers, timeout, when):
        futures = self.known(numbers)
        done = [future for future in futures if future.state in ("done", "told")]
        raised = [future for future in done if isinstance(future.result, Raised)]
        if len(done) == len(futures) or (when == "ANY" and done) or (when == "RAISES" and raised):
            return len(done)
        open_ = [future for future in futures if future not in done]

        def enough(heard):
            any_raised = any(isinstance(future.result, Raised) for future in heard)
            return len(heard) == len(open_) or when == "ANY" or (when == "RAISES" and any_raised)

        watcher = Watcher(self.kernel, enough)
        for future in open_:
            future.watchers.append(watcher)
        yield from watcher.wait(micros(timeout))
        for future in open_:
            future.watchers.remove(watcher)
        return len(done) + len(watcher.heard)

    def completed(self, numbers, timeout):
        futures = self.known(numbers)
        end = None if timeout is None else self.kernel.now + micros(timeout)
        at = [self.kernel.now for future in futures if future.state in ("done", "told")]
        open_ = [future for future in futures if future.state not in ("done", "told")]
        watcher = Watcher(self.kernel, bool)
        for future in open_:
            future.watchers.append(watcher)
        while len(at) < len(futures):
            left = None if end is None else end - self.kernel.now
            if left is not None and left <= 0 and not watcher.flag:
                at.append("TimeoutError")
                break
            yield from watcher.wait(left)
            at += [self.kernel.now] * len(watcher.heard)
            watcher.heard, watcher.flag = [], False
        for future in open_:
            future.watchers.remove(watcher)
        return at

    def map(self, lengths, timeout):
        if self.refusal is not None and (lengths or self.program.pool == "crew"):
            return self.refusal
        futures = [self.pool.submit(self.kernel.sleep(micros(length))) for length in lengths]
        return (
            self.crew_map(futures, timeout)
            if self.program.pool == "crew"
            else self.executor_map(futures, timeout)
        )

    def crew_map(self, futures, timeout):
        watcher = Watcher(self.kernel, lambda heard: len(heard) == len(futures))
        for future in futures:
            future.watchers.append(watcher)
        if futures:
            yield from watcher.wait(micros(timeout))
        return len(futures) if watcher.flag or not futures else Raised("TimeoutError")

    def executor_map(self, futures, timeout):
        end = None if timeout is None else self.kernel.now + micros(timeout)
        for future in futures:
            left = None if end is None else end - self.kernel.now
            got = yield from future.outcome(left)
            if got is not None:
                for each in futures:
                    each.cancel()
                return got
        return len(futures)

    # Event loops

    def run_loop(self, number, bodies):
        return play_tasks(self, number, bodies)

    def call_loop(self, number, flag):
        tasks = self.loops.get(number)
        if tasks is None:
            return Raised("KeyError")
        if tasks.loop.is_closed():
            return Raised("RuntimeError")
        tasks.loop.call_soon_threadsafe(tasks.flags[flag].set)
        return None

    # Calls

    def call(self, rpc, timeout):
        answer = self.ask(rpc, timeout)
        return (yield from self.answer(answer))

    def ask(self, rpc, timeout):
        """Send a request; ``code`` is there once it is answered."""
        answer = {"code": None, "line": deque()}
        delay, limit = micros(RPCS[rpc]), micros(timeout)
        if delay == 0:
            answer["code"] = "OK"
            return answer
        late = limit is not None and (delay is None or delay > limit)

        def end():
            answer["code"] = Raised("DEADLINE_EXCEEDED") if late else "OK"
            self.kernel.settle_first(answer["line"], -1)

        self.kernel.schedule(limit if late else delay, end)
        return answer

    def answer(self, answer):
        if answer["code"] is None:
            yield from self.kernel.wait(answer["line"], None)
        return answer["code"]

    def send(self, number, rpc, timeout):
        self.sent[number] = self.ask(rpc, timeout)

    def receive(self, number):
        if number not in self.sent:
            return Raised("KeyError")
        return (yield from self.answer(self.sent[number]))


def simulate(program):
    """Return the log of a program: who, which step, when in microseconds, with what result.

    Raises:
        Endless: The program does not come to its end.
    """
    return Play(program).play()
