from __future__ import annotations

import copy
import pickle
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import execution_pb2, node_execution_pb2, signal_pb2, task_execution_pb2
from flyteidl.core import interface_pb2, types_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from flyte_testkit.client import (
    FlyteNodeExecution,
    FlyteTaskExecution,
    FlyteWorkflowExecution,
    models,
)
from flyte_testkit.client._model import _models
from flyte_testkit.client.phases import (
    NodeExecutionPhase,
    TaskExecutionPhase,
    WorkflowExecutionPhase,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

INTEGERS = {1: 31, 2: 63, 3: 32, 4: 64}  # by cpp_type: how many bits a value has


@st.composite
def messages(draw: st.DrawFn, cls: type[Message], depth: int = 3) -> Any:
    """Any message of that type: every field, every oneof, every presence."""
    message = cls()
    fields = list(cls.DESCRIPTOR.fields)
    if not fields:
        return message
    for field in draw(st.lists(st.sampled_from(fields), max_size=4, unique_by=lambda f: f.name)):
        if field.message_type is None:
            one = scalars(field)
        elif depth == 0 or field.message_type.full_name == "google.protobuf.Value":
            continue
        elif field.message_type.GetOptions().map_entry:
            fill_map(draw, message, field, depth)
            continue
        else:
            one = messages(field.message_type._concrete_class, depth - 1)
        if field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(one, max_size=2)))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(draw(one))
            getattr(message, field.name).SetInParent()
        else:
            setattr(message, field.name, draw(one))
    return message


def scalars(field: Any) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([*field.enum_type.values_by_number, 4711])
    if field.cpp_type in (1, 2):
        bits = INTEGERS[field.cpp_type]
        return st.integers(-(2**bits), 2**bits - 1)
    if field.cpp_type in (3, 4):
        return st.integers(0, 2 ** INTEGERS[field.cpp_type] - 1)
    if field.cpp_type in (5, 6):
        return st.floats(allow_nan=False, width=32)
    if field.cpp_type == 7:
        return st.booleans()
    return st.binary(max_size=5) if field.type == 12 else st.text(max_size=5)


def fill_map(draw: st.DrawFn, message: Any, field: Any, depth: int) -> None:
    value = field.message_type.fields_by_name["value"]
    for key in draw(st.lists(st.text(max_size=3), max_size=2)):
        if value.message_type is None:
            getattr(message, field.name)[key] = draw(scalars(value))
        elif value.message_type.full_name != "google.protobuf.Value":
            inner = draw(messages(value.message_type._concrete_class, depth - 1))
            getattr(message, field.name)[key].CopyFrom(inner)


@settings(deadline=None)
@given(messages(execution_pb2.Execution))
def test_an_execution_keeps_every_field_of_its_message(pb):
    assert models.Execution.from_flyte_idl(pb).to_flyte_idl() == pb
    assert FlyteWorkflowExecution.from_flyte_idl(pb).to_flyte_idl() == pb


@settings(deadline=None)
@given(messages(node_execution_pb2.NodeExecution))
def test_a_node_execution_keeps_every_field_of_its_message(pb):
    assert models.NodeExecution.from_flyte_idl(pb).to_flyte_idl() == pb
    assert FlyteNodeExecution.from_flyte_idl(pb).to_flyte_idl() == pb


@settings(deadline=None)
@given(messages(task_execution_pb2.TaskExecution))
def test_a_task_execution_keeps_every_field_of_its_message(pb):
    assert models.TaskExecution.from_flyte_idl(pb).to_flyte_idl() == pb
    assert FlyteTaskExecution.from_flyte_idl(pb).to_flyte_idl() == pb


@settings(deadline=None)
@given(messages(signal_pb2.Signal))
def test_a_signal_keeps_every_field_of_its_message(pb):
    assert models.Signal.from_flyte_idl(pb).to_flyte_idl() == pb


@settings(deadline=None)
@given(st.data())
def test_every_model_keeps_bytes_unknown_fields_and_its_value(data):
    model = data.draw(st.sampled_from(sorted(_models.values(), key=lambda cls: cls.__name__)))
    pb = data.draw(messages(model._message, 1))
    pb.MergeFromString(b"\x82\x7d\x02hi")  # field 2000: a newer server's
    one, other = model.from_flyte_idl(pb), model.from_flyte_idl(pb)

    assert one == other
    assert hash(one) == hash(other)
    assert one.serialize_to_string() == pb.SerializeToString()
    assert not one.is_empty


@pytest.mark.parametrize("model", _models.values(), ids=lambda cls: cls.__name__)
def test_every_field_of_an_empty_model_can_be_read(model):
    empty = model()

    assert empty.is_empty
    for name in model._fields:
        getattr(empty, name)


def test_what_is_not_set_reads_none_where_the_type_says_so():
    closure = models.ExecutionClosure()

    assert closure.error is None
    assert closure.started_at is None
    assert closure.abort_cause is None
    assert closure.duration == timedelta(0)
    assert models.ExecutionSpec().disable_all is None
    assert models.ExecutionSpec().interruptible is None
    assert models.ExecutionSpec().labels.values == {}


def test_well_known_types_read_as_python():
    pb = task_execution_pb2.TaskExecutionClosure()
    pb.started_at.FromDatetime(datetime(2024, 3, 10, 7, 30))
    pb.duration.FromTimedelta(timedelta(minutes=9))
    pb.custom_info.update({"a": [1, True, None]})
    closure = models.TaskExecutionClosure.from_flyte_idl(pb)

    assert closure.started_at == datetime(2024, 3, 10, 7, 30, tzinfo=timezone.utc)
    assert closure.duration == timedelta(minutes=9)
    assert closure.custom_info == {"a": [1, True, None]}
    spec = models.ExecutionSpec.from_flyte_idl(
        execution_pb2.ExecutionSpec(interruptible={"value": False}, tags=["a", "b"])
    )
    assert spec.interruptible is False
    assert spec.tags == ("a", "b")


def test_positional_values_come_in_flytekits_order():
    execution_id = models.WorkflowExecutionIdentifier("project", "domain", "name")

    assert (execution_id.project, execution_id.domain, execution_id.name) == (
        "project",
        "domain",
        "name",
    )
    node_id = models.NodeExecutionIdentifier("n0", execution_id)
    assert node_id.to_flyte_idl().execution_id.name == "name"


def test_a_field_that_flytekit_names_differently_has_flytekits_name():
    pb = node_execution_pb2.WorkflowNodeMetadata(executionId={"name": "child"})

    assert models.WorkflowNodeMetadata.from_flyte_idl(pb).execution_id.name == "child"


def test_a_model_cannot_be_changed_nor_change_its_source():
    pb = execution_pb2.AbortMetadata(cause="cost")
    abort = models.AbortMetadata.from_flyte_idl(pb)

    with pytest.raises(AttributeError, match="AbortMetadata is immutable, so 'cause'"):
        abort.cause = "other"
    pb.cause = "changed later"
    abort.to_flyte_idl().cause = "changed too"
    assert abort.cause == "cost"


def test_no_message_inside_a_model_can_be_changed_from_outside():
    literal_type = models.LiteralType.from_flyte_idl(
        types_pb2.LiteralType(enum_type={"values": ["red"]})
    )
    literal_type.enum_type.values.append("blue")

    assert list(literal_type.enum_type.values) == ["red"]


def test_a_misspelt_field_gets_a_suggestion():
    with pytest.raises(TypeError, match=r"no field 'mesage'. Did you mean 'message'\?"):
        models.ExecutionError(mesage="boom")


def test_too_many_values_are_refused_with_the_names_of_the_fields():
    with pytest.raises(
        TypeError, match=r"AbortMetadata takes 2 values, got 3: .* cause, principal"
    ):
        models.AbortMetadata("a", "b", "c")


def test_another_message_is_refused():
    with pytest.raises(
        TypeError, match=r"built from a flyteidl.admin.AbortMetadata, got Execution"
    ):
        models.AbortMetadata.from_flyte_idl(execution_pb2.Execution())


def test_models_are_equal_by_value_across_classes_of_one_message():
    class Special(models.AbortMetadata):
        pass

    assert Special("a", "b") == models.AbortMetadata("a", "b")
    assert models.AbortMetadata("a", "b") != models.AbortMetadata("a", "c")
    assert models.AbortMetadata("a", "b") != "a"


def test_the_short_string_is_an_outline_with_long_values_shortened():
    error = models.ExecutionError(code="USER:X", message="boom " * 40)
    lines = error.short_string().splitlines()

    assert lines[0] == "Flyte Serialized object (ExecutionError):"
    assert lines[1] == "  code: USER:X"
    assert lines[2].endswith("[...]")
    assert str(error) == error.short_string()
    assert repr(error) == str(error.to_flyte_idl())


def test_the_html_form_escapes_what_the_server_said():
    error = models.ExecutionError(message="<script>")

    assert "<script>" not in error._repr_html_()


def test_interfaces_show_variables_by_name():
    interface = models.TypedInterface.from_flyte_idl(
        interface_pb2.TypedInterface(
            inputs={"variables": {"day": {"type": {"simple": 3}, "description": "which day"}}}
        )
    )

    assert interface.inputs["day"].type.simple == types_pb2.STRING
    assert interface.inputs["day"].description == "which day"
    assert interface.outputs == {}


@pytest.mark.parametrize(
    ("phases", "enum"),
    [
        (WorkflowExecutionPhase, "flyteidl.core.WorkflowExecution"),
        (NodeExecutionPhase, "flyteidl.core.NodeExecution"),
        (TaskExecutionPhase, "flyteidl.core.TaskExecution"),
    ],
)
def test_phases_have_the_numbers_of_the_wire(phases, enum):
    from flyteidl.core import execution_pb2 as core

    wire = getattr(core, enum.rpartition(".")[2]).Phase

    assert {**{phase.name: int(phase) for phase in phases}, **dict(wire.items())} == {
        phase.name: int(phase) for phase in phases
    }
    assert phases.enum_to_string(4711) == "4711"


def test_models_can_be_copied_and_pickled():
    abort = models.AbortMetadata("a", "b")

    assert copy.deepcopy(abort) == abort
    assert pickle.loads(pickle.dumps(abort)) == abort  # noqa: S301  our own bytes
