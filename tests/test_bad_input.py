"""Mistakes that a tired person makes: each is told what was done, what is true, what to do next.

Every error here is looked at more closely in the tests of its own module; this is the list.
"""

import math
import sys
from datetime import timedelta

import pytest
from freezegun import freeze_time

from flyte_testkit import Timeline, VirtualClock, failures, queued, running
from flyte_testkit.errors import (
    ClockError,
    FlyteTestkitError,
    HopelessWait,
    MissingFlytekit,
    NestedFreezeError,
    RegistrationError,
    TimelineError,
    UnexpectedUse,
)
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by


def a_loop_that_outlives_the_limit():
    import time

    clock = VirtualClock(limit=timedelta(days=2))
    clock.call_later(10**6, print)  # something is scheduled, so the wait is not idle
    with governed_by(clock):
        while True:
            time.sleep(3600)


def a_nested_freeze():
    with governed_by(VirtualClock()), freeze_time("2030-01-01"):
        pass


def with_admin(use):
    """Uses a fake FlyteAdmin and lets it tell what no script foresaw."""

    def act():
        with FakeFlyteAdmin() as admin:
            use(admin)

    return act


MISTAKES = {
    "a misspelt phase": (
        lambda: Timeline.parse("RUNING 10m -> SUCCEEDED"),
        TimelineError,
        ["'RUNING'", "did you mean 'RUNNING'?", "^^^^^^"],
    ),
    "a misspelt step": (
        lambda: queued(5).runing(60),
        AttributeError,
        ["'runing'", "Did you mean 'running'?"],
    ),
    "a negative duration": (
        lambda: running(-5),
        TimelineError,
        ["running(-5)", "negative"],
    ),
    "a duration as text": (lambda: running("10m"), TimelineError, ["running('10m')", "600"]),
    "a missing ending": (
        with_admin(lambda admin: admin.add_execution("train", running(60))),
        TimelineError,
        ["running(60) has no ending", "End it with .succeeds(), .fails(message) or .never_ends()"],
    ),
    "an unknown keyword": (
        lambda: running(5).fails("boom", knd="SYSTEM"),
        TypeError,
        ["'knd'", "Did you mean 'kind'?", "It takes code=, kind="],
    ),
    "a failure that is not called": (
        lambda: running(5).fails(failures.oom_killed),
        TimelineError,
        ["a failure is a message", "Write .fails(failures.oom_killed())."],
    ),
    "a failure that is given by its place": (
        lambda: failures.user_error("no disk"),
        TypeError,
        ["user_error() takes 0 positional arguments", "by its name: exception=, function=, mess"],
    ),
    "a failure that is not there": (
        lambda: failures.image_pull_backoff,
        AttributeError,
        ["no attribute 'image_pull_backoff'", "It has ", "bad_image", "oom_killed"],
    ),
    "hours of advance": (
        lambda: VirtualClock().advance(hours=1),
        TypeError,
        ["advance() got an unexpected keyword argument 'hours'", "It takes seconds="],
    ),
    "an unknown project": (
        lambda: FakeFlyteAdmin(project="no good!\0"),
        RegistrationError,
        ["'no good!\\x00'", "is refused by FlyteAdmin"],
    ),
    "an unknown domain": (
        lambda: FakeFlyteAdmin(domain="producton"),
        RegistrationError,
        ["domain='producton'", "it has 'development'", "Did you mean 'production'?"],
    ),
    "an execution that is not there": (
        with_admin(lambda admin: admin.terminate("trian", "too dear")),
        FlyteTestkitError,
        ["terminate('trian')", "missing entity of type execution"],
    ),
    "a script that is never played": (
        with_admin(lambda admin: admin.on_launch("nightly").plays(running(1).succeeds())),
        UnexpectedUse,
        ["on_launch('nightly')", "NEVER PLAYED", "Take the script out"],
    ),
    "a nested freeze_time": (
        a_nested_freeze,
        NestedFreezeError,
        ["freeze_time('2030-01-01T00:00:00')", "governed_by(", "flyte_clock.move_to"],
    ),
    "a loop that outlives the clock's limit": (
        a_loop_that_outlives_the_limit,
        HopelessWait,
        ["2 days", "flyte_clock.limit"],
    ),
    "a length of advance that is no number": (
        lambda: VirtualClock().advance(math.nan),
        ClockError,
        ["the length of advance()", "not nan"],
    ),
    "a callback that cannot be called": (
        lambda: VirtualClock().call_later(60, "tick"),
        ClockError,
        ["call_later(60, 'tick')", "call_later(60, print, 'tick')"],
    ),
    "a length that is a text": (
        lambda: VirtualClock().advance("5"),
        TypeError,
        ["the length of advance() must be a number of seconds or a timedelta, not '5'"],
    ),
    "a delay that is a text": (
        lambda: VirtualClock().call_later("x", print),
        TypeError,
        ["delay must be a number of seconds or a timedelta, not 'x'"],
    ),
    "a yes that is a text": (
        lambda: FakeFlyteAdmin(strict="no"),
        FlyteTestkitError,
        ["strict='no'", "True or False"],
    ),
    "a seed that is a text": (
        lambda: FakeFlyteAdmin(seed="x"),
        FlyteTestkitError,
        ["seed='x'", "whole number"],
    ),
    "time that goes backwards": (
        lambda: VirtualClock().advance(-1),
        ClockError,
        ["advance(-1)", "backwards", "VirtualClock(start="],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_what_is_true_and_what_to_do(mistake):
    make, kind, words = MISTAKES[mistake]

    with pytest.raises(kind) as caught:
        make()

    assert [word for word in words if word not in str(caught.value)] == []


def test_launches_that_were_not_scripted_are_told_beside_what_travels_on_the_wire(
    flyte_admin, flyte_client
):
    """The unscripted launch, the second launch where one was scripted, the unknown launch plan."""
    from flyte_testkit.client.exceptions import FlyteEntityNotExistException

    flyte_admin.register("hourly")
    flyte_admin.on_launch("nightly").plays(running(1).succeeds())
    nightly, hourly = (flyte_client.fetch_launch_plan(name=n) for n in ("nightly", "hourly"))
    flyte_client.execute(nightly, inputs={})

    with pytest.raises(FlyteEntityNotExistException):
        flyte_client.fetch_launch_plan(name="nightyl", version="v1")
    for plan in (nightly, hourly):
        with pytest.raises(Exception, match=r"FAILED_PRECONDITION|was launched"):
            flyte_client.execute(plan, inputs={})

    with pytest.raises(UnexpectedUse) as caught:
        flyte_admin.verify()
    story = str(caught.value)
    assert "'nightly' was launched for the 2nd time, but 1 script is planted" in story
    assert "'hourly' was launched, but nothing is scripted for it" in story
    assert "nightyl" not in story  # NOT_FOUND is an answer of the real server
    assert flyte_admin.calls[-1].code == "FAILED_PRECONDITION"


def test_an_unknown_project_is_refused_as_the_real_server_refuses_it(flyte_admin):
    import grpc
    from flyteidl.admin import execution_pb2
    from flyteidl.service import admin_pb2_grpc

    request = execution_pb2.ExecutionCreateRequest(project="shop", domain="development")
    with flyte_admin.channel() as channel, pytest.raises(grpc.RpcError) as caught:
        admin_pb2_grpc.AdminServiceStub(channel).CreateExecution(request)

    assert caught.value.details() == (
        "failed to validate that project [shop] and domain [development] are registered, "
        "err: [project [shop] not found]"
    )


def test_a_flytekit_that_is_not_installed(flyte_admin, monkeypatch):
    monkeypatch.setitem(sys.modules, "flytekit", None)
    monkeypatch.setitem(sys.modules, "flytekit.remote", None)

    with pytest.raises(MissingFlytekit) as caught:
        flyte_admin.remote()

    assert "flytekit is not installed" in str(caught.value)
    assert "pip install 'flyte-testkit[flytekit]'" in str(caught.value)
    assert "flyte_client" in str(caught.value)
