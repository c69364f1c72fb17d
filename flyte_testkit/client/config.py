"""Where the server is and how to talk to it: from code, a config file, or the environment.

The files and variables are flytekit's and flytectl's, with their precedence: an environment
variable wins over the file, the file over the default. Nothing is cached: what holds is what the
environment says when ``Config.auto()`` is called. This module is ignorant of gRPC.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flyte_testkit.client.exceptions import FlyteAssertion

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Config", "PlatformConfig", "uses_client_credentials"]

_CLIENT_CREDENTIALS = frozenset({"basic", "client_credentials", "clientsecret"})


@dataclass(frozen=True)
class PlatformConfig:
    """How to reach a FlyteAdmin, under flytekit's names and with its defaults.

    Args:
        endpoint: Host and port; ``dns:///`` in front is allowed.
        insecure: Plaintext instead of TLS.
        insecure_skip_verify: TLS with whatever certificate the server shows.
        ca_cert_file_path: A PEM file of the authorities to trust.
        console_endpoint: Where Flyte's console is, if not at the endpoint.
        client_id: Of the client credentials.
        client_credentials_secret: Of the client credentials.
        scopes: To ask for; by default those the server names.
        auth_mode: ``client_credentials`` (also ``basic``, ``ClientSecret``) fetches tokens; any
            other mode sends none.
        audience: To ask for; by default the one the server names.
        rpc_retries: How often a call that may heal is made again.
    """

    endpoint: str = "localhost:30080"
    insecure: bool = False
    insecure_skip_verify: bool = False
    ca_cert_file_path: str | None = None
    console_endpoint: str | None = None
    client_id: str | None = None
    client_credentials_secret: str | None = None
    scopes: tuple[str, ...] = ()
    auth_mode: str = "Pkce"
    audience: str | None = None
    rpc_retries: int = 3

    @classmethod
    def for_endpoint(cls, endpoint: str, insecure: bool = False) -> PlatformConfig:  # noqa: FBT001, FBT002  flytekit's signature
        """Reach that endpoint, and leave the rest as it is by default."""
        return cls(endpoint=endpoint, insecure=insecure)

    @classmethod
    def auto(cls, config_file: str | os.PathLike[str] | None = None) -> PlatformConfig:
        """Read the environment and a config file; see ``Config.auto``."""
        read = _reader(config_file)
        values = {
            name: value
            for name, setting in _SETTINGS.items()
            if (value := read(setting)) not in (None, "", ())
        }
        secret = _secret(read)
        if secret:
            values |= {"client_credentials_secret": secret, "auth_mode": "client_credentials"}
        if "endpoint" in values:
            values["endpoint"] = values["endpoint"].replace("dns:///", "")
        return cls(**values)


@dataclass(frozen=True)
class Config:
    """The part of flytekit's ``Config`` that concerns executions: the platform.

    Example:
        >>> Config.for_endpoint("flyte.example.com").platform.endpoint
        'flyte.example.com'
    """

    platform: PlatformConfig = PlatformConfig()

    @classmethod
    def for_endpoint(cls, endpoint: str, insecure: bool = False) -> Config:  # noqa: FBT001, FBT002  flytekit's signature
        """Reach that endpoint; neither files nor the environment are looked at."""
        return cls(PlatformConfig.for_endpoint(endpoint, insecure))

    @classmethod
    def for_sandbox(cls) -> Config:
        """Reach the sandbox of ``flytectl demo start``."""
        return cls(PlatformConfig("localhost:30080", insecure=True))

    @classmethod
    def auto(cls, config_file: str | os.PathLike[str] | None = None) -> Config:
        """Read the environment and a config file.

        Variables: ``FLYTE_PLATFORM_URL``, ``FLYTE_PLATFORM_INSECURE``,
        ``FLYTE_CREDENTIALS_CLIENT_ID``, ``FLYTE_CREDENTIALS_CLIENT_SECRET`` and their kin.

        Args:
            config_file: Otherwise the first that exists of ``$FLYTECTL_CONFIG``,
                ``./flytekit.config``, ``~/.flyte/config`` and ``~/.flyte/config.yaml``.

        Raises:
            FlyteAssertion: The file given cannot be read.
        """
        return cls(PlatformConfig.auto(config_file))


class _Setting(NamedTuple):
    section: str
    option: str  # with the section: FLYTE_SECTION_OPTION in the environment, both in an INI file
    yaml: str  # the path in a YAML file, as flytectl spells it
    convert: Callable[[Any], Any] = str


def _bool(value: Any) -> bool:
    return value.lower() not in ("", "false", "0", "off", "no") if isinstance(value, str) else value


def _list(value: Any) -> tuple[str, ...]:
    return tuple(value.split(",") if isinstance(value, str) else value)


_SETTINGS = {
    "endpoint": _Setting("platform", "url", "admin.endpoint"),
    "insecure": _Setting("platform", "insecure", "admin.insecure", _bool),
    "insecure_skip_verify": _Setting(
        "platform", "insecure_skip_verify", "admin.insecureSkipVerify", _bool
    ),
    "ca_cert_file_path": _Setting("platform", "ca_cert_file_path", "admin.caCertFilePath"),
    "console_endpoint": _Setting("platform", "console_endpoint", "console.endpoint"),
    "client_id": _Setting("credentials", "client_id", "admin.clientId"),
    "client_credentials_secret": _Setting("credentials", "client_secret", ""),
    "scopes": _Setting("credentials", "scopes", "admin.scopes", _list),
    "auth_mode": _Setting("credentials", "auth_mode", "admin.authType"),
    "audience": _Setting("credentials", "audience", "admin.audience"),
}
_SECRET_FILE = _Setting("credentials", "client_secret_location", "admin.clientSecretLocation")
_SECRET_VARIABLE = _Setting("credentials", "client_secret_env_var", "admin.clientSecretEnvVar")


def uses_client_credentials(platform: PlatformConfig) -> bool:
    """Say whether tokens are to be fetched (flytekit's ``AuthType`` members are understood)."""
    mode: Any = platform.auth_mode
    return str(getattr(mode, "value", mode)).lower() in _CLIENT_CREDENTIALS


def _secret(read: Callable[[_Setting], Any]) -> str | None:
    """Return the secret that lies in a file or in a variable of another name."""
    variable = read(_SECRET_VARIABLE)
    if variable and os.environ.get(variable):
        return os.environ[variable]
    path = read(_SECRET_FILE)
    return Path(path).read_text(encoding="utf-8").strip() if path else None


def _reader(config_file: str | os.PathLike[str] | None) -> Callable[[_Setting], Any]:
    """Return what looks a setting up, in the environment first."""
    path = Path(config_file) if config_file is not None else _found()
    lookup = _file(path) if path else lambda _: None

    def read(setting: _Setting) -> Any:
        value: Any = os.environ.get(f"FLYTE_{setting.section}_{setting.option}".upper())
        if value is None:
            value = lookup(setting)
        return None if value is None else setting.convert(value)

    return read


def _found() -> Path | None:
    named = os.environ.get("_FLYTECTL_CONFIG_PYFLYTE_OVERRIDE") or os.environ.get("FLYTECTL_CONFIG")
    home = Path.home() / ".flyte"
    places = [*([Path(named)] if named else []), Path("flytekit.config")]
    places += [home / "config", home / "config.yaml"]
    return next((path for path in places if path.is_file()), None)


def _file(path: Path) -> Callable[[_Setting], Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FlyteAssertion(f"The config file {str(path)!r} cannot be read: {error}") from error
    if path.suffix in (".yaml", ".yml"):
        tree = _yaml(text, path)
        return lambda setting: _walked(tree, setting.yaml)
    import configparser  # noqa: PLC0415  only for those who have such a file

    ini = configparser.ConfigParser()
    ini.read_string(text)
    return lambda setting: ini.get(setting.section, setting.option, fallback=None)


def _yaml(text: str, path: Path) -> Any:
    from flyte_testkit.client._yaml import read_yaml  # noqa: PLC0415  likewise

    try:
        return read_yaml(text)
    except ValueError as error:
        raise FlyteAssertion(f"The config file {str(path)!r} cannot be read: {error}") from error


def _walked(tree: object, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(tree, dict):
            return None
        tree = tree.get(key)
    return tree
