"""Workflows and scripts of nodes: definitions that are made of trees, and who plays what of them.

:func:`cast` finds the nodes of a registered workflow that a script names. Ignorant of launches, of
what is registered, and of time.
"""

from __future__ import annotations

from flyte_testkit.graphs.casting import cast

__all__ = ["cast"]
