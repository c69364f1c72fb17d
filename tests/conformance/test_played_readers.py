"""While a story is played, and at its end, clients read the tree that was sent so far."""

from __future__ import annotations

import pytest
import trees
from changed_runs import story
from doors import clients
from performing import performing
from played_once import PLAYABLE, played
from playing import planter


@pytest.mark.parametrize("name", PLAYABLE)
def test_clients_read_what_was_sent_whenever_something_changes(name):
    told = story(name)
    with performing(told, planter(told)) as (go_to, heard):
        remotes = None
        for moment in [*played(name).instants, None]:
            door, names = go_to(moment)
            remotes = remotes or list(clients(door.fake))
            for key, of in _launched(told, names, heard):
                for remote in remotes:
                    run = remote.fetch_execution(**of)
                    remote.sync_execution(run, sync_nodes=True)
                    assert trees.read(run) == trees.told(heard.told(key)), (key, moment)


@pytest.mark.parametrize("name", PLAYABLE)
def test_in_the_end_it_is_the_tree_that_was_recorded(name):
    with performing(story(name), planter(story(name))) as (go_to, heard):
        door, names = go_to(None)
        for remote in clients(door.fake):
            for key, of in _launched(story(name), names, heard):
                run = remote.fetch_execution(**of)
                remote.sync_execution(run, sync_nodes=True)
                assert _named(trees.read(run)) == _named(trees.told(story(name).told[key].events))


def _launched(told, names, heard):
    """The executions of which something was sent, by their keys."""
    for key, name in names.items():
        if heard.told(key):
            yield key, {**told.whole["after"][key]["execution"]["id"], "name": name}


def _named(tree):
    """A tree without the texts of errors, in which names stand."""
    run, nodes = tree
    return _bare(run), {
        node: (parent, *_bare(state), {number: _bare(each) for number, each in attempts.items()})
        for node, (parent, *state, attempts) in nodes.items()
    }


def _bare(state):
    phase, error = state
    return phase, error and error[:2]
