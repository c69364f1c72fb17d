"""Programs of a few threads that wait for each other: as data, by chance, and near known traps.

A program is what its threads and the jobs of its pool do, step by step. A step is a tuple: its
name, and what it is done to or for how long, in seconds. ``oracle_code`` says what each step is in
Python, and ``oracle_simulation`` what it comes to.

Chance alone is bad at finding deadlocks, so most programs begin as one of ``TEMPLATES`` and are
changed in a place or two.

Ignorant of the clock, and of how programs are run.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

__all__ = ["HELD", "RPCS", "TEMPLATES", "Program", "draw"]

QUEUES = (1, 2)  # how much each holds
SEMAPHORES = (0, 1, 2)  # what each begins with
BARRIERS = (2, 3)  # whom each waits for
HELD = ("lock0", "lock1", "rlock0", "cond0", "cond1")  # what can be held meanwhile
RPCS = {  # how long the server takes for each; None is for ever
    "GetVersion": 0,
    "ListTasks": 1.5,
    "ListWorkflows": 4,
    "ListProjects": 0.75,
    "ListExecutions": 8.125,
    "ListLaunchPlans": None,
}


@dataclass(frozen=True)
class Program:
    """What each thread does, and each job of the pool.

    Attributes:
        threads: The steps of each; the first is the main thread, which joins the others in the end.
        jobs: The steps of each job that some step submits.
        size: How many jobs the pool does at a time.
        pool: ``"executor"``, a ThreadPoolExecutor, or ``"crew"``, a ThreadPool.
        older: Whether the pool has its workers before the world is entered.
    """

    threads: tuple[tuple, ...]
    jobs: tuple[tuple, ...] = ()
    size: int = 2
    pool: str = "executor"
    older: bool = False

    def __contains__(self, name):
        """Whether some step is called so."""
        return any(step[0] == name for step in every_step(self.threads + self.jobs))


def every_step(bodies):
    """Yield the steps of some bodies, also those within others."""
    for body in bodies:
        for step in body:
            yield step
            if step[0] == "hold":
                yield from every_step([step[3]])
            if step[0] == "run_loop":
                yield from every_step(step[2])


def started(*threads, **rest):
    """Return a program whose main thread starts all others, and does nothing else."""
    main = tuple(("start", number) for number, _ in enumerate(threads, 1))
    return Program((main, *threads), **rest)


# Shapes that have gone wrong somewhere, or that people write.
TEMPLATES = {
    "a poller lets a waiter go, and another sleeps on": started(
        (("sleep", 10), ("set", 0)), (("wait", 0, 100),), (("sleep", 50),)
    ),
    "two pollers that their waiters stop": started(
        (("wait", 0, 5), ("set", 1)),
        (("wait", 1, 10), ("wait", 1, 10), ("set", 0)),
        (("sleep", 1), ("wait", 0, 45)),
    ),
    "a producer and two consumers": started(
        (("put", 0, None), ("sleep", 2), ("put", 0, 5), ("put", 0, 1), ("sleep", 3)),
        (("get", 0, 3), ("task_done", 0), ("get", 0, 3)),
        (("get", 0, None), ("sleep", 5), ("get", 0, 20), ("task_done", 0)),
    ),
    "a lock that is held in a sleep": started(
        (("hold", "lock0", None, (("sleep", 3),)), ("hold", "lock0", 1, ())),
        (("hold", "lock0", 1, ()), ("hold", "lock0", None, (("sleep", 1),))),
        (("sleep", 1), ("hold", "lock0", 2, (("sleep", 1),))),
    ),
    "two locks in either order": started(
        (("hold", "lock0", 2, (("sleep", 1), ("hold", "lock1", 2, ()))),),
        (("hold", "lock1", 2, (("sleep", 1), ("hold", "lock0", 1, ()))),),
    ),
    "a waiter whose lock is held when its time comes": started(
        (("listen", 0, 2),),
        (("listen", 0, 9),),
        (("sleep", 1), ("hold", "cond0", None, (("sleep", 3), ("notify", 0, 1)))),
    ),
    "a monitor that counts": started(
        (("listen_for", 0, 2, 9), ("listen_for", 1, 1, 3)),
        (("sleep", 1), ("notify", 0, 1), ("sleep", 1), ("notify", 0, 9), ("notify", 1, 1)),
    ),
    "a barrier that breaks, and one that does not": started(
        (("meet", 0, 5), ("meet", 1, 2)),
        (("sleep", 3), ("meet", 0, 1), ("meet", 1, 9)),
        (("sleep", 4), ("reset", 1), ("meet", 1, 1), ("abort", 0)),
    ),
    "a join that gives up": started(
        (("sleep", 7),), (("join", 1, 3), ("join", 1, None)), (("join", 2, 5), ("join", 1, 9))
    ),
    "a thread that starts another": Program(
        (
            (("start", 1), ("sleep", 1), ("join", 2, 4), ("join", 1, None)),
            (("start", 2), ("wait", 0, 9)),
            (("sleep", 2), ("set", 0), ("sleep", 3)),
        )
    ),
    "semaphores passed round": started(
        (("acquire", 1, None), ("sleep", 2), ("release", 1), ("acquire", 1, 3)),
        (("acquire", 1, 1), ("acquire", 1, 3), ("release", 0)),
        (("acquire", 0, 10), ("release", 1), ("release", 2)),
    ),
    "a timer, and one that is called off": started(
        (("timer", 0, 5, 0), ("timer", 1, 3, 1), ("sleep", 1), ("cancel_timer", 1)),
        (("wait", 0, 9), ("wait", 1, 4)),
    ),
    "simple queues": started(
        (("simple_get", 0, 3), ("simple_get", 0, 3), ("simple_put", 1)),
        (("sleep", 1), ("simple_put", 0), ("sleep", 4), ("simple_put", 0)),
        (("simple_get", 1, None), ("simple_get", 0, 1)),
    ),
    "three jobs for two workers": Program(
        ((("submit", 0), ("submit", 1), ("submit", 2), ("result", 2, 15), ("result", 2, 60)),),
        ((("sleep", 10),), (("sleep", 20),), (("sleep", 30),)),
        older=True,
    ),
    "a job that waits for another": Program(
        ((("submit", 0), ("submit", 1), ("result", 0, 9)),),
        ((("result", 1, 5), ("set", 0)), (("sleep", 3),)),
    ),
    "jobs that are waited for together": Program(
        (
            (("submit", 0), ("submit", 1), ("submit", 2), ("first", (0, 1, 2), 9, "ANY")),
            (("completed", (0, 1, 2), 6), ("first", (0, 1), 9, "ALL"), ("cancel", 2)),
            (("first", (0, 1, 2), 9, "RAISES"), ("exception", 1, 4)),
        ),
        ((("sleep", 4),), (("sleep", 2), ("raise",)), (("sleep", 5),)),
        size=1,
    ),
    "a map that gives up": started(
        (("map", (3, 4, 5), 5), ("sleep", 1)), (("sleep", 2), ("map", (1, 1), None)), size=2
    ),
    "a crew with too much to do": Program(
        (
            (("submit", 0), ("submit", 1), ("start", 1), ("result", 1, 5), ("result", 0, 1)),
            (("map", (2, 3, 4), 4), ("sleep", 1)),
        ),
        ((("sleep", 4),), (("wait", 0, 3), ("set", 0))),
        size=1,
        pool="crew",
        older=True,
    ),
    "a job that comes after its pool is closed": Program(
        ((("submit", 0),),), ((("sleep", 4), ("submit", 1), ("map", (1,), 3)), ()), size=2
    ),
    "a job that comes after its crew is closed": Program(
        ((("submit", 0),),),
        ((("sleep", 4), ("submit", 1), ("map", (1,), 3)), ()),
        size=2,
        pool="crew",
    ),
    "callbacks beside sleepers": started(
        (("later", 5, "set", 0), ("sleep", 5), ("wait", 0, 1), ("later", 1, "release", 0)),
        (("sleep", 5), ("wait", 0, 0), ("acquire", 0, 3)),
    ),
    "two loops and a thread": started(
        (
            (
                "run_loop",
                0,
                (
                    (("nap", 2), ("lift", 0), ("await_flag", 1, 10), ("call_loop", 1, 0)),
                    (("await_flag", 0, 5), ("nap", 3), ("set", 0)),
                ),
            ),
        ),
        (("run_loop", 1, ((("await_flag", 0, 20), ("nap", 1)), (("nap", 2), ("nap", 3)))),),
        (("sleep", 2), ("call_loop", 0, 1), ("wait", 0, 10), ("call_loop", 7, 0)),
    ),
    "a loop that gives its jobs up": Program(
        (
            (
                (
                    "run_loop",
                    0,
                    (
                        (("hand", 0, 3), ("hand", 1, 20)),
                        (("nap", 1), ("hand", 1, 2), ("beside", (1, 2, 3), 2)),
                        (("push", 1), ("push", 2), ("pull", 3), ("lock_for", 1)),
                        (("lock_for", 4), ("pull", 5), ("pull", 1)),
                    ),
                ),
                ("submit", 0),
                ("sleep", 1),
            ),
        ),
        ((("sleep", 4), ("set", 0)), (("wait", 0, 5), ("raise",))),
        size=1,
    ),
    "calls that the server holds back": started(
        (("call", "ListTasks", 1), ("call", "ListTasks", 10), ("call", "GetVersion", None)),
        (("sleep", 1), ("call", "ListLaunchPlans", 3), ("set", 0)),
        (("wait", 0, 10), ("call", "ListWorkflows", None)),
    ),
    "calls that nobody stands in": Program(
        (
            (("send", 0, "ListLaunchPlans", 300), ("call", "GetVersion", None), ("start", 1)),
            (("send", 1, "ListWorkflows", 60), ("sleep", 1), ("receive", 1), ("receive", 0)),
        )
    ),
}
for _name, _program in list(TEMPLATES.items()):
    if not any(step[0] == "start" for step in _program.threads[0]) and len(_program.threads) > 1:
        _main = tuple(("start", number) for number in range(1, len(_program.threads)))
        _threads = (_main + _program.threads[0], *_program.threads[1:])
        TEMPLATES[_name] = replace(_program, threads=_threads)


FAMILIES = {  # how often each is drawn
    "sleep": 4,
    "event": 4,
    "condition": 3,
    "queue": 3,
    "simple": 2,
    "semaphore": 2,
    "barrier": 2,
    "lock": 4,
    "join": 2,
    "timer": 1,
    "later": 1,
    "pool": 4,
    "loop": 3,
}


TIMED = (  # steps whose second argument is a time-out
    *("wait", "listen", "put", "get", "simple_get", "acquire", "meet", "join"),
    *("result", "first", "completed", "map", "hold"),
)


class Draw:
    """One program after another, all from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)  # noqa: S311  not for secrets
        self.choice = self.random.choice
        self.distinct = self.random.random() < 0.2  # whether no two things happen at one instant
        self.timers = 0
        self.sent = 0
        self.calls = self.random.random() < 0.08  # a server is slow to start
        self.loops = 0
        self.jobs = ()
        self.job = -1  # whose steps are drawn; none submits itself

    def below(self, number):
        return self.random.randrange(number)

    def length(self):
        if self.distinct:
            return self.random.randint(100, 9_999_999) / 1e6
        return self.choice((0, 0.1, 0.25, 0.5, 1, 1, 2, 3, 5, 7.3, 10))

    def timeout(self, *, ever=True):
        if ever and self.below(8) == 0:
            return None
        if self.distinct:
            return self.random.randint(100, 9_999_999) / 1e6
        return self.choice((0, 0.1, 0.5, 1, 1, 2, 3, 5, 10, 20))

    def step(self, thread, threads, program, depth=0):
        """Draw a step for a thread (``None``: for a job)."""
        families = dict(FAMILIES, call=3 if self.calls else 0)
        kind = self.random.choices(list(families), list(families.values()))[0]
        return getattr(self, kind)(thread, threads, program, depth) or ("sleep", self.length())

    def sleep(self, *_):
        return ("sleep", self.length())

    def event(self, *_):
        event = self.below(2)
        return self.choice(
            (("set", event), ("clear", event), *[("wait", event, self.timeout())] * 2)
        )

    def condition(self, *_):
        condition = self.below(2)
        return self.choice(
            (
                ("listen", condition, self.timeout()),
                ("listen_for", condition, self.choice((1, 2, 3)), self.timeout()),
                *[("notify", condition, self.choice((1, 1, 2, 9)))] * 2,
            )
        )

    def queue(self, *_):
        queue = self.below(2)
        return self.choice(
            (
                *[("put", queue, self.timeout()), ("get", queue, self.timeout())] * 3,
                ("task_done", queue),
                ("all_done", queue),
            )
        )

    def simple(self, *_):
        queue = self.below(2)
        return self.choice((("simple_put", queue), ("simple_get", queue, self.timeout())))

    def semaphore(self, *_):
        semaphore = self.below(3)
        return self.choice((("acquire", semaphore, self.timeout()), ("release", semaphore)))

    def barrier(self, *_):
        barrier = self.below(2)
        meet = ("meet", barrier, self.timeout())
        return self.choice((meet, meet, meet, ("reset", barrier), ("abort", barrier)))

    def lock(self, thread, threads, program, depth):
        inside = [self.step(thread, threads, program, depth + 1) for _ in range(self.below(3))]
        if depth > 1 or not inside:
            inside = [("sleep", self.length())]
        return ("hold", self.choice(HELD), self.timeout(), tuple(inside))

    def join(self, thread, threads, *_):
        if thread is None or thread + 1 >= threads:
            return None
        return ("join", self.random.randint(thread + 1, threads - 1), self.timeout())

    def timer(self, *_):
        if self.timers and self.below(3) == 0:
            return ("cancel_timer", self.below(self.timers))
        self.timers += 1
        return ("timer", self.timers - 1, self.length(), self.below(2))

    def later(self, *_):
        return ("later", self.length(), *self.choice((("set", 0), ("set", 1), ("release", 0))))

    def pool(self, _thread, _threads, program, _depth):
        job = self.below(len(self.jobs)) if self.jobs else None
        if job is None or self.below(8) == 0:
            return ("map", tuple(self.length() for _ in range(self.below(4))), self.timeout())
        steps = [("result", job, self.timeout())]
        if job > self.job:
            steps *= 2
            steps += [("submit", job)] * 3
        if program.pool == "executor":
            some = tuple(sorted({self.below(len(self.jobs)) for _ in range(3)}))
            steps += [
                ("exception", job, self.timeout()),
                ("cancel", job),
                ("notice", job, self.below(2)),
                ("first", some, self.timeout(), self.choice(("ANY", "ALL", "RAISES"))),
                ("completed", some, self.timeout()),
            ]
        return self.choice(steps)

    def call(self, *_):
        rpc = self.choice(list(RPCS))
        timeout = self.choice((1, 2, 3, 10) if RPCS[rpc] is None else (None, 1, 2, 3, 10))
        return ("call", rpc, timeout)

    def loop(self, thread, _threads, program, depth):
        """Run a loop, or call one; jobs and whoever holds a lock do not."""
        if thread is None or depth or self.below(3) == 0:
            return ("call_loop", self.below(3), self.below(2))
        self.loops += 1
        tasks = [[self.task_step(program) for _ in range(self.below(5))] for _ in range(4)]
        bodies = tuple(tuple(steps) for steps in tasks[: self.random.randint(1, 4)])
        return ("run_loop", self.loops - 1, bodies)

    def task_step(self, program):
        timeout = lambda: self.timeout(ever=False)  # noqa: E731  it is drawn anew for each
        steps = [
            *[("nap", self.length())] * 3,
            ("lift", self.below(2)),
            ("lower", self.below(2)),
            *[("await_flag", self.below(2), timeout())] * 2,
            ("push", timeout()),
            ("pull", timeout()),
            ("lock_for", self.length()),
            ("beside", tuple(self.length() for _ in range(self.random.randint(1, 3))), timeout()),
            ("set", self.below(2)),
            ("release", self.below(3)),
            ("call_loop", self.below(3), self.below(2)),
        ]
        if self.jobs and program.pool == "executor":
            steps += [("hand", self.below(len(self.jobs)), timeout())] * 3
        return self.choice(steps)

    def program(self):
        """Draw a program without regard to templates."""
        threads = self.random.randint(1, 6)
        frame = Program(
            (),
            size=self.choice((1, 2, 3)),
            pool=self.choice(("executor", "executor", "crew")),
            older=self.below(2) == 0,
        )
        jobs = self.below(7 - threads) if self.below(2) else 0
        self.jobs = tuple(() for _ in range(jobs))
        most = self.choice((3, 7))
        bodies = []
        for thread in range(threads):
            steps = [self.step(thread, threads, frame) for _ in range(self.random.randint(1, most))]
            bodies.append(steps)
        for thread in range(1, threads):  # each is started once, by one that comes before
            by = self.below(thread) if self.below(4) == 0 else 0
            place = self.random.randint(0, len(bodies[by])) if self.below(3) == 0 else 0
            bodies[by].insert(place, ("start", thread))
        tasks = []
        for self.job in range(jobs):
            steps = [self.step(None, threads, frame) for _ in range(self.random.randint(0, 3))]
            if self.below(5) == 0:
                steps.append(("raise",))
            tasks.append(tuple(steps))
        return replace(frame, threads=tuple(map(tuple, bodies)), jobs=tuple(tasks))

    def perturbed(self, program):
        """Change a program in a place or two."""
        self.jobs, self.timers, self.loops = program.jobs, 2, 2
        self.calls = "call" in program
        for _ in range(self.choice((0, 1, 1, 2, 3))):
            program = self.changed(program)
        return program

    def changed(self, program):
        """Change a program in one place."""
        threads = [list(body) for body in program.threads]
        number = self.below(len(threads))
        body = threads[number]
        places = [place for place, step in enumerate(body) if step[0] != "start"]
        how = self.choice(("lengths", "insert", "insert", "drop", "move", "shuffle", "pool"))
        if how == "insert":
            step = self.step(number, len(threads), program)
            body.insert(self.random.randint(0, len(body)), step)
        elif how == "drop" and places:
            del body[self.choice(places)]
        elif how == "move" and len(body) > 1:
            body.insert(self.below(len(body)), body.pop(self.below(len(body))))
        elif how == "shuffle":
            starts = [place for place, step in enumerate(threads[0]) if step[0] == "start"]
            steps = [threads[0][place] for place in starts]
            self.random.shuffle(steps)
            for place, step in zip(starts, steps, strict=True):
                threads[0][place] = step
        elif how == "pool":
            program = replace(program, size=self.choice((1, 2, 3)), older=self.below(2) == 0)
        elif places:
            place = self.choice(places)
            body[place] = self.with_other_lengths(body[place])
        return replace(program, threads=tuple(map(tuple, threads)))

    def with_other_lengths(self, step):
        """Return a step that takes another time."""
        name, *rest = step
        if name in ("sleep", "timer", "later"):
            rest[1 if name == "timer" else 0] = self.length()
        elif name in TIMED:
            rest[1] = self.timeout()
        return (name, *rest)


def draw(seed):
    """Return the program of a seed; it may be one that never ends."""
    drawn = Draw(seed)
    if drawn.below(2):
        return drawn.program()
    return drawn.perturbed(drawn.choice(list(TEMPLATES.values())))
