"""The laws of trees find what is wrong with reports, spare those that are right, and tell of it."""

import unittest
from importlib.util import find_spec
from pathlib import Path

import pytest
import tree_bugs
from breaking import fails_again, pasted, told
from hypothesis import Phase, settings
from hypothesis.errors import InvalidArgument
from tree_bugs import NAMED, TREE_BUGS
from tree_readers import NODE_OVER, Report

from flyte_testkit import laws, nodes, running
from flyte_testkit.errors import BrokenLaw, FlyteTestkitError
from flyte_testkit.laws._tree_counts import judge_done
from flyte_testkit.laws._tree_truth import Truth

HERE = Path(__file__).parent
FEW = settings(derandomize=True, max_examples=2, database=None)
QUICK = settings(FEW, max_examples=1, phases=[Phase.generate])
PASTED = (  # one that blames, one that counts, one that raises, one of a run that is recovered
    "TakesTheAbortedForTheCause",
    "CountsAtTheTop",
    "ExpectsATaskOfEveryNode",
    "WaitsForWhatIsRecovered",
    "StopsWhatHasFailed",
    "RaisesOnTheSecondPage",
    "CallsNodesFromTheTopOfTheRun",
)
LAWS = sorted(name for name in dir(laws.TreeLaws) if name.startswith("test_"))


MORE = ("RaisesWhenOneFailed", "LaunchesItAgain")


@pytest.mark.parametrize("bug", [*NAMED, *MORE])
def test_the_laws_find_within_200_examples(bug):
    text = told(*TREE_BUGS[bug])

    compile(pasted(text), bug, "exec")


def test_what_is_told_pastes_into_a_file_and_fails_the_same_way(pytester):
    pytester.syspathinsert(HERE)

    fails_again(pytester, {bug: TREE_BUGS[bug] for bug in PASTED})


def test_what_is_told_of_right_code_would_pass(pytester):
    bugs = ("RaisesOnTheSecondPage", "CallsNodesFromTheTopOfTheRun")
    pytester.syspathinsert(HERE)
    pytester.makepyfile(
        mended="""
        from tree_bugs import Trees
        from tree_readers import Report

        class RaisesOnTheSecondPage(Trees):
            report = Report

        class CallsNodesFromTheTopOfTheRun(Trees):
            report = Report

            def done(self, report):
                return {"/".join(("run", *way)) for way in report.done}
        """,
        **{
            f"test_{bug}": pasted(told(*TREE_BUGS[bug])).replace("tree_bugs", "mended")
            for bug in bugs
        },
    )

    result = pytester.runpytest_inprocess(
        *("-p", "no:randomly", "-p", "no:xdist", "-p", "no:asyncio", "-q", "-Werror")
    )

    result.assert_outcomes(passed=len(bugs))


def test_a_done_node_may_be_told_in_pairs_with_its_phase_or_whether_it_is_over():
    def right(of):
        body = {"settings": FEW, "done": lambda _self, report: of(report)}
        return type("TestRight", (tree_bugs.Trees,), body)()

    for of in (
        lambda it: [(node, node.closure.phase) for _, node in it.nodes],
        lambda it: [(way, node.is_done) for way, node in it.nodes],
        lambda it: [node for _, node in it.nodes if node.closure.phase in NODE_OVER],
    ):
        right(of).test_knows_which_nodes_are_done()


@pytest.mark.parametrize(
    ("said", "what", "check"),
    [
        ({"n0"}, "'train' (n0) is RUNNING. Call nodes", "not any(node == 'n0' for node in said)"),
        ({"n0": 3}, "means more nodes than one", "[it for node, it in said.items() if"),
        ([("n0", True)], "means more nodes than one", "[it for node, it in said if"),
        (set(), "said nothing of 'train.fit' (n0)", "list(said)"),
        ({"n0": 2}, "said nothing of 'train.fit' (n0)", "3 in [it for node, it in said.items()"),
        ({("n0",): 2}, "said nothing of 'train.fit' (n0)", "if node in [('n0', 'n0')"),
        ({"run/n0": 2}, "said nothing of 'train.fit' (n0)", "node in ['run-n0-0/n0', 'run/n0/n0']"),
        ({("n0", "n0")}, None, None),
        ({("n0",): False, ("n0", "n0"): True}, None, None),
        ([("train", "RUNNING"), ("train.fit", "SUCCEEDED")], "there is no such node", "not in"),
    ],
)
def test_an_id_that_a_child_has_as_well_is_done_if_both_are(said, what, check):
    fit, load = nodes.task(running(3).succeeds()), nodes.task(running(9).succeeds())
    child = nodes.launch_plan(nodes.workflow(fit=fit, load=load), of="training")
    with laws.backend() as admin:
        launch = admin.add_execution("run", nodes.workflow(train=child))
        admin.clock.advance(5)

        wrong = judge_done(Truth(launch), said)

        assert (wrong is None) is (what is None)
        assert wrong is None or (what in wrong.what and check in wrong.check)


def test_no_nodes_in_a_list_are_no_culprit():
    body = {"settings": FEW, "failing": lambda _self, report: report.culprit or []}

    type("TestRight", (tree_bugs.Trees,), body)().test_blames_nobody_for_nothing()


@pytest.mark.parametrize("law", LAWS)
def test_a_right_report_keeps(law):
    getattr(type("Right", (tree_bugs.Trees,), {"settings": FEW})(), law)()


@pytest.mark.skipif(find_spec("flytekit") is None, reason="flytekit is optional")
@pytest.mark.parametrize("law", ["test_never_raises", "test_names_the_failing_leaf"])
def test_a_right_report_by_flytekits_client_keeps(law):
    body = {"client": "flytekit", "settings": FEW}
    getattr(type("Right", (tree_bugs.Trees,), body)(), law)()


def test_a_broken_law_is_told_with_the_simplest_tree_its_nodes_and_a_test():
    text = told(*TREE_BUGS["TakesTheParentsError"], max_examples=50)

    assert text.startswith(TAKES_THE_PARENTS_ERROR)
    assert "  fit (n0)  0 s – 9 s  FAILED  USER:RuntimeError  launched run-n0-0" in text
    assert pasted(text) == THE_TEST_OF_IT


TAKES_THE_PARENTS_ERROR = """\
TakesTheParentsError breaks the law: names the failing leaf.
failing said FlyteNodeExecution 'n0' of 'run', which is 'fit' (n0): FAILED; but 'fit.fit_plan' (n0) made it fail. It says 'nan in fit'.

The shortest story that shows it:
  script    nodes.workflow(fit=nodes.launch_plan(running(9).fails('nan in fit'), of='fit_plan'))
  read at   9 s, when it is FAILED
"""  # noqa: E501  one line, as it is told

THE_TEST_OF_IT = """\
from flyte_testkit import nodes, running

import tree_bugs


def test_names_the_failing_leaf_again(flyte_admin, flyte_client):
    flyte_admin.add_execution("run", nodes.workflow(fit=nodes.launch_plan(running(9).fails('nan in fit'), of='fit_plan')))
    flyte_admin.clock.advance(9)
    execution = flyte_client.fetch_execution(name="run")
    ours = tree_bugs.TakesTheParentsError()
    report = ours.read(flyte_client, execution)
    said = ours.failing(report)
    assert (said.id.execution_id.name, said.id.node_id) == ('run-n0-0', 'n0')"""  # noqa: E501  likewise


def test_what_is_not_asked_is_skipped():
    body = {"client": "testkit", "settings": QUICK, "read": lambda _self, _remote, _execution: None}
    suite = type("TestOurs", (laws.TreeLaws,), body)()

    suite.test_never_raises()
    suite.test_changes_nothing()
    with pytest.raises(unittest.SkipTest, match="define failing"):
        suite.test_names_the_failing_leaf()
    with pytest.raises(unittest.SkipTest, match="TestBase has no read"):
        type("TestBase", (laws.TreeLaws,), {"settings": QUICK})().test_never_raises()


def test_code_that_is_only_called_when_all_is_over_is_only_called_then():
    phases = set()

    class TestOurs(laws.TreeLaws):
        client = "testkit"
        while_it_runs = False
        settings = settings(FEW, max_examples=15)

        def read(self, _remote, execution):
            phases.add(execution.closure.phase)

    TestOurs().test_never_raises()

    assert phases <= {4, 6, 7, 8}


def test_coroutines_serve_as_well():
    class TestOurs(laws.TreeLaws):
        client = "testkit"
        settings = FEW

        async def read(self, remote, execution):
            return Report(remote, execution)

        async def outcome(self, report):
            return report.outcome and "SUCCEEDED"

    with pytest.raises(BrokenLaw) as broken:
        TestOurs().test_tells_aborted_from_failed()

    assert "report = asyncio.run(ours.read(flyte_client, execution))" in str(broken.value)
    assert "said = asyncio.run(ours.outcome(report))" in str(broken.value)


def reads(self, remote, execution):
    return Report(remote, execution)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"read": lambda _self, _remote: 1}, "Write def read(self, remote, execution)"),
        ({"read": reads, "failing": lambda _self: 1}, "Write def failing(self, report)"),
        ({"read": reads, "failing": "n0"}, "is no method"),
        ({"read": reads, "attempt": lambda _self, _report: {}}, "did you mean 'attempts'?"),
        ({"read": reads, "item": lambda _self, _report: {}}, "did you mean 'items'?"),
        ({"read": reads, "while_it_runs": "no"}, "while_it_runs = 'no': it is True or False."),
        ({"read": reads, "while_runs": False}, "did you mean 'while_it_runs'?"),
        ({"read": reads, "client": "ours"}, "Write client = 'testkit'"),
    ],
)
def test_what_a_suite_cannot_mean_is_refused_when_it_is_defined(body, message):
    with pytest.raises(InvalidArgument) as refused:
        type("TestOurs", (laws.TreeLaws,), body)

    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("question", "law", "answer", "message"),
    [
        ("outcome", "test_tells_aborted_from_failed", True, "Return how the execution ended"),
        ("outcome", "test_tells_aborted_from_failed", "broken", "or None if it has not."),
        ("failing", "test_names_the_failing_leaf", 3, "3 names no node. Return its unique id"),
        ("error", "test_tells_the_error_of_the_leaf", 3, "Return the message or the code"),
        ("items", "test_tells_which_items_failed", "4", "Return the indexes of the items"),
        ("attempts", "test_counts_attempts", 3, "a dict such as {'n0': 2, 'train.fit': 1}"),
        ("attempts", "test_counts_attempts", {"n0": "two"}, "a number of attempts for each node"),
        ("done", "test_knows_which_nodes_are_done", "n0", "the nodes that are over"),
        ("done", "test_knows_which_nodes_are_done", {"n0": "ended"}, "or its phase for each node"),
    ],
)
def test_what_an_answer_cannot_mean_is_refused_with_what_it_could(question, law, answer, message):
    body = {"client": "testkit", "settings": QUICK, "read": reads, question: lambda _, __: answer}
    suite = type("TestOurs", (laws.TreeLaws,), body)

    with pytest.raises(FlyteTestkitError, match=r"returned|names no node") as refused:
        getattr(suite(), law)()

    assert message in str(refused.value)
