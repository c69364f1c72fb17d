"""What may be planted as the script of a launch, and what to say of everything else.

A script is a finished timeline, or a tree: what happens in the nodes; or a function that gets the
launch and returns one. Much can be called that is no such function: an ending without its
parentheses, a failure's maker, a class. Ignorant of what is done with a script.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any, TypeAlias

from flyte_testkit import failures, nodes
from flyte_testkit.errors import TimelineError, shown
from flyte_testkit.failures import Failure
from flyte_testkit.launches._launch import Launch
from flyte_testkit.nodes import Node, Where, Workflow
from flyte_testkit.timeline import (
    OpenTimeline,
    Timeline,
    queued,
    require_timeline,
    running,
    undefined,
)

__all__ = ["Played", "Script", "check", "require_played"]

Played: TypeAlias = Timeline | Workflow | Where
"""What an execution plays."""

Script: TypeAlias = Timeline | Workflow | Where | Callable[[Launch], Played]
"""What may be planted for one."""

_OPENERS = (undefined, queued, running)  # called, they begin a script; themselves they are none


def require_played(value: object, what: str) -> Played:
    """Return the value if an execution can play it, else say how to make such a one.

    Args:
        value: What a user passed.
        what: What the user called.

    Raises:
        TimelineError: It is neither a finished timeline nor a tree of nodes.
    """
    if isinstance(value, (Workflow, Where)):
        return value
    if isinstance(value, Node):
        raise TimelineError(
            f"{what}: {shown(value)} is one node, not all that an execution does."
            f"\nGive it a name: nodes.workflow(train={shown(value)}); for a node of a registered"
            " workflow nodes.where(…)."
        )
    return require_timeline(value, what)


def check(script: object, what: str) -> None:
    """Refuse what is no script.

    Args:
        script: What somebody planted.
        what: What it is to those who planted it.

    Raises:
        TimelineError: It is neither a finished timeline, nor a tree of nodes, nor a function that
            could make one.
    """
    if isinstance(script, (Timeline, Workflow, Where)):
        return
    if advice := _advice(script):
        raise TimelineError(f"{what}: {shown(script)} is not a timeline.\n{advice}")
    if not callable(script) or any(script is opener for opener in _OPENERS) or _is_verb(script):
        require_played(script, what)
    if maker := _maker_of_nodes(script):
        raise TimelineError(f"{what}: {maker} is not called yet.\nWrite {maker}(…).")
    if problem := _no_function_of_a_launch(script):
        raise TimelineError(
            f"{what}: {shown(script)} {problem}.\n"
            "A function gets the launch and returns a timeline: "
            "lambda launch: running(60).succeeds()."
        )


def _is_verb(script: object) -> bool:
    """Say whether it is a method of a timeline that nobody called."""
    return isinstance(script, MethodType) and isinstance(
        script.__self__, (OpenTimeline, Timeline, Workflow, Where)
    )


def _maker_of_nodes(script: object) -> str:
    """Return how a word for nodes is written, if it is one that nobody called."""
    name = getattr(script, "__name__", "")
    return f"nodes.{name}" if name in nodes.__all__ and getattr(nodes, name) is script else ""


def _advice(script: object) -> str:
    """Return what to write instead of what is nearly a script."""
    name = getattr(script, "__name__", "")
    if isinstance(script, Failure) or vars(failures).get(name, failures) is script:
        call = f"failures.{name}()" if name else "…"
        return f"A failure is how a run ends: write running(60).fails({call})."
    if isinstance(script, BaseException):
        return f"Write running(60).fails({str(script)!r})."
    if isinstance(script, (list, tuple, set, frozenset)):
        return "Scripts are given one by one: .plays(*scripts)."
    if inspect.isgenerator(script):
        return "Scripts are given one by one: .plays(*scripts)."
    if script is None:
        return "Write one, such as running(60).succeeds()."
    return ""


def _no_function_of_a_launch(script: Any) -> str:
    """Say why something that can be called cannot be called with a launch."""
    if inspect.iscoroutinefunction(script):
        return "is asynchronous, but FlyteAdmin waits for nobody"
    if inspect.isgeneratorfunction(script):
        return "yields, but a launch has one script"
    if isinstance(script, type):
        return "is a class"
    try:
        inspect.signature(script).bind(None)
    except TypeError as error:
        return f"cannot be called with a launch ({error})"
    except ValueError:  # written in C, it may not tell
        return ""
    return ""
