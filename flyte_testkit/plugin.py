"""The pytest plugin: options, and the names of the fixtures.

All that a run without them pays for is here; what they do is in ``fixtures`` and ``lasting``, how
options are read in ``options``, and none of these is loaded before it is needed. Ignorant of the
rest of the package.

PYTEST_DONT_REWRITE: there is no assertion here, and looking for some takes pytest long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from typing import Any

    from flyte_testkit.client import FlyteRemote
    from flyte_testkit.clock import VirtualClock
    from flyte_testkit.server import FakeFlyteAdmin

TEXTS = {
    "strict": "whether what no script foresaw fails the test (true)",
    "seed": "what generated execution names are drawn from (0)",
    "pace": "how long the engine takes by itself: instant or realistic (instant)",
    "project": "the project of the fake server (flytesnacks)",
    "domain": "its domain (development)",
    "transport": "how this process calls it: 'tcp', or 'direct' without a socket (tcp)",
    "start": "the clock's first instant, with its zone (2024-01-01T00:00:00+00:00)",
    "limit": "seconds that waiting may move the clock (30 days)",
    "idle_sleeps": "sleeps in a row with nothing scheduled that a test may make (3000)",
}
_SESSION = "whether one server starts before anything is imported and lasts for the session (false)"
LASTING = frozenset({"flyte_module_admin", "flyte_session_admin"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer what fixtures can be told."""
    group = parser.getgroup("flyte", "flyte-testkit")
    for name, text in TEXTS.items():
        group.addoption(f"--flyte-{name.replace('_', '-')}", metavar="VALUE", help=text)
        parser.addini(f"flyte_{name}", text)
    group.addoption("--flyte-session", action="store_true", default=None, help=_SESSION)
    parser.addini("flyte_session", _SESSION, "bool", default=False)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the server of the session, if one is wanted, before any conftest is imported."""
    _start_if_wanted(early_config, early_config.known_args_namespace)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and read what the command line and ini files say."""
    told = "; ".join(f"{name}: {text}" for name, text in TEXTS.items())
    line = f"flyte(**options): how the flyte_* fixtures of a test are made. {told}"
    config.addinivalue_line("markers", line)
    if any(config.getoption(f"flyte_{name}") or config.getini(f"flyte_{name}") for name in TEXTS):
        from flyte_testkit import options  # noqa: PLC0415

        options.check(config)
    _start_if_wanted(config, config.option)  # a plugin of a conftest missed the call above


def _start_if_wanted(config: pytest.Config, told: Any) -> None:
    if told.flyte_session or config.getini("flyte_session"):
        from flyte_testkit import lasting  # noqa: PLC0415

        lasting.start(config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let a test that asks for a server that lasts live on its clock."""
    if LASTING.isdisjoint(getattr(item, "fixturenames", ())):
        return (yield)
    from flyte_testkit import lasting  # noqa: PLC0415

    with lasting.visited(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Tear the rest down, too, after a hopeless wait in a fixture's teardown.

    pytest goes on after exceptions only, and HopelessWait is more than that: the world would never
    be left, and its clock would judge all tests that follow.
    """
    state = item.session._setupstate  # noqa: SLF001  there is no public way
    nodes = [(node, finalizers) for node, (finalizers, _) in state.stack.items()]
    try:
        return (yield)
    except (Exception, KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException as error:
        rest: BaseException | None = error
        while rest is not None:  # each time at least one finalizer less
            for node, finalizers in nodes:
                if finalizers and node not in state.stack:
                    state.stack[node] = (finalizers, None)
            rest = _torn_down(state, nextitem)
        raise


def _torn_down(state: Any, nextitem: pytest.Item | None) -> BaseException | None:
    """Tear down what is left; return what broke that off."""
    try:
        state.teardown_exact(nextitem)
    except (Exception, KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException as error:  # noqa: BLE001  to go on
        return error
    return None


@pytest.fixture
def flyte_clock(request: pytest.FixtureRequest) -> Iterator[VirtualClock]:
    """The virtual clock of this test: sleeping moves it, and takes no time.

    Under it time.sleep, Event.wait, datetime.now, time.time and time.monotonic of the code under
    test follow the clock, in the test and in its threads. flyte_clock.elapsed says how long
    everything took; flyte_clock.advance(60) lets a minute pass now.
    """
    from flyte_testkit import fixtures  # noqa: PLC0415

    with fixtures.clock(request) as made:
        yield made


@pytest.fixture
def flyte_admin(
    request: pytest.FixtureRequest, flyte_clock: VirtualClock
) -> Iterator[FakeFlyteAdmin]:
    """A fake FlyteAdmin on a free loopback port that plays scripted executions.

    Script launches with flyte_admin.on_launch("nightly").plays(running(600).succeeds(auc=0.9)),
    or add a run with flyte_admin.add_execution("run", running(60).fails("boom")). Everything in
    the test that builds its own Flyte client lands here. What no script foresaw fails the test.
    """
    from flyte_testkit import fixtures  # noqa: PLC0415

    with fixtures.admin(request, flyte_clock) as made:
        yield made


@pytest.fixture(scope="module")
def flyte_module_admin(request: pytest.FixtureRequest) -> Iterator[FakeFlyteAdmin]:
    """A fake FlyteAdmin that lasts for the tests of a module, with all that happened in it.

    For applications that build their client once. Each test that names it lives on its clock,
    which goes on from test to test. What no script foresaw fails the test in which it happened;
    scripts that were never played are told after the last test.
    """
    from flyte_testkit import lasting  # noqa: PLC0415

    with lasting.admin_of(request) as made:
        yield made


@pytest.fixture(scope="session")
def flyte_session_admin(request: pytest.FixtureRequest) -> Iterator[FakeFlyteAdmin]:
    """A fake FlyteAdmin that lasts for the session; else it is as flyte_module_admin is.

    With flyte_session = true in the ini file it is there before any test module or conftest is
    imported, and the environment names it: for applications that build their client at import.
    """
    from flyte_testkit import lasting  # noqa: PLC0415

    with lasting.admin_of(request) as made:
        yield made


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
    from flyte_testkit import fixtures  # noqa: PLC0415

    return fixtures.remote(flyte_admin)


@pytest.fixture
def flyte_client(flyte_admin: FakeFlyteAdmin) -> Iterator[FlyteRemote]:
    """A fresh FlyteRemote of flyte_testkit.client that talks to flyte_admin; needs no flytekit.

    It has flytekit's names for executions, and waits that keep their budget.
    """
    from flyte_testkit import fixtures  # noqa: PLC0415

    with fixtures.client(flyte_admin) as made:
        yield made
