import time

import grpc
import pytest
from broken_suites import create, execute, stop
from hypothesis import find, settings
from hypothesis.errors import NoSuchExample

from flyte_testkit import laws, running
from flyte_testkit.client.exceptions import FlyteException
from flyte_testkit.errors import BrokenLaw
from flyte_testkit.laws import _launches
from flyte_testkit.laws._launches import LaunchStory

FEW = settings(derandomize=True, max_examples=20, database=None)


def suite(launcher):
    class TestLauncher(laws.LaunchingLaws):
        client = "testkit"
        settings = FEW

        def launch(self, remote):
            return launcher(remote)

    return TestLauncher()


class TestOurClient(laws.LaunchingLaws):
    settings = settings(FEW, max_examples=8)
    client = "testkit"
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


@pytest.mark.parametrize("answer", [True, "", ["nightly-run"], {"name": "nightly-run"}])
def test_what_is_returned_names_an_execution_or_is_none(answer):
    def launch(remote):
        execute(remote)
        return answer

    with pytest.raises(BrokenLaw) as broken:
        suite(launch).test_launches_exactly_once()

    assert f"launch returned {answer!r}, which names no execution." in str(broken.value)
    suite(lambda remote: execute(remote) and None).test_launches_exactly_once()


def test_an_orphan_that_the_exception_names_is_none():
    def launch(remote):
        try:
            return create("nightly-run", attempts=2)
        except grpc.RpcError as error:
            raise RuntimeError("'nightly-run' may have been launched") from error

    suite(launch).test_leaves_no_orphan()


def stops_what_it_made(attempts):
    def launch(_remote):
        try:
            return create("nightly-run", attempts=attempts)
        except grpc.RpcError:
            try:
                stop("nightly-run")
            except grpc.RpcError as error:
                raise RuntimeError("'nightly-run' may run on") from error
            raise

    return launch


def test_an_orphan_that_is_terminated_or_else_named_is_none():
    suite(stops_what_it_made(attempts=2)).test_leaves_no_orphan()


def test_a_name_that_nobody_can_see_is_not_told():
    def launch(remote):
        try:
            try:
                return create("nightly-run", attempts=2)
            except grpc.RpcError as error:
                raise RuntimeError("'nightly-run' may have been launched") from error
        except RuntimeError:
            raise RuntimeError("the launch failed") from None

    with pytest.raises(BrokenLaw, match="'nightly-run' runs on without anybody knowing"):
        suite(launch).test_leaves_no_orphan()


def test_a_name_is_told_by_what_the_error_came_of_and_by_a_note():
    def tells_while_it_fails_again(remote):
        try:
            return create("nightly-run", attempts=2)
        except grpc.RpcError:
            told = RuntimeError("'nightly-run' may have been launched")
        try:
            raise told
        except RuntimeError:
            return {}["nothing to report to"]

    def notes(remote):
        try:
            return create("nightly-run", attempts=2)
        except grpc.RpcError as error:
            error.__notes__ = ["'nightly-run' may have been launched"]
            raise

    suite(tells_while_it_fails_again).test_leaves_no_orphan()
    suite(notes).test_leaves_no_orphan()


def test_a_launch_that_raises_may_terminate_what_it_made():
    suite(stops_what_it_made(attempts=1)).test_launches_once_though_replies_are_lost()


def test_calls_of_threads_that_launch_never_come_at_one_instant():
    def launch(remote):
        launched = execute(remote)
        for _ in range(9):
            remote.sync_execution(launched)
        return launched

    laws_of = suite(launch)

    seen, _ = _launches.run_launches(laws_of, LaunchStory(running(60).succeeds()))

    instants = [round(call.at, 6) for call in seen.calls]
    assert len(seen.calls) > 30
    assert len(set(instants)) == len(instants)


def test_executions_of_others_count_for_nothing():
    story = LaunchStory(running(60).succeeds())

    seen = _launches.run_launch(suite(execute), story, _launches.BYSTANDERS)

    assert len(seen.phases) == len(seen.admin.launches) == 1
    assert seen.orphans == []
    assert seen.bystanders == dict.fromkeys(_launches.BYSTANDERS, "RUNNING")


def test_an_answer_is_lost_only_to_who_promises_to_survive_that_code():
    class TestLauncher(laws.LaunchingLaws):
        blip_codes = ("RESOURCE_EXHAUSTED",)

        def launch(self, remote):
            return execute(remote)

    class TestPatient(laws.LaunchingLaws):
        blip_codes = ("DEADLINE_EXCEEDED",)

        def launch(self, remote):
            return execute(remote)

    def loses_one(story):
        return story.faults[0].verb == "loses_reply"

    assert find(_launches.blips(laws.LaunchingLaws), loses_one).faults[0].code is None
    assert find(_launches.blips(TestPatient), loses_one).faults[0].code == "DEADLINE_EXCEEDED"
    with pytest.raises(NoSuchExample):
        find(_launches.blips(TestLauncher), loses_one, settings=settings(database=None))


def test_the_first_refusal_is_that_of_any_call():
    def launch(remote):
        for pause in (4, 2, 0):
            try:
                nightly = remote.fetch_launch_plan(name="nightly")
            except FlyteException:
                time.sleep(pause)
            else:
                return remote.execute(nightly, inputs={})
        raise RuntimeError("no launch plan")

    with pytest.raises(BrokenLaw) as broken:
        suite(launch).test_stops_on_what_cannot_heal()

    assert "the server answered every call PERMISSION_DENIED, " in str(broken.value)
    assert "first at 0 s, and at 6 s launch raised" in str(broken.value)


def test_a_launch_that_raises_is_pasted_with_a_word_on_it():
    with pytest.raises(BrokenLaw) as broken:
        suite(lambda _remote: create("nightly-run")).test_survives_blips()

    last = str(broken.value).splitlines()[-2:]
    assert last[0] == "    launched = TestLauncher().launch(flyte_client)"
    assert last[1] == "    # today it raises _InactiveRpcError"
