"""What Flyte can hold and Python cannot, or the other way round, through server and clients."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from flyteidl.core import literals_pb2, types_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from flyte_testkit import literals, running
from flyte_testkit.client.exceptions import TypeTransformerFailedError
from flyte_testkit.errors import RegistrationError
from flyte_testkit.render._values import told

pytestmark = pytest.mark.flyte(transport="direct")

JSON = types_pb2.LiteralType(simple=types_pb2.STRUCT)
INF = {"a": [math.inf], "b": -math.inf}
EARLY = dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=5)))
AGES, DOOMSDAY = Duration(seconds=10**15), Timestamp(seconds=10**15)


def generic(content):
    return literals.literal(content, JSON)


def primitive(**content):
    return literals_pb2.Literal(scalar={"primitive": content})


@pytest.fixture
def flytekits(request):
    """flytekit's client, where there is one."""
    pytest.importorskip("flytekit")
    return request.getfixturevalue("flyte_remote")


@pytest.fixture
def launched(flyte_admin, flyte_client):
    """Launch once with a value of a type; return it as the route and as the client has it."""

    def launched(kind, value, *, client=flyte_client, **hints):
        flyte_admin.register("nightly", inputs={"x": kind}, outputs={"y": kind})
        route = flyte_admin.on_launch("nightly").plays(running(1).succeeds(y=value))
        plan = client.fetch_launch_plan(name="nightly", version="v1")
        execution = client.wait(client.execute(plan, inputs={"x": value}, **hints))
        return route.launches[0], execution

    return launched


@pytest.mark.parametrize("kind", [dict, JSON])
def test_a_struct_that_holds_infinity_is_launched_and_read(launched, kind):
    launch, execution = launched(kind, generic(INF))

    assert launch.inputs == {"x": INF}
    assert (execution.inputs["x"], execution.outputs["y"]) == (INF, INF)


def test_flytekit_launches_with_infinity_in_a_dict(launched, flytekits):
    launch, execution = launched(dict, INF, client=flytekits, type_hints={"x": dict})

    assert launch.inputs == {"x": INF}
    assert execution.outputs.get("y", dict) == INF


def test_a_struct_that_holds_nan_is_launched_and_matched(flyte_admin, flyte_client):
    flyte_admin.register("nightly", inputs={"x": JSON})
    ready = generic({"a": math.nan})
    route = flyte_admin.on_launch("nightly", inputs={"x": {"a": math.nan}}).plays(
        running(1).succeeds()
    )
    flyte_client.execute(flyte_client.fetch_launch_plan(name="nightly"), inputs={"x": ready})

    assert math.isnan(route.launches[0].inputs["x"]["a"])


@pytest.mark.parametrize(
    ("kind", "held", "why"),
    [
        (dt.timedelta, primitive(duration=AGES), "the Duration of 1000000000000000 s is longer"),
        (list[dt.timedelta], [primitive(duration=AGES)], "the Duration of 1000000000000000 s"),
        (list[dt.datetime], [primitive(datetime=DOOMSDAY)], "is no instant of the years 1 to 9999"),
        (dict[str, dt.datetime], {"k": primitive(datetime=Timestamp(nanos=-5))}, "-5 ns is no"),
        (dt.timedelta | None, primitive(duration=AGES), "is longer than the 2.7 million years"),
    ],
)
def test_what_no_python_value_holds_is_launched_and_told_when_it_is_read(launched, kind, held, why):
    if kind == dt.timedelta | None:
        variant = types_pb2.LiteralType(simple=types_pb2.DURATION, structure={"tag": "timedelta"})
        held = literals_pb2.Literal(scalar={"union": {"value": held, "type": variant}})
    launch, execution = launched(kind, held)

    assert "-5" in repr(launch.inputs) or "1000000000000000" in repr(launch.inputs)
    for read, key in ((execution.inputs, "x"), (execution.outputs, "y")):
        with pytest.raises(TypeTransformerFailedError, match=why) as caught:
            read[key]
        assert str(caught.value).startswith(f"{key!r} cannot be read as a Python value: ")
        assert f"get_literal({key!r}).to_flyte_idl()" in str(caught.value)
        assert read.get_literal(key).to_flyte_idl().ByteSize()
        assert f"{key!r}: Ellipsis" in repr(read)


def test_what_a_route_reads_as_a_message_can_be_sent_again(launched):
    launch, _ = launched(dt.timedelta, primitive(duration=AGES))

    assert launch.inputs == {"x": AGES}
    again = literals.literal_map(launch.inputs, {"x": literals.literal_type(dt.timedelta)})
    assert literals.python_values(again) == launch.inputs


def test_changing_what_was_read_changes_nothing_that_was_sent():
    sent = primitive(duration=AGES)
    literals.python_value(sent).seconds = 1

    assert sent == primitive(duration=AGES)


def test_the_report_shows_what_no_python_value_holds_in_seconds():
    assert told(primitive(duration=AGES)) == "1000000000000000 s"
    assert told(primitive(datetime=DOOMSDAY)) == "1000000000000000 s"
    assert told(generic({"a": math.inf})) == "{'a': inf}"


def test_a_past_execution_may_have_run_on_what_no_python_value_holds(flyte_admin, flyte_client):
    flyte_admin.register("nightly", inputs={"x": dt.timedelta})
    flyte_admin.add_execution(
        "old", running(1).succeeds(), launch_plan="nightly", inputs={"x": AGES}
    )
    old = flyte_client.sync_execution(flyte_client.fetch_execution(name="old"))

    assert old.inputs.get_literal("x").to_flyte_idl() == primitive(duration=AGES)


def test_the_longest_timedelta_goes_and_comes_back_as_with_flytekit(launched, flytekits):
    longest = dt.timedelta.max
    _, execution = launched(dt.timedelta, longest, client=flytekits)

    assert execution.outputs.get("y", dt.timedelta) == longest


def test_a_datetime_that_utc_does_not_have_is_refused_by_its_name(flyte_admin, flyte_client):
    flyte_admin.register("nightly", inputs={"x": dt.datetime}, outputs={"y": dt.datetime})
    plan = flyte_client.fetch_launch_plan(name="nightly")

    with pytest.raises(TypeTransformerFailedError, match=r"Input 'x' of .* the years 1 to 9999"):
        flyte_client.execute(plan, inputs={"x": EARLY})
    with pytest.raises(RegistrationError, match=r"output 'y' is declared datetime, .*1 to 9999"):
        flyte_admin.on_launch("nightly").plays(running(1).succeeds(y=EARLY))


def test_a_dict_with_what_msgpack_cannot_hold_is_refused_by_its_name(flyte_admin, flyte_client):
    flyte_admin.register("nightly", inputs={"x": dict})
    plan = flyte_client.fetch_launch_plan(name="nightly")

    for held in (2**64, object, "\ud800"):
        with pytest.raises(TypeTransformerFailedError, match=r"Input 'x' of .* Flyte can hold"):
            flyte_client.execute(plan, inputs={"x": {"a": held}})


def test_bytes_that_pack_nothing_are_read_as_bytes_by_who_only_looks():
    broken = literals_pb2.Literal(scalar={"binary": {"value": b"\xda", "tag": "msgpack"}})

    assert literals.python_value(broken) == b"\xda"
