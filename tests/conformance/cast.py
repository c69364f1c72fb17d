"""Who has to be there before a recorded story of an engine can be told: tasks, workflows, plans.

A story holds its own workflow as FlyteAdmin had compiled it. Of a launch plan that its engine
launched it holds no more than the names, what was given to it and what was told; one that is made
up takes its place, with the outputs that others take from it.
"""

from __future__ import annotations

import copy

import made_up
from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict
from replaying import as_json
from story_files import Story
from story_graphs import EDGES, cases

from flyte_testkit.literals import type_of_literal


def key(name):
    """The key of an execution in its story, whose name is ``${key}``."""
    return name.removeprefix("${").removesuffix("}")


def launches(story):
    """The calls by which the engine created the children of a story."""
    for execution in story["executions"].values():
        for call in execution.get("calls", ()):
            if call["call"] == "CreateExecution" and call["code"] == "OK":
                yield call


def adopted(story):
    """The calls by which the engine found executions that were there already."""
    for execution in story["executions"].values():
        for call in execution.get("calls", ()):
            there = (call["call"], call["code"]) == ("CreateExecution", "ALREADY_EXISTS")
            if there and key(call["request"]["name"]) in story["executions"]:
                yield call


def register(story, ask):
    """Register all that a story needs; ``ask`` takes an RPC with its request."""
    workflow = story["workflow"]
    project = workflow["primary"]["id"]["project"]
    ask("RegisterProject", {"project": {"id": project, "name": project}})
    for template in [*workflow["tasks"], *_yielded_tasks(story)]:
        ask("CreateTask", {"id": template["id"], "spec": {"template": template}})
    _register_children(story, ask)
    entity = story["after"]["main"]["execution"]["spec"]["launch_plan"]
    if entity["resource_type"] == "TASK":  # FlyteAdmin itself makes what it takes to launch one
        return
    primary = as_written(workflow["primary"])
    subs = [as_written(template) for template in workflow["sub_workflows"]]
    spec = {"template": primary, "sub_workflows": subs}
    ask("CreateWorkflow", {"id": primary["id"], "spec": spec})
    ask("CreateLaunchPlan", {"id": entity, "spec": {"workflow_id": primary["id"]}})


def _yielded_tasks(story):
    """The tasks of what dynamic tasks yielded, those aside that the workflow has itself."""
    known = [task["id"] for task in story["workflow"]["tasks"]]
    for closure in _yielded(story):
        for task in closure.get("tasks", ()):
            if task["template"]["id"] not in known:
                known.append(task["template"]["id"])
                yield task["template"]


def _yielded(story):
    """The workflows that dynamic tasks yielded, as FlyteAdmin was told of them."""
    for execution in story["executions"].values():
        for entry in execution["events"]:
            dynamic = entry["event"].get("task_node_metadata", {}).get("dynamic_workflow", {})
            if "compiled_workflow" in dynamic:
                yield dynamic["compiled_workflow"]


def _register_children(story, ask):
    """Register what the story launches, once each: the children of children come first."""
    known = []
    for plan, of, spec, added in made_up_of(story):
        if of not in known:
            for template in added:
                ask("CreateTask", {"id": template["id"], "spec": {"template": template}})
            ask("CreateWorkflow", {"id": of, "spec": spec})
        if plan not in known:
            ask("CreateLaunchPlan", {"id": plan, "spec": {"workflow_id": of}})
        known += [plan, of]


def made_up_of(story):
    """Yield the launch plan, workflow, its spec, and the tasks it adds, of all that is launched.

    Those of one workflow have one spec.
    """
    tasks, known = [*story["workflow"]["tasks"], *_yielded_tasks(story)], []
    for call in reversed([*launches(story), *adopted(story)]):
        child = story["after"][key(call["request"]["name"])]["execution"]
        of = child["closure"]["workflow_id"]
        made = next((made for other, made in known if other == of), None)
        if made is None:
            made = _made_up(story, call, of, tasks)
            tasks += made[1]
            known.append((of, made))
        yield call["request"]["spec"]["launch_plan"], of, *made


def graph_of(story, name):
    """Return the workflow of an execution that was launched, as a story holds its own."""
    wanted = story["after"][name]["execution"]["closure"]["workflow_id"]
    tasks = [*story["workflow"]["tasks"]]
    found = {}
    for _, of, spec, added in made_up_of(story):
        tasks += [template for template in added if template not in tasks]
        if of == wanted:
            found = {"primary": spec["template"], "sub_workflows": spec["sub_workflows"]}
    return {**found, "tasks": tasks}


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


def _made_up(story, call, workflow, tasks):
    """Return a workflow of the recorded name, and the tasks that it adds."""
    request = call["request"]
    given = request.get("inputs", {}).get("literals", {})
    taken = _taken_from(request["spec"]["launch_plan"]["name"], story)
    interface = {
        "inputs": {"variables": {name: {"type": _type(given[name])} for name in given}},
        "outputs": {"variables": {name: {"type": kind} for name, kind in taken}},
    }
    told = Story.read("", story).told[key(request["name"])]
    return made_up.workflow(workflow, told, interface, tasks)


def _type(literal):
    """The type of a literal."""
    return as_json(type_of_literal(ParseDict(literal, literals_pb2.Literal())))


def _taken_from(plan, story):
    """The outputs of a launch plan that tasks and ends take, each with the type it is taken as."""
    workflow = story["workflow"]
    tasks = [*workflow["tasks"], *_yielded_tasks(story)]
    interfaces = {task["id"]["name"]: task["interface"] for task in tasks}
    for template in [workflow["primary"], *workflow["sub_workflows"], *_yielded_templates(story)]:
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
                takes = interfaces.get(task, {}).get("inputs", {}).get("variables", {})
            for binding in node.get("inputs", ()):
                promise = binding["binding"].get("promise", {})
                if promise.get("node_id") in launching and binding["var"] in takes:
                    yield promise["var"], takes[binding["var"]]["type"]


def _yielded_templates(story):
    for closure in _yielded(story):
        for each in (closure["primary"], *closure.get("sub_workflows", ())):
            yield each["template"]
