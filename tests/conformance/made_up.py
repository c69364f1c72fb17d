"""A workflow that could have told what was told of an execution whose workflow is in no story.

Its nodes come after those that had ended well when they began. What nothing is known
of becomes a task. Ignorant of how it is registered.
"""

from __future__ import annotations

from story_files import Event
from story_graphs import EDGES, cases
from story_kinds import kind_by_events
from story_rules import ENDED

VALUES = {
    "INTEGER": {"scalar": {"primitive": {"integer": "1"}}},
    "FLOAT": {"scalar": {"primitive": {"float_value": 1.0}}},
    "STRING": {"scalar": {"primitive": {"string_value": ""}}},
    "BOOLEAN": {"scalar": {"primitive": {"boolean": True}}},
}
"""Something for inputs of which nothing is known."""
GIVEN_ON = "o0"
"""What a gate gives."""


def workflow(of, told, interface, tasks, launched=None, free=(), signals=None):
    """Return the requests' parts: the workflow's ``spec``, and the templates of tasks it takes.

    Args:
        of: The identifier of the workflow.
        told: What was told of its execution.
        interface: Its inputs and outputs.
        tasks: The templates of the tasks that the story holds.
        launched: What its nodes launch, by their unique ids: the literals that are given to it, and
            the variables that it gives.
        free: The names of outputs that nobody takes: they are left out if no node gives such.
        signals: The types of the signals that its gates waited for, by their ids.
    """
    known = {task["id"]["name"]: task for task in tasks}
    maker = _Maker(of, told, known, launched or {}, signals or {})
    template = maker.level("", of, interface, free)
    return {"template": template, "sub_workflows": maker.subs}, list(maker.new.values())


class _Maker:
    def __init__(self, of, told, tasks, launched, signals):
        self._launched = launched
        self._signals = signals
        self._plans = {}
        self.subs = []
        self.new = {}
        self._of = of
        self._tasks = tasks
        self._told = {}
        for event in told.kept():
            if event.kind == "node":
                self._told.setdefault(event.node, []).append(event)
        places = {id(event): place for place, event in enumerate(told.kept())}
        self._begun = {node: places[id(events[0])] for node, events in self._told.items()}
        self._ended = {
            node: places[id(events[-1])]
            for node, events in self._told.items()
            if events[-1].phase in ENDED
        }
        self._skipped = {node for node, e in self._told.items() if e[-1].phase == "SKIPPED"}
        self._fell = {node for node, events in self._told.items() if events[-1].phase == "FAILED"}
        self._parents = {events[0].parent for events in self._told.values()}
        phases = {event.phase for events in self._told.values() for event in events}
        self._fails_late = "SKIPPED" in phases
        self._maps = {}
        for event in told.kept():
            if event.is_of_a_map:
                self._maps.setdefault(event.node, []).append(event)
        self._retried = {}  # how often a user's failure was tried again, by the node
        attempts = {event.subject for event in told.kept() if event.kind == "task"}
        for event in told.kept():
            another = "task", event.node, event.attempt + 1
            if event.body.get("error", {}).get("kind") == "USER" and another in attempts:
                self._retried[event.node] = self._retried.get(event.node, 0) + 1

    def level(self, parent, of, interface, free=()):
        """Return the template of what was told of below a node, or at the top."""
        here = [
            node
            for node, (event, *_) in self._told.items()
            if event.parent == parent and event.spec not in EDGES
        ]
        failure = [node for node in here if self._spec(node) == "fn0"]
        nodes = [self._node(node, here) for node in here if node not in failure]
        outputs = interface.get("outputs", {}).get("variables", {})
        found = {name: self._output(name, outputs[name]["type"], nodes) for name in outputs}
        outputs = {name: outputs[name] for name in outputs if found[name] or name not in free}
        bound = [found[name] for name in outputs]
        if not nodes or None in bound:  # somebody has to give it, of whom nothing was told
            nodes.append(self._giver(outputs, nodes))
            bound = [_promise(name, "gives", name) for name in outputs]
        interface = {**interface, "outputs": {"variables": outputs}}
        template = {"id": of, "interface": interface, "nodes": nodes, "outputs": bound}
        if self._fails_late:
            template["metadata"] = {"on_failure": "FAIL_AFTER_EXECUTABLE_NODES_COMPLETE"}
        if failure:
            template["failure_node"] = self._node(failure[0], [])
        return template

    def _spec(self, node):
        return self._told[node][0].spec

    def _node(self, node, here):
        events = self._told[node]
        needs = [o for o in here if self._ended.get(o, self._begun[node]) < self._begun[node]]
        if node not in self._skipped:  # what goes on although others have failed needs them not
            needs = [other for other in needs if other not in self._fell | self._skipped]
        made = {
            "id": self._spec(node),
            "metadata": {"name": events[0].body.get("node_name", node), "retries": {}},
            "upstream_node_ids": [self._spec(other) for other in needs],
        }
        kind = kind_by_events(node, events, self._parents)
        if kind == "launch plan":
            made["workflow_node"] = {"launchplan_ref": events[0].body["target_entity"]}
            given, gives = self._launched.get(node, ({}, {}))
            made["inputs"] = [{"var": name, "binding": _bound(given[name])} for name in given]
            self._plans[events[0].body["target_entity"]["name"]] = gives
        elif kind == "sub-workflow":
            of = {**self._of, "name": f"{self._of['name']}.{node}"}
            interface = self._interface(events)
            free = interface["outputs"]["variables"]
            self.subs.append(self.level(node, of, interface, free))
            made["workflow_node"] = {"sub_workflow_ref": of}
        elif kind in ("sleep", "gate"):
            made |= self._gate(kind, node, events)
        elif kind == "branch":
            made |= self._branch(node, events)
        elif kind == "array" and node in self._maps:
            made |= self._map(self._maps[node])
        else:
            task = self._task(events, node)
            inputs = task["interface"].get("inputs", {}).get("variables", {})
            made["inputs"] = [_given(name, inputs[name]["type"]) for name in inputs]
            made["task_node"] = {"reference_id": task["id"]}
        return made

    def _gate(self, kind, node, events):
        """What a node waits for: a sleep as long as it was, a signal of the type that was asked."""
        if kind == "sleep":
            times = {event.phase: event.sent for event in events}
            lasts = times.get("SUCCEEDED", times["QUEUED"] + 3600) - times["QUEUED"]
            return {"gate_node": {"sleep": {"duration": f"{max(0.0, lasts):.3f}s"}}}
        signal = events[0].body.get("node_name", node)
        asked = self._signals.get(signal, {})
        if asked.get("simple") == "BOOLEAN":
            given = {"var": GIVEN_ON, "binding": VALUES["INTEGER"]}
            return {"gate_node": {"approve": {"signal_id": signal}}, "inputs": [given]}
        waits = {"signal_id": signal, "type": asked, "output_variable_name": GIVEN_ON}
        return {"gate_node": {"signal": waits}}

    def _branch(self, node, events):
        """A conditional that takes the case that was taken, or fails by its own word."""
        inside = [each for each, (event, *_) in self._told.items() if event.parent == node]
        cases = [self._node(each, []) for each in inside]
        if cases:
            case = {"condition": _compares(1), "then_node": cases[0]}
            return {"branch_node": {"if_else": {"case": case, "error": {"message": "no case"}}}}
        said = events[-1].body.get("error", {}).get("message", "").partition("] ")[2]
        never = {**self._giver({}, []), "id": f"{self._spec(node)}-n0"}
        case = {"condition": _compares(2), "then_node": never}
        return {"branch_node": {"if_else": {"case": case, "error": {"message": said}}}}

    def _map(self, events):
        """A map over a list of its own, which is as long as there were items."""
        of = events[0].body["task_id"]
        ends = {item.get("index", 0): item for event in events for item in event.items}
        fell = sum(item.get("phase") == "FAILED" for item in ends.values())
        may_fail = fell if events[-1].phase == "SUCCEEDED" else 0
        again = max((item.get("retry_attempt", 0) for item in ends.values()), default=0)
        many = {"type": {"collection_type": {"simple": "INTEGER"}}}
        interface = {
            "inputs": {"variables": {"each": many}},
            "outputs": {"variables": {"o0": many}},
        }
        template = {"id": of, "type": "python-task", "metadata": {}, "interface": interface}
        if of["name"] not in self._tasks:
            self.new.setdefault(of["name"], template)
        known = self._tasks.get(of["name"], template)["interface"]["inputs"]["variables"]
        elements = {"collection": {"bindings": [VALUES["INTEGER"]] * len(ends)}}
        metadata = {"name": of["name"], "retries": {"retries": again}}
        mapped = {"id": of["name"], "metadata": metadata, "task_node": {"reference_id": of}}
        ratio = 1.0 if not ends else (len(ends) - may_fail) / len(ends)
        return {
            "inputs": [{"var": name, "binding": elements} for name in known],
            "array_node": {"node": mapped, "min_success_ratio": ratio},
        }

    def _gives(self, made):
        """What a node gives, as variables."""
        if (gate := made.get("gate_node", {})) and "sleep" not in gate:
            return {GIVEN_ON: {"type": gate.get("signal", {}).get("type", {"simple": "INTEGER"})}}
        if found := [*cases(made)]:
            return self._gives(found[0])
        task = made.get("array_node", {}).get("node", made).get("task_node", {})
        task = task.get("reference_id", {}).get("name")
        plan = made.get("workflow_node", {}).get("launchplan_ref", {}).get("name")
        sub = made.get("workflow_node", {}).get("sub_workflow_ref")
        for template in self.subs:
            if template["id"] == sub:
                return template["interface"].get("outputs", {}).get("variables", {})
        known = self.new.get(task) or self._tasks.get(task, {})
        has = known.get("interface", {}).get("outputs", {}).get("variables")
        return has or self._plans.get(plan, {})

    def _task(self, events, node):
        of = events[0].body.get("target_entity")
        if of and of["name"] in self._tasks:
            return self._tasks[of["name"]]
        of = of or {**self._of, "resource_type": "TASK", "name": f"{self._of['name']}.{node}"}
        retries, deck = self._retried.get(node, 0), any("deck_uri" in e.body for e in events)
        template = {
            "id": of,
            "type": "python-task",
            "metadata": {
                "retries": {"retries": retries},
                "generates_deck": deck,
                **_caching(events),
            },
            "interface": self._interface(events),
        }
        return self.new.setdefault(of["name"], template)

    def _interface(self, events):
        """The interface of what a node runs: what gave something has an output, whichever."""
        gave = any("output_uri" in event.body for event in events)
        return {"outputs": {"variables": {"o0": {"type": {"simple": "INTEGER"}}} if gave else {}}}

    def _output(self, name, kind, nodes):
        """Bind an output to the last node that has such a thing, or could; None if none does."""
        for node in reversed(nodes):
            of = node.get("task_node", {}).get("reference_id", {}).get("name")
            if of in self.new:
                self.new[of]["interface"]["outputs"]["variables"][name] = {"type": kind}
                return _promise(name, node["id"], name)
            for var, declared in self._gives(node).items():
                if declared["type"] == kind:
                    return _promise(name, node["id"], var)
        return None

    def _giver(self, outputs, nodes):
        task = self._task([Event("node", {})], "gives")
        task["interface"]["outputs"]["variables"].update(outputs)
        return {
            "id": "gives",
            "metadata": {"name": "gives", "retries": {}},
            "upstream_node_ids": [node["id"] for node in nodes],
            "task_node": {"reference_id": task["id"]},
        }


def _caching(events):
    """What a task says that is cached."""
    metadata = [event.metadata for event in events]
    if not any("catalog_key" in each for each in metadata):
        return {}
    serialize = any("reservation_status" in each for each in metadata)
    return {"discoverable": True, "discovery_version": "1", "cache_serializable": serialize}


def _compares(number):
    """A condition that holds for one."""
    one, other = ({"primitive": {"integer": str(each)}} for each in (1, number))
    return {"comparison": {"operator": "EQ", "left_value": one, "right_value": other}}


def _promise(name, node, var):
    return {"var": name, "binding": {"promise": {"node_id": node, "var": var}}}


def _bound(literal):
    """A literal as a binding."""
    if "collection" in literal:
        inner = literal["collection"].get("literals", ())
        return {"collection": {"bindings": [_bound(each) for each in inner]}}
    if "map" in literal:
        inner = literal["map"].get("literals", {})
        return {"map": {"bindings": {key: _bound(each) for key, each in inner.items()}}}
    return {"scalar": literal["scalar"]}


def _given(name, kind):
    return {"var": name, "binding": VALUES.get(kind.get("simple"), {"scalar": {"none_type": {}}})}
