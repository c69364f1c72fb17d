from __future__ import annotations

import pytest
from builders import execution_id, identifier, integer, literals, node_id
from definition_builders import TASK, WORKFLOW, archive
from flyteidl.admin import common_pb2, project_pb2
from flyteidl.core import execution_pb2, identifier_pb2, literals_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from flyte_testkit.admin.database.texts import storable
from flyte_testkit.admin.errors import AdminError
from flyte_testkit.admin.rules import validation


def message_of(check, *arguments):
    with pytest.raises(AdminError) as refusal:
        check(*arguments)
    assert refusal.value.code == "INVALID_ARGUMENT"
    return refusal.value.message


def without(message, field):
    message.ClearField(field)
    return message


def test_tells_a_field_that_was_sent_from_one_that_was_not():
    request = common_pb2.ObjectGetRequest()
    assert validation.given(request, "id") is None
    request.id.SetInParent()
    assert validation.given(request, "id") == identifier_pb2.Identifier()


# --- identifiers


def test_takes_a_complete_identifier():
    validation.identifier(identifier(TASK, "t"), TASK)


def test_wants_an_identifier():
    assert message_of(validation.identifier, None, TASK) == "missing id"


def test_looks_at_the_type_of_an_identifier_before_its_parts():
    empty = identifier_pb2.Identifier()
    assert message_of(validation.identifier, empty, TASK) == (
        "unexpected resource type unspecified for identifier [], expected task instead"
    )


@pytest.mark.parametrize(
    ("kind", "name"), [(TASK, "task"), (3, "launch_plan"), (4, "dataset"), (17, "17"), (-1, "-1")]
)
def test_names_the_type_that_was_not_expected(kind, name):
    wrong = identifier_pb2.Identifier(resource_type=kind)
    message = message_of(validation.identifier, wrong, WORKFLOW)
    assert message.startswith(f"unexpected resource type {name} for identifier [resource_type:")
    assert message.endswith("], expected workflow instead")


@pytest.mark.parametrize("part", ["project", "domain", "name", "version"])
def test_names_the_part_that_an_identifier_lacks(part):
    incomplete = without(identifier(TASK, "t"), part)
    assert message_of(validation.identifier, incomplete, TASK) == f"missing {part}"


@pytest.mark.parametrize("part", ["project", "domain", "name"])
@pytest.mark.parametrize(
    "check", [validation.workflow_execution_identifier, validation.named_entity_identifier]
)
def test_names_the_part_that_a_name_lacks(check, part):
    assert message_of(check, None) == "missing id"
    assert message_of(check, without(execution_id(), part)) == f"missing {part}"


def test_looks_at_a_node_before_its_execution():
    check = validation.node_execution_identifier
    assert message_of(check, None) == "missing id"
    assert message_of(check, identifier_pb2.NodeExecutionIdentifier()) == "missing execution_id"
    assert message_of(check, without(node_id(), "node_id")) == "missing node_id"
    incomplete = node_id()
    incomplete.execution_id.ClearField("domain")
    assert message_of(check, incomplete) == "missing domain"


def test_looks_at_the_node_of_an_attempt_before_its_task():
    check = validation.task_execution_identifier
    made = identifier_pb2.TaskExecutionIdentifier()
    assert message_of(check, None) == "missing id"
    assert message_of(check, made) == "missing node_execution_id"
    made.node_execution_id.SetInParent()
    assert message_of(check, made) == "missing execution_id"
    made.node_execution_id.CopyFrom(node_id())
    assert message_of(check, made) == "missing task_id"
    made.task_id.CopyFrom(identifier(WORKFLOW, "t"))
    assert message_of(check, made).startswith("unexpected resource type workflow")
    made.task_id.CopyFrom(identifier(TASK, "t"))
    check(made)


def test_refuses_a_resource_type_that_is_not_given_but_not_one_that_is_unknown():
    assert message_of(validation.resource_type, 0) == "invalid value for resource_type"
    validation.resource_type(77)


# --- projects and domains


def test_lets_things_be_made_in_an_active_project(store, make):
    validation.project_and_domain(store, "p", "staging")


def test_says_that_the_project_is_not_registered(store, make):
    assert message_of(validation.project_and_domain, store, "q", "mars") == (
        "failed to validate that project [q] and domain [mars] are registered, "
        "err: [project [q] not found]"
    )


def test_says_that_the_database_cannot_even_be_asked(store, make):
    assert message_of(validation.existing_project, store, "\0") == (
        "failed to validate that project [\0] exists, err: "
        '[failed database operation with invalid byte sequence for encoding "UTF8": 0x00]'
    )


@pytest.mark.parametrize("state", [1, 2, 3, 99])
def test_lets_nothing_be_made_in_a_project_that_is_not_active(store, make, state):
    archive(make, state=state)
    with pytest.raises(AdminError) as refusal:
        validation.project_and_domain(store, "p", "mars")
    assert refusal.value.message == "project [p] is not active"
    assert refusal.value.details == (project_pb2.InactiveProject(id="p"),)


@pytest.mark.parametrize("domain", ["mars", "Development", "development ", ""])
def test_knows_domains_by_their_exact_names(store, make, domain):
    assert message_of(validation.project_and_domain, store, "p", domain) == (
        f"domain [{domain}] is unrecognized by system"
    )


def test_lets_the_attributes_of_an_active_project_change(store, make):
    validation.project_for_update(store, "p")
    assert message_of(validation.project_for_update, store, "q") == (
        "failed to validate that project [q] is registered, err: [project [q] not found]"
    )
    archive(make)
    with pytest.raises(AdminError, match=r"project \[p\] is not active") as refusal:
        validation.project_for_update(store, "p")
    assert refusal.value.details == ()


def test_lets_the_attributes_of_an_archived_project_be_read(store, make):
    archive(make)
    validation.existing_project(store, "p")
    assert message_of(validation.existing_project, store, "q") == (
        "failed to validate that project [q] exists, err: [project [q] not found]"
    )


# --- parts of requests


def test_wants_a_limit_of_whatever_size():
    validation.limit(2**32 - 1)
    assert message_of(validation.limit, 0) == "invalid value for limit"


def test_refuses_texts_that_the_database_cannot_hold():
    storable("a", "\x01", "")
    with pytest.raises(AdminError) as refusal:
        storable("a", "b\0")
    assert refusal.value.code == "UNKNOWN"
    assert refusal.value.message == (
        'failed database operation with invalid byte sequence for encoding "UTF8": 0x00'
    )


def test_counts_labels_before_reading_them():
    validation.labels({f"k{number}": "" for number in range(16)})
    many = {f"-{number}": "" for number in range(17)}
    assert message_of(validation.labels, many) == "labels map cannot exceed 16 entries"


def test_looks_at_the_key_of_a_label_before_its_value():
    assert message_of(validation.labels, {"/a": "b."}) == (
        "invalid label key [/a]: [prefix part must be non-empty]"
    )
    long = "v" * 64
    assert message_of(validation.labels, {"a": long}) == (
        f"invalid label value [{long}]: [must be no more than 63 characters]"
    )


def test_joins_all_that_is_wrong_with_a_label_by_blanks():
    message = message_of(validation.labels, {"": ""})
    assert message.startswith(
        "invalid label key []: [name part must be non-empty name part must consist of"
    )


def test_wants_literals_to_have_names_and_values():
    validation.literal_map(None, "inputs")
    validation.literal_map(literals(a=1), "inputs")
    nameless = literals_pb2.LiteralMap(literals={"": integer(1)})
    assert message_of(validation.literal_map, nameless, "inputs") == "missing key in inputs"
    valueless = literals_pb2.LiteralMap(literals={"x": literals_pb2.Literal()})
    assert message_of(validation.literal_map, valueless, "fixed_inputs") == (
        "missing valid literal in fixed_inputs x"
    )


def test_takes_literals_whose_values_are_elsewhere_or_odd():
    odd = literals_pb2.LiteralMap()
    odd.literals["a"].offloaded_metadata.uri = "s3://b"
    odd.literals["b"].scalar.SetInParent()
    odd.literals["c"].scalar.primitive.SetInParent()
    validation.literal_map(odd, "inputs")


def at(seconds, nanos=0):
    literal = literals_pb2.Literal()
    literal.scalar.primitive.datetime.CopyFrom(Timestamp(seconds=seconds, nanos=nanos))
    return literal


@pytest.mark.parametrize(
    ("literal", "complaint"),
    [
        (at(-62135596801), "(seconds:-62135596801) before 0001-01-01"),
        (at(253402300800), "(seconds:253402300800) after 9999-12-31"),
        (at(0, 10**9), "(nanos:1000000000) has out-of-range nanos"),
    ],
)
def test_refuses_datetimes_outside_the_years_1_to_9999(literal, complaint):
    given = literals(a=literal)
    assert message_of(validation.literal_map, given, "inputs") == f"proto: timestamp {complaint}"


def test_looks_no_further_than_the_first_datetime():
    validation.literal_map(literals(a=at(0), b=literals_pb2.Literal()), "inputs")


def notification(kind="email", recipients=("a@b",), phases=()):
    made = common_pb2.Notification(phases=phases)
    getattr(made, kind).recipients_email.extend(recipients)
    return made


@pytest.mark.parametrize("kind", ["email", "slack", "pager_duty"])
def test_takes_notifications_of_the_ends_of_executions(kind):
    Phase = execution_pb2.WorkflowExecution  # noqa: N806  a namespace of numbers
    ends = [Phase.SUCCEEDED, Phase.FAILED, Phase.TIMED_OUT, Phase.ABORTED]
    validation.notifications([notification(kind, phases=ends), notification(kind)])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (common_pb2.Notification(phases=[2]), "invalid value for notification type"),
        (notification(recipients=(), phases=[2]), "missing recipients"),
        (notification(recipients=("a@b", ""), phases=[2]), "missing recipient"),
        (notification(phases=[4, 2]), "invalid value for phase"),
    ],
)
def test_looks_at_the_kind_of_a_notification_then_whom_then_when(entry, message):
    assert message_of(validation.notifications, [notification(), entry]) == message


def test_looks_at_all_of_a_notification_before_the_next():
    entries = [notification(phases=[2]), common_pb2.Notification()]
    assert message_of(validation.notifications, entries) == "invalid value for phase"


@pytest.mark.parametrize("name", ["a", "a-9", "ABC", "x" * 63])
def test_takes_names_of_executions(name):
    validation.execution_name(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x" * 64, f"size of name exceeded length 63 : {'x' * 64}"),
        ("Ⱥ" * 22, f"size of name exceeded length 63 : {'ⱥ' * 22}"),
        ("é" * 32, f"size of name exceeded length 63 : {'é' * 32}"),
        ("1" * 64, f"size of name exceeded length 63 : {'1' * 64}"),
        ("1a", r"invalid name format: 1a, does not match regex '^[a-z][a-z\-0-9]*$'"),
        ("Ab.C", r"invalid name format: ab.c, does not match regex '^[a-z][a-z\-0-9]*$'"),
        ("AΣ", r"invalid name format: aσ, does not match regex '^[a-z][a-z\-0-9]*$'"),
        ("a\n", "invalid name format: a\n, does not match regex '^[a-z][a-z\\-0-9]*$'"),
        ("a٣", r"invalid name format: a٣, does not match regex '^[a-z][a-z\-0-9]*$'"),
    ],
)
def test_says_what_is_wrong_with_the_name_of_an_execution(name, message):
    assert message_of(validation.execution_name, name) == message


def test_refuses_outputs_of_more_than_two_mebibytes():
    validation.output_size(literals(a="x" * (2**21 - 100)))
    heavy = literals(a="x" * 2**21)
    with pytest.raises(AdminError) as refusal:
        validation.output_size(heavy)
    assert refusal.value.code == "RESOURCE_EXHAUSTED"
    assert refusal.value.message == (
        f"Output data size exceeds platform configured threshold ({heavy.ByteSize()} > 2097152)"
    )
