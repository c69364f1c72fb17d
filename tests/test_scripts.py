"""What is no script is told what to write instead, when it is planted."""

import functools

import pytest

from flyte_testkit import failures, immediately, running
from flyte_testkit.errors import TimelineError
from flyte_testkit.launches._scripts import check

FINISHED = running(60).succeeds()


class Scripts:
    def method(self, _launch):
        return FINISHED

    def __call__(self, _launch):
        return FINISHED


async def later(launch):
    return FINISHED


def several(launch):
    yield FINISHED


@pytest.mark.parametrize(
    "script",
    [
        FINISHED,
        lambda _: FINISHED,
        lambda *_: FINISHED,
        Scripts().method,
        Scripts(),
        functools.partial(lambda _n, _launch: FINISHED, 1),
        {}.get,
    ],
)
def test_timelines_and_functions_of_a_launch_are_scripts(script):
    check(script, "it")


@pytest.mark.parametrize(
    ("script", "advice"),
    [
        (
            running(60).succeeds,
            "running(60).succeeds is not called yet.\nWrite running(60).succeeds",
        ),
        (running(60).fails, "running(60).fails is not called yet."),
        (running(60).running, "running(60).running is not called yet."),
        (immediately.succeeds, ".succeeds is not called yet."),
        (running, "running only opens a timeline.\nWrite running(60).succeeds()."),
        (running(60), "running(60) has no ending."),
        (immediately, "has no ending."),
        (failures.oom_killed, "write running(60).fails(failures.oom_killed())."),
        (failures.oom_killed(), "A failure is how a run ends: write running(60).fails(…)."),
        (RuntimeError("disk full"), "Write running(60).fails('disk full')."),
        ([FINISHED, FINISHED], "Scripts are given one by one: .plays(*scripts)."),
        (iter([FINISHED]), "is not a timeline."),
        ((script for script in [FINISHED]), "Scripts are given one by one: .plays(*scripts)."),
        (None, "None is not a timeline.\nWrite one, such as running(60).succeeds()."),
        ("RUNNING 10m -> SUCCEEDED", "is text, not a timeline."),
        (60, "60 is not a timeline."),
        (later, "is asynchronous, but FlyteAdmin waits for nobody."),
        (several, "yields, but a launch has one script."),
        (RuntimeError, "is a class."),
        (Scripts, "is a class."),
        (lambda: FINISHED, "cannot be called with a launch (too many positional arguments)."),
        (lambda _launch, _more: FINISHED, "(missing a required argument: '_more')."),
        (lambda *, _launch: FINISHED, "cannot be called with a launch"),
    ],
)
def test_everything_else_is_told_what_to_write(script, advice):
    with pytest.raises(TimelineError) as caught:
        check(script, "script 1 of on_launch('nightly').plays(…)")

    assert str(caught.value).startswith("script 1 of on_launch('nightly').plays(…): ")
    assert advice in str(caught.value)
    assert len(str(caught.value)) < 500
