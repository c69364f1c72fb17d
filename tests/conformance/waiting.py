"""What is to be said of gates and sleeps so that they go as they went.

What a signal brought stands in the engine's last question for it. Ignorant of the nodes beside
them.
"""

from __future__ import annotations

from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict

from flyte_testkit import failures, literals, nodes
from flyte_testkit.propeller import wording


def said(story, anchors, node, unique):
    """What is to be said of a node that waited; None if its workflow says it itself."""
    gate = node["gate_node"]
    if "sleep" in gate:
        return None
    ended = anchors.waited(unique)
    if ended is None:
        return nodes.gate()
    waited = round(max(0.0, ended - anchors.start(unique)), 3)
    script = nodes.running(waited)
    error = next((e.body["error"] for e in anchors.kept if _failed(e, unique)), {})
    if error.get("code") == wording.approval_refused().code:
        return nodes.gate(script.fails(failures.approval_refused()))
    if error:  # which an engine may notice late
        most = float(node["metadata"].get("timeout", f"{waited}s").removesuffix("s"))
        return nodes.gate(nodes.running(min(waited, most)).times_out())
    if "approve" in gate:
        return nodes.gate(script.succeeds())
    value = brought(story, gate["signal"]["signal_id"])
    return nodes.gate(
        script.succeeds({} if value is None else {"o0": literals.python_value(value)})
    )


def _failed(event, unique):
    return (event.kind, event.node, event.phase) == ("node", unique, "FAILED")


def brought(story, signal):
    """Return what a signal brought, as a literal; None if nobody set it."""
    for execution in story.whole["executions"].values():
        for call in execution.get("calls", ()):
            asked = call["request"].get("id", {})
            if call["call"] == "GetOrCreateSignal" and asked.get("signal_id") == signal:
                value = call.get("reply", {}).get("value")
                return value and ParseDict(value, literals_pb2.Literal())
    return None
