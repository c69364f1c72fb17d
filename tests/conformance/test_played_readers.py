"""While a story is played, and at its end, clients read the tree that was sent so far."""

from __future__ import annotations

import pytest
import trees
from changed_runs import story
from doors import clients
from performing import performing
from played_once import PLAYABLE, played
from playing import planter
from story_rules import ENDED


@pytest.mark.parametrize("name", PLAYABLE)
def test_clients_read_what_was_sent_whenever_something_changes(name):
    told = story(name)
    with performing(told, planter(told)) as (fake, go_to, heard), clients(fake) as remotes:
        for moment in played(name).instants:
            names = go_to(moment)
            for key, of in _launched(told, names, heard):
                for run in _runs(remotes, of):
                    read = trees.read(run)
                    assert read == trees.without_lost(_told(heard, key), read), (key, moment)


@pytest.mark.parametrize("name", PLAYABLE)
def test_in_the_end_it_is_the_tree_that_was_recorded(name):
    told = story(name)
    with performing(told, planter(told)) as (fake, go_to, heard), clients(fake) as remotes:
        names = go_to(None)
        for key, of in _launched(told, names, heard):
            for run in _runs(remotes, of):
                read = trees.read(run)
                recorded = trees.without_lost(trees.told(told.told[key].events), read)
                assert _named(read) == _named(recorded)


def _told(heard, key):
    """What was told of an execution; that it is ABORTING FlyteAdmin says itself."""
    (phase, error), nodes = trees.told(heard.told(key))
    stops = heard.names[key] in heard.stopped and phase not in ENDED
    return ("ABORTING" if stops else phase, error), nodes


def _runs(remotes, of):
    """An execution as each client reads it, with its nodes."""
    for remote in remotes:
        run = remote.fetch_execution(**of)
        remote.sync_execution(run, sync_nodes=True)
        yield run


def _launched(told, names, heard):
    """The executions of which something was sent, by their keys."""
    for key, name in names.items():
        if heard.told(key):
            yield key, {**told.whole["after"][key]["execution"]["id"], "name": name}


def _named(tree):
    """A tree without the texts of errors, in which names stand."""
    run, nodes = tree
    return _bare(run), {
        node: (
            parent,
            *_bare(state),
            attempts and {number: _bare(each) for number, each in attempts.items()},
        )
        for node, (parent, *state, attempts) in nodes.items()
    }


def _bare(state):
    phase, error = state
    return phase, error and error[:2]
