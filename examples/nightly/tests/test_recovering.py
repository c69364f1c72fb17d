import pytest

from flyte_testkit import failures, nodes, running
from nightly.launching import launch
from nightly.recovering import NotWorthIt, recover


def where_fitting(*attempts):
    return nodes.where(
        extract=nodes.task(running(600).succeeds(o0=100)),
        training=nodes.subworkflow(fit=nodes.task(*attempts)),
    )


def test_what_succeeded_is_kept_and_the_rest_runs_anew(pipeline, flyte_remote, flyte_clock):
    pipeline.plays(
        where_fitting(running(600).fails(failures.oom_killed())),
        where_fitting(running(300).succeeds(o0=0.9)),
    )
    flyte_remote.wait(launch(flyte_remote, "2024-03-10"))
    before = flyte_clock.elapsed

    recovered = flyte_remote.wait(recover(flyte_remote, "nightly-2024-03-10"), poll_interval=1)

    assert recovered.is_successful
    assert flyte_clock.elapsed - before == 300
    assert pipeline.launches[1].nodes["extract"].phase == "RECOVERED"


def test_a_mistake_in_the_code_is_not_tried_again(pipeline, flyte_remote):
    pipeline.plays(where_fitting(running(600).fails("ValueError: no such column")))
    flyte_remote.wait(launch(flyte_remote, "2024-03-10"))

    with pytest.raises(NotWorthIt, match="n1 / n1-0-n0 would fail again"):
        recover(flyte_remote, "nightly-2024-03-10")
    assert len(pipeline.launches) == 1


def test_what_did_not_fail_is_not_recovered(pipeline, flyte_remote):
    pipeline.plays(where_fitting(running(600).succeeds(o0=0.9)))
    flyte_remote.wait(launch(flyte_remote, "2024-03-10"))

    with pytest.raises(NotWorthIt, match="no node that failed"):
        recover(flyte_remote, "nightly-2024-03-10")
