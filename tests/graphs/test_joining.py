"""All trees of one name are of one workflow: they are united, or refused with what differs."""

import pytest

from flyte_testkit import failures, graphs, literals, nodes, running
from flyte_testkit.errors import RegistrationError, TimelineError

AGAIN = running(9).fails(failures.recoverable())


def drawn(tree):
    return graphs.drawn(tree, "'etl'")


def both(one, other):
    return graphs.joined(drawn(one), drawn(other), "'etl'")


def told(one, other):
    with pytest.raises((TimelineError, RegistrationError)) as caught:
        both(one, other)
    return str(caught.value)


def gives(**outputs):
    return nodes.task(running(9).succeeds(**outputs))


def test_nodes_are_united_and_those_that_were_known_come_first():
    found = both(
        nodes.workflow(extract=nodes.task(), report=nodes.task()),
        nodes.workflow(extract=nodes.task(), train=nodes.task()),
    )
    assert list(found.parts) == ["extract", "report", "train"]
    assert found.before == {"extract": (), "report": ("extract",), "train": ("extract",)}
    assert list(found.ids.values()) == ["n0", "n1", "n2"]


def test_a_tree_that_says_nothing_new_changes_nothing():
    tree = nodes.workflow(
        extract=gives(rows=3, m={"a": 1}),
        check=nodes.branch(fit=nodes.task()),
        inner=nodes.subworkflow(a=nodes.task(), b=nodes.task()),
    ).on_failure(clean=nodes.task())
    known = drawn(tree)
    assert graphs.joined(known, drawn(tree), "'etl'") is known


def test_two_spellings_are_one_node():
    found = both(nodes.workflow(fit_a=nodes.task()), nodes.workflow(**{"fit-a": gives(x=1)}))
    assert list(found.parts) == ["fit_a"]


def test_kinds_must_agree():
    assert told(
        nodes.workflow(fit=nodes.task()), nodes.workflow(fit=nodes.subworkflow(a=nodes.task()))
    ).startswith(
        "the scripts disagree about 'fit' of 'etl': it is nodes.task(…) and nodes.subworkflow(…)."
    )


def test_kinds_inside_of_a_sub_workflow_must_agree():
    def inner(node):
        return nodes.workflow(train=nodes.subworkflow(fit=node))

    text = told(inner(nodes.task()), inner(nodes.branch(a=nodes.task())))
    assert "'fit' of 'train' of 'etl': it is nodes.task(…) and nodes.branch(…)" in text


def test_orders_are_united_and_a_circle_is_refused():
    text = told(
        nodes.workflow(a=nodes.task(), b=nodes.task()),
        nodes.workflow(b=nodes.task(), a=nodes.task()),
    )
    assert text.startswith("the scripts of 'etl' together: ")
    assert "nobody of these would ever begin" in text


def test_types_of_outputs_grow():
    found = both(nodes.workflow(fit=gives(auc=1)), nodes.workflow(fit=gives(auc=0.5)))
    assert literals.describe(found.parts["fit"].outputs["auc"].type) == "float"


def test_types_that_nothing_holds_are_refused():
    text = told(nodes.workflow(fit=gives(auc=1)), nodes.workflow(fit=gives(auc="x")))
    assert "the output 'auc' of 'fit' of 'etl': it is int and str" in text


def test_a_task_gives_the_same_outputs_in_every_run():
    text = told(nodes.workflow(fit=gives(auc=1)), nodes.workflow(fit=gives(acc=1)))
    assert "disagree about what 'fit' of 'etl' gives: 'auc' and 'acc'" in text


def test_a_task_that_fails_says_nothing_of_outputs():
    fails = nodes.task(running(9).fails("nan"))
    found = both(nodes.workflow(fit=fails), nodes.workflow(fit=gives(auc=1)))
    assert list(found.parts["fit"].outputs) == ["auc"]


def test_inputs_are_bound_once():
    def given(value):
        return nodes.workflow(fit=nodes.task(inputs={"rows": value}))

    text = told(given(3), given(4))
    assert "the input 'rows' of 'fit' of 'etl': it is 3 and 4" in text
    assert "it is 1 and True" in told(given(1), given(True))


def test_inputs_that_are_not_equal_to_themselves_are_alike():
    tree = nodes.workflow(fit=nodes.task(inputs={"x": float("nan"), "y": [float("nan")]}))
    again = nodes.workflow(fit=nodes.task(inputs={"x": float("nan"), "y": [float("nan")]}))
    known = drawn(tree)
    assert graphs.joined(known, drawn(again), "'etl'") is known


def test_outputs_of_the_whole_may_differ_from_run_to_run():
    def whole(value):
        return nodes.workflow(fit=gives(auc=1)).succeeds(auc=value)

    promised = nodes.promise("fit.auc")
    assert both(whole(3), whole(4)).outputs == {"auc": 3}
    assert both(whole(3), whole(promised)).outputs == {"auc": promised}
    assert both(whole(3), whole(1.5)).outputs == both(whole(1.5), whole(3)).outputs == {"auc": 1.5}
    assert both(whole([]), whole([3])).outputs == both(whole([3]), whole([])).outputs


def test_retries_are_as_many_as_any_script_needs():
    found = both(
        nodes.workflow(fit=nodes.task(AGAIN, running(9).succeeds())),
        nodes.workflow(fit=nodes.task()),
    )
    assert found.parts["fit"].retries == 1


def test_an_attempt_that_is_the_last_one_limits_the_retries():
    once = nodes.workflow(fit=nodes.task(AGAIN))
    twice = nodes.workflow(fit=nodes.task(AGAIN, running(9).succeeds()))
    text = "one of them needs 1, and in another attempt 1 is the last"
    assert text in told(once, twice)
    assert text in told(twice, once)


def test_two_arms_of_a_condition_that_is_made_up_are_refused():
    def arm(name):
        return nodes.workflow(check=nodes.branch({name: nodes.task()}))

    assert "the arm of 'check' of 'etl': 'a' and 'b'" in told(arm("a"), arm("b"))


def test_there_is_one_failure_node():
    tree = nodes.workflow(fit=nodes.task())
    clean, tidy = (tree.on_failure(**{name: nodes.task()}) for name in ("clean", "tidy"))
    assert both(tree, clean).failure_node[0] == "clean"
    assert "the failure node of 'etl': 'clean' and 'tidy'" in told(clean, tidy)
    assert "it is a node, and the failure node" in told(clean, nodes.workflow(clean=nodes.task()))


def test_more_than_100_nodes_together_are_refused():
    def many(letter):
        return nodes.workflow(**{f"{letter}{i}": nodes.task(after=()) for i in range(60)})

    assert "'etl' have 120 nodes together; FlyteAdmin refuses" in told(many("a"), many("b"))


def test_wholes_that_give_unequal_outputs_are_refused():
    auc, rows = (nodes.workflow(fit=nodes.task()).succeeds({name: 1}) for name in ("auc", "rows"))
    with pytest.raises(TimelineError) as refused:
        both(auc, rows)
    assert str(refused.value) == (
        "the scripts disagree about what 'etl' gives: 'auc' and 'rows'."
        "\nA workflow that succeeds gives all of its outputs: script all of them, or none."
    )
    sub = [
        nodes.workflow(sub=nodes.subworkflow(fit=nodes.task()).succeeds({name: 1})) for name in "ab"
    ]
    with pytest.raises(TimelineError, match="what 'sub' of 'etl' gives: 'a' and 'b'"):
        both(*sub)
