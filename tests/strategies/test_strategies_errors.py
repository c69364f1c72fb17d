from __future__ import annotations

import pytest
from flyteidl.core import execution_pb2 as core
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import FEW, MORE, simplest
from flyte_testkit.failures import Failure
from flyte_testkit.strategies import execution_errors
from flyte_testkit.strategies._error_texts import REALISTIC
from flyte_testkit.strategies._errors import failures


def test_an_error_shrinks_to_an_ordinary_one():
    assert simplest(execution_errors()) == core.ExecutionError(
        code="USER:RuntimeError", message="0", kind="USER"
    )


@pytest.mark.parametrize(
    "condition",
    [
        lambda error: not error.message,
        lambda error: not error.code,
        lambda error: error.code.startswith("RetriesExhausted|"),
        lambda error: error.code.startswith("RetriesExhausted|USER:"),
        lambda error: "OOMKilled" in error.message,
        lambda error: "137" in error.message and "OOM" not in error.code,
        lambda error: "\n" in error.message,
        lambda error: not error.message.isascii(),
        lambda error: len(error.message) > 8 * 1024,
        lambda error: len(error.message) == 65_536,
        lambda error: error.kind == core.ExecutionError.UNKNOWN,
        lambda error: error.HasField("timestamp"),
        lambda error: "\0" in error.message,
    ],
    ids=range(13),
)
def test_odd_errors_are_found(condition):
    assert condition(simplest(execution_errors(), condition))


@MORE
@given(execution_errors())
def test_a_code_fits_into_a_column(error):
    assert "\0" not in error.code
    assert "{pod}" not in error.message


@FEW
@given(st.data(), st.sampled_from(["USER", "SYSTEM", "UNKNOWN"]), st.integers(0, 50))
def test_kind_and_size_are_kept(data, kind, most):
    error = data.draw(execution_errors(kind=kind, max_size=most))

    assert core.ExecutionError.ErrorKind.Name(error.kind) == kind
    assert len(error.message) <= most


def test_errors_of_megabytes_can_be_asked_for():
    size = 2 * 1024 * 1024

    found = simplest(execution_errors(max_size=size), lambda error: len(error.message) == size)

    assert found.message == "x" * size


def test_a_failure_of_a_script_shrinks_to_an_ordinary_one():
    assert simplest(failures()) == Failure("0")


def test_most_realistic_failures_are_drawn_soon():
    missing = {failure.message for failure in REALISTIC}

    @settings(MORE, max_examples=200)
    @given(failures())
    def collect(failure):
        missing.discard(failure.message)

    collect()

    assert len(missing) < len(REALISTIC) / 4
