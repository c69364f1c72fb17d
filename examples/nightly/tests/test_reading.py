from flyte_testkit import failures, nodes, running
from nightly.launching import launch
from nightly.reading import failure_of, walk

LOST = running(600).fails(failures.preempted())


def synced(remote, name):
    return remote.wait(remote.fetch_execution(name=name))


def test_the_leaf_is_named_not_the_nodes_above_it(pipeline, flyte_remote):
    pipeline.plays(
        nodes.where(
            training=nodes.subworkflow(
                fit=nodes.task(LOST, running(540).fails(failures.oom_killed()))
            )
        )
    )

    failure = failure_of(flyte_remote.wait(launch(flyte_remote, "2024-03-10")))

    assert (failure.where, failure.attempts) == ("n1 / n1-0-n0", 2)
    assert failure.code == "RetriesExhausted|OOMKilled"


def test_what_fell_with_it_is_no_cause(flyte_admin, flyte_remote):
    flyte_admin.add_execution(
        "run",
        nodes.workflow(
            slow=nodes.task(running(900).succeeds(), after=()),
            bad=nodes.task(running(60).fails("ValueError: no such column"), after=()),
        ),
    )

    failure = failure_of(synced(flyte_remote, "run"))

    assert failure.where == "n1"
    assert "no such column" in failure.message


def test_a_failure_in_a_child_execution_is_found(flyte_admin, flyte_remote):
    flyte_admin.add_execution(
        "run",
        nodes.workflow(
            score=nodes.launch_plan(
                nodes.workflow(load=nodes.task(running(60).fails("no disk"))), of="scoring"
            )
        ),
    )

    assert failure_of(synced(flyte_remote, "run")).where == "n0 / n0"


def test_a_run_that_succeeded_has_no_failure(flyte_admin, flyte_remote):
    flyte_admin.add_execution("run", nodes.workflow(only=nodes.task(running(60).succeeds())))

    execution = synced(flyte_remote, "run")

    assert failure_of(execution) is None
    assert {"n0"} < {path[-1] for path, _ in walk(execution.node_executions)}
