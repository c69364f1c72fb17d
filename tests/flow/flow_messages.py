"""Bindings, promises and branches, made by hand; and a run without time, of a compiled workflow."""

from __future__ import annotations

from flyteidl.core import condition_pb2, literals_pb2, types_pb2, workflow_pb2

from flyte_testkit import flow, literals


def literal(value, annotation=None):
    return literals.literal(
        value, None if annotation is None else literals.literal_type(annotation)
    )


def literal_map(**values):
    return literals_pb2.LiteralMap(literals={name: literal(one) for name, one in values.items()})


def promise(node, var, *path):
    steps = [
        types_pb2.PromiseAttribute(string_value=step)
        if isinstance(step, str)
        else types_pb2.PromiseAttribute(int_value=step)
        for step in path
    ]
    reference = types_pb2.OutputReference(node_id=node, var=var, attr_path=steps)
    return literals_pb2.BindingData(promise=reference)


def binding(var, data):
    return literals_pb2.Binding(var=var, binding=data)


def primitive(value):
    return literal(value).scalar.primitive


def operand(side):
    """Return one side of a comparison: a name in angle brackets is a variable."""
    if isinstance(side, str) and side.startswith("<"):
        return condition_pb2.Operand(var=side.strip("<>"))
    return condition_pb2.Operand(primitive=primitive(side))


def compares(left, operator, right):
    comparison = condition_pb2.ComparisonExpression(
        operator=operator, left_value=operand(left), right_value=operand(right)
    )
    return condition_pb2.BooleanExpression(comparison=comparison)


def joined(left, operator, right):
    conjunction = condition_pb2.ConjunctionExpression(
        operator=operator, left_expression=left, right_expression=right
    )
    return condition_pb2.BooleanExpression(conjunction=conjunction)


def if_else(*conditions, otherwise=None, error=None):
    """Return a block whose cases are nodes ``case-0``, ``case-1`` and so on."""
    cases = [
        workflow_pb2.IfBlock(condition=one, then_node=workflow_pb2.Node(id=f"case-{number}"))
        for number, one in enumerate(conditions)
    ]
    block = workflow_pb2.IfElseBlock(case=cases[0], other=cases[1:])
    if otherwise is not None:
        block.else_node.id = otherwise
    if error is not None:
        block.error.message = error
    return block


class Rehearsal:
    """What a workflow would do if nothing was scripted, but for some outputs by node id."""

    def __init__(self, closure, scripted=None):
        self.closure = closure
        self.scripted = scripted or {}
        self.tasks = {one.template.id.name: one.template for one in closure.tasks}
        self.workflows = {one.template.id.name: one.template for one in closure.sub_workflows}
        self.inputs = {}
        self.failed = None

    def run(self, **inputs):
        return self.scope(self.closure.primary.template, literal_map(**inputs), {})

    def scope(self, template, inputs, asked):
        demands = flow.demands(template, self.closure, asked)
        given = {"start-node": inputs}
        waiting = [node for node in template.nodes if node.WhichOneof("target")]
        while waiting:
            node = next(one for one in waiting if set(one.upstream_node_ids) <= given.keys())
            waiting.remove(node)
            given[node.id] = self.node(node, given, demands)
            if given[node.id] is None:
                return None
        return flow.resolved(template.outputs, given)

    def node(self, node, given, demands):
        inputs = self.inputs[node.id] = flow.resolved(node.inputs, given)
        asked = demands.get(node.id, {})
        if node.HasField("task_node"):
            declared = self.tasks[node.task_node.reference_id.name].interface.outputs
            return flow.outputs(self.scripted.get(node.id), declared, asked, name=node.id)
        if node.HasField("branch_node"):
            taken = flow.arm(node.branch_node.if_else, inputs)
            if isinstance(taken, types_pb2.Error):
                self.failed = taken.message
                return None
            return self.node(taken, given, demands)
        if node.workflow_node.HasField("sub_workflow_ref"):
            template = self.workflows[node.workflow_node.sub_workflow_ref.name]
            return self.scope(template, inputs, asked)
        if node.gate_node.HasField("approve"):
            return inputs
        if node.HasField("array_node"):  # as many items as its longest list has
            declared = self.tasks[node.array_node.node.task_node.reference_id.name].interface
            lists = [
                len(inputs.literals[name].collection.literals)
                for name in inputs.literals
                if name not in node.array_node.bound_inputs
            ]
            assert len(set(lists)) == 1, f"lists of different sizes: {lists}"
            assert lists[0] > 0, "it maps over nothing"
            return flow.outputs({}, declared.outputs, {}, name=node.id)
        return literals_pb2.LiteralMap()
