"""Workflows and scripts of nodes: definitions that are made of trees, and who plays what of them.

:func:`cast` finds the nodes of a registered workflow that a script names. :func:`drawn` says what a
tree tells of its workflow, :func:`joined` what several do together, :func:`scripted` what scripts
of single nodes add to that, and :func:`templates` makes of it what FlyteAdmin takes. Ignorant of
launches, of what is registered, and of time.
"""

from __future__ import annotations

from flyte_testkit.graphs.bound import constant
from flyte_testkit.graphs.casting import cast
from flyte_testkit.graphs.drawn import Gives, Graph, Plan, drawn
from flyte_testkit.graphs.joining import declaring, joined, scripted
from flyte_testkit.graphs.plans import Registered, given_by, plans_of, with_plans
from flyte_testkit.graphs.templates import Templates, templates

__all__ = [
    "Gives",
    "Graph",
    "Plan",
    "Registered",
    "Templates",
    "cast",
    "constant",
    "declaring",
    "drawn",
    "given_by",
    "joined",
    "plans_of",
    "scripted",
    "templates",
    "with_plans",
]
