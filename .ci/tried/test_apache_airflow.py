"""A trigger's event loop and an operator's `execute` are on the clock; the scheduler and its workers are other processes, whose time is real."""

import asyncio
import os
import tempfile

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp()  # airflow writes its configuration when imported

import pytest
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, TaskDeferred
from airflow.triggers.base import BaseTrigger, TriggerEvent

from flyte_testkit import failures, running
from flyte_testkit.client import FlyteRemote

HOME = {"default_project": "flytesnacks", "default_domain": "development"}


class ExecutionTrigger(BaseTrigger):
    """Waits for a run, without a worker's slot."""

    def __init__(self, name, poll_interval=30.0):
        super().__init__()
        self.name = name
        self.poll_interval = poll_interval

    def serialize(self):
        """Return what the triggerer stores."""
        arguments = {"name": self.name, "poll_interval": self.poll_interval}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self):
        """Yield one event when the run is over."""
        with FlyteRemote.auto(**HOME) as remote:
            while True:
                run = await asyncio.to_thread(remote.fetch_execution, name=self.name)
                if run.is_done:
                    yield TriggerEvent({"code": run.error.code if run.error else None})
                    return
                await asyncio.sleep(self.poll_interval)


class Launch(BaseOperator):
    """Launches a plan, and defers until its run is over."""

    def __init__(self, *, plan, **arguments):
        super().__init__(**arguments)
        self.plan = plan

    def execute(self, context):
        """Launch, and give the slot back."""
        with FlyteRemote.auto(**HOME) as remote:
            run = remote.execute(remote.fetch_launch_plan(name=self.plan), inputs={})
        self.defer(trigger=ExecutionTrigger(run.id.name), method_name="resume")

    def resume(self, context, event):
        """Fail if the run failed."""
        if event["code"] is not None:
            raise AirflowException(event["code"])


def played(operator):
    """Do as a worker and a triggerer do, one after the other."""
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    trigger = deferred.value.trigger

    async def first():
        async for event in trigger.run():
            return event.payload
        return None

    getattr(operator, deferred.value.method_name)({}, asyncio.run(first()))


def test_a_deferred_operator_resumes_when_the_run_is_over(flyte_admin, flyte_env):
    flyte_admin.on_launch("nightly").plays(running(8 * 3600).succeeds())

    played(Launch(task_id="launch", plan="nightly"))

    assert flyte_admin.clock.elapsed == 8 * 3600


def test_a_deferred_operator_fails_as_its_run_does(flyte_admin, flyte_env):
    flyte_admin.on_launch("nightly").plays(running(600).fails(failures.oom_killed()))

    with pytest.raises(AirflowException, match="OOMKilled"):
        played(Launch(task_id="launch", plan="nightly"))


def test_a_python_operator_waits_on_the_clock(flyte_admin, flyte_client):
    flyte_admin.add_execution("train", running(3600).succeeds(auc=0.91))

    def wait(name):
        return flyte_client.wait(flyte_client.fetch_execution(name=name)).outputs["auc"]

    task = PythonOperator(task_id="task", python_callable=wait, op_args=["train"])

    assert task.execute({}) == 0.91
    assert flyte_admin.clock.elapsed == 3600
