"""What a story says of a cache: who found what, who left it there, and what must have been before.

Ignorant of scripts.
"""

from __future__ import annotations

HIT, POPULATED = "CACHE_HIT", "CACHE_POPULATED"


def tag(event):
    """Return where in the cache is what a node found or left; None of one that says nothing."""
    key = event.metadata.get("catalog_key")
    return key and (key["dataset_id"]["name"], key["artifact_tag"]["name"])


def status(event):
    """Return what a node says of the cache."""
    return event.metadata.get("cache_status", "")


def overwritten(story):
    """Return what was in the cache before the story began, and was overwritten."""
    return _from_before(
        story, lambda e: status(e) == POPULATED and "source_task_execution" in _key(e)
    )


def found(story):
    """Return what was in the cache before the story began, and was found."""
    return _from_before(story, lambda event: status(event) == HIT)


def earlier(story):
    """Return the names of executions outside of the story that have made all that was cached.

    Where something was made in the story as well, nobody can have run the same before.
    """
    events = [event for told in story.told.values() for event in told.kept()]
    if any(status(event) == POPULATED for event in events):
        return []
    names = (source["execution_id"]["name"] for source in _sources(story))
    return list(dict.fromkeys(name for name in names if not name.startswith("${")))


def makers(story):
    """Return the ids, in their workflow, of the nodes that had made what was found."""
    return {source["node_id"] for source in _sources(story)}


def _sources(story):
    """Yield the nodes that made what was there before, as far as it is told."""
    before = found(story)
    for event in (event for told in story.told.values() for event in told.kept()):
        source = _key(event).get("source_task_execution", {}).get("node_execution_id", {})
        if status(event) == HIT and tag(event) in before and source:
            yield source


def _key(event):
    return event.metadata.get("catalog_key", {})


def _from_before(story, holds):
    """What events say that hold, and no earlier one of the story has left."""
    events = [event for told in story.told.values() for event in told.kept()]
    known, before = set(), set()
    for event in sorted(events, key=lambda event: event.sent):
        if holds(event) and tag(event) not in known:
            before.add(tag(event))
        if status(event) == POPULATED:
            known.add(tag(event))
    return before
