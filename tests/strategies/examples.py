"""How the tests of strategies draw: the same examples each time, few enough to stay quick."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

FEW = settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # other tests may share the machine
    phases=[Phase.generate, Phase.shrink],
)
MORE = settings(FEW, max_examples=30)


def simplest(strategy, condition=lambda _: True):
    """Return what a strategy shrinks to where a condition holds."""
    return find(strategy, condition, settings=settings(FEW, max_examples=5000))


def never_drawn(strategy, kinds):
    """Draw until all kinds have been seen, or for long; return those that have not been.

    Args:
        strategy: What is drawn from.
        kinds: Conditions by name.
    """
    missing = set(kinds)
    names = strategy.map(lambda drawn: {name for name in missing if kinds[name](drawn)})

    def seen_all(found):
        missing.difference_update(found)
        return not missing

    with suppress(NoSuchExample):
        find(names, seen_all, settings=settings(FEW, max_examples=1500, phases=[Phase.generate]))
    return missing
