"""Servers that last for a module or for the session, and what one test sees of them.

An application that builds its client at import keeps one address for the whole process, so its
tests share one server. State lasts; everything else is the test's own: while it runs the world
follows the server's clock, with limits counted anew, what no script foresaw fails it, and if it
fails, it shows what has happened since it began. Loaded with the first such server; registered as
a plugin then. Ignorant of how servers and pictures are made.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from flyte_testkit import fixtures, options, world
from flyte_testkit.clock import VirtualClock
from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.server import FakeFlyteAdmin

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

__all__ = ["Lasting", "admin_of", "start", "visited"]


class Lasting:
    """A server that lasts, and the clock of the tests that ask for it.

    Args:
        chosen: Somebody with the node and config that say how it is made.
        clock: Its clock, if it shares one.
    """

    def __init__(self, chosen: Any, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock(**options.chosen(chosen, options.CLOCK))
        server = options.chosen(chosen, options.SERVER)
        self.admin = FakeFlyteAdmin(clock=self.clock, **server)
        self.config: pytest.Config = chosen.config
        self.serving = False
        self.visited = False  # whether a test asked for it by name, and so lives on its clock
        self._stack = ExitStack()

    def serve(self) -> None:
        """Serve, and let the environment name it, if it does not yet."""
        if not self.serving:
            self.serving = True
            self._stack.enter_context(self.admin.serving())
            self._stack.enter_context(self.admin.env())

    def stop(self) -> None:
        """Serve no more."""
        self.serving = False
        self._stack.close()


_SESSION: pytest.StashKey[Lasting] = pytest.StashKey()
_MODULE: pytest.StashKey[Lasting] = pytest.StashKey()
_VISITED: pytest.StashKey[Sequence[Lasting]] = pytest.StashKey()
_TROUBLE: pytest.StashKey[Exception] = pytest.StashKey()


def start(config: pytest.Config) -> None:
    """Start the server of the session now, and stop it when pytest is left.

    Raises:
        UsageError: It cannot be made as the options say.
    """
    if _SESSION in config.stash:
        return
    told = vars(config.option) | vars(config.known_args_namespace)
    early = SimpleNamespace(
        getini=config.getini,
        getoption=lambda flag: told.get(flag[2:].replace("-", "_")),  # not parsed for good yet
        stash=config.stash,
    )
    unmarked = SimpleNamespace(iter_markers=lambda _: ())
    try:
        session = Lasting(SimpleNamespace(config=early, node=unmarked))
    except FlyteTestkitError as error:
        raise pytest.UsageError(f"flyte_session: {error}") from error
    session.serve()
    config.stash[_SESSION] = session
    config.add_cleanup(session.stop)


@contextmanager
def visited(item: pytest.Item) -> Iterator[None]:
    """Let one test live on the clock of the servers that it asks for."""
    _use(item.config)
    try:
        servers = [_lasting(item, name) for name in _asked(item)]
        (clock,) = {server.clock for server in servers}
    except Exception as error:  # noqa: BLE001  whatever it is, it is the test's, not pytest's
        item.stash[_TROUBLE] = _two_clocks() if isinstance(error, ValueError) else error
        yield
        return
    item.stash[_VISITED] = servers
    clock.mend()
    fixtures.judge(item, clock)
    for server in servers:
        server.visited = True
        server.admin.take_unforeseen()  # of those who did not ask for it
        fixtures.show(item, server.admin.since_now())
    try:
        with world.governed_by(clock):
            yield
    finally:
        del item.stash[_VISITED]  # pytest keeps items for the whole session


def _two_clocks() -> pytest.UsageError:
    return pytest.UsageError(
        "this test asks for flyte_module_admin and for flyte_session_admin, whose clocks differ: "
        "the server of the module was there first.\nLet the tests of the module ask for one of "
        "them, or set flyte_session = true in the ini file: then both live on one clock."
    )


@contextmanager
def admin_of(request: pytest.FixtureRequest) -> Iterator[FakeFlyteAdmin]:
    """Give the server of a module or of the session; tell at its end what was never played."""
    asked = [
        name for name in ("flyte_module_admin", "flyte_session_admin") if request.scope in name
    ]
    lasting = _lasting(request.node, asked[0])
    if not lasting.visited:
        pytest.fail(
            f"{asked[0]} was asked for by request.getfixturevalue, so this test does not live on "
            "its clock.\nLet the test or one of its fixtures name it among the arguments.",
            pytrace=False,
        )
    started = lasting.serving  # by the ini file: then it outlasts the last test
    lasting.serve()
    try:
        yield lasting.admin
    finally:
        if not started:
            lasting.stop()
            del _stash(request.node, asked[0])[_key(asked[0])]
    lasting.admin.verify()


def _asked(item: pytest.Item) -> list[str]:
    names = ("flyte_session_admin", "flyte_module_admin")
    return [name for name in names if name in getattr(item, "fixturenames", ())]


def _key(name: str) -> pytest.StashKey[Lasting]:
    return _SESSION if name == "flyte_session_admin" else _MODULE


def _stash(node: Any, name: str) -> pytest.Stash:
    holder = node.config if name == "flyte_session_admin" else _module(node)
    stash: pytest.Stash = holder.stash
    return stash


def _module(node: Any) -> Any:
    return node.getparent(pytest.Module) or node.session


def _lasting(node: Any, name: str) -> Lasting:
    """Return the server of this name for a test or what holds it; it need not serve yet."""
    stash, key = _stash(node, name), _key(name)
    found = stash.get(key, None)
    if found is None:
        holder = node.session if name == "flyte_session_admin" else _module(node)
        session = node.config.stash.get(_SESSION, None)
        shared = None if session is None else session.clock
        found = Lasting(SimpleNamespace(config=node.config, node=holder), shared)
        stash[key] = found
    return found


def _use(config: pytest.Config) -> None:
    fixtures.use(config)
    fixtures.use(config, "lasting")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail the test whose server cannot be made as it is told."""
    if _TROUBLE in item.stash:
        raise item.stash[_TROUBLE]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail the test over what no script foresaw while it ran, and over a wait without hope."""
    yield
    _tell(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Likewise over what its fixtures did since."""
    yield
    _tell(item)


def _tell(item: pytest.Item) -> None:
    for server in item.stash.get(_VISITED, ()):
        server.admin.tell_unforeseen()
