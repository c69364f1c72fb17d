"""Scripts told from stories of a real engine make the fake's engine tell the same stories."""

from __future__ import annotations

import collections
import copy

import playing
import pytest
from changed_runs import STORIES, story, value
from comparing import differences
from played_once import PLAYABLE, played
from playing import lacking
from story_files import Story


@pytest.mark.parametrize("name", PLAYABLE)
def test_a_story_is_played_as_it_was(name):
    found = list(differences(story(name), value(name, played(name).heard)))

    assert not found, "\n".join([f"{len(found)} differences:", *found[:6]])


@pytest.mark.parametrize("name", PLAYABLE)
def test_no_event_is_refused_that_was_not_refused_in_life(name):
    lived, run = story(name), value(name, played(name).heard)

    for key, told in run.told.items():
        refused = collections.Counter(_refused(told))
        assert refused <= collections.Counter(_refused(lived.told[key])), key


def _refused(told):
    return [(*event.subject, event.phase, event.code) for event in told.events if event.code]


@pytest.mark.parametrize("name", PLAYABLE)
def test_after_each_event_is_shown_what_was_sent_so_far(name):
    assert played(name).problems == []


def test_all_stories_can_be_scripted():
    assert [name for name in STORIES if lacking(story(name))] == []
    assert len(PLAYABLE) == len(STORIES) == 81


def test_what_was_deleted_behind_admins_back_is_terminated():
    whole = copy.deepcopy(STORIES["stopped-during-a-sub-workflow"])
    whole["after"]["main"]["execution"]["closure"]["abort_metadata"] = {}
    told = Story.read("deleted", whole)

    assert list(differences(told, Story.read("deleted", playing.played(told)))) == []
