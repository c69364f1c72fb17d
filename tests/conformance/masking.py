"""What two runs of a real engine never share is taken out of what is compared.

Times, random parts of addresses, addresses of logs, tags of artifacts, and the versions of dynamic
workflows, of which only the ids of the nodes are left. Ignorant of what is compared.
"""

from __future__ import annotations

import re

TIMES = {"occurred_at", "reported_at", "timestamp", "updated_at", "created_at"}
RANDOM = re.compile(r"\$\{shard[0-9]*\}|\$\{any\}")
CHECKPOINTS = re.compile(r"\$\{store\}/.*?([^/]+/_flytecheckpoints)$")
PROSE = {"message", "reason"}


def masked(value, key=""):
    """Return a copy of a message without all that; ``key`` is the field that the value is of."""
    if isinstance(value, dict):
        return _message(value, key)
    if isinstance(value, list):
        if key == "logs":
            return [{"name": log.get("name", "")} for log in value]
        return [masked(inner, key) for inner in value]
    if isinstance(value, str):
        text = CHECKPOINTS.sub(r"*/\1", RANDOM.sub("*", value))
        return " ".join(text.split()) if key in PROSE else text
    return value


def _message(message, key):
    if key == "compiled_workflow":
        return {"nodes": _nodes(message)}
    if key == "dynamic_workflow" and "compiled_workflow" in message:
        return {"nodes": _nodes(message["compiled_workflow"])}
    if key == "catalog_key":
        return _artifact(message)
    return {name: masked(inner, name) for name, inner in message.items() if name not in TIMES}


def _nodes(workflow):
    nodes = workflow.get("primary", {}).get("template", {}).get("nodes", [])
    return sorted(node["id"] for node in nodes)


def _artifact(found):
    """What a catalogue was asked for: of a tag only that there is one, and of what kind of set."""
    dataset = found.get("dataset_id", {})
    return {
        **{
            name: sorted(inner) if name == "artifact_tag" else masked(inner, name)
            for name, inner in found.items()
        },
        "dataset_id": {
            name: dataset[name] for name in ("name", "resource_type") if name in dataset
        },
    }
