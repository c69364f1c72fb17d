"""Plays recorded stories on a fake, and writes what its engine sent.

    python -m tests.conformance.play_stories FOLDER --out DIR [--as-recorded]
    python -m tests.conformance.play_stories FOLDER --list

FOLDER has a file a story; ``project`` stands for the project's own copy. DIR gets a file a story,
in the form in which stories are compared: see ``comparing.py``. ``--list`` prints which kinds of
nodes each story needs instead, with what else is special, and those of which a node was defined
and never reached in brackets. ``--as-recorded`` tells the recorded events themselves.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
from pathlib import Path

if __name__ == "__main__":  # the modules beside this one are found as pytest finds them
    sys.path.insert(0, str(Path(__file__).parent))

import story_files
import story_kinds
from comparing import differences
from doors import over_grpc
from hearing import Heard
from story_files import Story
from telling import Teller


def as_recorded(story):
    """Tell a fresh fake the recorded events; return what it heard."""
    with over_grpc() as door:
        teller = Teller(story.whole, door)
        heard = Heard(door.admin, teller.names)
        teller.tell()
        return heard.written()


def table(stories):
    """Yield the lines of a table of what stories need."""
    counts = collections.Counter()
    for story in stories:
        needed, special = story_kinds.needed(story), story_kinds.traits(story)
        unreached = [f"({kind})" for kind in story_kinds.defined(story) if kind not in needed]
        counts.update(needed)
        counts.update(special)
        row = ", ".join([*needed, *unreached]) or "nothing"
        yield f"{story.name:42} {row:50} {', '.join(special)}".rstrip()
    yield ""
    for word in (*story_kinds.KINDS, *story_kinds.TRAITS):
        yield f"{counts[word]:4} {word}"


def written(stories, play, out):
    """Play stories, write what was sent, and yield a line for each; the last one sums up."""
    out.mkdir(parents=True, exist_ok=True)
    agreed = total = 0
    for story in stories:
        got = play(story)
        path = out / f"{story.name}.json"
        path.write_text(json.dumps(got, indent=1, ensure_ascii=False), "utf-8")
        found = list(differences(story, Story.read(story.name, got)))
        total, agreed = total + 1, agreed + (not found)
        yield "\n    ".join(
            [f"{'DIFFERS' if found else 'agrees'} {story.name}", *map(_short, found[:4])]
        )
    yield f"{agreed} of {total} stories agree"


def _short(line):
    return line if len(line) <= 600 else f"{line[:600]}…"


def main(arguments=None):
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", help="where the stories are, or 'project'")
    parser.add_argument("--out", type=Path, help="where to write what was sent")
    parser.add_argument("--list", action="store_true", help="print what each story needs")
    parser.add_argument("--as-recorded", action="store_true", help="tell the recorded events")
    asked = parser.parse_args(arguments)
    if asked.folder == "project":
        stories = story_files.of_the_project()
    else:
        stories = story_files.in_folder(Path(asked.folder))
    if asked.list:
        lines = table(stories)
    elif not asked.as_recorded:
        parser.error("nothing derives scripts from stories yet: ask for --as-recorded or --list")
    elif asked.out is None:
        parser.error("--out says where to write what was sent")
    else:
        lines = written(stories, as_recorded, asked.out)
    try:
        for line in lines:
            print(line)  # noqa: T201  a command prints
    except FileNotFoundError as missing:
        parser.error(str(missing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
