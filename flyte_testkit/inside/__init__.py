"""What happened inside an execution: its nodes and their attempts, as a client reads them now.

For assertions, and for the picture below a failed test. Everything is read when it is asked for, by
the calls that a client would make; nothing is remembered. Ignorant of scripts.
"""

from __future__ import annotations

from flyte_testkit.inside._failing import failing
from flyte_testkit.inside._reader import Reader
from flyte_testkit.inside._runs import AttemptRun, ItemRun, NodeRun, NodeRuns, RunError

__all__ = ["AttemptRun", "ItemRun", "NodeRun", "NodeRuns", "Reader", "RunError", "failing"]
