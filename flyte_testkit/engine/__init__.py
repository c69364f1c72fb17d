"""The engine that plays scripts: what flytepropeller would tell FlyteAdmin, and when.

A script expands into timed requests (:mod:`~flyte_testkit.engine.expansion`); the engine hands them
to FlyteAdmin when they are due (:mod:`~flyte_testkit.engine.engine`). It has no other way to change
what FlyteAdmin shows, so it cannot show what the real server could not. It knows neither gRPC nor
threads, and reads no clock: somebody tells it the time.
"""

from flyte_testkit.engine.engine import Engine

__all__ = ["Engine"]
