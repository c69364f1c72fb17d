"""While a story is told, FlyteAdmin shows what it was told: nothing more, nothing less."""

from __future__ import annotations

import random

import pytest
from changed_runs import STORIES
from doors import Alone, over_grpc
from retold import retold
from telling import Teller
from watching import Watch


def watched(story, door):
    watch = Watch(door)
    Teller(story, door, watch).tell()
    return watch.problems


@pytest.mark.parametrize("name", STORIES)
def test_after_each_event_is_shown_what_was_told_so_far(name):
    assert retold(name).problems == []


@pytest.mark.parametrize("name", ["dynamic-of-everything", "launch-plan", "map-item-retried"])
def test_over_grpc_it_is_shown_as_well(name):
    with over_grpc() as door:
        assert watched(STORIES[name], door) == []


# Events that come otherwise than they came in life.


def left_out(steps, draw):
    return [step for step in steps if draw.random() > 0.2]


def told_twice(steps, draw):
    return [step for step in steps for _ in range(draw.choice((1, 2)))]


def in_any_order(steps, draw):
    return draw.sample(steps, len(steps))


def nearly_in_order(steps, draw):
    places = {id(step): number + draw.random() * 4 for number, step in enumerate(steps)}
    return sorted(steps, key=lambda step: places[id(step)])


@pytest.mark.parametrize("otherwise", [left_out, told_twice, in_any_order, nearly_in_order])
def test_what_comes_otherwise_is_refused_or_shown(otherwise):
    draw = random.Random(0)  # noqa: S311  no secret
    for story in list(STORIES.values())[::6]:
        watch = Watch(door := Alone())
        teller = Teller(story, door, watch)
        teller.register()
        launches = [step for step in teller.steps if step.where.startswith("launch of")]
        others = [step for step in teller.steps if step not in launches]
        for step in [*launches, *otherwise(others, draw)]:
            teller.take(step)

        assert watch.problems == [], story["story"]


# A FlyteAdmin that shows something else is found out.


class Mistaken(Alone):
    """Does something to what it answers, or to what it keeps."""

    def __init__(self, rpc, spoil):
        super().__init__()
        self.rpc, self.spoil = rpc, spoil

    def ask(self, rpc, request, now):
        try:
            reply = super().ask(rpc, request, now)
        finally:
            if rpc == self.rpc.lstrip("-") and self.rpc.startswith("-"):
                self.spoil(self.admin.store)
        if rpc == self.rpc:
            self.spoil(reply)
        return reply


def problems(name, rpc, spoil):
    watch = Watch(door := Mistaken(rpc, spoil))
    Teller(STORIES[name], door, watch).tell()
    return watch.problems


@pytest.mark.parametrize(
    ("rpc", "spoil", "what"),
    [
        ("GetExecution", lambda shown: setattr(shown.closure, "phase", 1), "phase"),
        ("GetExecution", lambda shown: shown.closure.ClearField("started_at"), "start"),
        ("GetExecution", lambda shown: shown.closure.duration.FromSeconds(1), "duration"),
        ("GetExecution", lambda shown: setattr(shown.closure.error, "code", "x"), "error"),
        ("GetNodeExecution", lambda shown: shown.closure.ClearField("phase"), "phase"),
        ("GetNodeExecution", lambda shown: shown.closure.created_at.Clear(), "creation"),
        ("GetNodeExecution", lambda shown: shown.closure.updated_at.Clear(), "update"),
        ("GetNodeExecution", lambda shown: setattr(shown, "input_uri", ""), "inputs"),
        ("GetNodeExecution", lambda shown: setattr(shown.closure, "output_uri", "x"), "outputs"),
        ("GetTaskExecution", lambda shown: shown.closure.ClearField("reasons"), "reasons"),
        ("GetTaskExecution", lambda shown: shown.closure.metadata.Clear(), "items"),
        ("ListNodeExecutions", lambda shown: shown.node_executions.__delitem__(slice(1)), "list"),
        ("ListTaskExecutions", lambda shown: shown.task_executions.__delitem__(slice(1)), "list"),
    ],
)
def test_what_is_shown_otherwise_is_told(rpc, spoil, what):
    found = problems("map-fails" if what == "items" else "task-fails", rpc, spoil)

    assert any(f"at 0.1 {what} of" in line or f" {what} of (" in line for line in found)


def touched(table, place, **changes):
    """What changes one row of a table behind everybody's back."""

    def touch(store):
        rows = list(getattr(store, table))
        if len(rows) > place:
            getattr(store, table).update(rows[place].changed(**changes))

    return touch


def test_a_refused_event_that_changes_something_is_told():
    touch = touched("task_executions", 0, phase_version=7)
    found = problems("retried-and-succeeded", "-CreateTaskEvent", touch)

    assert any("was refused, and changed {('task'," in line for line in found)


def test_an_event_that_changes_what_it_is_not_about_is_told():
    touch = touched("node_executions", 0, error_code="x")
    found = problems("task-fails", "-CreateTaskEvent", touch)

    assert any("changed ('node'," in line and line.endswith(" too") for line in found)


def test_a_launch_that_changes_nodes_is_told():
    touch = touched("node_executions", 0, error_code="x")
    found = problems("recover-twice", "-RecoverExecution", touch)

    assert found[0].startswith("launch of recovered changed {")
