from __future__ import annotations

import importlib
import pkgutil
import re

import flyteidl
import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import literals_pb2, security_pb2, types_pb2
from google.protobuf import duration_pb2, json_format, struct_pb2, timestamp_pb2
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings

from examples import FEW, never_drawn, simplest
from flyte_testkit.strategies import messages


def classes_of(package):
    package = importlib.import_module(f"flyteidl.{package}")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.name.endswith("_pb2"):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, Message):
                    yield value


ADMIN = sorted(set(classes_of("admin")), key=lambda cls: cls.DESCRIPTOR.full_name)
OTHERS = sorted(
    {cls for name in ("core", "event", "service", "plugins") for cls in classes_of(name)},
    key=lambda cls: cls.DESCRIPTOR.full_name,
)
ROUND_TRIPS = settings(FEW, max_examples=2, suppress_health_check=list(HealthCheck))


def test_there_are_classes_to_test():
    assert len(ADMIN) > 100
    assert len(OTHERS) > 100
    assert flyteidl


@pytest.mark.parametrize("chunk", range(8))
def test_every_message_of_flyteidl_survives_the_wire_and_json(chunk):
    for cls in [*ADMIN, *OTHERS][chunk::8]:
        check_round_trips(cls)


def check_round_trips(cls):
    @ROUND_TRIPS
    @given(messages(cls, max_depth=2, legal=False))
    def travels(message):
        assert type(message) is cls
        assert cls.FromString(message.SerializeToString()) == message
        assert json_format.Parse(json_format.MessageToJson(message), cls()) == message

    travels()


def depth_of(message):
    inner = [0]
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if isinstance(value, Message):
            inner.append(1 + depth_of(value))
        elif field.message_type.GetOptions().map_entry:
            values = [value[key] for key in value]
            inner += [1 + depth_of(item) for item in values if isinstance(item, Message)]
        else:
            inner += [1 + depth_of(item) for item in value]
    return max(inner)


@pytest.mark.parametrize("most", [0, 1, 2, 4])
def test_the_depth_is_bounded(most):
    @FEW
    @given(messages(literals_pb2.Literal, max_depth=most))
    def is_bounded(message):
        assert depth_of(message) <= most

    is_bounded()


@pytest.mark.parametrize(
    "cls", [execution_pb2.Execution, types_pb2.LiteralType, struct_pb2.Struct], ids=str
)
def test_a_message_shrinks_to_the_empty_one(cls):
    assert simplest(messages(cls)) == cls()


def test_within_a_message_only_what_matters_stays():
    found = simplest(
        messages(execution_pb2.Execution), lambda message: message.closure.HasField("started_at")
    )

    assert found == execution_pb2.Execution(closure={"started_at": {}})


def test_all_fields_are_drawn():
    def has(name):
        return lambda message: name in {field.name for field, _ in message.ListFields()}

    names = execution_pb2.ExecutionClosure.DESCRIPTOR.fields_by_name
    drawn = messages(execution_pb2.ExecutionClosure, legal=False)

    assert never_drawn(drawn, {name: has(name) for name in names}) == set()


def test_what_flytekit_cannot_read_is_drawn_only_when_asked_for():
    @settings(FEW, max_examples=100)
    @given(messages(execution_pb2.ExecutionClosure))
    def is_left_out(closure):
        assert not closure.HasField("output_data")
        assert not closure.outputs.HasField("values")

    is_left_out()

    found = simplest(
        messages(security_pb2.Secret, legal=False), lambda secret: secret.env_var.islower()
    )
    assert found == security_pb2.Secret(env_var="a")


@FEW
@given(messages(security_pb2.Secret))
def test_a_secret_names_a_variable_that_a_shell_takes(secret):
    assert re.fullmatch("([A-Z_][A-Z0-9_]*)?", secret.env_var)


@FEW
@given(messages(timestamp_pb2.Timestamp), messages(duration_pb2.Duration))
def test_python_can_read_times_and_durations(stamp, span):
    stamp.ToDatetime()
    span.ToTimedelta()


@FEW
@given(messages(struct_pb2.Struct))
def test_a_struct_is_json(struct):
    json_format.MessageToDict(struct)
