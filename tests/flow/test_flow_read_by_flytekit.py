"""Plain values are what flytekit reads without an error, into the types that were declared."""

import dataclasses
import datetime as dt
import enum
import typing

import pytest

from flyte_testkit import flow, literals

pytest.importorskip("flytekit")
from flytekit import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import Literal
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile
from flytekit.types.schema import FlyteSchema
from flytekit.types.structured import StructuredDataset


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclasses.dataclass
class Point:
    x: int
    mode: Mode
    y: float = 0.5


@dataclasses.dataclass
class Everything:
    number: int
    ratio: float
    text: str
    flag: bool
    moment: dt.datetime
    day: dt.date
    span: dt.timedelta
    mode: Mode
    word: typing.Literal["p", "q"]
    point: Point
    points: list[Point]
    by_name: dict[str, Point]
    maybe: Point | None
    either: int | list[str]
    untyped: dict
    file: FlyteFile
    directory: FlyteDirectory
    perhaps: FlyteFile | None
    table: StructuredDataset
    note: str | None = None


KINDS = [
    int,
    float,
    str,
    bool,
    dt.datetime,
    dt.date,
    dt.timedelta,
    Mode,
    typing.Literal["x", "y"],
    list[int],
    list[list[Point]],
    dict[str, int],
    dict,
    float | None,
    int | str,
    Point,
    Everything,
    Everything | None,
    list[Everything],
    dict[str, Everything],
    FlyteFile,
    FlyteFile["csv"],
    FlyteDirectory,
    StructuredDataset,
    FlyteSchema,
]


def made(kind, *path):
    """Return the plain value of a type, and what flytekit reads."""
    declared = TypeEngine.to_literal_type(kind).to_flyte_idl()
    demand = flow.Demand.of(path=path)
    variables = literals.variable_map({"o0": declared})
    plain = flow.outputs(None, variables, {"o0": demand}, name="fit").literals["o0"]
    context = FlyteContextManager.current_context()
    return plain, TypeEngine.to_python_value(context, Literal.from_flyte_idl(plain), kind)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_flytekit_reads_plain_values(kind):
    _, read = made(kind)
    assert read is not None


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_flytekit_reads_plain_values_that_have_what_was_asked(kind):
    _, read = made(kind, 1)
    assert not isinstance(read, list) or len(read) == 2
    _, read = made(kind, "k")
    assert not isinstance(read, dict) or set(read) == {"k"}


@pytest.mark.parametrize("kind", [Point, list[Point], dict[str, Point]], ids=str)
def test_the_types_that_this_package_makes_of_annotations_serve_as_well(kind):
    """Both come to the same content, for what both can say."""
    plain, _ = made(kind, 0)
    declared = literals.variable_map({"o0": kind})
    ours = flow.outputs(None, declared, {"o0": flow.Demand.of(path=(0,))}, name="fit")
    assert literals.python_value(ours.literals["o0"]) == literals.python_value(plain)


def test_a_dataclass_is_itself_again():
    _, read = made(Point)
    assert read == Point(x=0, mode=Mode.FAST, y=0.5)
    _, read = made(Everything, "points", 0, "x")
    assert read.points == [Point(x=0, mode=Mode.FAST)]
    assert (read.word, read.note, read.either) == ("p", None, 0)
    assert read.maybe == Point(x=0, mode=Mode.FAST)
