"""A pytest plugin under which a test that sleeps for real fails.

Loaded with ``-p``, it stands in the place of ``time.sleep`` before anybody else has seen that. Only
sleeps that the project's own files ask for count; that a clock looks again after some milliseconds
does not, nor do the twenty of a server whose slowness is what a test is about.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = str(Path(__file__).parent.parent)
LONG = 0.02

really = time.sleep


def sleep(seconds, /):
    caller = sys._getframe(1).f_code  # noqa: SLF001  who sleeps is the finding
    if seconds > LONG and caller.co_filename.startswith(ROOT):
        raise AssertionError(f"{caller.co_filename}: {caller.co_name} sleeps {seconds} s for real")
    really(seconds)


time.sleep = sleep
