"""Types, interfaces and literals as Flyte stores them; ``LiteralsResolver`` reads them.

Ignorant of what lies at a URI: nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  fields are annotations, read as text
from datetime import datetime, timedelta  # noqa: TC003  likewise
from typing import Any, ClassVar

from flyteidl.admin import execution_pb2
from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from flyte_testkit.client._model import Model, wrap

__all__ = [
    "Blob",
    "Literal",
    "LiteralCollection",
    "LiteralMap",
    "LiteralMapBlob",
    "LiteralType",
    "Primitive",
    "Scalar",
    "Schema",
    "StructuredDataset",
    "TypedInterface",
    "Union",
    "Variable",
]


class LiteralType(Model[types_pb2.LiteralType]):
    """A Flyte type. ``simple`` and its kin are ``None`` unless the type is of that kind."""

    simple: int | None
    collection_type: LiteralType | None
    map_value_type: LiteralType | None
    blob: types_pb2.BlobType | None
    schema: types_pb2.SchemaType | None
    structured_dataset_type: types_pb2.StructuredDatasetType | None
    enum_type: types_pb2.EnumType | None
    union_type: types_pb2.UnionType | None
    metadata: dict[str, Any] | None
    structure: types_pb2.TypeStructure | None
    annotation: types_pb2.TypeAnnotation | None


class Variable(Model[interface_pb2.Variable]):
    """One input or output: its type and what is said about it."""

    type: LiteralType
    description: str


class _VariableMap(Model[interface_pb2.VariableMap]):
    variables: Mapping[str, Variable]


class TypedInterface(Model[interface_pb2.TypedInterface]):
    """What goes in and what comes out."""

    @property
    def inputs(self) -> Mapping[str, Variable]:
        """The inputs by name."""
        return wrap(self._pb.inputs).variables  # type: ignore[no-any-return]  # a _VariableMap

    @property
    def outputs(self) -> Mapping[str, Variable]:
        """The outputs by name."""
        return wrap(self._pb.outputs).variables  # type: ignore[no-any-return]  # likewise


class Primitive(Model[literals_pb2.Primitive]):
    """A simple value; all but one of the fields are ``None``."""

    integer: int | None
    float_value: float | None
    string_value: str | None
    boolean: bool | None
    datetime: datetime | None
    duration: timedelta | None


class Blob(Model[literals_pb2.Blob]):
    """A reference to a file or directory. Nothing is downloaded: ``uri`` says where it lies."""

    metadata: literals_pb2.BlobMetadata
    uri: str


class Schema(Model[literals_pb2.Schema]):
    """A reference to a table in Flyte's old format."""

    uri: str
    type: types_pb2.SchemaType


class StructuredDataset(Model[literals_pb2.StructuredDataset]):
    """A reference to a table."""

    uri: str
    metadata: literals_pb2.StructuredDatasetMetadata | None


class Union(Model[literals_pb2.Union]):
    """A value of a union type, with the type it was stored as."""

    _renamed: ClassVar[Mapping[str, str]] = {"stored_type": "type"}
    value: Literal
    stored_type: LiteralType


class Scalar(Model[literals_pb2.Scalar]):
    """A value that is no collection; all but one of the fields are ``None``."""

    primitive: Primitive | None
    blob: Blob | None
    binary: literals_pb2.Binary | None
    schema: Schema | None
    union: Union | None
    none_type: literals_pb2.Void | None
    error: types_pb2.Error | None
    generic: dict[str, Any] | None
    structured_dataset: StructuredDataset | None


class LiteralCollection(Model[literals_pb2.LiteralCollection]):
    """A list of literals."""

    literals: tuple[Literal, ...]


class LiteralMap(Model[literals_pb2.LiteralMap]):
    """Literals by name."""

    literals: Mapping[str, Literal]


class Literal(Model[literals_pb2.Literal]):
    """A value as Flyte stores it; see ``LiteralsResolver`` for the Python value."""

    scalar: Scalar | None
    collection: LiteralCollection | None
    map: LiteralMap | None
    hash: str
    metadata: Mapping[str, str]
    offloaded_metadata: literals_pb2.LiteralOffloadedMetadata | None


class LiteralMapBlob(Model[execution_pb2.LiteralMapBlob]):
    """Where outputs lie: a URI, or (deprecated) the values themselves."""

    values: LiteralMap | None
    uri: str | None
