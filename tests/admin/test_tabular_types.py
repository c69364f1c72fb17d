from __future__ import annotations

import pytest
from flyteidl.core import types_pb2
from google.protobuf import json_format

from flyte_testkit.admin.rules import tabular_types

KINDS = ["INTEGER", "FLOAT", "STRING", "BOOLEAN", "DATETIME", "DURATION"]


def schema(**columns: str) -> types_pb2.SchemaType:
    described = [{"name": name, "type": kind} for name, kind in columns.items()]
    return json_format.ParseDict({"columns": described}, types_pb2.SchemaType())


def dataset(format_: str = "", **columns: str) -> types_pb2.StructuredDatasetType:
    described = [{"name": name, "literal_type": {"simple": kind}} for name, kind in columns.items()]
    return json_format.ParseDict(
        {"format": format_, "columns": described}, types_pb2.StructuredDatasetType()
    )


def equal(given, wanted):
    return given == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_both_kinds_of_table_name_the_same_types(kind):
    for other in KINDS:
        same = kind == other
        assert tabular_types.dataset_fits_schema(dataset(a=kind), schema(a=other)) is same
        assert tabular_types.schema_fits_dataset(schema(a=kind), dataset(a=other)) is same
        assert tabular_types.schema_fits_schema(schema(a=kind), schema(a=other)) is same


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        ({}, {"a": "INTEGER"}, True),
        ({"a": "INTEGER"}, {}, True),
        ({"a": "INTEGER", "b": "STRING"}, {"a": "INTEGER"}, True),
        ({"a": "INTEGER"}, {"a": "INTEGER", "b": "STRING"}, False),
        ({"b": "INTEGER"}, {"a": "INTEGER"}, False),
    ],
)
def test_what_is_asked_for_must_be_there(source, target, fits):
    assert tabular_types.schema_fits_schema(schema(**source), schema(**target)) is fits
    assert tabular_types.schema_fits_dataset(schema(**source), dataset(**target)) is fits
    assert tabular_types.dataset_fits_schema(dataset(**source), schema(**target)) is fits
    assert tabular_types.dataset_fits_dataset(dataset(**source), dataset(**target), equal) is fits


@pytest.mark.parametrize(
    ("format_", "fits"), [("", True), ("parquet", True), ("PARQUET", True), ("csv", False)]
)
def test_a_schema_is_parquet(format_, fits):
    assert tabular_types.dataset_fits_schema(dataset(format_), schema()) is fits
    assert tabular_types.schema_fits_dataset(schema(), dataset(format_)) is fits


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        ("csv", "csv", True),
        ("csv", "CSV", True),
        ("", "csv", True),
        ("csv", "", True),
        ("csv", "parquet", False),
    ],
)
def test_formats_of_datasets_agree_or_one_is_open(source, target, fits):
    assert tabular_types.dataset_fits_dataset(dataset(source), dataset(target), equal) is fits


def test_a_column_of_no_simple_type_fits_no_column_of_a_schema():
    lists = types_pb2.StructuredDatasetType()
    lists.columns.add(name="a").literal_type.collection_type.simple = types_pb2.INTEGER
    assert not tabular_types.dataset_fits_schema(lists, schema(a="INTEGER"))
