"""A server that nobody holds any more is gone at once: no part of it holds the whole."""

import gc
import threading
import time
import weakref
from contextlib import suppress
from datetime import datetime, timezone
from itertools import islice

import grpc
import pytest
from flyteidl.admin.execution_pb2 import WorkflowExecutionGetRequest
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
from flyteidl.service.admin_pb2_grpc import AdminServiceStub

from flyte_testkit import fake_flyte, laws, nodes, queued, running
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.client.exceptions import FlyteTimeout
from flyte_testkit.errors import UnexpectedUse
from flyte_testkit.laws._stories import Story
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.strategies._faults import PlannedFault
from flyte_testkit.strategies._theatre import USUAL, Manner, Play
from flyte_testkit.walk.scope import Scope

pytestmark = pytest.mark.usefixtures("uncollected")


def remote_of(admin):
    config = Config.for_endpoint(admin.endpoint, insecure=True)
    return FlyteRemote(config, admin.project, admin.domain)


def waited_for(admin):
    launch = admin.add_execution("run", running(60).succeeds(auc=0.91))
    with remote_of(admin) as remote:
        assert remote.wait(remote.fetch_execution(name="run"), 120).outputs["auc"] == 0.91
    return launch


def test_a_server_that_was_left_goes_with_its_last_name():
    for _ in range(3):
        with fake_flyte() as admin:
            waited_for(admin)
        gone = [weakref.ref(it) for it in (admin, admin._backend, admin._backend.admin.store)]
        del admin
        assert [it() for it in gone] == [None, None, None]


def test_one_with_a_socket_goes_as_well_though_grpc_knew_it():
    with fake_flyte(transport="tcp") as admin:
        waited_for(admin)
    gone = [weakref.ref(it) for it in (admin, admin._backend, admin._backend.admin.store)]
    del admin
    assert [it() for it in gone] == [None, None, None]


def test_one_whose_block_failed_goes_as_well():
    def failing():
        with fake_flyte() as admin:
            gone.append(weakref.ref(admin))
            admin.add_execution("run", running(60).succeeds())
            raise ZeroDivisionError

    gone = []
    with pytest.raises(ZeroDivisionError):
        failing()
    assert gone[0]() is None


def test_a_launch_is_read_though_its_server_is_gone():
    with fake_flyte() as admin:
        launch = waited_for(admin)
    gone = weakref.ref(admin)
    del admin
    assert gone() is None
    assert launch.phase == "SUCCEEDED"
    assert [node.phase for node in launch.nodes.values()] == ["SUCCEEDED"]


@pytest.mark.parametrize("life", [running(60).succeeds(), running(600).succeeds()], ids=str)
def test_an_execution_whose_wait_met_failures_goes_as_well(life):
    with fake_flyte() as admin, remote_of(admin) as remote:
        admin.add_execution("run", life)
        execution = remote.fetch_execution(name="run")
        admin.on("GetExecution").fails_with("UNAVAILABLE", times=2)
        with suppress(FlyteTimeout):
            remote.wait(execution, 120)
    gone = weakref.ref(execution)
    del execution
    assert gone() is None


def answered(route, get):
    route.delays(30)
    assert get(timeout=60).id.name == "run"


def given_up_by_its_deadline(route, get):
    route.hangs()
    with pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED"):
        get(timeout=60)


def let_go_after_its_deadline(route, get):
    route.delays(90)
    with pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED"):
        get(timeout=60)
    assert get(timeout=100).id.name == "run"


def not_let_go_since_its_deadline(route, get):
    route.delays(90)
    with pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED"):
        get(timeout=60)


def awaited(route, get):
    route.delays(30)
    assert get.future().result().id.name == "run"


def cancelled(route, get):
    future = held(route.hangs(), get)
    assert future.cancel()


def forgotten(route, get):
    held(route.hangs(), get)


def ended_by_a_clock_that_gave_up(route, get):
    future = held(route.hangs(), get)
    route._clock.give_up("enough")
    route._clock.forgive()
    until(future.done)


def held_when_its_server_stopped(route, get):
    return held(route.hangs(), get)


def held(route, get):
    future = get.future()
    until(lambda: any(call.held_by for call in route.calls))
    return future


def until(true):
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        threading.Lock().acquire(timeout=0.01)
    assert true()


class Get:
    """Calls of one method, about one execution; clients hold no server."""

    def __init__(self, admin, channel):
        of = WorkflowExecutionIdentifier(project=admin.project, domain=admin.domain, name="run")
        self._request = WorkflowExecutionGetRequest(id=of)
        self._get = AdminServiceStub(channel).GetExecution

    def __call__(self, **how):
        return self._get(self._request, **how)

    def future(self):
        return self._get.future(self._request)


@pytest.mark.parametrize("transport", ["direct", "tcp"])
@pytest.mark.parametrize(
    "end",
    [
        *(answered, given_up_by_its_deadline, let_go_after_its_deadline),
        *(not_let_go_since_its_deadline, awaited, cancelled, forgotten),
        *(ended_by_a_clock_that_gave_up, held_when_its_server_stopped),
    ],
    ids=lambda end: end.__name__,
)
def test_one_that_held_a_call_back_goes_as_well(end, transport):
    with fake_flyte(transport=transport) as admin, admin.channel() as channel:
        admin.add_execution("run", running(60).succeeds())
        lasting = end(admin.on("GetExecution"), Get(admin, channel))
    del lasting
    gone = [weakref.ref(it) for it in (admin, admin._backend, admin._backend.admin.store)]
    del admin, channel
    if transport == "tcp":  # a thread of gRPC's may be about to end
        until(lambda: not any(it() for it in gone))
    assert [it() for it in gone] == [None, None, None]


class Waits(laws.WaitingLaws):
    client = "testkit"

    def wait(self, remote, execution, timeout):
        return remote.wait(execution, timeout).is_successful


@pytest.mark.parametrize("away", [0, 30, 600])
def test_a_law_holds_no_server_though_the_code_under_test_raised(away):
    def lawful():
        outage = PlannedFault(None, "fails_with", "UNAVAILABLE", between=(0, away))
        faults = (outage,) if away else ()
        seen = Waits()._watch(Story(running().never_ends(), 60, faults))
        assert seen.gave_up
        return weakref.ref(seen.admin)

    assert lawful()() is None


def test_whoever_serves_stays_though_nobody_names_it():
    channel = FakeFlyteAdmin(transport="direct")
    channel.__enter__()
    gone, remote = weakref.ref(channel), remote_of(channel)
    channel.add_execution("run", running(60).succeeds())
    del channel
    assert remote.fetch_execution(name="run").id.name == "run"
    gone().__exit__(None)
    assert gone() is None


def test_a_route_that_outlives_its_server_takes_scripts_that_nobody_plays():
    with fake_flyte(strict=False) as admin:
        route = admin.on_launch("nightly")
    del admin
    route.plays(running(60).succeeds())
    assert route.unplayed == 1


def test_what_was_never_played_is_told_as_ever():
    told = pytest.raises(UnexpectedUse, match="was scripted, and never launched")
    with told, fake_flyte() as admin:
        admin.on_launch("nightly").plays(running(60).succeeds())


def played(tree, manner=USUAL):
    of = WorkflowExecutionIdentifier(project="flytesnacks", domain="development", name="a")
    return Play(tree, of, datetime(2024, 1, 1, tzinfo=timezone.utc), manner)


def scopes():
    return [it for it in gc.get_objects() if type(it) is Scope]


def test_a_play_that_a_strategy_drew_goes_as_well():
    play = played(nodes.workflow(n0=nodes.task()))
    assert list(play)[-1].row.phase == "SUCCEEDED"
    gone = weakref.ref(play)
    del play
    assert gone() is None


def test_a_play_of_which_an_event_was_refused_goes_as_well():
    stopped = nodes.workflow(queued(1), n0=nodes.gate()).aborts("enough", at=1)
    play = played(stopped, Manner(recovers=True))
    assert list(play)
    gone = weakref.ref(play)
    del play
    assert gone() is None


SLOW = nodes.task(running(60).succeeds())
FAILING = nodes.task(running(30).fails("disk full"))
TREES = {
    "one that succeeds": nodes.workflow(n0=SLOW),
    "one that fails": nodes.workflow(n0=FAILING, n1=SLOW),
    "one whose failure is inside": nodes.workflow(n0=nodes.subworkflow(n0=FAILING, n1=SLOW)),
    "one whose branch fails": nodes.workflow(n0=nodes.branch(n0=FAILING), n1=SLOW),
    "one that yields what fails": nodes.workflow(
        n0=nodes.dynamic(running(1).yields({"dn0": FAILING, "dn1": SLOW}))
    ),
    "a map": nodes.workflow(n0=nodes.array(running(30).succeeds(), size=3)),
    "one that fails and never ends": nodes.workflow(
        n0=FAILING, n1=nodes.gate(), n2=nodes.subworkflow({"n0": FAILING, "n1": SLOW}, after=())
    ),
    "one that is stopped": nodes.workflow(n0=SLOW, n1=SLOW).aborts("enough", at=20),
}


@pytest.mark.parametrize("manner", [USUAL, Manner(patient=True)], ids=["usual", "patient"])
@pytest.mark.parametrize("seen", [None, 4, 6, 8], ids=["all", "first-4", "first-6", "first-8"])
@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_what_is_walked_goes_as_well_to_its_end_or_left_on_the_way(tree, seen, manner):
    others = scopes()  # of tests that failed, which pytest keeps
    play = played(tree, manner)
    assert list(islice(play, seen))
    assert scopes() != others or seen is None
    del play
    assert scopes() == others
