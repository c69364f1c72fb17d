"""Plays recorded stories on a fake, and writes what its engine sent.

    python -m tests.conformance.play_stories FOLDER --out DIR [--as-recorded]
    python -m tests.conformance.play_stories FOLDER --list

FOLDER has a file a story; ``project`` stands for the project's own copy. What it registered is
registered, a script is told from what happened, and played. DIR gets a file a story, in the form
in which stories are compared: see ``comparing.py``. Stories that need what cannot be scripted yet
wait, and are counted apart; the command succeeds if all others agree.

``--as-recorded`` tells the recorded events themselves instead. ``--list`` prints which kinds of
nodes each story needs, with what else is special, and those of which a node was defined and never
reached in brackets.
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
from deriving import NotDerivedError
from doors import over_grpc
from hearing import Heard
from playing import lacking, played
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


def written(stories, play, out, lacking=lambda _: ()):
    """Play stories, write what was sent, and yield a line for each; the last one sums up.

    Returns whether all agree that do not wait for what is lacking.
    """
    out.mkdir(parents=True, exist_ok=True)
    agreed = total = 0
    waiting = collections.Counter()
    for story in stories:
        path = out / f"{story.name}.json"
        path.unlink(missing_ok=True)
        if lacks := lacking(story):
            waiting[", ".join(lacks)] += 1
            yield f"waits for {', '.join(lacks)}: {story.name}"
            continue
        total += 1
        try:
            got = play(story)
            found = list(differences(story, Story.read(story.name, got)))
        except Exception as error:  # noqa: BLE001  one story that cannot be played is no end of others
            kind = "" if isinstance(error, NotDerivedError) else f"{type(error).__name__}: "
            yield f"CANNOT BE PLAYED {story.name}\n    {_short(f'{kind}{error}')}"
            continue
        path.write_text(json.dumps(got, indent=1, ensure_ascii=False), "utf-8")
        agreed += not found
        yield "\n    ".join(
            [f"{'DIFFERS' if found else 'agrees'} {story.name}", *map(_short, found[:4])]
        )
    for lacks, count in waiting.most_common():
        yield f"{count} {'story waits' if count == 1 else 'stories wait'} for {lacks}"
    yield f"{agreed} of {total} stories agree"
    return agreed == total


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
    elif asked.out is None:
        parser.error("--out says where to write what was sent")
    elif asked.as_recorded:
        lines = written(stories, as_recorded, asked.out)
    else:
        lines = written(stories, played, asked.out, lacking)
    try:
        return 0 if _printed(lines) else 1
    except (FileNotFoundError, ValueError) as wrong:
        parser.error(str(wrong))


def _printed(lines):
    """Print lines, and return what comes after them; nothing is well."""
    while True:
        try:
            print(next(lines), flush=True)  # noqa: T201  a command prints
        except StopIteration as end:
            return end.value is not False


if __name__ == "__main__":
    sys.exit(main())
