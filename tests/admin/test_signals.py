from __future__ import annotations

import pytest
from builders import INTEGER, NUL, STRING, execution_id, integer, literals, text
from flyteidl.admin import signal_pb2
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from run_builders import refusal

from flyte_testkit.admin.runs.signals import SignalManager


@pytest.fixture
def signals(store):
    return SignalManager(store)


def signal_id(name="s", execution="e1"):
    return identifier_pb2.SignalIdentifier(signal_id=name, execution_id=execution_id(execution))


def creation(type_=INTEGER, **place):
    return signal_pb2.SignalGetOrCreateRequest(id=signal_id(**place), type=type_)


def setting(value, **place):
    return signal_pb2.SignalSetRequest(id=signal_id(**place), value=value)


def listing(**fields):
    return signal_pb2.SignalListRequest(
        **{"workflow_execution_id": execution_id(), "limit": 10, **fields}
    )


def test_a_signal_is_made_once_and_then_found(signals, now):
    made = signals.get_or_create_signal(creation(), now)
    assert made == signal_pb2.Signal(id=signal_id(), type=INTEGER)
    signals.set_signal(setting(integer(7)), now)
    assert signals.get_or_create_signal(creation(), now).value == integer(7)


def test_a_signal_forgets_the_organization_that_it_was_made_for(signals, now):
    request = creation()
    request.id.execution_id.org = "acme"
    assert signals.get_or_create_signal(request, now).id == signal_id()
    assert signals.get_or_create_signal(request, now).id == signal_id()


def test_a_signal_has_one_type(signals, now):
    signals.get_or_create_signal(creation(), now)
    for other in (STRING, types_pb2.LiteralType()):
        assert refusal(signals.get_or_create_signal, creation(other), now) == (
            "ALREADY_EXISTS",
            (
                "value with matching already exists "
                '(duplicate key value violates unique constraint "signals_pkey")'
            ),
        )


def test_a_signal_without_a_type_shows_none(signals, now):
    nothing = creation(types_pb2.LiteralType())
    assert not signals.get_or_create_signal(nothing, now).HasField("type")
    assert signals.get_or_create_signal(nothing, now).id == signal_id()


def test_a_signal_without_a_type_takes_nothing(signals, now):
    signals.get_or_create_signal(creation(types_pb2.LiteralType()), now)
    assert refusal(signals.set_signal, setting(integer(1)), now)[0] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (lambda id_: id_.ClearField("execution_id"), "execution_id"),
        (lambda id_: id_.ClearField("signal_id"), "signal_id"),
        (lambda id_: id_.execution_id.ClearField("project"), "project"),
        (lambda id_: id_.execution_id.ClearField("domain"), "domain"),
        (lambda id_: id_.execution_id.ClearField("name"), "name"),
    ],
)
def test_ids_are_whole(signals, now, change, missing):
    for rpc, request in (
        (signals.get_or_create_signal, creation()),
        (signals.set_signal, setting(integer(1))),
    ):
        change(request.id)
        assert refusal(rpc, request, now) == ("INVALID_ARGUMENT", f"missing {missing}")


def test_requests_are_whole(signals, now):
    creating = signal_pb2.SignalGetOrCreateRequest()
    assert refusal(signals.get_or_create_signal, creating, now)[1] == "missing id"
    creating.id.CopyFrom(signal_id())
    assert refusal(signals.get_or_create_signal, creating, now)[1] == "missing type"
    changing = signal_pb2.SignalSetRequest()
    assert refusal(signals.set_signal, changing, now)[1] == "missing id"
    changing.id.CopyFrom(signal_id())
    assert refusal(signals.set_signal, changing, now)[1] == "missing value"


def test_a_signal_must_be_there_to_be_set(signals, now):
    problem = refusal(signals.set_signal, setting(literals_pb2.Literal()), now)
    assert problem == (
        "INVALID_ARGUMENT",
        (
            "failed to validate that signal [{{p development e1} s}] exists, "
            "err: [signal does not exist]"
        ),
    )


def test_an_id_that_the_database_cannot_hold_is_wrapped_when_it_is_set(signals, now):
    request = setting(literals_pb2.Literal())
    request.id.signal_id = "s\0"
    assert refusal(signals.set_signal, request, now) == (
        "INVALID_ARGUMENT",
        f"failed to validate that signal [{{{{p development e1}} s\0}}] exists, err: [{NUL[1]}]",
    )
    created = signal_pb2.SignalGetOrCreateRequest(id=request.id, type=STRING)
    assert refusal(signals.get_or_create_signal, created, now) == NUL


def test_a_value_must_be_of_some_type(signals, now):
    signals.get_or_create_signal(creation(), now)
    problem = refusal(signals.set_signal, setting(literals_pb2.Literal()), now)[1]
    assert problem.startswith("Failed to validate literal type for [] with err: ")


def test_a_value_must_be_of_the_type_of_the_signal(signals, now):
    signals.get_or_create_signal(creation(STRING), now)
    code, message = refusal(signals.set_signal, setting(integer(1)), now)
    assert code == "INVALID_ARGUMENT"
    assert " ".join(message.split()) == (
        "requested signal value [scalar:{primitive:{integer:1}}] "
        "is not castable to existing signal type [[8 3]]"
    )


def test_a_list_signal_takes_no_empty_list(signals, now):
    signals.get_or_create_signal(creation(types_pb2.LiteralType(collection_type=INTEGER)), now)
    full = literals(x=1).literals["x"]
    some = literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=[full]))
    signals.set_signal(setting(some), now)
    none = literals_pb2.Literal(collection=literals_pb2.LiteralCollection())
    assert refusal(signals.set_signal, setting(none), now)[0] == "INVALID_ARGUMENT"


def test_a_signal_may_be_set_again(signals, now):
    signals.get_or_create_signal(creation(STRING), now)
    for word in ("a", "b"):
        signals.set_signal(setting(text(word)), now)
    (signal,) = signals.list_signals(listing(), now).signals
    assert signal.value == text("b")


def test_an_answer_given_before_stays_as_it_was(signals, now):
    before = signals.get_or_create_signal(creation(), now)
    signals.set_signal(setting(integer(1)), now)
    assert not before.HasField("value")


def test_signals_of_one_execution_are_listed(signals, now):
    for name in "cab":
        signals.get_or_create_signal(creation(name=name), now)
    signals.get_or_create_signal(creation(name="d", execution="e2"), now)
    page = signals.list_signals(listing(limit=2), now)
    assert [signal.id.signal_id for signal in page.signals] == ["a", "b"]
    assert page.token == "2"


def test_signals_that_were_never_set_are_unlike_no_value(signals, now):
    for name in "ab":
        signals.get_or_create_signal(creation(name=name), now)
    signals.set_signal(setting(integer(1), name="b"), now)
    found = signals.list_signals(listing(filters="ne(value,x)"), now).signals
    assert [signal.id.signal_id for signal in found] == ["b"]


@pytest.mark.parametrize("field", ["project", "domain", "name"])
def test_whatever_is_wrong_with_the_execution_it_is_missing(signals, now, field):
    request = listing()
    request.workflow_execution_id.ClearField(field)
    assert refusal(signals.list_signals, request, now)[1] == "missing execution_id"
    request.ClearField("workflow_execution_id")
    assert refusal(signals.list_signals, request, now)[1] == "missing execution_id"


def test_a_list_of_signals_has_a_limit(signals, now):
    assert refusal(signals.list_signals, listing(limit=0), now) == (
        "INVALID_ARGUMENT",
        "invalid value for limit",
    )
