"""Two ways of doing a thing, timed side by side, and what the ratio may be at most.

Both sides take turns, so that whatever else the machine does meets both; the median of the rounds
is what counts. Times are the machine's own, never a virtual clock's.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
import timeit
from concurrent import futures
from contextlib import contextmanager

import grpc
from flyteidl.service import admin_pb2_grpc

now = time.perf_counter


def seconds(act):
    """How long something takes."""
    gc.collect()
    return timeit.timeit(act, gc.enable, number=1)  # it keeps real time in a world, too


def ratio(one, other, *, rounds):
    """Median of how many times longer ``one`` takes than ``other``; prints each round."""
    ratios = []
    for number in range(rounds):
        if number % 2:  # neither is always first
            theirs, ours = seconds(other), seconds(one)
        else:
            ours, theirs = seconds(one), seconds(other)
        ratios.append(ours / theirs)
        print(f"  {ours * 1000:8.1f} ms against {theirs * 1000:8.1f} ms: {ratios[-1]:.2f}")
    return statistics.median(ratios)


def verdict(what, measured, bound, unit=""):
    """Print what was measured; return the exit code that says whether it is within its bound."""
    held = measured <= bound
    print(f"{what}: {measured:.2f}{unit}, at most {bound:g}{unit}: {'held' if held else 'MISSED'}")
    return 0 if held else 1


def send_all(channel, calls):
    """Send the requests of calls once more, by plain stubs."""
    stub = admin_pb2_grpc.AdminServiceStub(channel)
    send = {rpc: getattr(stub, rpc) for rpc in {call.rpc for call in calls}}
    for call in calls:
        send[call.rpc](call.request, timeout=60)


@contextmanager
def bare_server(replies):
    """A plain gRPC server with a ready message for each RPC; gives a channel and its endpoint."""

    class Servicer(admin_pb2_grpc.AdminServiceServicer):
        pass

    for rpc, reply in replies.items():
        setattr(Servicer, rpc, lambda _self, _request, _context, reply=reply: reply)
    server = grpc.server(futures.ThreadPoolExecutor(4))
    admin_pb2_grpc.add_AdminServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        endpoint = f"127.0.0.1:{port}"
        with grpc.insecure_channel(endpoint) as channel:
            yield channel, endpoint
    finally:
        server.stop(grace=0).wait()


@contextmanager
def busy(number):
    """Keep so many processes busy meanwhile; they end by themselves if this one is killed."""
    spin = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(10**6))"
    spinning = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(number)]
    try:
        yield
    finally:
        for each in spinning:
            each.kill()
            each.wait()
