import pytest
from flyteidl.admin import execution_pb2

from flyte_testkit import literals, queued, running
from flyte_testkit.errors import RouteError, TimelineError
from flyte_testkit.launches import Launch, Routes, UnscriptedLaunch

FIRST, SECOND = running(1).succeeds(), running(2).succeeds()


@pytest.fixture
def routes():
    return Routes(lambda _: None)


def launched(entity="nightly", *, version="v1", name="e1", **inputs):
    execution = execution_pb2.Execution()
    execution.id.name = name
    execution.spec.launch_plan.name = entity
    execution.spec.launch_plan.version = version
    return Launch(lambda: execution, execution, literals.literal_map(inputs))


def test_scripts_are_played_in_turn(routes):
    routes.on_launch("nightly").plays(FIRST, SECOND)

    assert [routes.claim(launched()), routes.claim(launched())] == [FIRST, SECOND]


def test_the_route_remembers_what_it_scripted(routes):
    nightly = routes.on_launch("nightly").plays(FIRST)
    launch = launched(day="monday")

    routes.claim(launch)

    assert nightly.launches == [launch]
    assert launch.script == FIRST
    assert launch.inputs == {"day": "monday"}
    assert routes.on_launch("nightly") is nightly


def test_reading_a_route_plants_nothing(routes):
    assert routes.on_launch("nightly").launches == []

    with pytest.raises(UnscriptedLaunch, match="No launch is scripted at all"):
        routes.claim(launched())


def test_a_launch_that_nobody_scripted_names_the_near_miss(routes):
    routes.on_launch("nightly").plays(FIRST)

    with pytest.raises(UnscriptedLaunch) as caught:
        routes.claim(launched("nightyl"))

    assert str(caught.value) == (
        "'nightyl' was launched, but nothing is scripted for it. "
        "Scripted are 'nightly'. Did you mean 'nightly'?\n"
        "Script it with on_launch('nightyl').plays(running(60).succeeds()), "
        "or let unscripted launches stay UNDEFINED with strict=False."
    )


def test_a_launch_too_many_tells_what_the_others_did(routes):
    routes.on_launch("nightly").plays(FIRST)
    routes.claim(launched(name="e1"))

    with pytest.raises(UnscriptedLaunch) as caught:
        routes.claim(launched(name="e2"))

    assert str(caught.value) == (
        "'nightly' was launched for the 2nd time, but 1 script is planted by "
        "on_launch('nightly').plays(…).\n"
        "  1st  running(1).succeeds()  is UNDEFINED as 'e1'\n"
        "Add a script to .plays(…), or answer every launch with .always_plays(…)."
    )


def test_a_script_for_every_further_launch(routes):
    nightly = routes.on_launch("nightly").plays(FIRST).always_plays(SECOND)

    played = [routes.claim(launched()) for _ in range(3)]

    assert played == [FIRST, SECOND, SECOND]
    assert nightly.unplayed == 0


def test_a_script_may_be_a_function_of_the_launch(routes):
    routes.on_launch("nightly").always_plays(lambda launch: running(launch.inputs["n"]).succeeds())

    assert routes.claim(launched(n=7)) == running(7).succeeds()


def test_a_script_function_must_return_a_finished_timeline(routes):
    routes.on_launch("nightly").plays(lambda _: running(60))

    with pytest.raises(TimelineError, match=r"running\(60\) has no ending"):
        routes.claim(launched())


@pytest.mark.parametrize(
    "criteria",
    [{"version": "v2"}, {"inputs": {"day": "monday"}}, {"name": "e7"}],
    ids=["version", "inputs", "name"],
)
def test_the_more_particular_route_answers(routes, criteria):
    routes.on_launch("nightly").always_plays(FIRST)
    routes.on_launch("nightly", **criteria).always_plays(SECOND)

    assert routes.claim(launched()) == FIRST
    assert routes.claim(launched(version="v2", name="e7", day="monday")) == SECOND


def test_a_route_for_other_inputs_says_which_inputs_came(routes):
    routes.on_launch("nightly", inputs={"day": "monday"}).plays(FIRST)

    with pytest.raises(UnscriptedLaunch, match=r"inputs were \{'day': 'sunday'\}"):
        routes.claim(launched(day="sunday"))


def test_an_input_that_was_not_sent_matches_a_routes_none(routes):
    routes.on_launch("nightly", inputs={"day": None}).plays(FIRST)
    routes.on_launch("nightly").plays(SECOND)

    assert routes.claim(launched(day="monday")) == SECOND
    assert routes.claim(launched()) == FIRST


def test_a_script_without_an_ending_is_refused_when_it_is_planted(routes):
    with pytest.raises(TimelineError) as caught:
        routes.on_launch("nightly").plays(queued(5).running(60))

    assert str(caught.value).startswith(
        "script 1 of on_launch('nightly').plays(…): queued(5).running(60) has no ending.\n"
        "End it with .succeeds(), .fails(message) or .never_ends()."
    )


def test_no_script_at_all_is_refused(routes):
    with pytest.raises(RouteError, match="was given no script"):
        routes.on_launch("nightly").plays()


def test_scripts_behind_one_for_every_launch_are_refused(routes):
    nightly = routes.on_launch("nightly").always_plays(FIRST)

    with pytest.raises(RouteError, match=r"Call \.plays\(…\) before \.always_plays"):
        nightly.plays(SECOND)


def test_a_route_counts_what_is_still_to_be_played(routes):
    nightly = routes.on_launch("nightly").plays(FIRST, SECOND)
    routes.claim(launched())

    assert nightly.unplayed == 1
    assert repr(nightly) == "<on_launch('nightly'): 1 launched, 1 still scripted>"


def test_an_opener_that_is_not_called_is_no_script(routes):
    with pytest.raises(TimelineError, match=r"running only opens a timeline"):
        routes.on_launch("nightly").plays(running)
