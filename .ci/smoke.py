"""What somebody sees who installed the wheel and nothing else of this project."""

from pathlib import Path

import flyte_testkit
from flyte_testkit import running


def test_the_package_comes_from_the_wheel():
    assert "site-packages" in Path(flyte_testkit.__file__).parts


def test_an_execution_is_launched_waited_for_and_read(flyte_admin, flyte_remote):
    nightly = flyte_admin.on_launch("nightly").plays(running(3600).succeeds(auc=0.91))
    plan = flyte_remote.fetch_launch_plan(name="nightly")

    execution = flyte_remote.execute(plan, inputs={}, wait=True)

    assert execution.outputs["auc"] == 0.91
    assert nightly.launches[0].phase == "SUCCEEDED"
    assert flyte_admin.clock.elapsed == 3600
