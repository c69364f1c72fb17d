from __future__ import annotations

import math

import flyteidl.admin.execution_pb2
import flyteidl.admin.node_execution_pb2
import flyteidl.admin.task_execution_pb2
import flyteidl.core.execution_pb2
import flyteidl.core.literals_pb2
import google.protobuf.struct_pb2
import pytest
from flyteidl.admin import execution_pb2, workflow_pb2
from flyteidl.core import execution_pb2 as core
from flyteidl.core import literals_pb2
from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis.vendor import pretty

from examples import FEW
from flyte_testkit import strategies
from flyte_testkit.strategies import as_code

MODULES = {"flyteidl": flyteidl, "google": google}
PRINTED = settings(FEW, suppress_health_check=list(HealthCheck))


def evaluated(code):
    return eval(code, dict(MODULES))  # noqa: S307  our own code


@pytest.mark.parametrize(
    "strategy",
    [
        strategies.executions(),
        strategies.executions(legal=False),
        strategies.node_executions(),
        strategies.task_executions(),
        strategies.messages(execution_pb2.Execution),
        strategies.messages(literals_pb2.Literal),
        strategies.messages(workflow_pb2.Workflow),
        strategies.literal_maps(),
    ],
    ids=range(8),
)
def test_a_message_prints_as_the_code_that_makes_it(strategy):
    @PRINTED
    @given(strategy)
    def pastes_back(message):
        assert evaluated(as_code(message)) == message
        assert evaluated(pretty.pretty(message)) == message

    pastes_back()


def test_hypothesis_prints_a_message_as_code():
    @settings(PRINTED, print_blob=False)
    @given(closure=strategies.execution_closures(phase="RUNNING"))
    def fails(closure):
        raise AssertionError

    with pytest.raises(AssertionError) as caught:
        fails()

    assert "\n".join(caught.value.__notes__).startswith(
        "Failing test case: fails(\n"
        "    closure=flyteidl.admin.execution_pb2.ExecutionClosure(\n"
        "        phase='RUNNING',\n"
        "        started_at={'seconds': 1704067201},\n"
    )


def test_what_fits_stands_on_one_line():
    error = core.ExecutionError(code="a", kind="SYSTEM")

    assert as_code(error) == ("flyteidl.core.execution_pb2.ExecutionError(code='a', kind='SYSTEM')")


def test_a_giant_text_prints_as_a_product():
    error = core.ExecutionError(message="Traceback line\n" * 4000)

    code = as_code(error)

    assert "message='Traceback line\\n' * 4000" in code
    assert evaluated(code) == error


def test_an_unknown_phase_prints_as_its_number():
    closure = execution_pb2.ExecutionClosure(phase=42)

    assert as_code(closure) == "flyteidl.admin.execution_pb2.ExecutionClosure(phase=42)"


def test_floats_that_have_no_literal_print_as_calls():
    primitive = literals_pb2.Primitive(float_value=math.inf)

    assert as_code(primitive) == ("flyteidl.core.literals_pb2.Primitive(float_value=float('inf'))")


def test_a_struct_prints_as_calls_since_a_dict_means_its_content():
    literal = text_format.Parse(
        'scalar { generic { fields { key: "fields" value { number_value: 1 } } } }',
        literals_pb2.Literal(),
    )

    assert evaluated(as_code(literal)) == literal


def test_an_empty_message_inside_is_not_lost():
    literal = literals_pb2.Literal(collection={})

    assert as_code(literal) == "flyteidl.core.literals_pb2.Literal(collection={})"
    assert evaluated(as_code(literal)).HasField("collection")


@settings(PRINTED, max_examples=10)
@given(strategies.node_trees(max_nodes=1, max_depth=1))
def test_a_tree_prints_as_the_code_that_makes_it(tree):
    words = {**MODULES, "NodeTree": strategies.NodeTree, "TreeNode": strategies.TreeNode}

    assert eval(pretty.pretty(tree), words) == tree  # noqa: S307  our own code
