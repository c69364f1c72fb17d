"""What there is to call, as stories: the same ones over every transport.

A story is a function of a :class:`Stage`; what it returns, and what the server's journal and the
clock say afterwards, is what is compared. What is no matter of transport (which port, which number)
is masked.
"""

import contextlib
import re
import select
import time

import grpc
from flyteidl.admin import execution_pb2, version_pb2
from flyteidl.service import admin_pb2_grpc
from grpc_status import rpc_status

from flyte_testkit import running
from flyte_testkit.errors import HopelessWait
from flyte_testkit.server import FakeFlyteAdmin
from flyte_testkit.world import governed_by

PATH = "/flyteidl.service.AdminService/"
VERSION = version_pb2.GetVersionRequest()
GET = execution_pb2.WorkflowExecutionGetRequest(
    id={"project": "flytesnacks", "domain": "development", "name": "run"}
)
NOBODY = execution_pb2.WorkflowExecutionGetRequest(
    id={"project": "flytesnacks", "domain": "development", "name": "nobody"}
)
ENDED = execution_pb2.ExecutionTerminateRequest(
    id={"project": "flytesnacks", "domain": "development", "name": "ended"}, cause="late"
)


class Stage:
    """A server, and a client in its world."""

    def __init__(self, admin):
        self.admin = admin
        self.clock = admin.clock
        self.channels = contextlib.ExitStack()
        self.channel = self.open()
        self.stub = admin_pb2_grpc.AdminServiceStub(self.channel)

    def open(self, *options):
        channel = grpc.insecure_channel(self.admin.endpoint, options=options)
        return self.channels.enter_context(channel)

    def stub_of(self, *options):
        return admin_pb2_grpc.AdminServiceStub(self.open(*options))

    def until_held(self, calls=1):
        """Wait for real until the server holds so many calls back."""
        held = self.clock.mover.calls.held
        while len(held) < calls:
            pause()

    def quiet(self):
        """Wait for real until every call is answered."""
        while any(call.code is None for call in self.admin.calls):
            pause()


def pause():
    """Wait for a moment of real time."""
    select.select([], [], [], 0.002)


def seen(story, transport):
    """Return what is seen of a story over a transport."""
    admin = FakeFlyteAdmin(transport=transport, strict=False)
    with admin.serving(), governed_by(admin.clock):
        admin.add_execution("run", running(1000).succeeds())
        admin.add_execution("ended", running(1).succeeds())
        time.sleep(1)
        stage = Stage(admin)
        with stage.channels, contextlib.suppress(HopelessWait):  # it strikes anywhere over TCP
            came = masked(outcome(lambda: story(stage)), admin)
            stage.quiet()
            admin.clock.forgive()
        return {"came": came, "journal": journal(admin), "elapsed": admin.clock.elapsed}


def outcome(act):
    """Return what came of something, with all that a client can ask of it."""
    try:
        return told(act())
    except (Exception, HopelessWait) as error:  # noqa: BLE001  whatever came
        return told(error)


def told(it):
    if isinstance(it, grpc.RpcError) and isinstance(it, grpc.Call) and it.code() is not None:
        kind = next(base.__name__ for base in type(it).__mro__ if base.__name__.startswith("_"))
        return {
            "kind": kind,
            "code": it.code().name,
            "details": it.details(),
            "initial": tuple(it.initial_metadata() or ()),
            "trailing": tuple(tuple(pair) for pair in it.trailing_metadata() or ()),
            "done": (it.done(), it.running(), it.cancelled(), it.cancel()),
            "status": str(rpc_status.from_call(it)),
            "text": str(it),
        }
    if isinstance(it, BaseException):
        return f"{type(it).__name__}: {it}"
    if isinstance(it, (list, tuple)):
        return [told(each) for each in it]
    return repr(it)


def masked(it, admin):
    """Blot out what is no matter of transport."""
    if isinstance(it, dict):
        return {key: masked(value, admin) for key, value in it.items()}
    if isinstance(it, list):
        return [masked(each, admin) for each in it]
    if isinstance(it, str):
        it = re.sub(r"0x[0-9a-f]+", "0x…", it)
        it = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:…", it)
        it = re.sub(r"(Thread-)\d+", r"\1…", it)
    return it


def journal(admin):
    return [
        (
            *(call.rpc, call.at, call.deadline, call.attempt, call.turn, call.code),
            *(call.message, call.ended, str(call.reply), [str(detail) for detail in call.details]),
            [pair for pair in call.metadata if pair[0] != "user-agent"],
        )
        for call in admin.calls
    ]
