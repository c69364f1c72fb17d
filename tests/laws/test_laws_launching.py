import grpc
import pytest
from broken_suites import create, execute, stop
from hypothesis import settings

from flyte_testkit import laws
from flyte_testkit.errors import BrokenLaw

FEW = settings(derandomize=True, max_examples=4, database=None)


def suite(launcher):
    class TestLauncher(laws.LaunchingLaws):
        client = "ours"
        settings = FEW

        def launch(self, remote):
            return launcher(remote)

    return TestLauncher()


class TestOurClient(laws.LaunchingLaws):
    settings = FEW
    client = "ours"
    survives = 0.4  # its three retries last half a second
    inputs = {"day": str}  # noqa: RUF012  read only
    outputs = {"auc": 0.91}  # noqa: RUF012  likewise

    def launch(self, remote):
        nightly = remote.fetch_launch_plan(name="nightly")
        return remote.execute(nightly, inputs={"day": "2024-03-10"}, execution_name_prefix="run")


def test_an_execution_that_does_not_exist_is_no_answer():
    def launch(remote):
        execute(remote)
        return "another"

    with pytest.raises(BrokenLaw, match="returned 'another', but it made 1 execution"):
        suite(launch).test_launches_exactly_once()


def test_an_orphan_that_the_exception_names_is_none():
    def launch(remote):
        try:
            return create("nightly-run", attempts=2)
        except grpc.RpcError as error:
            raise RuntimeError("'nightly-run' may have been launched") from error

    suite(launch).test_leaves_no_orphan()


def test_an_orphan_that_is_terminated_is_none():
    def launch(remote):
        try:
            return create("nightly-run", attempts=2)
        except grpc.RpcError:
            stop("nightly-run")
            raise

    suite(launch).test_leaves_no_orphan()
