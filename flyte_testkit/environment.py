"""Pointing everything that builds its own client at the fake server, and at nothing else.

Code under test often makes its own ``FlyteRemote`` from the environment, or runs ``pyflyte`` in a
subprocess. For a while the environment, flytekit's configuration and the keyring say what the test
needs, and gRPC channels may lead to this machine only. All of it is put back.

Ignorant of what the server does; it is handed an endpoint.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
from collections import deque
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flyte_testkit.errors import UnexpectedUse
from flyte_testkit.wire.targets import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

__all__ = ["is_loopback", "kept", "outlived", "pointed_at", "write_config"]

_NULL_KEYRING = "keyring.backends.null.Keyring"
_CONFIG = "admin:\n  endpoint: dns:///{endpoint}\n  insecure: true\n"

# What would lead a client elsewhere, or give it credentials that are not for the fake.
_MISLEADING = re.compile(
    r"FLYTE_(PLATFORM|CREDENTIALS)_.*|FLYTECTL_CONFIG|_FLYTECTL_CONFIG_PYFLYTE_OVERRIDE"
    r"|(https?|all|grpc|no)_proxy",
    re.IGNORECASE,
)


_pointed: list[str] = []  # the endpoints that the environment names and has named, innermost last
_left: deque[str] = deque(maxlen=1000)  # those whose server is gone
_CHAIN = 20  # errors that one comes of


@contextmanager
def pointed_at(
    endpoint: str,
    project: str,
    domain: str,
    refused: Callable[[str], None],
    elsewhere: Callable[[str], None] | None = None,
) -> Iterator[Mapping[str, str]]:
    """Let every client that is built meanwhile land on this endpoint.

    Args:
        endpoint: Host and port of a plaintext server.
        project: What flytekit's default project is.
        domain: Likewise the default domain.
        refused: Told of a channel that would have left this machine.
        elsewhere: Told, in words, of a channel to this machine that leads to no endpoint that
            clients are pointed at.

    Yields:
        The environment variables that say so, to be handed to subprocesses.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flyte-testkit-")))
        config = write_config(folder, endpoint)
        variables = {
            "FLYTE_PLATFORM_URL": endpoint,
            "FLYTE_PLATFORM_INSECURE": "true",
            "FLYTECTL_CONFIG": str(config),  # not HOME: users keep credentials and caches there
            "FLYTE_DEFAULT_PROJECT": project,
            "FLYTE_DEFAULT_DOMAIN": domain,
            "PYTHON_KEYRING_BACKEND": _NULL_KEYRING,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        stack.enter_context(_environment(variables))
        stack.enter_context(_no_keyring())
        _pointed.append(endpoint)
        stack.callback(_leave, endpoint)
        stack.enter_context(_loopback_only(refused, elsewhere or _ignore))
        _forget_configuration()
        stack.callback(_forget_configuration)
        yield variables


def _leave(endpoint: str) -> None:
    _pointed.remove(endpoint)
    _left.append(endpoint)


def outlived(error: BaseException | None) -> list[str]:
    """Return what to say of an error whose client asked a server that is gone, if it did.

    Such a client opens no channel that could be noticed: it has had one since an earlier test.
    """
    for _ in range(_CHAIN):
        if error is None:
            break
        for endpoint in re.findall(r"127\.0\.0\.1:\d+", str(error)):
            if endpoint in _left and endpoint not in _pointed:
                return [_outlived_text(endpoint)]
        error = error.__cause__ or error.__context__
    return []


def _outlived_text(endpoint: str) -> str:
    return (
        f"the code under test asked {endpoint!r}, the server of an earlier test, which is gone.\n"
        "A client that is kept (in a module, a singleton, a functools.cache) keeps its address. "
        "Make it anew for each test: cache_clear() in an autouse fixture. Or let a server last: "
        "flyte_module_admin, or flyte_session = true and flyte_session_admin."
    )


@contextmanager
def kept() -> Iterator[None]:
    """Put back, at the end, what somebody has changed meanwhile of an environment that lasts."""
    before = _snapshot()
    try:
        yield
    finally:
        if _snapshot() != before:
            _put_back({os.fsdecode(k): os.fsdecode(v) for k, v in before.items()}, ())
        _forget_configuration()


def _snapshot() -> Mapping[Any, Any]:
    """Return the environment as it is kept, which is several times faster than to read it."""
    return dict(getattr(os.environ, "_data", os.environ))


def write_config(folder: Path, endpoint: str) -> Path:
    """Write what flytectl, and older flytekits which read only a file, need to find an endpoint.

    Returns:
        The file, for ``FLYTECTL_CONFIG``.
    """
    config = folder / "config.yaml"
    config.write_text(_CONFIG.format(endpoint=endpoint), encoding="utf-8")
    return config


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in before:
        if _MISLEADING.fullmatch(name):
            del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        _put_back(before, variables)


def _put_back(before: Mapping[str, str], variables: Iterable[str]) -> None:
    now = dict(os.environ)
    if now == before:
        return
    for name in {*before, *variables, *(n for n in now if _MISLEADING.match(n))}:
        if name not in before:
            os.environ.pop(name, None)
        elif now.get(name) != before[name]:
            os.environ[name] = before[name]


def _forget_configuration() -> None:
    """Let flytekit read its configuration anew: it reads it once in a process."""
    file = sys.modules.get("flytekit.configuration.file")
    if file is not None:
        file.get_config_file.cache_clear()


@contextmanager
def _no_keyring() -> Iterator[None]:
    """Let nobody ask the keyring of the operating system.

    By ``set_keyring``, since the variable is read only once in a process.
    """
    if importlib.util.find_spec("keyring") is None:
        yield
        return
    import keyring.core  # noqa: PLC0415  flytekit brings it
    from keyring.backends.null import Keyring  # noqa: PLC0415

    core: Any = keyring.core
    before = core._keyring_backend  # noqa: SLF001  get_keyring() would go and look for one
    keyring.core.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        core._keyring_backend = before  # noqa: SLF001


def _is_ours(target: str) -> bool:
    """Say whether a target on this machine may be meant: clients are pointed at its port."""
    port = target.rpartition(":")[2]
    if not port.isdecimal():
        return True  # a socket file is nobody's mistake
    return any(endpoint.rpartition(":")[2] == port for endpoint in _pointed)


def _elsewhere_text(target: str) -> str:
    return (
        f"the code under test opened a gRPC channel to {target!r}, on this machine, but the fake "
        f"listens on {_pointed[-1]!r}.\nA client that was made before the fake, at import say, "
        "keeps the address it found then. Make it inside the test, or let a server last for the "
        "session: flyte_session = true in the ini file, and the fixture flyte_session_admin."
    )


def _loopback_only(
    refused: Callable[[str], None], elsewhere: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Refuse channels to other machines, however they are made."""

    def guard(target: str) -> None:
        if not is_loopback(target):
            text = (
                f"the code under test opened a gRPC channel to {target!r}, which is not on this "
                "machine.\nInside a test only the fake server may be reached: let the code read "
                "its endpoint from the environment, or give it flyte_admin.endpoint."
            )
            refused(text)
            raise UnexpectedUse(text)
        if not _is_ours(target):
            elsewhere(_elsewhere_text(target))

    # Whoever has an endpoint has a server, and so grpc.
    from flyte_testkit.wire.openings import guarded  # noqa: PLC0415

    return guarded(guard)


def _ignore(_: str) -> None:
    """Have nothing to say."""
