"""A pytest plugin that writes down, for each test, the journal of its servers and what ran beside.

Loaded with ``-p``; it writes a line of JSON a test to the file that ``JOURNALS`` names: whether
threads or jobs took part, how many calls were sent by ``.future``, how often the watch let a second
thread run, and a digest of all calls of all servers (which RPC, when, with which deadline, what was
sent and answered). What differs in each process by its nature is left out: ports, directories,
names that the operating system's randomness gave.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from flyte_testkit.clock import _calls, _members, _mover
from flyte_testkit.wire import journal

RANDOM = re.compile(
    r"127\.0\.0\.1:\d+|localhost:\d+|\[::\]:\d+|/tmp/[^\s\"']*|0x[0-9a-f]+"
    r"|\b[a-z]{1,2}[0-9a-f]{19}\b|\b[0-9a-f]{32}\b|(?<=flyte-testkit-call)[^\n]*"
)


class Keeper:
    """What happens in one test."""

    def __init__(self):
        self.journals, self.movers = [], []
        self.members = self.futures = 0


kept = Keeper()


def listen(kind, name, hear):
    real = getattr(kind, name)

    def method(self, *args, **kwargs):
        hear(self, *args, **kwargs)
        return real(self, *args, **kwargs)

    setattr(kind, name, method)


def count(name):
    setattr(kept, name, getattr(kept, name) + 1)


listen(journal.Journal, "__init__", lambda book: kept.journals.append(book))  # noqa: PLW0108  ``kept`` changes
listen(_mover.Mover, "__init__", lambda self, *_, **__: kept.movers.append(self))
listen(_members.Members, "add", lambda *_, **__: count("members"))
listen(_calls.Calls, "fly", lambda *_: count("futures"))


def lines():
    """Yield all calls of the test as text."""
    for number, book in enumerate(kept.journals):
        for call in book.calls:
            parts = (number, call.rpc, f"{call.at:.6f}", call.deadline, call.attempt, call.code)
            yield f"{parts} {call.request} -> {call.reply} {call.message}"


def settled(text):
    """Return a text in which random names are numbers, in the order of their appearance."""
    names = {}
    return RANDOM.sub(lambda found: f"<{names.setdefault(found.group(), len(names))}>", text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    global kept  # noqa: PLW0603  one test at a time
    kept = Keeper()
    result = yield
    text = settled("\n".join(lines()))
    told = {
        "test": item.nodeid,
        "threads": kept.members - sum(bool(mover.us) for mover in kept.movers),
        "futures": kept.futures,
        "preempted": sum(mover.preempted for mover in kept.movers),
        "journal": hashlib.sha256(text.encode()).hexdigest()[:16],
    }
    with Path(os.environ["JOURNALS"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
    if folder := os.environ.get("JOURNALS_TEXTS"):
        name = re.sub(r"\W+", "_", item.nodeid)[-150:] + "-" + told["journal"]
        (Path(folder) / name).write_text(text, encoding="utf-8")
    return result
