"""A child's workflow is made up from what was told of its execution."""

from __future__ import annotations

import copy

import cast
import made_up
import pytest
import rounding
from changed_runs import STORIES, story
from doors import REQUESTS, Alone
from google.protobuf.json_format import ParseDict
from story_files import Told

INTEGER = {"simple": "INTEGER"}
PLACE = {"project": "flytesnacks", "domain": "development"}
ID = {"resource_type": "WORKFLOW", **PLACE, "name": "w", "version": "v"}
SUM = {"outputs": {"variables": {"sum": {"type": INTEGER}}}}
NOTHING_GIVEN = {"inputs": {"variables": {}}, "outputs": {"variables": {}}}
GIVES = {"inputs": {"variables": {}}, "outputs": {"variables": {"o0": {"type": INTEGER}}}}


def made(name, key="child1", interface=NOTHING_GIVEN, tasks=()):
    return made_up.workflow(ID, story(name).told[key], interface, tasks)


def ids(template):
    return {node["id"]: node.get("upstream_node_ids") for node in template["nodes"]}


def test_nodes_come_after_those_that_had_ended_when_they_began():
    spec, tasks = made("launch-plan")

    assert ids(spec["template"]) == {"n0": [], "n1": ["n0"]}
    assert {task["id"]["name"] for task in tasks} == {"flows.add"}


def test_an_output_is_bound_to_the_last_node():
    spec, tasks = made("launch-plan", interface=GIVES)

    (output,) = spec["template"]["outputs"]
    assert output["binding"]["promise"] == {"node_id": "n1", "var": "o0"}
    assert tasks[0]["interface"]["outputs"]["variables"] == {"o0": {"type": INTEGER}}


def test_an_output_is_bound_to_what_a_known_task_gives():
    task = {"id": {"name": "flows.add"}, "interface": SUM}
    spec, tasks = made("launch-plan", interface=GIVES, tasks=[task])

    (output,) = spec["template"]["outputs"]
    assert output["binding"]["promise"] == {"node_id": "n1", "var": "sum"}
    assert tasks == []


def test_who_gives_what_no_known_task_has_is_added():
    task = {"id": {"name": "flows.add"}, "interface": {}}
    spec, tasks = made("launch-plan", interface=GIVES, tasks=[task])

    assert ids(spec["template"])["gives"] == ["n0", "n1"]
    assert [each["id"]["name"] for each in tasks] == ["w.gives"]


def test_a_failure_node_stands_apart():
    spec, _ = made("two-launch-plans-one-fails", "child2")

    assert spec["template"]["failure_node"]["id"] == "fn0"
    assert "fn0" not in ids(spec["template"])


@pytest.mark.parametrize("name", STORIES)
def test_what_is_made_up_compiles(name):
    """As if the whole story were of a child of which nothing is known but what was told."""
    ask = Asked()
    ask("RegisterProject", {"project": {"id": "flytesnacks", "name": "flytesnacks"}})
    spec, tasks = made_up.workflow(ID, story(name).told["main"], GIVES, [])
    for plan in plans(spec):
        of = {**plan, "resource_type": "WORKFLOW"}
        ask.registers(of, *made_up.workflow(of, NOTHING_TOLD, NOTHING_GIVEN, []))
        ask("CreateLaunchPlan", {"id": plan, "spec": {"workflow_id": of}})
    ask.registers(ID, spec, tasks)


NOTHING_TOLD = Told("child1", ())


class Asked:
    """Asks a FlyteAdmin, and remembers what was made."""

    def __init__(self):
        self.door = Alone()
        self.made = []

    def __call__(self, rpc, request):
        self.made.append((rpc, request.get("id")))
        self.door.ask(rpc, ParseDict(request, REQUESTS[rpc]()), rounding.BEGINNING)

    def registers(self, of, spec, tasks):
        for task in tasks:
            self("CreateTask", {"id": task["id"], "spec": {"template": task}})
        self("CreateWorkflow", {"id": of, "spec": spec})


def plans(spec):
    for template in [spec["template"], *spec["sub_workflows"]]:
        for node in template["nodes"]:
            if "launchplan_ref" in node.get("workflow_node", {}):
                yield node["workflow_node"]["launchplan_ref"]


def test_what_is_launched_twice_is_made_up_once():
    whole = copy.deepcopy(STORIES["launch-plan"])
    told = whole["executions"]["main"]
    (call,) = (call for call in told["calls"] if call["call"] == "CreateExecution")
    told["calls"].append(call)
    ask = Asked()
    cast.register(whole, ask)

    made = [str(each) for each in ask.made]
    assert len(made) == len(set(made))
