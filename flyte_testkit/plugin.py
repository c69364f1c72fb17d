"""The pytest plugin: fixtures, and failed tests that say what the backend saw.

Every test gets a fresh clock and a fresh server, so nothing needs to be reset. What is heavy is
imported inside the fixtures: a test run that does not use them pays next to nothing. Ignorant of
gRPC and of scripts: it makes servers and clients, and passes on what servers tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flyte_testkit import options
from flyte_testkit.errors import HopelessWait

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from flyte_testkit.client import FlyteRemote
    from flyte_testkit.clock import VirtualClock
    from flyte_testkit.server import FakeFlyteAdmin

__all__ = ["flyte_admin", "flyte_client", "flyte_clock", "flyte_env", "flyte_remote"]

_ADMIN: pytest.StashKey[FakeFlyteAdmin] = pytest.StashKey()
_CLOCK: pytest.StashKey[VirtualClock] = pytest.StashKey()
_PASSED: pytest.StashKey[bool] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer what fixtures can be told."""
    options.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and read what the command line and ini files say."""
    config.addinivalue_line("markers", options.marker_line())
    options.check(config)


@pytest.fixture
def flyte_clock(request: pytest.FixtureRequest) -> Iterator[VirtualClock]:
    """The virtual clock of this test: sleeping moves it, and takes no time.

    Under it time.sleep, Event.wait, datetime.now, time.time and time.monotonic of the code under
    test follow the clock, in the test and in its threads. flyte_clock.elapsed says how long
    everything took; flyte_clock.advance(60) lets a minute pass now.
    """
    from flyte_testkit import world  # noqa: PLC0415
    from flyte_testkit.clock import VirtualClock  # noqa: PLC0415

    _refuse_to_be_shared(request)
    clock = VirtualClock(**options.chosen(request, options.CLOCK))
    with world.governed_by(clock):
        request.node.stash[_CLOCK] = clock
        yield clock


@pytest.fixture
def flyte_admin(
    request: pytest.FixtureRequest, flyte_clock: VirtualClock
) -> Iterator[FakeFlyteAdmin]:
    """A fake FlyteAdmin on a free loopback port that plays scripted executions.

    Script launches with flyte_admin.on_launch("nightly").plays(running(600).succeeds(auc=0.9)),
    or add a run with flyte_admin.add_execution("run", running(60).fails("boom")). Everything in
    the test that builds its own Flyte client lands here. What no script foresaw fails the test.
    """
    from flyte_testkit.server import FakeFlyteAdmin  # noqa: PLC0415

    admin = FakeFlyteAdmin(clock=flyte_clock, **options.chosen(request, options.SERVER))
    with admin.serving(), admin.env():
        request.node.stash[_ADMIN] = admin
        yield admin
        if request.node.stash.get(_PASSED, False):
            admin.verify()  # what fixtures have done since


@pytest.fixture
def flyte_env(flyte_admin: FakeFlyteAdmin) -> Mapping[str, str]:
    """The environment variables that point at flyte_admin, to be handed to subprocesses.

    In the test's own process they are set already.
    """
    return flyte_admin.variables


@pytest.fixture
def flyte_remote(flyte_admin: FakeFlyteAdmin) -> Any:
    """A fresh FlyteRemote of flytekit that talks to flyte_admin.

    It needs flytekit: pip install 'flyte-testkit[flytekit]', on Python < 3.13.
    """
    return flyte_admin.remote()


@pytest.fixture
def flyte_client(flyte_admin: FakeFlyteAdmin) -> Iterator[FlyteRemote]:
    """A fresh FlyteRemote of flyte_testkit.client that talks to flyte_admin; needs no flytekit.

    It has flytekit's names for executions, and waits that keep their budget.
    """
    from flyte_testkit.client import Config, FlyteRemote  # noqa: PLC0415

    config = Config.for_endpoint(flyte_admin.endpoint, insecure=True)
    project, domain = flyte_admin.project, flyte_admin.domain
    with FlyteRemote(config, project, domain, seed=0) as client:  # pauses repeat, run by run
        yield client


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
            "Make a server for each example in the test: with laws.backend() as admin: …",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail the test, not its teardown, over a hopeless wait and what no script foresaw."""
    __tracebackhide__ = True
    yield
    for judge in (item.stash.get(_CLOCK, None), item.stash.get(_ADMIN, None)):
        if judge is not None:
            judge.verify()
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
    if call.when in {"setup", "call"} and report.failed and admin is not None:
        from flyte_testkit import render  # noqa: PLC0415

        report.sections.append(("flyte executions", render.text(admin)))
        if stories := [*admin.unforeseen(), *render.hints(admin)]:
            report.sections.append(("flyte: what may help", "\n\n".join(stories)))
    return report
