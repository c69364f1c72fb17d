"""The project's own recordings of a real Flyte, read from ``fixtures/recordings``."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "fixtures" / "recordings"

AREAS = sorted(path.name.split(".")[0] for path in FOLDER.glob("*.jsonl.gz"))
AREAS.remove("engine")


@cache
def read(name):
    """The recordings of an area, or of ``engine``, in order."""
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


def calls(case):
    """The steps of a case that are RPCs, each with its bare name."""
    for step in case["steps"]:
        if "call" in step:
            yield step["call"].rpartition("/")[2], step
