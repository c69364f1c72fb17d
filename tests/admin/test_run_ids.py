from __future__ import annotations

from builders import node_id
from run_builders import attempt_id

from flyte_testkit.admin.rules import run_ids


def test_a_key_and_its_identifier_say_the_same():
    node, attempt = node_id("n1", "e7"), attempt_id("n1", "e7", attempt=3)

    assert run_ids.node_id(run_ids.node_key(node)) == node
    assert run_ids.task_execution_id(run_ids.task_execution_key(attempt)) == attempt


def test_an_org_is_not_kept():
    attempt = attempt_id()
    attempt.task_id.org = attempt.node_execution_id.execution_id.org = "o"

    assert run_ids.task_execution_id(run_ids.task_execution_key(attempt)) == attempt_id()
    assert run_ids.node_id(run_ids.node_key(attempt.node_execution_id)) == node_id()
