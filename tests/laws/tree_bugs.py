"""Reports with one bug each, at module level so that pasted tests can import them."""

from hypothesis import Phase, settings
from tree_readers import (
    BY_THEMSELVES,
    FAILURE_NODE,
    NODE_FAILED,
    NODE_OVER,
    TASK_FAILED,
    Report,
    attempts,
    culprit,
    inside,
)

from flyte_testkit import laws

FIND = settings(
    derandomize=True, max_examples=200, database=None, phases=[Phase.explicit, Phase.generate]
)
RECOVERED, QUEUED, RUNNING, DYNAMIC_RUNNING = 10, 1, 2, 9


class Trees(laws.TreeLaws):
    """A suite for one report; it asks all there is to ask."""

    client = "testkit"
    settings = FIND
    report = Report

    def read(self, remote, execution):
        return type(self).report(remote, execution)

    def outcome(self, report):
        return report.outcome

    def failing(self, report):
        return report.culprit

    def error(self, report):
        return report.error

    def items(self, report):
        return report.items

    def attempts(self, report):
        return report.attempts

    def done(self, report):
        return report.done


TREE_BUGS = {}


def broken(law):
    """Let a report with a bug have a suite of its name, and say which law finds it."""

    def noted(report):
        name = report.__name__
        suite = type(name, (Trees,), {"__module__": __name__, "report": report})
        suite.__qualname__ = name
        TREE_BUGS[name] = (suite, law)
        return suite

    return noted


def deepest(nodes, inside=inside, bad=lambda node: node.closure.phase in {4, 5, 8}):
    """The right way to the culprit, but for what is given."""
    failed = [node for node in nodes.values() if bad(node)]
    others = [node for node in failed if node.metadata.spec_node_id != FAILURE_NODE]
    if not failed:
        return None
    first = min(others or failed, key=lambda node: node.closure.updated_at)
    return deepest(inside(first), inside, bad) or first


class Blames(Report):
    """Blames the node that its rule finds."""

    rule = staticmethod(culprit)

    @property
    def culprit(self):
        if self.outcome not in {"FAILED", "TIMED_OUT"}:
            return None
        return type(self).rule(self.execution.node_executions)


LEAF = "test_names_the_failing_leaf"


# The ten by name.


@broken("test_tells_the_error_of_the_leaf")
class TakesTheFirstAttempt(Report):
    @property
    def error(self):
        node = self.culprit
        if node is None:
            return None
        first = attempts(self.remote, node)[:1]
        return (first[0].closure.error if first else None) or node.closure.error


@broken(LEAF)
class TakesTheParentsError(Blames):
    @staticmethod
    def rule(nodes):
        return next((node for node in nodes.values() if node.closure.phase == NODE_FAILED), None)


@broken(LEAF)
class TakesTheAbortedForTheCause(Blames):
    @staticmethod
    def rule(nodes):
        return deepest(nodes, bad=lambda node: node.closure.phase in {NODE_FAILED, 6, 8})


@broken("test_tells_which_items_failed")
class LosesTheIndexOfAMap(Report):
    items = ()


@broken(LEAF)
class TakesTheFailureNodeForTheFailure(Blames):
    @staticmethod
    def rule(nodes):
        for node in nodes.values():
            if node.metadata.spec_node_id == FAILURE_NODE:
                return node
        return culprit(nodes)


@broken("test_knows_which_nodes_are_done")
class WaitsForWhatIsRecovered(Report):
    @property
    def done(self):
        return {way for way, node in self.nodes if node.closure.phase in NODE_OVER - {RECOVERED}}


def but_not(is_left_out):
    """What is inside of a node, but for some."""
    return lambda node: {} if is_left_out(node) else inside(node)


@broken(LEAF)
class SkipsWhatDynamicTasksYield(Blames):
    @staticmethod
    def rule(nodes):
        return deepest(nodes, but_not(lambda node: node.metadata.is_dynamic))


@broken(LEAF)
class DoesNotFollowChildExecutions(Blames):
    @staticmethod
    def rule(nodes):
        return deepest(nodes, but_not(lambda node: node.workflow_executions))


@broken("test_reads_every_page")
class ReadsOnePage(Report):
    @property
    def done(self):
        return {
            way
            for way, node in self.some(self.execution.node_executions)
            if node.closure.phase in NODE_OVER
        }

    def some(self, nodes, above=()):
        for node_id, node in list(nodes.items())[:100]:
            if node.metadata.spec_node_id not in BY_THEMSELVES:
                yield (*above, node_id), node
                yield from self.some(inside(node), (*above, node_id))


@broken("test_never_raises")
class ExpectsATaskOfACacheHit(Report):
    def __init__(self, remote, execution):
        super().__init__(remote, execution)
        for _, node in self.nodes:
            ran = node.closure.workflow_node_metadata is None and not inside(node)
            if ran and node.closure.phase == 3 and node.closure.task_node_metadata is not None:
                self.last = node.task_executions[-1]


NAMED = tuple(TREE_BUGS)
"""Those that everybody makes."""


# One step beside.


@broken("test_never_raises")
class ExpectsATaskOfEveryNode(Report):
    def __init__(self, remote, execution):
        super().__init__(remote, execution)
        self.last = [node.task_executions[-1] for _, node in self.nodes if not inside(node)]


@broken("test_names_the_failing_leaf")
class DoesNotEnterBranches(Blames):
    @staticmethod
    def rule(nodes):
        def is_branch(node):
            below = list(inside(node).values())
            return len(below) == 1 and not node.metadata.is_dynamic and not node.workflow_executions

        return deepest(nodes, but_not(is_branch))


@broken(LEAF)
class DoesNotEnterSubWorkflows(Blames):
    @staticmethod
    def rule(nodes):
        return deepest(
            nodes,
            but_not(lambda node: node.metadata.is_parent_node and not node.metadata.is_dynamic),
        )


@broken(LEAF)
class GoesTwoLevelsDeep(Blames):
    @staticmethod
    def rule(nodes):
        top = deepest(nodes, lambda _: {})
        return deepest(inside(top), lambda _: {}) or top


@broken(LEAF)
class LooksForErrorsInsteadOfPhases(Blames):
    """A task with a deck fails without one."""

    @staticmethod
    def rule(nodes):
        return deepest(
            nodes, bad=lambda node: node.closure.phase == NODE_FAILED and node.closure.error
        )


@broken(LEAF)
class ForgetsThatTimeCanBeUp(Blames):
    @staticmethod
    def rule(nodes):
        return deepest(nodes, bad=lambda node: node.closure.phase == NODE_FAILED)


@broken(LEAF)
class TakesTheStoppedInsideOfAChild(Blames):
    """Of a child that somebody stopped no node has failed."""

    @staticmethod
    def rule(nodes):
        first = deepest(nodes, lambda _: {})
        while first is not None and inside(first):
            below = inside(first)
            failed = [it for it in below.values() if it.closure.phase in {5, 8}]
            aborted = [it for it in below.values() if it.closure.phase == 6]
            if not (failed or aborted):
                break
            first = (failed or aborted)[0]
        return first


@broken("test_blames_nobody_for_nothing")
class TakesAFailedAttemptForAFailedNode(Report):
    @property
    def culprit(self):
        for _, node in self.nodes:
            if any(it.closure.phase == TASK_FAILED for it in attempts(self.remote, node)):
                return node
        return None


@broken("test_blames_nobody_for_nothing")
class BlamesTheAbortedOfWhatWasAborted(Report):
    @property
    def culprit(self):
        return next((node for _, node in self.nodes if node.closure.error), None)


@broken("test_tells_aborted_from_failed")
class TakesTheAbortedForFailed(Report):
    @property
    def outcome(self):
        return {4: "SUCCEEDED", 6: "FAILED", 7: "FAILED", 8: "TIMED_OUT"}.get(
            self.execution.closure.phase
        )


@broken("test_tells_aborted_from_failed")
class ForgetsTimedOutExecutions(Report):
    @property
    def outcome(self):
        return {4: "SUCCEEDED", 6: "FAILED", 7: "ABORTED"}.get(self.execution.closure.phase)


@broken("test_tells_aborted_from_failed")
class TakesNoErrorForSuccess(Report):
    @property
    def outcome(self):
        if not self.execution.is_done:
            return None
        return "FAILED" if self.execution.error else "SUCCEEDED"


@broken("test_never_says_over_while_it_runs")
class TakesNoFailedNodeForSuccess(Report):
    @property
    def outcome(self):
        return "FAILED" if culprit(self.execution.node_executions) else "SUCCEEDED"


@broken("test_never_says_over_while_it_runs")
class TakesFailingForFailed(Report):
    @property
    def outcome(self):
        return {4: "SUCCEEDED", 5: "FAILED", 6: "FAILED", 7: "ABORTED", 8: "TIMED_OUT"}.get(
            self.execution.closure.phase
        )


@broken("test_never_says_over_while_it_runs")
class TakesSucceedingForSucceeded(Report):
    @property
    def outcome(self):
        return {3: "SUCCEEDED", 4: "SUCCEEDED", 6: "FAILED", 7: "ABORTED", 8: "TIMED_OUT"}.get(
            self.execution.closure.phase
        )


@broken("test_never_says_over_while_it_runs")
class JudgesByTheNodes(Report):
    """All nodes there are have ended: others may still begin."""

    @property
    def outcome(self):
        phases = {node.closure.phase for _, node in self.nodes}
        if not phases <= NODE_OVER or not phases:
            return None
        return "FAILED" if NODE_FAILED in phases else "ABORTED" if 6 in phases else "SUCCEEDED"


@broken("test_counts_attempts")
class CountsTheItemsOfAMap(Report):
    @property
    def attempts(self):
        counted = []
        for way, node in self.nodes:
            made = attempts(self.remote, node)
            items = (
                made[-1].closure.metadata.external_resources
                if node.metadata.is_array and made
                else ()
            )
            counted.append((way, len(items) or len(made)))
        return counted


@broken("test_counts_attempts")
class CountsRetries(Report):
    @property
    def attempts(self):
        return [
            (way, max((it.id.retry_attempt for it in attempts(self.remote, node)), default=0))
            for way, node in self.nodes
        ]


@broken("test_counts_attempts")
class CountsFinishedAttempts(Report):
    @property
    def attempts(self):
        return [
            (way, sum(it.is_done for it in attempts(self.remote, node))) for way, node in self.nodes
        ]


@broken("test_counts_attempts")
class CountsFailedAttempts(Report):
    @property
    def attempts(self):
        return [
            (way, sum(it.closure.phase == TASK_FAILED for it in attempts(self.remote, node)))
            for way, node in self.nodes
        ]


@broken("test_counts_attempts")
class ConfusesNodesOfChildren(Report):
    """A child execution has an n0 of its own."""

    @property
    def attempts(self):
        return {way[-1]: count for way, count in super().attempts}


@broken("test_counts_attempts")
class TakesIdsOfTheWorkflowForIds(Report):
    @property
    def attempts(self):
        return {
            node.metadata.spec_node_id: len(attempts(self.remote, node)) for _, node in self.nodes
        }


@broken("test_counts_attempts")
class CountsAtTheTop(Report):
    @property
    def attempts(self):
        return {way: len(node.task_executions) for way, node in self.nodes if len(way) == 1}


@broken("test_knows_which_nodes_are_done")
class TakesQueuedNodesForDone(Report):
    @property
    def done(self):
        return {
            way for way, node in self.nodes if node.closure.phase not in {RUNNING, DYNAMIC_RUNNING}
        }


@broken("test_knows_which_nodes_are_done")
class DoesNotKnowDynamicRunning(Report):
    @property
    def done(self):
        return {way for way, node in self.nodes if node.closure.phase not in {QUEUED, RUNNING}}


@broken("test_knows_which_nodes_are_done")
class ForgetsThatAbortedIsDone(Report):
    @property
    def done(self):
        return {way for way, node in self.nodes if node.closure.phase in {3, 5, 7, 8, 10}}


@broken("test_knows_which_nodes_are_done")
class TakesAllForDoneOnceItIsOver(Report):
    """Children of what was stopped go on for a moment."""

    @property
    def done(self):
        return {
            way
            for way, node in self.nodes
            if self.execution.is_done or node.closure.phase in NODE_OVER
        }


@broken("test_knows_which_nodes_are_done")
class TakesADoneTaskForADoneNode(Report):
    """A dynamic task has ended when its nodes begin."""

    @property
    def done(self):
        return {
            way
            for way, node in self.nodes
            if node.closure.phase in NODE_OVER
            or any(it.closure.phase == 3 for it in attempts(self.remote, node))
        }


@broken("test_tells_which_items_failed")
class CountsThePlacesOfItems(Report):
    """A retried item stands there twice."""

    @property
    def items(self):
        if not super().items:
            return []
        resources = attempts(self.remote, self.culprit)[-1].closure.metadata.external_resources
        return [place for place, item in enumerate(resources) if item.phase == TASK_FAILED]


@broken("test_tells_which_items_failed")
class TakesStoppedItemsForFailed(Report):
    @property
    def items(self):
        if not super().items:
            return []
        resources = attempts(self.remote, self.culprit)[-1].closure.metadata.external_resources
        return sorted({item.index for item in resources if item.phase in {TASK_FAILED, 4}})


@broken("test_tells_which_items_failed")
class TakesRetriedItemsForFailed(Report):
    @property
    def items(self):
        if not super().items:
            return []
        resources = attempts(self.remote, self.culprit)[-1].closure.metadata.external_resources
        return sorted({item.index for item in resources if item.phase == TASK_FAILED})


@broken("test_changes_nothing")
class StopsWhatHasFailed(Report):
    def __init__(self, remote, execution):
        super().__init__(remote, execution)
        if (
            any(node.closure.phase == NODE_FAILED for _, node in self.nodes)
            and not execution.is_done
        ):
            remote.terminate(execution, "a node has failed")


@broken("test_never_raises")
class WaitsForTheEnd(Report):
    def __init__(self, remote, execution):
        super().__init__(remote, remote.wait(execution))


@broken("test_never_raises")
class AsksForTheErrorOfWhatRuns(Report):
    def __init__(self, remote, execution):
        super().__init__(remote, execution)
        self.errors = [node.error for _, node in self.nodes]


@broken("test_never_raises")
class ReadsWhenItStarted(Report):
    """What was cached, recovered, or never ran has not."""

    def __init__(self, remote, execution):
        super().__init__(remote, execution)
        self.since = [node.closure.started_at.timestamp() for _, node in self.nodes if node.is_done]


@broken("test_reads_every_page")
class RaisesOnTheSecondPage(Report):
    @property
    def done(self):
        if len(self.nodes) > 100:
            raise KeyError("token")
        return super().done


@broken(LEAF)
class RaisesWhenOneFailed(Report):
    @property
    def culprit(self):
        return super().culprit and {}["culprit"]


@broken("test_changes_nothing")
class LaunchesItAgain(Report):
    def __init__(self, remote, execution):
        super().__init__(remote, execution)
        if execution.is_done:
            remote.execute(remote.fetch_launch_plan(name="run"), inputs={})


@broken("test_knows_which_nodes_are_done")
class ConfusesIdsOfChildren(Report):
    """A child execution has an n0 of its own, which may be over before that of its parent."""

    @property
    def done(self):
        return {way[-1] for way in super().done}


@broken("test_knows_which_nodes_are_done")
class OverwritesIdsOfChildren(Report):
    @property
    def done(self):
        return {way[-1]: node.closure.phase for way, node in self.nodes}


@broken("test_knows_which_nodes_are_done")
class CallsNodesFromTheTopOfTheRun(Report):
    """It forgets some, and calls the others in a way of its own."""

    @property
    def done(self):
        forgets = {way for way, node in self.nodes if node.closure.phase == RECOVERED}
        return {"/".join(("run", *way)) for way in super().done - forgets}
