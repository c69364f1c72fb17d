"""Which launches a route answers: inputs are matched as they are sent, by either client."""

import dataclasses
import datetime as dt
import enum
import math
from importlib.util import find_spec

import pytest

from flyte_testkit import literals, running
from flyte_testkit.errors import RegistrationError, RouteError
from flyte_testkit.launches import Criteria

pytestmark = pytest.mark.flyte(transport="direct")

HAS_FLYTEKIT = find_spec("flytekit") is not None
NOON = dt.datetime(2024, 1, 3, 12)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Span:
    start: dt.datetime
    values: list[float]


@dataclasses.dataclass
class Config:
    n: int = 1
    span: Span | None = None
    color: Color = Color.RED


SENT = {
    "an enum": (Color, Color.RED, Color.BLUE),
    "a dataclass": (Config, Config(), Config(2)),
    "a dataclass in another": (Config, Config(span=Span(NOON, [1.0])), Config()),
    "a naive datetime": (dt.datetime, NOON, NOON.replace(year=2025)),
    "a datetime with a zone": (
        dt.datetime,
        NOON.replace(tzinfo=dt.timezone(dt.timedelta(hours=2))),
        NOON,
    ),
    "a timedelta": (dt.timedelta, dt.timedelta(hours=1), dt.timedelta(hours=2)),
    "NaN": (float, math.nan, 1.0),
    "a list with NaN": (list[float], [math.nan, 1.0], [1.0]),
    "a dict with NaN": (dict[str, float], {"a": math.nan}, {"a": 1.0}),
    "a dict": (dict, {"a": [1, {"b": None}]}, {"a": [1]}),
    "a bool": (bool, True, False),
    "None": (int | None, None, 1),
    "zero where None may be": (int | None, 0, None),
    "a text in a union": (int | str, "1", 1),
    "a list of enums": (list[Color], [Color.RED], [Color.BLUE]),
    "a list of dataclasses": (list[Config], [Config()], []),
    "a dict of enums": (dict[str, Color], {"a": Color.RED}, {}),
    "a list in a list": (list[list[int]], [[1]], [[]]),
    "an empty text": (str, "", "x"),
}
DATES = {
    "a date": (dt.date, dt.date(2024, 1, 3), dt.date(2024, 1, 4)),
    "a list of dates": (list[dt.date], [dt.date(2024, 1, 3)], []),
}


def launch(remote, value, kind):
    plan = remote.fetch_launch_plan(name="lp")
    hints = {"type_hints": {"v": kind}} if "flytekit" in type(remote).__module__ else {}
    return remote.execute(plan, inputs={"v": value}, wait=True, **hints)


def routes_apart(flyte_admin, remote, kind, value, other):
    flyte_admin.register("lp", inputs={"v": kind})
    particular = flyte_admin.on_launch("lp", inputs={"v": value}).plays(running(1).succeeds())
    rest = flyte_admin.on_launch("lp").plays(running(1).fails("x"))

    ended = [launch(remote, sent, kind).closure.phase for sent in (other, value)]

    assert ended == [6, 4]
    assert (len(particular.launches), len(rest.launches)) == (1, 1)


@pytest.mark.skipif(not HAS_FLYTEKIT, reason="flytekit is optional")
@pytest.mark.parametrize(("kind", "value", "other"), [*SENT.values(), *DATES.values()])
def test_flytekit_sends_the_very_value_that_is_scripted(
    flyte_admin, flyte_remote, kind, value, other
):
    routes_apart(flyte_admin, flyte_remote, kind, value, other)


@pytest.mark.parametrize(("kind", "value", "other"), SENT.values(), ids=list(SENT))
def test_our_client_sends_the_very_value_that_is_scripted(
    flyte_admin, flyte_client, kind, value, other
):
    routes_apart(flyte_admin, flyte_client, kind, value, other)


@pytest.mark.parametrize(("kind", "value", "_other"), SENT.values(), ids=list(SENT))
def test_the_value_matches_where_its_type_is_inferred_from_it(
    flyte_admin, flyte_client, kind, value, _other
):
    route = flyte_admin.on_launch("lp", inputs={"v": value}).plays(running(1).succeeds())

    launch(flyte_client, value, kind)

    assert len(route.launches) == 1


@pytest.mark.skipif(not HAS_FLYTEKIT, reason="flytekit is optional")
def test_files_match_by_their_uri(flyte_admin, flyte_remote):
    from flytekit.types.file import FlyteFile

    routes_apart(flyte_admin, flyte_remote, FlyteFile, "s3://b/x", "s3://b/y")


def test_a_tuple_matches_the_list_that_it_is_sent_as(flyte_admin, flyte_client):
    flyte_admin.register("lp", inputs={"v": list[int]})
    flyte_admin.on_launch("lp", inputs={"v": (1, 2)}).plays(running(1).succeeds())

    launch(flyte_client, [1, 2], list[int])


def test_an_int_matches_where_a_float_is_declared(flyte_admin, flyte_client):
    flyte_admin.register("lp", inputs={"v": float})
    flyte_admin.on_launch("lp", inputs={"v": 1}).plays(running(1).succeeds())

    launch(flyte_client, 1.0, float)


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        (str, {"dya": "x"}, "input 'dya' is not declared; declared: 'v'."),
        (str, {"v": 3}, "input 'v' is declared str, but 3 is an int: give it a str."),
        (int, {"v": True}, "input 'v' is declared int, but True is a bool: give it an int."),
        (bool, {"v": 1}, "input 'v' is declared bool, but 1 is an int: give it a bool."),
        (int, {"v": None}, "input 'v' is declared int, but None is given: declare it int | None."),
        (Color, {"v": "rde"}, "but 'rde' is none of these. Did you mean 'red'?"),
        (list[int], {"v": ["1"]}, "input 'v'[0] is declared int, but '1' is a str"),
    ],
)
@pytest.mark.parametrize("verb", ["plays", "always_plays"])
def test_inputs_that_no_launch_can_have_are_refused(flyte_admin, kind, inputs, message, verb):
    flyte_admin.register("lp", inputs={"v": kind})
    route = flyte_admin.on_launch("lp", inputs=inputs)

    with pytest.raises(RouteError) as caught:
        getattr(route, verb)(running(1).succeeds())

    assert str(caught.value).startswith("on_launch('lp', inputs={")
    assert f"fits no launch: {message}" in str(caught.value) or message in str(caught.value)
    assert not route.planted


def test_one_of_several_versions_may_have_the_input(flyte_admin, flyte_client):
    flyte_admin.register("lp", inputs={"old": str}, version="v1")
    flyte_admin.register("lp", inputs={"new": str}, version="v2")
    flyte_admin.on_launch("lp", inputs={"old": "x"}).plays(running(1).succeeds())

    plan = flyte_client.fetch_launch_plan(name="lp", version="v1")
    flyte_client.execute(plan, inputs={"old": "x"})

    with pytest.raises(RouteError, match="'old' is not declared; declared: 'new'"):
        flyte_admin.on_launch("lp", inputs={"old": "x"}, version="v2").plays(running(1).succeeds())


# --- what the launch plan gives by itself


@pytest.mark.skipif(not HAS_FLYTEKIT, reason="flytekit is optional")
def test_defaults_and_fixed_inputs_count_as_sent(flyte_admin, flyte_remote):
    from flytekit import LaunchPlan, task, workflow

    @task
    def work(day: str, region: str) -> str:
        return day + region

    @workflow
    def everyday(day: str, region: str) -> str:
        return work(day=day, region=region)

    plan = LaunchPlan.create(
        "european", everyday, default_inputs={"day": "monday"}, fixed_inputs={"region": "eu"}
    )
    flyte_admin.register(plan)
    given = {"day": "monday", "region": "eu"}
    route = flyte_admin.on_launch(plan, inputs=given).plays(running(1).succeeds(o0="x"))

    flyte_remote.execute(flyte_remote.fetch_launch_plan(name="european"), inputs={}, wait=True)

    assert [launch.inputs for launch in route.launches] == [given]
    with pytest.raises(RouteError) as caught:
        flyte_admin.on_launch(plan, inputs={"region": "us"}).plays(running(1).succeeds(o0="x"))
    assert str(caught.value) == (
        "on_launch('european', inputs={'region': 'us'}) fits no launch: "
        "the launch plan fixes 'region' to 'eu'."
    )


def test_an_absent_input_matches_a_routes_none(flyte_admin, flyte_client):
    none = flyte_admin.on_launch("lp", inputs={"v": None}).plays(running(1).succeeds())
    some = flyte_admin.on_launch("lp", inputs={"v": 3}).plays(running(1).succeeds())
    plan = flyte_client.fetch_launch_plan(name="lp")

    flyte_client.execute(plan, inputs={})
    flyte_client.execute(plan, inputs={"v": 3})

    assert [len(none.launches), len(some.launches)] == [1, 1]


def test_an_input_that_the_launch_plan_does_not_even_have_matches_a_routes_none(
    flyte_admin, flyte_client
):
    flyte_admin.register("lp", inputs={"v": int | None})
    flyte_admin.register("other")
    none = flyte_admin.on_launch(inputs={"v": None}).always_plays(running(1).succeeds())
    some = flyte_admin.on_launch(inputs={"v": 3}).plays(running(1).succeeds())

    for name, inputs in (("lp", {"v": 3}), ("lp", {"v": None}), ("other", {})):
        flyte_client.execute(flyte_client.fetch_launch_plan(name=name), inputs=inputs)

    assert [len(none.launches), len(some.launches)] == [2, 1]


# --- criteria as values


def test_two_ways_to_ask_for_the_same_launches_are_one_route(flyte_admin):
    aware = NOON.replace(tzinfo=dt.timezone.utc)
    on_launch = flyte_admin.on_launch

    assert on_launch("lp", inputs={"a": NOON, "b": 1}) is on_launch(
        "lp", inputs={"b": 1, "a": aware}
    )
    assert on_launch("lp", inputs={"a": True}) is not on_launch("lp", inputs={"a": 1})
    assert on_launch("lp", inputs={"a": math.nan}) is on_launch("lp", inputs={"a": math.nan})
    assert on_launch("lp", project="other") is not on_launch("lp")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"version": 2}, "on_launch('lp', version=2): a version is a text. Write version='2'"),
        ({"name": True}, "on_launch('lp', name=True): a name is a text."),
        ({"domain": ""}, "a domain is a text"),
        ({"inputs": ["v"]}, "inputs are values by name.\nWrite inputs={'day': 'monday'}"),
        ({"inputs": {1: 2}}, "inputs are values by name."),
        ({"strict": 1}, "strict=1): strict is True or False"),
    ],
)
def test_what_can_be_no_criterion_is_refused_at_once(flyte_admin, wrong, message):
    with pytest.raises(RouteError) as caught:
        flyte_admin.on_launch("lp", **wrong)

    assert message in str(caught.value)


def test_criteria_with_more_inputs_are_the_more_particular_ones():
    def weight(entity="lp", **parts):
        return Criteria.checked(entity, **parts).weight

    assert weight(inputs={"a": 1, "b": 2}) > weight(inputs={"a": 1}) > weight()
    assert weight() > weight(None, inputs={"a": 1}, version="v1") > weight(None)


def test_a_very_long_input_is_told_in_short():
    told = str(Criteria.checked("lp", inputs={"text": "x" * 3_000_000}))

    assert len(told) < 400


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (0, None, False),
        (math.nan, math.nan, True),
        ("1", 1, False),
        ({"a": 1, "b": [None]}, {"b": [None], "a": 1.0}, True),
        ([1, [2]], (1, (2,)), True),
        ({"a": True}, {"a": 1}, False),
        (Color.RED, "red", True),
        (Config(), {"n": 1, "span": None, "color": "red"}, True),
        (dt.date(2024, 1, 3), dt.datetime(2024, 1, 3), True),
    ],
)
def test_literals_that_say_the_same_have_the_same_form(one, other, same):
    forms = [literals.form(literals.literal(value)) for value in (one, other)]

    assert (forms[0] == forms[1]) is same
    assert hash(forms[0]) == hash(forms[1]) or not same


def test_a_form_looks_through_unions_and_takes_nothing_for_none():
    from flyteidl.core import literals_pb2

    union = literals.literal(None, literals.literal_type(int | None))

    assert literals.form(union) is None
    assert literals.form(literals_pb2.Literal()) is None
    assert literals.form(None) is None


def test_what_nobody_can_send_is_no_reason_to_fail_at_launch(flyte_admin, flyte_client):
    """A criterion that fits no type matches nothing, and is told when it was never launched."""
    strange = flyte_admin.on_launch(inputs={"v": object()}, strict=False)
    strange.plays(running(1).succeeds())
    flyte_admin.register("lp", inputs={"v": int})
    flyte_admin.on_launch("lp").plays(running(1).succeeds())

    launch(flyte_client, 1, int)

    with pytest.raises(RegistrationError, match="the input 'v' of 'q' does not say which type"):
        flyte_admin.on_launch("q", inputs={"v": object()}).plays(running(1).succeeds())
