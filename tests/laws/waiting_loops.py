"""Wait loops for the laws: a right one, and one for each bug that loops have in life."""

import os
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

import grpc
from flyteidl.admin.execution_pb2 import WorkflowExecutionGetRequest
from flyteidl.core.execution_pb2 import WorkflowExecution
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
from flyteidl.service.admin_pb2_grpc import AdminServiceStub

POLL = 10

TRANSIENT = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
ENDED = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}


@dataclass(frozen=True)
class Loop:
    """A wait loop; as it is, it is right."""

    ended: frozenset = frozenset(ENDED)
    succeeded: object = staticmethod(lambda phase, _closure: phase == "SUCCEEDED")
    heals: object = staticmethod(lambda code: code in TRANSIENT)
    pause_after_failure: bool = True
    whole_naps: bool = False
    naps_after_the_end: bool = False
    looks_when_time_is_up: bool = True
    bounded: bool = True
    nap: float = POLL
    now: object = staticmethod(lambda: time.monotonic())  # noqa: PLW0108  looked up when called
    shared: dict | None = None
    counts_looks: bool = False
    nap_after_failure: float = 0

    from_birth: bool = False

    def __call__(self, _remote, execution, timeout):
        with closing(grpc.insecure_channel(os.environ["FLYTE_PLATFORM_URL"])) as channel:
            return self._wait(AdminServiceStub(channel), execution, timeout)

    def _wait(self, stub, execution, timeout):
        if self.shared is not None:
            self.shared["execution"] = execution
        left, deadline = timeout, self.now() + timeout
        if self.from_birth:
            born = execution.closure.created_at.timestamp()
            deadline = self.now() - (time.time() - born) + timeout
        while True:
            if not self.counts_looks:
                left = deadline - self.now()
            if left <= 0 and not self.looks_when_time_is_up:
                raise TimeoutError
            if self.shared is not None:
                execution = self.shared["execution"]
            verdict = self._look(stub, execution.id, left)
            if verdict is not None:
                return verdict
            left = left - self.nap if self.counts_looks else deadline - self.now()
            if left <= 0:
                raise TimeoutError
            time.sleep(self.nap if self.whole_naps else min(self.nap, left))

    def _look(self, stub, i, left):
        """Return what the execution came to, or None if that is not known yet."""
        request = WorkflowExecutionGetRequest(
            id=WorkflowExecutionIdentifier(project=i.project, domain=i.domain, name=i.name)
        )
        bound = max(1, min(60, left)) if self.bounded else None
        try:
            closure = stub.GetExecution(request, timeout=bound).closure
        except grpc.RpcError as error:
            if not self.heals(error.code()):
                raise
            if self.nap_after_failure:
                time.sleep(self.nap_after_failure)
            return None if self.pause_after_failure else self._look(stub, i, left)
        phase = WorkflowExecution.Phase.Name(closure.phase)
        if phase not in self.ended:
            return None
        if self.naps_after_the_end:
            time.sleep(self.nap)
        return self.succeeded(phase, closure)


RIGHT = Loop()


def half_an_hour_at_most(remote, execution, timeout):
    return RIGHT(remote, execution, min(timeout, 1800))


def no_time_is_all_time(remote, execution, timeout):
    return RIGHT(remote, execution, timeout or 10**6)


def fails_when_time_is_up(remote, execution, timeout):
    try:
        return RIGHT(remote, execution, timeout)
    except TimeoutError as error:
        raise RuntimeError("not done yet") from error


def bears(most):
    """A wait that counts the failures of all its time, and forgets none when all is well again."""

    def wait(remote, execution, timeout):
        failures = []

        def heals(code):
            failures.append(code)
            return code in TRANSIENT and len(failures) <= most

        return replace(RIGHT, heals=heals)(remote, execution, timeout)

    return wait


def backs_off_whatever_the_time(remote, execution, timeout):
    for attempt in range(10):
        try:
            return replace(RIGHT, heals=lambda _code: False)(remote, execution, timeout)
        except grpc.RpcError as error:
            if error.code() not in TRANSIENT:
                raise
            time.sleep(2**attempt)  # and then the whole time once more
    raise TimeoutError


def takes_a_long_outage_for_the_end(remote, execution, timeout):
    away_since = []

    def heals(code):
        away_since.append(time.monotonic())
        return code in TRANSIENT and time.monotonic() - away_since[0] <= 25

    try:
        return replace(RIGHT, heals=heals)(remote, execution, timeout)
    except grpc.RpcError as error:
        if error.code() not in TRANSIENT:
            raise
        return False


BUGS = {
    "takes_no_error_for_success": (
        replace(RIGHT, succeeded=lambda _phase, closure: not closure.error.message),
        "test_says_success_only_of_success",
    ),
    "takes_an_abort_for_success": (
        replace(RIGHT, succeeded=lambda phase, _closure: phase in {"SUCCEEDED", "ABORTED"}),
        "test_says_success_only_of_success",
    ),
    "forgets_aborts": (
        replace(RIGHT, ended=frozenset(ENDED - {"ABORTED"})),
        "test_ends_with_every_outcome",
    ),
    "forgets_time_outs": (
        replace(RIGHT, ended=frozenset(ENDED - {"TIMED_OUT"})),
        "test_ends_with_every_outcome",
    ),
    "takes_failing_for_the_end": (
        replace(RIGHT, ended=frozenset(ENDED | {"FAILING", "ABORTING"})),
        "test_never_ends_before_the_execution",
    ),
    "is_a_poll_late": (
        replace(RIGHT, naps_after_the_end=True),
        "test_sees_the_end_within_one_poll",
    ),
    "oversleeps": (replace(RIGHT, whole_naps=True), "test_keeps_its_time_budget"),
    "does_not_look_again": (
        replace(RIGHT, looks_when_time_is_up=False),
        "test_looks_once_more_before_giving_up",
    ),
    "counts_looks": (
        replace(RIGHT, counts_looks=True),
        "test_keeps_its_time_budget_though_calls_are_slow",
    ),
    "measures_in_local_time": (
        replace(
            RIGHT,
            now=lambda: (datetime.now() - datetime(2024, 1, 1)).total_seconds(),  # noqa: PLW0108  likewise
        ),
        "test_keeps_its_time_budget_when_clocks_change",
    ),
    "sets_no_deadline": (
        replace(RIGHT, bounded=False),
        "test_keeps_its_time_budget_though_a_call_hangs",
    ),
    "dies_of_one_blip": (replace(RIGHT, heals=lambda _code: False), "test_survives_blips"),
    "retries_without_a_pause": (
        replace(RIGHT, pause_after_failure=False),
        "test_survives_blips",
    ),
    "retries_not_found_for_ever": (
        replace(RIGHT, heals=lambda _code: True),
        "test_stops_on_what_cannot_heal",
    ),
    "pauses_long_after_a_failure": (
        replace(RIGHT, nap_after_failure=60),
        "test_survives_blips",
    ),
    "never_forgets_a_failure": (bears(4), "test_survives_blips"),
    "bears_seven_failures": (bears(7), "test_survives_blips"),
    "backs_off_whatever_the_time": (
        backs_off_whatever_the_time,
        "test_keeps_its_time_budget_in_an_outage",
    ),
    "takes_a_long_outage_for_the_end": (
        takes_a_long_outage_for_the_end,
        "test_keeps_its_time_budget_in_an_outage",
    ),
    "measures_from_its_birth": (
        replace(RIGHT, from_birth=True),
        "test_looks_once_more_before_giving_up",
    ),
    "fails_when_time_is_up": (fails_when_time_is_up, "test_says_that_the_time_was_up"),
    "waits_half_an_hour_at_most": (half_an_hour_at_most, "test_waits_as_long_as_it_takes"),
    "takes_no_time_for_all_time": (no_time_is_all_time, "test_keeps_its_time_budget"),
    "asks_all_the_time": (replace(RIGHT, nap=0.5), "test_keeps_its_rpc_budget"),
    "shares_its_state": (replace(RIGHT, shared={}), "test_threads_do_not_mix_up_executions"),
}
