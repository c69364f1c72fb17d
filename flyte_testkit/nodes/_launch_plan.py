"""A node that launches a launch plan: another execution, a child.

Ignorant of the nodes beside it, and of what is registered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from flyte_testkit.errors import TimelineError, shown, suggests_keywords
from flyte_testkit.nodes._node import After, Node, named_after
from flyte_testkit.nodes._promise import promised
from flyte_testkit.nodes._values import Values
from flyte_testkit.nodes._wholes import Where, Workflow
from flyte_testkit.timeline import Timeline, require_timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flyte_testkit.nodes._promise import Promise

__all__ = ["LaunchPlan", "launch_plan"]

_WHAT = "nodes.launch_plan(…)"


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LaunchPlan(Node):
    """A node that launches a launch plan; :func:`launch_plan` makes it.

    Attributes:
        script: What the execution does that it launches; None: what is planted for that plan.
        of: The name of the launch plan; empty for the one that a registered workflow names.
        inputs: What it is given, values and promises; empty for what a registered one is bound to.
        after: The names of the nodes that it comes after; None is all that are written before it.
    """

    script: Timeline | Workflow | Where | None = None
    of: str = ""
    inputs: Values = field(default_factory=lambda: Values({}))

    def __post_init__(self) -> None:
        """Refuse what no engine does."""
        keep = object.__setattr__
        keep(self, "after", named_after(self.after, _WHAT))
        keep(self, "inputs", Values(self.inputs, "nodes.launch_plan(inputs=…)"))
        if not isinstance(self.of, str):
            raise TimelineError(
                f"nodes.launch_plan(of={shown(self.of)}): a launch plan is named by a text."
                "\nWrite of='training'."
            )
        script = self.script
        if isinstance(script, Node):
            raise TimelineError(
                f"{_WHAT}: {shown(script)} is one node, not all that an execution does."
                f"\nGive it a name: nodes.workflow(train={shown(script)})."
            )
        if isinstance(script, str):
            raise TimelineError(
                f"{_WHAT}: {shown(script)} is no script.\nA launch plan is named so:"
                f" nodes.launch_plan(of={shown(script)})."
            )
        if script is not None and not isinstance(script, (Workflow, Where)):
            require_timeline(script, _WHAT)

    @property
    def word(self) -> str:
        """How it is written."""
        return "nodes.launch_plan"

    def promises(self) -> Iterator[Promise]:
        """Yield what nodes beside it shall give to it."""
        yield from promised(self.inputs)

    @property
    def defines(self) -> list[str]:
        """What is said here that a registered workflow says itself."""
        return [f"inputs={self.inputs!r}"] if self.inputs else []

    def _as_code(self) -> str:
        said = [] if self.script is None else [repr(self.script)]
        said += [f"of={self.of!r}"] if self.of else []
        return f"nodes.launch_plan({', '.join([*said, *self.defines, *self._after_as_code()])})"


@suggests_keywords
def launch_plan(
    script: Timeline | Workflow | Where | None = None,
    /,
    *,
    of: str = "",
    inputs: Mapping[str, object] | None = None,
    after: After = None,
) -> LaunchPlan:
    """Return a node that launches a launch plan: a real execution, which clients see and list.

    Args:
        script: What that execution does: a timeline, or a tree of nodes. Left out, it is a launch
            as any other, and does what is planted for it: ``on_launch("training").plays(…)``.
        of: The name of the launch plan; on a registered workflow it may be left out.
        inputs: What it is given, by name: values, and :func:`promises <promise>`.
        after: The names of the nodes it comes after: one, several, or ``()`` for none. Left out, it
            comes after all that are written before it.

    Raises:
        TimelineError: That is no script of an execution.

    Example:
        >>> from flyte_testkit import nodes, running
        >>> nodes.launch_plan(running(600).succeeds(auc=0.9), of="training")
        nodes.launch_plan(running(600).succeeds(auc=0.9), of='training')
    """
    return LaunchPlan(
        script=script,
        of=of,
        inputs=Values({} if inputs is None else inputs, "nodes.launch_plan(inputs=…)"),
        after=after,  # type: ignore[arg-type]  # it reads a name as several
    )
