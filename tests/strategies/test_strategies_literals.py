from __future__ import annotations

import datetime as dt
import enum

import pytest
from flyteidl.core import interface_pb2, literals_pb2, types_pb2
from hypothesis import given
from hypothesis import strategies as st

from examples import FEW, MORE, never_drawn, simplest
from flyte_testkit import literals as translation
from flyte_testkit.admin.rules.castability import castable
from flyte_testkit.strategies import literal_maps, literal_types, literals

INTEGER = types_pb2.LiteralType(simple=types_pb2.INTEGER)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


def depth_of(declared):
    kind = declared.WhichOneof("type")
    if kind == "collection_type":
        return 1 + depth_of(declared.collection_type)
    if kind == "map_value_type":
        return 1 + depth_of(declared.map_value_type)
    if kind == "union_type":
        return 1 + max(map(depth_of, declared.union_type.variants))
    return 0


def fits(literal, declared):
    """Say whether FlyteAdmin would bind this literal to this type; checked without its quirks."""
    if declared.HasField("collection_type"):
        elements = literal.collection.literals
        return literal.HasField("collection") and all(
            fits(element, declared.collection_type) for element in elements
        )
    if declared.HasField("map_value_type"):
        return literal.HasField("map") and all(
            fits(value, declared.map_value_type) for value in literal.map.literals.values()
        )
    if declared.HasField("union_type"):
        union = literal.scalar.union
        return union.type in declared.union_type.variants and fits(union.value, union.type)
    inferred = translation.type_of_literal(literal)
    return inferred is not None and castable(inferred, declared)


@MORE
@given(literal_types())
def test_a_type_has_content(declared):
    assert declared.WhichOneof("type")
    assert translation.describe(declared) != "of no type"


@pytest.mark.parametrize("most", [0, 1, 3])
def test_the_depth_of_types_is_bounded(most):
    @FEW
    @given(literal_types(max_depth=most))
    def is_bounded(declared):
        assert depth_of(declared) <= most

    is_bounded()


@MORE
@given(st.data(), literal_types())
def test_a_literal_fits_its_type(data, declared):
    literal = data.draw(literals(declared=declared))

    assert fits(literal, declared)
    translation.python_value(literal)


@pytest.mark.parametrize(
    ("declared", "simple"),
    [
        (int, 0),
        (float, 0.0),
        (str, ""),
        (bool, False),
        (dt.datetime, dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)),
        (dt.timedelta, dt.timedelta(0)),
        (type(None), None),
        (dict, {}),
        (list[int], []),
        (dict[str, float], {}),
        (int | None, 0),
        (Color, "red"),
    ],
    ids=str,
)
def test_a_literal_shrinks_to_the_plainest_value(declared, simple):
    assert translation.python_value(simplest(literals(declared=declared))) == simple


def test_without_a_type_a_literal_shrinks_to_zero():
    assert translation.python_value(simplest(literals())) == 0
    assert simplest(literal_types()) == INTEGER


def test_all_kinds_of_types_are_drawn():
    def is_a(kind):
        return lambda declared: declared.WhichOneof("type") == kind

    kinds = [field.name for field in types_pb2.LiteralType.DESCRIPTOR.oneofs[0].fields]

    assert never_drawn(literal_types(), {kind: is_a(kind) for kind in kinds}) == set()


@FEW
@given(literal_maps(declared={"day": str, "n": INTEGER}))
def test_a_map_has_a_literal_of_every_declared_name(drawn):
    values = translation.python_values(drawn)

    assert set(values) == {"day", "n"}
    assert isinstance(values["day"], str)
    assert isinstance(values["n"], int)


@FEW
@given(
    literal_maps(
        declared=interface_pb2.VariableMap(variables={"auc": {"type": {"simple": "FLOAT"}}})
    )
)
def test_a_side_of_an_interface_declares_types(drawn):
    assert isinstance(translation.python_value(drawn.literals["auc"]), float)


@FEW
@given(literal_maps(max_size=2))
def test_a_drawn_map_is_bounded(drawn):
    assert len(drawn.literals) <= 2


def test_a_map_shrinks_to_the_empty_one():
    assert simplest(literal_maps()) == literals_pb2.LiteralMap()


@MORE
@given(literals())
def test_a_literal_equals_itself_after_a_journey(literal):
    assert literals_pb2.Literal.FromString(literal.SerializeToString()) == literal
