"""Which types may stand for which (§20): what FlyteAdmin asks of inputs, defaults and signals.

A value is judged by the type that FlyteAdmin infers from it, never element by element. Go's nil
pointers are part of the rules: where the real server would stumble over one, it answers INTERNAL
with an empty message, and so does this. Ignorant of where types come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.core import types_pb2

from flyte_testkit.admin.errors import internal, invalid_argument
from flyte_testkit.admin.go.prototext import prototext
from flyte_testkit.admin.rules import json_schemas, tabular_types
from flyte_testkit.literals.inference import is_nil, nil_type, type_of_literal, without_nils

if TYPE_CHECKING:
    from collections.abc import Callable

    from flyteidl.core import literals_pb2

    DatasetColumn = types_pb2.StructuredDatasetType.DatasetColumn

__all__ = ["castable", "print_type", "type_of"]


def type_of(literal: literals_pb2.Literal, name: str) -> types_pb2.LiteralType:
    """Return the type that FlyteAdmin infers from a literal.

    Raises:
        AdminError: The literal of this name has no type.
    """
    inferred = type_of_literal(literal)
    if inferred is None:
        raise invalid_argument(
            f"Failed to validate literal type for [{name}] with err: "
            "got unknown literal type: [<nil>].\n"
            "Suggested solution: Please update all your Flyte deployment images "
            "to the latest version and try again"
        )
    return inferred


def print_type(declared: types_pb2.LiteralType | None) -> str:
    """Return a type as messages print it."""
    return prototext(without_nils(declared)) if declared is not None else "<nil>"


def castable(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    """Say whether what is of the source's type may be given where the target's type is declared.

    Raises:
        AdminError: INTERNAL, where the real server panics.

    Example:
        >>> from flyte_testkit.literals import literal_type
        >>> castable(literal_type(int), literal_type(float))
        False
        >>> castable(literal_type(str), literal_type(str | None))
        True
    """
    variants = source.union_type.variants
    if len(variants) == 1 and _casts(variants[0], target):  # opened once, and only here
        return True
    return _casts(source, target)


def _casts(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    checker = _CHECKERS.get(str(target.WhichOneof("type")))
    if checker is not None:
        return checker(source, target)
    return _is_none(source) if _is_none(target) else _trivial(source, target)


def _is_none(declared: types_pb2.LiteralType) -> bool:
    return declared.HasField("simple") and declared.simple == types_pb2.NONE


def _is_absent(declared: types_pb2.LiteralType) -> bool:
    return is_nil(declared) and declared.WhichOneof("type") is None


def _has(source: types_pb2.LiteralType, kind: str) -> bool:
    return source.WhichOneof("type") == kind and not is_nil(source)


def _trivial(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    """Compare what has nothing inside: simple types, enums and types without content."""
    if source.HasField("enum_type") and target.simple == types_pb2.STRING:
        return True
    if target.HasField("enum_type") and source.simple == types_pb2.STRING:
        return True
    tag = "" if _is_absent(source) else source.structure.tag
    if tag and tag != target.structure.tag:
        return False
    if _is_absent(source) or _is_absent(target):
        raise internal("")
    if source.simple == target.simple == types_pb2.STRUCT:
        if not source.HasField("metadata") or not target.HasField("metadata"):
            return True
        return json_schemas.fits(source.metadata, target.metadata)
    return _content(source) == _content(target)


def _content(declared: types_pb2.LiteralType) -> tuple[str | None, Any]:
    kind = declared.WhichOneof("type")
    return kind, getattr(declared, kind) if kind else None


def _collection(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    return source.HasField("collection_type") and _elements(
        source.collection_type, target.collection_type
    )


def _map(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    return source.HasField("map_value_type") and _elements(
        source.map_value_type, target.map_value_type
    )


def _elements(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    return _is_none(source) or (not is_nil(source) and _casts(source, target))


def _blob(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    if not _has(source, "blob"):
        return False
    given, wanted = source.blob.format, target.blob.format
    return not given or not wanted or given == wanted


def _schema(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    if _has(source, "schema"):
        return tabular_types.schema_fits_schema(source.schema, target.schema)
    if _has(source, "structured_dataset_type"):
        return tabular_types.dataset_fits_schema(source.structured_dataset_type, target.schema)
    return False


def _dataset(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    wanted = target.structured_dataset_type
    if _is_none(source):
        return True
    if _has(source, "schema"):
        return tabular_types.schema_fits_dataset(source.schema, wanted)
    if _has(source, "structured_dataset_type"):
        given = source.structured_dataset_type
        return tabular_types.dataset_fits_dataset(given, wanted, _column_fits)
    return False


def _column_fits(given: DatasetColumn, wanted: DatasetColumn) -> bool:
    return _casts(
        given.literal_type if given.HasField("literal_type") else nil_type(),
        wanted.literal_type if wanted.HasField("literal_type") else nil_type(),
    )


def _union(source: types_pb2.LiteralType, target: types_pb2.LiteralType) -> bool:
    variants = target.union_type.variants
    if source.HasField("union_type"):
        return all(
            any(castable(given, wanted) for wanted in variants)
            for given in source.union_type.variants
        )
    fitting = (wanted for wanted in variants if castable(source, wanted))
    return next(fitting, None) is not None and next(fitting, None) is None


_CHECKERS: dict[str, Callable[[types_pb2.LiteralType, types_pb2.LiteralType], bool]] = {
    "collection_type": _collection,
    "map_value_type": _map,
    "blob": _blob,
    "schema": _schema,
    "structured_dataset_type": _dataset,
    "union_type": _union,
}
