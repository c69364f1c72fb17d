"""Schemas and structured datasets as each other's input (§20): formats, then columns.

Columns that are asked for must be there, others may be; a table without columns fits every other.
Ignorant of how the types of two columns of structured datasets compare: that is handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import types_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    DatasetColumn = types_pb2.StructuredDatasetType.DatasetColumn

__all__ = [
    "dataset_fits_dataset",
    "dataset_fits_schema",
    "schema_fits_dataset",
    "schema_fits_schema",
]

_Column = types_pb2.SchemaType.SchemaColumn
_SIMPLE_OF_COLUMN: dict[int, int] = {
    _Column.INTEGER: types_pb2.INTEGER,
    _Column.FLOAT: types_pb2.FLOAT,
    _Column.STRING: types_pb2.STRING,
    _Column.BOOLEAN: types_pb2.BOOLEAN,
    _Column.DATETIME: types_pb2.DATETIME,
    _Column.DURATION: types_pb2.DURATION,
}


def schema_fits_schema(source: types_pb2.SchemaType, target: types_pb2.SchemaType) -> bool:
    """Say whether a schema may be given for another."""
    given = {column.name: column.type for column in source.columns}
    return not given or all(given.get(column.name) == column.type for column in target.columns)


def dataset_fits_schema(
    source: types_pb2.StructuredDatasetType, target: types_pb2.SchemaType
) -> bool:
    """Say whether a structured dataset may be given for a schema, which is parquet always."""
    if not _is_parquet(source.format):
        return False
    given = {column.name: column.literal_type for column in source.columns}
    return not given or all(
        column.name in given and _same(column.type, given[column.name]) for column in target.columns
    )


def schema_fits_dataset(
    source: types_pb2.SchemaType, target: types_pb2.StructuredDatasetType
) -> bool:
    """Say whether a schema may be given for a structured dataset."""
    if not _is_parquet(target.format):
        return False
    given = {column.name: column.type for column in source.columns}
    return not given or all(
        column.name in given and _same(given[column.name], column.literal_type)
        for column in target.columns
    )


def dataset_fits_dataset(
    source: types_pb2.StructuredDatasetType,
    target: types_pb2.StructuredDatasetType,
    column_fits: Callable[[DatasetColumn, DatasetColumn], bool],
) -> bool:
    """Say whether a structured dataset may be given for another."""
    formats = {source.format.casefold(), target.format.casefold()} - {""}
    if len(formats) > 1:
        return False
    given = {column.name: column for column in source.columns}
    return not given or all(
        column.name in given and column_fits(given[column.name], column)
        for column in target.columns
    )


def _is_parquet(format_: str) -> bool:
    return format_.casefold() in ("", "parquet")


def _same(column_type: int, declared: types_pb2.LiteralType) -> bool:
    return declared.HasField("simple") and declared.simple == _SIMPLE_OF_COLUMN.get(column_type)
