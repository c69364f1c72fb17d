"""What drawing a tree of nodes costs, now that trees are played, against drawing a literal.

A tree that was imitated cost as much as a literal does, which is drawn as it was then; played, it
may cost twice that. Beside it, without a bound: one node, and one attempt of a task.
"""

import sys

from hypothesis import HealthCheck, Phase, given, seed, settings
from measuring import ratio, verdict

from flyte_testkit import strategies

EXAMPLES, ROUNDS = 200, 9
SETTINGS = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def drawing(strategy):
    def draw():
        @seed(3)
        @SETTINGS
        @given(strategy)
        def drawn(_):
            pass

        drawn()

    return draw


def main():
    literal = drawing(strategies.literals())
    for name in ("node_executions", "task_executions"):
        print(f"{name} against literals, {EXAMPLES} examples each:")
        ratio(drawing(getattr(strategies, name)()), literal, rounds=ROUNDS // 2)
    print(f"node_trees against literals, {EXAMPLES} examples each:")
    tree = ratio(drawing(strategies.node_trees()), literal, rounds=ROUNDS)
    return verdict("drawing a tree, against drawing a literal", tree, 2)


if __name__ == "__main__":
    sys.exit(main())
