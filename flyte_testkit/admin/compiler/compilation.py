"""What the compilation of one workflow works on: the workflow's site, and what it may refer to.

Ignorant of how either is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flyte_testkit.admin.compiler.graph import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flyteidl.admin import launch_plan_pb2
    from flyteidl.core import compiler_pb2

__all__ = ["Compilation", "Library"]


@dataclass
class Library:
    """What a workflow may refer to, by the text that its identifier prints as.

    Attributes:
        tasks: Registered tasks.
        launch_plans: The closures of registered launch plans, which know what they expect.
        sub_workflows: The workflows that were sent along; each is compiled in place, once.
        compiled: Those of them whose turn has come.
    """

    tasks: Mapping[str, compiler_pb2.CompiledTask]
    launch_plans: Mapping[str, launch_plan_pb2.LaunchPlanClosure]
    sub_workflows: Mapping[str, compiler_pb2.CompiledWorkflow]
    compiled: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Compilation(Site):
    """The site of one workflow, with what it refers to.

    Attributes:
        library: Shared, as the errors are, by a workflow and those that were sent along with it.
    """

    library: Library
