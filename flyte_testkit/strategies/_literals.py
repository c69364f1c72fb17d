"""Literal types, and literals that fit them.

A literal here is what flytekit would send for a value of its type: unions carry the type that was
chosen, Structs are JSON or msgpack, blobs say what they hold. Ignorant of who needs them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from flyteidl.core import interface_pb2, literals_pb2, types_pb2
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from flyte_testkit import literals as translation
from flyte_testkit.errors import RegistrationError, suggests_keywords
from flyte_testkit.strategies._arguments import at_least

__all__ = ["literal_maps", "literal_types", "literals"]

_MOST: Final = 3
_TAGS: Final = {
    types_pb2.INTEGER: "int",
    types_pb2.FLOAT: "float",
    types_pb2.STRING: "str",
    types_pb2.BOOLEAN: "bool",
    types_pb2.DATETIME: "datetime",
    types_pb2.DURATION: "timedelta",
    types_pb2.NONE: "none",
    types_pb2.STRUCT: "dict",
    types_pb2.BINARY: "bytes",
}
_UTC: Final = dt.timezone.utc


@suggests_keywords
def literal_types(*, max_depth: int = 2) -> st.SearchStrategy[types_pb2.LiteralType]:
    """Generate types of inputs and outputs: simple ones, enums, blobs, tables, lists, maps, unions.

    Shrinks to an integer, and to fewer levels.

    Args:
        max_depth: How many lists, maps and unions may stand one inside another.

    Raises:
        InvalidArgument: The depth is no depth.

    Example:
        >>> from flyte_testkit.literals import describe
        >>> from hypothesis import find
        >>> describe(find(literal_types(), lambda declared: declared.HasField("map_value_type")))
        'dict[str, int]'
    """
    at_least("literal_types", "max_depth", max_depth, 0)
    return _types(max_depth)


@suggests_keywords
def literals(
    *, declared: object = None, max_depth: int = 2
) -> st.SearchStrategy[literals_pb2.Literal]:
    """Generate literals that fit a type.

    Floats may be infinite but are never NaN, which equals nothing, itself included.

    Shrinks to 0 (or the plainest value of the type), and to empty lists and maps.

    Args:
        declared: The type: a ``LiteralType``, or a Python annotation such as ``list[int]`` (for
            that of None write ``type(None)``). By default a type is drawn for each literal.
        max_depth: How deep a drawn type may nest.

    Raises:
        InvalidArgument: Flyte has no such type.

    Example:
        >>> from flyte_testkit.strategies import as_code
        >>> from hypothesis import find
        >>> print(as_code(find(literals(declared=float), lambda literal: True)))
        flyteidl.core.literals_pb2.Literal(scalar={'primitive': {'float_value': 0.0}})
    """
    at_least("literals", "max_depth", max_depth, 0)
    if declared is None:
        return _of_any_type(max_depth)
    return _of(_declared("literals", declared))


@suggests_keywords
def literal_maps(
    *, declared: object = None, max_size: int = 3, max_depth: int = 2
) -> st.SearchStrategy[literals_pb2.LiteralMap]:
    """Generate inputs or outputs: maps of literals, each of which fits its type.

    Shrinks to the empty map, or to the plainest value of each type that is declared.

    Args:
        declared: The types by name: a mapping to ``LiteralType`` or Python annotations, or one
            side of an interface (``VariableMap``). Then each name has a literal. By default names
            and types are drawn.
        max_size: The most names to draw.
        max_depth: How deep a drawn type may nest.

    Raises:
        InvalidArgument: Flyte has no such type, or a bound is no bound.

    Example:
        >>> from flyte_testkit.literals import python_values
        >>> from hypothesis import find
        >>> drawn = find(literal_maps(declared={"day": str, "n": int}), lambda drawn: True)
        >>> sorted(python_values(drawn).items())
        [('day', ''), ('n', 0)]
    """
    at_least("literal_maps", "max_size", max_size, 0)
    at_least("literal_maps", "max_depth", max_depth, 0)
    if declared is None:
        return _map_of(st.dictionaries(_NAMES, _of_any_type(max_depth), max_size=max_size))
    if isinstance(declared, interface_pb2.VariableMap):
        declared = {name: variable.type for name, variable in declared.variables.items()}
    if not isinstance(declared, Mapping):
        raise InvalidArgument(
            f"literal_maps(declared={declared!r}): types have names. Write"
            " literal_maps(declared={'day': str}), or pass the VariableMap of an interface."
        )
    fitting = {
        name: _of(_declared("literal_maps", kind)) for name, kind in sorted(declared.items())
    }
    return _map_of(st.fixed_dictionaries(fitting))


def _declared(call: str, declared: object) -> types_pb2.LiteralType:
    try:
        return translation.literal_type(declared)
    except RegistrationError as error:
        raise InvalidArgument(f"{call}(declared={declared!r}): {error}") from error


@st.composite
def _types(draw: st.DrawFn, depth: int) -> types_pb2.LiteralType:
    kind = draw(_NESTED if depth > 0 else _FLAT)
    if kind in _SIMPLE:
        return types_pb2.LiteralType(simple=kind)
    declared = types_pb2.LiteralType()
    if kind == "collection":
        declared.collection_type.CopyFrom(draw(_types(depth - 1)))
    elif kind == "map":
        declared.map_value_type.CopyFrom(draw(_types(depth - 1)))
    elif kind == "union":
        _fill_union(draw, declared, depth)
    elif kind == "enum":
        declared.enum_type.values.extend(draw(_ENUM_VALUES))
    elif kind == "blob":
        declared.blob.format = draw(_FORMATS)
        declared.blob.dimensionality = draw(_DIMENSIONS)
    elif kind == "schema":
        declared.schema.SetInParent()
        for name in draw(_COLUMNS):
            number = types_pb2.SchemaType.SchemaColumn.INTEGER
            declared.schema.columns.add(name=name, type=number)
    else:
        declared.structured_dataset_type.format = draw(_FORMATS)
        for name in draw(_COLUMNS):
            declared.structured_dataset_type.columns.add(
                name=name
            ).literal_type.simple = types_pb2.INTEGER
    return declared


def _fill_union(draw: st.DrawFn, declared: types_pb2.LiteralType, depth: int) -> None:
    """Draw two or three variants of which no two are of one kind, as flytekit tells them apart."""
    seen: set[Any] = set()
    declared.union_type.SetInParent()
    for variant in draw(st.lists(_types(depth - 1), min_size=2, max_size=_MOST)):
        kind = variant.WhichOneof("type")
        key = variant.simple if kind == "simple" else kind
        if key in seen or kind == "union_type":
            continue
        seen.add(key)
        added = declared.union_type.variants.add()
        added.CopyFrom(variant)
        tag = _TAGS.get(variant.simple, "") if kind == "simple" else _NESTED_TAGS.get(kind, "")
        if tag:
            added.structure.tag = tag
    if not declared.union_type.variants:
        added = declared.union_type.variants.add(simple=types_pb2.NONE)
        added.structure.tag = _TAGS[types_pb2.NONE]


@st.composite
def _of_any_type(draw: st.DrawFn, max_depth: int) -> literals_pb2.Literal:
    declared = draw(_types(max_depth))
    literal: literals_pb2.Literal = draw(_of(declared))
    return literal


@st.composite
def _map_of(
    draw: st.DrawFn, named: st.SearchStrategy[dict[str, literals_pb2.Literal]]
) -> literals_pb2.LiteralMap:
    return literals_pb2.LiteralMap(literals=draw(named))


@st.composite
def _of(draw: st.DrawFn, declared: types_pb2.LiteralType) -> literals_pb2.Literal:
    kind = declared.WhichOneof("type")
    made = literals_pb2.Literal()
    if kind == "collection_type":
        elements = draw(st.lists(_of(declared.collection_type), max_size=_MOST))
        made.collection.SetInParent()
        made.collection.literals.extend(elements)
    elif kind == "map_value_type":
        named = st.dictionaries(_KEYS, _of(declared.map_value_type), max_size=_MOST)
        made.map.CopyFrom(draw(_map_of(named)))
    elif kind == "union_type":
        variant = draw(st.sampled_from(list(declared.union_type.variants)))
        made.scalar.union.type.CopyFrom(variant)
        made.scalar.union.value.CopyFrom(draw(_of(variant)))
    elif kind == "enum_type":
        value = draw(st.sampled_from(list(declared.enum_type.values)))
        made.scalar.primitive.string_value = value
    elif kind == "simple" and declared.simple == types_pb2.ERROR:
        made.scalar.error.failed_node_id = "n0"
        made.scalar.error.message = draw(_TEXTS)
    else:
        value = draw(_VALUES[declared.simple] if kind == "simple" else _URIS)
        made.CopyFrom(translation.literal(value, declared))
    return made


_SIMPLE: Final = (
    types_pb2.INTEGER,
    types_pb2.FLOAT,
    types_pb2.STRING,
    types_pb2.BOOLEAN,
    types_pb2.DATETIME,
    types_pb2.DURATION,
    types_pb2.NONE,
    types_pb2.STRUCT,
    types_pb2.BINARY,
)
_FLAT_KINDS: Final = (*_SIMPLE, "enum", "blob", "schema", "dataset")
_FLAT: Final = st.sampled_from(_FLAT_KINDS)
_NESTED: Final = st.one_of(
    st.sampled_from(_FLAT_KINDS), st.sampled_from(("collection", "map", "union"))
)
_NESTED_TAGS: Final = {
    "collection_type": "Typed List",
    "map_value_type": "Typed Dict",
    "enum_type": "DefaultEnumTransformer",
}
_TEXTS: Final = st.text(max_size=20)
_KEYS: Final = st.text(max_size=6)
_NAMES: Final = st.one_of(
    st.sampled_from(("a", "b", "o0", "day")), st.from_regex(r"[a-z_][a-z0-9_]{0,9}", fullmatch=True)
)
_ENUM_VALUES: Final = st.lists(
    st.text("abcRED_", min_size=1, max_size=6), min_size=1, max_size=_MOST, unique=True
)
_FORMATS: Final = st.sampled_from(("", "parquet", "csv"))
_DIMENSIONS: Final = st.sampled_from((types_pb2.BlobType.SINGLE, types_pb2.BlobType.MULTIPART))
_COLUMNS: Final = st.lists(st.sampled_from("abc"), max_size=2, unique=True)
_URIS: Final = st.sampled_from(("s3://my-s3-bucket/data/x", "/tmp/x", "", "gs://b/ü x.csv"))  # noqa: S108  nothing is written there
_JSON: Final = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**31), 2**31),
        st.floats(allow_nan=False, allow_infinity=False),
        _KEYS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(_KEYS, inner, max_size=2)),
    max_leaves=4,
)
_VALUES: Final[dict[int, st.SearchStrategy[Any]]] = {
    types_pb2.INTEGER: st.integers(-(2**63), 2**63 - 1),
    types_pb2.FLOAT: st.floats(allow_nan=False),
    types_pb2.STRING: _TEXTS,
    types_pb2.BOOLEAN: st.booleans(),
    types_pb2.DATETIME: st.datetimes(timezones=st.just(_UTC)),
    types_pb2.DURATION: st.timedeltas(
        min_value=dt.timedelta(days=-3_650_000), max_value=dt.timedelta(days=3_650_000)
    ),
    types_pb2.NONE: st.booleans().map(lambda _: None),  # as many choices as other values take
    types_pb2.STRUCT: st.dictionaries(_KEYS, _JSON, max_size=_MOST),
    types_pb2.BINARY: st.binary(max_size=20),
}
