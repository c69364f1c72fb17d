"""A value for a dataclass has its fields, or is refused where it is scripted."""

import copy
import dataclasses
import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import Any, Dict, List, Literal, Optional, Tuple, Union  # noqa: UP035  both spellings

import pytest
from flyteidl.core import types_pb2
from google.protobuf import struct_pb2

from flyte_testkit import literals, nodes, running
from flyte_testkit.errors import RegistrationError, RouteError
from flyte_testkit.literals.dataclass_types import is_msgpack

pytestmark = pytest.mark.flyte(transport="direct")

NOON = dt.datetime(2024, 1, 1, 12, tzinfo=dt.timezone.utc)
DATE = dt.date(2024, 1, 1)
DAY = dt.timedelta(days=1)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1


@dataclass
class Report:
    auc: float


@dataclass
class Other:
    name: str


@dataclass
class Empty:
    pass


@dataclass
class Inner:
    a: int
    unset: int = None  # type: ignore[assignment]  # people write this
    made: int = field(init=False, default=3)


@dataclass
class More(Inner):
    more: str = "m"


@dataclass
class Simple:
    n: int = 1
    s: str = ""
    b: bool = False
    by: bytes = b""
    t: dt.datetime = NOON
    d: dt.date = DATE
    took: dt.timedelta = DAY
    color: Color = Color.RED
    size: Size = Size.SMALL
    choice: Literal["x", "y"] = "x"


@dataclass
class Nested:
    one: Inner
    many: List[Inner] = field(default_factory=list)  # noqa: UP006
    named: Dict[str, Inner] = field(default_factory=dict)  # noqa: UP006
    perhaps: Optional[Inner] = None  # noqa: UP045
    either: Union[int, str] = 1  # noqa: UP007
    mixed: list[int | Inner | None] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)
    keyed: dict[int, str] = field(default_factory=dict)


@dataclass
class Loose:
    anything: Any = None
    mapping: dict = field(default_factory=dict)  # type: ignore[type-arg]  # bare, on purpose
    elements: list = field(default_factory=list)  # type: ignore[type-arg]  # bare, on purpose
    pair: Tuple[int, str] = (1, "a")  # noqa: UP006
    row: tuple[int, ...] = ()


FITTING = [
    *(Report(1.5), Report(1), Report(float("inf")), Report(True)),
    *(Inner(1), Inner(1, None), Empty()),  # type: ignore[arg-type]
    *(Simple(), Simple(n=2.0, b=1), Simple(n=Size.SMALL, color=Color.BLUE, choice="y")),  # type: ignore[arg-type]
    Nested(Inner(1)),
    Nested(Inner(1), [Inner(2)], {"k": Inner(3)}, Inner(4), "s", [1, Inner(5), None], [[1.0, 2]]),
    Nested(Inner(1), keyed={1: "a"}),
    *(Loose(), Loose([1], {"a": [1]}, [1, "s"], (2, "b"), (1, 2, 3)), Loose({"a": None})),
]
"""What flytekit writes and reads back as it was."""

UNREADABLE: list[tuple[Any, str]] = [
    (Report("x"), "x.auc is declared float, but 'x' is a str: give it a float."),  # type: ignore[arg-type]
    (Report(None), "x.auc is declared float, but None is given"),  # type: ignore[arg-type]
    (Simple(n="1x"), "x.n is declared int, but '1x' is a str: give it an int."),  # type: ignore[arg-type]
    (Simple(t="noon"), "x.t is declared datetime, but 'noon' is a str: give it a datetime."),  # type: ignore[arg-type]
    (Simple(d=NOON), "x.d is declared date, but datetime.datetime"),
    (Simple(took=3.0), "x.took is declared timedelta, but 3.0 is a float"),  # type: ignore[arg-type]
    (Simple(choice="z"), "x.choice is declared an enum of 'x', 'y', but 'z' is none of these."),  # type: ignore[arg-type]
    (Simple(color=Size.SMALL), "x.color is declared an enum of 'red', 'blue'"),  # type: ignore[arg-type]
    (Nested(None), "x.one is declared Inner, but None is given: give it an Inner."),  # type: ignore[arg-type]
    (Nested(Inner("s")), "x.one.a is declared int"),  # type: ignore[arg-type]
    (
        Nested(Inner(1), [Other("s")]),
        "x.many[0] is declared Inner, but Other(name='s') is an Other",
    ),  # type: ignore[list-item]
    (Nested(Inner(1), named={"k": 3}), "x.named['k'] is declared Inner, but 3 is an int"),  # type: ignore[dict-item]
    (Nested(Inner(1), perhaps=Inner("s")), "x.perhaps.a is declared int"),  # type: ignore[arg-type]
    (Nested(Inner(1), mixed=["s"]), "x.mixed[0] is declared int | Inner | None, but 's'"),  # type: ignore[list-item]
    (Nested(Inner(1), rows=[["s"]]), "x.rows[0][0] is declared float"),  # type: ignore[list-item]
    (Nested(Inner(1), keyed={"a": "b"}), "its key 'a' does not fit."),  # type: ignore[dict-item]
    (Loose(mapping=[1]), "x.mapping is declared dict, but [1] is a list: give it a dict."),  # type: ignore[arg-type]
    (Loose(pair=(1,)), "x.pair is declared list, but (1,) is a tuple: give it 2 elements."),  # type: ignore[arg-type]
    (Loose(row=("a",)), "x.row[0] is declared int"),  # type: ignore[arg-type]
]
"""What flytekit cannot write, or not read back, and what is said of it."""


def _declared(cls: type) -> types_pb2.LiteralType:
    """Return the type as flytekit registers it."""
    engine = pytest.importorskip("flytekit.core.type_engine").TypeEngine
    declared = engine.to_literal_type(cls).to_flyte_idl()
    assert isinstance(declared, types_pb2.LiteralType)
    return declared


def _by_flytekit(value: object) -> object:
    """Return a value that flytekit has written and read back."""
    flytekit = pytest.importorskip("flytekit")
    engine = pytest.importorskip("flytekit.core.type_engine").TypeEngine
    context = flytekit.FlyteContextManager.current_context()
    literal = engine.to_literal(context, copy.deepcopy(value), type(value), _declared(type(value)))
    return engine.to_python_value(context, literal, type(value))


def _refusal(value: object, declared: types_pb2.LiteralType) -> str:
    with pytest.raises(RegistrationError) as caught:
        literals.literal(value, declared, where="x")
    return str(caught.value)


@pytest.mark.parametrize("value", FITTING, ids=str)
def test_what_flytekit_reads_back_as_it_was_fits(value):
    assert _by_flytekit(value) == value
    assert literals.literal(value, _declared(type(value))) == literals.literal(
        value, literals.literal_type(type(value))
    )


@pytest.mark.parametrize(("value", "told"), UNREADABLE, ids=str)
def test_what_flytekit_cannot_read_back_is_refused(value, told):
    with pytest.raises(Exception):  # noqa: B017, PT011  it raises many
        _by_flytekit(value)
    assert told in _refusal(value, _declared(type(value)))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Report("x"), "x.auc is declared float, but 'x' is a str"),  # type: ignore[arg-type]
        (Report("1.5"), "x.auc is declared float, but '1.5' is a str"),  # type: ignore[arg-type]
        (
            Other("x"),
            "x is declared Report, but Other(name='x') is an Other: Report has no field 'name'; ",
        ),
        (Empty(), "Empty() is an Empty: Report needs 'auc', which has no default: give it, too."),
        ({}, "{} is a dict: Report needs 'auc'"),
        ({"bogus": 1}, "{'bogus': 1} is a dict: Report has no field 'bogus'; it has 'auc'."),
        ({"auk": 1}, "Did you mean 'auc'?"),
        ({"auc": 1.0, "more": 2}, "no field 'more'"),
        ({1: 1.0}, "no field 1;"),
        ({"auc": "x"}, "x.auc is declared float, but 'x' is a str: give it a float."),
        ({"auc": None}, "x.auc is declared float, but None is given: give it a float."),
        ([1.0], "is a list"),
    ],
    ids=str,
)
def test_another_class_or_wrong_fields_are_refused(value, told):
    assert told in _refusal(value, literals.literal_type(Report))
    if not isinstance(value, list):
        assert told in _refusal(value, literals.literal_type(Report | None))


def test_a_dict_has_its_values_as_json_has_them():
    declared = literals.literal_type(Simple)
    held = {"t": "2024-01-01T00:00:00Z", "d": "2024-01-01", "took": 3, "by": b"x", "color": "blue"}
    assert literals.python_value(literals.literal(held, declared)) == held
    assert "x.t is declared datetime, but 'noon'" in _refusal({"t": "noon"}, declared)
    assert "Did you mean 'blue'?" in _refusal({"color": "blu"}, declared)


def test_defaults_need_not_be_given():
    declared = literals.literal_type(Nested)
    assert literals.literal({"one": {"a": 1}}, declared).HasField("scalar")
    assert "x.one is declared Inner, but {} is a dict: Inner needs 'a'" in _refusal(
        {"one": {}}, declared
    )


def test_a_subclass_is_read_as_what_is_declared():
    assert literals.literal(More(1), literals.literal_type(Inner)).HasField("scalar")
    assert literals.literal(Nested(More(1)), literals.literal_type(Nested)).HasField("scalar")
    assert "x.a is declared int" in _refusal(More("s"), literals.literal_type(Inner))  # type: ignore[arg-type]


def test_a_class_of_the_same_fields_fits():
    twin = dataclasses.make_dataclass("Twin", [("auc", float)])
    assert literals.literal(twin(0.5), literals.literal_type(Report)).HasField("scalar")
    namesake = dataclasses.make_dataclass("Report", [("loss", float)])
    assert "no field 'loss'" in _refusal(namesake(0.5), literals.literal_type(Report))


def test_the_one_of_two_dataclasses_is_found_by_its_fields():
    declared = literals.literal_type(Report | Other)
    for value, name in ((Report(0.5), "Report"), (Other("x"), "Other"), ({"name": "x"}, "Other")):
        variant = literals.literal(value, declared).scalar.union.type
        assert literals.describe(variant) == name
    assert "give it one of these" in _refusal({"bogus": 1}, declared)


def test_an_untyped_dict_holds_anything():
    assert literals.literal({"bogus": [1]}, literals.literal_type(dict)).HasField("scalar")


def test_a_struct_is_looked_into_whose_numbers_are_all_floats():
    declared = literals.literal_type(Inner)
    right, wrong = struct_pb2.Struct(), struct_pb2.Struct()
    right.update({"a": 1})
    wrong.update({"b": 1})
    assert literals.literal(right, declared).scalar.generic == right
    assert "no field 'b'" in _refusal(wrong, declared)


def test_a_type_of_an_elder_flytekit_has_its_fields_elsewhere():
    declared = types_pb2.LiteralType(simple=types_pb2.STRUCT)
    inner = {"type": "object", "properties": {"n": {"type": ["integer", "null"]}}}
    report = {
        "type": "object",
        "required": ["auc"],
        "properties": {
            "auc": {"type": "number"},
            "inner": {"type": "object", "$ref": "#/definitions/Inner"},
            "color": {"type": "string", "enum": ["RED", "BLUE"]},
        },
        "additionalProperties": False,
    }
    declared.metadata.update(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"Report": report, "Inner": inner},
            "$ref": "#/definitions/Report",
        }
    )
    assert not is_msgpack(declared)
    fine = {"auc": 1, "inner": {"n": None}, "color": Color.RED}
    assert literals.literal(fine, declared).scalar.HasField("generic")
    assert "x is declared Report, but Other" in _refusal(Other("x"), declared)
    assert "x.inner.n is declared int, but 's'" in _refusal(
        {"auc": 1, "inner": {"n": "s"}}, declared
    )


def test_without_a_schema_the_fields_that_are_known_count():
    declared = literals.literal_type(Report)
    declared.ClearField("metadata")
    assert literals.literal({"auc": 1, "pair": (1, 2)}, declared).HasField("scalar")
    assert "no field 'name'" in _refusal(Other("x"), declared)
    assert "x.auc is declared float" in _refusal(Report("x"), declared)  # type: ignore[arg-type]


def test_files_and_tables_are_of_their_kind():
    files = pytest.importorskip("flytekit.types.file")
    directories = pytest.importorskip("flytekit.types.directory")
    tables = pytest.importorskip("flytekit.types.structured")
    holder = dataclasses.make_dataclass(
        "Holder",
        [
            ("file", files.FlyteFile),
            ("table", Optional[tables.StructuredDataset], None),  # noqa: UP045
        ],
    )
    declared = _declared(holder)
    file, folder = files.FlyteFile("s3://b/f"), directories.FlyteDirectory("s3://b/d")
    table = tables.StructuredDataset(uri="s3://b/t", file_format="parquet")
    for held in (holder(file), holder("s3://b/f"), holder(file, table)):
        assert literals.literal(held, declared).HasField("scalar")
    for held in (holder(folder), holder(3), holder(table)):
        assert "x.file is declared FlyteFile" in _refusal(held, declared)
    assert "x.table is declared StructuredDataset" in _refusal(holder(file, file), declared)


def test_a_model_of_pydantic_has_its_fields():
    pydantic = pytest.importorskip("pydantic")
    part = pydantic.create_model("Part", a=(int, ...))
    model = pydantic.create_model("Model", part=(part, ...), took=(dt.timedelta, DAY))
    named = pydantic.create_model("Named", a=(int, pydantic.Field(alias="A")))
    declared = literals.literal_type(model)
    for held in (model(part=part(a=1)), {"part": {"a": 1}}, {"part": {"a": 1}, "took": DAY}):
        assert literals.literal(held, declared).HasField("scalar")
    assert literals.literal(part(a=1), literals.literal_type(part)).HasField("scalar")
    assert "Model has no field 'a'" in _refusal(part(a=1), declared)
    assert "x.part is declared Part, but {} is a dict: Part needs 'a'" in _refusal(
        {"part": {}}, declared
    )
    assert "Named needs 'A'" in _refusal({}, literals.literal_type(named))


def test_a_script_gives_the_dataclass_that_is_registered(flyte_admin):
    flyte_admin.register("report", outputs={"r": Report})
    route = flyte_admin.on_launch("report", strict=False)
    route.plays(running(1).succeeds(r=Report(0.5)))
    for wrong in (Other("x"), {"bogus": 1}, {}, Report("x")):  # type: ignore[arg-type]
        with pytest.raises(RegistrationError, match=r"output 'r'.*is declared"):
            route.plays(running(1).succeeds(r=wrong))


def test_a_launch_has_the_dataclass_that_is_registered(flyte_admin):
    flyte_admin.register("reading", inputs={"r": Report})
    flyte_admin.on_launch("reading", inputs={"r": Report(0.5)}, strict=False)
    with pytest.raises(RouteError, match="input 'r' is declared Report, but Other"):
        flyte_admin.on_launch("reading", inputs={"r": Other("a")}).plays(running(1).succeeds())


def make_report() -> Report:
    return Report(0.5)


def test_a_node_gives_the_dataclass_that_its_task_has(flyte_admin):
    flytekit = pytest.importorskip("flytekit")
    task = flytekit.task(make_report)

    def reporting() -> Report:
        return task()  # type: ignore[no-any-return]

    workflow = flytekit.workflow(reporting)
    flyte_admin.register(workflow)
    route = flyte_admin.on_launch(workflow.name, strict=False)
    with pytest.raises(RegistrationError, match="Report has no field 'name'"):
        route.plays(nodes.where(n0=nodes.task(running(1).succeeds(o0=Other("x")))))
