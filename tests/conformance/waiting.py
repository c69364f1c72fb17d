"""What is to be said of gates, sleeps, and what takes too long, so that they go as they went.

What a signal brought stands in the engine's last question for it. Ignorant of the nodes beside
them.
"""

from __future__ import annotations

from dataclasses import replace

from flyteidl.core import literals_pb2
from google.protobuf.json_format import ParseDict

from flyte_testkit import failures, literals, nodes
from flyte_testkit.propeller import wording

LATE = 0.9
"""How much later an engine, which measures in whole seconds, may be."""


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


def in_time(attempt, node):
    """An attempt that ends as soon as it had to: who told of it was late, or it began late."""
    most = node["metadata"].get("timeout")
    if most is None or attempt.seconds is None or not attempt.steps:
        return attempt
    *steps, last = attempt.steps
    over = attempt.seconds - float(most.removesuffix("s")) - LATE
    lasts = max(0.0, round(last.duration - max(0.0, over), 3))
    return replace(attempt, steps=(*steps, replace(last, duration=lasts)))


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
