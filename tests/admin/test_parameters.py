from __future__ import annotations

import pytest
from builders import integer, literals, text
from definition_builders import DATETIME, INT, TEXT
from flyteidl.core import interface_pb2, literals_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.rules.parameters import parameter_map


def parameter(kind=INT, **behavior):
    variable = None if kind is None else interface_pb2.Variable(type=kind)
    return interface_pb2.Parameter(var=variable, **behavior)


def check(**parameters):
    parameter_map(interface_pb2.ParameterMap(parameters=parameters), "default_inputs")


def refusal_of(**parameters):
    with pytest.raises(AdminError) as refusal:
        check(**parameters)
    assert refusal.value.code == "INVALID_ARGUMENT"
    return refusal.value.message


def test_takes_parameters_that_are_required_or_have_a_default_that_fits():
    parameter_map(None, "default_inputs")
    check(a=parameter(required=True), b=parameter(default=integer(1)))


def test_refuses_artifacts_before_anything_else():
    made = parameter(None)
    made.artifact_query.artifact_tag.artifact_key.name = "a"
    said = "artifact mode not enabled but query found default_inputs x"
    assert refusal_of(a=parameter(None), x=made) == said


def test_wants_names():
    assert refusal_of(**{"": parameter(None)}) == "missing key in default_inputs"


@pytest.mark.parametrize("incomplete", [interface_pb2.Parameter(), parameter(None, required=True)])
def test_wants_types(incomplete):
    assert refusal_of(x=incomplete) == (
        "The Variable component of the Parameter x in default_inputs either is missing, "
        "or has a missing Type"
    )


def test_takes_a_type_without_content_for_one():
    made = interface_pb2.Parameter(required=True)
    made.var.type.SetInParent()
    check(x=made)


@pytest.mark.parametrize("neither", [parameter(), parameter(required=False)])
def test_wants_a_default_of_what_is_not_required(neither):
    assert refusal_of(x=neither) == (
        "Invalid variable x in default_inputs - variable has neither default, nor is required. "
        "One must be specified"
    )


def test_names_the_declared_type_first_when_a_default_does_not_fit():
    assert refusal_of(x=parameter(TEXT, default=integer(1))) == (
        "Type mismatch for Parameter x in default_inputs has type simple:STRING, "
        "expected simple:INTEGER"
    )


def test_refuses_a_default_without_a_value_as_a_literal_without_a_type():
    assert refusal_of(x=parameter(default=literals_pb2.Literal())).startswith(
        "Failed to validate literal type for [x] with err: got unknown literal type: [<nil>]."
    )


def test_looks_no_further_than_the_first_datetime_with_a_default():
    now = literals_pb2.Literal()
    now.scalar.primitive.datetime.CopyFrom(Timestamp())
    wrong = parameter(TEXT, default=integer(1))
    check(a=parameter(DATETIME, default=now), b=wrong)
    assert refusal_of(a=parameter(DATETIME, required=True), b=wrong)
    now.scalar.primitive.datetime.nanos = -1
    assert refusal_of(a=parameter(DATETIME, default=now)) == (
        "proto: timestamp (nanos:-1) has out-of-range nanos"
    )


def test_reads_parameters_of_every_kind():
    check(x=parameter(TEXT, default=text("a")), y=parameter(default=literals(a=1).literals["a"]))
