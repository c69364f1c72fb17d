"""Who has to be there before a recorded story of an engine can be told: tasks, workflows, plans.

A story holds its own workflow as FlyteAdmin had compiled it. Of a launch plan that its engine
launched it holds no more than the names, what was given to it, what it gave and what was told; one
that is made up takes its place, with the outputs that it gave, and those that others take from it.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import made_up
import unlaunched
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
    for template in [*workflow["tasks"], *_yielded(story)]:
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


def _yielded(story):
    """The tasks of what dynamic tasks yielded, those aside that the workflow has itself."""
    known = [task["id"] for task in story["workflow"]["tasks"]]
    for execution in story["executions"].values():
        for entry in execution["events"]:
            dynamic = entry["event"].get("task_node_metadata", {}).get("dynamic_workflow", {})
            for task in dynamic.get("compiled_workflow", {}).get("tasks", ()):
                if task["template"]["id"] not in known:
                    known.append(task["template"]["id"])
                    yield task["template"]


def _register_children(story, ask):
    """Register what the story launches, once each: the children of children come first."""
    known = []
    for plan, of, spec, added in made_up_of(story):
        if of not in known:
            for template in added:
                ask("CreateTask", {"id": template["id"], "spec": {"template": template}})
            written = [as_written(one) for one in (spec["template"], *spec["sub_workflows"])]
            first, *others = written
            ask("CreateWorkflow", {"id": of, "spec": {"template": first, "sub_workflows": others}})
        if plan not in known:
            ask("CreateLaunchPlan", {"id": plan, "spec": {"workflow_id": of}})
        known += [plan, of]
    for plan, of, spec in unlaunched.plans(story, known):
        ask("CreateWorkflow", {"id": of, "spec": spec})
        ask("CreateLaunchPlan", {"id": plan, "spec": {"workflow_id": of}})


def made_up_of(story):
    """Yield the launch plan, workflow, its spec, and the tasks it adds, of all that is launched.

    Those of one workflow have one spec, whatever each of them told.
    """
    tasks, known = [*story["workflow"]["tasks"], *_yielded(story)], []
    for call in _deepest_first([*launches(story), *adopted(story)]):
        of = _workflow_of(story, call)
        made = next((made for other, made in known if other == of), None)
        if made is None:
            made = _made_up(story, of, tasks)
            tasks += made[1]
            known.append((of, made))
        yield call["request"]["spec"]["launch_plan"], of, *made


def _deepest_first(calls):
    """Those first that launch nothing, then who launches them, in whichever run of the story."""
    parents = {}
    for call in calls:
        parent = call["request"]["spec"]["metadata"]["parent_node_execution"]["execution_id"]
        parents[key(call["request"]["name"])] = key(parent["name"])

    def depth(name):
        return 1 + depth(parents[name]) if name in parents else 0

    return sorted(calls, key=lambda call: depth(key(call["request"]["name"])))[::-1]


def _workflow_of(story, call):
    child = story["after"][key(call["request"]["name"])]["execution"]
    return child["closure"]["workflow_id"]


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


def _made_up(story, workflow, tasks):
    """Return a workflow of the recorded name, and the tasks that it adds."""
    every = [*launches(story), *adopted(story)]
    calls = [call for call in every if _workflow_of(story, call) == workflow]
    names = list(dict.fromkeys(call["request"]["name"] for call in calls))
    launched = {}
    for call in every:
        parent = call["request"]["spec"]["metadata"]["parent_node_execution"]
        if parent["execution_id"]["name"] in names:
            launched[parent["node_id"]] = given(call), _gives(story, call)
    interface, taken = {"inputs": {"variables": {}}, "outputs": {"variables": {}}}, set()
    for call in calls:
        interface["inputs"]["variables"] |= _variables(given(call))
        interface["outputs"]["variables"] |= _gives(story, call)
        taken |= {*_taken(story, call)}
    told = Story.read("", story).told
    run = _joined([told[key(name)] for name in names])
    free = {*interface["outputs"]["variables"]} - taken
    signals = {
        asked["request"]["id"]["signal_id"]: asked["request"]["type"]
        for name in names
        for asked in story["executions"][key(name)].get("calls", ())
        if asked["call"] == "GetOrCreateSignal"
    }
    return made_up.workflow(workflow, run, interface, tasks, launched, free, signals)


def _joined(runs):
    """All that was told of some runs of one workflow, as of one that came to all its nodes."""
    first, *others = sorted(runs, key=lambda told: -len({event.node for event in told.kept()}))
    events = list(first.kept())
    for told in others:
        known = {event.node for event in events}
        events += [event for event in told.kept() if event.node not in known]
    return replace(first, events=tuple(events))


def given(call):
    """Return the literals that a launch gives."""
    return call["request"].get("inputs", {}).get("literals", {})


def _gives(story, call):
    """What an execution gives that was launched: what its engine was told, and what others take."""
    gave = {}
    for asked in story["executions"][key(call["request"]["name"])].get("calls", ()):
        if asked["call"] == "GetExecutionData":
            gave |= asked.get("reply", {}).get("full_outputs", {}).get("literals", {})
    known, taken = _variables(gave), _taken(story, call)
    anything = {"type": unlaunched.INTEGER}
    return known | {
        name: known.get(name, anything) if kind is None else {"type": kind}
        for name, kind in taken.items()
    }


def _taken(story, call):
    plan = call["request"]["spec"]["launch_plan"]["name"]
    return dict(unlaunched.taken_from(plan, unlaunched.with_yielded(story)))


def _variables(found):
    return {name: {"type": _type(found[name])} for name in found}


def _type(literal):
    """The type of a literal."""
    return as_json(type_of_literal(ParseDict(literal, literals_pb2.Literal())))
