"""The type that FlyteAdmin reads off a literal (§20), which is not always the declared one.

FlyteAdmin is written in Go, where a type inside another can be a nil pointer: that of an element
without content, or of a blob whose metadata has no type. Here such a place holds a type marked
:data:`NIL`, so that whoever compares or prints types can tell it from an empty one. Ignorant of
Python's side: neither values nor annotations come here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import literals_pb2, types_pb2
from google.protobuf import text_format

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NIL", "is_nil", "nil_type", "type_of_literal", "without_nils"]

NIL = "\0nil"
"""The mark, in the place of a structure's tag, of what Go holds as nil."""

_PRIMITIVES = {
    "integer": types_pb2.INTEGER,
    "float_value": types_pb2.FLOAT,
    "string_value": types_pb2.STRING,
    "boolean": types_pb2.BOOLEAN,
    "datetime": types_pb2.DATETIME,
    "duration": types_pb2.DURATION,
    None: types_pb2.NONE,
}
_SIMPLE_SCALARS = {
    "none_type": types_pb2.NONE,
    "error": types_pb2.ERROR,
    "generic": types_pb2.STRUCT,
}


def is_nil(declared: types_pb2.LiteralType) -> bool:
    """Say whether a type, or the one thing in it, is nil on FlyteAdmin's side."""
    return declared.structure.tag == NIL


def without_nils(declared: types_pb2.LiteralType) -> types_pb2.LiteralType:
    """Return the type as it prints: what is nil looks like what is empty."""
    if NIL.encode() not in declared.SerializeToString():
        return declared
    plain = types_pb2.LiteralType()
    plain.CopyFrom(declared)
    if is_nil(plain):
        plain.ClearField("structure")
    if plain.HasField("collection_type"):
        plain.collection_type.CopyFrom(without_nils(declared.collection_type))
    elif plain.HasField("map_value_type"):
        plain.map_value_type.CopyFrom(without_nils(declared.map_value_type))
    elif plain.HasField("union_type"):
        plain.union_type.ClearField("variants")
        plain.union_type.variants.extend(map(without_nils, declared.union_type.variants))
    return plain


def type_of_literal(literal: literals_pb2.Literal) -> types_pb2.LiteralType | None:
    """Return the type that FlyteAdmin infers, or None for a literal that has none.

    Example:
        >>> from flyte_testkit.literals import describe, literal
        >>> describe(type_of_literal(literal([1, "a"])))
        'list[int | str]'
    """
    kind = literal.WhichOneof("value")
    if kind == "scalar":
        return _scalar(literal.scalar)
    if kind == "collection":
        return types_pb2.LiteralType(collection_type=_common(literal.collection.literals))
    if kind == "map":
        return types_pb2.LiteralType(map_value_type=_common(literal.map.literals.values()))
    if kind == "offloaded_metadata" and literal.offloaded_metadata.HasField("inferred_type"):
        return literal.offloaded_metadata.inferred_type
    return None


def _scalar(scalar: literals_pb2.Scalar) -> types_pb2.LiteralType | None:
    kind = scalar.WhichOneof("value")
    if kind is None:
        return None
    if kind == "primitive":
        simple = _PRIMITIVES[scalar.primitive.WhichOneof("value")]
        return types_pb2.LiteralType(simple=simple)
    if kind in _SIMPLE_SCALARS:
        return types_pb2.LiteralType(simple=_SIMPLE_SCALARS[kind])
    if kind == "binary":
        msgpack = scalar.binary.tag == "msgpack"
        return types_pb2.LiteralType(simple=types_pb2.STRUCT if msgpack else types_pb2.BINARY)
    if kind == "union":
        variant = scalar.union.type if scalar.union.HasField("type") else nil_type()
        return types_pb2.LiteralType(union_type=types_pb2.UnionType(variants=[variant]))
    return _typed_scalar(kind, scalar)


def _typed_scalar(kind: str, scalar: literals_pb2.Scalar) -> types_pb2.LiteralType | None:
    """Read the type that a blob, a schema or a structured dataset carries inside."""
    if kind == "schema":
        if scalar.schema.HasField("type"):
            return types_pb2.LiteralType(schema=scalar.schema.type)
        return nil_type(types_pb2.LiteralType(schema=types_pb2.SchemaType()))
    if kind == "structured_dataset":
        metadata = scalar.structured_dataset.metadata
        if metadata.HasField("structured_dataset_type"):
            return types_pb2.LiteralType(structured_dataset_type=metadata.structured_dataset_type)
        nothing = types_pb2.StructuredDatasetType()
        return nil_type(types_pb2.LiteralType(structured_dataset_type=nothing))
    if not scalar.blob.HasField("metadata"):
        return None
    if scalar.blob.metadata.HasField("type"):
        return types_pb2.LiteralType(blob=scalar.blob.metadata.type)
    return nil_type(types_pb2.LiteralType(blob=types_pb2.BlobType()))


def nil_type(declared: types_pb2.LiteralType | None = None) -> types_pb2.LiteralType:
    """Return a type that is nil, or mark that the one thing in it is."""
    marked = declared or types_pb2.LiteralType()
    marked.structure.tag = NIL
    return marked


def _common(literals: Iterable[literals_pb2.Literal]) -> types_pb2.LiteralType:
    """Return the type of the elements: of none, of one kind, or a sorted union.

    Empty lists among others are left out; empty maps and lists of nothing but nones are not.
    """
    distinct: dict[str, types_pb2.LiteralType] = {}
    empty_list: types_pb2.LiteralType | None = None
    for literal in literals:
        inferred = type_of_literal(literal) or nil_type()
        if literal.HasField("collection") and not literal.collection.literals:
            empty_list = inferred
        else:
            distinct.setdefault(_text(inferred), inferred)
    if len(distinct) > 1:
        return _union([distinct[text] for text in sorted(distinct)])
    if distinct:
        return next(iter(distinct.values()))
    return empty_list or types_pb2.LiteralType(simple=types_pb2.NONE)


def _text(inferred: types_pb2.LiteralType) -> str:
    """Return what tells types apart and sorts them: what FlyteAdmin prints, more or less.

    It prints what a type is before its metadata, and nil unlike nothing.
    """
    if is_nil(inferred) and inferred.WhichOneof("type") is None:
        return "<nil>"
    bare, rest = without_nils(inferred), types_pb2.LiteralType()
    rest.CopyFrom(bare)
    rest.ClearField(str(bare.WhichOneof("type") or "simple"))
    kind = types_pb2.LiteralType()
    kind.CopyFrom(bare)
    for field in ("metadata", "annotation", "structure"):
        kind.ClearField(field)
    texts = (text_format.MessageToString(part, as_one_line=True) for part in (kind, rest))
    return " ".join(filter(None, texts))


def _union(members: list[types_pb2.LiteralType]) -> types_pb2.LiteralType:
    """Join types; where one is a list of a union, all are poured into one list of a union (sic)."""
    joined = types_pb2.UnionType()
    poured = False
    for member in members:
        if member.collection_type.HasField("union_type"):
            poured = True
            joined.variants.extend(member.collection_type.union_type.variants)
        else:
            joined.variants.append(member)
    union = types_pb2.LiteralType(union_type=joined)
    return types_pb2.LiteralType(collection_type=union) if poured else union
