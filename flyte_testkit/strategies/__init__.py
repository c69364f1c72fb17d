"""Hypothesis strategies: the lives of executions that nobody thought of.

::

    @given(timeline=timelines(max_seconds=600))
    def test_tells_success_from_failure(timeline): ...

    @given(closure=execution_closures(phase="FAILED"))
    def test_words_every_failure(closure):
        assert describe(closure.error)

Three families. :func:`timelines` and :func:`scripts` are played by a fake FlyteAdmin;
:func:`terminal_outcomes` is their plain cousin for ``parametrize``. :func:`executions`,
:func:`node_executions`, :func:`task_executions`, their ``…_closures`` and :func:`node_trees` are
messages as a real server shows them, in which everything agrees; with ``legal=False`` they are what
only a broken server sends. :func:`literals`, :func:`identifiers` and their kin are the parts, and
:func:`messages` makes any message at all.

Everything shrinks towards the ordinary: what is odd in a minimal example is what matters.
Everything prints as code that pastes back: importing this package teaches Hypothesis to print
protobuf messages as the call that makes them (:func:`as_code`), and timelines print as the words
that they are written in. Arguments are checked when a strategy is defined, not when it is drawn
from, and what is wrong raises Hypothesis's ``InvalidArgument``.
"""

from __future__ import annotations

from flyte_testkit.strategies._errors import execution_errors
from flyte_testkit.strategies._executions import execution_closures, executions
from flyte_testkit.strategies._faults import PlannedFault, fault_plans
from flyte_testkit.strategies._identifiers import execution_names, identifiers
from flyte_testkit.strategies._literals import literal_maps, literal_types, literals
from flyte_testkit.strategies._messages import messages
from flyte_testkit.strategies._nodes import node_execution_closures, node_executions
from flyte_testkit.strategies._printing import as_code, teach_hypothesis
from flyte_testkit.strategies._scripts import scripts
from flyte_testkit.strategies._tasks import task_execution_closures, task_executions
from flyte_testkit.strategies._timelines import terminal_outcomes, timelines
from flyte_testkit.strategies._trees import NodeTree, TreeNode, node_trees

__all__ = [
    "NodeTree",
    "PlannedFault",
    "TreeNode",
    "as_code",
    "execution_closures",
    "execution_errors",
    "execution_names",
    "executions",
    "fault_plans",
    "identifiers",
    "literal_maps",
    "literal_types",
    "literals",
    "messages",
    "node_execution_closures",
    "node_executions",
    "node_trees",
    "scripts",
    "task_execution_closures",
    "task_executions",
    "terminal_outcomes",
    "timelines",
]

teach_hypothesis()
