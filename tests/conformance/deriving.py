"""Stories as scripts: what a test would write of a registered workflow so that it goes as it went.

Nodes are named by their ids in the workflow. Durations are those between the times at which a real
FlyteAdmin was told: what Kubernetes says itself are whole seconds, and run backwards. Which
failures were recoverable, which attempts took too long, and what tasks gave is concluded from what
followed.

Ignorant of who plays.
"""

from __future__ import annotations

import re

import families
import waiting
import yielding
from anchors import Anchors
from caches import HIT, earlier, found, status, tag
from deriving_maps import Map
from scopes import Scope
from solving import UnsolvedError, solved
from story_graphs import EDGES, cases
from story_graphs import nodes as of_template
from story_kinds import kind_of

from flyte_testkit import failures, nodes, undefined
from flyte_testkit.errors import FlyteTestkitError
from flyte_testkit.propeller import wording

WORDS = {
    "WAITING_FOR_RESOURCES": "waiting",
    "QUEUED": "queued",
    "INITIALIZING": "initializing",
    "RUNNING": "running",
}
"""Phases of attempts in their order, with the words for them."""
ENDS = ("SUCCEEDED", "FAILED", "ABORTED")
USUAL = (wording.SUBMITTED, wording.CREATING)
FAILURE_NODE = "fn0"
TIME = re.compile(r"\$\{t([+-][\d.]+)\}")


class NotDerivedError(Exception):
    """A story cannot be scripted; the message says why."""


def scripts(story):
    """Return the scripts of a story's executions by their keys, in the order of their launches.

    Raises:
        NotDerivedError: One cannot be told from what was recorded.
    """
    try:
        found = _scripts(story)
    except (FlyteTestkitError, UnsolvedError) as error:
        raise NotDerivedError(str(error)) from error
    return found


def _scripts(story):
    found, begun = {}, {}
    for key in sorted(story.told, key=_launched(story)):
        at = begun.get(key, _launched(story)(key))
        found[key], derivation = _script(families.alone(story, key), key, at)
        if derivation is not None:
            begun |= derivation.children()
    return found


def _launched(story):
    """When an execution was launched, by its key, in seconds since the first event of ``main``."""

    def at(key):
        created = story.whole["after"][key]["execution"]["closure"]["created_at"]
        time = TIME.fullmatch(created)
        if time is None:
            raise NotDerivedError(f"{key} was created at {created}, which is no time of a story")
        return float(time[1])

    return at


def _script(story, key, launched):
    """The script of an execution, and how it was derived, if it was."""
    told = story.told[key]
    of_workflow = [event for event in told.kept() if event.kind == "workflow"]
    if not any(event.phase == "RUNNING" for event in of_workflow):
        return _that_never_began(of_workflow, launched), None
    derivation = Derivation(story, told, launched)
    return derivation.tree(), derivation


def _that_never_began(of_workflow, launched):
    last = of_workflow[-1] if of_workflow else None
    if last is not None and last.phase == "FAILED":
        return undefined(max(0, last.sent - launched)).fails(_failure(last.body["error"]))
    return undefined().never_ends()


class Derivation:
    """The script of one execution."""

    def __init__(self, story, told, launched):
        self._story = story
        self._top = Scope.top(story, told)
        self._children = families.children(story, told.key)
        self._launched = families.inputs(story, told.key)
        noticed = {node: families.noticed(story, key) for node, key in self._children.items()}
        spec = story.whole["after"][told.key]["execution"]["spec"]
        most = spec.get("max_parallelism", 0)
        self._anchors = Anchors(story.workflow, told, launched, most, noticed)
        self._outputs = solved(story, told)
        self._cached = found(story)
        self._is_filled = bool(earlier(story))

    def tree(self):
        """Return all that is to be said of the execution."""
        inside, failure_node = self._inside(self._top)
        tree = nodes.where(**inside)
        return tree if failure_node is None else tree.on_failure(**failure_node)

    def children(self):
        """When this script launches others, by their keys."""
        return {key: self._anchors.start(node) for node, key in self._children.items()}

    def _inside(self, scope):
        """What is to be said of the nodes of a scope, and of its failure node."""
        failing = scope.template.get("failure_node")
        inside, failure_node = {}, None
        for node in of_template(scope.template):
            unique = scope.unique_of(node["id"], scope.unique)
            said = unique and self._node(scope, node, unique)
            if scope.is_yielded and node["id"] not in EDGES and node is not failing:
                given = self._launched.get(unique)
                said = yielding.defined(scope.template, node, said, given)
                inside[yielding.named(node)] = said
            elif said and node is failing and scope.is_yielded:
                failure_node = {yielding.arm(node): yielding.of_task(node, said)}
            elif said and node is failing:
                failure_node = {FAILURE_NODE: said}
            elif said:
                inside[_name(node)] = said
        return inside, failure_node

    def _node(self, scope, node, unique):
        """What is to be said of a node; None if nothing is."""
        if any(status(event) == HIT and tag(event) in self._cached for event in self._of(unique)):
            return self._hit(unique)
        if not any(event.phase == "RUNNING" or event.kind == "task" for event in self._of(unique)):
            return None
        kind = kind_of(node)
        if kind in ("gate", "sleep"):
            return waiting.said(self._story, self._anchors, node, unique)
        if kind in ("task", "branch"):
            return (self._task if kind == "task" else self._branch)(scope, node, unique)
        if kind == "array":
            return self._map(node, unique)
        if kind == "launch plan":  # what it launches is scripted as any launch
            return None
        if kind != "sub-workflow":
            raise NotDerivedError(f"{unique} is of a kind that no script says yet: {kind}")
        return self._sub_workflow(scope, node, unique)

    def _hit(self, unique):
        """A node that found what was there; nothing is to be said if somebody has left it there."""
        return None if self._is_filled else nodes.cached(self._outputs.get(unique, {}))

    def _sub_workflow(self, scope, node, unique):
        inner = scope.inner(node, unique)
        if inner is None:
            raise NotDerivedError(f"the sub-workflow of {unique} is not in the story")
        inside, failure_node = self._inside(inner)
        if not inside:
            return None
        said = nodes.subworkflow(inside)
        return said if failure_node is None else said.on_failure(**failure_node)

    def _branch(self, scope, node, unique):
        for case in cases(node):
            below = scope.unique_of(case["id"], unique)
            said = below and self._node(scope, case, below)
            if said and scope.is_yielded:
                return nodes.branch({yielding.arm(case): yielding.of_task(case, said)})
            if said:
                return nodes.branch({_name(case): said})
        return None

    def _map(self, node, unique):
        events = self._anchors.of_attempt(unique, 0)
        start, pod = self._anchors.start(unique), f"${{main}}-{unique}-0"
        return Map(node, events, start, self._error(unique), pod).said()

    # Attempts.

    def _task(self, scope, node, unique):
        numbers = sorted({event.attempt for event in self._of(unique) if event.kind == "task"})
        attempts, at = [], self._anchors.start(unique)
        for number in numbers:
            said, at = self._attempt(unique, number, at, is_last=number == numbers[-1])
            attempts += [] if said is None else [waiting.in_time(said, node)]
        inner = scope.inner(node, unique)
        if not attempts:  # what a recovered one had yielded is played without its task
            inside = self._inside(inner)[0] if inner is not None else {}
            return nodes.dynamic(nodes.immediately.yields(inside)) if inside else None
        if inner is not None:
            inside, _ = self._inside(inner)
            return nodes.dynamic(*attempts[:-1], yielding.instead(attempts[-1], inside))
        if (error := self._error(unique)).get("code") == wording.FUTURES:
            return nodes.dynamic(*attempts[:-1], yielding.failing(attempts[-1], _failure(error)))
        if self._would_try_again(unique, attempts[-1]):
            attempts.append(nodes.immediately.never_ends())
        return nodes.task(*attempts)

    def _attempt(self, unique, number, at, *, is_last):
        """An attempt that begins at a time, and when it ends; None of one that never was."""
        events = self._anchors.of_attempt(unique, number)
        end, until = next((pair for pair in events if pair[0].phase in ENDS), (None, None))
        phases = _phases(events)
        if not phases:
            return None, at
        said = nodes.immediately
        stays = end is None or (end.phase == "ABORTED" and is_last and not self._late(unique))
        changes = [time for _, time in phases[1:]] + ([] if stays else [until])
        for index, (event, _) in enumerate(phases):
            lasts = None
            if index < len(changes):
                lasts = max(0.0, round(min(changes[index], until or changes[index]) - at, 3))
                at += lasts
            said = getattr(said, WORDS[event.phase])(
                *(() if lasts is None else (lasts,)), **_reason(event)
            )
        if stays:
            return self._that_stays(unique, said), at
        if end.phase == "SUCCEEDED":
            return said.succeeds(self._outputs.get(unique, {})), at
        if end.phase == "ABORTED":
            return said.times_out(), at
        failure = _failure(end.body["error"], end)
        recoverable = not is_last or self._exhausted(unique)
        return said.fails(failures.retries_exhausted(last=failure) if recoverable else failure), at

    def _that_stays(self, unique, said):
        code = self._error(unique).get("code", "")
        if code in ("", "BindingResolutionFailure"):
            return said.never_ends()
        raise NotDerivedError(f"why {unique} failed cannot be said of an attempt: {code}")

    def _late(self, unique):
        return self._anchors.timed_out(unique)

    def _exhausted(self, unique):
        """Whether a node could have tried again, and had tried often enough, or was stopped."""
        if not any(event.phase == "FAILED" for event in self._of(unique, "node")):
            return True
        return self._error(unique).get("code", "").startswith(wording.EXHAUSTED)

    def _would_try_again(self, unique, attempt):
        """Whether a node was stopped after an attempt that failed, before the next one."""
        failed = any(event.phase == "FAILED" for event in self._of(unique, "node"))
        ending = getattr(attempt.ending, "failure", None)
        return ending is not None and ending.budget is not None and not failed

    def _error(self, unique):
        """The error of a node; one whose task makes a deck leaves it to whoever is above."""
        kept = self._anchors.kept
        for number, event in enumerate(kept):
            if (event.kind, event.node, event.phase) == ("node", unique, "FAILED"):
                told = (each.body["error"] for each in kept[number:] if "error" in each.body)
                return event.body.get("error") or next(told, {})
        return {}

    def _of(self, unique, *kinds):
        return (
            event
            for event in self._anchors.kept
            if event.node == unique and event.kind in (kinds or ("node", "task"))
        )


def _name(node):
    """How a script calls a node: by its id, or as its author did if only failure nodes are so."""
    if node["id"] == FAILURE_NODE and node["metadata"].get("name"):
        return node["metadata"]["name"].replace("-", "_")
    return node["id"].replace("-", "_")


def _phases(events):
    """The phases that an attempt passed through, each once and in their order."""
    found, order = [], list(WORDS)
    for event, time in events:
        place = order.index(event.phase) if event.phase in order else -1
        if place > (order.index(found[-1][0].phase) if found else -1):
            found.append((event, time))
    return found


def _reason(event):
    said = event.body.get("reason", "")
    if event.phase == "RUNNING" or not said or said in USUAL:
        return {}
    return {"reason": _worded(said, event)}


def _failure(error, event=None):
    """An error of an event; a kind that is not set is UNKNOWN."""
    return failures.Failure(
        _worded(error.get("message", ""), event),
        code=error.get("code", ""),
        kind=error.get("kind", "UNKNOWN"),
    )


def _worded(text, event):
    """A text with what stands for the name of the attempt's own pod."""
    if event is None:
        return text
    return text.replace(f"${{main}}-{event.node}-{event.attempt}", "{pod}")
