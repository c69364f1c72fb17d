"""Pictures of what happened: each execution's life, the calls it received, and what may help.

However much happened, a picture is made at once and fits on a screen or two: what ended badly comes
first, and what is left out is counted. Ignorant of how things came about; it reads what a fake
FlyteAdmin remembers.
"""

from __future__ import annotations

from flyte_testkit.render._hints import hints
from flyte_testkit.render._lives import text

__all__ = ["hints", "text"]
