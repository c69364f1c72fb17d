"""Clients read a story that was told to a fake without an error, and the same tree as it was told.

The data of nodes are empty here: pods write them, and no story holds them.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from changed_runs import STORIES, story
from doors import clients, over_grpc
from flyteidl.core import execution_pb2, literals_pb2
from hearing import KIND_OF
from retold import ONE_OF_EACH
from telling import Teller

NODE_PHASE = execution_pb2.NodeExecution.Phase.Name
TASK_PHASE = execution_pb2.TaskExecution.Phase.Name


@contextmanager
def told_over_grpc(name):
    """A fake that was told a story, and the identifiers of its executions by their keys."""
    with over_grpc("direct") as door:
        _write_what_pods_write(door.admin)
        teller = Teller(STORIES[name], door)
        teller.tell()
        identifiers = {
            key: {**after["execution"]["id"], "name": teller.names[key]}
            for key, after in teller.story["after"].items()
        }
        yield door.fake, identifiers


def _write_what_pods_write(admin):
    """Put empty data wherever an event says that there are some."""
    answer, empty = admin.answer, literals_pb2.LiteralMap().SerializeToString()

    def writing(rpc, request, now):
        if rpc in KIND_OF:
            for field in ("input_uri", "output_uri"):
                if uri := getattr(request.event, field, ""):
                    admin.store.blobs.setdefault(uri, empty)
        return answer(rpc, request, now)

    admin.answer = writing


def tree_told(name, key):
    """Of every node that was told of: where it stands, its last phase, those of its attempts."""
    kept, parents, phases, attempts = list(story(name).told[key].kept()), {}, {}, {}
    for event in kept:
        if event.kind == "node":
            phases[event.node] = event.phase
            parents.setdefault(event.node, event.parent)
        elif event.kind == "task":
            attempts.setdefault(event.node, {})[event.attempt] = event.phase
    return {node: (parents[node], phase, attempts.get(node, {})) for node, phase in phases.items()}


def tree_read(nodes, parent=""):
    """The same, as a client has it."""
    found = {}
    for name, node in (nodes or {}).items():
        found[name] = parent, NODE_PHASE(node.closure.phase), attempts_read(node)
        found |= tree_read(node.subworkflow_node_executions, name)
    return found


def attempts_read(node):
    """None where flytekit has the attempts of a dynamic's children in the place of its own."""
    attempts = node.task_executions
    if any(isinstance(each, list) for each in attempts):
        return None
    return {each.id.retry_attempt: TASK_PHASE(each.closure.phase) for each in attempts}


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_clients_read_the_tree_that_was_told(name):
    with told_over_grpc(name) as (fake, identifiers), clients(fake) as remotes:
        for remote in remotes:
            for key, of in identifiers.items():
                run = remote.fetch_execution(**of)
                remote.sync_execution(run, sync_nodes=True)

                read, told = tree_read(run.node_executions), tree_told(name, key)
                for node, (parent, phase, attempts) in read.items():
                    if attempts is None:
                        told[node] = (*told[node][:2], None)
                    assert (parent, phase, attempts) == told[node], (key, node)
                assert read.keys() == told.keys(), key
