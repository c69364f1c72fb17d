"""Two doors to a FlyteAdmin that plays nothing: in this process alone, or a whole fake over gRPC.

Each asks one RPC at one time. Ignorant of what is asked.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec

import grpc
import rounding
from google.protobuf import message_factory
from replaying import METHODS, PATIENCE

from flyte_testkit import VirtualClock
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.client import Config, FlyteRemote
from flyte_testkit.server import FakeFlyteAdmin

METHOD_OF = {method.name: method for method in METHODS.values()}
REQUESTS = {
    rpc: message_factory.GetMessageClass(method.input_type) for rpc, method in METHOD_OF.items()
}


class Alone:
    """A FlyteAdmin without clock and network."""

    def __init__(self):
        self.admin = FlyteAdmin()

    def ask(self, rpc, request, now):
        """Answer a request at a time; AdminError is a refusal."""
        return self.admin.answer(rpc, request, now)


class OverGrpc:
    """A fake that is asked as clients ask it; its clock is moved to the time of each request."""

    def __init__(self, fake, channel):
        self.fake = fake
        self.channel = channel
        self._calls = {}

    @property
    def admin(self):
        """The FlyteAdmin within."""
        return self.fake._backend.admin

    def ask(self, rpc, request, now):
        """Answer a request at a time; AdminError is a refusal."""
        if now > self.fake.clock.now():
            self.fake.clock.move_to(now)
        try:
            return self._call(rpc)(request, timeout=PATIENCE)
        except grpc.RpcError as refusal:
            raise AdminError(refusal.code().name, refusal.details() or "") from None

    def _call(self, rpc):
        if rpc not in self._calls:
            method = METHOD_OF[rpc]
            reply = message_factory.GetMessageClass(method.output_type)
            path = f"/{method.containing_service.full_name}/{rpc}"
            serialize = REQUESTS[rpc].SerializeToString
            self._calls[rpc] = self.channel.unary_unary(path, serialize, reply.FromString)
        return self._calls[rpc]


@contextmanager
def over_grpc(transport="tcp"):
    """A door to a fresh fake whose unscripted launches stay as they are."""
    clock = VirtualClock(start=rounding.moment(-60))
    fresh = FakeFlyteAdmin(clock=clock, strict=False, transport=transport)
    with fresh as fake, fake.channel() as channel:
        yield OverGrpc(fake, channel)


@contextmanager
def clients(fake):
    """All clients that there are, flytekit's among them if it is installed."""
    ours = FlyteRemote(Config.for_endpoint(fake.endpoint, insecure=True))
    yield [*([fake.remote()] if find_spec("flytekit") else []), ours]
    ours.close()
