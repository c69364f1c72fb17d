"""What was run before a story began, by whoever made what the story found in the cache.

Its tasks take no time, and give what those of the story gave: so what they make is found by the
same inputs. Of two that made the same, one was first. Ignorant of who plays.
"""

from __future__ import annotations

import caches
from deriving import Derivation, NotDerivedError
from story_files import MAIN
from story_kinds import kind_of

from flyte_testkit import nodes
from flyte_testkit.errors import FlyteTestkitError


def scripts(story):
    """Return the scripts of executions before a story, by their names.

    Raises:
        NotDerivedError: One cannot be told.
    """
    names = caches.earlier(story)
    if not names:
        return {}
    try:
        script = _Earlier(story, story.told[MAIN], 0.0).tree()
    except FlyteTestkitError as error:
        raise NotDerivedError(str(error)) from error
    return dict.fromkeys(names, script)


class _Earlier(Derivation):
    """The script of an execution that ran the same, and found nothing."""

    def _node(self, scope, node, unique):
        if kind_of(node) in ("array", "launch plan", "sleep"):
            return None
        if kind_of(node) == "gate":
            return nodes.gate(nodes.immediately.succeeds())
        return super()._node(scope, node, unique)

    def _hit(self, unique):
        return self._made(unique)

    def _task(self, scope, node, unique):
        inner = scope.inner(node, unique)
        if inner is None:
            return self._made(unique)
        return nodes.dynamic(nodes.immediately.yields(self._inside(inner)[0]))

    def _made(self, unique):
        specs = {event.spec for event in self._of(unique, "node")}
        at = nodes.immediately if specs & caches.makers(self._story) else nodes.running(1)
        return nodes.task(at.succeeds(self._outputs.get(unique, {})))
