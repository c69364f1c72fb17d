from __future__ import annotations

import pytest
from builders import INTEGER, STRING, literals, variables
from flyteidl.core import interface_pb2, literals_pb2

from flyte_testkit.admin.compiler.errors import CompileErrors
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.executions.execution_inputs import check_interface, merged


def expecting(required=None, **defaults):
    parameters = interface_pb2.ParameterMap()
    for name, kind in (required or {}).items():
        parameters.parameters[name].var.type.CopyFrom(kind)
        parameters.parameters[name].required = True
    for name, literal in literals(**defaults).literals.items():
        kind = INTEGER if literal.scalar.primitive.HasField("integer") else STRING
        parameters.parameters[name].var.type.CopyFrom(kind)
        parameters.parameters[name].default.CopyFrom(literal)
    return parameters


def refusal_of(given, expected, fixed=None):
    with pytest.raises(AdminError) as refusal:
        merged(given, expected, fixed or literals())
    assert refusal.value.code == "INVALID_ARGUMENT"
    return refusal.value.message


def test_defaults_and_fixed_inputs_join_those_given():
    inputs = merged(literals(x=1), expecting({"x": INTEGER}, y=2, z="a"), literals(f=3))

    assert inputs == literals(x=1, y=2, z="a", f=3)


def test_a_given_input_beats_its_default():
    assert merged(literals(y=5), expecting(y=2), literals()) == literals(y=5)


def test_the_given_inputs_are_not_changed():
    given = literals(x=1)

    merged(given, expecting({"x": INTEGER}, y=2), literals(f=3))

    assert given == literals(x=1)


def test_an_unknown_name_is_refused_before_anything_is_compared():
    assert refusal_of(literals(X=1), expecting({"x": INTEGER})) == "invalid input X"


def test_a_required_input_that_is_missing_is_refused():
    assert refusal_of(literals(), expecting({"x": INTEGER})) == "expected_inputs x missing"


def test_an_input_of_another_type_is_refused():
    assert refusal_of(literals(x="a"), expecting({"x": INTEGER})) == (
        "invalid x input wrong type. Expected simple:INTEGER, but got simple:STRING"
    )


def test_an_input_without_a_type_is_refused():
    given = literals(x=literals_pb2.Literal(scalar=literals_pb2.Scalar()))

    assert refusal_of(given, expecting({"x": INTEGER})).startswith(
        "Failed to validate literal type for [x] with err: got unknown literal type: [<nil>]."
    )


def test_a_fixed_input_is_unknown_even_with_the_same_value():
    assert refusal_of(literals(f=3), expecting(), literals(f=3)) == "invalid input f"


def test_an_input_that_is_both_default_and_fixed_cannot_run_at_all():
    assert refusal_of(literals(), expecting(f=2), literals(f=3)) == (
        "fixed_inputs f cannot be overridden"
    )


def test_inputs_that_fit_the_workflow_pass():
    check_interface(literals(x=1), interface_pb2.TypedInterface(inputs=variables({"x": INTEGER})))


def test_a_workflow_without_inputs_in_its_interface_asks_for_nothing():
    check_interface(literals(x=1), interface_pb2.TypedInterface())


def test_all_that_does_not_fit_the_workflow_is_collected():
    interface = interface_pb2.TypedInterface(inputs=variables({"x": INTEGER, "y": INTEGER}))

    with pytest.raises(CompileErrors) as errors:
        check_interface(literals(x="a", z=1), interface)

    assert str(errors.value) == (
        "Collected Errors: 4\n"
        "\tError 0: Code: MismatchingTypes, Node Id: start-node, Description: Variable [x] "
        "(type [simple:INTEGER]) doesn't match expected type [simple:STRING].\n"
        "\tError 1: Code: ParameterNotBound, Node Id: start-node, "
        "Description: Parameter not bound [x].\n"
        "\tError 2: Code: ParameterNotBound, Node Id: start-node, "
        "Description: Parameter not bound [y].\n"
        "\tError 3: Code: VariableNameNotFound, Node Id: start-node, "
        "Description: Variable [z] not found on node [].\n"
    )
