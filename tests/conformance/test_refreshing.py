from __future__ import annotations

import gzip
import json
import runpy
import subprocess
import sys

import pytest
import recorded

SCRIPT = recorded.FOLDER / "refresh.py"


@pytest.fixture
def folder(tmp_path):
    """New recordings: one area, one story."""
    for part in ("traces", "engine"):
        (tmp_path / "new" / part).mkdir(parents=True)
    cases = [{"case": "area/one", "steps": []}, {"case": "area/ü", "steps": []}]
    lines = "".join(f"{json.dumps(case)}\n" for case in cases)
    (tmp_path / "new" / "traces" / "area.jsonl").write_text(lines)
    (tmp_path / "new" / "engine" / "plain.json").write_text('{"workflow": "w"}')
    return tmp_path / "new"


@pytest.fixture
def refresh():
    return runpy.run_path(str(SCRIPT))["refresh"]


def read(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_recordings_are_taken_over_and_told(refresh, folder, tmp_path):
    assert refresh(folder, tmp_path) == ["+ area/one", "+ area/ü", "+ plain"]

    assert [case["case"] for case in read(tmp_path / "area.jsonl.gz")] == ["area/one", "area/ü"]
    assert read(tmp_path / "engine.jsonl.gz") == [{"story": "plain", "workflow": "w"}]


def test_what_is_the_same_stays_untouched(refresh, folder, tmp_path):
    refresh(folder, tmp_path)
    before = (tmp_path / "area.jsonl.gz").stat().st_mtime_ns

    assert refresh(folder, tmp_path) == []
    assert (tmp_path / "area.jsonl.gz").stat().st_mtime_ns == before


def test_what_went_and_what_changed_is_told(refresh, folder, tmp_path):
    refresh(folder, tmp_path)
    (folder / "traces" / "area.jsonl").write_text('{"case": "area/one", "steps": [1]}\n')

    assert refresh(folder, tmp_path) == ["- area/ü", "~ area/one"]


def test_a_folder_without_recordings_is_refused(tmp_path):
    run = subprocess.run(
        [sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=False
    )

    assert run.returncode == 1
    assert "has neither traces/ nor engine/" in run.stderr


def test_every_story_of_the_engine_has_a_main_execution():
    stories = recorded.read("engine")

    assert stories
    assert all(story["executions"]["main"] for story in stories)
