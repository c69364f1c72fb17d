"""Kinds of nodes, and what each leaves behind: a table.

Taken from catalogue sections 21.2 and 21.3. Ignorant of Hypothesis and of times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["KINDS", "Kind"]

_COMMON: Final = ("QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "ABORTED", "SKIPPED")


@dataclass(frozen=True)
class Kind:
    """One kind of node.

    Attributes:
        name: How this package calls it.
        phases: The phases in which it can be seen.
        outputs: Whether it has an address of outputs when it has succeeded.
        inputs: Whether it has an address of inputs.
        runs: Whether it passes through RUNNING, so that it has a start.
        children: Whether other nodes stand below it once it runs.
        deck: Whether its task can make a deck.
        checkpoint: Whether its end brings the address of checkpoints.
        cached: The status of the cache when it has succeeded.
        child_execution: Whether it launches an execution.
        is_array: Whether it is a map.
        is_dynamic: Whether its children are made while it runs.
    """

    name: str
    phases: tuple[str, ...]
    outputs: bool = True
    inputs: bool = True
    runs: bool = True
    children: bool = False
    deck: bool = False
    checkpoint: bool = False
    cached: str = ""
    child_execution: bool = False
    is_array: bool = False
    is_dynamic: bool = False


KINDS: Final = (
    Kind("task", (*_COMMON, "TIMED_OUT", "RECOVERED"), deck=True, checkpoint=True),
    Kind("start", ("SUCCEEDED",), inputs=False, runs=False),
    Kind("end", ("QUEUED", "SUCCEEDED", "SKIPPED"), outputs=False, runs=False),
    Kind("cache hit", ("SUCCEEDED",), runs=False, cached="CACHE_HIT"),
    Kind("cached task", ("SUCCEEDED",), checkpoint=True, cached="CACHE_POPULATED"),
    Kind("sub-workflow", (*_COMMON, "RECOVERED"), children=True),
    Kind(
        "dynamic",
        ("DYNAMIC_RUNNING", "SUCCEEDED", "FAILED", "ABORTED"),
        children=True,
        is_dynamic=True,
    ),
    Kind("branch", (*_COMMON, "RECOVERED"), children=True),
    Kind("launch plan", (*_COMMON, "RECOVERED"), child_execution=True),
    Kind("map", _COMMON, is_array=True),
    Kind("gate", (*_COMMON, "RECOVERED")),
    Kind("sleep", _COMMON, outputs=False),
)
"""All kinds, the commonest first."""
