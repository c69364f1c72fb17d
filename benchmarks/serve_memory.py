"""How much ``flyte-testkit serve`` grows under eight clients, in 60 s or as many as are named."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.service import admin_pb2_grpc
from measuring import verdict

CLIENTS = 8
SECONDS = 60
WARM = 100  # rounds of one client before it is measured
ONCE, EACH = 30 * 1024, 20  # KiB

SCRIPT = 'RUNNING 0.01s -> SUCCEEDED {"auc": 0.9}'


def kib(pid):
    """The memory of a process that is its own, in KiB."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


class Client:
    """Launches, looks and lists, again and again, as fast as it is answered."""

    def __init__(self, endpoint):
        self.channel = grpc.insecure_channel(endpoint)
        self.stub = admin_pb2_grpc.AdminServiceStub(self.channel)
        self.launched = self.calls = 0

    def round(self):
        create = execution_pb2.ExecutionCreateRequest(project="flytesnacks", domain="development")
        plan = create.spec.launch_plan
        plan.resource_type, plan.name, plan.version = 3, "nightly", "v1"
        plan.project, plan.domain = create.project, create.domain
        made = self.stub.CreateExecution(create, timeout=60).id
        self.launched += 1
        look = execution_pb2.WorkflowExecutionGetRequest(id=made)
        page = common_pb2.ResourceListRequest(limit=20)
        page.id.project, page.id.domain = create.project, create.domain
        page.sort_by.key = "created_at"
        for _ in range(5):
            self.stub.GetExecution(look, timeout=60)
        self.stub.GetExecutionData(
            execution_pb2.WorkflowExecutionGetDataRequest(id=made), timeout=60
        )
        self.stub.ListExecutions(page, timeout=60)
        look.id.name = "nobody"
        if self.stub.GetExecution.future(look, timeout=60).exception() is None:
            raise AssertionError("there is nobody")
        self.calls += 9


def works(client, until):
    while time.monotonic() < until:
        client.round()


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    command = [sys.executable, "-m", "flyte_testkit", "serve", "--plays", "nightly", SCRIPT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            endpoint = next(
                found[0] for line in server.stdout if (found := re.search(r"127[\d.:]+\d", line))
            )
            clients = [Client(endpoint) for _ in range(CLIENTS)]
            for _ in range(WARM):
                clients[0].round()
            before, already = kib(server.pid), clients[0].launched
            until = time.monotonic() + seconds
            threads = [threading.Thread(target=works, args=(each, until)) for each in clients]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            grown = kib(server.pid) - before
        finally:
            server.send_signal(signal.SIGINT)
            server.stdout.close()
    launched = sum(each.launched for each in clients) - already
    calls = sum(each.calls for each in clients)
    print(f"  {launched:,} executions, {calls:,} calls, {grown / 1024:.1f} MiB more")
    print(f"  {max(0, grown - ONCE) / launched:.1f} KiB for each execution beyond 30 MiB")
    return verdict("growth", grown / (ONCE + EACH * launched), 1, " of 30 MiB and 20 KiB each")


if __name__ == "__main__":
    sys.exit(main())
