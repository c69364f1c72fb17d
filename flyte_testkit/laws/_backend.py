"""A clean server for each example of a property test: the public door, under its old name.

Hypothesis runs a test function a hundred times, and pytest makes its fixtures once: so under
``@given`` a fixture's server would be shared by all examples. Ignorant of the laws.
"""

from __future__ import annotations

from flyte_testkit.fake import fake_flyte

__all__ = ["backend"]

backend = fake_flyte
"""See :func:`flyte_testkit.fake.fake_flyte`."""
