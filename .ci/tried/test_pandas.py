"""`Timestamp.now()` and `to_datetime("now")` follow the clock; `numpy.datetime64("now")` is C code, and real."""

from datetime import timedelta

import numpy as np
import pandas as pd

from flyte_testkit import failures, running


def table(remote):
    """The code under test: what ended within an hour, as a table."""
    runs = pd.DataFrame(
        {
            "name": run.id.name,
            "ok": run.is_successful,
            "ended": pd.Timestamp(run.closure.updated_at),
            "seconds": run.closure.duration.total_seconds(),
        }
        for run in remote.recent_executions()
        if run.is_done
    )
    recent = runs["ended"] > pd.Timestamp.now("UTC") - pd.Timedelta(hours=1)
    return runs[recent].set_index("name").sort_index()


def test_a_table_of_runs_has_their_virtual_times(flyte_admin, flyte_client):
    flyte_admin.add_execution("early", running(600).succeeds())
    flyte_admin.add_execution("score", running(7000).fails(failures.oom_killed()))
    flyte_admin.add_execution("train", running(7200).succeeds())
    flyte_admin.clock.advance(timedelta(hours=3) - timedelta(minutes=30))

    found = table(flyte_client)

    assert list(found.index) == ["score", "train"]
    assert list(found["ok"]) == [False, True]
    assert found["seconds"].sum() == 14_200


def test_pandas_now_is_the_clocks_and_numpys_is_not(flyte_clock):
    flyte_clock.advance(3600)

    assert pd.Timestamp.now("UTC") == pd.Timestamp("2024-01-01T01:00Z")
    assert pd.to_datetime("now", utc=True) == pd.Timestamp("2024-01-01T01:00Z")
    assert pd.Timestamp.today().year == 2024
    assert pd.Timestamp(np.datetime64("now")).year > 2024
