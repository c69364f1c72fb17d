"""Wait loops with one bug each, in what they count, ask, take for their own, and leave behind."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import closing, contextmanager, suppress

import grpc
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core.execution_pb2 import WorkflowExecution
from flyteidl.core.identifier_pb2 import WorkflowExecutionIdentifier
from flyteidl.service.admin_pb2_grpc import AdminServiceStub
from waiting_loops import ENDED, POLL, RIGHT, TRANSIENT

Code = grpc.StatusCode


@contextmanager
def admin():
    with closing(grpc.insecure_channel(os.environ["FLYTE_PLATFORM_URL"])) as channel:
        yield AdminServiceStub(channel)


def id_of(execution):
    i = execution.id
    return WorkflowExecutionIdentifier(project=i.project, domain=i.domain, name=i.name)


def get(stub, execution, left=60):
    request = execution_pb2.WorkflowExecutionGetRequest(id=id_of(execution))
    return stub.GetExecution(request, timeout=max(1, min(60, left)))


def phase_of(execution):
    return WorkflowExecution.Phase.Name(execution.closure.phase)


def restarts(when):
    """A wait whose time begins anew, when ``when(before, after)`` says so of two looks."""

    def wait(_remote, execution, timeout):
        deadline, before = time.monotonic() + timeout, None
        with admin() as stub:
            while True:
                try:
                    after = phase_of(get(stub, execution, deadline - time.monotonic()))
                except grpc.RpcError as error:
                    if error.code() not in TRANSIENT:
                        raise
                    after = "AWAY"
                if after in ENDED:
                    return after == "SUCCEEDED"
                if before is not None and when(before, after):
                    deadline = time.monotonic() + timeout
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                before = after
                time.sleep(min(POLL, left))

    return wait


def begins_when_it_runs(_remote, execution, timeout):
    deadline = None
    with admin() as stub:
        while True:
            phase = phase_of(get(stub, execution))
            if phase in ENDED:
                return phase == "SUCCEEDED"
            if phase == "RUNNING" and deadline is None:
                deadline = time.monotonic() + timeout
            left = POLL if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            time.sleep(min(POLL, left))


def takes_for_its_budget(*codes):
    """A wait to which one call that ends so is the end of its own time."""

    def wait(_remote, execution, timeout):
        deadline = time.monotonic() + timeout
        with admin() as stub:
            while True:
                try:
                    phase = phase_of(get(stub, execution, deadline - time.monotonic()))
                except grpc.RpcError as error:
                    if error.code() in codes:
                        raise TimeoutError from error
                    if error.code() not in TRANSIENT:
                        raise
                else:
                    if phase in ENDED:
                        return phase == "SUCCEEDED"
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                time.sleep(min(POLL, left))

    return wait


def listed(stub, execution, left, *, limit, pages, filters, **options):
    token = ""
    while True:
        page = stub.ListExecutions(
            common_pb2.ResourceListRequest(
                id=common_pb2.NamedEntityIdentifier(
                    project=execution.id.project, domain=execution.id.domain
                ),
                limit=limit,
                token=token,
                filters=filters.format(execution.id.name),
                **options,
            ),
            timeout=max(1, min(60, left)),
        )
        yield from page.executions
        token = page.token
        if not token or not pages:
            return


def lists(found, limit=100, *, pages=False, filters="", **options):
    """A wait that looks for its execution in lists; ``found(name, listed)`` says which it is."""
    options |= {"limit": limit, "pages": pages, "filters": filters}

    def verdict(stub, execution, left):
        name = execution.id.name
        try:
            mine = (
                each
                for each in listed(stub, execution, left, **options)
                if found(name, each.id.name)
            )
            phase = next((phase_of(each) for each in mine), None)
        except grpc.RpcError as error:
            if error.code() not in TRANSIENT:
                raise
            return None
        return phase == "SUCCEEDED" if phase in ENDED else None

    def wait(_remote, execution, timeout):
        deadline = time.monotonic() + timeout
        with admin() as stub:
            while True:
                said = verdict(stub, execution, deadline - time.monotonic())
                if said is not None:
                    return said
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                time.sleep(min(POLL, left))

    return wait


NEWEST_FIRST = common_pb2.Sort(key="created_at", direction=common_pb2.Sort.DESCENDING)
OLDEST_FIRST = common_pb2.Sort(key="created_at", direction=common_pb2.Sort.ASCENDING)


def same(mine, name):
    return mine == name


def kill(stub, identifier):
    request = execution_pb2.ExecutionTerminateRequest(id=identifier, cause="took too long")
    with suppress(grpc.RpcError):
        stub.TerminateExecution(request, timeout=60)


def terminates(*errors):
    """A wait that kills what it waits for when it fails so."""

    def wait(remote, execution, timeout):
        try:
            return RIGHT(remote, execution, timeout)
        except errors:
            with admin() as stub:
                kill(stub, id_of(execution))
            raise

    return wait


def terminates_in_the_end(remote, execution, timeout):
    try:
        return RIGHT(remote, execution, timeout)
    finally:
        with admin() as stub:
            kill(stub, id_of(execution))


def terminates_all_of_its_plan(remote, execution, timeout):
    try:
        return RIGHT(remote, execution, timeout)
    except TimeoutError:
        with admin() as stub:
            wanted = common_pb2.ResourceListRequest(
                id=common_pb2.NamedEntityIdentifier(
                    project=execution.id.project, domain=execution.id.domain
                ),
                limit=100,
            )
            for each in stub.ListExecutions(wanted).executions:
                if each.id.name != execution.id.name:
                    kill(stub, each.id)
        raise


def leaves_its_worker(remote, execution, timeout):
    """The budget is the future's; the worker has none, and polls for ever."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(RIGHT, remote, execution, 10**6).result(timeout)
    except FutureTimeout:
        raise TimeoutError from None
    finally:
        pool.shutdown(wait=False)


def leaves_its_thread(remote, execution, timeout):
    done = []

    def poll():
        with suppress(BaseException), admin() as stub:
            while True:
                get(stub, execution)
                time.sleep(POLL)
                done.append(1)

    threading.Thread(target=poll, daemon=True).start()
    return RIGHT(remote, execution, timeout)


def stops_its_thread(remote, execution, timeout):
    """Right: the thread that watches along is told to stop, asleep as it may be."""
    stop = threading.Event()

    def poll():
        with admin() as stub:
            while not stop.is_set():
                with suppress(grpc.RpcError):
                    get(stub, execution, 1)
                time.sleep(POLL)

    threading.Thread(target=poll, daemon=True).start()
    try:
        return RIGHT(remote, execution, timeout)
    finally:
        stop.set()


def waits_for_a_future(_remote, execution, timeout):
    """Right: the budget is that of ``result``, and the worker is told to stop."""
    stop = threading.Event()

    def look(stub, left):
        try:
            phase = phase_of(get(stub, execution, left))
        except grpc.RpcError as error:
            if error.code() not in TRANSIENT:
                raise
            return None
        return phase == "SUCCEEDED" if phase in ENDED else None

    def polls():
        with admin() as stub:
            while True:
                said = look(stub, timeout)
                if said is not None or stop.wait(POLL):
                    return said

    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(polls).result(timeout)
    except FutureTimeout:
        with admin() as stub:
            said = look(stub, 1)
        if said is None:
            raise TimeoutError from None
        return said
    finally:
        stop.set()
        pool.shutdown(wait=False)


MORE_BUGS = {
    "restarts_its_budget_at_each_phase": (
        restarts(lambda before, after: "AWAY" not in {before, after} and before != after),
        "test_keeps_its_time_budget_when_phases_change",
    ),
    "restarts_its_budget_when_it_runs": (
        restarts(lambda before, after: before not in {after, "AWAY"} and after == "RUNNING"),
        "test_keeps_its_time_budget_when_phases_change",
    ),
    "begins_its_budget_when_it_runs": (
        begins_when_it_runs,
        "test_keeps_its_time_budget_when_phases_change",
    ),
    "restarts_its_budget_at_each_error": (
        restarts(lambda _before, after: after == "AWAY"),
        "test_keeps_its_time_budget_in_an_outage",
    ),
    "restarts_its_budget_when_all_is_well_again": (
        restarts(lambda before, after: before == "AWAY" != after),
        "test_keeps_its_time_budget_in_an_outage",
    ),
    "restarts_its_budget_at_each_look": (
        restarts(lambda _before, after: after != "AWAY"),
        "test_keeps_its_time_budget",
    ),
    "takes_a_calls_deadline_for_its_own": (
        takes_for_its_budget(Code.DEADLINE_EXCEEDED),
        "test_gives_up_only_when_its_time_is_up",
    ),
    "takes_an_outage_for_its_own_end": (
        takes_for_its_budget(Code.UNAVAILABLE),
        "test_gives_up_only_when_its_time_is_up",
    ),
    "takes_a_cancelled_call_for_its_own_end": (
        takes_for_its_budget(Code.CANCELLED),
        "test_gives_up_only_when_its_time_is_up",
    ),
    "looks_at_the_first_page_of_ten": (
        lists(same, 10, sort_by=NEWEST_FIRST),
        "test_finds_its_own_among_many_executions",
    ),
    "looks_at_the_ten_oldest": (
        lists(same, 10, sort_by=OLDEST_FIRST),
        "test_finds_its_own_among_many_executions",
    ),
    "looks_at_the_first_page_in_any_order": (
        lists(same, 10),
        "test_finds_its_own_among_many_executions",
    ),
    "looks_at_the_first_page_of_a_hundred": (
        lists(same, 100, sort_by=NEWEST_FIRST),
        "test_finds_its_own_among_many_executions",
    ),
    "looks_at_the_latest": (
        lists(lambda _mine, _name: True, 1, sort_by=NEWEST_FIRST),
        "test_finds_its_own_among_many_executions",
    ),
    "looks_for_what_begins_with_its_name": (
        lists(lambda mine, name: name.startswith(mine), pages=True, sort_by=NEWEST_FIRST),
        "test_finds_its_own_among_many_executions",
    ),
    "terminates_on_time_out": (
        terminates(TimeoutError),
        "test_never_terminates_what_it_waits_for",
    ),
    "terminates_on_errors": (terminates(grpc.RpcError), "test_never_terminates_what_it_waits_for"),
    "terminates_in_the_end": (terminates_in_the_end, "test_never_terminates_what_it_waits_for"),
    "terminates_all_of_its_plan": (terminates_all_of_its_plan, "test_touches_nobody_elses"),
    "leaves_its_thread": (leaves_its_thread, "test_leaves_no_thread_behind_that_still_polls"),
    "leaves_its_worker": (leaves_its_worker, "test_leaves_no_thread_behind_that_still_polls"),
}

RIGHT_LOOPS = {
    "asks by name": RIGHT,
    "looks at all pages": lists(same, 10, pages=True, sort_by=NEWEST_FIRST),
    "filters by name": lists(same, 1, filters="eq(execution_name,{})"),
    "stops its thread": stops_its_thread,
    "waits for a future": waits_for_a_future,
}
