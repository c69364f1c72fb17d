from __future__ import annotations

import dataclasses
import enum
import functools
import sys
import threading
from datetime import date, datetime, timedelta, timezone
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Annotated

import pytest
from flyteidl.core import literals_pb2, types_pb2

from flyte_testkit.client._data import read_url
from flyte_testkit.client._reading import guess, plain, shape
from flyte_testkit.client._schema import class_of
from flyte_testkit.client._writing import literal_of, type_of
from flyte_testkit.client.exceptions import FlyteAssertion, TypeTransformerFailedError
from flyte_testkit.client.literals import LiteralsResolver
from flyte_testkit.client.models import Blob, Literal, LiteralType, StructuredDataset, Variable

SIMPLE = {
    types_pb2.INTEGER: 5,
    types_pb2.FLOAT: 0.5,
    types_pb2.STRING: "text",
    types_pb2.BOOLEAN: True,
    types_pb2.DATETIME: datetime(2024, 3, 10, 7, 30, tzinfo=timezone.utc),
    types_pb2.DURATION: timedelta(seconds=1.5),
    types_pb2.NONE: None,
}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Inner:
    when: datetime
    took: timedelta
    color: Color = Color.RED


@dataclasses.dataclass
class Metrics:
    auc: float
    epochs: int
    names: list[str]
    inner: Inner | None = None
    more: dict[str, int] = dataclasses.field(default_factory=dict)


METRICS = Metrics(
    auc=0.91,
    epochs=3,
    names=["a"],
    inner=Inner(datetime(2024, 1, 1, tzinfo=timezone.utc), timedelta(seconds=90), Color.BLUE),
    more={"k": 1},
)


def simple(number):
    return types_pb2.LiteralType(simple=number)


def resolver(literal, literal_type):
    variables = {"x": Variable(type=LiteralType.from_flyte_idl(literal_type))}
    return LiteralsResolver({"x": Literal.from_flyte_idl(literal)}, variables)


@pytest.mark.parametrize("number", SIMPLE, ids=types_pb2.SimpleType.Name)
def test_simple_values_go_and_come_back(number):
    literal = literal_of(SIMPLE[number], simple(number))

    assert resolver(literal, simple(number))["x"] == SIMPLE[number]
    assert type_of(SIMPLE[number]) == simple(number)


@pytest.mark.parametrize(
    ("value", "number", "wanted"),
    [
        (True, types_pb2.INTEGER, "an int"),
        (3, types_pb2.FLOAT, "a float"),
        ("3", types_pb2.INTEGER, "an int"),
        (3, types_pb2.STRING, "a str"),
        (1, types_pb2.BOOLEAN, "a bool"),
        ("2024-01-01", types_pb2.DATETIME, "a datetime"),
        (None, types_pb2.STRING, "a str"),
        (3, types_pb2.STRUCT, "a STRUCT"),
    ],
)
def test_a_value_of_another_type_is_refused_in_words(value, number, wanted):
    with pytest.raises(TypeTransformerFailedError) as caught:
        literal_of(value, simple(number))

    assert str(caught.value) == f"{value!r} ({type(value).__name__}) is not {wanted}."


def test_lists_and_maps_go_and_come_back():
    lists = types_pb2.LiteralType(collection_type=simple(types_pb2.INTEGER))
    maps = types_pb2.LiteralType(map_value_type=lists)
    literal = literal_of({"a": [1, 2], "b": []}, maps)

    assert resolver(literal, maps)["x"] == {"a": [1, 2], "b": []}
    with pytest.raises(TypeTransformerFailedError, match="is not a list"):
        literal_of((1, 2), lists)
    with pytest.raises(TypeTransformerFailedError, match="with text as keys"):
        literal_of({1: [1]}, maps)


def test_enums_are_given_by_member_or_value_and_read_as_asked():
    colors = types_pb2.LiteralType(enum_type={"values": ["red", "blue"]})

    assert literal_of(Color.RED, colors) == literal_of("red", colors)
    assert resolver(literal_of("red", colors), colors).get("x", as_type=Color) is Color.RED
    assert resolver(literal_of("red", colors), colors)["x"].value == "red"
    with pytest.raises(TypeTransformerFailedError, match=r"is not one of \['red', 'blue'\]"):
        literal_of("green", colors)
    with pytest.raises(TypeTransformerFailedError, match=r"Its values are \['red', 'blue'\]"):
        shape("green", Color)


def test_unions_take_the_first_type_that_fits_and_none():
    union = types_pb2.LiteralType(
        union_type={
            "variants": [
                simple(types_pb2.INTEGER),
                simple(types_pb2.STRING),
                simple(types_pb2.NONE),
            ]
        }
    )
    literal = literal_of("a", union)

    assert literal.scalar.union.type.simple == types_pb2.STRING
    assert resolver(literal, union)["x"] == "a"
    assert resolver(literal_of(None, union), union)["x"] is None
    assert resolver(literal_of(7, union), union)["x"] == 7
    with pytest.raises(TypeTransformerFailedError, match="of one of the 3 types"):
        literal_of(0.5, union)


def test_a_dataclass_travels_as_msgpack():
    literal = literal_of(METRICS, simple(types_pb2.STRUCT))

    assert literal.scalar.binary.tag == "msgpack"
    assert resolver(literal, simple(types_pb2.STRUCT)).get("x", as_type=Metrics) == METRICS
    assert resolver(literal, simple(types_pb2.STRUCT))["x"]["auc"] == 0.91


def test_a_dataclass_is_read_from_a_struct_with_whole_numbers_as_integers():
    literal = literals_pb2.Literal()
    literal.scalar.generic.update({"auc": 1, "epochs": 3, "names": []})
    read = resolver(literal, simple(types_pb2.STRUCT)).get("x", as_type=Metrics)

    assert read == Metrics(auc=1.0, epochs=3, names=[])
    assert type(read.epochs) is int
    assert type(read.auc) is float


def test_a_dataclass_that_lacks_a_field_is_refused():
    with pytest.raises(TypeTransformerFailedError, match=r"does not make a Metrics: .*'epochs'"):
        shape({"auc": 1.0}, Metrics)


def test_a_schema_makes_a_class_for_those_who_name_none():
    struct = simple(types_pb2.STRUCT)
    struct.metadata.update(
        {
            "title": "Metrics",
            "properties": {
                "auc": {"type": "number"},
                "epochs": {"type": "integer"},
                "inner": {
                    "type": "object",
                    "title": "Inner",
                    "properties": {"names": {"type": "array", "items": {"type": "string"}}},
                },
                "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "more": {"type": "object", "additionalProperties": {"type": "integer"}},
            },
        }
    )
    literal = literals_pb2.Literal()
    literal.scalar.generic.update(
        {"auc": 1, "epochs": 3, "inner": {"names": ["a"]}, "maybe": None, "more": {"k": 2}}
    )
    read = resolver(literal, struct)["x"]

    assert type(read).__name__ == "Metrics"
    assert (read.auc, read.epochs, read.inner.names, read.maybe) == (1.0, 3, ["a"], None)
    assert read.more == {"k": 2}


def test_a_schema_in_marshmallows_dialect_makes_a_class_too():
    made = class_of(
        {
            "$ref": "#/definitions/Point",
            "definitions": {
                "Point": {
                    "properties": {
                        "x": {"type": "number", "format": "integer"},
                        "next": {"$ref": "#/definitions/Color"},
                        "old": {"type": ["integer", "null"]},
                    }
                },
                "Color": {"enum": ["red"]},
            },
        }
    )

    assert [field.name for field in dataclasses.fields(made)] == ["x", "next", "old"]
    assert shape({"x": 1.0, "next": "red", "old": None}, made) == made(1, "red", None)
    assert class_of({"type": "string"}) is None


@pytest.mark.parametrize(
    ("kind", "literal_type"),
    [
        (Blob, types_pb2.LiteralType(blob={"format": "csv"})),
        (StructuredDataset, types_pb2.LiteralType(structured_dataset_type={"format": "parquet"})),
    ],
)
def test_files_and_tables_are_references_by_uri(kind, literal_type):
    literal = literal_of("s3://bucket/key", literal_type)
    reference = resolver(literal, literal_type)["x"]

    assert isinstance(reference, kind)
    assert reference.uri == "s3://bucket/key"
    assert literal_of(reference, literal_type) == literal


def test_a_local_path_is_no_reference():
    with pytest.raises(TypeTransformerFailedError, match="this client uploads nothing"):
        literal_of("model.bin", types_pb2.LiteralType(blob={}))
    with pytest.raises(TypeTransformerFailedError, match="this client uploads nothing"):
        literal_of(Path("model.bin"), types_pb2.LiteralType(blob={}))


def test_an_old_schema_is_a_reference_too():
    schema = types_pb2.LiteralType(schema={})

    assert resolver(literal_of("s3://b/k", schema), schema)["x"].uri == "s3://b/k"


def test_a_literal_is_passed_through():
    literal = literal_of(5, simple(types_pb2.INTEGER))

    assert literal_of(literal, simple(types_pb2.STRING)) is literal
    assert literal_of(Literal.from_flyte_idl(literal), simple(types_pb2.STRING)) == literal


def test_an_offloaded_literal_is_read_from_its_url(tmp_path):
    stored = tmp_path / "big.pb"
    stored.write_bytes(literal_of([1, 2], guess_type := type_of([1])).SerializeToString())
    literal = literals_pb2.Literal(offloaded_metadata={"uri": f"file://{stored}"})

    assert repr(resolver(literal, guess_type)) == "LiteralsResolver({'x': Ellipsis})"
    assert resolver(literal, guess_type)["x"] == [1, 2]
    assert plain(literals_pb2.Literal(offloaded_metadata={"uri": str(stored)})) == [1, 2]


@pytest.mark.parametrize("url", ["/no/such/file", "file:///no/such/file", "nowhere://bucket/key"])
def test_data_that_cannot_be_read_is_named(url):
    literal = literals_pb2.Literal(offloaded_metadata={"uri": url})

    with pytest.raises(FlyteAssertion, match=url):
        plain(literal)


def test_data_is_read_over_http(tmp_path):
    (tmp_path / "big.pb").write_bytes(literal_of(5, simple(types_pb2.INTEGER)).SerializeToString())
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    http = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=http.handle_request)
    thread.start()
    url = f"http://127.0.0.1:{http.server_port}/big.pb"

    assert plain(literals_pb2.Literal(offloaded_metadata={"uri": url})) == 5
    thread.join()
    http.server_close()


def test_data_of_other_schemes_is_read_through_fsspec(monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    stored = literal_of(5, simple(types_pb2.INTEGER)).SerializeToString()
    with fsspec.open("memory://bucket/big.pb", "wb") as file:
        file.write(stored)
    literal = literals_pb2.Literal(offloaded_metadata={"uri": "memory://bucket/big.pb"})

    assert plain(literal) == 5
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(FlyteAssertion, match="Install fsspec and its file system"):
        plain(literal)


def test_a_foreign_binary_is_named_by_its_tag():
    literal = literals_pb2.Literal(scalar={"binary": {"tag": "pickle", "value": b"x"}})

    with pytest.raises(TypeTransformerFailedError, match="tag 'pickle'"):
        plain(literal)


@pytest.mark.parametrize(
    ("value", "as_type"),
    [
        ("5", int),
        (True, int),
        (1, bool),
        (0.5, str),
        ({}, list),
        ([], dict),
        ("x", datetime),
        (1, object()),
    ],
)
def test_what_does_not_fit_a_type_is_refused(value, as_type):
    with pytest.raises(TypeTransformerFailedError, match="cannot be read as"):
        shape(value, as_type)


def test_numbers_and_times_take_the_type_asked_for():
    assert type(shape(5, float)) is float
    assert type(shape(5.0, int)) is int
    assert shape(SIMPLE[types_pb2.DATETIME], date) == date(2024, 3, 10)
    assert shape([1, "a"], tuple[int, str]) == (1, "a")
    assert shape([1, 1], set[int]) == {1}
    assert shape({"1": "a"}, dict[int, str]) == {1: "a"}
    assert shape(None, int | None) is None
    assert shape("2024-01-01T00:00:00Z", datetime) == datetime(2024, 1, 1, tzinfo=timezone.utc)
    assert shape(3, str | float) == 3.0


def test_a_missing_key_is_a_value_error_by_brackets_and_an_attribute_error_by_get():
    outputs = LiteralsResolver({"auc": Literal.from_flyte_idl(literal_of(0.9, type_of(0.9)))})

    with pytest.raises(ValueError, match=r"'acu' is not in the literal map.*Did you mean 'auc'"):
        outputs["acu"]
    with pytest.raises(AttributeError, match="Did you mean 'auc'"):
        outputs.get("acu")


def test_a_resolver_reads_once_and_remembers():
    integer = simple(types_pb2.INTEGER)
    outputs = resolver(literal_of(5, integer), integer)

    assert outputs.native_values == {}
    assert outputs.get("x", as_type=float) == 5.0
    assert type(outputs["x"]) is float
    assert outputs.native_values == {"x": 5.0}
    assert outputs.literals["x"].scalar.primitive.integer == 5
    assert outputs.get_literal("x").scalar.primitive.integer == 5


def test_type_hints_come_before_what_the_interface_declares():
    literal = literal_of(METRICS, simple(types_pb2.STRUCT))
    outputs = resolver(literal, simple(types_pb2.STRUCT))
    outputs.update_type_hints({"x": Metrics})

    assert outputs["x"] == METRICS


def test_a_resolver_is_a_mapping():
    integer = simple(types_pb2.INTEGER)
    outputs = resolver(literal_of(5, integer), integer)

    assert dict(outputs) == {"x": 5}
    assert outputs == {"x": 5}
    assert "x" in outputs
    assert len(outputs) == 1
    assert not LiteralsResolver({})
    assert repr(outputs) == "LiteralsResolver({'x': 5})"


def test_native_values_come_as_the_function_would_have_returned_them():
    interface = dataclasses.make_dataclass("Interface", ["outputs"])
    literals = {
        name: Literal.from_flyte_idl(literal_of(value, type_of(value)))
        for name, value in {"b": "text", "a": 1}.items()
    }

    both = LiteralsResolver(literals).as_python_native(interface({"a": int, "b": str}))
    one = LiteralsResolver({"a": literals["a"]}).as_python_native(interface({"a": int}))
    assert (both, one) == ((1, "text"), 1)
    assert LiteralsResolver({}).as_python_native(interface({})) is None


def test_a_type_that_only_an_interface_can_tell_asks_for_it():
    assert type_of([1]).collection_type.simple == types_pb2.INTEGER
    assert type_of(Color.RED).enum_type.values == ["red", "blue"]
    assert type_of({"a": 1}).simple == types_pb2.STRUCT
    with pytest.raises(TypeTransformerFailedError, match="give literal_type="):
        type_of([])


def test_unknown_types_are_guessed_as_anything():
    assert guess(types_pb2.LiteralType()) is not None
    assert shape(5, guess(types_pb2.LiteralType())) == 5


class Settings:
    """What pydantic's models look like from outside."""

    def __init__(self, **values):
        self.values = values

    @classmethod
    def model_validate(cls, values):
        return cls(**values)

    def model_dump(self, mode):
        assert mode == "json"
        return self.values


def test_pydantics_models_go_and_come_back():
    struct = simple(types_pb2.STRUCT)
    literal = literal_of(Settings(a=1), struct)

    assert resolver(literal, struct).get("x", as_type=Settings).values == {"a": 1}
    assert resolver(literal, struct)["x"] == {"a": 1}


def test_annotations_around_a_type_do_not_matter():
    assert shape(5, Annotated[float, "why"]) == 5.0


def test_a_date_is_written_as_midnight_and_sets_as_lists():
    literal = literal_of(date(2024, 3, 10), simple(types_pb2.DATETIME))

    assert plain(literal) == datetime(2024, 3, 10, tzinfo=timezone.utc)
    assert plain(literal_of({"a": {1}}, simple(types_pb2.STRUCT))) == {"a": [1]}


def test_what_is_not_one_of_a_union_is_refused():
    with pytest.raises(TypeTransformerFailedError, match=r"read as int \| None|Optional"):
        shape("x", int | None)


def test_an_enum_may_have_values_that_are_no_names_of_members():
    declared = types_pb2.LiteralType(enum_type=types_pb2.EnumType(values=["_D_", "mro"]))
    text = literals_pb2.Literal(scalar={"primitive": {"string_value": "_D_"}})

    assert resolver(text, declared)["x"].value == "_D_"


BEFORE = date(2024, 3, 10)  # made before any clock
BEFORE_AT = datetime(2024, 3, 10, 7, 30, tzinfo=timezone.utc)


class Holiday(date):
    """A user's own."""


class Stamp(datetime):
    """As pandas' is one."""


@pytest.mark.parametrize("value", [BEFORE, Holiday(2024, 3, 10), BEFORE_AT, Stamp(2024, 3, 10)])
def test_days_and_times_are_taken_under_a_clock_that_were_made_before(flyte_clock, value):
    declared = types_pb2.LiteralType(simple=types_pb2.DATETIME)
    today = type(value)(*value.timetuple()[:3]) if type(value) is Holiday else value

    assert literal_of(value, declared) == literal_of(today, declared)
    assert plain(literal_of(value, declared)).date() == BEFORE


def test_a_day_made_under_a_clock_is_read_as_one(flyte_clock):
    declared = types_pb2.LiteralType(simple=types_pb2.DATETIME)
    literal = literal_of(date(2024, 3, 10), declared)

    for as_type in (type(BEFORE), date):
        assert shape(plain(literal), as_type) == BEFORE
        assert shape("2024-03-10", as_type) == BEFORE


def test_a_time_is_no_day_and_a_day_no_number(flyte_clock):
    with pytest.raises(TypeTransformerFailedError):
        literal_of(BEFORE, types_pb2.LiteralType(simple=types_pb2.INTEGER))
    with pytest.raises(TypeTransformerFailedError):
        literal_of("2024-03-10", types_pb2.LiteralType(simple=types_pb2.DATETIME))


class NeverAnInstant(datetime):
    """As pandas.NaT is one."""

    def utctimetuple(self):
        raise ValueError("NaT does not support utctimetuple")


@pytest.mark.parametrize(
    ("value", "simple"),
    [
        (NeverAnInstant(2024, 1, 1, tzinfo=timezone.utc), types_pb2.DATETIME),
        (2**64, types_pb2.INTEGER),
        ("\ud800", types_pb2.STRING),
    ],
)
def test_what_flyte_cannot_hold_is_refused_in_words(value, simple):
    with pytest.raises(TypeTransformerFailedError, match="is nothing that Flyte can hold"):
        literal_of(value, types_pb2.LiteralType(simple=simple))


def test_data_on_this_machine_is_read_past_any_proxy(monkeypatch, tmp_path):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    (tmp_path / "outputs.pb").write_bytes(b"outputs")
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()

        found = read_url(f"http://127.0.0.1:{server.server_port}/outputs.pb")

        thread.join(30)
    assert found == b"outputs"
