"""The command that plays stories."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import play_stories
import playing
import pytest
from changed_runs import STORIES, story
from comparing import differences
from story_files import in_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    """Some stories under names that say nothing."""
    (tmp_path / "stories").mkdir()
    for number, name in enumerate(["branch", "launch-plan", "retried-and-succeeded"]):
        path = tmp_path / "stories" / f"s{number}.json"
        path.write_text(json.dumps({**STORIES[name], "case": "", "about": ""}), "utf-8")
    return tmp_path / "stories"


def test_recorded_events_are_told_and_written(folder, tmp_path, capsys):
    assert play_stories.main([str(folder), "--out", str(tmp_path / "out"), "--as-recorded"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        *("agrees s0", "agrees s1", "agrees s2", "3 of 3 stories agree")
    ]
    got = {each.name: each for each in in_folder(tmp_path / "out")}
    assert list(differences(story("launch-plan"), got["s1"])) == []


def test_what_differs_is_told(folder, tmp_path):
    def nothing(told):
        return {"executions": {key: {"events": []} for key in told.told}}

    lines = list(play_stories.written(in_folder(folder), nothing, tmp_path / "out"))
    assert lines[0].startswith("DIFFERS s0\n    main: workflow: 3 events expected, 0 found")
    assert lines[-1] == "0 of 3 stories agree"


def test_stories_are_played_and_those_that_wait_are_counted_apart(
    folder, tmp_path, capsys, monkeypatch
):
    known = [kind for kind in playing.KINDS if kind != "launch plan"]
    monkeypatch.setattr(playing, "KINDS", known)

    assert play_stories.main([str(folder), "--out", str(tmp_path / "out")]) == 0

    assert capsys.readouterr().out.splitlines() == [
        *("agrees s0", "waits for launch plan: s1", "agrees s2"),
        *("1 story waits for launch plan", "2 of 2 stories agree"),
    ]
    assert [each.name for each in in_folder(tmp_path / "out")] == ["s0", "s2"]


def test_one_that_cannot_be_played_is_told_and_stops_no_other(folder, tmp_path, capsys):
    whole = json.loads((folder / "s0.json").read_text("utf-8"))
    whole["workflow"]["primary"]["nodes"].pop()
    (folder / "s0.json").write_text(json.dumps(whole), "utf-8")

    assert play_stories.main([str(folder), "--out", str(tmp_path / "out")]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "CANNOT BE PLAYED s0"
    assert lines[-1] == "2 of 3 stories agree"
    assert not (tmp_path / "out" / "s0.json").exists()


def test_a_file_that_is_no_story_is_refused(folder, tmp_path, capsys):
    (folder / "a.json").write_text("{}", "utf-8")

    with pytest.raises(SystemExit):
        play_stories.main([str(folder), "--out", str(tmp_path / "out")])

    assert "a.json is no story: KeyError('executions')" in capsys.readouterr().err


def test_what_was_only_written_for_comparison_cannot_be_played(folder, tmp_path, capsys):
    whole = json.loads((folder / "s0.json").read_text("utf-8"))
    (folder / "s0.json").write_text(json.dumps({"executions": whole["executions"]}), "utf-8")

    assert play_stories.main([str(folder), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().out.startswith("CANNOT BE PLAYED s0\n    KeyError")


def test_stories_are_not_overwritten(folder, capsys):
    with pytest.raises(SystemExit):
        play_stories.main([str(folder), "--out", str(folder)])

    assert "would be lost" in capsys.readouterr().err
    assert len(list(in_folder(folder))) == 3


def test_a_file_in_the_place_of_the_folder_to_write_to_is_refused(folder, capsys):
    with pytest.raises(SystemExit):
        play_stories.main([str(folder), "--out", str(folder / "s0.json")])

    assert "File exists" in capsys.readouterr().err


def test_the_list_says_what_each_story_needs(folder, capsys):
    assert play_stories.main([str(folder), "--list"]) == 0

    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    rows = [[part.strip() for part in line if part.strip()] for line in lines]
    assert rows[:3] == [
        ["s0", "task, branch"],
        ["s1", "task, launch plan"],
        ["s2", "task", "user retries, refused events"],
    ]
    assert ["3 task"] in rows
    assert ["0 array"] in rows


def test_kinds_that_were_never_reached_stand_in_brackets():
    (row, *_) = play_stories.table([story("stopped-before-a-gate")])

    assert "task, (gate)" in row


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--as-recorded"], "--out says where to write"),
        ([], "--out says where to write"),
    ],
)
def test_what_is_asked_wrongly_is_refused(folder, arguments, says, capsys):
    with pytest.raises(SystemExit):
        play_stories.main([str(folder), *arguments])

    assert says in capsys.readouterr().err


def test_a_folder_without_stories_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        play_stories.main([str(tmp_path), "--list"])

    assert "has no stories" in capsys.readouterr().err


def test_it_is_run_as_a_module(folder):
    command = [sys.executable, "-m", "tests.conformance.play_stories", str(folder), "--list"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("s0 ")
