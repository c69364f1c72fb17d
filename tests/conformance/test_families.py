"""What nodes launch is launched, and stopped, as a real engine did it."""

from __future__ import annotations

import copy

import cast
import families
import playing
import pytest
import rounding
from changed_runs import STORIES, story
from comparing import differences
from performing import performing
from played_once import PLAYABLE
from playing import planter
from replaying import as_json
from story_files import Story

LAUNCHING = [name for name in PLAYABLE if next(cast.launches(STORIES[name]), None)]


@pytest.mark.parametrize("name", LAUNCHING)
def test_requests_are_those_that_were_recorded(name):
    found = {"CreateExecution": [], "TerminateExecution": []}
    with performing(story(name), planter(story(name))) as (fake, go_to, heard):
        send = fake._backend.engine._runs._send

        def hears(act):
            if act.rpc in found:
                found[act.rpc].append(_told(act.request, heard.names))
            return send(act)

        fake._backend.engine._runs._send = hears
        go_to(None)

    for rpc, requests in found.items():
        assert requests == [_recorded(call) for call in _calls(STORIES[name], rpc)]


def test_ends_are_noticed_at_one_of_the_looks():
    told = story("two-launch-plans-one-fails")

    assert families.children(told, "main") == {"n0": "child1", "n1": "child2"}
    assert families.noticed(told, "child1") == families.noticed(told, "child2") == 42.9
    assert families.look(told) == 42.9
    assert families.look(story("plain")) is None


def _calls(whole, rpc):
    for execution in whole["executions"].values():
        for call in execution["calls"]:
            if call["call"] == rpc:
                yield call


def _recorded(call):
    return rounding.in_full(call["request"])


def _told(request, names):
    def replaced(value):
        if isinstance(value, dict):
            return {key: replaced(inner) for key, inner in value.items()}
        for key, name in sorted(names.items(), key=lambda item: -len(item[1])):
            value = value.replace(name, f"${{{key}}}") if isinstance(value, str) else value
        return value

    return replaced(as_json(request))


def test_one_that_was_there_already_is_adopted():
    whole = copy.deepcopy(STORIES["launch-plan"])
    (call,) = _calls(whole, "CreateExecution")
    call |= {"code": "ALREADY_EXISTS", "message": "it is there"}
    del call["reply"]
    after = whole["after"]["child1"]["execution"]
    after["spec"]["metadata"] = {"system_metadata": {"namespace": "flytesnacks-development"}}
    after["closure"]["created_at"] = "${t-0.9}"  # before main, whose engine begins at once here
    whole["inputs"] = call["request"]["inputs"]["literals"]
    told = Story.read("taken", whole)

    assert families.children(told, "main") == {"n0": "child1"}
    assert list(differences(told, Story.read("taken", playing.played(told)))) == []
