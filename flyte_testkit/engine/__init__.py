"""The engine that plays scripts: what flytepropeller would tell FlyteAdmin, and when.

What one execution does is a performance (:mod:`~flyte_testkit.engine.performance`): a generator of
requests and waits. The engine hands the requests to FlyteAdmin when they are due
(:mod:`~flyte_testkit.engine.runs`); it has no other way to change what FlyteAdmin shows, so it
cannot show what the real server could not. It knows neither gRPC nor threads, and reads no clock:
somebody tells it the time.
"""

from flyte_testkit.engine.engine import Engine

__all__ = ["Engine"]
