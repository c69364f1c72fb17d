"""A clean server for each example of a property test, and the clients that code drives it with.

Hypothesis runs a test function a hundred times, and pytest makes its fixtures once: so under
``@given`` a fixture's server would be shared by all examples. Ignorant of the laws.
"""

from __future__ import annotations

from typing import Literal

from flyte_testkit.fake import fake_flyte

__all__ = ["Client", "backend"]

backend = fake_flyte
"""See :func:`flyte_testkit.fake.fake_flyte`: the public door, under its old name."""

Client = Literal["flytekit", "testkit"]
"""Which ``FlyteRemote`` the code under test is given."""
