import os
import sys

import grpc
import pytest

from flyte_testkit.environment import is_loopback, outlived, pointed_at
from flyte_testkit.errors import UnexpectedUse

ENDPOINT = "127.0.0.1:8089"


@pytest.fixture
def refused():
    return []


@pytest.fixture
def pointed(refused):
    return pointed_at(ENDPOINT, "p", "d", refused.append)


def test_the_environment_names_the_server_and_is_put_back(monkeypatch, pointed):
    monkeypatch.setenv("FLYTE_PLATFORM_URL", "flyte.example.com")
    monkeypatch.setenv("FLYTE_CREDENTIALS_CLIENT_ID", "secret")
    monkeypatch.setenv("https_proxy", "http://proxy.example.com")
    before = dict(os.environ)

    with pointed as variables:
        assert os.environ["FLYTE_PLATFORM_URL"] == ENDPOINT
        assert "FLYTE_CREDENTIALS_CLIENT_ID" not in os.environ
        assert "https_proxy" not in os.environ
        assert variables.items() <= os.environ.items()

    assert dict(os.environ) == before


def test_it_is_put_back_when_the_test_fails(pointed):
    before = dict(os.environ)

    with pytest.raises(KeyboardInterrupt), pointed:
        raise KeyboardInterrupt

    assert dict(os.environ) == before


def test_flytekit_finds_the_server_by_itself(pointed):
    pytest.importorskip("flytekit")
    from flytekit.configuration import Config

    Config.auto()  # reads the configuration, which flytekit does once in a process

    with pointed:
        platform = Config.auto().platform
        assert (platform.endpoint, platform.insecure) == (ENDPOINT, True)
    assert Config.auto().platform.endpoint != ENDPOINT


def test_nobody_asks_the_keyring(pointed):
    keyring = pytest.importorskip("keyring")
    before = keyring.core._keyring_backend

    with pointed:
        assert type(keyring.get_keyring()).__module__ == "keyring.backends.null"

    assert keyring.core._keyring_backend is before


def test_channels_to_other_machines_are_refused(pointed, refused):
    with pointed, pytest.raises(UnexpectedUse, match="which is not on this machine") as caught:
        grpc.insecure_channel("flyte.example.com:443")

    assert refused == [str(caught.value)]


def test_channels_to_this_machine_are_not(pointed, refused):
    with pointed, grpc.insecure_channel(ENDPOINT), grpc.insecure_channel("dns:///localhost:1"):
        assert refused == []


def test_channels_are_free_again_afterwards(pointed):
    with pointed:
        pass

    with grpc.insecure_channel("flyte.example.com:443"):  # opens no connection
        pass


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("127.0.0.1:80", True),
        ("127.8.9.10:80", True),
        ("localhost:80", True),
        ("dns:///localhost:80", True),
        ("ipv4:127.0.0.1:80", True),
        ("[::1]:80", True),
        ("ipv6:[::1]:80", True),
        ("unix:/tmp/socket", True),
        ("128.0.0.1:80", False),
        ("127.0.0.1.example.com:80", False),
        ("localhost.example.com:80", False),
        ("flyte.example.com", False),
        ("dns:///flyte.example.com:443", False),
        ("10.0.0.1:80", False),
    ],
)
def test_what_leads_to_this_machine(target, answer):
    assert is_loopback(target) is answer


def test_a_subprocess_is_pointed_at_the_server_as_well(pointed):
    import subprocess

    with pointed as variables:
        code = "import os; print(os.environ['FLYTE_PLATFORM_URL'])"
        run = subprocess.run(
            [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
        )

    assert run.stdout.strip() == ENDPOINT


def an_error_of(endpoint):
    """What a client raises whose gRPC error says where nobody listens."""
    error = RuntimeError("Flyte cluster is currently unavailable")
    error.__cause__ = ConnectionError(f"failed to connect to ipv4:{endpoint}: Connection refused")
    return error


def test_an_error_of_a_server_that_is_gone_is_told_as_such_and_no_other():
    with pointed_at("127.0.0.1:8090", "p", "d", print):
        assert outlived(an_error_of("127.0.0.1:8090")) == []  # it is not gone

    (text,) = outlived(an_error_of("127.0.0.1:8090"))
    assert "'127.0.0.1:8090', the server of an earlier test, which is gone" in text
    assert outlived(an_error_of("127.0.0.1:8091")) == []
    assert outlived(None) == []


def test_a_kept_client_of_an_earlier_test_is_told_below_the_failed_one(pytester, warm, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
        import functools
        import pytest
        from flyte_testkit import running
        from flyte_testkit.client import FlyteRemote

        @functools.cache
        def remote():
            return FlyteRemote.auto(default_project="flytesnacks", default_domain="development")

        @pytest.mark.parametrize("name", ["one", "two"])
        def test_waits(flyte_admin, name):
            flyte_admin.add_execution(name, running(60).succeeds())
            remote().fetch_execution(name=name)
        """
    )

    result = warm("-p", "flyte_testkit.plugin")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- flyte: what may help -*",
            "the code under test asked '127.0.0.1:*', the server of an earlier test, *gone.",
            "*cache_clear() in an autouse fixture*",
        ]
    )
