"""A walk through a compiled workflow: what an engine sends that plays nodes.

Ignorant of how scripts are found, and of FlyteAdmin's rules.
"""

from flyte_testkit.walk.cast import Cast

__all__ = ["Cast"]
