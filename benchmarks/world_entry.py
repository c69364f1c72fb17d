"""Entering and leaving a world, against work of the same kind: a look at each name of each module.

The bound is a tenth more than what the ratio was before threads took turns.
"""

from __future__ import annotations

import sys

import flytekit.remote  # noqa: F401  with its 1,400 modules, as in a suite
from measuring import ratio, verdict

from flyte_testkit import VirtualClock
from flyte_testkit.world import governed_by

ENTRIES = 100
LOOKS = 20
ROUNDS = 11


def enter():
    """Enter and leave, again and again."""
    for _ in range(ENTRIES):
        with governed_by(VirtualClock()):
            pass


def look():
    """Look whether any name of any module is one of some objects."""
    wanted = {id(each) for each in (sys.exit, len, print)}
    for _ in range(LOOKS):
        for module in list(sys.modules.values()):
            space = getattr(module, "__dict__", {})
            wanted.isdisjoint(map(id, list(space.values())))


def main():
    enter()
    measured = ratio(enter, look, rounds=ROUNDS) * LOOKS / ENTRIES
    return verdict("entering and leaving a world, against a look at all names", measured, 0.8)


if __name__ == "__main__":
    sys.exit(main())
