"""Workflows as flytekit would register them, made by hand: a task for each node that runs one.

Each task gives an integer ``o0`` unless it is told otherwise, and takes what it reads.
"""

from flyteidl.core import (
    condition_pb2,
    identifier_pb2,
    interface_pb2,
    literals_pb2,
    tasks_pb2,
    types_pb2,
    workflow_pb2,
)

PLACE = {"project": "flytesnacks", "domain": "development", "version": "v1"}
INTEGER = types_pb2.LiteralType(simple=types_pb2.INTEGER)
INTEGERS = types_pb2.LiteralType(collection_type=INTEGER)
MAYBE_INTEGER = types_pb2.LiteralType(
    union_type=types_pb2.UnionType(
        variants=[
            types_pb2.LiteralType(
                simple=types_pb2.INTEGER, structure=types_pb2.TypeStructure(tag="int")
            ),
            types_pb2.LiteralType(
                simple=types_pb2.NONE, structure=types_pb2.TypeStructure(tag="none")
            ),
        ]
    )
)
MAYBE_INTEGERS = types_pb2.LiteralType(collection_type=MAYBE_INTEGER)
MAYBE_ERROR = types_pb2.LiteralType(
    union_type=types_pb2.UnionType(
        variants=[
            types_pb2.LiteralType(
                simple=types_pb2.ERROR, structure=types_pb2.TypeStructure(tag="FlyteError")
            ),
            types_pb2.LiteralType(
                simple=types_pb2.NONE, structure=types_pb2.TypeStructure(tag="none")
            ),
        ]
    )
)
LATE = workflow_pb2.WorkflowMetadata.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE


def _id(kind, name):
    return identifier_pb2.Identifier(resource_type=kind, name=name, **PLACE)


def variables(**types):
    return interface_pb2.VariableMap(
        variables={name: interface_pb2.Variable(type=type_) for name, type_ in types.items()}
    )


def promise(node, path=(), var="o0"):
    attributes = [types_pb2.PromiseAttribute(int_value=step) for step in path]
    return literals_pb2.BindingData(
        promise=types_pb2.OutputReference(node_id=node, var=var, attr_path=attributes)
    )


def _bindings(reads):
    return [
        literals_pb2.Binding(
            var=name,
            binding=data if isinstance(data, literals_pb2.BindingData) else promise(data),
        )
        for name, data in reads.items()
    ]


class Definitions:
    """What is registered for one workflow."""

    def __init__(self):
        self.tasks = []
        self.subs = []

    def task(self, id_, *, after=(), reads=None, takes=None, gives=None, **metadata):
        """A node that runs a task of its own."""
        name = f"flows.{id_}.{len(self.tasks)}"
        task = tasks_pb2.TaskTemplate(
            id=_id(identifier_pb2.TASK, name),
            type="python-task",
            container=tasks_pb2.Container(image="x", args=["x"]),
        )
        task.interface.inputs.CopyFrom(variables(**(takes or dict.fromkeys(reads or (), INTEGER))))
        task.interface.outputs.CopyFrom(variables(**({"o0": INTEGER} if gives is None else gives)))
        task.metadata.retries.retries = metadata.get("retries", 0)
        task.metadata.generates_deck.value = metadata.get("deck", False)
        if "interruptible" in metadata:
            task.metadata.interruptible = metadata["interruptible"]
        if "timeout" in metadata:
            task.metadata.timeout.seconds = metadata["timeout"]
        self.tasks.append(task)
        node = self._node(id_, after, reads, task_node={"reference_id": task.id})
        if "interruptible" in metadata:  # a node says what its task says, as flytekit has it
            node.metadata.interruptible = metadata["interruptible"]
        return node

    def sub(self, id_, template, *, after=(), reads=None):
        """A node that is a workflow."""
        if template not in self.subs:
            self.subs.append(template)
        return self._node(id_, after, reads, workflow_node={"sub_workflow_ref": template.id})

    def branch(self, id_, *arms, reads, otherwise=None, after=()):
        """A conditional; each arm is a number that its one input must be above, and a node."""
        (name,) = reads
        block = workflow_pb2.IfElseBlock()
        for number, (above, arm) in enumerate(arms):
            case = block.other.add() if number else block.case
            comparison = case.condition.comparison
            comparison.operator = condition_pb2.ComparisonExpression.GT
            comparison.left_value.var = name
            comparison.right_value.primitive.integer = above
            case.then_node.CopyFrom(arm)
        if isinstance(otherwise, str):
            block.error.CopyFrom(types_pb2.Error(failed_node_id=id_, message=otherwise))
        elif otherwise is not None:
            block.else_node.CopyFrom(otherwise)
        return self._node(id_, after, reads, branch_node={"if_else": block})

    def gate(self, id_, *, after=()):
        """A gate that sleeps."""
        sleep = workflow_pb2.GateNode()
        sleep.sleep.duration.seconds = 9
        return self._node(id_, after, None, gate_node=sleep)

    def map(self, id_, reads, *, bound=(), lists=(), maybe=False, retries=0, **options):
        """A node that maps a task over what it reads.

        ``lists`` are those that are bound and lists all the same, ``maybe`` is whether elements of
        what it gives may be None.
        """
        single = {*bound} - {*lists}
        takes = {name: INTEGER if name in single else INTEGERS for name in reads}
        gives = {"o0": MAYBE_INTEGERS if maybe else INTEGERS}
        node = self.task(id_, reads=reads, takes=takes, gives=gives)
        array = workflow_pb2.ArrayNode(bound_inputs=bound, **options)
        array.node.id, array.node.metadata.retries.retries = id_, retries
        array.node.task_node.CopyFrom(node.task_node)
        array.node.inputs.extend(node.inputs)
        node.array_node.CopyFrom(array)
        return node

    def workflow(self, *nodes, name="flows.wf", on_failure=None, late=False, takes=None, **gives):
        """A workflow of these nodes; what it gives is named with the node that gives it."""
        template = workflow_pb2.WorkflowTemplate(
            id=_id(identifier_pb2.WORKFLOW, name), nodes=nodes, outputs=_bindings(gives)
        )
        template.interface.inputs.CopyFrom(variables(**(takes or {})))
        template.interface.outputs.CopyFrom(variables(**dict.fromkeys(gives, INTEGER)))
        if on_failure is not None:
            template.failure_node.CopyFrom(on_failure)
        if late:
            template.metadata.on_failure = LATE
        return template

    def _node(self, id_, after, reads, **target):
        return workflow_pb2.Node(
            id=id_,
            metadata=workflow_pb2.NodeMetadata(name=f"name of {id_}"),
            inputs=_bindings(reads or {}),
            upstream_node_ids=[after] if isinstance(after, str) else list(after),
            **target,
        )
