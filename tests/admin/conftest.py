"""A store with builders over it; ``builders`` has them and small makers of messages."""

from __future__ import annotations

import pytest
from builders import NOW, Make

from flyte_testkit.admin.database.store import Store
from flyte_testkit.admin.definitions.launch_plans import LaunchPlanManager
from flyte_testkit.admin.definitions.workflows import WorkflowManager
from flyte_testkit.admin.executions.executions import ExecutionManager
from flyte_testkit.admin.executions.executor import Admission, WorkflowExecutor
from flyte_testkit.admin.executions.identity import Identity
from flyte_testkit.admin.executions.launcher import Launcher
from flyte_testkit.admin.executions.random_names import Chance
from flyte_testkit.admin.executions.single_task import SingleTasks
from flyte_testkit.admin.projects.attributes import Attributes


class NotingExecutor(WorkflowExecutor):
    """Notes what it is told; ``refusal`` is what it says to new executions."""

    def __init__(self):
        self.admitted = []
        self.executed = []
        self.aborted = []
        self.refusal = None
        self.admission = Admission()

    def admit(self, execution, inputs):
        self.admitted.append((execution, inputs))
        if self.refusal is not None:
            raise self.refusal
        return self.admission

    def execute(self, execution, admission, now):
        assert admission is self.admission
        self.executed.append((execution, now))

    def abort(self, execution, now):
        self.aborted.append((execution, now))


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def make(store):
    """Builders over ``store``, which holds project ``p`` already."""
    builders = Make(store)
    builders.project()
    return builders


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def attributes(store):
    return Attributes(store)


@pytest.fixture
def identity():
    return Identity()


@pytest.fixture
def executor():
    return NotingExecutor()


@pytest.fixture
def executions(store, identity, executor):
    """An ExecutionManager over ``store``, which speaks to ``executor``."""
    launcher = Launcher(
        store,
        executor=executor,
        identity=identity,
        chance=Chance(0),
        single_tasks=SingleTasks(
            store,
            create_workflow=WorkflowManager(store).create_workflow,
            store_launch_plan=LaunchPlanManager(store).store_launch_plan,
        ),
    )
    return ExecutionManager(store, launcher=launcher, executor=executor, identity=identity)
