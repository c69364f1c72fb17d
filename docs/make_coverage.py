"""Write ``docs/coverage.md``: which RPCs the fake answers and which it refuses.

    python docs/make_coverage.py

The table is made from flyteidl's descriptors, the fake's handlers and the project's recordings.
"""
# ruff: noqa: INP001  a script, no package

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from flyte_testkit.admin.flyte_admin import FlyteAdmin
from flyte_testkit.wire.services import methods

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
RECORDINGS = HERE.parent / "fixtures" / "recordings"

HEAD = """\
# Which RPCs the fake answers

[All pages](index.md)

Made by `python docs/make_coverage.py`; a test keeps it up to date. *Recorded answers* counts how
often a real FlyteAdmin 1.16.8 was asked in the recordings that the fake is held to
(`fixtures/recordings/`); what differs is in [the list](known-differences.md). A refused RPC answers
UNIMPLEMENTED, and fails the test that needed it.
"""

FOOT = """\
## Other services

`AuthMetadataService` and `IdentityService` are UNIMPLEMENTED, as on a real FlyteAdmin without auth.
Agents, the data catalog and the cache service are servers of their own, which FlyteAdmin does not
serve either.
"""


def recorded() -> Counter[str]:
    """Count how often each RPC was asked in the recordings, by ``Service/Method``."""
    return Counter(
        step["call"]
        for path in RECORDINGS.glob("*.jsonl.gz")
        for line in gzip.decompress(path.read_bytes()).splitlines()
        for step in json.loads(line).get("steps", ())
        if "call" in step
    )


def page() -> str:
    """Return the page as it should be."""
    return "\n".join([HEAD, *_tables(), FOOT])


def _tables() -> Iterator[str]:
    answered = FlyteAdmin().handlers
    asked = recorded()
    services = dict.fromkeys(method.service for method in methods().values())
    for service in services:
        rpcs = sorted(each.rpc for each in methods().values() if each.service == service)
        of = f"{sum(rpc in answered for rpc in rpcs)} of {len(rpcs)}"
        yield f"## {service}: {of}\n"
        yield "| RPC | the fake | recorded answers |\n|-|-|-:|"
        for rpc in rpcs:
            verb = "answers" if rpc in answered else "refuses"
            yield f"| `{rpc}` | {verb} | {asked[f'{service}/{rpc}']:,} |"
        yield ""


if __name__ == "__main__":
    (HERE / "coverage.md").write_text(page(), encoding="utf-8")
