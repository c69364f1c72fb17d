from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis.vendor import pretty

from flyte_testkit import TimelineError, failures
from flyte_testkit.failures import BUILDERS, Failure


def test_a_plain_message_is_an_exception_in_a_task_of_the_user() -> None:
    failure = Failure("bad number 2")

    assert failure.code == "USER:RuntimeError"
    assert failure.kind == "USER"


def test_oom_killed_says_what_a_workflow_says_on_a_real_cluster() -> None:
    failure = failures.oom_killed().worded_for("awv5fd9z7xzkdbh9lhz4")

    assert failure.code == "RetriesExhausted|OOMKilled"
    assert failure.kind == "USER"
    assert failure.message == (
        "[1/1] currentAttempt done. Last Error: USER::Pod failed. No message received from"
        " kubernetes.\r\n[awv5fd9z7xzkdbh9lhz4-n0-0] terminated with exit code (137)."
        " Reason [OOMKilled]. Message: \n."
    )


def test_the_pod_is_named_after_execution_node_and_attempt() -> None:
    failure = Failure("{pod} and {pod}, not {this}").worded_for("run", node_id="n3", attempt=2)

    assert failure == Failure("run-n3-2 and run-n3-2, not {this}")


def test_a_failure_without_a_pod_stays_as_it_is() -> None:
    failure = Failure("no braces here")

    assert failure.worded_for("run") is failure


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_a_named_failure_prints_as_the_call_that_makes_it(name: str) -> None:
    failure = BUILDERS[name]()

    assert repr(failure) == f"failures.{name}()"
    assert failure.builder == name
    assert eval(repr(failure), {"failures": failures}) == failure  # noqa: S307  our own repr


def test_a_named_failure_with_its_pod_filled_in_prints_in_full() -> None:
    worded = failures.oom_killed().worded_for("run")

    assert worded.builder is None
    assert repr(worded).startswith("failures.Failure('[1/1] currentAttempt done.")


@pytest.mark.parametrize(
    "code",
    [
        "failures.Failure('x')",
        "failures.Failure('x', code='')",
        "failures.Failure('x', kind='SYSTEM')",
        "failures.Failure('x', code='OOM', kind='UNKNOWN')",
    ],
)
def test_the_repr_is_the_code_that_makes_it(code: str) -> None:
    failure = eval(code, {"failures": failures})  # noqa: S307  our own repr

    assert repr(failure) == code
    assert pretty.pretty(failure) == code


def test_failures_are_equal_by_value_however_they_were_made() -> None:
    named = failures.oom_killed()
    written = Failure(named.message, code=named.code, kind=named.kind)

    assert written == named
    assert hash(written) == hash(named)
    assert Failure("x") != Failure("x", kind="SYSTEM")


def test_a_failure_cannot_be_changed() -> None:
    failure = Failure("x")

    with pytest.raises(AttributeError):
        failure.message = "y"  # type: ignore[misc]  # that is the test


def test_a_failure_can_be_copied_and_pickled() -> None:
    failure = failures.oom_killed()

    assert repr(copy.deepcopy(failure)) == "failures.oom_killed()"
    assert repr(pickle.loads(pickle.dumps(failure))) == "failures.oom_killed()"  # noqa: S301  our own bytes


@pytest.mark.parametrize(
    ("kind", "help_"),
    [("USR", "Did you mean 'USER'?"), ("system", "Did you mean 'SYSTEM'?"), (7, "Kinds are USER")],
)
def test_a_misspelt_kind_is_named_with_its_neighbor(kind: object, help_: str) -> None:
    with pytest.raises(TimelineError) as caught:
        Failure("x", kind=kind)  # type: ignore[arg-type]  # that is the test

    assert repr(kind) in str(caught.value)
    assert help_ in str(caught.value)


@pytest.mark.parametrize("message", [None, 5, b"bytes", ValueError("x")])
def test_a_message_is_text(message: object) -> None:
    with pytest.raises(TimelineError, match="the message of a failure is text, not"):
        Failure(message)  # type: ignore[arg-type]  # that is the test


def test_text_that_no_server_could_store_is_refused() -> None:
    with pytest.raises(TimelineError, match="surrogate pair"):
        Failure("half \ud800")
    with pytest.raises(TimelineError, match="NUL"):
        Failure("x", code="a\0b")
    assert Failure("a NUL is fine here \0").message.endswith("\0")
