"""Who has to be there before a recorded story of an engine can be told: tasks, workflows, plans.

A story holds its own workflow as FlyteAdmin had compiled it. Of a launch plan that its engine
launched it holds no more than the names and what was given to it; a stand-in takes its place, with
the outputs that others take from it. Ignorant of executions and events.
"""

from __future__ import annotations

import copy

from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2
from google.protobuf.json_format import ParseDict
from story_graphs import EDGES, cases

from flyte_testkit.literals import type_of_literal
from flyte_testkit.stubs import Stub


def key(name):
    """The key of an execution in its story, whose name is ``${key}``."""
    return name.removeprefix("${").removesuffix("}")


def launches(story):
    """The calls by which the engine created the children of a story."""
    for execution in story["executions"].values():
        for call in execution.get("calls", ()):
            if call["call"] == "CreateExecution" and call["code"] == "OK":
                yield call


def register(story, ask):
    """Register all that a story needs; ``ask`` takes an RPC with its request."""
    workflow = story["workflow"]
    project = workflow["primary"]["id"]["project"]
    ask("RegisterProject", {"project": {"id": project, "name": project}})
    for call in launches(story):
        _stand_in(story, call, ask)
    for template in workflow["tasks"]:
        ask("CreateTask", {"id": template["id"], "spec": {"template": template}})
    entity = story["after"]["main"]["execution"]["spec"]["launch_plan"]
    if entity["resource_type"] == "TASK":  # FlyteAdmin itself makes what it takes to launch one
        return
    primary = as_written(workflow["primary"])
    subs = [as_written(template) for template in workflow["sub_workflows"]]
    spec = {"template": primary, "sub_workflows": subs}
    ask("CreateWorkflow", {"id": primary["id"], "spec": spec})
    ask("CreateLaunchPlan", {"id": entity, "spec": {"workflow_id": primary["id"]}})


def as_written(template):
    """A workflow as its author sent it: FlyteAdmin adds where it starts and ends."""
    nodes = [node for node in template["nodes"] if node["id"] not in EDGES]
    return {**template, "nodes": [_with_own_names(node) for node in copy.deepcopy(nodes)]}


def _with_own_names(node):
    """A node whose cases have their own names: FlyteAdmin puts a conditional's in front."""
    for case in cases(node):
        _with_own_names(case)
        case["id"] = case["id"].removeprefix(f"{node['id']}-")
    return node


def _stand_in(story, call, ask):
    """Register a launch plan that the story launches, over a workflow of the recorded name."""
    request = call["request"]
    plan = request["spec"]["launch_plan"]
    child = story["after"][key(request["name"])]["execution"]
    workflow = child["closure"]["workflow_id"]
    interface = interface_pb2.TypedInterface()
    for name, literal in request.get("inputs", {}).get("literals", {}).items():
        kind = type_of_literal(ParseDict(literal, literals_pb2.Literal()))
        interface.inputs.variables[name].type.CopyFrom(kind)
    for name, kind in _taken_from(plan["name"], story["workflow"]):
        ParseDict(kind, interface.outputs.variables[name].type)
    of = ParseDict(workflow, identifier_pb2.Identifier())
    Stub(of.project, of.domain, of.name, of.version, interface).register(ask)
    ask("CreateLaunchPlan", {"id": plan, "spec": {"workflow_id": workflow}})


def _taken_from(plan, workflow):
    """The outputs of a launch plan that tasks and ends take, each with the type it is taken as."""
    tasks = {task["id"]["name"]: task["interface"] for task in workflow["tasks"]}
    for template in [workflow["primary"], *workflow["sub_workflows"]]:
        launching = {
            node["id"]
            for node in template["nodes"]
            if node.get("workflow_node", {}).get("launchplan_ref", {}).get("name") == plan
        }
        for node in template["nodes"]:
            if node["id"] == "end-node":
                takes = template["interface"].get("outputs", {}).get("variables", {})
            else:
                task = node.get("task_node", {}).get("reference_id", {}).get("name")
                takes = tasks.get(task, {}).get("inputs", {}).get("variables", {})
            for binding in node.get("inputs", ()):
                promise = binding["binding"].get("promise", {})
                if promise.get("node_id") in launching and binding["var"] in takes:
                    yield promise["var"], takes[binding["var"]]["type"]
