"""A walk through a compiled workflow: what an engine sends that plays nodes.

Each kind of node is a performance of its own, and nodes that run side by side are in a nursery, so
what happens inside of an execution is one generator of acts and waits, as any script is.

Ignorant of how scripts are found, and of FlyteAdmin's rules.
"""

from flyte_testkit.walk.caching import is_cached
from flyte_testkit.walk.cast import Cast
from flyte_testkit.walk.kinds import unplayable
from flyte_testkit.walk.limits import limit
from flyte_testkit.walk.lone import lone_task
from flyte_testkit.walk.setting import Old, Setting
from flyte_testkit.walk.whole import Walked, perform, reached

__all__ = [
    "Cast",
    "Old",
    "Setting",
    "Walked",
    "is_cached",
    "limit",
    "lone_task",
    "perform",
    "reached",
    "unplayable",
]
