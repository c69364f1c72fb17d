"""Trees of nodes are planted as timelines are: by name, by route, by function, by hand."""

import pytest

from flyte_testkit import failures, fixtures, nodes, running, undefined
from flyte_testkit.errors import FlyteTestkitError, RegistrationError, UnexpectedUse
from flyte_testkit.server import FakeFlyteAdmin

pytestmark = pytest.mark.flyte(transport="direct")

GIVES = nodes.task(running(60).succeeds(rows=1000))
TREE = nodes.workflow(
    extract=GIVES,
    train=nodes.task(
        running(600).fails(failures.preempted()),
        running(540).fails(failures.oom_killed()),
        inputs={"rows": nodes.promise("extract.rows")},
    ),
)


@pytest.fixture
def admin():
    with FakeFlyteAdmin(strict=False) as admin:
        yield admin


def run(remote, name="etl", *, wait=True, **inputs):
    plan = remote.fetch_launch_plan(name=name)
    return remote.execute(plan, inputs=inputs, wait=wait)


def phases(admin):
    """Return the phases of the nodes of the last execution, by name."""
    store = admin._backend.store
    last = list(store.executions)[-1]
    names = {
        node.id: node.metadata.name
        for node in store.workflows.by_id(
            last.workflow_id
        ).message.closure.compiled_workflow.primary.template.nodes
    }
    return {
        names.get(row.node_id, row.node_id) or row.node_id: row.phase
        for row in store.node_executions
        if row.execution_name == last.execution_name and not row.node_id.endswith("-node")
    }


def told(call, *args, **kwargs):
    with pytest.raises(FlyteTestkitError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def refused(call, *args, **kwargs):
    with pytest.raises(Exception, match="cannot be played") as caught:  # of either client
        call(*args, **kwargs)
    return str(caught.value)


def test_a_tree_plays_on_a_name_that_nobody_registered(flyte_admin, remote):
    etl = flyte_admin.on_launch("etl").plays(TREE)
    execution = run(remote)
    assert execution.error.code == "RetriesExhausted|OOMKilled"
    assert phases(flyte_admin) == {"extract": "SUCCEEDED", "train": "FAILED"}
    assert etl.launches[0].script is TREE


def test_the_workflow_can_be_fetched_before_and_is_all_that_is_scripted(flyte_admin, remote):
    flyte_admin.on_launch("etl", strict=False).plays(
        TREE, nodes.workflow(extract=GIVES, report=nodes.task())
    )
    workflow = remote.fetch_workflow(name="etl", version="v1")
    shown = str(workflow.to_flyte_idl() if hasattr(workflow, "to_flyte_idl") else workflow.compiled)
    assert all(f'name: "{name}"' in shown for name in ("extract", "report", "train"))


def test_what_a_tree_leaves_out_does_what_others_do(flyte_admin, remote):
    flyte_admin.on_launch("etl").plays(
        nodes.workflow(extract=GIVES, report=nodes.task()),
        nodes.workflow(extract=GIVES).others(running(30).fails("no disk")),
    )
    assert run(remote).error is None
    assert run(remote).error.message == "no disk"


def test_timelines_and_trees_of_one_name_live_side_by_side(flyte_admin, remote):
    flyte_admin.on_launch("etl").plays(
        running(9).succeeds(auc=0.9), nodes.workflow(extract=GIVES, train=nodes.task())
    )
    run(remote)
    assert phases(flyte_admin) == {}
    run(remote)
    assert phases(flyte_admin) == {"extract": "SUCCEEDED", "train": "SUCCEEDED"}


def test_a_tree_that_comes_when_clients_have_looked_is_a_new_version(flyte_admin, remote):
    etl = flyte_admin.on_launch("etl").plays(running(9).succeeds())
    run(remote)
    etl.plays(nodes.workflow(extract=GIVES, train=nodes.task()))
    run(remote)
    assert etl.launches[-1].spec.launch_plan.version == "v2"
    assert list(phases(flyte_admin)) == ["extract", "train"]


def test_a_task_of_a_node_may_be_registered_by_a_client(flyte_admin, remote):
    etl = flyte_admin.on_launch("etl").plays(nodes.workflow(train=nodes.task()))
    flyte_admin.register("etl.train", outputs={"auc": float})
    etl.plays(nodes.workflow(train=nodes.task(), report=nodes.task()))
    assert [run(remote).error, run(remote).error] == [None, None]
    tasks = flyte_admin._backend.store.tasks
    (found,) = tasks.where({"name": "etl.train"})
    assert list(found.message.closure.compiled_task.template.interface.outputs.variables) == ["auc"]


def test_where_says_what_is_unusual_of_nodes_that_a_tree_has_made_up(flyte_admin, remote):
    etl = flyte_admin.on_launch("etl").plays(nodes.workflow(extract=GIVES, train=nodes.task()))
    etl.plays(nodes.where(train=nodes.task(running(9).fails("nan"))))
    run(remote)
    assert run(remote).error.message == "nan"


def test_where_may_say_for_the_first_time_what_a_node_gives(flyte_admin, remote):
    flyte_admin.on_launch("etl").plays(
        nodes.workflow(fit=nodes.task()),
        nodes.where(fit=nodes.task(running(9).succeeds(auc=0.5))),
    )
    run(remote)
    assert dict(run(remote).outputs) == {"auc": 0.5}


def test_always_plays_takes_trees(flyte_admin, remote):
    flyte_admin.on_launch("etl").always_plays(nodes.workflow(fit=nodes.task()))
    assert [run(remote).error, run(remote).error] == [None, None]


def test_an_execution_that_somebody_else_launched_plays_a_tree(flyte_admin):
    run = flyte_admin.add_execution("run", nodes.workflow(undefined(5), fit=GIVES))
    flyte_admin.clock.advance(4)
    assert run.phase == "UNDEFINED"
    flyte_admin.clock.advance(61)
    assert run.phase == "SUCCEEDED"
    other = flyte_admin.add_execution(
        "other", nodes.where(fit=nodes.task(running(1).fails("nan"))), launch_plan="run"
    )
    flyte_admin.clock.advance(1)
    assert other.phase == "FAILED"
    text = told(flyte_admin.add_execution, "x", nodes.where(fix=GIVES), launch_plan="run")
    assert "there is no node 'fix' in 'run'. Did you mean 'fit'?" in text


def test_a_function_returns_where(flyte_admin, remote):
    flyte_admin.register("etl", nodes.workflow(fit=nodes.task(), test=nodes.task()))
    flyte_admin.on_launch("etl").plays(
        lambda _: nodes.where(fit=nodes.task(running(9).fails("nan"))),
        lambda _: nodes.workflow(fit=nodes.task(), test=nodes.task()),
    )
    assert run(remote).error.message == "nan"
    assert run(remote).error is None


@pytest.mark.parametrize("known", [None, running(9).succeeds(), nodes.workflow(fit=nodes.task())])
def test_a_tree_from_a_function_comes_too_late_to_make_up_nodes(admin, known):
    etl = admin.on_launch("etl")
    etl.plays(*[known] if known else [], lambda _: nodes.workflow(fit=GIVES, train=nodes.task()))
    with fixtures.client(admin) as client:
        if known:
            run(client, wait=False)
        text = refused(run, client)
    assert "A tree that comes from a function comes too late to make up nodes" in text
    assert "Register them first, register('etl', nodes.workflow(extract=nodes.task(), …))" in text
    assert "let it return nodes.where(…)" in text


def test_where_is_refused_on_a_name_that_is_not_registered(admin):
    admin.register("nightly")
    text = told(admin.on_launch("nightyl").plays, nodes.where(fit=GIVES))
    assert "'nightyl' is not registered. Did you mean 'nightly'?" in text
    assert "make up its nodes: on_launch('nightyl').plays(nodes.workflow(…))" in text


def test_where_is_refused_on_a_name_that_only_timelines_tell_of(admin):
    etl = admin.on_launch("etl").plays(running(9).succeeds())
    text = told(etl.plays, nodes.where(fit=GIVES))
    assert "'etl' is only known from timelines, which say nothing of nodes." in text
    assert etl.unplayed == 1


def test_nodes_are_not_made_up_of_what_is_registered(admin):
    admin.register("nightly")
    text = told(admin.on_launch("nightly").plays, nodes.workflow(fit=GIVES))
    assert "but 'nightly' is registered and has its own.\nSay what is unusual" in text


def test_nodes_that_were_made_up_are_refused_once_a_client_has_registered_others(admin):
    admin.on_launch("etl").plays(nodes.workflow(fit=GIVES))
    admin.register("etl")
    with fixtures.client(admin) as client:
        text = refused(run, client)
    assert "but 'etl' is registered and has its own" in text
    assert "The launch is refused and counts for nothing" in text


def test_nodes_of_any_workflow_cannot_be_made_up(admin):
    text = told(admin.on_launch().plays, nodes.workflow(fit=GIVES))
    assert "but of which?\nName it: on_launch('etl').plays(nodes.workflow(…))." in text


def test_what_all_tasks_of_any_workflow_do_may_be_said(flyte_admin, remote):
    flyte_admin.register("one", nodes.workflow(fit=nodes.task()))
    flyte_admin.register("two", nodes.workflow(a=nodes.task(), b=nodes.task()))
    flyte_admin.on_launch().always_plays(nodes.where().others(running(30).fails("no")))
    assert [run(remote, name).error.message for name in ("one", "two")] == ["no", "no"]


def test_trees_that_disagree_plant_nothing(admin):
    etl = admin.on_launch("etl").plays(TREE)
    told(etl.plays, nodes.workflow(other=GIVES), nodes.workflow(train=nodes.branch(a=GIVES)))
    assert etl.unplayed == 1
    assert "other" not in admin._backend.inferred.graph(("flytesnacks", "development", "etl")).parts


def test_a_script_that_is_never_played_is_told_in_short():
    many = nodes.workflow(**{f"fit_{i}": nodes.task(running(i).succeeds()) for i in range(100)})
    with pytest.raises(UnexpectedUse) as caught, FakeFlyteAdmin() as admin:
        admin.on_launch("etl").plays(many)
        admin.verify()
    text = str(caught.value)
    assert "nodes.workflow(fit_0=nodes.task(running(0)" in text
    assert "NEVER PLAYED" in text
    assert len(text) < 1500


def test_a_node_alone_is_no_script(admin):
    text = told(admin.on_launch("etl").plays, GIVES)
    assert "is one node, not all that an execution does." in text
    assert "nodes.workflow(train=nodes.task(running(60).succeeds(rows=1000)))" in text


@pytest.mark.parametrize("word", [nodes.workflow, nodes.where, nodes.task])
def test_a_word_that_is_not_called_is_no_script(admin, word):
    text = told(admin.on_launch("etl").plays, word)
    assert f"nodes.{word.__name__} is not called yet.\nWrite nodes.{word.__name__}(…)." in text


def test_a_method_of_a_tree_that_is_not_called_is_no_script(admin):
    assert "is not a timeline" in told(admin.on_launch("etl").plays, TREE.others)


def test_what_a_function_returns_besides_is_refused(admin):
    admin.on_launch("etl").plays(lambda _: GIVES)
    admin.register("etl")
    with fixtures.client(admin) as client:
        assert "is one node, not all that an execution does" in refused(run, client)


class TestRegister:
    def test_a_tree_is_registered_by_name(self, flyte_admin, remote):
        tree = nodes.workflow(fit=nodes.task(retries=1)).on_failure(clean=nodes.task())
        flyte_admin.register("etl", tree, inputs={"day": str}, version="v7")
        again = running(9).fails(failures.recoverable())
        etl = flyte_admin.on_launch("etl", inputs={"day": "monday"})
        etl.plays(nodes.where(fit=nodes.task(again, again)))
        assert run(remote, day="monday").error.code == "RetriesExhausted|USER:Recoverable"
        assert etl.launches[0].spec.launch_plan.version == "v7"

    def test_scripts_add_no_nodes(self, admin):
        admin.register("etl", nodes.workflow(fit=nodes.task()))
        text = told(admin.on_launch("etl").plays, nodes.workflow(fit=nodes.task(), test=GIVES))
        assert "makes up the nodes 'test', but 'etl' is registered." in text
        text = told(admin.on_launch("etl").plays, nodes.where(fix=GIVES))
        assert "there is no node 'fix' in 'etl'. Did you mean 'fit'?" in text

    def test_the_last_task_gives_what_is_declared(self, flyte_admin, remote):
        tree = nodes.workflow(fit=nodes.task(), test=nodes.task())
        flyte_admin.register("etl", tree, outputs={"auc": float})
        flyte_admin.on_launch("etl").plays(
            lambda _: nodes.where(test=nodes.task(running(9).succeeds(auc=0.5))),
            nodes.where(fit=nodes.task(running(9).succeeds())),
        )
        assert run(remote).outputs["auc"] == 0.5
        assert run(remote).outputs["auc"] == 0.0

    def test_the_task_that_is_promised_gives_what_is_declared(self, admin):
        tree = nodes.workflow(fit=nodes.task(), test=nodes.task())
        promised = tree.succeeds(auc=nodes.promise("fit.area"))
        admin.register("etl", promised, outputs={"auc": float})
        wrong = nodes.where(fit=nodes.task(running(9).succeeds(area="x")))
        assert "'area' of 'fit' of 'etl': it is float and str" in told(
            admin.on_launch("etl").plays, wrong
        )

    def test_retries_are_those_that_were_registered(self, admin):
        admin.register("etl", nodes.workflow(fit=nodes.task()))
        again = running(9).fails(failures.recoverable())
        script = nodes.where(fit=nodes.task(again, running(9).succeeds()))
        assert "failure too many for retries=0" in told(admin.on_launch("etl").plays, script)

    @pytest.mark.parametrize(
        ("tree", "why"),
        [
            (nodes.workflow(fit=GIVES), "'fit' says what its attempts do"),
            (nodes.workflow(a=nodes.subworkflow(b=GIVES)), "'a.b' says what its attempts do"),
            (nodes.workflow(a=nodes.task()).on_failure(b=GIVES), "'b' says what its attempts do"),
            (nodes.workflow(a=nodes.task()).others(running(1).succeeds()), "it says .others(…)"),
            (nodes.workflow(undefined(3), a=nodes.task()), "it says what it does before it runs"),
            (nodes.where(a=nodes.task()), "its interface, or which nodes it has"),
            (running(3).succeeds(), "its interface, or which nodes it has"),
        ],
    )
    def test_a_definition_says_nothing_of_what_happens(self, admin, tree, why):
        text = told(admin.register, "etl", tree)
        assert why in text
        assert "nodes." in text.rpartition("\n")[2]
        assert "etl" not in admin._registry.names()

    def test_it_is_registered_once(self, admin):
        admin.register("etl", nodes.workflow(fit=nodes.task()))
        with pytest.raises(RegistrationError, match="registered already"):
            admin.register("etl", nodes.workflow(fit=nodes.task()), version="v2")

    def test_it_takes_the_place_of_what_was_only_scripted(self, flyte_admin, remote):
        etl = flyte_admin.on_launch("etl").plays(running(9).succeeds())
        run(remote)
        flyte_admin.register("etl", nodes.workflow(fit=nodes.task()), version="v9")
        etl.plays(nodes.where(fit=nodes.task(running(9).fails("nan"))))
        assert run(remote).error.message == "nan"

    def test_what_a_client_registers_takes_its_place(self, flyte_admin, remote):
        flyte_admin.register("etl", nodes.workflow(fit=nodes.task()))
        flyte_admin.register("etl", outputs={"auc": float})
        flyte_admin.on_launch("etl").plays(running(9).succeeds(auc=0.5))
        assert dict(run(remote).outputs) == {"auc": 0.5}
        assert [row.name for row in flyte_admin._backend.store.tasks] == ["etl"]

    def test_it_has_no_schedule(self, admin):
        text = told(admin.register, "etl", nodes.workflow(fit=nodes.task()), schedule="@daily")
        assert "has no schedule" in text

    def test_nodes_that_cannot_be_leave_nothing_behind(self, admin):
        impossible = nodes.workflow(
            a=nodes.subworkflow(b=nodes.task()), c=nodes.task(inputs={"x": nodes.promise("a.x")})
        )
        with pytest.raises(RegistrationError):
            admin.register("etl", impossible)
        assert not admin._registry.names()


def gives_whole(value):
    return nodes.workflow(fit=GIVES).succeeds(auc=value)


def gives_inside(value):
    return nodes.workflow(train=nodes.subworkflow(fit=GIVES).succeeds(auc=value))


@pytest.mark.parametrize("whole", [gives_whole, gives_inside])
@pytest.mark.parametrize(
    ("one", "other"), [(3, "x"), ([1], ["x"]), (nodes.promise("fit.rows"), "x"), (3, None)]
)
def test_values_of_a_whole_that_no_type_holds_are_refused(admin, whole, one, other):
    with pytest.raises(RegistrationError, match=r"output 'auc'.* is declared int, but"):
        admin.on_launch("etl").plays(whole(one), whole(other))


@pytest.mark.parametrize("whole", [gives_whole, gives_inside])
def test_types_of_what_a_whole_gives_grow(flyte_admin, remote, whole):
    flyte_admin.on_launch("etl").plays(whole(3), whole(1.5))
    assert [run(remote).outputs["auc"] for _ in range(2)] == [3.0, 1.5]


def test_an_end_that_nothing_can_be_bound_to_is_the_failing_node(flyte_admin, remote):
    gives = nodes.task(running(60).succeeds(rows={"monday": 3}))
    tree = nodes.workflow(extract=gives).succeeds(rows=nodes.promise("extract.rows.sunday"))
    unbound = flyte_admin.on_launch("etl").plays(tree)
    assert run(remote).error.code == "BindingResolutionFailure"
    (launch,) = unbound.launches
    assert launch.failing.id == "end-node"
    assert list(launch.nodes) == ["extract"]
