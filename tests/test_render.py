from datetime import datetime, timedelta, timezone

import pytest
from flyteidl.admin import common_pb2, execution_pb2, launch_plan_pb2, version_pb2
from flyteidl.core import identifier_pb2
from flyteidl.service import admin_pb2_grpc
from google.protobuf import json_format

from flyte_testkit import immediately, queued, render, running
from flyte_testkit.server import FakeFlyteAdmin


@pytest.fixture
def admin():
    with FakeFlyteAdmin(strict=False) as admin:
        yield admin


def picture(admin):
    return render.text(admin).splitlines()


def test_a_life_is_drawn_to_scale(admin):
    admin.add_execution("train", queued(300).running(600).succeeds())
    admin.clock.advance(900)

    assert picture(admin)[:3] == [
        "train  QUEUED ············ RUNNING ························ SUCCEEDED",
        "       0 s                 300 s                            900 s",
        "       queued(300).running(600).succeeds()",
    ]


def test_what_goes_on_is_left_open(admin):
    admin.add_execution("train", running(600).succeeds())
    admin.clock.advance(60)

    assert picture(admin)[0] == "train  RUNNING ···"


def test_an_abort_names_its_cause_and_who_did_it(admin):
    admin.add_execution("train", running(600).succeeds())
    admin.terminate("train", "too dear", principal="ann")

    assert "       aborted by ann: too dear" in picture(admin)


def test_calls_are_counted_by_execution(admin):
    with admin.channel() as channel:
        admin_pb2_grpc.AdminServiceStub(channel).GetVersion(version_pb2.GetVersionRequest())

    assert picture(admin) == ["other calls: GetVersion ×1; the last at 0 s"]


def test_names_that_were_looked_up_in_vain_may_help(admin):
    admin.register("nightly")
    request = common_pb2.ResourceListRequest(limit=1)
    request.id.project, request.id.domain, request.id.name = "flytesnacks", "development", "nightyl"
    with admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        for name in ("nightyl", "nightly"):
            request.id.name = name
            stub.ListLaunchPlans(request)

    (hint,) = render.hints(admin)
    assert hint == (
        "ListLaunchPlans looked for 'nightyl', which is not registered. Did you mean 'nightly'?\n"
        "Register it with register('nightyl'), or script it with on_launch('nightyl')."
    )


# What was launched


def test_a_life_shows_what_was_launched_and_with_what(admin):
    admin.register("nightly", inputs={"day": str, "rows": int})
    admin.add_execution(
        "e1", running(60).succeeds(), launch_plan="nightly", inputs={"day": "monday", "rows": 3}
    )

    assert picture(admin)[2:4] == [
        "    nightly(day='monday', rows=3)",
        "    running(60).succeeds()",
    ]


def test_inputs_that_were_not_given_are_shown_as_the_run_gets_them(admin, admin_channel):
    nightly = launch_plan_pb2.LaunchPlanCreateRequest()
    admin.register("nightly", inputs={"day": str})
    with admin_channel as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        here = identifier_pb2.Identifier(
            resource_type=identifier_pb2.LAUNCH_PLAN,
            project="flytesnacks",
            domain="development",
            name="nightly",
            version="v1",
        )
        workflow_id = stub.GetLaunchPlan(common_pb2.ObjectGetRequest(id=here)).spec.workflow_id
        nightly.id.CopyFrom(here)
        nightly.id.name = "on-monday"
        nightly.spec.workflow_id.CopyFrom(workflow_id)
        nightly.spec.fixed_inputs.literals["day"].scalar.primitive.string_value = "monday"
        stub.CreateLaunchPlan(nightly)
    admin.add_execution("e1", running(60).succeeds(), launch_plan="on-monday")

    assert "    on-monday(day='monday')" in picture(admin)


@pytest.fixture
def admin_channel(admin):
    return admin.channel()


VALUES = [
    ("x" * 10**6, str, f"{'x' * 40!r}…"),
    (list(range(10_000)), list[int], "[0, 1, 2, …]"),
    ({str(n): n for n in range(50)}, dict[str, int], "{'0': 0, '1': 1, '10': 10, …}"),
    (datetime(2024, 3, 7, tzinfo=timezone.utc), datetime, "2024-03-07 00:00:00+00:00"),
    (None, type(None), "None"),
    (1.5, float, "1.5"),
    ({"a": {"b": {"c": {"d": 1}}}}, dict, "{'a': {'b': {'c': {...}}}}"),
    ({"a": "y" * 10**5}, dict, "bytes>"),
]


@pytest.mark.parametrize(("value", "kind", "told"), VALUES)
def test_values_are_told_on_a_short_line(admin, value, kind, told):
    admin.register("nightly", inputs={"x": kind})
    admin.add_execution("e1", running(60).succeeds(), launch_plan="nightly", inputs={"x": value})

    line = picture(admin)[2]
    assert told in line
    assert len(line) < 100


def test_huge_outputs_and_errors_are_told_on_a_short_line(admin):
    huge = "z" * 3_000_000
    admin.add_execution("good", running(60).succeeds(text=huge))
    admin.add_execution("bad", running(60).fails(huge))
    admin.add_execution("dear", running(60).aborts(huge))
    admin.clock.advance(60)

    assert max(map(len, picture(admin))) < 400


def test_of_many_inputs_those_that_differ_come_first(admin):
    inputs = {f"a{number}": "always the same, and rather long" for number in range(20)}
    admin.register("nightly", inputs={**dict.fromkeys(inputs, str), "when": str})
    for day in ("monday", "tuesday"):
        admin.add_execution(
            day, running(60).succeeds(), launch_plan="nightly", inputs={**inputs, "when": day}
        )

    assert "        nightly(when='monday', a0=" in "\n".join(picture(admin))
    assert all(len(line) < 220 for line in picture(admin))
    assert ", and 17 more)" in "\n".join(picture(admin))


# Many executions


def test_what_ended_badly_comes_first(admin):
    admin.add_execution("fine", running(60).succeeds())
    admin.add_execution("stuck", running().never_ends())
    admin.add_execution("late", running(60).times_out())
    admin.add_execution("dear", running(60).aborts("too dear"))
    admin.add_execution("broken", running(60).fails("boom"))
    admin.clock.advance(60)

    names = [line.split()[0] for line in picture(admin) if line[0] not in " n"]
    assert names == ["broken", "dear", "late", "stuck", "fine"]


def backfill(admin, count, bad):
    admin.register("nightly", inputs={"day": int})
    for day in range(count):
        script = running(60).fails("no such partition") if day in bad else running(60).succeeds()
        admin.add_execution(f"e{day}", script, launch_plan="nightly", inputs={"day": day})
    admin.clock.advance(60)


def test_the_bad_day_of_a_backfill_is_seen_at_once(admin):
    backfill(admin, 50, bad={37})

    lines = picture(admin)
    assert lines[0] == ("50 executions: 1 FAILED, 49 SUCCEEDED; what ended badly comes first.")
    assert lines[1].startswith("e37  RUNNING ·")
    assert lines[3:5] == ["     nightly(day=37)", "     USER:RuntimeError: no such partition"]
    assert lines[-2] == "… and 43 more executions: 43 SUCCEEDED."
    assert lines[-1] == "no calls"


def test_many_bad_ones_get_a_line_each(admin):
    backfill(admin, 50, bad=set(range(20, 48)))

    text = "\n".join(picture(admin))
    assert "\ne40  FAILED since 60 s  nightly(day=40)  USER:RuntimeError: no such partition" in text
    assert all(f"nightly(day={day})" in text for day in range(20, 48))


@pytest.mark.parametrize("ending", [running(60).succeeds(), running(60).fails("boom")])
def test_a_thousand_executions_fit_on_a_screen_or_two(admin, ending):
    for number in range(1000):
        admin.add_execution(f"e{number}", ending, launch_plan="nightly")
    admin.clock.advance(60)

    assert len(picture(admin)) < 100
    assert picture(admin)[0].startswith(f"1,000 executions: 1,000 {ending.phase}; ")


def test_a_script_is_asked_for_only_where_it_is_shown(admin, monkeypatch):
    backfill(admin, 200, bad={3})
    asked = []
    told = admin._backend.engine.script_of
    monkeypatch.setattr(admin._backend.engine, "script_of", lambda k: asked.append(k) or told(k))

    picture(admin)

    assert len(asked) < 30


def test_each_call_is_looked_at_once(admin, monkeypatch):
    backfill(admin, 100, bad={3})
    with admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        for number in range(100):
            request = execution_pb2.WorkflowExecutionGetRequest()
            request.id.project, request.id.domain = admin.project, admin.domain
            request.id.name = f"e{number}"
            stub.GetExecution(request)
    looked = []
    call = type(admin.calls[0])
    read = call.request.fget
    monkeypatch.setattr(call, "request", property(lambda c: looked.append(c) or read(c)))

    assert "    calls: GetExecution ×1; the last at 60 s" in picture(admin)
    assert len(looked) == 100


def test_calls_of_many_kinds_are_counted_on_one_line(admin):
    rpcs = (
        "GetVersion ListProjects ListTasks ListWorkflows ListLaunchPlans ListExecutions GetTask "
        "GetWorkflow GetLaunchPlan GetDomains"
    )
    with admin.channel() as channel:
        for rpc in rpcs.split():
            channel.unary_unary(f"/flyteidl.service.AdminService/{rpc}").future(b"").exception()

    (line,) = picture(admin)
    assert line.startswith("other calls: GetVersion ×1, ListProjects ×1, ListTasks ×1 INVALID_")
    assert line.endswith(", 2 of 2 more kinds; the last at 0 s")


def test_faults_are_told_with_how_often_they_struck(admin):
    admin.on("GetVersion").fails_with("UNAVAILABLE", times=1).delays(5)
    for _ in range(10):
        admin.on().hangs()
    with admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        for _ in range(2):
            stub.GetVersion.future(version_pb2.GetVersionRequest()).exception()

    assert picture(admin)[:3] == [
        "fault: on('GetVersion').fails_with('UNAVAILABLE', times=1) struck 2 attempts",
        "fault: on('GetVersion').delays(5) struck never",
        "fault: on().hangs() struck never",
    ]
    assert picture(admin)[8] == "… and 4 more faults"


# Hints


def hints_after(admin, *asked):
    """The hints after such requests, whatever came of them."""
    with admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        for rpc, request in asked:
            getattr(stub, rpc).future(request).exception()
    return render.hints(admin)


@pytest.mark.parametrize(
    ("looks", "seconds", "told"), [(20, 600, True), (19, 600, False), (20, 0, False)]
)
def test_an_execution_that_is_looked_at_while_the_clock_stands_may_help(
    admin, looks, seconds, told
):
    admin.add_execution("train", running(seconds).succeeds())
    request = execution_pb2.WorkflowExecutionGetRequest()
    request.id.project, request.id.domain, request.id.name = "flytesnacks", "development", "train"

    hints = hints_after(admin, *[("GetExecution", request)] * looks)

    hint = (
        "'train' was looked at 20 times at 0 s, where the clock stands still. Only waiting in this "
        "process moves it; child processes wait in real time.\n"
        "For those script looks instead of seconds: running(polls(3))."
    )
    assert hints == ([hint] if told else [])


def asks(rpc, name, project="flytesnacks", domain="development", version=""):
    kinds = {
        "GetActiveLaunchPlan": launch_plan_pb2.ActiveLaunchPlanRequest,
        "CreateExecution": execution_pb2.ExecutionCreateRequest,
    }
    lists = rpc.startswith("List")
    request = kinds.get(
        rpc, common_pb2.ResourceListRequest if lists else common_pb2.ObjectGetRequest
    )()
    identifier = {"project": project, "domain": domain, "name": name}
    if rpc == "CreateExecution":
        request.project, request.domain = project, domain
        json_format.ParseDict({**identifier, "version": version or "v1"}, request.spec.launch_plan)
        request.spec.launch_plan.resource_type = identifier_pb2.LAUNCH_PLAN
        return rpc, request
    if "version" in request.id.DESCRIPTOR.fields_by_name:
        identifier |= {"version": version or "v1"}
        request.id.resource_type = {
            "GetTask": identifier_pb2.TASK,
            "GetWorkflow": identifier_pb2.WORKFLOW,
        }.get(rpc, identifier_pb2.LAUNCH_PLAN)
    json_format.ParseDict(identifier, request.id)
    if lists:
        request.limit = 1
    return rpc, request


@pytest.mark.parametrize(
    ("rpc", "thing"),
    [("GetLaunchPlan", "launch plan"), ("GetWorkflow", "workflow"), ("GetTask", "task")],
)
def test_a_version_that_is_not_there_is_told_with_those_that_are(admin, rpc, thing):
    admin.register("nightly", version="v1")
    admin.register("nightly", version="v3")

    (hint,) = hints_after(admin, asks(rpc, "nightly", version="v2"))

    assert hint == (
        f"{rpc} looked for {thing} 'nightly', of which there is no such version 'v2'; known: 'v1', "
        "'v3'.\n"
        "Ask for a version that is there, or register('nightly', version='v2')."
    )


@pytest.mark.parametrize("rpc", ["GetLaunchPlan", "GetActiveLaunchPlan", "ListLaunchPlans"])
@pytest.mark.parametrize("place", [("shop", "development"), ("flytesnacks", "production")])
def test_what_is_registered_elsewhere_is_told_with_where(admin, rpc, place):
    admin.register("nightly")

    (hint,) = hints_after(admin, asks(rpc, "nightly", *place))

    assert hint == (
        f"{rpc} looked for launch plan 'nightly' in project {place[0]!r}, domain {place[1]!r}; it "
        "is registered in project 'flytesnacks', domain 'development'.\n"
        "Let the client ask there, or let the server have that project and domain: "
        f"@pytest.mark.flyte(project={place[0]!r}, domain={place[1]!r})."
    )


def test_what_is_registered_elsewhere_only_can_be_registered_where_it_is_asked_for(admin):
    admin.register("nightly", domain="production")

    (hint,) = hints_after(admin, asks("ListLaunchPlans", "nightly"))

    assert hint == (
        "ListLaunchPlans looked for launch plan 'nightly' in project 'flytesnacks', domain "
        "'development'; it is registered in project 'flytesnacks', domain 'production'.\n"
        "Let the client ask there, or register('nightly', project='flytesnacks', "
        "domain='development')."
    )


def test_a_misspelt_name_in_another_project_is_told_as_both(admin):
    admin.register("nightly")

    (hint,) = hints_after(admin, asks("ListLaunchPlans", "nightyl", "shop"))

    assert hint == (
        "ListLaunchPlans looked for 'nightyl' in project 'shop', domain 'development', where it is "
        "not registered. Did you mean 'nightly'?\n"
        "This server's own project is 'flytesnacks', its domain 'development': what "
        "register('nightyl') and on_launch('nightyl') make is there."
    )


def test_a_launch_of_what_is_elsewhere_is_told_too(admin):
    admin.register("nightly")

    (hint,) = hints_after(admin, asks("CreateExecution", "nightly", version="v9"))

    assert "no such version 'v9'; known: 'v1'." in hint


def test_an_execution_in_another_project_is_told_with_where(admin):
    admin.add_execution("train", immediately.succeeds())
    asked = execution_pb2.WorkflowExecutionGetRequest()
    asked.id.project, asked.id.domain, asked.id.name = "flytesnacks", "staging", "train"
    misspelt = execution_pb2.WorkflowExecutionGetRequest()
    misspelt.id.project, misspelt.id.domain = "flytesnacks", "development"
    misspelt.id.name = "trian"

    told = hints_after(admin, ("GetExecution", asked), ("GetExecution", misspelt))

    first, second = told
    assert first == (
        "GetExecution looked for execution 'trian', which does not exist. Did you mean 'train'?"
    )
    assert second == (
        "GetExecution looked for execution 'train' in project 'flytesnacks', domain 'staging'; it "
        "is in project 'flytesnacks', domain 'development'."
    )


def test_what_was_found_needs_no_hint(admin):
    admin.register("nightly")

    assert not hints_after(
        admin,
        asks("GetLaunchPlan", "nightly"),
        asks("GetActiveLaunchPlan", "nightly"),
        asks("ListTasks", "nightly"),
        asks("ListTasks", ""),
    )


def test_of_many_hints_some_are_told(admin):
    told = hints_after(admin, *(asks("GetTask", f"task{number}") for number in range(30)))

    assert len(told) == 6
    assert told[-1] == "… and 25 more like these."


def test_what_happened_weeks_before_the_start_is_told_in_plain_seconds(admin):
    before = admin.clock.now() - timedelta(days=30)
    admin.add_execution("old", running(60).fails("x"), created_at=before)

    assert "-2,592,000 s" in render.text(admin)
