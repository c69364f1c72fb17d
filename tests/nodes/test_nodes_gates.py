"""Gates and sleeps as they are written."""

from datetime import timedelta

import pytest

from flyte_testkit import failures, nodes, polls, queued, running
from flyte_testkit.errors import TimelineError

REFUSED = failures.approval_refused()


@pytest.mark.parametrize(
    "code",
    [
        "nodes.gate()",
        "nodes.gate(signal=float)",
        "nodes.gate(signal=list[int], timeout=3600, after='extract')",
        "nodes.gate(running(3600).succeeds())",
        "nodes.gate(nodes.immediately.succeeds(), after=())",
        "nodes.gate(running(5).succeeds(o0=0.5), signal=float)",
        "nodes.gate(running(polls(3)).fails(failures.approval_refused()))",
        "nodes.gate(running(6).times_out(), timeout=6)",
        "nodes.sleep(60)",
        "nodes.sleep(0, after=('a', 'b'))",
    ],
)
def test_they_print_as_they_are_written(code):
    value, again = eval(code), eval(code)  # noqa: S307  it is what is printed
    assert repr(value) == code.replace("nodes.immediately", "immediately")
    assert again == value
    assert hash(again) == hash(value)


def test_durations_are_read():
    assert nodes.sleep(timedelta(minutes=1)) == nodes.sleep(60)
    assert nodes.gate(timeout=timedelta(minutes=1)) == nodes.gate(timeout=60.0)


def test_a_gate_says_whether_a_value_comes():
    assert not nodes.gate(running(5).succeeds()).brings_value
    assert nodes.gate(running(5).succeeds(o0=0.5)).brings_value
    assert nodes.gate(signal=float).brings_value


def test_what_a_signal_brings_can_be_promised():
    nodes.workflow(
        rate=nodes.gate(signal=float), use=nodes.task(inputs={"x": nodes.promise("rate.o0")})
    )
    with pytest.raises(TimelineError, match="'rate' gives no 'value'"):
        nodes.workflow(
            rate=nodes.gate(signal=float), use=nodes.task(inputs={"x": nodes.promise("rate.value")})
        )


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: nodes.gate(running(60)), "has no ending"),
        (lambda: nodes.gate(running(60).fails("x")), "a gate runs no task; it fails because"),
        (lambda: nodes.gate(queued(3).running(6).succeeds()), "so it is not QUEUED"),
        (lambda: nodes.gate(running().never_ends()), r"Write nodes\.gate\(\)"),
        (lambda: nodes.gate(running(60).aborts("x")), "no engine aborts"),
        (lambda: nodes.gate(float), r"nodes\.gate\(signal=float\) for what it waits for"),
        (lambda: nodes.gate(nodes.task()), "does not say how the waiting ends"),
        (lambda: nodes.gate("go"), "is text, not a timeline"),
        (lambda: nodes.gate(signal=0.5), "Write signal=float; the value that comes is scripted"),
        (lambda: nodes.gate(running(5).succeeds(x=1)), r"Write \.succeeds\(o0=1\)"),
        (lambda: nodes.gate(running(5).succeeds(o0=1, x=1)), "brings one value"),
        (lambda: nodes.gate(running(5).fails(REFUSED), signal=int), "only an approval is refused"),
        (lambda: nodes.gate(running(50).succeeds(), timeout=6), "its time is up before that"),
        (lambda: nodes.gate(timeout=polls(3)), "an engine waits by its clock"),
        (lambda: nodes.gate(timeout="x"), "Write nodes.gate.timeout=60"),
        (lambda: nodes.sleep(None), r"Write nodes\.sleep\(60\)"),
        (lambda: nodes.sleep(-1), "not negative"),
        (lambda: nodes.sleep(True), "is a number of seconds or a timedelta"),
        (lambda: nodes.sleep(polls(3)), "an engine waits by its clock"),
        (lambda: nodes.sleep(float("nan")), "finite"),
        (lambda: nodes.where(go=nodes.gate(signal=float)), "the registered workflow says itself"),
        (lambda: nodes.where(go=nodes.gate(timeout=60)), "the registered workflow says itself"),
        (lambda: nodes.where(go=nodes.gate), r"Write go=nodes\.gate\(…\)"),
        (
            lambda: nodes.workflow(a=nodes.task()).on_failure(go=nodes.gate()),
            "a failure node is a task or a sub-workflow",
        ),
    ],
)
def test_what_no_gate_and_no_sleep_does_is_refused(made, words):
    with pytest.raises(TimelineError, match=words):
        made()


def test_it_is_the_script_of_a_gate_that_ends():
    with pytest.raises(AttributeError, match=r"Write nodes\.gate\(running\(60\)\.succeeds\(\)\)"):
        nodes.gate().succeeds()
