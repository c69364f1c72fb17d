"""How the fixtures of a test are made: by marker, command line or ini file, in this order.

Every option has one name: ``@pytest.mark.flyte(seed=7)``, ``--flyte-seed=7``, ``flyte_seed = 7``.
Ignorant of what the fixtures do with them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.plugin import TEXTS
from flyte_testkit.propeller.pace import PACES
from flyte_testkit.wire.transports import check_transport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["CLOCK", "SERVER", "check", "chosen"]


class Option(NamedTuple):
    """One option: what it is for, and how a text is read."""

    text: str
    read: Callable[[str], object]
    kinds: tuple[type, ...]


def _boolean(text: str) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return known[text.lower()]


def _pace(text: str) -> str:
    if text not in PACES:
        raise ValueError(text)
    return text


SERVER = {
    "strict": Option(TEXTS["strict"], _boolean, (bool,)),
    "seed": Option(TEXTS["seed"], int, (int,)),
    "pace": Option(TEXTS["pace"], _pace, (str,)),
    "project": Option(TEXTS["project"], str, (str,)),
    "domain": Option(TEXTS["domain"], str, (str,)),
    "transport": Option(TEXTS["transport"], check_transport, (str,)),
}
CLOCK = {
    "start": Option(TEXTS["start"], datetime.fromisoformat, (datetime,)),
    "limit": Option(TEXTS["limit"], float, (int, float, timedelta)),
    "idle_sleeps": Option(TEXTS["idle_sleeps"], int, (int,)),
}
_ALL = {**SERVER, **CLOCK}


def check(config: pytest.Config) -> None:
    """Read what the command line and ini files say once, before any test runs.

    Raises:
        UsageError: A text cannot be read.
    """
    for name in _ALL:
        _told(config, name)


def chosen(request: pytest.FixtureRequest, names: Collection[str]) -> dict[str, Any]:
    """Return those of these options that somebody chose for a test.

    Raises:
        UsageError: An option does not exist, or its text cannot be read.
    """
    found = _marked(request)
    for name in names:
        if name not in found and (told := _told(request.config, name)) is not None:
            found[name] = told
    return {name: value for name, value in found.items() if name in names}


def _told(config: pytest.Config, name: str) -> object:
    """Return what the command line says of an option, or else an ini file; None if nothing."""
    flag, key = f"--flyte-{name.replace('_', '-')}", f"flyte_{name}"
    text = config.getoption(flag) or config.getini(key)
    return _read(name, text) if text else None


def _read(name: str, text: str) -> object:
    try:
        return _ALL[name].read(text)
    except (KeyError, ValueError) as error:
        raise pytest.UsageError(
            f"--flyte-{name.replace('_', '-')}={text!r} (flyte_{name} in an ini file) cannot be "
            f"read.\nIt is {_ALL[name].text}."
        ) from error
    except FlyteTestkitError as error:
        raise pytest.UsageError(
            f"--flyte-{name.replace('_', '-')} (flyte_{name} in an ini file): {error}"
        ) from error


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the options of the test's ``flyte`` markers, the nearest one's first."""
    options: dict[str, Any] = {}
    for marker in request.node.iter_markers("flyte"):
        unknown = sorted(set(marker.kwargs) - set(_ALL))
        if marker.args or unknown:
            what = ", ".join(map(repr, [*marker.args, *unknown]))
            raise pytest.UsageError(
                f"@pytest.mark.flyte got {what}. It takes keywords only, of these: "
                f"{', '.join(sorted(_ALL))}."
            )
        for name, value in marker.kwargs.items():
            if not isinstance(value, _ALL[name].kinds):
                raise pytest.UsageError(
                    f"@pytest.mark.flyte({name}={value!r}): {name} is {_ALL[name].text}, given as "
                    f"{' or '.join(kind.__name__ for kind in _ALL[name].kinds)}."
                )
            if isinstance(value, str):
                _check(name, value)
            options.setdefault(name, value)
    return options


def _check(name: str, text: str) -> None:
    """Refuse a text of a marker that is none of those there are."""
    try:
        _ALL[name].read(text)
    except FlyteTestkitError as error:
        raise pytest.UsageError(f"@pytest.mark.flyte({name}={text!r}): {error}") from error
