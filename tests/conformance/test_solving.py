"""Values are found that make conditionals take the arms they took, and inputs fail as they did."""

from __future__ import annotations

import pytest
from solving import UnsolvedError, solved
from story_files import Event, Story, Told

INTEGER = {"simple": "INTEGER"}
TEXT = {"simple": "STRING"}
TASK = {"resource_type": "TASK", "project": "p", "domain": "d", "version": "v1"}


def task(node, name, inputs=()):
    return {
        "id": node,
        "metadata": {"name": name},
        "inputs": [*inputs],
        "task_node": {"reference_id": {**TASK, "name": name}},
    }


def template(name, outputs):
    variables = {output: {"type": kind} for output, kind in outputs.items()}
    return {"id": {**TASK, "name": name}, "interface": {"outputs": {"variables": variables}}}


def taken(var, node, output, path=()):
    promise = {"node_id": node, "var": output}
    if path:
        promise["attr_path"] = [
            {"int_value": step} if isinstance(step, int) else {"string_value": step}
            for step in path
        ]
    return {"var": var, "binding": {"promise": promise}}


def compares(name, operator, **primitive):
    return {
        "comparison": {
            "operator": operator,
            "left_value": {"var": name},
            "right_value": {"primitive": primitive},
        }
    }


def conditional(node, inputs, cases, last="too small"):
    first, *others = [
        {"condition": condition, "then_node": task(f"{node}-n{number}", "fit")}
        for number, condition in enumerate(cases)
    ]
    return {
        "id": node,
        "metadata": {"name": "which"},
        "inputs": inputs,
        "branch_node": {
            "if_else": {"case": first, "other": others, "error": {"message": last}},
        },
    }


def node_event(node, spec, phase="SUCCEEDED", parent="", **error):
    body = {"id": {"node_id": node}, "spec_node_id": spec, "phase": phase}
    if parent:
        body["parent_node_metadata"] = {"node_id": parent}
    if error:
        body["error"] = error
    return Event("node", body)


def story(nodes, *events, outputs=None, inputs=None, subs=()):
    tasks = [template("extract", outputs or {"rows": INTEGER}), template("fit", {})]
    workflow = {"primary": {"nodes": nodes}, "sub_workflows": [*subs], "tasks": tasks}
    told = Told("main", (node_event("n0", "n0"), *events))
    return Story("made-up", {"main": told}, workflow, {"inputs": inputs or {}}), told


GREAT = compares("n0.rows", "GT", integer="10")
FAIR = compares("n0.rows", "GTE", integer="5")
ROWS = [task("n0", "extract"), conditional("n1", [taken("n0.rows", "n0", "rows")], [GREAT, FAIR])]


@pytest.mark.parametrize(
    ("event", "holds"),
    [
        (node_event("n1-0-n1-n0", "n1-n0", parent="n1"), lambda rows: rows > 10),
        (node_event("n1-0-n1-n1", "n1-n1", parent="n1"), lambda rows: 5 <= rows <= 10),
    ],
)
def test_an_arm_that_was_taken_asks_for_a_value(event, holds):
    found = solved(*story(ROWS, node_event("n1", "n1"), event))

    assert list(found) == ["n0"]
    assert holds(found["n0"]["rows"])


def test_one_that_fails_by_its_own_word_does_as_well():
    failed = node_event("n1", "n1", "FAILED", code="UserProvidedError", message="too small")

    assert solved(*story(ROWS, failed))["n0"]["rows"] < 5


def test_one_that_was_stopped_before_it_was_decided_asks_for_nothing():
    assert solved(*story(ROWS, node_event("n1", "n1", "QUEUED"))) == {}


def test_all_conditionals_ask_together():
    low = conditional(
        "n2", [taken("n0.rows", "n0", "rows")], [compares("n0.rows", "LT", integer=12)]
    )
    told = story(
        [*ROWS, low],
        node_event("n1", "n1"),
        node_event("a", "n1-n0", parent="n1"),
        node_event("n2", "n2"),
        node_event("b", "n2-n0", parent="n2"),
    )

    assert solved(*told)["n0"]["rows"] == 11


def test_an_arm_that_no_value_takes_is_told():
    impossible = conditional(
        "n1", [taken("n0.rows", "n0", "rows")], [compares("n0.rows", "LT", integer=0), FAIR]
    )
    both = {"conjunction": {"left_expression": GREAT, "right_expression": FAIR}}
    impossible["branch_node"]["if_else"]["other"][0]["condition"] = {
        "conjunction": {
            "operator": "AND",
            "left_expression": both,
            "right_expression": compares("n0.rows", "LT", integer=-1),
        }
    }
    told = story(
        [task("n0", "extract"), impossible],
        node_event("n1", "n1"),
        node_event("a", "n1-n1", parent="n1"),
    )

    with pytest.raises(UnsolvedError, match="no outputs were found"):
        solved(*told)


def test_other_outputs_of_the_task_are_given_too():
    told = story(
        ROWS,
        node_event("n1", "n1"),
        node_event("a", "n1-n0", parent="n1"),
        outputs={"rows": INTEGER, "name": TEXT},
    )

    assert solved(*told)["n0"].keys() == {"rows", "name"}


def test_texts_truths_and_paths_are_found():
    inputs = [taken("x", "n0", "all", [1, "day"])]
    by_day = conditional("n1", inputs, [compares("x", "EQ", string_value="monday")])
    told = story(
        [task("n0", "extract"), by_day],
        node_event("n1", "n1"),
        node_event("a", "n1-n0", parent="n1"),
        outputs={"all": {"collection_type": {"map_value_type": TEXT}}},
    )

    assert solved(*told)["n0"]["all"][1] == {"day": "monday"}


def test_what_a_sub_workflow_gives_is_asked_of_the_task_inside():
    sub = {
        "id": {"name": "inner"},
        "nodes": [task("n0", "extract")],
        "outputs": [taken("o0", "n0", "rows")],
    }
    calls = {"id": "n0", "workflow_node": {"sub_workflow_ref": {"name": "inner"}}}
    by_rows = conditional("n1", [taken("x", "n0", "o0")], [compares("x", "GT", integer=7)])
    told = story(
        [calls, by_rows],
        node_event("n0-0-n0", "n0", parent="n0"),
        node_event("n1", "n1"),
        node_event("a", "n1-n0", parent="n1"),
        subs=[sub],
    )

    assert solved(*told)["n0-0-n0"]["rows"] > 7


def test_what_was_given_at_the_launch_decides_alone():
    given = {"a": {"scalar": {"primitive": {"integer": "50"}}}}
    by_input = conditional(
        "n1", [taken(".a", "start-node", "a")], [compares(".a", "GT", integer=7)]
    )
    told = story(
        [by_input], node_event("n1", "n1"), node_event("a", "n1-n0", parent="n1"), inputs=given
    )

    assert solved(*told) == {}


def lost(cause):
    message = (
        "failed at Node[n1]. BindingResolutionError: Error binding Var [wf].[x], caused by:"
        f" failed at Node[n0]. PromiseAttributeResolveError: {cause}"
    )
    return node_event("n1", "n1", "FAILED", code="BindingResolutionFailure", message=message)


@pytest.mark.parametrize(
    ("path", "cause", "value"),
    [
        ([0], "index [0] is out of range of []", []),
        (
            [2],
            "index [2] is out of range of [scalar:{primitive:{integer:7}}  scalar:{primitive:{integer:8}}]",  # noqa: E501  as it is told
            [7, 8],
        ),
        (["day"], "key [day] does not exist in literal map[]", {}),
        (
            ["day"],
            "key [day] does not exist in literal map[a:scalar:{primitive:{integer:1}}]",
            {"a": 1},
        ),
        (["a", 3], "index [3] is out of range of []", {"a": []}),
        ([1, "a"], "key [a] does not exist in literal map[]", [{}, {}]),
    ],
)
def test_what_could_not_be_found_is_not_there(path, cause, value):
    nodes = [task("n0", "extract"), task("n1", "fit", [taken("x", "n0", "rows", path)])]
    found = solved(*story(nodes, lost(cause), outputs={"rows": {"simple": "STRUCT"}}))

    assert found["n0"]["rows"] == value


def test_what_cannot_be_concluded_is_told():
    nodes = [task("n0", "extract"), task("n1", "fit", [taken("x", "n0", "rows", [0])])]

    with pytest.raises(UnsolvedError, match="what n0 gave is not known: something else"):
        solved(*story(nodes, lost("something else")))
