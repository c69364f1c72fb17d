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
    with over_grpc("direct") as door:
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
    outcomes = collections.Counter()
    for story in stories:
        outcome, told = _outcome(story, play, out / f"{story.name}.json", lacking)
        outcomes[outcome] += 1
        yield "\n    ".join([f"{outcome} {story.name}", *map(_short, told)])
    for outcome, count in outcomes.most_common():
        if outcome.startswith(WAITS):
            lacks = outcome.removeprefix(WAITS)[:-1]
            yield f"{count} {'story waits' if count == 1 else 'stories wait'} for {lacks}"
    played_ones = sum(n for outcome, n in outcomes.items() if not outcome.startswith(WAITS))
    yield f"{outcomes[AGREES]} of {played_ones} stories agree"
    return outcomes[AGREES] == played_ones


AGREES, DIFFERS, FAILS, WAITS = "agrees", "DIFFERS", "CANNOT BE PLAYED", "waits for "


def _outcome(story, play, path, lacking):
    """Play a story, and write what was sent; return what came of it, and what there is to tell."""
    path.unlink(missing_ok=True)
    try:
        if lacks := ", ".join(lacking(story)):
            return f"{WAITS}{lacks}:", []
        got = play(story)
        found = list(differences(story, Story.read(story.name, got)))
    except Exception as error:  # noqa: BLE001  one story that cannot be played stops no other
        kind = "" if isinstance(error, NotDerivedError) else f"{type(error).__name__}: "
        return FAILS, [f"{kind}{error}"]
    path.write_text(json.dumps(got, indent=1, ensure_ascii=False), "utf-8")
    return (DIFFERS, found[:4]) if found else (AGREES, [])


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
    elif asked.out.resolve() == Path(asked.folder).resolve():
        parser.error("--out is where the stories are, which would be lost")
    elif asked.as_recorded:
        lines = written(stories, as_recorded, asked.out)
    else:
        lines = written(stories, played, asked.out, lacking)
    try:
        return 0 if _printed(lines) else 1
    except (OSError, ValueError) as wrong:
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
