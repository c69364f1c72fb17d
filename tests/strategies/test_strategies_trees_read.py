"""Trees that are drawn are read as they are scripted: ``benchmarks/trees.py``, briefly."""

from __future__ import annotations

import runpy
from pathlib import Path

from flyte_testkit import nodes, running

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "trees.py"))


def test_both_clients_read_every_tree_as_it_is_scripted():
    trees = SCRIPT["Trees"](at_the_end=False)

    assert trees.draw(100, 2), f"{trees.error!r}"
    assert trees.counts["drawn"] >= 100
    assert trees.counts["attempts"] > 100


def test_a_tree_that_is_read_otherwise_is_found_and_shrunk(monkeypatch):
    def refuse(found, phase, *_):
        assert phase["phase"] != "RUNNING", "no running nodes, please"

    trees = SCRIPT["Trees"](at_the_end=False)
    monkeypatch.setattr(trees, "hold_one", refuse)
    monkeypatch.setattr(trees, "read", lambda *_: None)

    assert not trees.draw(60)
    assert "no running nodes, please" in str(trees.error)
    assert repr(nodes.workflow(a=nodes.task(running().never_ends()))) in "".join(
        trees.error.__notes__
    )
