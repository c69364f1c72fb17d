"""What stands in for the methods of a ``ThreadPoolExecutor``: its jobs take part, not its workers.

So it does not matter how old a pool is. Of the jobs of a pool as many take part at a time as it has
workers; the others wait in the order of their submission.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import _thread
import contextlib
import sys
import threading
from collections import deque
from concurrent.futures import _base, process, thread
from typing import TYPE_CHECKING, Any

from flyte_testkit.world._reins import caller, dweller, held

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from flyte_testkit.clock import Sleeper, VirtualClock
    from flyte_testkit.clock._members import Member

__all__ = ["PATCHES", "Job", "Jobs", "jobs_of"]

_Item = thread._WorkItem  # noqa: SLF001  where a worker runs a job
_real_submit = thread.ThreadPoolExecutor.submit
_real_shutdown = thread.ThreadPoolExecutor.shutdown
_real_run = _Item.run
_real_process_submit = process.ProcessPoolExecutor.submit
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_JOBS = "_flyte_testkit_jobs"
_PATIENCE = 5.0  # real seconds in which the job before this one is brought back


class Job:
    """One job of a pool, in the place of the function that it calls."""

    __slots__ = ("_function", "before", "gate", "has_place", "jobs", "member", "over", "paused")

    def __init__(self, function: Callable[..., Any], jobs: Jobs) -> None:
        self._function = function
        self.jobs = jobs
        self.member: Member | None = None  # as soon as there is a worker for it
        self.before: Member | None = None  # whom the worker was before
        self.paused = False  # between two threads, but it takes part
        self.has_place = False  # it is one of as many as the pool has workers
        self.over = False
        self.gate: Any = None  # a lock, if its worker was here before the job might begin

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)


class Jobs:
    """The jobs of one pool on one clock."""

    def __init__(self, clock: VirtualClock, workers: int) -> None:
        self.clock = clock
        self._mover = clock.mover
        self._workers = workers
        self._active = 0  # have a worker, or will have one at once
        self._unfinished = 0  # began, and are not over
        self._waiting: deque[Job] = deque()
        self._bringing = False  # a result: a pool has one thread that does so
        self._idle: list[Sleeper] = []  # who waits until all are done
        self._ahead: dict[Job, Future[Any]] = {}  # jobs that no worker has picked up

    def add(self, function: Callable[..., Any]) -> Job:
        """Let one more job take part, now or when there is a worker for it."""
        job = Job(function, self)
        with self._mover.lock:
            self._waiting.append(job)
            self._begin()
        return job

    def begin(self, job: Job) -> bool:
        """Let the calling worker do the job in its turn; False if there is nothing left to do."""
        with self._mover.lock:
            if job.over:
                return False
            if job.member is None:  # the pool has a worker more than we thought
                self._waiting.remove(job)
            member = job.member or self._engage(job)
            member.thread = threading.current_thread()  # nobody gives it up any more
            if job.paused and not member.turn:
                self._mover.queue(member)
            job.paused = False
            self._ahead.pop(job, None)
        self._mover.go()
        job.before = self._mover.take_seat(member)
        return True

    def await_place(self, job: Job) -> None:
        """Block until a job may begin whose worker has it already: the one before is not over."""
        with self._mover.lock:
            if job.over or job.member is not None:
                return
            gate = job.gate = _thread.allocate_lock()
            gate.acquire()
        gate.acquire(True, _PATIENCE)

    def pause(self, job: Job) -> None:
        """Let the worker go: the job goes on in another thread, and keeps its turn until then.

        That thread may wait in a callback of another job. Then this one waits for it, too, and
        needs its worker no longer.
        """
        with self._mover.lock:
            self._mover.members.unseat(job.before)
            job.paused = True
            if self._bringing and job.member is not None:
                self._mover.stop(job.member)
                self.give_place_up(job)
        self._mover.go()

    def bring(self, job: Job, bring: Callable[[], object], *, calls_back: bool) -> None:
        """Bring the result of a job back that began: as that job.

        Args:
            job: Which.
            bring: What does so.
            calls_back: Whether that calls functions of the user's. They may wait, and the worker
                does not wait for them.
        """
        if calls_back:
            self.give_place_up(job)
        self._bringing = True
        try:
            bring()
        finally:
            self._bringing = False
            self.finish(job)

    def finish(self, job: Job) -> None:
        """Say in the worker that the job is done."""
        self.end(job)
        if job.member is not None:
            self._mover.leave_seat(job.member, job.before)

    def lose(self, job: Job) -> None:
        """Forget a job if it was cancelled, or its pool broke, before a worker had it."""
        with self._mover.lock:
            begun = job.member is not None and job.member.thread is not None
            if job.over or (begun and not job.paused):
                return
            self.end(job)
            if job.member is not None:
                self._mover.dismiss(job.member)

    def expect(self, job: Job, future: Future[Any]) -> None:
        """Forget the job if its pool breaks. A cancelled one keeps its place: a worker says so."""
        with self._mover.lock:
            if not (job.over or (job.member is not None and job.member.thread is not None)):
                self._ahead[job] = future
        future.add_done_callback(lambda it: None if it.cancelled() else self.lose(job))

    def forget_cancelled(self) -> None:
        """Forget all jobs that were cancelled: no worker will pick them up."""
        for job in [job for job, future in list(self._ahead.items()) if future.cancelled()]:
            self.lose(job)

    def end(self, job: Job) -> None:
        """Let the next job begin: this one is done, cancelled or lost."""
        with self._mover.lock:
            if job.over:
                return
            job.over = True
            self._ahead.pop(job, None)
            _open_gate(job)
            if job.member is None:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(job)
            else:
                self._unfinished -= 1
                self.give_place_up(job)
            if not self._unfinished:
                idle, self._idle = self._idle, []
                for sleeper in idle:
                    sleeper.settle()
        self._mover.go()

    def give_place_up(self, job: Job) -> None:
        """Let the next job begin; to be followed by ``go``."""
        with self._mover.lock:
            if job.has_place:
                job.has_place = False
                self._active -= 1
                self._begin()

    def wait(self) -> None:
        """Wait on the clock until no job is left."""
        with self._mover.lock:
            if not self._unfinished:
                return
            sleeper = self.clock.sleeper(None)
            self._idle.append(sleeper)
        self.clock.park(sleeper)

    def _begin(self) -> None:
        while self._waiting and self._active < self._workers:
            self._engage(self._waiting.popleft())

    def _engage(self, job: Job) -> Member:
        self._active += 1
        self._unfinished += 1
        job.has_place = True
        job.member = self._mover.engage()
        _open_gate(job)
        return job.member


def _open_gate(job: Job) -> None:
    gate, job.gate = job.gate, None
    if gate is not None:
        gate.release()


class _Beginning:
    """An initializer of a pool: in a world it begins the first job of each worker.

    A worker takes no part, so what it did before its first job would be out of all turns.
    """

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._function = pool._initializer  # noqa: SLF001  there is no public way
        self._due: dict[int, tuple[Any, ...]] = {}

    def __call__(self, *args: Any) -> None:
        if held:
            self._due[threading.get_ident()] = args
        else:
            self._function(*args)

    def happen(self) -> None:
        """Do what is due in the calling worker."""
        args = self._due.pop(threading.get_ident(), None)
        if args is None:
            return
        try:
            self._function(*args)
        except BaseException:  # noqa: BLE001  as a worker does
            _base.LOGGER.critical("Exception in initializer:", exc_info=True)
            self._pool._initializer_failed()  # noqa: SLF001  as a worker does
            raise thread.BrokenThreadPool(
                "A thread initializer failed, the thread pool is not usable anymore"
            ) from None


def jobs_of(pool: Any, clock: VirtualClock, workers: int) -> Jobs:
    """Return the jobs of a pool on a clock."""
    found: Jobs | None = vars(pool).get(_JOBS)
    if found is None or found.clock is not clock:
        found = vars(pool)[_JOBS] = Jobs(clock, workers)
    return found


def submit(
    self: thread.ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> Future[Any]:
    """Submit a job, which takes part if code under test submits it."""
    reins = dweller(_frame(1))
    if reins is None:
        return _real_submit(self, fn, *args, **kwargs)
    begins: Any = self._initializer
    if begins is not None:
        if type(begins) is not _Beginning:
            begins = self._initializer = _Beginning(self)
        fn = _begun_by(begins, fn)
    job = jobs_of(self, reins.clock, self._max_workers).add(fn)
    try:
        future = _real_submit(self, job, *args, **kwargs)
    except BaseException:
        job.jobs.lose(job)
        raise
    job.jobs.expect(job, future)
    return future


def _begun_by(beginning: _Beginning, function: Callable[..., Any]) -> Callable[..., Any]:
    def job(*args: Any, **kwargs: Any) -> Any:
        beginning.happen()
        return function(*args, **kwargs)

    return job


def run(self: Any) -> None:
    """Do a job in the worker that picked it up."""
    job = getattr(self, "fn", None)
    if type(job) is not Job or not job.jobs.begin(job):
        _real_run(self)
        return
    try:
        _real_run(self)
    finally:
        self.fn = None
        job.jobs.finish(job)


def shutdown(
    self: thread.ThreadPoolExecutor,
    wait: bool = True,  # noqa: FBT001, FBT002  as the real one
    *,
    cancel_futures: bool = False,
) -> None:
    """Wait on the clock until all jobs are done, then for the workers."""
    jobs: Jobs | None = vars(self).get(_JOBS)
    reins = None if jobs is None else caller(_frame(1))
    if jobs is None or reins is None or jobs.clock is not reins.clock:
        _real_shutdown(self, wait, cancel_futures=cancel_futures)
        return
    _real_shutdown(self, False, cancel_futures=cancel_futures)
    if cancel_futures:
        jobs.forget_cancelled()
    if wait:
        jobs.wait()
        _real_shutdown(self, True)


def submit_to_process(
    self: process.ProcessPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> Future[Any]:
    """Submit a job to a process: time stands still until it is done."""
    future = _real_process_submit(self, fn, *args, **kwargs)
    if held:
        calls = held[-1].clock.mover.calls
        calls.fly(future)
        # Once all others have heard of it, among them a loop that may wait no longer.
        future.add_done_callback(lambda it: it._done_callbacks.append(calls.land))  # type: ignore[attr-defined]  # noqa: SLF001
    return future


PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (thread.ThreadPoolExecutor, "submit", submit),
    (thread.ThreadPoolExecutor, "shutdown", shutdown),
    (_Item, "run", run),
    (process.ProcessPoolExecutor, "submit", submit_to_process),
)
