"""What drawing a tree of nodes costs, now that trees are played, against what it did cost.

When trees were imitated, drawing one took 1.8 times as long as drawing a list that is nothing but
Hypothesis's (measured by this benchmark on the code of then); played, it may cost twice that.
Beside it, without a bound: one node, and one attempt of a task. Each round has other examples,
which are the same in every run.
"""

import statistics
import sys

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from measuring import seconds, verdict

from flyte_testkit import strategies

EXAMPLES, ROUNDS, IMITATED = 200, 12, 1.8
SETTINGS = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
YARDSTICK = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.booleans()), min_size=8, max_size=8
)


def drawing(strategy, number):
    @seed(number)
    @SETTINGS
    @given(strategy)
    def drawn(_):
        pass

    return drawn


def measured(name):
    strategy, ratios = getattr(strategies, name)(), []
    drawing(strategy, ROUNDS)(), drawing(YARDSTICK, ROUNDS)()  # what is made once is made
    for number in range(ROUNDS):
        ours, theirs = seconds(drawing(strategy, number)), seconds(drawing(YARDSTICK, number))
        ratios.append(ours / theirs)
    print(f"{name}: {statistics.median(ratios):.2f} times the list, {EXAMPLES} examples a round")
    return statistics.median(ratios)


def main():
    for name in ("node_executions", "task_executions"):
        measured(name)
    tree = measured("node_trees") / IMITATED
    return verdict("drawing a tree that is played, against one that is imitated", tree, 2)


if __name__ == "__main__":
    sys.exit(main())
