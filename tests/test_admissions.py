"""A launch counts and uses its script once all about it is right; a refusal changes nothing."""

from datetime import timedelta
from importlib.util import find_spec

import grpc
import pytest
from flyteidl.admin import execution_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import failures, literals, running
from flyte_testkit.errors import FlyteTestkitError, UnexpectedUse
from flyte_testkit.server import FakeFlyteAdmin

pytestmark = pytest.mark.flyte(transport="direct")

needs_flytekit = pytest.mark.skipif(find_spec("flytekit") is None, reason="flytekit is optional")
CLIENTS = [pytest.param("flyte_remote", marks=needs_flytekit), "flyte_client"]
WRONG = running(5).succeeds(auk=1.0)
RIGHT = running(5).succeeds(auc=0.2)


@pytest.fixture(params=CLIENTS)
def remote(request, flyte_admin):
    flyte_admin.register("lp", inputs={"day": str | None}, outputs={"auc": float})
    return request.getfixturevalue(request.param)


@pytest.fixture
def launch(flyte_admin):
    """Launch by hand: one request is one attempt."""
    with flyte_admin.channel() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)

        def launch(name="", *, plan="lp", cluster="", **inputs):
            request = execution_pb2.ExecutionCreateRequest(
                project="flytesnacks",
                domain="development",
                name=name,
                inputs=literals.literal_map(inputs),
            )
            id_ = request.spec.launch_plan
            id_.resource_type, id_.project, id_.domain = 3, "flytesnacks", "development"
            id_.name, id_.version = plan, "v1"
            if cluster:
                request.spec.execution_cluster_label.value = cluster
            return stub.CreateExecution(request).id.name

        yield launch


def told(call, *args, **kwargs):
    with pytest.raises(Exception, match=r".") as caught:  # of either client, or of gRPC
        call(*args, **kwargs)
    error = caught.value
    return error.details() if isinstance(error, grpc.RpcError) else str(error)


def run(remote):
    return remote.execute(remote.fetch_launch_plan(name="lp"), inputs={"day": None}, wait=True)


def raises(launch):
    raise KeyError("sunday")


# --- a launch that is refused for its own script


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (
            lambda _: WRONG,
            "output 'auk' is not declared; declared: 'auc'. Did you mean 'auc'?",
        ),
        (
            lambda _: running(5).succeeds(auc="high"),
            "output 'auc' is declared float, but 'high'",
        ),
        (lambda _: running(5).succeeds(), "a script of 'lp' succeeds without 'auc'."),
        (lambda _: running(5), "running(5) has no ending."),
        (lambda _: None, "None is not a timeline."),
        (lambda _: running(5).succeeds, "running(5).succeeds is not called yet."),
        (raises, "raised KeyError: 'sunday'"),
    ],
)
def test_a_launch_whose_script_is_wrong_changes_nothing(flyte_admin, remote, script, why):
    route = flyte_admin.on_launch("lp").plays(script, RIGHT)

    stories = [told(run, remote) for _ in "12"]

    assert all(why in story for story in stories)
    assert all("its script cannot be played" in story for story in stories)
    assert route.launches == flyte_admin.launches == []
    assert route.unplayed == 2
    with pytest.raises(UnexpectedUse) as caught:
        flyte_admin.verify()
    assert str(caught.value).count(why) == 1  # a complaint is told once
    assert "NEVER PLAYED" not in str(caught.value)  # it is known why
    flyte_admin.verify()


def test_the_repeats_of_a_refused_call_do_not_ask_a_function_again(flyte_admin, remote):
    scripts = iter([WRONG, RIGHT])
    route = flyte_admin.on_launch("lp").plays(lambda _: next(scripts), RIGHT)

    assert "'auk' is not declared" in told(run, remote)

    assert next(scripts) == RIGHT  # it was not asked for: all attempts heard the same
    assert route.launches == []
    flyte_admin.unforeseen()


def test_a_launch_with_other_inputs_is_looked_at_for_itself(flyte_admin, launch):
    flyte_admin.register("lp", inputs={"day": str})
    by_day = {"monday": running(5).succeeds()}
    route = flyte_admin.on_launch("lp").always_plays(lambda launch: by_day[launch.inputs["day"]])

    assert "raised KeyError: 'sunday'" in told(launch, day="sunday")
    launch(day="monday")

    assert [played.inputs["day"] for played in route.launches] == ["monday"]
    flyte_admin.unforeseen()


def test_the_next_launch_gets_the_script_that_was_wrong_until_it_is_mended(flyte_admin, launch):
    flyte_admin.register("lp", outputs={"auc": float})
    mended = []
    route = flyte_admin.on_launch("lp").plays(lambda _: RIGHT if mended else WRONG)

    first = told(launch, "a")
    mended.append(True)
    launch("b")

    assert "'auk' is not declared" in first
    assert [played.id.name for played in route.launches] == ["b"]
    flyte_admin.unforeseen()


def test_what_was_refused_is_asked_anew_once_something_else_is_planted(flyte_admin, launch):
    flyte_admin.register("lp", outputs={"auc": float})
    always = flyte_admin.on_launch("lp").always_plays(lambda _: WRONG)
    told(launch, "a")

    always.always_plays(RIGHT)
    launch("a")

    scripts = iter([WRONG, RIGHT])
    in_turn = flyte_admin.on_launch("lp", name="b").plays(lambda _: next(scripts))
    told(launch, "b")
    in_turn.plays(RIGHT)
    launch("b")

    assert [len(route.launches) for route in (always, in_turn)] == [1, 1]
    assert "NEVER PLAYED" in in_turn.complaint()
    flyte_admin.unforeseen()


def test_a_launch_that_is_refused_plays_nothing(flyte_admin, launch):
    flyte_admin.register("lp", outputs={"auc": float})
    asked = []
    flyte_admin.on_launch("lp").plays(lambda launch: asked.append(launch) or WRONG)

    told(launch, "a")

    assert [refused.script for refused in asked] == [None]
    flyte_admin.unforeseen()


def test_a_wrong_script_does_not_end_in_a_more_general_one(flyte_admin, launch):
    flyte_admin.register("lp", outputs={"auc": float})
    general = flyte_admin.on_launch("lp").always_plays(RIGHT)
    flyte_admin.on_launch("lp", name="e7").plays(lambda _: WRONG)

    assert "'auk' is not declared" in told(launch, "e7")

    assert general.launches == []
    launch("e8")
    flyte_admin.unforeseen()


@pytest.mark.parametrize("verb", ["plays", "always_plays"])
def test_scripts_that_are_refused_when_planted_are_not_planted(flyte_admin, remote, verb):
    route = flyte_admin.on_launch("lp")
    with pytest.raises(FlyteTestkitError, match="an output 'auk'"):
        getattr(route, verb)(WRONG)
    with pytest.raises(FlyteTestkitError, match="an output 'auk'"):
        flyte_admin.on_launch("lp").plays(RIGHT, WRONG)

    getattr(route, verb)(RIGHT)

    assert run(remote).outputs["auc"] == 0.2
    assert len(route.launches) == 1


def test_outputs_of_a_function_are_learnt_where_nothing_is_declared(flyte_admin, flyte_client):
    values = iter([0.2, 1, None])
    route = flyte_admin.on_launch("new")
    route.always_plays(lambda _: running(5).succeeds(auc=next(values)))

    def launch():
        plan = flyte_client.fetch_launch_plan(name="new")
        execution = flyte_client.execute(plan, inputs={})
        flyte_admin.clock.advance(60)
        return flyte_client.fetch_execution(name=execution.id.name)

    assert [launch().outputs["auc"] for _ in "12"] == [0.2, 1.0]
    launch()

    assert [played.phase for played in route.launches] == ["SUCCEEDED"] * 3
    learnt = flyte_client.fetch_launch_plan(name="new").interface.outputs["auc"].type
    assert literals.describe(learnt.to_flyte_idl()) == "float | None"


# --- admissions are values


@pytest.mark.parametrize("before", ["launched", "added"])
def test_an_unscripted_launch_does_not_play_what_the_one_before_played(before):
    def launch(plan):
        request = execution_pb2.ExecutionCreateRequest(
            project="flytesnacks", domain="development", name=plan
        )
        request.spec.launch_plan.CopyFrom(admin._registry.latest(plan))
        with admin.channel() as channel:
            admin_pb2_grpc.AdminServiceStub(channel).CreateExecution(request)

    with FakeFlyteAdmin(strict=False) as admin:
        admin.register("lp")
        admin.register("other")
        if before == "launched":
            admin.on_launch("lp").plays(running(1).succeeds())
            launch("lp")
        else:
            admin.add_execution("lp", running(1).succeeds(), launch_plan="lp")
        launch("other")
        admin.clock.advance(60)

        phases = {row.execution_name: row.phase for row, _, _ in admin.lives()}
        assert phases == {"lp": "SUCCEEDED", "other": "UNDEFINED"}


def test_an_added_execution_does_not_lend_its_script_to_a_launch(flyte_admin, launch):
    flyte_admin.register("lp", outputs={"auc": float})
    with pytest.raises(FlyteTestkitError, match="is refused"):
        flyte_admin.add_execution("NOT A NAME", RIGHT, launch_plan="lp")

    assert "nothing is scripted" in told(launch)

    added = flyte_admin.add_execution("e1", RIGHT, launch_plan="lp")
    assert "nothing is scripted" in told(launch)
    assert (added.script, flyte_admin.launches) == (RIGHT, [])
    flyte_admin.unforeseen()


def test_an_execution_of_the_past_has_its_first_phase_since_then(flyte_admin):
    hour_ago = flyte_admin.clock.now()
    flyte_admin.clock.advance(3600)

    flyte_admin.add_execution("old", running(60).succeeds(), created_at=hour_ago)
    flyte_admin.add_execution("new", running(60).succeeds())

    changes = {row.execution_name: changes for row, changes, _ in flyte_admin.lives()}
    assert [(c.at - hour_ago, c.phase) for c in changes["old"]] == [
        (timedelta(0), "UNDEFINED"),
        (timedelta(0), "RUNNING"),
        (timedelta(minutes=1), "SUCCEEDING"),
        (timedelta(minutes=1), "SUCCEEDED"),
    ]
    assert changes["new"][0].at - hour_ago == timedelta(hours=1)


def test_a_script_function_may_add_an_execution_of_the_past(flyte_admin, launch):
    hour_ago = flyte_admin.clock.now()
    flyte_admin.clock.advance(3600)

    def after_another(_launch):
        flyte_admin.add_execution("old", running(60).succeeds(), created_at=hour_ago)
        return running(60).succeeds()

    flyte_admin.register("lp")
    flyte_admin.on_launch("lp").plays(after_another)
    launch("new")

    changes = {row.execution_name: changes for row, changes, _ in flyte_admin.lives()}
    assert [changes[name][0].at - hour_ago for name in ("old", "new")] == [
        timedelta(0),
        timedelta(hours=1),
    ]


# --- one launch too many, and none at all


def test_a_used_up_particular_route_does_not_end_in_a_general_one(flyte_admin, launch):
    flyte_admin.register("lp", inputs={"day": str})
    bad = flyte_admin.on_launch("lp", inputs={"day": "monday"}).plays(running(1).fails("disk"))
    rest = flyte_admin.on_launch("lp").always_plays(running(1).succeeds())
    launch(day="monday")
    launch(day="sunday")

    story = told(launch, day="monday")

    assert (
        "was launched for the 2nd time, but 1 script is planted by on_launch('lp', inputs=" in story
    )
    assert (len(bad.launches), len(rest.launches)) == (1, 1)
    with pytest.raises(UnexpectedUse, match="for the 2nd time"):
        flyte_admin.verify()


def test_a_particular_route_may_always_play_something_itself(flyte_admin, launch):
    flyte_admin.register("lp", inputs={"day": str})
    flyte_admin.on_launch("lp").plays(running(1).succeeds())
    monday = flyte_admin.on_launch("lp", inputs={"day": "monday"})
    monday.plays(running(1).fails("disk")).always_plays(running(1).succeeds())

    for _ in "123":
        launch(day="monday")
    launch(day="sunday")

    assert len(monday.launches) == 3


def test_of_two_equally_particular_routes_the_elder_answers_until_it_is_used_up(
    flyte_admin, launch
):
    flyte_admin.register("lp", inputs={"day": str})
    elder = flyte_admin.on_launch("lp", inputs={"day": "monday"}).plays(running(1).succeeds())
    younger = flyte_admin.on_launch("lp", version="v1").plays(running(1).succeeds())

    launch(day="monday")
    launch(day="monday")

    assert (len(elder.launches), len(younger.launches)) == (1, 1)
    assert "for the 2nd time" in told(launch, day="monday")
    flyte_admin.unforeseen()


def test_a_route_for_any_launch_is_the_weakest_of_all(flyte_admin, launch):
    flyte_admin.register("lp")
    flyte_admin.register("other")
    anything = flyte_admin.on_launch().always_plays(running(1).succeeds())
    by_name = flyte_admin.on_launch(name="e7").plays(running(1).succeeds())
    own = flyte_admin.on_launch("lp").plays(running(1).fails("x"))

    launch("e7")  # the entity's route, though another knows the name
    launch(plan="other")
    story = told(launch, "e8")

    assert (len(own.launches), len(anything.launches)) == (1, 1)
    assert "'lp' was launched for the 2nd time" in story
    assert repr(anything) == "<on_launch(): 1 launched, 0 still scripted>"
    assert by_name.launches == []
    flyte_admin.unforeseen()


@pytest.mark.parametrize("outputs", [{}, {"auc": 0.5}])
def test_a_launch_that_fails_at_birth_counts_and_takes_its_script(flyte_admin, launch, outputs):
    route = flyte_admin.on_launch("lp").plays(running(5).succeeds(outputs))

    launch("e1", cluster="gpu")

    (born,) = route.launches
    assert (born.phase, born.id.name) == ("FAILED", "e1")
    assert "cluster label gpu is not supported" in born.closure.error.message
    assert born.script == running(5).succeeds(outputs)
    flyte_admin.clock.advance(60)
    assert born.phase == "FAILED"  # the script is used, not played
    assert "for the 2nd time" in told(launch, "e2", cluster="gpu")
    flyte_admin.unforeseen()


def test_a_launch_that_fails_at_birth_needs_no_script(flyte_admin, launch):
    flyte_admin.register("lp")

    launch("e1", cluster="gpu")

    assert flyte_admin.launches == []
    flyte_admin.verify()


def test_an_execution_may_be_added_that_fails_at_birth(flyte_admin):
    from flyteidl.admin import matchable_resource_pb2, project_domain_attributes_pb2

    attributes = project_domain_attributes_pb2.ProjectDomainAttributesUpdateRequest()
    attributes.attributes.project = "flytesnacks"
    attributes.attributes.domain = "development"
    label = matchable_resource_pb2.ExecutionClusterLabel(value="gpu")
    attributes.attributes.matching_attributes.execution_cluster_label.CopyFrom(label)
    flyte_admin._backend.answer("UpdateProjectDomainAttributes", attributes)

    added = flyte_admin.add_execution("e1", running(5).succeeds())

    assert added.id.name == "e1"


# --- planted and never used


@pytest.mark.parametrize(
    ("criteria", "script"),
    [({"inputs": {"day": "monday"}}, "always"), ({"version": "v1"}, "always"), ({}, "plays")],
)
def test_what_is_planted_for_particular_launches_must_be_launched(
    flyte_admin, launch, criteria, script
):
    flyte_admin.register("lp", inputs={"day": str})
    flyte_admin.register("other")
    flyte_admin.on_launch("other").plays(running(1).succeeds())
    route = flyte_admin.on_launch("lp", **criteria)
    (route.plays if script == "plays" else route.always_plays)(running(1).fails("disk"))

    launch(plan="other")

    with pytest.raises(UnexpectedUse, match="NEVER PLAYED"):
        flyte_admin.verify()


def test_a_default_that_nobody_even_looked_for_is_told():
    with pytest.raises(UnexpectedUse) as caught, FakeFlyteAdmin() as admin:
        admin.on_launch("nightly").always_plays(running(1).succeeds())

    assert str(caught.value) == (
        "on_launch('nightly') was scripted, and never launched.\n"
        "  every launch: running(1).succeeds()  NEVER PLAYED\n"
        "Take the script out, find out why the code did not launch, or say that it need not: "
        "on_launch(…, strict=False)."
    )


def test_a_complaint_is_told_once_though_it_is_asked_for_twice(flyte_admin):
    flyte_admin.on_launch("nightly").plays(running(1).succeeds())

    told = [flyte_admin.unforeseen(), flyte_admin.unforeseen()]

    assert [len(complaints) for complaints in told] == [1, 0]
    flyte_admin.verify()


def test_a_default_has_served_when_its_launch_plan_was_looked_at(flyte_admin, flyte_client):
    flyte_admin.on_launch("nightly").always_plays(running(1).succeeds())

    flyte_client.fetch_launch_plan(name="nightly")

    flyte_admin.verify()


def test_inputs_of_a_plan_that_was_never_registered_are_to_be_declared(flyte_admin, flyte_client):
    flyte_admin.on_launch("nightly").plays(running(1).succeeds())
    plan = flyte_client.fetch_launch_plan(name="nightly")

    with pytest.raises(Exception, match="has no such input"):
        flyte_client.execute(plan, inputs={"day": "monday"})

    with pytest.raises(UnexpectedUse) as caught:
        flyte_admin.verify()
    assert str(caught.value).endswith(
        "'nightly' was never registered, so nothing is known of its inputs.\n"
        "If the code launches it with others, say so: register('nightly', inputs={…})."
    )


def test_inputs_are_not_blamed_where_a_launch_had_none(flyte_admin, flyte_client):
    flyte_admin.on_launch("nightly").plays(running(1).succeeds(), running(1).succeeds())
    plan = flyte_client.fetch_launch_plan(name="nightly")

    flyte_client.execute(plan, inputs={})

    with pytest.raises(UnexpectedUse, match="never launched as often as that") as caught:
        flyte_admin.verify()
    assert "was never registered" not in str(caught.value)


def test_a_route_may_be_relaxed_by_itself(flyte_admin, launch):
    flyte_admin.register("lp")
    flyte_admin.on_launch("unused", strict=False).always_plays(running(1).succeeds())
    flyte_admin.on_launch("unused too", strict=False).plays(running(1).succeeds())
    route = flyte_admin.on_launch("lp", strict=False).plays(running(1).succeeds())
    launch("e1")
    launch("e2")
    flyte_admin.clock.advance(60)

    phases = [row.phase for row, _, _ in flyte_admin.lives()]
    assert phases == ["SUCCEEDED", "UNDEFINED"]
    assert len(route.launches) == 1
    flyte_admin.verify()
    assert not flyte_admin.on_launch("lp").strict  # asking again leaves it as it is
    assert flyte_admin.on_launch("lp", strict=True).strict
    flyte_admin.unforeseen()


def test_a_version_that_is_not_there_is_named(flyte_admin, launch):
    flyte_admin.register("lp")
    flyte_admin.on_launch("lp", version="v11").plays(running(1).succeeds())

    story = told(launch)

    assert story == (
        "'lp' was launched, but nothing is scripted for it. "
        "Scripted are only on_launch('lp', version='v11'); inputs were {}. "
        "It was version 'v1', of 'flytesnacks' and 'development'.\n"
        "there is no version 'v11' of 'lp'; there is 'v1'. Did you mean 'v1'?\n"
        "Script it with on_launch('lp').plays(running(60).succeeds()), "
        "or let unscripted launches stay UNDEFINED with strict=False."
    )
    with pytest.raises(UnexpectedUse, match="there is no version 'v11' of 'lp'; there is 'v1'"):
        flyte_admin.verify()


def test_refusals_are_short_however_much_is_scripted(flyte_admin, launch):
    flyte_admin.register("lp", inputs={"day": str})
    for day in range(300):
        route = flyte_admin.on_launch("lp", inputs={"day": str(day) * 100}, strict=False)
        route.plays(running(1).succeeds())

    assert len(told(launch, day="x" * 100_000)) < 4_000
    flyte_admin.unforeseen()


def test_a_wrong_script_is_told_in_short_however_much_it_makes(flyte_admin, launch):
    flyte_admin.register("lp", inputs={"day": str}, outputs={"auc": float})
    flyte_admin.on_launch("lp").plays(lambda _: running(5).succeeds(auc="x" * 3_000_000))

    story = told(launch, day="x" * 100_000)

    assert story.startswith("'lp' was launched, but its script cannot be played: output 'auc' is")
    assert len(story) < 4_000
    flyte_admin.unforeseen()


def test_complaints_are_short_however_much_is_scripted(flyte_admin, launch):
    route = flyte_admin.on_launch("lp").plays(*[running(1).succeeds()] * 300)
    for _ in range(20):
        launch()

    story = route.complaint()

    assert len(story.splitlines()) < 20
    assert "  … 19 before, played\n  20. running(1).succeeds()  played\n" in story
    assert "  … 271 more, never played" in story
    flyte_admin.unforeseen()


@pytest.mark.parametrize(
    "script",
    [running(60).succeeds, running(60).fails, running, failures.oom_killed, failures.oom_killed()],
)
def test_no_launch_is_needed_to_find_what_is_no_script(flyte_admin, script):
    with pytest.raises(FlyteTestkitError):
        flyte_admin.on_launch("lp").plays(script)

    assert not flyte_admin.on_launch("lp").planted
