"""How long an engine takes to do what takes it time by itself, from recorded runs.

Ignorant of who waits for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

__all__ = ["ABORTING_TAKES"]

ABORTING_TAKES: Final = timedelta(seconds=0.5)
"""From TerminateExecution to ABORTED: up to 0.6 s in recorded runs, so clients do see ABORTING."""
