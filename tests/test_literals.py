from __future__ import annotations

import datetime as dt
import enum
import json
import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NewType, Optional, Union

import pytest
from flyteidl.core import literals_pb2, types_pb2
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from flyte_testkit import literals
from flyte_testkit.errors import RegistrationError

UTC = dt.timezone.utc


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Word(str, enum.Enum):
    YES = "yes"


@dataclass
class Inner:
    size: int


@dataclass
class Config:
    rate: float
    steps: int = 3
    name: str = "n"
    flag: bool = False
    tags: list[str] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    color: Color | None = None
    when: dt.datetime | None = None
    took: dt.timedelta = dt.timedelta(seconds=2)
    inner: Inner = field(default_factory=lambda: Inner(1))
    either: int | str = 1
    rows: list[Inner] = field(default_factory=list)
    loose: dict = field(default_factory=dict)  # type: ignore[type-arg]  # bare, on purpose
    choice: Literal["a", "b"] = "a"


@dataclass
class Odd:
    anything: Any
    pair: tuple[int, str] = (1, "a")


@dataclass
class Derived:
    size: int
    area: int = field(init=False, default=0)
    note: Annotated[str, "doc"] = ""
    blob: bytes = b""
    single: Literal["only"] = "only"
    plain: list = field(default_factory=list)  # type: ignore[type-arg]  # bare, on purpose
    nothing: None = None


@dataclass
class Chain:
    following: Chain | None = None


UserId = NewType("UserId", int)

ANNOTATIONS: list[tuple[Any, list[Any]]] = [
    (int, [3, -1, 0]),
    (float, [1.5, 0.0]),
    (str, ["a", ""]),
    (bool, [True, False]),
    (dt.datetime, [dt.datetime(2024, 3, 10, 1, 2, 3, 4), dt.datetime(1900, 1, 1, tzinfo=UTC)]),
    (dt.datetime, [dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5)))]),
    (dt.date, [dt.date(2024, 1, 1)]),
    (dt.timedelta, [dt.timedelta(seconds=3, microseconds=5), -dt.timedelta(microseconds=5)]),
    (type(None), [None]),
    (list[int], [[1, 2], []]),
    (list[list[str]], [[["a"], []]]),
    (dict[str, float], [{"a": 1.0}, {}]),
    (dict[str, list[int]], [{"a": [1]}]),
    (dict, [{"a": 1}, {}, {"x": [1, {"y": None}], "z": 1.5, "b": True}]),
    (dict[int, str], [{1: "a"}]),
    (Optional[int], [1, None]),  # noqa: UP045  both spellings
    (int | None, [1, None]),
    (Union[int, str, None], [1, "a", None]),  # noqa: UP007  both spellings
    (int | float, [1, 1.0]),
    (int | bool, [True, 1]),
    (str | Color, ["red", Color.RED, "other"]),
    (list[int] | list[str], [[1], ["a"]]),
    (list[int | None] | None, [[1, None], None]),
    (Config | None, [Config(0.5), None]),
    (dict[str, int] | None, [{"a": 1}]),
    (dict | None, [{"a": 1}]),
    (dt.date | dt.timedelta | None, [dt.date(2024, 1, 1)]),
    (Color, [Color.RED]),
    (Word, [Word.YES]),
    (Config, [Config(1.0, color=Color.RED, when=dt.datetime(2024, 1, 1), rows=[Inner(2)])]),
    (Config, [Config(1)]),
    (Annotated[int, "note"], [3]),
    (Literal["a", "b"], ["a"]),
    (Literal[1, 2], [1]),
    (Literal["a", "b"] | None, ["a", None]),
]


def as_json(message: Any) -> Any:
    return json_format.MessageToDict(message)


@pytest.mark.parametrize(
    ("annotation", "values"), ANNOTATIONS, ids=[str(annotation) for annotation, _ in ANNOTATIONS]
)
def test_types_and_literals_are_those_of_flytekit(annotation, values):
    type_engine = pytest.importorskip("flytekit.core.type_engine").TypeEngine
    context = pytest.importorskip("flytekit").FlyteContextManager.current_context()
    ours = literals.literal_type(annotation)
    theirs = type_engine.to_literal_type(annotation)
    assert as_json(ours) == as_json(
        theirs.to_flyte_idl()
    )  # reads better than the next when it fails
    assert ours == theirs.to_flyte_idl()
    for value in values:
        made = literals.literal(value, ours)
        assert made == type_engine.to_literal(context, value, annotation, theirs).to_flyte_idl()


@pytest.mark.parametrize(
    ("annotation", "values"), ANNOTATIONS, ids=[str(annotation) for annotation, _ in ANNOTATIONS]
)
def test_flytekit_reads_what_we_write(annotation, values):
    type_engine = pytest.importorskip("flytekit.core.type_engine").TypeEngine
    models = pytest.importorskip("flytekit.models.literals")
    context = pytest.importorskip("flytekit").FlyteContextManager.current_context()
    for value in values:
        sent = models.Literal.from_flyte_idl(
            literals.literal(value, literals.literal_type(annotation))
        )
        if isinstance(value, dt.datetime) and value.tzinfo is None:
            value = value.replace(tzinfo=UTC)  # noqa: PLW2901  flytekit reads aware ones
        if isinstance(annotation, type) and issubclass(annotation, Config):
            continue  # flytekit makes a class of its own for equality's sake
        read = type_engine.to_python_value(context, sent, annotation)
        assert read == value or (annotation == str | Color and value == Color(read))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (1, "int"),
        (1.5, "float"),
        (True, "bool"),
        ("a", "str"),
        (None, "None"),
        (dt.datetime(2024, 1, 1), "datetime"),
        (dt.timedelta(1), "timedelta"),
        ([1, 2], "list[int]"),
        ([], "list[None]"),
        ([1, 2.5], "list[float]"),
        ([None, 1], "list[int | None]"),
        ([1, "a"], "list[int | str]"),
        ([[], [1]], "list[list[int]]"),
        ((1, 2), "list[int]"),
        ({"a": 1}, "dict"),
        (Color.RED, "an enum of 'red', 'blue'"),
        (Config(1.0), "Config"),
    ],
)
def test_infers_the_type_of_a_value_nobody_declared(value, name):
    assert literals.describe(literals.infer_type(value)) == name
    literals.literal(value)


@pytest.mark.parametrize(
    ("value", "declared", "what", "advice"),
    [
        (True, int, "declared int, but True is a bool", "give it an int"),
        (True, float, "declared float, but True is a bool", "give it a float"),
        (1.0, int, "declared int, but 1.0 is a float", "round it, or declare it float"),
        ("1", int, "declared int, but '1' is a str", "give it an int"),
        (1, str, "declared str, but 1 is an int", "give it a str"),
        (1, bool, "declared bool, but 1 is an int", "give it a bool"),
        (None, float, "declared float, but None is given", "declare it float | None"),
        (1, type(None), "declared None, but 1 is an int", "give it None"),
        ("2024", dt.datetime, "declared datetime, but '2024' is a str", "fromisoformat"),
        (3, dt.timedelta, "declared timedelta, but 3 is an int", "give it a timedelta"),
        ("x", int | None, "declared int | None, but 'x' is a str", "give it one of these"),
        ("ab", list[str], "declared list[str], but 'ab' is a str", "give it list[str]"),
        ([1], dict[str, int], "declared dict[str, int], but [1] is a list", "give it dict"),
        ({1: 1}, dict[str, int], "has the key 1", "declare it dict"),
        ([1, "a"], list[int], "output 'x'[1] is declared int, but 'a' is a str", "give it an int"),
        ({"k": [""]}, dict[str, list[int]], "output 'x'['k'][0] is declared int", "an int"),
        ("rde", Color, "'rde' is none of these", "Did you mean 'red'?"),
        (3, Color, "declared an enum of 'red', 'blue', but 3 is an int", "give it one of them"),
        (2**63, int, "declared int, but 9223372036854775808 is given", "64 bits"),
        (10**400, float, "is given", "no float is that large"),
        ([], list[int] | list[str], "[] fits more than one of these", "pass a ready Literal"),
        ({"a": object}, dict, "<class 'object'> is a type", "cannot hold"),
        ({"a": 2**64}, dict, "is given", "64 bits"),
        (3, types_pb2.LiteralType(), "declared without a type", "nothing fits it"),
        (
            3,
            types_pb2.LiteralType(blob=types_pb2.BlobType()),
            "declared FlyteFile",
            "give it the URI",
        ),
    ],
)
def test_refuses_what_does_not_fit_and_says_what_to_do(value, declared, what, advice):
    with pytest.raises(RegistrationError) as refused:
        literals.literal(value, literals.literal_type(declared), where="output 'x'")
    message = str(refused.value)
    assert message.startswith("output 'x'")
    assert what in message
    assert advice in message


@pytest.mark.parametrize(
    ("annotation", "advice"),
    [
        (list, "list[int]"),
        (tuple, "list[…]"),
        (set, "list[…]"),
        ("int", "the type itself"),
        (object, "LiteralType"),
        (bytes, "LiteralType"),
        (Any, "LiteralType"),
        (enum.Enum("Numbers", {"ONE": 1}), "str"),
        (Literal["a", 1], "union"),
    ],
)
def test_refuses_annotations_that_flyte_has_no_type_for(annotation, advice):
    with pytest.raises(RegistrationError, match=advice.replace("[", r"\[")):
        literals.literal_type(annotation)


def test_flytekits_own_types_are_asked_of_flytekit():
    flyte_file = pytest.importorskip("flytekit.types.file").FlyteFile
    type_engine = pytest.importorskip("flytekit.core.type_engine").TypeEngine
    with pytest.raises(RegistrationError, match="TypeEngine"):
        literals.literal_type(flyte_file)
    declared = literals.literal_type(type_engine.to_literal_type(flyte_file))
    assert literals.python_value(literals.literal("s3://b/k", declared)) == "s3://b/k"


def test_a_dataclass_beyond_json_has_no_schema_but_travels():
    declared = literals.literal_type(Odd)
    assert not declared.HasField("metadata")
    assert literals.python_value(literals.literal(Odd(None), declared)) == {
        "anything": None,
        "pair": [1, "a"],
    }


def test_fields_of_every_making_are_in_the_schema_as_in_flytekits():
    declared = literals.literal_type(Derived)
    assert "area" not in declared.metadata["properties"]
    type_engine = pytest.importorskip("flytekit.core.type_engine").TypeEngine
    theirs = type_engine.to_literal_type(Derived).to_flyte_idl()
    assert as_json(declared.metadata) == as_json(theirs.metadata)


def test_a_class_that_contains_itself_is_refused():
    with pytest.raises(RegistrationError, match="Chain contains itself"):
        literals.literal_type(Chain)


def test_a_model_of_pydantic_is_a_struct_as_with_flytekit():
    pydantic = pytest.importorskip("pydantic")
    flytekit = pytest.importorskip("flytekit")
    type_engine = pytest.importorskip("flytekit.core.type_engine").TypeEngine
    model = pydantic.create_model("Settings", rate=(float, 0.5), color=(Color | None, None))
    for annotation in (model, model | None):
        ours, theirs = literals.literal_type(annotation), type_engine.to_literal_type(annotation)
        assert as_json(ours) == as_json(theirs.to_flyte_idl())
        value = model(color=Color.RED)
        context = flytekit.FlyteContextManager.current_context()
        made = literals.literal(value, ours)
        assert made == type_engine.to_literal(context, value, annotation, theirs).to_flyte_idl()
        assert literals.python_value(made) == {"rate": 0.5, "color": "red"}


def test_a_new_type_is_the_type_it_is_made_of():
    assert literals.literal_type(UserId) == literals.literal_type(int)


def test_an_int_is_a_float_where_a_float_is_declared():
    made = literals.literal([1], literals.literal_type(list[float]))
    assert literals.python_value(made) == [1.0]
    assert made.collection.literals[0].scalar.primitive.WhichOneof("value") == "float_value"


def test_ready_messages_pass_through():
    ready = literals_pb2.Literal(scalar=literals_pb2.Scalar(none_type=literals_pb2.Void()))
    assert literals.literal(ready) is ready
    assert literals.literal(ready, literals.literal_type(int)) is ready
    declared = types_pb2.LiteralType(simple=types_pb2.ERROR)
    assert literals.literal_type(declared) is declared
    assert literals.literal([ready]).collection.literals[0] == ready


def test_nanoseconds_survive_as_ready_times():
    declared = literals.literal_type(dt.datetime)
    stamp = literals_pb2.Primitive().datetime
    stamp.seconds, stamp.nanos = 1, 999
    assert literals.literal(stamp, declared).scalar.primitive.datetime == stamp


def test_a_struct_without_msgpack_is_a_generic():
    declared = types_pb2.LiteralType(simple=types_pb2.STRUCT)
    made = literals.literal({"a": 1, "b": [Color.RED, None]}, declared)
    assert made.scalar.WhichOneof("value") == "generic"
    assert literals.python_value(made) == {"a": 1, "b": ["red", None]}
    assert literals.literal(struct_pb2.Struct(), declared).scalar.HasField("generic")


def test_subclasses_of_datetime_count_as_datetimes():
    class FakeDatetime(dt.datetime):
        pass

    assert literals.literal_type(FakeDatetime) == literals.literal_type(dt.datetime)
    fake, real = FakeDatetime(2024, 1, 1, tzinfo=UTC), dt.datetime(2024, 1, 1, tzinfo=UTC)
    assert literals.literal(fake) == literals.literal(real)
    assert literals.python_value(literals.literal(fake)) == real


def test_frozen_datetimes_are_accepted():
    freezegun = pytest.importorskip("freezegun")
    with freezegun.freeze_time("2024-03-10"):
        frozen = dt.datetime.now(UTC)
        assert literals.literal_type(dt.datetime).simple == types_pb2.DATETIME
        assert literals.python_value(literals.literal(frozen)) == frozen
        assert literals.python_value(literals.literal(dt.date.today())) == frozen
        either = literals.literal_type(dt.datetime | dt.date | None)
        assert literals.python_value(literals.literal(frozen, either)) == frozen


def test_names_that_are_not_declared_are_refused_with_a_near_miss():
    declared = {"auc": literals.literal_type(float)}
    with pytest.raises(RegistrationError, match=r"output 'auk' .* Did you mean 'auc'\?"):
        literals.literal_map({"auk": 1.0}, declared, of="output")
    with pytest.raises(RegistrationError, match="declared: nothing"):
        literals.literal_map({"auk": 1.0}, {})
    made = literals.literal_map({"auc": 1, "n": 2}, None)
    assert literals.python_values(made) == {"auc": 1, "n": 2}


def test_an_interface_describes_each_variable_by_its_name():
    variables = literals.variable_map({"day": str, "auc": float | None}).variables
    assert variables["day"].description == "day"
    assert literals.describe(variables["auc"].type) == "float | None"
    with pytest.raises(RegistrationError, match="'rows': Flyte has no type for list"):
        literals.variable_map({"rows": list})


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ({"binary": {"value": "YWI="}}, b"ab"),
        ({"binary": {"value": "wQ==", "tag": "msgpack"}}, b"\xc1"),
        ({"blob": {"uri": "s3://b"}}, "s3://b"),
        ({"schema": {"uri": "s3://s"}}, "s3://s"),
        ({"structured_dataset": {"uri": "s3://d"}}, "s3://d"),
        ({"primitive": {}}, None),
        ({"union": {"value": {"scalar": {"primitive": {"integer": 1}}}}}, 1),
        ({"generic": {"a": 1, "b": 1.5}}, {"a": 1, "b": 1.5}),
        ({}, None),
    ],
)
def test_reads_every_scalar(scalar, value):
    literal = json_format.ParseDict({"scalar": scalar}, literals_pb2.Literal())
    assert literals.python_value(literal) == value


def test_reads_what_holds_no_value_here():
    offloaded = json_format.ParseDict(
        {"offloaded_metadata": {"uri": "s3://o"}}, literals_pb2.Literal()
    )
    assert literals.python_value(offloaded) == "s3://o"
    assert literals.python_value(literals_pb2.Literal()) is None
    error = types_pb2.Error(message="m")
    assert (
        literals.python_value(literals_pb2.Literal(scalar=literals_pb2.Scalar(error=error)))
        == error
    )


@pytest.mark.parametrize("kind", ["schema", "structured_dataset_type"])
def test_a_uri_stands_for_tables(kind):
    declared = types_pb2.LiteralType()
    getattr(declared, kind).SetInParent()
    made = literals.literal("s3://t", declared)
    assert literals.python_value(made) == "s3://t"
    assert literals.type_of_literal(made) == declared


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON))
def test_a_dict_comes_back_as_it_was(value):
    assert literals.python_value(literals.literal(value)) == value
    assert json.loads(json.dumps(value)) == value


@given(st.datetimes(timezones=st.just(UTC)), st.timedeltas())
def test_times_come_back_as_they_were(when, took):
    assert literals.python_value(literals.literal(when)) == when
    assert literals.python_value(literals.literal(took)) == took


def test_numbers_that_are_none_come_back():
    assert math.isnan(literals.python_value(literals.literal(math.nan)))
    assert literals.python_value(literals.literal(-math.inf)) == -math.inf
