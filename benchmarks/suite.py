"""The test suite on two cores, in random order and on four workers, and nothing in it sleeps.

What is judged is the README's own test command, without the installation. Leave the machine alone
meanwhile: the bound is real seconds.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from measuring import seconds, verdict

ROOT = Path(__file__).parent.parent
HERE = str(ROOT / "benchmarks")


def run(*options):
    """Run the suite; stop here if it fails."""
    subprocess.run([sys.executable, *options], cwd=ROOT, check=True)


def main():
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = re.search(r"&& python (-m pytest.*)$", readme, re.MULTILINE)[1].split()
    took = seconds(lambda: run(*command, "-q"))
    os.environ["PYTHONPATH"] = HERE
    run("-m", "pytest", "-q", "-n", "4", "-p", "no_sleep")  # the order is random in every run
    return verdict("the suite, on two cores", took, 180, " s")


if __name__ == "__main__":
    sys.exit(main())
