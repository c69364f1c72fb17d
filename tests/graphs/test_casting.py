"""Names in scripts are ids, names and short names of nodes; what does not fit is told with both."""

import pytest
from flyteidl.core import compiler_pb2, literals_pb2, workflow_pb2

from flyte_testkit import failures, graphs, literals, nodes, running
from flyte_testkit.errors import RegistrationError, TimelineError

OK = nodes.task(running(9).succeeds())
AGAIN = running(9).fails(failures.recoverable())
LOST = running(9).fails(failures.preempted())
MAP = f"flows.map_fit_{'0' * 32}-arraynode"


def task(id_, name, *, of="", retries=0):
    node = workflow_pb2.Node(id=id_, metadata=workflow_pb2.NodeMetadata(name=name))
    node.metadata.retries.retries = retries
    node.task_node.reference_id.name = of or f"flows.{name}"
    return node


def sub_workflow(id_, name):
    node = workflow_pb2.Node(id=id_, metadata=workflow_pb2.NodeMetadata(name=name))
    node.workflow_node.sub_workflow_ref.name = f"flows.{name}"
    return node


def branch(id_, name, *arms, default=None):
    node = workflow_pb2.Node(id=id_, metadata=workflow_pb2.NodeMetadata(name=name))
    node.inputs.add(var=".rows").binding.promise.var = "rows"
    block = node.branch_node.if_else
    for number, arm in enumerate(arms):
        case = block.other.add() if number else block.case
        case.then_node.CopyFrom(arm)
        comparison = case.condition.comparison
        comparison.operator = comparison.GT
        comparison.left_value.var = ".rows"
        comparison.right_value.primitive.integer = 100 - 90 * number
    if default is None:
        block.error.message = "too few"
    else:
        block.else_node.CopyFrom(default)
    return node


def other(id_, name, **target):
    metadata = workflow_pb2.NodeMetadata(name=name)
    return workflow_pb2.Node(id=id_, metadata=metadata, **target)


def closure(*inside, failure_node=None, sub=(), retries=0):
    made = compiler_pb2.CompiledWorkflowClosure()
    template = made.primary.template
    template.id.name = "flows.etl"
    template.nodes.extend([workflow_pb2.Node(id="start-node"), workflow_pb2.Node(id="end-node")])
    template.nodes.extend(inside)
    if failure_node is not None:
        template.failure_node.CopyFrom(failure_node)
    inner = made.sub_workflows.add().template
    inner.id.name = "flows.training"
    inner.nodes.extend([workflow_pb2.Node(id="start-node"), *sub])
    for name in ("extract", "fit", "train", "report", "clean"):
        one = made.tasks.add().template
        one.id.name, one.metadata.retries.retries = f"flows.{name}", retries
        if name == "fit":
            one.interface.outputs.CopyFrom(literals.variable_map({"auc": float}))
    return made


def paths(made, script):
    return sorted("/".join(path) for path in graphs.cast(made, script).nodes)


def told(made, script, inputs=None):
    with pytest.raises((TimelineError, RegistrationError)) as caught:
        graphs.cast(made, script, inputs)
    return str(caught.value)


ETL = closure(
    task("n0", "extract"),
    sub_workflow("n1", "training"),
    branch("n2", "check", task("n2-n0", "fit"), task("n2-n1", "report")),
    sub_workflow("my-child", "training"),
    other("n4", MAP, array_node=workflow_pb2.ArrayNode()),
    other("n5", "ok", gate_node=workflow_pb2.GateNode()),
    task("n6", "fit"),
    failure_node=task("fn0", "clean"),
    sub=[task("n0", "fit"), task("n1", "report")],
)


@pytest.mark.parametrize("name", ["n0", "extract"])
def test_a_node_is_found_by_its_id_and_by_its_name(name):
    assert paths(ETL, nodes.where(**{name: OK})) == ["n0"]


def test_nodes_inside_of_others_are_found_by_paths_of_ids():
    script = nodes.where(
        my_child=nodes.subworkflow(fit=nodes.task()),
        check=nodes.branch(report=OK),
    ).on_failure(whatever=OK)
    assert paths(ETL, script) == ["fn0", "my-child", "my-child/n0", "n2", "n2/n2-n1"]


def test_an_underscore_stands_for_a_dash_in_ids_and_in_names():
    made = closure(
        task("my-child", "one", of="flows.fit"), task("n1", "two_words", of="flows.train")
    )
    assert paths(made, nodes.where(**{"my_child": OK, "two-words": OK})) == ["my-child", "n1"]


def test_an_id_counts_before_a_name():
    made = closure(task("n0", "n1", of="flows.fit"), task("n1", "train"))
    assert paths(made, nodes.where(n1=OK)) == ["n1"]


def test_a_short_name_is_the_last_part_of_a_name_with_points():
    made = closure(
        task("n0", "flows.train", of="flows.fit"), task("n1", "called", of="flows.report")
    )
    assert paths(made, nodes.where(train=OK, report=OK)) == ["n0", "n1"]


def test_an_ambiguous_name_is_refused_with_ids_and_kinds():
    assert told(ETL, nodes.where(training=nodes.subworkflow(fit=OK))) == (
        "nodes.where(…): 'training' may be any of n1 'training' (sub-workflow), my-child 'training'"
        " (sub-workflow) in 'flows.etl'.\nWrite the id: n1=…"
    )


def test_an_unknown_name_is_refused_with_what_there_is():
    text = told(ETL, nodes.where(extrakt=OK))
    assert text.startswith(
        "nodes.where(…): there is no node 'extrakt' in 'flows.etl'. Did you mean 'extract'?\n"
        "There is n0 'extract' (task), n1 'training' (sub-workflow), n2 'check' (branch),"
    )
    assert "n4 'fit' (map), n5 'ok' (gate)" in text


def test_what_is_unknown_inside_of_a_node_is_told_with_the_way():
    text = told(ETL, nodes.where(n1=nodes.subworkflow(fix=OK)))
    assert "no node 'fix' in 'training' (n1) of 'flows.etl'. Did you mean 'fit'?" in text


def test_a_name_that_stands_inside_of_another_node_is_told_with_the_way():
    made = closure(
        branch("n2", "enough", task("n2-n0", "report"), task("n2-n1", "clean")),
        sub_workflow("n3", "training"),
        sub=[branch("n0", "check", task("n0-n0", "fit"))],
    )
    assert told(made, nodes.where(report=OK)) == (
        "nodes.where(…): there is no node 'report' beside the others of 'flows.etl': one is inside"
        " of n2 'enough' (branch).\nWrite it there: enough=nodes.branch(report=…)"
    )
    assert told(made, nodes.where(fit=OK)).endswith(
        "one is inside of n3 'training' (sub-workflow), n0 'check' (branch).\n"
        "Write it there: training=nodes.subworkflow(check=nodes.branch(fit=…))"
    )
    assert told(ETL, nodes.where(report=OK)).endswith("there: n1=nodes.subworkflow(report=…)")


def test_names_of_a_thousand_nodes_are_cut():
    made = closure(*(task(f"n{i}", "report") for i in range(1000)))
    assert len(told(made, nodes.where(other=OK))) < 1500
    assert len(told(made, nodes.where(report=OK))) < 1500


@pytest.mark.parametrize(
    ("script", "kind", "advice"),
    [
        (nodes.where(n0=nodes.subworkflow(a=OK)), "task", "Write n0=nodes.task(…)."),
        (nodes.where(n1=OK), "sub-workflow", "Write n1=nodes.subworkflow(…)."),
        (nodes.where(check=OK), "branch", "Write check=nodes.branch(…)."),
        (nodes.where(n4=OK), "map", "Write n4=nodes.array(…)."),
        (nodes.where(ok=OK), "gate", "Write ok=nodes.gate(…)."),
    ],
)
def test_the_wrong_kind_is_refused_with_the_right_word(script, kind, advice):
    text = told(ETL, script)
    assert f"is a {kind} of 'flows.etl'" in text
    assert text.endswith(advice)


def test_two_names_of_one_node_are_refused():
    text = told(ETL, nodes.where(n0=OK, extract=OK))
    assert "'n0' and 'extract' are one node of 'flows.etl': n0 'extract' (task)." in text


def test_the_failure_node_among_the_others_is_refused():
    text = told(ETL, nodes.where(clean=OK))
    assert text.endswith("is the failure node of 'flows.etl'.\nWrite .on_failure(clean=…).")


def test_a_failure_node_that_is_not_there_is_refused():
    text = told(closure(task("n0", "fit")), nodes.where().on_failure(clean=OK))
    assert "'flows.etl' has no failure node." in text


def test_outputs_are_held_against_those_of_the_task():
    for outputs, why in (
        ({"acc": 0.5}, "succeeds with an output 'acc'. 'flows.fit' declares the outputs auc"),
        ({"auc": "high"}, "output 'auc' is declared float, but 'high' is a str"),
    ):
        script = nodes.where(n6=nodes.task(running(9).succeeds(**outputs)))
        assert f"'n6' (n6) of 'flows.etl': {'a script' if 'acc' in outputs else 'output'}" in told(
            ETL, script
        )
        assert why in told(ETL, script)


def test_missing_outputs_are_refused_unless_none_is_scripted():
    made = closure(task("n0", "fit"))
    made.tasks[1].template.interface.outputs.CopyFrom(
        literals.variable_map({"auc": float, "rows": int})
    )
    script = nodes.where(n0=nodes.task(running(9).succeeds(auc=0.5)))
    assert "succeeds without 'rows'" in told(made, script)
    assert paths(made, nodes.where(n0=OK)) == ["n0"]


def test_what_all_others_give_is_held_against_each_of_them():
    text = told(closure(task("n0", "fit")), nodes.where().others(running(9).succeeds(auk=1)))
    assert text.startswith(".others(…): 'fit' (n0) of 'flows.etl': a script of 'flows.fit'")


def test_others_are_not_held_against_what_is_scripted():
    made = closure(task("n0", "fit"), task("n1", "train"))
    others = nodes.where(train=OK).others(running(9).succeeds(auc=0.5))
    assert paths(made, others) == ["n1"]


def test_the_registered_retries_count():
    made = closure(task("n0", "train"), retries=1)
    assert paths(made, nodes.where(train=nodes.task(AGAIN, AGAIN))) == ["n0"]
    assert "failure too many for retries=1" in told(
        made, nodes.where(train=nodes.task(AGAIN, AGAIN, running(9).succeeds()))
    )
    assert "after attempt 1 an engine makes another one: retries=1 are not used up" in told(
        made, nodes.where(train=nodes.task(AGAIN))
    )


def test_what_the_system_does_is_counted_apart():
    made = closure(task("n0", "train"), retries=1)
    script = nodes.where(train=nodes.task(LOST, AGAIN, LOST, running(9).succeeds()))
    assert paths(made, script) == ["n0"]


def test_retries_of_a_node_stand_for_those_of_its_task():
    made = closure(task("n0", "train", retries=2), retries=1)
    assert paths(made, nodes.where(train=nodes.task(AGAIN, AGAIN, AGAIN))) == ["n0"]


def rows(number):
    return literals.literal_map({"rows": number})


def test_an_arm_that_is_taken_passes():
    script = nodes.where(check=nodes.branch(report=OK))
    assert graphs.cast(ETL, script, rows(50)).script == script


@pytest.mark.parametrize(
    ("number", "truth"),
    [
        (500, "it takes n2-n0 'fit' (task).\n"),
        (5, "it fails: too few.\n"),
    ],
)
def test_an_arm_that_is_not_taken_is_refused_with_the_values(number, truth):
    text = told(ETL, nodes.where(check=nodes.branch(report=OK)), rows(number))
    assert "'check' (n2) of 'flows.etl' does not take n2-n1 'report' (task)" in text
    assert truth in text
    assert "if rows > 100, elif rows > 10" in text
    assert f"rows = {number}" in text


def test_an_arm_is_left_alone_as_long_as_its_values_are_not_known():
    script = nodes.where(check=nodes.branch(report=OK))
    assert paths(ETL, script) == ["n2", "n2/n2-n1"]
    graphs.cast(ETL, script, literals_pb2.LiteralMap())


def test_an_arm_inside_of_a_sub_workflow_is_refused_too():
    inner = branch("n0", "check", task("n0-n0", "fit"), task("n0-n1", "report"))
    node = sub_workflow("n1", "training")
    node.inputs.add(var="rows").binding.promise.var = "rows"
    made = closure(node, sub=[inner])
    script = nodes.where(training=nodes.subworkflow(check=nodes.branch(fit=OK)))
    graphs.cast(made, script, rows(500))
    assert "'check' (n0) of 'training' (n1) of 'flows.etl' does not take n0-n0" in told(
        made, script, rows(50)
    )


def test_outputs_of_a_whole_are_values_alone():
    made = closure(task("n0", "fit"))
    fit = nodes.task(running(9).succeeds(auc=0.5))
    tree = nodes.workflow(fit=fit).succeeds(auc=nodes.promise("fit.auc"), rows=3)
    assert graphs.cast(made, tree).outputs == {(): {"rows": 3}}
