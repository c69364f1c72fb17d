from __future__ import annotations

import inspect
import re

import pytest
from flyteidl.admin import execution_pb2
from hypothesis.errors import InvalidArgument

from flyte_testkit import strategies as s

REFUSED = {
    "a misspelt phase": (
        lambda: s.execution_closures(phase="SUCEEDED"),
        (
            "execution_closures(phase='SUCEEDED'): an execution has no such phase."
            " Did you mean 'SUCCEEDED'?\nPhases are UNDEFINED, QUEUED,"
        ),
    ),
    "a phase in small letters": (
        lambda: s.task_executions(phase="running"),
        (
            "task_executions(phase='running'): an attempt of a task has no such phase."
            " Did you mean 'RUNNING'?"
        ),
    ),
    "an unknown number": (
        lambda: s.executions(phase=42),
        "executions(phase=42): an execution has no such phase.",
    ),
    "a truth for a phase": (
        lambda: s.executions(phase=True),
        "executions(phase=True): an execution has no such phase.",
    ),
    "a phase that is never sent": (
        lambda: s.node_execution_closures(phase="FAILING"),
        (
            "node_execution_closures(phase='FAILING'): no engine sends FAILING for a node."
            "\nFor what only a broken server shows, add legal=False."
        ),
    ),
    "an attempt's phase that is never sent": (
        lambda: s.task_execution_closures(phase="RETRYABLE_FAILED"),
        "no engine sends RETRYABLE_FAILED for an attempt of a task.",
    ),
    "legal without a truth": (
        lambda: s.node_executions(legal="no"),
        "node_executions(legal='no'): legal is True or False. Write one.",
    ),
    "legal names without a truth": (
        lambda: s.execution_names(legal=None),
        "execution_names(legal=None): legal is True or False.",
    ),
    "a misspelt kind": (
        lambda: s.execution_errors(kind="user"),
        "execution_errors(kind='user'): errors have no such kind. Did you mean 'USER'?",
    ),
    "a negative size": (
        lambda: s.execution_errors(max_size=-1),
        "execution_errors(max_size=-1): max_size is at least 0. Write max_size=0 or more.",
    ),
    "a size that is no number": (
        lambda: s.literal_maps(max_size="3"),
        "literal_maps(max_size='3'): max_size is a whole number, such as 0.",
    ),
    "half a step": (
        lambda: s.timelines(max_steps=1.5),
        "timelines(max_steps=1.5): max_steps is a whole number, such as 0.",
    ),
    "negative seconds": (
        lambda: s.timelines(max_seconds=-1),
        "timelines(max_seconds=-1): max_seconds is at least 0.",
    ),
    "endless seconds": (
        lambda: s.timelines(max_seconds=float("inf")),
        "timelines(max_seconds=inf): a timeline that ends, ends some time.",
    ),
    "no number of seconds": (
        lambda: s.scripts(max_seconds=float("nan")),
        "scripts(max_seconds=nan): max_seconds is a number, such as 0.",
    ),
    "an unknown outcome": (
        lambda: s.timelines(outcomes=["FAILURE"]),
        (
            "timelines(outcomes=['FAILURE']): 'FAILURE' is none of 'SUCCEEDED', 'FAILED',"
            " 'ABORTED', 'TIMED_OUT', None. Did you mean 'FAILED'?"
        ),
    ),
    "trees of timed-out executions": (
        lambda: s.scripts(nodes=True, outcomes=["TIMED_OUT"]),
        (
            "scripts(nodes=True, outcomes=['TIMED_OUT']): no engine lets an execution with nodes be"
            " TIMED_OUT: it has FAILED if a node has timed out.\nWrite outcomes=['FAILED']."
        ),
    ),
    "trees in any order": (
        lambda: s.scripts(nodes=True, any_order=True),
        "scripts(nodes=True, any_order=True): nodes come in their order, and by the clock.",
    ),
    "trees that wait for polls": (
        lambda: s.scripts(nodes=True, max_polls=2),
        "scripts(nodes=True, max_polls=2): nodes come in their order, and by the clock.",
    ),
    "nodes without a truth": (
        lambda: s.scripts(nodes="yes"),
        "scripts(nodes='yes'): nodes is True or False. Write one.",
    ),
    "trees of no nodes": (
        lambda: s.scripts(nodes=True, max_nodes=0),
        "scripts(max_nodes=0): max_nodes is at least 1. Write max_nodes=1 or more.",
    ),
    "an outcome without its list": (
        lambda: s.timelines(outcomes="FAILED"),
        (
            "timelines(outcomes='FAILED'): outcomes is a collection, and this is a single text."
            "\nWrite outcomes=['FAILED']."
        ),
    ),
    "no outcome": (
        lambda: s.timelines(outcomes=[]),
        "timelines(outcomes=[]): with none of them there is nothing to draw.",
    ),
    "one outcome that is no collection": (
        lambda: s.timelines(outcomes=None),
        "timelines(outcomes=None): outcomes is a collection of some of 'SUCCEEDED',",
    ),
    "an endless story without a phase": (
        lambda: s.timelines(outcomes=[None], max_steps=0),
        "timelines(max_steps=0, outcomes=[None]): what never ends needs a phase to stay in.",
    ),
    "outputs that are values": (
        lambda: s.timelines(outputs={"auc": 0.9}),
        (
            "timelines(outputs={'auc': 0.9}): outputs is a strategy, not a value."
            " Write outputs=st.just({'auc': 0.9})."
        ),
    ),
    "a misspelt resource type": (
        lambda: s.identifiers(resource_type="LAUNCHPLAN"),
        (
            "identifiers(resource_type='LAUNCHPLAN'): there is no such type."
            " Did you mean 'LAUNCH_PLAN'?"
        ),
    ),
    "an empty project": (
        lambda: s.identifiers(project=""),
        "identifiers(project=''): project is a text that is not empty.\nLeave it out to draw one.",
    ),
    "a type that Flyte has not": (
        lambda: s.literals(declared=set),
        "literals(declared=<class 'set'>): Flyte has no type for set: use list[…].",
    ),
    "types without names": (
        lambda: s.literal_maps(declared=int),
        "literal_maps(declared=<class 'int'>): types have names.",
    ),
    "a name of a message": (
        lambda: s.messages("Execution"),
        (
            "messages('Execution'): that is no class of protobuf messages."
            " Write messages(execution_pb2.Execution)."
        ),
    ),
    "a message for its class": (
        lambda: s.messages(execution_pb2.ExecutionClosure()),
        "that is no class of protobuf messages. Write messages(ExecutionClosure).",
    ),
    "a negative depth": (
        lambda: s.messages(execution_pb2.Execution, max_depth=-1),
        "messages(max_depth=-1): max_depth is at least 0.",
    ),
    "a tree of a phase without an engine": (
        lambda: s.node_trees(phase="QUEUED"),
        "node_trees(phase='QUEUED'): no engine leaves an execution with nodes in it.",
    ),
    "a tree without nodes": (
        lambda: s.node_trees(max_nodes=0),
        "node_trees(max_nodes=0): max_nodes is at least 1.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_arguments_are_refused_when_a_strategy_is_defined(case):
    define, message = REFUSED[case]

    with pytest.raises(InvalidArgument, match=re.escape(message)):
        define()


WITH_KEYWORDS = sorted(
    {n for n in s.__all__ if not isinstance(getattr(s, n), type)} - {"as_code", "terminal_outcomes"}
)


@pytest.mark.parametrize("name", WITH_KEYWORDS)
def test_a_misspelt_keyword_is_told_which_was_meant(name):
    strategy = getattr(s, name)
    meant = list(inspect.signature(strategy).parameters)[-1]

    with pytest.raises(TypeError) as refused:
        strategy(**{f"{meant}s": None})

    told = f"{name}() got an unexpected keyword argument '{meant}s'. Did you mean '{meant}'?"
    assert str(refused.value).startswith(f"{told}\nIt takes ")


@pytest.mark.parametrize("name", [n for n in s.__all__ if not isinstance(getattr(s, n), type)])
def test_every_strategy_says_what_it_shrinks_to(name):
    text = getattr(s, name).__doc__

    assert ">>>" in text
    assert "hrink" in text or name in {"as_code", "terminal_outcomes"}
