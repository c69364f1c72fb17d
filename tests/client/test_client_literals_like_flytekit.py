"""Our reading and writing of literals beside flytekit's, value by value.

No postponed annotations here: flytekit reads a dataclass's field types as they stand.
"""

import dataclasses
import enum
import typing
from datetime import date, datetime, timedelta, timezone

import pytest
from flyteidl.core import literals_pb2, types_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from flyte_testkit.client._reading import guess, plain, shape
from flyte_testkit.client._writing import literal_of
from flyte_testkit.client.exceptions import TypeTransformerFailedError

pytest.importorskip("flytekit")
from flytekit import FlyteContextManager
from flytekit.core import type_engine
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import Literal as TheirLiteral
from flytekit.models.types import LiteralType as TheirType


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Inner:
    n: int
    x: float
    maybe: int | None = None


@dataclasses.dataclass
class Metrics:
    auc: float
    epochs: int
    name: str
    good: bool
    inner: Inner
    names: typing.List[str]  # noqa: UP006  as flytekit's users on 3.8 wrote it
    more: typing.Dict[str, int]  # noqa: UP006


naive = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
aware = naive.map(lambda when: when.replace(tzinfo=timezone.utc))
elsewhere = naive.map(lambda when: when.replace(tzinfo=timezone(timedelta(hours=-9, minutes=-30))))
numbers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False)
finite = st.floats(allow_nan=False, allow_infinity=False)
durations = st.timedeltas(timedelta(days=-3000), timedelta(days=3000))
inner = st.builds(Inner, st.integers(-(2**50), 2**50), finite, st.none() | st.integers(0, 9))
metrics = st.builds(
    Metrics,
    auc=finite,
    epochs=st.integers(-(2**50), 2**50),
    name=st.text(),
    good=st.booleans(),
    inner=inner,
    names=st.lists(st.text(), max_size=3),
    more=st.dictionaries(st.text(), st.integers(-(2**50), 2**50), max_size=3),
)

TYPED = {
    int: numbers,
    float: floats,
    str: st.text(),
    bool: st.booleans(),
    datetime: naive | aware | elsewhere,
    date: st.dates(date(2, 1, 1)),
    timedelta: durations,
    type(None): st.none(),
    Color: st.sampled_from(Color),
    typing.List[int]: st.lists(numbers, max_size=4),  # noqa: UP006
    typing.Dict[str, float]: st.dictionaries(st.text(), floats, max_size=4),  # noqa: UP006
    typing.List[typing.Dict[str, str]]: st.lists(  # noqa: UP006
        st.dictionaries(st.text(), st.text(), max_size=2), max_size=2
    ),
    typing.Optional[int]: st.none() | numbers,  # noqa: UP045  likewise
    typing.Union[int, str]: numbers | st.text(),  # noqa: UP007  likewise
    typing.List[typing.Optional[float]]: st.lists(  # noqa: UP006, UP045  likewise
        st.none() | floats, max_size=4
    ),
    Metrics: metrics,
}

typed_values = st.sampled_from(list(TYPED)).flatmap(
    lambda python_type: st.tuples(st.just(python_type), TYPED[python_type])
)


def context():
    return FlyteContextManager.current_context()


def same(ours, theirs):
    """Equal, or made of equal fields where each side makes a class of its own."""
    if isinstance(theirs, enum.Enum):
        return ours.value == theirs.value
    if dataclasses.is_dataclass(theirs):
        return type(ours).__name__ == type(theirs).__name__ and all(
            same(getattr(ours, field.name), getattr(theirs, field.name))
            for field in dataclasses.fields(theirs)
        )
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs and type(ours) is type(theirs)


@settings(deadline=None, max_examples=60)
@given(typed_values)
def test_a_value_that_flytekit_wrote_is_read_the_same(typed):
    python_type, value = typed
    literal_type = TypeEngine.to_literal_type(python_type)
    literal = TypeEngine.to_literal(context(), value, python_type, literal_type).to_flyte_idl()

    theirs = TypeEngine.to_python_value(
        context(), TheirLiteral.from_flyte_idl(literal), python_type
    )
    assert same(shape(plain(literal), python_type), theirs)


@settings(deadline=None, max_examples=60)
@given(typed_values)
def test_a_value_without_a_type_asked_for_is_read_the_same(typed):
    python_type, value = typed
    declared = TypeEngine.to_literal_type(python_type)
    literal = TypeEngine.to_literal(context(), value, python_type, declared).to_flyte_idl()
    guessed = TypeEngine.guess_python_type(TheirType.from_flyte_idl(declared.to_flyte_idl()))

    theirs = TypeEngine.to_python_value(context(), TheirLiteral.from_flyte_idl(literal), guessed)
    assert same(shape(plain(literal), guess(declared.to_flyte_idl())), theirs)


@settings(deadline=None, max_examples=60)
@given(typed_values)
def test_a_value_is_written_as_flytekit_writes_it(typed):
    python_type, value = typed
    declared = TypeEngine.to_literal_type(python_type)
    theirs = TypeEngine.to_literal(context(), value, python_type, declared).to_flyte_idl()
    ours = literal_of(value, declared.to_flyte_idl())

    # Unions differ in how much of the chosen variant's type each side notes down.
    if "union" not in str(theirs):
        assert ours == theirs
    assert same(
        TypeEngine.to_python_value(context(), TheirLiteral.from_flyte_idl(ours), python_type),
        TypeEngine.to_python_value(context(), TheirLiteral.from_flyte_idl(theirs), python_type),
    )


@settings(deadline=None, max_examples=30)
@given(metrics)
def test_a_dataclass_in_the_old_format_is_read_the_same(value):
    transformer = TypeEngine.get_transformer(Metrics)
    declared = TypeEngine.to_literal_type(Metrics)
    literal = transformer.to_generic_literal(context(), value, Metrics, declared).to_flyte_idl()
    theirs = TypeEngine.to_python_value(context(), TheirLiteral.from_flyte_idl(literal), Metrics)

    assert same(shape(plain(literal), Metrics), theirs)


def literal_messages():
    primitive = st.one_of(
        numbers.map(lambda v: {"integer": v}),
        floats.map(lambda v: {"float_value": v}),
        st.text().map(lambda v: {"string_value": v}),
        st.booleans().map(lambda v: {"boolean": v}),
    ).map(lambda v: literals_pb2.Literal(scalar={"primitive": v}))
    none = st.just(literals_pb2.Literal(scalar={"none_type": {}}))
    return st.recursive(
        primitive | none,
        lambda one: (
            st.lists(one, max_size=3).map(
                lambda items: literals_pb2.Literal(collection={"literals": items})
            )
            | st.dictionaries(st.text(), one, max_size=3).map(
                lambda items: literals_pb2.Literal(map={"literals": items})
            )
        ),
        max_leaves=6,
    )


@settings(deadline=None, max_examples=60)
@given(literal_messages(), st.sampled_from([*TYPED]))
def test_a_literal_that_both_sides_can_read_as_a_type_is_the_same_value(literal, python_type):
    try:
        theirs = TypeEngine.to_python_value(
            context(), TheirLiteral.from_flyte_idl(literal), python_type
        )
    except Exception:  # noqa: BLE001  theirs refuse in many ways
        return
    try:
        ours = shape(plain(literal), python_type)
    except TypeTransformerFailedError:
        return
    assert same(ours, theirs)


@pytest.mark.parametrize(
    ("value", "literal_type"),
    [
        ("3", types_pb2.LiteralType(simple=types_pb2.INTEGER)),
        (3, types_pb2.LiteralType(simple=types_pb2.FLOAT)),
        (3, types_pb2.LiteralType(simple=types_pb2.STRING)),
        ("a", types_pb2.LiteralType(collection_type={"simple": types_pb2.STRING})),
        (["a"], types_pb2.LiteralType(map_value_type={"simple": types_pb2.STRING})),
        (None, types_pb2.LiteralType(simple=types_pb2.STRING)),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_an_exception_of_the_same_name(
    value, literal_type
):
    theirs = TheirType.from_flyte_idl(literal_type)
    with pytest.raises(type_engine.TypeTransformerFailedError):
        TypeEngine.to_literal(context(), value, TypeEngine.guess_python_type(theirs), theirs)
    with pytest.raises(TypeTransformerFailedError) as caught:
        literal_of(value, literal_type)

    assert type(caught.value).__mro__[1:] == type_engine.TypeTransformerFailedError.__mro__[1:]
