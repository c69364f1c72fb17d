"""What stands in for the methods of a ``multiprocessing.pool.ThreadPool``; joblib uses it, too.

As in ``_pools``, jobs take part, not workers. A job here is whatever goes to a worker at a time: a
call, or a chunk of a ``map``. It lasts until its result has been brought back, by a thread of the
pool that calls the callbacks. Pools of processes stay real, and count as running.

Ignorant of how they come to stand there.
"""

from __future__ import annotations

import sys
import threading
from multiprocessing import pool as pools
from typing import TYPE_CHECKING, Any

from flyte_testkit.clock._members import WorldIsOver
from flyte_testkit.errors import ClockError
from flyte_testkit.world._conditions import keep_real
from flyte_testkit.world._pools import Job, Jobs, jobs_of
from flyte_testkit.world._reins import caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["PATCHES"]

_Result: Any = pools.ApplyResult
_MapResult: Any = pools.MapResult
_Iterator: Any = pools.IMapIterator
_UnorderedIterator: Any = pools.IMapUnorderedIterator
_Pool: Any = pools.ThreadPool
_real_apply = pools.Pool.apply_async
_real_map = pools.Pool._map_async  # type: ignore[attr-defined]  # noqa: SLF001  every kind of map but imap
_real_join = pools.Pool.join
_real_terminate = pools.Pool.terminate
_frame = sys._getframe  # noqa: SLF001  who calls decides, and nobody else can say
_making = threading.local()
_WORK = "_flyte_testkit_work"
_OVER = "the world was left while this job of a pool waited on its clock."


class Work:
    """The jobs behind one result of a pool, by the number that the pool gives each."""

    def __init__(self, jobs: Jobs, function: Callable[..., Any]) -> None:
        self._jobs = jobs
        self._function = function
        self._numbered: dict[int, Job] = {}
        self._lost = False

    def add(self, number: int) -> None:
        """Let one more job take part."""
        self._numbered[number] = self._jobs.add(self._function)

    def do(self, number: int, *args: Any, **kwargs: Any) -> Any:
        """Do a job in the worker that picked it up; it keeps its turn until ``brought``."""
        job = self._numbered.get(number)
        if job is not None:
            self._jobs.await_place(job)
        if job is None or not self._jobs.begin(job):
            return self._function(*args, **kwargs)
        try:
            return self._function(*args, **kwargs)
        except WorldIsOver:  # what the pool can bring back; it would lose a worker
            raise ClockError(_OVER) from None
        finally:
            if self._lost:
                self._jobs.finish(job)
            else:
                self._jobs.pause(job)

    def brought(self, number: int, bring: Callable[[], object], *, calls_back: bool) -> None:
        """Bring the result of a job back: as that job."""
        job = self._numbered.pop(number, None)
        if job is None or not self._jobs.begin(job):
            bring()
        else:
            self._jobs.bring(job, bring, calls_back=calls_back)

    def lose(self) -> None:
        """Forget the jobs that nobody will bring back: the pool is terminated."""
        self._lost = True
        for job in list(self._numbered.values()):
            self._jobs.lose(job)


class _Call:
    """A function that a worker calls for a job."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._work.do(0, *args, **kwargs)


class _Mapper:
    """What a worker calls for a chunk: the items are numbered, and so the chunk is known."""

    def __init__(self, work: Work, size: int) -> None:
        self._work = work
        self._size = size

    def __call__(self, chunk: tuple[Any, list[tuple[int, Any]]]) -> Any:
        function, numbered = chunk
        number = numbered[0][0] // self._size
        return self._work.do(number, (function, [item for _, item in numbered]))


class _Numbered:
    """What a worker calls for an item of an ``imap``."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __call__(self, numbered: tuple[int, Any]) -> Any:
        return self._work.do(*numbered)


def apply_async(
    self: Any,
    func: Any,
    args: Any = (),
    kwds: Any = {},  # noqa: B006  as the real one
    callback: Any = None,
    error_callback: Any = None,
) -> Any:
    """Let a worker call a function; the call takes part."""
    work = _work(self, _frame(1), func)
    if work is None:
        return _real_apply(self, func, args, kwds, callback, error_callback)
    self._check_running()
    work.add(0)
    with _Making(work):
        return _real_apply(self, _Call(work), args, kwds, callback, error_callback)


def map_async(
    self: Any,
    func: Any,
    iterable: Iterable[Any],
    mapper: Any,
    chunksize: int | None = None,
    callback: Any = None,
    error_callback: Any = None,
) -> Any:
    """Let workers map chunks; each chunk takes part."""
    work = _work(self, _frame(1), mapper)
    if work is None:
        return _real_map(self, func, iterable, mapper, chunksize, callback, error_callback)
    self._check_running()
    items = list(enumerate(iterable))
    size = chunksize or max(1, -(-len(items) // (len(self._pool) * 4)))
    for number in range(-(-len(items) // size)):
        work.add(number)
    with _Making(work):
        return _real_map(self, func, items, _Mapper(work, size), size, callback, error_callback)


def _imap(real: Any) -> Any:
    """Return what stands in for ``imap`` or ``imap_unordered``."""

    def imap(self: Any, func: Any, iterable: Iterable[Any], chunksize: int = 1) -> Any:
        work = _work(self, _frame(1), func)
        if work is None or chunksize != 1:
            return real(self, func, iterable, chunksize)
        self._check_running()
        with _Making(work):
            return real(self, _Numbered(work), _numbered(work, iterable))

    return imap


def _numbered(work: Work, iterable: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Number items, each of which takes part from now on; what their source raises comes last."""
    items: list[Any] = []
    trouble: Exception | None = None
    try:
        items.extend(iterable)
    except Exception as error:  # noqa: BLE001  the pool tells it to whoever asks for the item
        trouble = error
    for number in range(len(items)):
        work.add(number)

    def numbered() -> Iterator[tuple[int, Any]]:
        yield from enumerate(items)
        if trouble is not None:
            raise trouble

    return numbered()


def _work(pool: Any, frame: Any, function: Any) -> Work | None:
    reins = caller(frame)
    if reins is None:
        return None
    return Work(jobs_of(pool, reins.clock, pool._processes), function)  # noqa: SLF001  it has no public name


class _Making:
    """Tell the result that is made meanwhile which work it is of."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __enter__(self) -> None:
        _making.work = self._work

    def __exit__(self, *_: object) -> None:
        _making.work = None


def _told(kind: Any) -> tuple[Any, Any]:
    """Return what stands in for the making of a result, and for its being brought back."""
    real_init, real_set = kind.__init__, kind._set  # noqa: SLF001  there is no public hook

    def init(self: Any, pool: Any, *args: Any, **kwargs: Any) -> None:
        real_init(self, pool, *args, **kwargs)
        work = getattr(_making, "work", None)
        if work is not None:
            vars(self)[_WORK] = work
        elif not isinstance(pool, pools.ThreadPool):
            condition = self._cond if kind is _Iterator else self._event._cond  # noqa: SLF001  no public way
            keep_real(condition)

    def bring(self: Any, number: int, result: Any) -> None:
        work: Work | None = vars(self).get(_WORK)
        if work is None:
            real_set(self, number, result)
        else:
            calls = vars(self).get("_callback") or vars(self).get("_error_callback")
            work.brought(number, lambda: real_set(self, number, result), calls_back=bool(calls))

    return init, bring


def join(self: Any) -> None:
    """Wait on the clock until all jobs are done, then for the workers."""
    reins = caller(_frame(1))
    if reins is not None:
        jobs_of(self, reins.clock, self._processes).wait()
    _real_join(self)


def terminate(self: Any) -> None:
    """Forget the jobs that nobody will bring back."""
    for result in list(self._cache.values()):
        work: Work | None = vars(result).get(_WORK)
        if work is not None:
            work.lose()
    _real_terminate(self)


_result_init, _result_set = _told(_Result)
_iterator_init, _iterator_set = _told(_Iterator)
_, _map_set = _told(_MapResult)
_, _unordered_set = _told(_UnorderedIterator)

PATCHES: tuple[tuple[Any, str, Any], ...] = (
    (_Pool, "apply_async", apply_async),
    (_Pool, "_map_async", map_async),
    (_Pool, "imap", _imap(pools.Pool.imap)),
    (_Pool, "imap_unordered", _imap(pools.Pool.imap_unordered)),
    (_Pool, "join", join),
    (_Pool, "terminate", terminate),
    (_Result, "__init__", _result_init),
    (_Result, "_set", _result_set),
    (_MapResult, "_set", _map_set),
    (_Iterator, "__init__", _iterator_init),
    (_Iterator, "_set", _iterator_set),
    (_UnorderedIterator, "_set", _unordered_set),
)
