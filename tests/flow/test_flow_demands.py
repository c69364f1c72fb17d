"""What the nodes of real workflows ask of each other, and that plain values satisfy them."""

import dataclasses
import enum
import functools
import typing

import grpc
import pytest
from flow_messages import Rehearsal, binding, literal_map, promise
from flyteidl.admin import common_pb2
from flyteidl.core import compiler_pb2, identifier_pb2, workflow_pb2
from flyteidl.service import admin_pb2_grpc

from flyte_testkit import flow, literals
from flyte_testkit.server import FakeFlyteAdmin

pytest.importorskip("flytekit")
from flytekit import approve, conditional, map_task, task, workflow


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclasses.dataclass
class Inner:
    tags: list[str]
    best: float


@dataclasses.dataclass
class Config:
    name: str
    sizes: list[int]
    inner: Inner
    by_name: dict[str, Inner]


@task
def extract() -> typing.NamedTuple("Extracted", rows=int, paths=list[str]):
    return NotImplemented  # never run


@task
def configure() -> Config:
    return NotImplemented  # never run


@task
def nested() -> dict[str, list[list[int]]]:
    return NotImplemented  # never run


@task
def untyped() -> dict:
    return NotImplemented  # never run


@task
def text() -> str:
    return NotImplemented  # never run


@task
def fit(rows: int, path: str) -> float:
    return NotImplemented  # never run


@task
def fit_all(path: str, size: int) -> float:
    return NotImplemented  # never run


@task
def take(n: int) -> int:
    return NotImplemented  # never run


@task
def take_text(text: str) -> str:
    return NotImplemented  # never run


@task
def take_number(x: float) -> float:
    return NotImplemented  # never run


@task
def take_inner(inner: Inner) -> Inner:
    return NotImplemented  # never run


@task
def take_mode(mode: Mode): ...


@task
def take_list(paths: list[str]) -> list[str]:
    return NotImplemented  # never run


@task
def first(paths: list[str]) -> str:
    return NotImplemented  # never run


@workflow
def indexes() -> float:
    e = extract()
    fit(rows=e.rows, path=e.paths[0])
    return fit(rows=e.rows, path=e.paths[2])


@workflow
def deep() -> int:
    return take(n=nested()["a"][1][0])


@workflow
def fields() -> float:
    c = configure()
    take(n=c.sizes[1])
    take_text(text=c.name)
    take_text(text=c.inner.tags[0])
    take_inner(inner=c.by_name["b"])
    return take_number(x=c.by_name["a"].best)


@workflow
def enums():
    take_mode(mode=text())


@workflow
def dict_into_dataclass() -> Inner:
    return take_inner(inner=untyped())


@workflow
def inside(paths: list[str], rows: int) -> tuple[list[str], float]:
    return paths, fit(rows=rows, path=paths[1])


@workflow
def passed_through() -> str:
    e = extract()
    paths, _ = inside(paths=e.paths, rows=e.rows)
    return take_text(text=paths[3])


@workflow
def make() -> list[str]:
    return take_list(paths=extract().paths)


@workflow
def asked_of_a_sub_workflow() -> str:
    return take_text(text=make()[2])


@workflow
def twice() -> tuple[str, str]:
    return take_text(text=make()[0]), take_text(text=make()[4])


@workflow
def mapped() -> list[float]:
    e = extract()
    return map_task(functools.partial(fit, rows=e.rows))(path=e.paths)


@workflow
def mapped_with_a_constant() -> list[float]:
    return map_task(fit_all)(path=extract().paths, size=[1, 2, 3])


@workflow
def branches(rows: int = 0) -> str:
    e = extract()
    chosen = (
        conditional("which").if_(e.rows > 5).then(make()).else_().then(take_list(paths=e.paths))
    )
    return take_text(text=chosen[1])


@workflow
def branch_in_a_branch(rows: int = 0) -> str:
    e = extract()
    inner = (
        conditional("inner")
        .if_(e.rows > 3)
        .then(take_text(text=e.paths[3]))
        .else_()
        .then(take_text(text=e.paths[1]))
    )
    return conditional("outer").if_(e.rows > 5).then(first(paths=e.paths)).else_().then(inner)


@workflow
def approved() -> str:
    paths = approve(extract().paths, "ok", timeout=None)
    return take_text(text=paths[1])


@workflow
def lists_of_promises() -> list[str]:
    e = extract()
    return take_list(paths=[e.paths[4], text()])


@workflow
def outer_of_a_dataclass() -> tuple[float, Inner]:
    c = configure()
    return c.inner.best, c.by_name["z"]


@workflow
def fails_for_plain_values() -> int:
    e = extract()
    return conditional("any").if_(e.rows > 0).then(take(n=e.rows)).else_().fail("no rows")


@pytest.fixture(scope="module")
def closure_of():
    """Return a function that lets flytekit and FlyteAdmin compile a workflow."""
    with FakeFlyteAdmin() as admin, grpc.insecure_channel(admin.endpoint) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)

        def compiled(entity):
            admin.register(entity)
            id_ = identifier_pb2.Identifier(
                resource_type=identifier_pb2.WORKFLOW,
                project="flytesnacks",
                domain="development",
                name=entity.name,
                version="v1",
            )
            found = stub.GetWorkflow(common_pb2.ObjectGetRequest(id=id_))
            closure = compiler_pb2.CompiledWorkflowClosure()
            closure.CopyFrom(found.closure.compiled_workflow)
            return closure

        yield compiled


@pytest.mark.parametrize(
    "entity",
    [
        indexes,
        deep,
        fields,
        enums,
        dict_into_dataclass,
        passed_through,
        asked_of_a_sub_workflow,
        twice,
        mapped,
        mapped_with_a_constant,
        branches,
        branch_in_a_branch,
        approved,
        lists_of_promises,
        outer_of_a_dataclass,
    ],
    ids=lambda entity: entity.name.rpartition(".")[2],
)
def test_a_workflow_of_which_nothing_is_scripted_runs_to_its_end(closure_of, entity):
    rehearsal = Rehearsal(closure_of(entity))
    assert rehearsal.run(rows=0) is not None, rehearsal.failed


def asked(closure, node, output="o0"):
    demand = flow.demands(closure.primary.template, closure)[node][output]
    return {ask.path for ask in demand.asked if ask.path}


def test_an_index_asks_for_a_list_of_that_length(closure_of):
    closure = closure_of(indexes)
    assert asked(closure, "n0", "paths") == {(0,), (2,)}
    rehearsal = Rehearsal(closure)
    rehearsal.run()
    assert literals.python_values(rehearsal.inputs["n2"]) == {"rows": 0, "path": ""}


def test_what_is_asked_of_a_dataclass_are_its_fields(closure_of):
    closure = closure_of(fields)
    assert asked(closure, "n0") >= {("sizes", 1), ("inner", "tags", 0), ("by_name", "a", "best")}
    rehearsal = Rehearsal(closure)
    rehearsal.run()
    assert literals.python_values(rehearsal.inputs["n4"])["inner"] == {"tags": [], "best": 0.0}


def test_a_sub_workflow_asks_for_what_its_nodes_ask_and_passes_on_what_is_asked_of_it(closure_of):
    assert asked(closure_of(passed_through), "n0", "paths") == {(1,), (3,)}


def test_what_is_asked_of_a_sub_workflow_is_asked_of_its_nodes(closure_of):
    closure = closure_of(asked_of_a_sub_workflow)
    demands = flow.demands(closure.primary.template, closure)
    (inner,) = closure.sub_workflows
    inside_ = flow.demands(inner.template, closure, demands["n0"])
    made = flow.outputs(None, _outputs(closure, "take_list"), inside_["n1"], name="n1")
    assert literals.python_values(made) == {"o0": ["", "", ""]}


def test_each_use_of_a_sub_workflow_is_asked_for_its_own(closure_of):
    closure = closure_of(twice)
    assert asked(closure, "n0") == {(0,)}
    assert asked(closure, "n2") == {(4,)}


def test_a_branch_is_asked_for_what_its_arms_have_to_give(closure_of):
    closure = closure_of(branches)
    assert asked(closure, "n1") == asked(closure, "n1-n0") == asked(closure, "n1-n1") == {(1,)}


def test_arms_of_arms_ask_too(closure_of):
    assert asked(closure_of(branch_in_a_branch), "n0", "paths") == {(1,), (3,)}


def test_an_approval_passes_on_what_is_asked_of_it(closure_of):
    assert asked(closure_of(approved), "n0", "paths") == {(1,)}


def test_lists_that_are_mapped_together_are_of_one_size(closure_of):
    rehearsal = Rehearsal(closure_of(mapped_with_a_constant))
    rehearsal.run()
    assert literals.python_values(rehearsal.inputs["n1"])["path"] == ["", "", ""]


def test_what_is_bound_to_a_map_is_not_mapped(closure_of):
    closure = closure_of(mapped)
    assert asked(closure, "n0", "paths") == {(None,)}
    assert asked(closure, "n0", "rows") == set()


def test_a_failure_node_asks_too():
    template = workflow_pb2.WorkflowTemplate(
        nodes=[workflow_pb2.Node(id="n0", task_node=workflow_pb2.TaskNode())],
        failure_node=workflow_pb2.Node(
            id="fn0",
            inputs=[binding("path", promise("n0", "paths", 1))],
            task_node=workflow_pb2.TaskNode(),
        ),
    )
    demands = flow.demands(template, compiler_pb2.CompiledWorkflowClosure())
    assert demands["n0"]["paths"].size == 2


def test_launch_plans_ask_for_parts_though_their_types_are_not_known():
    node = workflow_pb2.Node(id="n1", inputs=[binding("x", promise("n0", "o0", "a", 1))])
    node.workflow_node.launchplan_ref.name = "child"
    template = workflow_pb2.WorkflowTemplate(
        nodes=[node, workflow_pb2.Node(id="n0", task_node=workflow_pb2.TaskNode())]
    )
    demands = flow.demands(template, compiler_pb2.CompiledWorkflowClosure())
    made = flow.outputs(None, literals.variable_map({"o0": dict}), demands["n0"], name="n0")
    assert literals.python_values(made) == {"o0": {"a": [None, None]}}


def test_nothing_is_asked_of_what_nobody_takes(closure_of):
    closure = closure_of(enums)
    assert set(flow.demands(closure.primary.template, closure)) == {"n0"}


def test_conditions_are_decided_by_plain_values_as_by_any(closure_of):
    rehearsal = Rehearsal(closure_of(fails_for_plain_values))
    assert rehearsal.run() is None
    assert rehearsal.failed == "no rows"
    scripted = Rehearsal(rehearsal.closure, {"n0": {"rows": 5, "paths": []}})
    assert literals.python_values(scripted.run()) == {"o0": 0}


def test_many_uses_of_one_sub_workflow_cost_no_more_than_one():
    """Sixty levels, each using the one below twice: 2⁶⁰ paths, were they walked."""
    closure = compiler_pb2.CompiledWorkflowClosure()
    for level in range(60):
        template = closure.sub_workflows.add().template
        template.id.name = f"level-{level}"
        for number in range(2):
            node = template.nodes.add(id=f"n{number}")
            node.inputs.add().CopyFrom(binding("paths", promise("start-node", "paths")))
            if level:
                node.workflow_node.sub_workflow_ref.name = f"level-{level - 1}"
            else:
                node.inputs[0].binding.promise.attr_path.add(int_value=2)
                node.task_node.SetInParent()
    demands = flow.demands(closure.sub_workflows[-1].template, closure)
    assert demands["start-node"]["paths"].size == 3


def _outputs(closure, task_name):
    (found,) = (
        one.template.interface.outputs
        for one in closure.tasks
        if one.template.id.name.endswith(task_name)
    )
    return found


def test_inputs_of_the_whole_are_asked_for_too(closure_of):
    closure = closure_of(inside)
    demands = flow.demands(closure.primary.template, closure)
    assert demands["start-node"]["paths"].size == 2
    rehearsal = Rehearsal(closure)
    rehearsal.run(paths=["a", "b"], rows=1)
    assert rehearsal.inputs["n0"] == literal_map(rows=1, path="b")
