import signal

import pytest

from flyte_testkit import nodes, running
from nightly.cli import main

DAY = "2024-03-10"


def test_a_run_that_succeeds_prints_what_it_made(pipeline, flyte_env, flyte_clock, capsys):
    pipeline.plays(nodes.where(publish=nodes.task(running(3600).succeeds(o0="models/x"))))

    assert main(["run", DAY]) == 0
    assert "succeeded: models/x" in capsys.readouterr().out
    assert flyte_clock.elapsed == 3600


def test_a_run_that_fails_is_told_with_its_node(pipeline, flyte_env, capsys):
    pipeline.plays(nodes.where(publish=nodes.task(running(60).fails("PermissionError: no"))))

    assert main(["run", DAY]) == 1
    assert "n2 failed, attempt 1: " in capsys.readouterr().out


def test_a_run_that_somebody_stopped_is_told_with_the_cause(pipeline, flyte_env, capsys):
    pipeline.plays(running(60).aborts("too dear", principal="ann"))

    assert main(["run", DAY]) == 1
    assert "aborted: too dear" in capsys.readouterr().out


def test_a_run_that_never_ends_is_given_up(pipeline, flyte_env, flyte_clock, capsys):
    pipeline.plays(running().never_ends())

    assert main(["run", DAY, "--timeout", "600"]) == 3
    assert "is not over after 600 s" in capsys.readouterr().out
    assert flyte_clock.elapsed == 600


def test_ctrl_c_terminates_the_run(pipeline, flyte_env, flyte_clock, capsys):
    pipeline.plays(running(3600).succeeds(o0="models/x"))
    flyte_clock.call_later(100, lambda: signal.raise_signal(signal.SIGINT))

    assert main(["run", DAY]) == 130
    assert pipeline.launches[0].phase in {"ABORTING", "ABORTED"}


def test_why_reads_a_run_of_yesterday(pipeline, flyte_env, capsys):
    pipeline.plays(nodes.where(extract=nodes.task(running(60).fails("no disk"))))
    main(["run", DAY])
    capsys.readouterr()

    assert main(["why", f"nightly-{DAY}"]) == 1
    assert capsys.readouterr().out.startswith("n0 failed, attempt 1: ")


def test_recover_says_when_it_is_not_worth_it(pipeline, flyte_env, capsys):
    pipeline.plays(nodes.where(extract=nodes.task(running(60).fails("no disk"))))
    main(["run", DAY])

    assert main(["recover", f"nightly-{DAY}"]) == 2
    assert "n0 would fail again" in capsys.readouterr().out


def test_a_name_that_nobody_has_is_no_traceback(flyte_env, capsys):
    assert main(["why", "nightly-2024-02-30"]) == 2
    assert capsys.readouterr().out == "Flyte has nothing of that name\n"


@pytest.mark.parametrize("nonsense", [[], ["dance"], ["run"]])
def test_nonsense_is_refused(nonsense, capsys):
    with pytest.raises(SystemExit):
        main(nonsense)
