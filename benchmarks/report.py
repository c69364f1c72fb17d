"""The section below a failed test of 10,000 executions and three calls to each.

Then the same of executions that nobody has looked at since they were launched.
"""

from __future__ import annotations

import statistics
import sys

from flyteidl.admin import execution_pb2
from measuring import now, verdict

from flyte_testkit import VirtualClock, failures, render, running
from flyte_testkit.server import FakeFlyteAdmin

EXECUTIONS = 10_000
CALLS = 3
ROUNDS = 5


def executions():
    """A fake with its executions, most of which fail; all have ended by now."""
    admin = FakeFlyteAdmin(clock=VirtualClock(limit=None), strict=False)
    admin.register("nightly", inputs={"day": int})
    for number in range(EXECUTIONS):
        script = (
            running(60).fails(failures.oom_killed()) if number % 100 else running(60).succeeds()
        )
        admin.add_execution(f"e{number}", script, launch_plan="nightly", inputs={"day": number})
    admin.clock.advance(60)
    return admin


def unseen():
    """How long the section takes of executions that nobody has looked at."""
    took = []
    for _ in range(ROUNDS):
        admin = executions()
        began = now()
        render.text(admin)
        took.append(now() - began)
    print("  " + ", ".join(f"{each * 1000:.0f} ms" for each in took))
    return verdict("the section of what nobody has looked at", statistics.median(took), 1, " s")


def main():
    admin = executions()
    request = execution_pb2.WorkflowExecutionGetRequest()
    request.id.project, request.id.domain = admin.project, admin.domain
    journal, backend = admin._journal, admin._backend  # noqa: SLF001  what the wire writes with
    for number in range(EXECUTIONS * CALLS):
        request.id.name = f"e{number % EXECUTIONS}"
        call = journal.begin("GetExecution", request, at=60, deadline=None)
        journal.end(call, "OK", backend.answer("GetExecution", request), "")
    took = []
    for _ in range(ROUNDS):
        began = now()
        lines = "\n\n".join([render.text(admin), *render.hints(admin)]).splitlines()
        took.append(now() - began)
    print("  " + ", ".join(f"{each * 1000:.0f} ms" for each in took))
    long = verdict("lines of the section", len(lines), 100)
    drawn = verdict("the section", statistics.median(took), 1, " s")
    return drawn or long or unseen()


if __name__ == "__main__":
    sys.exit(main())
