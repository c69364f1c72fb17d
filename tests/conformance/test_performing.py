"""The fake's own engine plays a story; people do what they did then."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from changed_runs import story
from comparing import differences
from performing import performed
from story_files import Story

from flyte_testkit import running, undefined


def playing(script):
    return lambda fake, told: fake.on_launch(told.workflow["primary"]["id"]["name"]).plays(script)


def found(name, script):
    got = Story.read(name, performed(story(name), playing(script)))
    return list(differences(story(name), got))


def test_what_never_began_and_was_terminated_is_played_as_recorded():
    assert found("stopped-at-once", undefined().never_ends()) == []


def test_what_a_plain_script_leaves_out_is_all_that_differs():
    lines = found("plain", running(9).succeeds(o0=3))

    assert lines
    assert all(
        line.startswith(("main: node n0", "main: task n0", "main: order of n0")) for line in lines
    )


def test_a_launch_that_is_refused_is_told():
    refused = replace(story("plain"), whole=copy.deepcopy(story("plain").whole))
    refused.whole["inputs"] = {}

    with pytest.raises(AssertionError, match=r'launch of main code: "INVALID_ARGUMENT"'):
        performed(refused, playing(running(9).succeeds(o0=3)))


def test_what_nobody_scripts_stays_as_it_is():
    def nothing(fake, told):
        """Plant nothing."""

    assert performed(story("plain"), nothing) == {"executions": {"main": {"events": []}}}
