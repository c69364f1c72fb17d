"""A pytest plugin under which a test that sleeps for real fails.

It hears of every real sleep from Python itself (which tells of them since 3.11), so it cannot be
got round by an import. Only sleeps that the project's own files ask for count; that a clock looks
again after five milliseconds does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).parent.parent)
LONG = 0.02


def heard(event, args):
    if event != "time.sleep" or args[0] < LONG:
        return
    caller = sys._getframe(1).f_code  # noqa: SLF001  who sleeps is the finding
    if caller.co_filename.startswith(ROOT):
        raise AssertionError(f"{caller.co_filename}: {caller.co_name} sleeps {args[0]} s for real")


def pytest_configure():
    sys.addaudithook(heard)
