"""A world in which the code under test lives on a clock: :func:`governed_by` is its door.

Everything that patches ``time``, ``datetime`` and ``threading`` is in here, and nowhere else.
Ignorant of Flyte, and of how the clock moves.
"""

from flyte_testkit.clock import governing_clock
from flyte_testkit.world._local_time import local_time
from flyte_testkit.world._patched import patched_sleep
from flyte_testkit.world._world import World, governed_by

__all__ = ["World", "governed_by", "governing_clock", "local_time", "patched_sleep"]
