from __future__ import annotations

import pytest
from builders import NOW, execution_id, identifier, literals
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2

from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.executions.execution_rows import Birth, execution_row, for_list


def born(**fields):
    birth = Birth(
        project="p",
        domain="development",
        name="e1",
        spec=execution_pb2.ExecutionSpec(),
        workflow=identifier(identifier_pb2.WORKFLOW, "w"),
        workflow_id=1,
        inputs_uri="i",
        user_inputs_uri="u",
        **fields,
    )
    return execution_row(birth, NOW)


@pytest.mark.parametrize(
    ("code", "shown", "kind"),
    [
        ("INTERNAL", "Internal", "SYSTEM"),
        ("UNKNOWN", "Unknown", "SYSTEM"),
        ("INVALID_ARGUMENT", "InvalidArgument", "USER"),
    ],
)
def test_what_fails_at_birth_has_the_code_as_go_names_it_and_blames_whom_it_concerns(
    code, shown, kind
):
    row = born(failure=AdminError(code, "why"))

    error = row.message.closure.error
    assert (row.phase, row.error_code, row.error_kind) == ("FAILED", shown, kind)
    assert (error.code, error.message) == (shown, "why")


@pytest.mark.parametrize("message", ["short", "x" * 101])
def test_lists_show_everything_but_inputs_and_the_end_of_an_error(message):
    whole = execution_pb2.Execution(id=execution_id())
    whole.spec.max_parallelism = 7
    whole.closure.error.code = "C"
    whole.closure.error.message = message
    light = execution_pb2.Execution()
    light.CopyFrom(whole)
    light.closure.error.message = message[:100]
    whole.spec.inputs.CopyFrom(literals(x=1))
    assert for_list(whole) == light

    whole.spec.ClearField("inputs")
    whole.closure.computed_inputs.CopyFrom(literals(x=1))
    assert for_list(whole) == light
