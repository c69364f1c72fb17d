"""The one door to server, world and environment without fixtures.

For ``unittest``, for scripts, and for property tests, whose every example wants a fresh server:
:func:`fake_flyte` is what the fixture ``flyte_admin`` is, as a context manager.

Ignorant of pytest, and of the laws.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, NoReturn
from unittest import SkipTest, TestCase

from flyte_testkit import render, scene
from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import FlyteTestkitError, suggests_keywords
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by, governing_clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from flyte_testkit.clock import Clock
    from flyte_testkit.wire.transports import Transport

__all__ = ["fake_flyte"]

_NO_FAILURES = (KeyboardInterrupt, SystemExit, GeneratorExit, SkipTest)


@suggests_keywords
def fake_flyte(  # noqa: PLR0913  keywords, each of them of one server
    *,
    clock: Clock | None = None,
    port: int = 0,
    strict: bool = True,
    seed: int = 0,
    pace: str = "instant",
    project: str = "flytesnacks",
    domain: str = "development",
    keep_calls: int | None = None,
    transport: Transport = "direct",
) -> AbstractContextManager[FakeFlyteAdmin]:
    """Give a fresh fake FlyteAdmin, let time follow its clock, and point the environment at it.

    It is what the fixture ``flyte_admin`` is, in every respect: time.sleep and datetime.now of the
    code under test follow ``admin.clock``, and whatever builds its own Flyte client lands here.
    Where a world is governed already, by ``flyte_clock`` for instance, this clock takes over for
    the length of the block. It costs a few milliseconds, so property tests make one for each
    example.

    What the executions did is told below the error that ends the block (printed to ``sys.stderr``
    on Python 3.10, whose errors take no notes). Where ``unittest`` closes the block after the test
    (``enterContext``, ``addCleanup``), it is printed if the test has failed.

    Args:
        clock: Its clock; a new :class:`~flyte_testkit.clock.VirtualClock` by default. With a
            ``SystemClock`` time stays real.
        port: Where it listens; 0 finds a free port.
        strict: Whether what no script foresaw fails the block.
        seed: What generated execution names are drawn from, and the chances of the pace.
        pace: How long the engine takes for what takes it time by itself: ``"instant"`` or
            ``"realistic"``.
        project: The project that names belong to which are given without one.
        domain: Likewise the domain.
        keep_calls: How many of the latest calls it remembers; all by default.
        transport: How the calls of clients in this process travel: ``"tcp"`` over a socket, as
            those of the fixtures do, or, by default, ``"direct"`` without one. What needs a socket
            finds one all the same.

    Raises:
        UnexpectedUse: On leaving the block, if something happened that no script foresaw.

    Example:
        >>> import time
        >>> from flyte_testkit import fake_flyte, running
        >>> with fake_flyte() as admin:
        ...     train = admin.add_execution("train", running(3600).succeeds())
        ...     time.sleep(3600)
        ...     train.phase
        'SUCCEEDED'
    """
    clock = VirtualClock() if clock is None else clock
    return _Door(
        FakeFlyteAdmin(
            clock=clock,
            port=port,
            strict=strict,
            seed=seed,
            pace=pace,
            project=project,
            domain=domain,
            keep_calls=keep_calls,
            transport=transport,
        )
    )


class _Door(AbstractContextManager[FakeFlyteAdmin]):
    """What ``fake_flyte`` returns: it gives the server once it is entered, and not before."""

    def __init__(self, admin: FakeFlyteAdmin) -> None:
        self._opened = _opened(admin)
        self._entered = False

    def __enter__(self) -> FakeFlyteAdmin:
        if self._entered:
            raise FlyteTestkitError(
                "this fake_flyte() was entered before, and its server serves once. "
                "Make another: with fake_flyte() as admin: …"
            )
        self._entered = True
        return self._opened.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"fake_flyte() is no server yet, so it has no {name!r}. Enter it: "
            "with fake_flyte() as admin: …"
        )


@contextmanager
def _opened(admin: FakeFlyteAdmin) -> Iterator[FakeFlyteAdmin]:
    try:
        with _placed(admin), _following(admin.clock):
            yield admin
        failed = _is_failing(_closed_by())
        if not failed:
            admin.verify()
    except BaseException as error:
        _tell(error, admin)
        raise
    if failed:
        _print(_report(admin))


@contextmanager
def _placed(admin: FakeFlyteAdmin) -> Iterator[None]:
    """Let a server serve, and the environment lead to it."""
    if (place := scene.current()) is not None:
        with place.playing(admin):
            yield
    else:
        with admin.serving(), admin.env():
            yield


@contextmanager
def _following(clock: Clock) -> Iterator[None]:
    """Let time follow a virtual clock, also where another one governs."""
    if not isinstance(clock, VirtualClock):
        yield
        return
    governing = governing_clock() or clock
    with governed_by(governing) as world:
        if governing is clock:
            yield
            return
        world.clock = clock
        try:
            yield
        finally:
            world.clock = governing


def _tell(error: BaseException, admin: FakeFlyteAdmin) -> None:
    """Let an error tell what the executions did, if it is one: a skip or an exit is none."""
    kind = type(error)
    outcome = kind.__name__ in {"Skipped", "Exit", "XFailed"}  # of pytest
    if isinstance(error, _NO_FAILURES) or outcome or kind.__module__.startswith("hypothesis"):
        return
    if sys.version_info >= (3, 11):
        error.add_note(_report(admin))
    else:
        _print(_report(admin))


def _report(admin: FakeFlyteAdmin) -> str:
    try:
        return _picture(admin)
    except Exception as error:  # noqa: BLE001  the error of the block is what must be seen
        return f"\nWhat the executions of the fake Flyte did cannot be told: {error!r}"


def _picture(admin: FakeFlyteAdmin) -> str:
    texts = "\n\n".join([*admin.unforeseen(), *admin.strangers(), *render.hints(admin)])
    parts = ["", "What the executions of the fake Flyte did:", "", render.text(admin)]
    if texts:
        parts += ["", "What may help:", "", texts]
    return "\n".join(parts)


def _print(report: str) -> None:
    sys.stderr.write(f"{report}\n")


def _closed_by() -> TestCase | None:
    """Return the test of unittest that closes the block among its cleanups, if it is one.

    It closes what a test entered without the test's error: ``__exit__(None, None, None)``.
    """
    frame = sys._getframe(1)  # noqa: SLF001  there is no other way to ask who closes the block
    for _ in range(12):
        if frame.f_back is None:
            break
        frame = frame.f_back
        case = frame.f_locals.get("self") if frame.f_code.co_name == "doCleanups" else None
        if isinstance(case, TestCase):
            return case
    return None


def _is_failing(case: TestCase | None) -> bool:
    """Say whether a test has failed so far, by what unittest or pytest has noted of it."""
    outcome = getattr(case, "_outcome", None)
    result = getattr(outcome, "result", None)
    noted = [*getattr(result, "failures", ()), *getattr(result, "errors", ())]
    yet_to_note = getattr(outcome, "errors", ())  # of Python 3.10
    by_pytest = getattr(result, "_excinfo", None)
    cases = [getattr(one, "test_case", one) for one, _ in noted]  # of a subTest: whose it is
    return any(one is case for one in cases) or any(e for _, e in yet_to_note) or bool(by_pytest)
