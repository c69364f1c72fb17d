from __future__ import annotations

import pytest

from flyte_testkit.admin.compiler.errors import CompileErrors, RequirementErrors


def test_sorts_errors_by_code_then_text_and_numbers_them():
    errors = CompileErrors()
    errors.add("B", "n1", "second")
    errors.add("B", "n0", "first")
    errors.add("A", "z", "zeroth")
    assert str(errors) == (
        "Collected Errors: 3\n"
        "\tError 0: Code: A, Node Id: z, Description: zeroth\n"
        "\tError 1: Code: B, Node Id: n0, Description: first\n"
        "\tError 2: Code: B, Node Id: n1, Description: second\n"
    )


def test_keeps_an_error_once_but_counts_it_each_time():
    errors = CompileErrors()
    errors.add("A", "n", "x")
    errors.add("A", "n", "x")
    assert str(errors).startswith("Collected Errors: 1\n")
    assert errors.count == 2


def test_ends_a_stage_only_if_something_is_wrong():
    errors = CompileErrors()
    errors.raise_if_any()
    errors.add("A", "n", "x")
    with pytest.raises(CompileErrors) as raised:
        errors.raise_if_any()
    assert raised.value is errors


def test_says_when_it_could_not_find_out_what_is_needed():
    assert str(RequirementErrors()) == (
        "failed to get workflow requirements with err Collected Errors: 0\n"
    )
