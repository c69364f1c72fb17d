from __future__ import annotations

import pytest

from flyte_testkit.client import Config, FlyteRemote, PlatformConfig
from flyte_testkit.client.config import uses_client_credentials
from flyte_testkit.client.exceptions import FlyteAssertion


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, tmp_path):
    """Neither the user's files nor the user's environment."""
    import os

    for name in list(os.environ):
        if name.startswith(("FLYTE", "_FLYTE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


YAML = """
admin:
  # For GRPC endpoints you might want to use dns:///flyte.example.com
  endpoint: dns:///flyte.example.com
  insecure: true
  authType: ClientSecret
  clientId: me
  clientSecretLocation: {secret}
  scopes: [a, b]
  caCertFilePath: /ca.pem
console:
  endpoint: https://console.example.com
"""


def test_with_nothing_said_it_is_the_sandboxs_endpoint():
    assert Config.auto() == Config(PlatformConfig())
    assert Config.auto().platform.endpoint == "localhost:30080"


def test_the_environment_says_where(monkeypatch):
    monkeypatch.setenv("FLYTE_PLATFORM_URL", "dns:///localhost:1234")
    monkeypatch.setenv("FLYTE_PLATFORM_INSECURE", "true")
    monkeypatch.setenv("FLYTE_CREDENTIALS_SCOPES", "a,b")

    platform = Config.auto().platform
    assert (platform.endpoint, platform.insecure) == ("localhost:1234", True)
    assert platform.scopes == ("a", "b")


@pytest.mark.parametrize("value", ["false", "0", "off", "no", ""])
def test_what_is_not_true_is_false(monkeypatch, value):
    monkeypatch.setenv("FLYTE_PLATFORM_INSECURE", value)

    assert Config.auto().platform.insecure is False


def test_a_yaml_file_of_flytectl_is_read(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("hush\n")
    file = tmp_path / "config.yaml"
    file.write_text(YAML.format(secret=tmp_path / "secret"))
    monkeypatch.setenv("FLYTECTL_CONFIG", str(file))

    platform = Config.auto().platform
    assert platform == PlatformConfig(
        endpoint="flyte.example.com",
        insecure=True,
        client_id="me",
        client_credentials_secret="hush",
        auth_mode="client_credentials",
        scopes=("a", "b"),
        ca_cert_file_path="/ca.pem",
        console_endpoint="https://console.example.com",
    )
    assert Config.auto(file).platform == platform


def test_an_ini_file_of_flytekit_is_read(tmp_path):
    file = tmp_path / "flytekit.config"
    file.write_text(
        "[platform]\nurl = flyte.example.com\ninsecure = 1\n[credentials]\nscopes=a,b\n"
    )

    platform = Config.auto().platform  # it lies in the working directory
    assert (platform.endpoint, platform.insecure) == ("flyte.example.com", True)
    assert platform.scopes == ("a", "b")


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    file = tmp_path / "config"
    file.write_text("[platform]\nurl = flyte.example.com\n")
    monkeypatch.setenv("FLYTE_PLATFORM_URL", "localhost:1")

    assert Config.auto(file).platform.endpoint == "localhost:1"


def test_files_are_looked_for_in_flytekits_order(tmp_path, monkeypatch):
    (tmp_path / ".flyte").mkdir()
    named = tmp_path / "named"
    places = [
        tmp_path / ".flyte" / "config",
        tmp_path / "flytekit.config",
        named,
    ]
    monkeypatch.setenv("FLYTECTL_CONFIG", str(named))
    for place in places:  # each found before the one that was there
        place.write_text(f"[platform]\nurl = {place.name}\n")
        assert Config.auto().platform.endpoint == place.name


def test_a_secret_can_lie_in_a_variable_of_another_name(monkeypatch):
    monkeypatch.setenv("FLYTE_CREDENTIALS_CLIENT_SECRET_ENV_VAR", "MY_SECRET")
    monkeypatch.setenv("MY_SECRET", "hush")

    platform = Config.auto().platform
    assert platform.client_credentials_secret == "hush"
    assert uses_client_credentials(platform)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FlyteAssertion, match=r"nowhere.yaml' cannot be read"):
        Config.auto(tmp_path / "nowhere.yaml")


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("admin: [")

    with pytest.raises(FlyteAssertion, match=r"config.yaml' cannot be read: line 1 is no YAML"):
        Config.auto(file)


@pytest.mark.parametrize(
    "mode", ["ClientSecret", "basic", "client_credentials", "CLIENT_CREDENTIALS"]
)
def test_client_credentials_have_many_names(mode):
    assert uses_client_credentials(PlatformConfig(auth_mode=mode))
    assert not uses_client_credentials(PlatformConfig())


@pytest.mark.parametrize("config", [None, Config(PlatformConfig(endpoint=""))])
def test_without_an_endpoint_there_is_no_remote(config):
    with pytest.raises(FlyteAssertion, match="names no endpoint"):
        FlyteRemote(config)


def test_a_remote_is_built_from_endpoint_config_or_environment(monkeypatch):
    monkeypatch.setenv("FLYTE_PLATFORM_URL", "localhost:7")
    with FlyteRemote.auto(default_project="p", default_domain="d") as remote:
        assert remote.config.platform.endpoint == "localhost:7"
        assert (remote.default_project, remote.default_domain) == ("p", "d")
    with FlyteRemote.for_endpoint("localhost:8", insecure=True) as remote:
        assert remote.config.platform == PlatformConfig("localhost:8", insecure=True)


def test_flytekits_config_is_understood():
    configuration = pytest.importorskip("flytekit.configuration")
    platform = configuration.PlatformConfig(
        endpoint="localhost:9", insecure=True, auth_mode=configuration.AuthType.CLIENT_CREDENTIALS
    )

    with pytest.raises(FlyteAssertion, match="takes client_id and"):
        FlyteRemote(configuration.Config(platform=platform))


def test_the_sandbox_is_where_flytectl_starts_it():
    assert Config.for_sandbox().platform == PlatformConfig("localhost:30080", insecure=True)
