"""What the fixtures do, and failed tests that say what the backend saw.

Every test gets a fresh clock and a fresh server, so nothing needs to be reset. A plugin of its own:
the first fixture that is used registers it. Ignorant of gRPC and of scripts: it makes servers and
clients, and passes on what servers tell.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

import flyte_testkit
from flyte_testkit import environment, options, render, world
from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import HopelessWait, MissingFlytekit
from flyte_testkit.plugin import LASTING
from flyte_testkit.server import FakeFlyteAdmin

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from flyte_testkit.client import FlyteRemote

__all__ = ["admin", "client", "clock", "judge", "remote", "show", "use"]

_CLOCK: pytest.StashKey[VirtualClock] = pytest.StashKey()
_ADMIN: pytest.StashKey[FakeFlyteAdmin] = pytest.StashKey()
_PASSED: pytest.StashKey[bool] = pytest.StashKey()
_SHOWN: pytest.StashKey[list[Any]] = pytest.StashKey()


def use(config: pytest.Config, module: str = "fixtures") -> None:
    """Let the hooks of this module, or of another one here, be called from now on."""
    hooks = getattr(flyte_testkit, module)  # a run in a run takes it out of sys.modules
    if not config.pluginmanager.is_registered(hooks):
        config.pluginmanager.register(hooks, f"flyte-testkit-{module}")


@contextmanager
def clock(request: pytest.FixtureRequest) -> Iterator[VirtualClock]:
    """Give the clock of a test, and let the world follow it.

    A test that asks for a server that lasts lives on that server's clock already.
    """
    _refuse_to_be_shared(request)
    governing = world.governing_clock()
    if governing is not None and not LASTING.isdisjoint(request.fixturenames):
        yield governing
        return
    use(request.config)
    made = VirtualClock(**options.chosen(request, options.CLOCK))
    with world.governed_by(made):
        request.node.stash[_CLOCK] = made
        yield made


@contextmanager
def admin(request: pytest.FixtureRequest, clock: VirtualClock) -> Iterator[FakeFlyteAdmin]:
    """Give the server of a test."""
    use(request.config)
    made = FakeFlyteAdmin(clock=clock, **options.chosen(request, options.SERVER))
    with made.serving(), made.env():
        request.node.stash[_ADMIN] = made
        yield made
        if request.node.stash.get(_PASSED, False):
            made.verify()  # what fixtures have done since


def remote(admin: FakeFlyteAdmin) -> Any:
    """Return flytekit's client for a server; say in few lines that there is none."""
    try:
        return admin.remote()
    except MissingFlytekit as error:
        missing = f"MissingFlytekit: {error}"
    pytest.fail(missing, pytrace=False)


@contextmanager
def client(admin: FakeFlyteAdmin) -> Iterator[FlyteRemote]:
    """Give our own client for a server."""
    from flyte_testkit.client import Config, FlyteRemote  # noqa: PLC0415  a fifth of a second

    config = Config.for_endpoint(admin.endpoint, insecure=True)
    with FlyteRemote(config, admin.project, admin.domain, seed=0) as made:  # pauses repeat
        yield made


def judge(item: pytest.Item, clock: VirtualClock) -> None:
    """Let this test fail over a wait on this clock that was hopeless, and that nobody heard of."""
    item.stash[_CLOCK] = clock


def show(item: pytest.Item, seen: Any) -> None:
    """Let a failure of this test show what a server, or a part of it, has seen."""
    item.stash.setdefault(_SHOWN, []).append(seen)


def _refuse_to_be_shared(request: pytest.FixtureRequest) -> None:
    """Explain why a property test cannot have the fixtures, unless it says that it knows."""
    test = request.function
    if not getattr(test, "is_hypothesis_test", False):
        return
    from hypothesis import HealthCheck  # noqa: PLC0415  it is loaded: this is its test

    chosen = getattr(test, "_hypothesis_internal_use_settings", None)  # where @settings leaves them
    if chosen is None or HealthCheck.function_scoped_fixture not in chosen.suppress_health_check:
        pytest.fail(
            f"{test.__name__} is a property test, and flyte_clock and flyte_admin are made once "
            "for a whole test: all its examples would share them.\n"
            "Make a server for each example in the test: with flyte_testkit.fake_flyte() as "
            "admin: …\n(Its old name stays: with laws.backend() as admin: …)",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail the test, not its teardown, over a hopeless wait and what no script foresaw."""
    __tracebackhide__ = True
    try:
        yield
    except pytest.skip.Exception:
        if (clock := item.stash.get(_CLOCK, None)) is not None:
            clock.verify()  # what waits for nothing is not skipped by what comes of it
        raise
    for seen in (item.stash.get(_CLOCK, None), item.stash.get(_ADMIN, None)):
        if seen is not None:
            seen.verify()
    item.stash[_PASSED] = True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show below a failed test what its executions did, and which calls they received."""
    report = yield
    admin, clock = item.stash.get(_ADMIN, None), item.stash.get(_CLOCK, None)
    if call.excinfo is not None and clock is not None:
        unheard = clock.unheard()
        if unheard is not None and not call.excinfo.errisinstance(HopelessWait):
            report.sections.append(("flyte: a wait was hopeless", str(unheard)))
    shown = [*([] if admin is None else [admin]), *item.stash.get(_SHOWN, [])]
    if call.when in {"setup", "call"} and report.failed:
        for seen in shown:
            report.sections.append(("flyte executions", render.text(seen)))
            gone = environment.outlived(call.excinfo and call.excinfo.value)
            told = [*gone, *seen.unforeseen(), *seen.strangers(), *render.hints(seen)]
            if told:
                report.sections.append(("flyte: what may help", "\n\n".join(told)))
    if call.when == "teardown":
        _let_go(item)
    return report


def _let_go(item: pytest.Item) -> None:
    """Let servers and clocks go with their test: pytest keeps items for the whole session."""
    keys: tuple[pytest.StashKey[Any], ...] = (_CLOCK, _ADMIN, _PASSED, _SHOWN)
    for key in keys:
        if key in item.stash:
            del item.stash[key]
