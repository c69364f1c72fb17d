"""How data flows through a workflow: bindings resolved, branches decided, outputs made.

::

    inputs = flow.resolved(node.inputs, given)          # what the nodes before it gave
    taken = flow.arm(node.branch_node.if_else, inputs)  # the arm that these values take
    asked = flow.demands(template, closure)             # what consumers will ask of outputs
    made = flow.outputs(scripted, declared, asked["n0"], name="extract")

Pure functions of Flyte's messages. Ignorant of time, events and scripts.
"""

from __future__ import annotations

from flyte_testkit.flow._bindings import resolved
from flyte_testkit.flow._conditions import arm, told
from flyte_testkit.flow._demand import Demand
from flyte_testkit.flow._demands import demands
from flyte_testkit.flow._mapped import NOTHING, of_an_item, sizes
from flyte_testkit.flow._outputs import check_outputs, made_outputs, outputs
from flyte_testkit.flow._wrong import UndecidedError, UnresolvedError

__all__ = [
    "NOTHING",
    "Demand",
    "UndecidedError",
    "UnresolvedError",
    "arm",
    "check_outputs",
    "demands",
    "made_outputs",
    "of_an_item",
    "outputs",
    "resolved",
    "sizes",
    "told",
]
