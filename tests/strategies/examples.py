"""How the tests of strategies draw: the same examples each time, few enough to stay quick."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, find, settings

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
    return find(strategy, condition, settings=settings(FEW, max_examples=600))
